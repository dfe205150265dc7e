"""Maps between two latent spaces in closed form: what a bridge has to beat.
A map by class asks a classifier for the class of a source latent; a map by pairs knows what belongs together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lt import losses
from lt.cache import cached
from lt.errors import LtError
from lt.latents import UNKNOWN, Domain, Latents, listed
from lt.loop import History, Training, fit, named_generator
from lt.networks import mlp
from lt.own.inputs import CHUNK, called, chosen, labels_of, number, package, pairs_of, points

BY_CLASS = ("prototype", "medoid", "lookup", "gaussian_ot", "gaussian_gw")
BY_PAIRS = ("affine", "procrustes")
RANDOM_PAIRS = 10_000  # pairs of equal class that stand for true pairs
READER = Training(2000, 128, 1.5e-3, "onecycle")  # of a classifier of latents: a few seconds
Move = Callable[[Tensor], Tensor]  # latents (n, d) of the source to latents (n, e) of the target


@dataclass(frozen=True, eq=False)
class LatentMap:
    """A function from latents of one model to latents of another, and the two models where they are known."""

    method: str
    function: Move
    size: int  # dimensions of the source's latents
    source: Domain | None = None
    target: Domain | None = None

    @torch.no_grad()
    def transfer(self, z: Tensor) -> Tensor:
        """Latents (n, size) of the source to latents of the target."""
        return self.function(points(z, self.size, f"{self.method}: latents").float())

    def translate(self, x: Any) -> Tensor:
        """Items of the source (n, ...) to items of the target: encode (posterior means), transfer, decode."""
        if not isinstance(self.source, Domain) or not isinstance(self.target, Domain):
            raise LtError(f"{self.method}: translate needs both models: fit the map on latents of Domain.latents(x, y)")
        return self.target.items(self.transfer(self.source.posterior(x)[0]))


def fit_map(
    source: Latents, target: Latents, method: str, *, pairs: Any = None, ridge: float = 1e-3, shrink: float = 1.0,
    sure: float | None = None, classify: Callable[[Tensor], Tensor] | None = None, seed: int = 0
) -> LatentMap:  # fmt: skip
    """A map from latents of ``source`` to those of ``target``, fitted on posterior means; unknown classes are left out.
    By class: ``prototype`` (mean of the target's class), ``medoid`` (its item nearest to that mean), ``lookup`` (random
    item of it), ``gaussian_ot`` (optimal transport between the Gaussians of a class: the Bures map), ``gaussian_gw``
    (principal axis to principal axis, in order of variance; Delon et al. 2022). By ``pairs`` (p, 2) of item numbers, or
    random pairs of equal class: ``affine``, ``procrustes`` (rotation, scale and shift; Maiorca et al. 2023).
    ``ridge``, a share of the mean variance, is added to every variance: unused dimensions must not be blown up.
    ``shrink`` s moves lookups and Gaussians towards the mean m of the target's class: m + s A (z - m_source).
    ``sure`` keeps target items whose own label a classifier of target latents gives with a probability above it.
    ``classify``, latents (n, d) to labels (n,), replaces the classifier that is trained on source latents alone."""
    source, target = listed([source, target])
    chosen("method", method, BY_CLASS + BY_PAIRS)
    number("ridge", ridge, 1e-30)
    number("shrink", shrink, 0.0)
    number("sure", 0.5 if sure is None else sure, 0.0, 1)
    if pairs is not None if method in BY_CLASS else (shrink != 1 or sure is not None):
        raise LtError(f"{method}: pairs are for {' and '.join(BY_PAIRS)}, shrink and sure for {', '.join(BY_CLASS)}")
    if method == "gaussian_ot" and source.size != target.size:
        raise LtError(f"gaussian_ot needs latents of one size, not {source.size} and {target.size}: use gaussian_gw")
    draw = named_generator(f"{method} {source.name}", seed, source.device)
    if method in BY_PAIRS:
        if pairs is not None:
            i, j = pairs_of(pairs, [len(source), len(target)]).T
        else:
            source = _known(source)
            i = torch.randint(len(source), (RANDOM_PAIRS,), generator=draw, device=source.device)
            j = partners(source.y[i], target.y, draw)
        move = between_points(method, source.mean[i], target.mean[j], ridge)
        return LatentMap(method, move, source.size, source.domain, target.domain)
    if sure is not None:
        label, probability = fit_latent_classifier(target, seed=seed)[0](target.mean)
        target = target.take((label == target.y) & (probability > sure))
    moves, least = {}, 2 if method.startswith("gaussian") else 1
    for label in _known(source).y.unique().tolist():
        a, b = source.mean[source.y == label], target.mean[target.y == label]
        if min(len(a), len(b)) < least:
            count = f"class {label} has {len(a)} items of {source.name} and {len(b)} of {target.name}"
            raise LtError(f"{count}, {method} needs {least} of each: give this class the label -1")
        moves[label] = between_points(method, a, b, ridge, shrink, draw)
    read: Any = fit_latent_classifier(source, seed=seed)[0] if classify is None else classify

    def by_class(z: Tensor) -> Tensor:
        found = read(z)[0] if classify is None else called(read, z, "classify", method, z.device, CHUNK)[0]
        y, moved = labels_of(found, method).to(z.device), z.new_empty(len(z), target.size)
        for label in y.unique().tolist():
            if label not in moves:
                raise LtError(f"classify gives class {label}: the map was fitted on classes {str([*moves])[1:-1]}")
            moved[y == label] = moves[label](z[y == label])
        return moved

    return LatentMap(method, by_class, source.size, source.domain, target.domain)


def _known(latents: Latents) -> Latents:
    known = latents.take(latents.y != UNKNOWN)
    if not len(known):
        raise LtError(f"{latents.name}: no label is known: give labels, or pairs to affine and procrustes")
    return known


def between_points(method: str, a: Tensor, b: Tensor, ridge: float = 1e-3, shrink: float = 1, draw: Any = None) -> Move:
    """A map of :func:`fit_map` from points a (n, d) to b (m, e) of one class; by pairs, row i of both is one pair."""
    centre, mean = a.mean(0), b.mean(0)
    if method == "lookup":
        return lambda z: mean.lerp(b[torch.randint(len(b), (len(z),), generator=draw, device=b.device)], shrink)
    if method in ("prototype", "medoid"):
        point = mean if method == "prototype" else b[(b - mean).norm(dim=1).argmin()]
        return lambda z: point.expand(len(z), -1)
    x, y = (points.cpu().double() - points.cpu().double().mean(0) for points in (a, b))
    if method == "affine":  # least squares
        variance = x.T @ x + ridge * (x**2).sum().clamp(min=1e-12) / x.shape[1] * torch.eye(x.shape[1])
        linear = torch.linalg.solve(variance, x.T @ y)
    elif method == "procrustes":  # the rotation nearest to least squares (Schönemann 1966)
        u, s, vh = torch.linalg.svd(x.T @ y, full_matrices=False)
        linear = u @ vh * (s.sum() / (x**2).sum().clamp(min=1e-12) if len(x) > 1 else 1)  # one pair can only shift
    else:
        linear = shrink * _between_gaussians(method, x, y, ridge)
    linear = linear.to(centre)
    return lambda z: mean + (z - centre) @ linear


def _between_gaussians(method: str, x: Tensor, y: Tensor, ridge: float) -> Tensor:
    """The A (d, e) of a Gaussian method: x A has the covariance of y, for centred x (n, d) and y (m, e)."""
    kind = "bures_wasserstein_mapping" if method == "gaussian_ot" else "gaussian_gromov_wasserstein_mapping"
    mapping = getattr(package("ot.gaussian", "maps"), kind)
    covariances = [np.atleast_2d(np.cov(points.numpy().T)) for points in (x, y)]
    covariances = [c + ridge * max(c.diagonal().mean(), 1e-12) * np.eye(len(c)) for c in covariances]
    return torch.from_numpy(np.real(mapping(*[np.zeros(len(c)) for c in covariances], *covariances)[0]))


def partners(y: Tensor, others: Tensor, generator: torch.Generator) -> Tensor:
    """Item numbers (n,), each drawn uniformly from those whose label among ``others`` (m,) is the one in ``y`` (n,)."""
    ordered, order = others.sort(stable=True)
    start, end = torch.searchsorted(ordered, y), torch.searchsorted(ordered, y, right=True)
    if (start == end).any():
        raise LtError(f"no partner of class {int(y[start == end][0])}: pairs of equal class need it in both domains")
    place = (torch.rand(len(y), generator=generator, device=y.device) * (end - start)).long()
    return order[start + torch.minimum(place, end - start - 1)]  # a product that is rounded up would be the next class


def fit_latent_classifier(latents: Latents, training: Training = READER, seed: int = 0) -> tuple[Callable, History]:
    """A classifier, z (n, latent) to labels (n,) and their probabilities (n,), that learns from posterior draws."""
    if not isinstance(training, Training):
        raise LtError(f"training={training!r}: give an lt.Training(steps, batch, ...)")
    (latents,) = listed([latents])
    known = _known(latents)
    labels, y = known.y.unique(return_inverse=True)  # (k,) and (n,) from 0 to k - 1

    def build() -> nn.Module:
        scale = nn.BatchNorm1d(latents.size, affine=False)  # so that latents may have any scale
        return nn.Sequential(scale, mlp(latents.size, 256, 2), nn.Linear(256, len(labels)))

    def train(model: nn.Module, generator: torch.Generator, checkpoint: Any) -> History:
        def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
            i = torch.randint(len(y), (training.batch,), generator=generator, device=y.device)
            return {"loss": losses.classification(model(known.sample(generator, i)), y[i])}

        return fit(model, objective, training, generator, name=f"classifier {latents.name}", checkpoint=checkpoint)

    key = training, known.fingerprint, [latents.name], seed, known.device, [fit_latent_classifier]
    classifier, history = cached("latent classifier", build, train, *key)

    @torch.no_grad()
    def read(z: Tensor) -> tuple[Tensor, Tensor]:
        probability, place = classifier(z).softmax(-1).max(-1)
        return labels[place], probability

    return read, history
