"""Labels for items that have none, from the domain's own latents: used before a bridge is trained with few labels.

A label that is not known is -1 in :class:`lt.latents.Latents`. Training gets the latents with the hidden labels already gone, so no
term of the objective, and no batch, can use them.
"""

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

from lt.cache import usable_cache
from lt.errors import LtError
from lt.latents import UNKNOWN, Latents


def label_subset(y: Tensor, per_class: int, generator: torch.Generator) -> Tensor:
    """Indices of ``per_class`` items of each class, drawn at random: y (n,) to (classes * per_class,).

    The same generator state gives nested subsets: fewer labels are always some of the more. Raises :class:`lt.LtError` if a
    class has too few items.
    """
    count = y.bincount()
    if (count < per_class).any():
        raise LtError(f"class {int(count.argmin())} has {int(count.min())} items, fewer than the {per_class} labels a class asked for")
    order = torch.randperm(len(y), generator=generator, device=y.device)
    rows = [order[y[order] == label][:per_class] for label in range(len(count))]
    return torch.stack(rows, dim=1).flatten() if per_class else order[:0]


def hide_labels(latents: Latents, per_class: int | None, items: int, generator: torch.Generator) -> Latents:
    """Latents that know the label of ``per_class`` items of each class only, of all with None.

    ``items`` is the number of different items: what follows the first ``items`` rows are moved copies of them
    (:meth:`lt.latents.Domain.latents`), and copies share their original's label.
    """
    if per_class is None:
        return latents
    y = torch.full_like(latents.y[:items], UNKNOWN)
    known = label_subset(latents.y[:items], per_class, generator)
    y[known] = latents.y[known]
    return replace(latents, y=y.repeat(len(latents.y) // items))


def neighbour_graph(mean: np.ndarray, neighbours: int = 10) -> sparse.csr_matrix:
    """Symmetric graph (n, n) of nearest neighbours among points (n, d), with weights exp(-d(i,j)^2 / (s_i s_j)).

    s_i is the distance to the last neighbour (self-tuning weights, Zelnik-Manor & Perona 2004). Dimensions that carry no information (variance
    of the posterior means below 0.05) are left out.
    """
    x = mean[:, mean.var(0) > 0.05]
    distance, index = NearestNeighbors(n_neighbors=neighbours).fit(x).kneighbors()
    scale = distance[:, -1]
    weight = np.exp(-(distance**2) / (scale[:, None] * scale[index]))
    graph = sparse.csr_matrix((weight.ravel(), index.ravel(), np.arange(0, weight.size + 1, neighbours)), shape=(len(x), len(x)))
    return graph.maximum(graph.T).tocsr()


def spread_labels(latents: Latents, items: int) -> Latents:
    """Give every item a label: the known ones spread along the neighbour graph of the domain's own latents (Zhou et al. 2004).

    Class mass is normalised to an even prior (Zhu et al. 2003). Nothing is used but the posterior means and the known labels: no other
    domain, no judge. ``items`` as in :func:`hide_labels`. Raises :class:`lt.LtError` without a known label.
    """
    y = latents.y[:items].cpu().numpy()
    if (y == UNKNOWN).all():
        raise LtError(f"{latents.name}: no label is known, so none can spread: give at least one a class")
    graph = _kept(neighbour_graph)(latents.mean[:items].cpu().numpy())
    spreading = LabelSpreading(kernel=lambda a, b=None: graph, alpha=0.99, max_iter=2000, tol=1e-6 * items)
    mass = spreading.fit(np.zeros((items, 1)), y).label_distributions_  # (items, known classes)
    found = spreading.classes_[(mass / mass.sum(0)).argmax(1)]
    filled = torch.from_numpy(np.where(y == UNKNOWN, found, y)).to(latents.y)
    return replace(latents, y=filled.repeat(len(latents.y) // items))


def clusters(latents: Latents, items: int, number: int) -> np.ndarray:
    """Spectral clusters of the neighbour graph of the first ``items`` posterior means: (items,) in [0, number) (Ng, Jordan & Weiss 2002)."""
    graph = _kept(neighbour_graph)(latents.mean[:items].cpu().numpy())
    affinity = -laplacian(graph, normed=True)
    affinity.setdiag(0)
    _, vectors = eigsh(affinity, k=number, which="LA", v0=np.random.default_rng(0).normal(size=items))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return KMeans(number, n_init=10, random_state=0).fit_predict(vectors)


def matched_clusters(seen: Sequence[Latents], items: int, number: int) -> list[Latents]:
    """Latents of two domains whose labels are clusters of their own, numbered so that matching clusters have the same number; no label is used.

    Clusters are paired so that the two matrices of distances between their centres agree best (quadratic assignment, scipy's FAQ from 100
    starts). Only for domains of one kind of data.
    """
    found = [clusters(d, items, number) for d in seen]
    apart = ~np.eye(number, dtype=bool)
    distances = []
    for d, own in zip(seen, found, strict=True):
        mean = d.mean[:items].cpu().numpy()
        centres = np.stack([mean[own == k].mean(0) for k in range(number)])
        distance = np.linalg.norm(centres[:, None] - centres, axis=-1)
        distances.append(np.where(apart, (distance - distance[apart].mean()) / distance[apart].std(), 0))
    starts = [{"maximize": True, "P0": "randomized", "rng": np.random.default_rng(k)} for k in range(100)]
    best = max((quadratic_assignment(*distances, options=start) for start in starts), key=lambda match: match.fun)
    number_of = np.argsort(best.col_ind)  # cluster of the second domain -> its partner in the first
    names = [found[0], number_of[found[1]]]
    return [
        replace(d, y=torch.from_numpy(own.astype(np.int64)).to(d.y.device).repeat(len(d.y) // items))
        for d, own in zip(seen, names, strict=True)
    ]


def _kept(function):
    return joblib.Memory(usable_cache(), verbose=0).cache(function)
