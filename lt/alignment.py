"""Matching latent spaces with few labels or with none, and finding the same item again.

A label that is not known is -1: hidden labels are gone before anything is trained, so no term of an objective can use
them. What goes without labels works between models of one kind of data only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import joblib
import numpy as np
import torch
from scipy import sparse
from scipy.optimize import quadratic_assignment
from scipy.sparse.csgraph import laplacian
from scipy.sparse.linalg import eigsh
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import LabelSpreading
from torch import Tensor
from torch.nn.functional import normalize

from lt.cache import usable_cache
from lt.errors import LtError
from lt.latents import CHUNK, UNKNOWN, Latents
from lt.maps import LatentMap, between_points

EQUAL = 1e-6  # cosines that differ by less are the same, in single precision
ROUNDS = 10  # of Procrustes per first guess
NEAR = 5  # points whose mean is a partner
RIDGE = 0.05  # of an affine map between mutual neighbours


def label_subset(y: Tensor, per_class: int, generator: torch.Generator) -> Tensor:
    """Item numbers (k * per_class,) of ``per_class`` random items of each known class of y (n,); the same state of the
    generator gives nested subsets."""
    labels, count = y[y != UNKNOWN].unique(return_counts=True)
    if (count < per_class).any():
        raise LtError(f"class {int(labels[count.argmin()])} has {int(count.min())} items: {per_class} are too many")
    order = torch.randperm(len(y), generator=generator, device=y.device)
    return torch.stack([order[y[order] == label][:per_class] for label in labels], dim=1).flatten()


def hide_labels(latents: Latents, per_class: int, generator: torch.Generator) -> Latents:
    """Latents that know the label of ``per_class`` random items of each class only."""
    known = label_subset(latents.y, per_class, generator)
    return replace(latents, y=torch.full_like(latents.y, UNKNOWN).index_copy(0, known, latents.y[known]))


def neighbour_graph(x: np.ndarray, neighbours: int = 10) -> sparse.csr_matrix:
    """Symmetric graph (n, n) of nearest neighbours among points x (n, d), of weights exp(-d(i,j)^2 / (s_i s_j)), where
    s_i is the distance to the last neighbour (Zelnik-Manor & Perona 2004)."""
    distance, index = NearestNeighbors(n_neighbors=min(neighbours, len(x) - 1)).fit(x).kneighbors()
    scale = distance[:, -1].clip(1e-12)
    weight = np.exp(-(distance**2) / (scale[:, None] * scale[index]))
    start = np.arange(0, weight.size + 1, weight.shape[1])
    graph = sparse.csr_matrix((weight.ravel(), index.ravel(), start), shape=(len(x), len(x)))
    return graph.maximum(graph.T).tocsr()


def _graph(latents: Latents) -> sparse.csr_matrix:
    carries = latents.mean.var(0, correction=0) >= latents.variance() / 20  # other dimensions carry no information
    return joblib.Memory(usable_cache(), verbose=0).cache(neighbour_graph)(latents.mean[:, carries].cpu().numpy())


def spread_labels(latents: Latents) -> Latents:
    """Give every item a label: the known ones spread along the neighbour graph of the domain's own latents (Zhou et al.
    2004), with class mass normalised to an even prior (Zhu et al. 2003)."""
    y, graph = latents.y.cpu().numpy(), _graph(latents)
    if (y == UNKNOWN).all():
        raise LtError(f"{latents.name}: no label is known, so none can spread: give at least one per class")
    spreading = LabelSpreading(kernel=lambda a, b=None: graph, alpha=0.99, max_iter=2000, tol=1e-6 * len(y))
    mass = spreading.fit(np.zeros((len(y), 1)), y).label_distributions_  # (n, known classes)
    found = spreading.classes_[(mass / mass.sum(0)).argmax(1)]
    return replace(latents, y=torch.from_numpy(np.where(y == UNKNOWN, found, y)).to(latents.y))


def clusters(latents: Latents, number: int) -> Tensor:
    """Spectral clusters of the neighbour graph: (n,) int64 in [0, number) (Ng, Jordan & Weiss 2002)."""
    affinity = -laplacian(_graph(latents), normed=True)
    affinity.setdiag(0)
    _, vectors = eigsh(affinity, k=number, which="LA", v0=np.random.default_rng(0).normal(size=len(latents)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return torch.from_numpy(KMeans(number, n_init=10, random_state=0).fit_predict(vectors)).to(latents.y)


def class_means(latents: Latents) -> Tensor:
    """Mean of the posterior means of each known class, in order of the labels: (k, latent)."""
    return torch.stack([latents.mean[latents.y == label].mean(0) for label in latents.y[latents.y != UNKNOWN].unique()])


def matched_clusters(first: Latents, second: Latents, number: int) -> tuple[Latents, Latents]:
    """Latents whose labels are clusters of their own, where matching clusters of both domains have the same number.

    No label is used. Clusters are paired so that the two matrices of distances between their centres agree best
    (quadratic assignment, scipy's FAQ from 100 starts).
    """
    first, second = (replace(d, y=clusters(d, number)) for d in (first, second))
    apart, distances = ~np.eye(number, dtype=bool), []
    for d in (first, second):
        distance = torch.cdist(class_means(d), class_means(d)).double().cpu().numpy()
        distances.append(np.where(apart, (distance - distance[apart].mean()) / distance[apart].std(), 0))
    starts = [{"maximize": True, "P0": "randomized", "rng": np.random.default_rng(k)} for k in range(100)]
    best = max((quadratic_assignment(*distances, options=start) for start in starts), key=lambda match: match.fun)
    partner = torch.from_numpy(np.argsort(best.col_ind)).to(second.y)  # cluster of the second: its partner in the first
    return first, replace(second, y=partner[second.y])


def refined(source: Latents, target: Latents, starts: Sequence[tuple[Latents, Latents]], affine: int = 20) -> LatentMap:
    """A map from the best of some first guesses, made better without labels: map, pair with what is near, fit again.

    A guess is two latents whose classes belong together, as :func:`matched_clusters` gives them: Procrustes on their
    class means, then ten rounds more. The guess after which most points are each other's nearest gets ``affine`` rounds
    of an affine map on those neighbours (0: it stays a rotation). Near is by CSLS, a partner is the mean of the nearest
    points, both ways (Conneau et al. 2018; Dar 2025, arXiv 2510.02348). A few thousand points per side are enough.
    """
    if not starts:
        raise LtError("no first guess: give at least one, such as matched_clusters(source, target, 10)")
    x, y, tried = source.mean, target.mean, []
    for a, b in starts:
        move = between_points("procrustes", class_means(a), class_means(b))
        for _ in range(ROUNDS):
            similar = _csls(move(x), y)
            forth, back = (similar.topk(min(NEAR, similar.shape[axis]), axis).indices for axis in (1, 0))
            move = between_points("procrustes", torch.cat([x, x[back.T].mean(1)]), torch.cat([y[forth].mean(1), y]))
        tried.append(move)
    move = max(tried, key=lambda guess: len(_mutual(guess(x), y)[0]))
    for _ in range(affine):
        i, j = _mutual(move(x), y)
        move = between_points("affine", x[i], y[j], RIDGE)
    return LatentMap("refined", move, source.size, source.domain, target.domain)


def _csls(x: Tensor, y: Tensor, k: int = 10) -> Tensor:
    """Cosines (n, m) of x (n, d) and y (m, d) about the mean of y, lowered for points that are near to everything."""
    similar = normalize(x - y.mean(0), dim=-1) @ normalize(y - y.mean(0), dim=-1).T
    own = [similar.topk(min(k, similar.shape[axis]), axis).values.mean(axis, keepdim=True) for axis in (0, 1)]
    return 2 * similar - own[0] - own[1]


def _mutual(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers (p,) of the points of x (n, d) and (p,) of y (m, d) that are each other's nearest."""
    similar = _csls(x, y)
    forth, back = similar.argmax(1), similar.argmax(0)
    i = (back[forth] == torch.arange(len(x), device=x.device)).nonzero().flatten()
    return i, forth[i]


def retrieval(found: Tensor, wanted: Tensor) -> dict[str, float]:
    """``top1`` and ``mrr`` (mean reciprocal rank) of row i of wanted (n, d) when row i of found (n, d) looks it up.

    By the cosine about the mean of ``wanted``. Equal similarities count by the mean over all their orders: a map that
    sends everything to one point has 1/n and H(n)/n, as chance has.
    """
    if found.shape != wanted.shape or found.ndim != 2:
        raise LtError(
            f"{tuple(found.shape)} and {tuple(wanted.shape)}: give two (n, d), where row i is one item in both"
        )
    centre, parts = wanted.float().mean(0), []
    a, b = (normalize(part.float() - centre, dim=-1) for part in (found, wanted))
    for start in range(0, len(a), CHUNK):
        similar = a[start : start + CHUNK] @ b.T
        own = similar.diagonal(start)[:, None]
        above = (similar > own + EQUAL).sum(1).cpu().double()
        equal = ((similar - own).abs() <= EQUAL).sum(1).cpu().double()
        rank = (torch.special.digamma(above + equal + 1) - torch.special.digamma(above + 1)) / equal  # mean of 1/rank
        parts.append(torch.stack([(above == 0) / equal, rank]))
    top1, mrr = torch.cat(parts, 1).mean(1).tolist()
    return {"top1": top1, "mrr": mrr}
