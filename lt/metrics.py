"""How well a transfer keeps class and neighbourhood, with confidence intervals."""

import numpy as np
import torch
from scipy import stats
from sklearn import manifold
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from lt import LtError
from lt.domains import CHUNK, Domain, Latents, slerp
from lt.models import BridgingVAE


def agreement(a: Tensor, b: Tensor) -> float:
    """Share of positions where two (n,) label tensors are equal."""
    return (a == b).double().mean().item()


def reconstruction_accuracy(domain: Domain, x: Tensor) -> float:
    """Share of items (n, pixels) whose predicted class survives the base model's encoder and decoder (Table 2, first row)."""
    mean, _ = domain.encode(x)
    return agreement(domain.classify(x), domain.classify(domain.decode(mean)))


@torch.no_grad()
def transfer_accuracy(
    bridge: BridgingVAE,
    source: tuple[Domain, int],
    target: tuple[Domain, int],
    x: Tensor,
    latents: Latents,
    generator: torch.Generator,
) -> dict[str, float]:
    """Accuracies of one direction on n items x of the source's data and their latents (section 5.2).

    ``source`` and ``target`` are a domain and its index in the bridge. ``transfer_accuracy`` is the share of items whose
    class, as the source's judge sees the input, equals the class of the result, as the target's judge sees it; posterior
    means throughout. ``_true_label`` compares with the latents' labels instead, ``_sampled`` draws z and z' from their posteriors.
    """
    (source_domain, i), (target_domain, j) = source, target
    before = source_domain.classify(x)
    after = target_domain.classify(target_domain.decode(bridge.transfer(latents.mean, i, j)))
    sampled = target_domain.classify(target_domain.decode(bridge.transfer(latents.sample(generator), i, j, generator)))
    return {
        "transfer_accuracy": agreement(before, after),
        "transfer_accuracy_true_label": agreement(latents.y, after),
        "transfer_accuracy_sampled": agreement(before, sampled),
    }


@torch.no_grad()
def paper_protocol_accuracy(
    bridge: BridgingVAE,
    source: tuple[Domain, int],
    target: tuple[Domain, int],
    latents: Latents,
    generator: torch.Generator,
    per_class: int = 100,
) -> float:
    """The authors' own measurement: class-balanced *training* latents, z and z' sampled, compared in the data domains."""
    (source_domain, i), (target_domain, j) = source, target
    picks = []
    for label in latents.y.unique():
        members = (latents.y == label).nonzero().flatten()
        picks.append(members[torch.randperm(len(members), generator=generator, device=members.device)[:per_class]])
    pick = torch.cat(picks)
    z = latents.mean[pick] + latents.std[pick] * torch.randn(len(pick), latents.mean.shape[1], generator=generator, device=pick.device)
    before = source_domain.classify(source_domain.decode(z))
    return agreement(before, target_domain.classify(target_domain.decode(bridge.transfer(z, i, j, generator))))


def interval(values: list[float], n: int | None = None, confidence: float = 0.95) -> tuple[float, float | None, float | None]:
    """Mean and confidence interval of a measurement repeated with one or more seeds.

    Two seeds or more: Student's t over seeds. One seed: Wilson's interval if the value is a share of ``n`` items, else none.
    The interval of a share is cut to [0, 1].
    """
    mean = float(np.mean(values))
    if len(values) > 1:
        half = stats.sem(values) * stats.t.ppf(0.5 + confidence / 2, len(values) - 1)
        low, high = mean - half, mean + half
        return mean, float(max(0.0, low) if n else low), float(min(1.0, high) if n else high)
    if n is None:
        return mean, None, None
    low, high = stats.binomtest(round(mean * n), n).proportion_ci(confidence, method="wilson")
    return mean, float(low), float(high)


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


def step_sizes(x: Tensor) -> Tensor:
    """Euclidean length of each step along paths of items x (paths, points, ...), to (paths, points - 1)."""
    return (x[:, 1:] - x[:, :-1]).flatten(2).norm(dim=-1)


def largest_step(x: Tensor) -> Tensor:
    """Largest step over mean step of each path x (paths, points, ...), to (paths,): 1 for even steps, points - 1 for a single jump."""
    size = step_sizes(x)
    return size.amax(-1) / size.mean(-1).clamp(min=1e-12)


# ------------------------------------------------------------------------------------------------ quality and locality


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


def diversity(x: Tensor, y: Tensor) -> float:
    """Mean Euclidean distance of two different items of one class, averaged over classes: x (n, ...), y (n,). 0 for prototypes."""
    return float(np.mean([torch.pdist(x[y == label].flatten(1).double()).mean().item() for label in y.unique()]))


def trustworthiness(a: Tensor, b: Tensor, y: Tensor, generator: torch.Generator, k: int = 10) -> float:
    """Whether neighbours in the result b (n, ...) were neighbours in the source a (n, ...), within a class y (n,), averaged over classes.

    1: the k nearest in b are among the k nearest in a; about one half by chance, see :func:`trustworthiness_by_chance` (Venna & Kaski
    2001; scikit-learn). Equal distances, as among copies of one prototype, are put in an order drawn from ``generator``.
    """
    scale = b.std().clamp(min=1e-6).double()
    b = b.flatten(1).double() + 1e-6 * scale * torch.randn(b.flatten(1).shape, generator=generator, device=b.device).double()
    values = []
    for label in y.unique():
        of_class = y == label
        n = int(of_class.sum())
        if n <= 2 * k:
            raise LtError(
                f"class {int(label)} has {n} items, the trustworthiness of {k} neighbours needs more than {2 * k}: give more, or lower k"
            )
        values.append(manifold.trustworthiness(a[of_class].flatten(1).cpu().numpy(), b[of_class].cpu().numpy(), n_neighbors=k))
    return float(np.mean(values))


def trustworthiness_by_chance(n: int, k: int = 10) -> float:
    """What :func:`trustworthiness` is on average when the k neighbours of each of n items are drawn at random: half, for n far above k."""
    return 1 - (n - 1 - k) * (n - k) / ((n - 1) * (2 * n - 3 * k - 1))


@torch.no_grad()
def walks(start: Tensor, end: Tensor, points: int) -> Tensor:
    """Great-circle paths between latents start and end, (paths, latent) each: (paths, points, latent)."""
    t = torch.linspace(0, 1, points, device=start.device)
    return torch.stack([slerp(a, b, t) for a, b in zip(start, end, strict=True)])


def smoothness(x: Tensor, length: float) -> dict[str, float]:
    """How results move along paths x (paths, points, ...): ``path_length``, the mean length in units of ``length``, and the mean
    ``largest_step`` (:func:`largest_step`) of the paths that move, left out if none does.

    Only both together tell a smooth walk: a random item at every point takes even steps too, but walks far.
    """
    total = step_sizes(x).sum(-1)
    scores = {"path_length": total.mean().item() / length}
    moving = total > 1e-6 * length
    if moving.any():
        scores["largest_step"] = largest_step(x)[moving].mean().item()
    return scores
