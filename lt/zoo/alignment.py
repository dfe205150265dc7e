"""Maps between two latent spaces of the same kind of data, from true pairs, from anchors, or from nothing but the two clouds of points.

Everything takes posterior means: a (n, d) of the source, b (m, e) of the target. Maps from pairs need the same items on both sides (row i is one item); the
others never look at which row is which. A latent map is a function from source latents (n, d) to target latents (n, e).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import ot
import torch
from scipy.optimize import quadratic_assignment
from sklearn.cluster import KMeans
from torch import Tensor
from torch.nn.functional import normalize

from lt.errors import LtError
from lt.latents import Latents
from lt.zoo.few_labels import matched_clusters
from lt.zoo.maps import LatentMap
from lt.zoo.retrieval import check_pairs

KNOWN = 0.2  # on training images that were no anchors 0.1 to 0.3 were alike, and 0.01 kept a quarter of the classes
Pairs = tuple[Tensor, Tensor]  # points (p, d) of the source and (p, e) of the target that are taken to belong together


def _rotation(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    """The orthogonal map (d, e) that brings centred a (n, d) closest to centred b (n, e), and the sum of the singular values (Schönemann 1966)."""
    u, s, v = torch.linalg.svd(a.T @ b, full_matrices=False)
    return u @ v, float(s.sum())


def procrustes(a: Tensor, b: Tensor) -> LatentMap:
    """Rotation, scale and shift of least squared error on pairs of a (n, d) and b (n, e). One pair can only shift."""
    check_pairs(a, b)
    mean_a, mean_b = a.double().mean(0), b.double().mean(0)
    x, y = a.double() - mean_a, b.double() - mean_b
    rotation, nuclear = _rotation(x, y)
    linear = rotation * (nuclear / float((x**2).sum()) if len(a) > 1 else 1.0)
    return lambda z: ((z.double() - mean_a) @ linear + mean_b).to(z.dtype)


def affine(a: Tensor, b: Tensor, ridge: float = 1e-3) -> LatentMap:
    """The affine map of least squared error on pairs of a (n, d) and b (n, e); ``ridge`` times the mean variance is added to every variance."""
    check_pairs(a, b)
    mean_a, mean_b = a.double().mean(0), b.double().mean(0)
    x, y = a.double() - mean_a, b.double() - mean_b
    covariance = x.T @ x / len(x)
    weight = ridge * covariance.diagonal().mean().clamp(min=1e-12) * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    linear = torch.linalg.solve(covariance + weight, x.T @ y / len(x))
    return lambda z: ((z.double() - mean_a) @ linear + mean_b).to(z.dtype)


def anchors(latents: Latents, index: Tensor) -> Tensor:
    """The posterior means (k, latent) of the items at ``index`` (k,); raises :class:`lt.LtError` for an item that is not there."""
    if not len(index) or int(index.min()) < 0 or int(index.max()) >= len(latents):
        wrong = f"{len(index)} anchors" if not len(index) else f"anchors {int(index.min())} to {int(index.max())}"
        raise LtError(f"{latents.name}: {wrong} of {len(latents)} items: give item numbers from 0 to {len(latents) - 1}, at least one")
    return latents.mean[index]


def relative(z: Tensor, anchored: Tensor, centre: Tensor) -> Tensor:
    """Relative representation (n, k) of z (n, d): its cosine with each of k anchors (k, d), about ``centre`` (d,) (Moschella et al. 2023)."""
    return normalize(z - centre, dim=-1) @ normalize(anchored - centre, dim=-1).T


def relative_map(a: Tensor, b: Tensor, centre_a: Tensor, centre_b: Tensor) -> LatentMap:
    """From z to the point of the target with the same relative representation, by least squares (inverse relative projection, Maiorca et al. 2024).

    a (k, d) and b (k, e) are the anchors, the same items on both sides. Cosines say nothing of lengths: a point keeps its distance from the centre, up to the
    ratio of the anchors' mean distances. Directions in which the anchors hardly differ, with singular values below ``KNOWN`` of the largest, are left out.
    """
    check_pairs(a, b)
    back = torch.linalg.pinv(normalize(b - centre_b, dim=-1).double(), rtol=KNOWN)  # (e, k)
    ratio = float((b - centre_b).norm(dim=-1).mean() / (a - centre_a).norm(dim=-1).mean().clamp(min=1e-12))

    def apply(z: Tensor) -> Tensor:
        direction = normalize(relative(z, a, centre_a).double() @ back.T, dim=-1)
        return (direction * (z - centre_a).norm(dim=-1, keepdim=True) * ratio + centre_b).to(z.dtype)

    return apply


# ---------------------------------------------------------------- without a pair and without a label


def by_kmeans(a: Tensor, b: Tensor, generator: torch.Generator, number: int = 20, runs: int = 30, neighbours: int = 50) -> Pairs:
    """Pairs as mini-vec2vec makes them (Dar 2025, arXiv 2510.02348, algorithm 2).

    In each run both clouds fall into ``number`` clusters (k-means), which are paired so that the cosines between their centres agree best (quadratic
    assignment). The centres of all runs are anchors of a relative representation; each source point is paired with the mean of its nearest target points in it.
    """
    ends, seeds = [], torch.randint(2**31 - 1, (runs, 3), generator=generator, device=generator.device).tolist()
    for of_a, of_b, of_match in seeds:
        centres = []
        for points, seed in ((_unit(a), of_a), (_unit(b), of_b)):
            found = KMeans(number, n_init=1, random_state=seed).fit(points.cpu().numpy()).cluster_centers_
            centres.append(normalize(torch.as_tensor(found, dtype=points.dtype, device=points.device), dim=-1))
        cosines = [(c @ c.T).cpu().numpy() for c in centres]
        ends.append((centres[0], centres[1][_match(*cosines, seed=of_match, times=20)]))
    relative_a, relative_b = (
        torch.cat([(x @ end[side].T) - (x @ end[side].T).mean(1, keepdim=True) for end in ends], 1)
        for side, x in ((0, _unit(a)), (1, _unit(b)))
    )
    near = (normalize(relative_a, dim=-1) @ normalize(relative_b, dim=-1).T).topk(min(neighbours, len(b)), 1).indices
    return a, b[near].mean(1)


def by_clusters(a: Tensor, b: Tensor, number: int = 10) -> Pairs:
    """The centres of matched clusters (:func:`lt.zoo.few_labels.matched_clusters`): as :func:`by_kmeans`, but spectral clusters, which follow the shape of a cloud."""
    nothing = [torch.full((len(x),), -1) for x in (a, b)]
    sides = [Latents(name, x, torch.zeros_like(x), y) for name, x, y in zip("ab", (a, b), nothing, strict=True)]
    if len(a) != len(b):
        sides = [replace(d, **{part: getattr(d, part)[: min(len(a), len(b))] for part in ("mean", "std", "y")}) for d in sides]
    found = matched_clusters(sides, len(sides[0]), number)
    return tuple(torch.stack([d.mean[d.y == label].mean(0) for label in range(number)]) for d in found)  # type: ignore[return-value]


def by_gromov_wasserstein(a: Tensor, b: Tensor, generator: torch.Generator, points: int = 300, epsilon: float = 5e-3) -> Pairs:
    """Random points of a and where Gromov-Wasserstein transport takes them among random points of b (Peyré et al. 2016; POT, proximal steps).

    It compares distances inside each space only. ``epsilon`` smooths the transport; without it the search ends in a poor local optimum.
    """
    some = [x[torch.randperm(len(x), generator=generator, device=x.device)[:points]] for x in (a, b)]
    distances = [torch.cdist(x.double(), x.double()).cpu().numpy() for x in some]
    weights = [np.full(len(x), 1 / len(x)) for x in some]
    distances = [d / d.mean() for d in distances]
    with np.errstate(divide="ignore"):  # a share of exactly nothing has no logarithm, and POT takes it all the same
        plan = ot.gromov.entropic_gromov_wasserstein(*distances, *weights, epsilon=epsilon, solver="PPA", max_iter=100, warn=False)
    share = torch.as_tensor(plan / plan.sum(1, keepdims=True), dtype=some[1].dtype, device=some[1].device)
    return some[0], share @ some[1]


@dataclass(frozen=True)
class Refinement:
    """How first guesses of a map are made better without labels and without pairs."""

    trial: int = 5  # rounds of Procrustes that every guess gets before one is chosen
    rotations: int = 10  # rounds of Procrustes on pairs of neighbours that the chosen one gets
    affine: int = 20  # rounds of an affine map after them; 0: a rotation is what comes out
    neighbours: int = 5  # target points whose mean is a partner
    ridge: float = 0.05  # of the affine map


def refined(a: Tensor, b: Tensor, starts: Sequence[Pairs], config: Refinement | None = None) -> LatentMap:
    """A map from a (n, d) to b (m, d), from the best of some guesses: map, pair with what is near, fit again (iterated Procrustes).

    As in mini-vec2vec and MUSE: near is by CSLS, the cosine less what both points have with everybody (Conneau et al. 2018), and each point is paired with the
    mean of its nearest on the other side, both ways. The best guess is the one after which most points are each other's nearest: that needs no label and no
    pair. At the end the map may be affine, on those mutual neighbours.
    """
    config = Refinement() if config is None else config
    if not starts:
        raise LtError("no guess to start from: give at least one pair of tables, such as by_clusters(a, b)")
    for start in starts:
        check_pairs(*start)
    mean_a, mean_b = a.mean(0), b.mean(0)
    x, y = a - mean_a, b - mean_b
    k = min(config.neighbours, len(x), len(y))

    def turn(linear: Tensor, rounds: int) -> Tensor:
        for _ in range(rounds):
            similar = _csls(x @ linear, y)
            forth, back = similar.topk(k, 1).indices, similar.topk(k, 0).indices.T
            linear, _ = _rotation(torch.cat([x, x[back].mean(1)]), torch.cat([y[forth].mean(1), y]))
        return linear

    tried = [turn(_rotation(p - mean_a, q - mean_b)[0], config.trial) for p, q in starts]
    linear = max(tried, key=lambda guess: len(_mutual(x @ guess, y)[0])) if len(tried) > 1 else tried[0]
    linear = turn(linear, config.rotations)
    for _ in range(config.affine):
        i, j = _mutual(x @ linear, y)
        covariance = x[i].T @ x[i] / len(i)
        weight = config.ridge * covariance.diagonal().mean().clamp(min=1e-12) * torch.eye(x.shape[1]).to(x)
        linear = torch.linalg.solve(covariance + weight, x[i].T @ y[j] / len(i))
    return lambda z: (z - mean_a) @ linear + mean_b


def turned(latents: Latents, name: str, generator: torch.Generator) -> tuple[Latents, LatentMap]:
    """A cheap further domain: the same latents with axes in random order and of random sign, and the map back.

    That is a rotation (or a reflection) that keeps a diagonal Gaussian diagonal, so that the posteriors stay what they were.
    """
    order = torch.randperm(latents.size, generator=generator, device=generator.device).to(latents.mean.device)
    sign = (torch.randint(2, (latents.size,), generator=generator, device=generator.device) * 2 - 1).to(latents.mean)
    turn = replace(latents, name=name, mean=latents.mean[:, order] * sign, std=latents.std[:, order], domain=None)
    return turn, lambda z: (z * sign)[:, order.argsort()]


def _unit(x: Tensor) -> Tensor:
    return normalize(x - x.mean(0), dim=-1)


def _csls(x: Tensor, y: Tensor, k: int = 10) -> Tensor:
    similar = normalize(x, dim=-1) @ normalize(y, dim=-1).T
    own = [similar.topk(min(k, similar.shape[1 - side]), 1 - side).values.mean(1 - side) for side in (0, 1)]
    return 2 * similar - own[0][:, None] - own[1][None]


def _mutual(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Indices of the points of x (n, d) and of y (m, d) that are each other's nearest, (p,) each."""
    similar = _csls(x, y)
    forth, back = similar.argmax(1), similar.argmax(0)
    i = (back[forth] == torch.arange(len(x), device=x.device)).nonzero().flatten()
    return i, forth[i]


def _match(a: np.ndarray, b: np.ndarray, seed: int, times: int) -> np.ndarray:
    """Which row of b (k, k) belongs to each row of a (k, k): the best of several starts of scipy's quadratic assignment (FAQ)."""
    rng = np.random.default_rng(seed)
    options = {"maximize": True, "P0": "randomized", "rng": rng}
    return max((quadratic_assignment(a, b, options=options) for _ in range(times)), key=lambda match: match.fun).col_ind
