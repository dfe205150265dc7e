"""Labels that spread from few items to all.
Hidden labels are -1 before anything is trained: no objective can use them."""

from dataclasses import replace

import joblib
import numpy as np
import torch
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import LabelSpreading

from lt.cache import usable_cache
from lt.errors import LtError
from lt.latents import UNKNOWN, Latents, listed
from lt.metrics import pick


def hide_labels(latents: Latents, per_class: int, generator: torch.Generator) -> Latents:
    """Latents that know the label of ``per_class`` random items of each class only; the same state of the generator
    gives nested subsets. Raises :class:`lt.LtError` if a class has fewer."""
    picks = pick(latents.y, per_class, 0, generator)
    label, few = min(picks.items(), key=lambda item: len(item[1]))
    if len(few) < per_class:
        raise LtError(f"class {label} has {len(few)} items: {per_class} are too many")
    known = torch.cat([*picks.values()])
    return replace(latents, y=torch.full_like(latents.y, UNKNOWN).index_copy(0, known, latents.y[known]))


def neighbour_graph(x: np.ndarray, neighbours: int = 10) -> sparse.csr_matrix:
    """Symmetric graph (n, n) of nearest neighbours among points x (n, d), of weights exp(-d(i,j)^2 / (s_i s_j)), where
    s_i is the distance to the last neighbour (Zelnik-Manor & Perona 2004)."""
    graph = NearestNeighbors(n_neighbors=min(neighbours, len(x) - 1)).fit(x).kneighbors_graph(mode="distance")
    distance, index = (part.reshape(len(x), -1) for part in (graph.data, graph.indices))
    scale = distance[:, -1].clip(1e-12)
    graph.data = np.exp(-(distance**2) / (scale[:, None] * scale[index])).ravel()
    return graph.maximum(graph.T).tocsr()


def spread_labels(latents: Latents) -> Latents:
    """Give every item a label: the known ones spread along the neighbour graph of the domain's own latents (Zhou et al.
    2004), with class mass normalised to an even prior (Zhu et al. 2003)."""
    (latents,) = listed([latents])
    y = latents.y.cpu().numpy()
    carries = latents.mean.var(0, correction=0) >= latents.variance() / 20  # other dimensions carry no information
    graph = joblib.Memory(usable_cache(), verbose=0).cache(neighbour_graph)(latents.mean[:, carries].cpu().numpy())
    if (y == UNKNOWN).all():
        raise LtError(f"{latents.name}: no label is known, so none can spread: give at least one per class")
    spreading = LabelSpreading(kernel=lambda a, b=None: graph, alpha=0.99, max_iter=2000, tol=1e-6 * len(y))
    mass = spreading.fit(np.zeros((len(y), 1)), y).label_distributions_  # (n, known classes)
    found = spreading.classes_[(mass / mass.sum(0)).argmax(1)]
    return replace(latents, y=torch.from_numpy(np.where(y == UNKNOWN, found, y)).to(latents.y))
