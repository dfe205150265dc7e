"""How well a transfer keeps class, diversity and neighbourhood; intervals are those of :mod:`lt.own.intervals`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lt.errors import LtError
from lt.latents import CHUNK, Domain, Latents
from lt.loop import named_generator
from lt.own.inputs import equal
from lt.own.intervals import Estimate, Score, difference, estimate  # noqa: F401

HALVINGS = 8  # random halvings of each class, which tell the error of its locality


def agreement(a: Tensor, b: Tensor) -> float:
    """Share of positions where two (n,) label tensors are equal."""
    return equal(a, b).cpu().double().mean().item()  # Apple GPUs have no double


def pick(y: Tensor, most: int | None, fewest: int, generator: torch.Generator) -> dict[int, Tensor]:
    """At most ``most`` random items of each class of y (n,), -1 left out, and classes with fewer than ``fewest``."""
    order = torch.randperm(len(y), generator=generator, device=generator.device)
    picks = {int(label): order[y.to(order.device)[order] == label][:most] for label in y.unique() if label >= 0}
    return {label: index for label, index in picks.items() if len(index) >= fewest}


def _distances(x: Tensor, index: Tensor) -> Tensor:
    """Euclidean distances (k, k) of items x[index], float64 on the CPU; 0 where float32 cannot tell two items apart."""
    flat = x[index.to(x.device)].detach().flatten(1).cpu().double()
    distance = torch.cdist(flat - flat.mean(0), flat - flat.mean(0))
    return distance.where(distance > 1e-7 * flat.norm(dim=1).mean(), 0.0)


def _spread(x: Tensor, picks: dict[int, Tensor]) -> tuple[float, NDArray]:
    """Mean distance within classes, averaged over them, and how much each item moves it (to first order)."""
    mean, moved = 0.0, np.full(len(x), np.nan)
    for index in picks.values():
        each = _distances(x, index).sum(1).numpy() / (len(index) - 1)
        mean += float(each.mean()) / len(picks)
        moved[index.cpu()] = 2 * (each - each.mean()) / (len(index) * len(picks))  # an item is in two of n distances
    return mean, moved


def diversity(x: Tensor, y: Tensor) -> float:
    """Mean Euclidean distance of two items of one class, averaged over classes: x (n, ...), y (n,). 0 for copies."""
    if picks := pick(y, None, 2, named_generator("diversity", 0, y.device)):
        return _spread(x, picks)[0]
    raise LtError(f"none of {len(y)} items has another of its class: diversity compares items of a class, give more")


def _kept(ranks: Tensor, k: int) -> Tensor:
    """Trustworthiness and continuity, (2, ...), of ranks of distances before and after, (2, ..., n, n); own rank: 0."""
    n, other = ranks.shape[-1], ranks.flip(0)
    lost = (ranks - k).clamp(min=0) * ((other > 0) & (other <= k))
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * lost.sum((-2, -1)).double()


def locality(before: Tensor, after: Tensor, y: Tensor, k: int = 10, per_class: int = 300, seed: int = 0) -> Score:
    """``trustworthiness`` and ``continuity`` from before (n, ...) to after (n, ...), within classes y, mean over them.
    Trustworthiness: the k nearest after were near before (Venna & Kaski 2001, as scikit-learn). Continuity: the k
    nearest before are near after. 1: all are; about one half: by chance. At most ``per_class`` random items of each
    class; classes with fewer than 2 k + 1 are left out. An item is a neighbour of others too, so single items do not
    tell the error: it is half the difference of random halves of a class, put on their items with opposite signs."""
    generator, names, of = named_generator("locality", seed), ("trustworthiness", "continuity"), torch.float64
    picks = pick(y.cpu(), per_class, max(2 * k + 1, 6), generator)
    value, moved = torch.zeros(2, dtype=of), torch.full((2, len(y)), math.nan, dtype=of)
    for index in picks.values():
        n, half = len(index), len(index) // 2
        distances = torch.stack([_distances(before, index), _distances(after, index)])
        ties = torch.rand(2, n, n, generator=generator, dtype=of) * (1e-9 * distances.amax((1, 2), True) + 1e-30)
        ranks = (distances + ties - torch.eye(n)).argsort(-1).argsort(-1)
        value += _kept(ranks, k) / len(picks)
        halves = torch.rand(HALVINGS, n, generator=generator).argsort(-1)[:, : 2 * half].reshape(-1, half)
        of_halves = ranks[:, halves[:, :, None], halves[:, None]].argsort(-1).argsort(-1)
        differ = _kept(of_halves, min(k, (half - 1) // 2)).view(2, HALVINGS, 2) @ torch.tensor([0.5, -0.5], dtype=of)
        signs = torch.zeros(HALVINGS, n, dtype=of).scatter_(1, halves[::2], 1.0).scatter_(1, halves[1::2], -1.0)
        moved[:, index] = differ @ signs / (math.sqrt(2 * half * HALVINGS) * len(picks))
    items = (value[:, None] + moved * sum(map(len, picks.values()))).numpy()
    values = value.tolist() if picks else [None, None]
    return Score(dict(zip(names, values, strict=True)), dict(zip(names, items, strict=True)))


def floor(z: Tensor, y: Tensor, dimensions: int, draws: int = 5, seed: int = 0, **looked_at: int) -> Score:
    """The :func:`locality` that comes for nothing: mean over random linear maps of latents z (n, latent)."""
    maps = torch.randn(draws, z.shape[1], dimensions, generator=named_generator("random maps", seed)).to(z)
    found = [locality(z, z @ one, y, seed=seed, **looked_at) for one in maps]
    items = {name: np.mean([one.items[name] for one in found], 0) for name in found[0].items}
    return Score({name: float(np.nanmean(x)) if np.isfinite(x).any() else None for name, x in items.items()}, items)


@torch.no_grad()
def transfer_score(
    made: Tensor, z: Tensor, y: Tensor, judged: Tensor, judge: Callable[[Tensor], Tensor], *, own: Tensor | None = None,
    own_y: Tensor | None = None, second: Callable | None = None, per_class: int = 300, k: int = 10, seed: int = 0
) -> Score:  # fmt: skip
    """What is measured of results ``made`` (n, ...), whatever made them of latents z (n, latent) (section 5.2).
    ``transfer_accuracy``: share whose class, by the target's ``judge`` (items to (n,) classes), is the one that the
    source's judge saw, ``judged`` (n,); ``_true_label``: is the label y (n,); ``_second_judge``: is y, by ``second``.
    ``diversity``: mean distance of rightly transferred results within a class, divided by that of ``own`` (m, ...), the
    target's own reconstructions of real items, in the same classes ``own_y`` (m,). :func:`locality`: from z to made.
    Distances are among at most ``per_class`` random items of a class; classes with fewer than 2 k + 1 are left out."""
    y, judged, sizes = y.cpu(), judged.cpu(), [len(part) for part in (made, z, y, judged)]
    if len(set(sizes)) > 1 or not len(y) or not bool(torch.isfinite(made).all()):
        raise LtError("{} results, {} latents, {} labels, {} judged: give one per item, all finite".format(*sizes))
    after, near = judge(made).cpu(), locality(z, made, y, k, per_class, seed)
    hits = {"transfer_accuracy": equal(judged, after), "transfer_accuracy_true_label": equal(y, after)}
    if second is not None:
        hits["transfer_accuracy_second_judge"] = equal(y, second(made).cpu())
    values: dict[str, float | None] = {name: hit.double().mean().item() for name, hit in hits.items()}
    items = {name: hit.numpy() for name, hit in hits.items()}
    if own is not None and own_y is not None:
        classes = (judged.where(after == judged, -1), own_y.cpu())  # wrong results are in no class
        right, real = (pick(of, per_class, 2 * k + 1, named_generator("diversity", seed)) for of in classes)
        both = right.keys() & real.keys()
        spread, moved = _spread(made, {label: right[label] for label in both})
        unit, of_unit = _spread(own, {label: real[label] for label in both})
        ratio = spread / unit if unit else math.nan
        moved = np.concatenate([moved, -ratio * of_unit]) / (unit or 1.0)  # of the results, then of the target's own
        values["diversity"], items["diversity"] = ratio if unit else None, ratio + np.isfinite(moved).sum() * moved
    return Score(values | near.values, items | near.items)


@torch.no_grad()
def paper_protocol_accuracy(
    transfer: Callable, source: Domain, target: Domain, latents: Latents, generator: Any, per_class: int = 100
) -> float:  # fmt: skip
    """The authors' measurement: class-balanced *training* latents, z and (by ``Bridge.transfer``) z' sampled."""
    z = latents.sample(generator, torch.cat(list(pick(latents.y, per_class, 1, generator).values())))
    after = target.items(transfer(z, source.name, target.name, generator))
    return agreement(source.classify(source.items(z)), target.classify(after))


@torch.no_grad()
def fid(judge: Any, real: Tensor, made: Tensor) -> float:
    """Fréchet distance of ``judge.features`` of real and of made items (n, ...) (Heusel et al. 2017; torchmetrics)."""
    from torchmetrics.image.fid import FrechetInceptionDistance  # of the book alone

    class Features(torch.nn.Module):
        num_features = judge.features(real[:1]).shape[-1]

        def forward(self, x: Tensor) -> Tensor:
            return judge.features(x)

    metric = FrechetInceptionDistance(Features()).to(real.device)
    for x, is_real in ((real, True), (made, False)):
        for part in x.split(CHUNK):
            metric.update(part, real=is_real)
    return metric.compute().item()
