"""Measurements of single chapters: the authors' protocol, image quality, order, and walks between two points."""

import numpy as np
import torch
from scipy import stats
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from lt import losses
from lt.bridge import Bridge
from lt.latents import CHUNK, Domain, Latents
from lt.metrics import agreement
from lt.networks import sample


@torch.no_grad()
def paper_protocol_accuracy(
    bridge: Bridge, source: Domain, target: Domain, latents: Latents, generator: torch.Generator, per_class: int = 100
) -> float:
    """The authors' own measurement: class-balanced *training* latents, z and z' sampled, compared in the data domains."""
    picks = []
    for label in latents.y.unique():
        members = (latents.y == label).nonzero().flatten()
        picks.append(members[torch.randperm(len(members), generator=generator, device=members.device)[:per_class]])
    z = latents.sample(generator, torch.cat(picks))
    after = target.items(bridge.transfer(z, source.name, target.name, generator))
    return agreement(source.classify(source.items(z)), target.classify(after))


@torch.no_grad()
def elbo(domain: Domain, x: Tensor, sigma: float, generator: torch.Generator) -> float:
    """Evidence lower bound of a VAE in nats an item, up to its constant, on items x (n, pixels), by one sample each; ``sigma`` is that of the decoder."""
    centre, std = domain.posterior(x)
    made = domain.items(sample(centre, std, generator))
    return -(losses.gaussian_nll(x.to(domain.device), made, sigma) + losses.gaussian_kl(centre, std)).mean().item()


def trustworthiness_by_chance(n: int, k: int = 10) -> float:
    """What :func:`lt.metrics.trustworthiness` is on average when the k neighbours of each of n items are drawn at random: half, for n far above k."""
    return 1 - (n - 1 - k) * (n - k) / ((n - 1) * (2 * n - 3 * k - 1))


def circular_rank_correlation(a: Tensor, b: Tensor) -> float:
    """Whether order around a closed curve is kept: 1 if two attributes a, b (n,) on a circle run in the same or in opposite order.

    The larger mean resultant length of sums and differences of circular ranks (Mardia 1975); a shift does not change it, and
    independent attributes give about 1 / sqrt(n).
    """
    alpha, beta = (2 * np.pi * stats.rankdata(v.cpu().numpy()) / len(v) for v in (a, b))
    return float(max(abs(np.exp(1j * (alpha + sign * beta)).mean()) for sign in (-1, 1)))


def neighbours_kept(a: Tensor, b: Tensor, k: int = 10) -> float:
    """Mean share of each point's ``k`` nearest neighbours in a (n, d) that are still among its ``k`` nearest in b (n, e)."""
    near = [NearestNeighbors(n_neighbors=k).fit(p.cpu().numpy()).kneighbors(return_distance=False) for p in (a, b)]
    return float(np.mean([len(set(p) & set(q)) / k for p, q in zip(*near, strict=True)]))


class _Features(nn.Module):
    """A judge's last activations, in the form that torchmetrics asks for."""

    def __init__(self, judge: nn.Module, example: Tensor):
        super().__init__()
        self.judge = judge
        self.num_features = judge.features(example).shape[-1]

    def forward(self, x: Tensor) -> Tensor:
        return self.judge.features(x)


@torch.no_grad()
def fid(judge: nn.Module, real: Tensor, made: Tensor) -> float:
    """Fréchet distance of the judge's features of real and made items, (n, ...) and (m, ...) (Heusel et al. 2017; torchmetrics).

    It grows with the square of the features' scale: values are comparable for one judge and one number of items alone.
    """
    metric = FrechetInceptionDistance(_Features(judge, real[:2])).to(real.device)
    for x, is_real in ((real, True), (made, False)):
        for part in x.split(CHUNK):
            metric.update(part, real=is_real)
    return metric.compute().item()


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points on the great circle from a to b, both (d,), at t (steps,) in [0, 1]: (steps, d) (White 2016; Figures 6 and 7).

    The angle goes evenly from one end to the other, and so does the length. Ends in one direction, or at zero, leave no
    circle: the path is straight. Opposite ends leave many: it goes by the coordinate axis that is farthest from both.
    """
    t = t.to(a)[:, None]
    length_a, length_b = a.norm(), b.norm()
    straight = (1 - t) * a + t * b
    if length_a == 0 or length_b == 0:
        return straight
    u, v = a / length_a, b / length_b
    cosine = u @ v
    across = v - cosine * u
    sine = across.norm()
    if sine < 1e-6:
        if cosine > 0:
            return straight
        axis = torch.zeros_like(u)
        axis[u.abs().argmin()] = 1
        across = axis - (axis @ u) * u
    angle = t * torch.atan2(sine, cosine)
    return ((1 - t) * length_a + t * length_b) * (angle.cos() * u + angle.sin() * across / across.norm())


def step_sizes(x: Tensor) -> Tensor:
    """Euclidean length of each step along paths of items x (paths, points, ...), to (paths, points - 1)."""
    return (x[:, 1:] - x[:, :-1]).flatten(2).norm(dim=-1)


def largest_step(x: Tensor) -> Tensor:
    """Largest step over mean step of each path x (paths, points, ...), to (paths,): 1 for even steps, points - 1 for a single jump."""
    size = step_sizes(x)
    return size.amax(-1) / size.mean(-1).clamp(min=1e-12)


@torch.no_grad()
def walks(start: Tensor, end: Tensor, points: int) -> Tensor:
    """Great-circle paths between latents start and end, (paths, latent) each: (paths, points, latent)."""
    t = torch.linspace(0, 1, points, device=start.device)
    return torch.stack([slerp(a, b, t) for a, b in zip(start, end, strict=True)])


def smoothness(x: Tensor, length: float) -> dict[str, float]:
    """How results move along paths x (paths, points, ...): ``path_length``, the mean length in units of ``length``, and the mean
    ``largest_step`` (:func:`largest_step`) of the paths that move, left out if none does.

    Read both numbers: random outputs have even steps, but long paths.
    """
    total = step_sizes(x).sum(-1)
    scores = {"path_length": total.mean().item() / length}
    moving = total > 1e-6 * length
    if moving.any():
        scores["largest_step"] = largest_step(x)[moving].mean().item()
    return scores
