"""Bridges with few labels, and bridges with a part changed: what Tables 3 and 4 and their continuations train.

A label that is not known is -1 in :class:`lt.domains.Latents`. Training gets the latents with the hidden labels already
gone, so no term of the objective, and no batch, can use them.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from torch import Tensor, nn
from torch.nn import functional as F

from lt import LtError, data, domains, losses, metrics, models, profiles, train
from lt.domains import Latents

UNKNOWN = -1
CLASSES = 10
KEYS = ("mnist", "mnist_b")  # the two MNIST models of Tables 3 and 4, seeds 0 and 1


@dataclass(frozen=True)
class VariantConfig:
    """A bridge that may differ from the paper's in the layers around it; its other parts are set in ``bridge``."""

    bridge: train.BridgeConfig
    output: str = "gated"  # last layers: "gated" mixing, or plain "linear" ones
    frozen: bool = False  # whether the latent classifier stays the random map that it begins as (the authors' code)


# ------------------------------------------------------------------------------------------------ labels


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
    (:meth:`lt.domains.Domain.latents`), and a copy knows what its original knows.
    """
    if per_class is None:
        return latents
    y = torch.full_like(latents.y[:items], UNKNOWN)
    known = label_subset(latents.y[:items], per_class, generator)
    y[known] = latents.y[known]
    return replace(latents, y=y.repeat(len(latents.y) // items))


def neighbour_graph(mean: np.ndarray, neighbours: int = 10) -> sparse.csr_matrix:
    """Symmetric graph (n, n) of nearest neighbours among points (n, d), with weights exp(-d(i,j)^2 / (s_i s_j)).

    s_i is the distance to the last neighbour (self-tuning weights, Zelnik-Manor & Perona 2004). Dimensions that carry nothing (variance
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
    """Latents of two domains whose labels are clusters of their own, numbered so that alike clusters have one number; no label is used.

    Clusters are alike when they are as far from their domain's other clusters: of all ways to pair them the one is taken that keeps
    distances between centres best (quadratic assignment, scipy's FAQ of 100 starts). Only for domains of one kind of data.
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
    return joblib.Memory(data.cache_folder(), verbose=0).cache(function)


# ------------------------------------------------------------------------------------------------ training


class Linear(nn.Module):
    """A plain linear layer in the place of :class:`lt.models.GatedMixing`: (n, hidden) to (n, out); the input v is not used."""

    def __init__(self, hidden: int, out: int):
        super().__init__()
        self.linear = nn.Linear(hidden, out)

    def forward(self, h: Tensor, v: Tensor) -> Tensor:
        return self.linear(h).float()


def build(config: VariantConfig, latents: Sequence[Latents]) -> models.BridgingVAE:
    """An untrained bridge of this variant between the domains of ``latents``."""
    c = config.bridge
    bridge = models.BridgingVAE(c.latent, c.shared, c.width, c.depth, len(latents), c.classes, c.conditional)
    if config.output == "linear":
        bridge.mean, bridge.std, bridge.output = Linear(c.width, c.shared), Linear(c.width, c.shared), Linear(c.width, c.latent)
    elif config.output != "gated":
        raise LtError(f"unknown output {config.output!r}: choose gated or linear")
    return bridge


def objective(bridge: models.BridgingVAE, config: VariantConfig, latents: Sequence[Latents]) -> train.Objective:
    """The loss of section 3 where only some items have a label.

    ELBO and SWD come from :func:`lt.train.bridge_objective` on batches of all items; the classification term draws a batch of its own
    from the items of each domain whose label is known, as large as the other.
    """
    c = config.bridge
    unsupervised = train.bridge_objective(bridge, replace(c, beta_cls=0.0), latents)
    known = [(d.y != UNKNOWN).nonzero().flatten() for d in latents]
    if not (c.beta_cls and all(map(len, known))):
        return unsupervised
    batch, device = c.optim.batch, latents[0].mean.device
    domain = torch.arange(len(latents), device=device).repeat_interleave(batch)

    def semi(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        terms = unsupervised(generator, progress)
        index = [k[torch.randint(len(k), (batch,), generator=generator, device=device)] for k in known]
        mean = torch.cat([d.mean[i] for d, i in zip(latents, index, strict=True)])  # (domains * batch, latent)
        std = torch.cat([d.std[i] for d, i in zip(latents, index, strict=True)])
        y = torch.cat([d.y[i] for d, i in zip(latents, index, strict=True)])
        mean, std = bridge.encode(mean + std * torch.randn(mean.shape, generator=generator, device=device), domain)
        z_shared = mean + std * torch.randn(mean.shape, generator=generator, device=device)
        weight, bias = bridge.classifier.weight, bridge.classifier.bias
        if config.frozen:
            weight, bias = weight.detach(), bias.detach()
        classification = losses.classification(F.linear(z_shared, weight, bias), y)
        return {**terms, "loss": terms["loss"] + len(latents) * c.beta_cls * classification, "classification": classification}

    return semi


def fit_variant(config: VariantConfig, latents: Sequence[Latents], seed: int) -> tuple[models.BridgingVAE, train.History]:
    """A bridge of this variant between latents with known (0, 1, ...) and unknown (-1) labels, from the cache if trained before.

    Without a known label in every domain there is no classification term.
    """
    fingerprints = ":".join(d.fingerprint for d in latents)
    return train.cached(build, _train_variant, config, tuple(latents), fingerprints, seed, latents[0].mean.device)


def _train_variant(bridge, config, latents, generator, checkpoint) -> train.History:
    return train.fit(bridge, objective(bridge, config, latents), config.bridge.optim, generator, name="variant", checkpoint=checkpoint)


# ------------------------------------------------------------------------------------------------ measured


@dataclass(frozen=True)
class Trial:
    """One bridge MNIST -> MNIST and its labels: all that a worker needs to know."""

    profile: str  # name of the profile whose base models are joined
    config: VariantConfig
    seed: int  # of the bridge, and of the draw of labels
    labels: int | None = None  # a class and domain; None for all
    # what stands for labels that are not known: "few" nothing, "spread" those of the neighbours, "clusters" matched clusters (no label at all)
    method: str = "few"


@functools.lru_cache(maxsize=1)  # once a worker
def _pair(profile: str) -> tuple:
    """Two MNIST models, what bridges see of them, and the held-out items: (domains, latents, items, images, held-out latents)."""
    budget = profiles.get(profile)
    sides = [domains.pretrained("mnist", budget, seed)[0] for seed in range(len(KEYS))]
    seen = [replace(domains.training_latents(key, side, budget), name=key) for key, side in zip(KEYS, sides, strict=True)]
    images = data.load("mnist", "test", budget.source)
    return sides, seen, len(seen[0].y) // (1 + budget.copies), images, sides[0].latents(images)


def prepared(seen: Sequence[Latents], items: int, labels: int | None, method: str, seed: int) -> list[Latents]:
    """What a trial trains on: latents (:func:`hide_labels`) with the labels of ``seed``, spread or not.

    Each domain draws its own labelled items: that two models have seen the same corpus pairs nothing.
    """
    if method not in ("few", "spread", "clusters"):
        raise LtError(f"unknown method {method!r}: choose few, spread or clusters")
    if method == "clusters":
        return matched_clusters(seen, items, CLASSES)
    few = [hide_labels(d, labels, items, train.named_generator(f"labels {d.name}", seed, d.y.device)) for d in seen]
    return [spread_labels(d, items) for d in few] if method == "spread" else few


def measure(trial: Trial) -> dict[str, float]:
    """Held-out accuracies of a trial (:func:`lt.metrics.transfer_accuracy`), ``seconds`` of training, and, where labels have
    names, ``label_accuracy``, the share of the labels it trained with that are true."""
    sides, seen, items, images, held = _pair(trial.profile)
    device = held.mean.device
    latents = prepared(seen, items, trial.labels, trial.method, trial.seed)
    bridge, history = fit_variant(trial.config, latents, trial.seed)
    ends = (sides[0], 0), (sides[1], 1)
    scores = metrics.transfer_accuracy(bridge, *ends, images.x.to(device), held, train.named_generator("evaluation", trial.seed, device))
    own = Latents(KEYS[0], *(part[:items] for part in (seen[0].mean, seen[0].std, seen[0].y)))
    generator = train.named_generator("evaluation", trial.seed, device)
    scores["transfer_accuracy_paper_protocol"] = metrics.paper_protocol_accuracy(bridge, *ends, own, generator)
    used = [(d.y[:items] == s.y[:items])[d.y[:items] != UNKNOWN] for d, s in zip(latents, seen, strict=True)]
    used = torch.cat(used).double()
    return {
        **scores,
        "seconds": history["seconds"][0],
        **({"label_accuracy": used.mean().item()} if len(used) and trial.method != "clusters" else {}),
    }
