"""How well a transfer keeps class, diversity and neighbourhood, with intervals over sets of models and over items."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from lt.errors import LtError
from lt.latents import CHUNK, Domain, Latents
from lt.loop import named_generator

HALVINGS = 8  # random halvings of each class, which tell the error of its locality


@dataclass(frozen=True, eq=False)
class Score:
    """What is measured of one set of models."""

    values: dict[str, float | None]  # by metric; None: too few items
    items: dict[str, NDArray]  # contributions: mean = value, std / sqrt(number) = error; bool: hits; NaN: not looked at

    def __getitem__(self, metric: str) -> float | None:
        return self.values[metric]

    def __repr__(self) -> str:
        return f"Score({ {name: value and round(value, 3) for name, value in self.values.items()} })"


def agreement(a: Tensor, b: Tensor) -> float:
    """Share of positions where two (n,) label tensors are equal."""
    return (a == b).double().mean().item()


def reconstruction_accuracy(domain: Domain, x: Any) -> float:
    """Share of items (n, ...) whose predicted class survives the model's encoder and decoder (Table 2, first row)."""
    return agreement(domain.classify(x), domain.classify(domain.items(domain.posterior(x)[0])))


def _pick(y: Tensor, most: int | None, fewest: int, generator: torch.Generator) -> dict[int, Tensor]:
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
    if picks := _pick(y, None, 2, named_generator("diversity", 0, y.device)):
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
    tell the error: it is half the difference of two random halves of a class, put on their items with opposite signs.
    """
    generator, names, of = named_generator("locality", seed), ("trustworthiness", "continuity"), torch.float64
    picks = _pick(y.cpu(), per_class, max(2 * k + 1, 6), generator)
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
    Distances are among at most ``per_class`` random items of a class; classes with fewer than 2 k + 1 are left out.
    """
    y, judged, sizes = y.cpu(), judged.cpu(), [len(part) for part in (made, z, y, judged)]
    if len(set(sizes)) > 1 or not len(y) or not bool(torch.isfinite(made).all()):
        raise LtError("{} results, {} latents, {} labels, {} judged: give one per item, all finite".format(*sizes))
    after, near = judge(made).cpu(), locality(z, made, y, k, per_class, seed)
    hits = {"transfer_accuracy": after == judged, "transfer_accuracy_true_label": after == y}
    if second is not None:
        hits["transfer_accuracy_second_judge"] = second(made).cpu() == y
    values: dict[str, float | None] = {name: hit.double().mean().item() for name, hit in hits.items()}
    items = {name: hit.numpy() for name, hit in hits.items()}
    if own is not None and own_y is not None:
        classes = (judged.where(after == judged, -1), own_y.cpu())  # wrong results are in no class
        right, real = (_pick(of, per_class, 2 * k + 1, named_generator("diversity", seed)) for of in classes)
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
    """The authors' measurement: class-balanced *training* latents, z and z' sampled, compared as the judges see them.

    ``transfer(z, source name, target name, generator)`` draws z': :meth:`lt.bridge.Bridge.transfer`.
    """
    z = latents.sample(generator, torch.cat(list(_pick(latents.y, per_class, 1, generator).values())))
    after = target.items(transfer(z, source.name, target.name, generator))
    return agreement(source.classify(source.items(z)), target.classify(after))


@torch.no_grad()
def fid(judge: Any, real: Tensor, made: Tensor) -> float:
    """Fréchet distance of ``judge.features`` of real and of made items (n, ...), in float64 (Heusel et al. 2017)."""
    both = [torch.cat([judge.features(part) for part in x.split(CHUNK)]).cpu().double() for x in (real, made)]
    (a, b), (cov_a, cov_b) = (x.mean(0) for x in both), (x.T.cov() for x in both)
    root = torch.linalg.eigvals(cov_a @ cov_b).sqrt().real.sum()  # trace of the square root of the product
    return ((a - b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * root).item()


@dataclass(frozen=True)
class Estimate:
    """A mean over sets of base models and its interval of 95 %; None: not known."""

    value: float | None
    low: float | None
    high: float | None
    values: tuple[float | None, ...]  # one per set
    n: int | None = None  # items per set that count
    share: bool = False


def _read(score: Score | float, metric: str, n: int | None = None) -> tuple[float | None, NDArray | None, NDArray]:
    """Value, items and what each adds to the mean ([0]: not known); a number may be a share of n items, hits first."""
    if isinstance(score, Score):
        value, items = score.values[metric], score.items.get(metric)
    else:
        value, items = float(score), np.arange(n) + 0.5 < n * score if n else None
    if items is None or value is None:
        return value, items, np.zeros(1)
    return value, items, np.nan_to_num((items - np.nanmean(items)) / np.isfinite(items).sum())


def estimate(scores: Sequence[Score] | Sequence[float], metric: str = "", n: int | None = None) -> Estimate:
    """Mean over sets and its interval of 95 %, of a metric of a :class:`Score` per set, or of a number per set.

    Student's t over sets and the error of the items, added as squares on each side (MOVER, Zou & Donner 2008); for
    shares that is Wilson's. What items add to single sets is in the spread of sets already, so their part is the mean
    covariance of the sets' errors. With one set the items alone count: nothing is said of other models. Numbers
    with ``n`` are shares of n items that the sets have in common; of numbers without, the sets alone are known.
    """
    given = [_read(score, metric, n) for score in scores]
    values, items = tuple(value for value, *_ in given), [row for _, row, _ in given if row is not None]
    count = round(np.mean([np.isfinite(row).sum() for row in items])) if items else None
    share, known = count is not None and all(row.dtype == bool for row in items), [v for v in values if v is not None]
    if not values or not np.isfinite(known).all() or (share and not all(0 <= v <= 1 for v in known)):
        raise LtError(f"{metric or 'values'} {values}: give a finite number per set, of shares from 0 to 1, or None")
    same = len(known) == len(values) and np.ptp(known) < 1e-12
    if len(known) < len(values) or (same and not items):
        return Estimate(known[0] if same else None, None, None, values, count, share)
    mean, sets, errors, z = float(np.mean(known)), len(known), [error for *_, error in given], stats.norm.ppf(0.975)
    common = alone = float(np.mean([error @ error for error in errors]))
    of_sets = 0.0
    if not same:
        total = np.sum(errors, 0) if len({len(error) for error in errors}) == 1 else np.zeros(1)
        common = max(0.0, float(total @ total / sets - alone) / (sets - 1))
        of_sets = float(stats.t.ppf(0.975, sets - 1) * np.std(known, ddof=1)) / math.sqrt(sets)
    below = above = z * math.sqrt(common)
    if share and count:
        u = common / (mean * (1 - mean)) if 0 < mean < 1 else 1 / count  # 1 / the number of items with this error
        centre, half = mean + z**2 * u / 2, z * math.sqrt(mean * (1 - mean) * u + z**2 * u**2 / 4)  # Wilson 1927
        below, above = mean - (centre - half) / (1 + z**2 * u), (centre + half) / (1 + z**2 * u) - mean
    low, high = mean - math.hypot(of_sets, below), mean + math.hypot(of_sets, above)
    return Estimate(mean, *((max(0.0, low), min(1.0, high)) if share else (low, high)), values, count, share)


def difference(a: Sequence[Any], b: Sequence[Any], metric: str = "") -> Estimate:
    """How much larger a metric is in ``a`` than in ``b`` (scores or numbers, the same sets in the same order), paired.

    A set without items counts as exact. Raises :class:`lt.LtError` if sets or the items of a set are not the same.
    """
    scores = []
    for (v, _, x), (w, _, y) in zip(*[[_read(score, metric) for score in given] for given in (a, b)], strict=False):
        if len(a) != len(b) or (len(x) != len(y) and 1 not in (len(x), len(y))):
            counts = f"{len(a)} and {len(b)} sets, {len(x)} and {len(y)} items"
            raise LtError(f"{metric}: {counts}: a paired difference needs the same ones on both sides")
        value, error = None if v is None or w is None else v - w, (x - y) * max(len(x), len(y))
        scores.append(Score({metric: value}, {} if value is None or len(error) == 1 else {metric: value + error}))
    return estimate(scores, metric)
