"""Scores of sets of models, and their means with intervals over sets and over items."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lt.errors import LtError


@dataclass(frozen=True, eq=False)
class Score:
    """What is measured of one set of models."""

    values: dict[str, float | None]  # by metric; None: too few items
    items: dict[str, NDArray]  # contributions: mean = value, std / sqrt(number) = error; bool: hits; NaN: not looked at

    def __getitem__(self, metric: str) -> float | None:
        return self.values[metric]

    def __repr__(self) -> str:
        return f"Score({ {name: value and round(value, 3) for name, value in self.values.items()} })"


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
    if not isinstance(score, Score):
        score = Score({metric: float(score)}, {metric: np.arange(n) + 0.5 < n * score} if n else {})
    value, items = score.values[metric], score.items.get(metric)
    if items is None or value is None:
        return value, items, np.zeros(1)
    return value, items, np.nan_to_num((items - np.nanmean(items)) / np.isfinite(items).sum())


def estimate(scores: Sequence[Score] | Sequence[float], metric: str = "", n: int | None = None) -> Estimate:
    """Mean over sets and its interval of 95 %, of a metric of a :class:`Score` per set, or of a number per set.
    Student's t over sets and the error of the items, added as squares on each side (MOVER, Zou & Donner 2008); for
    shares that is Wilson's. What items add to single sets is in the spread of sets already, so their part is the mean
    covariance of the sets' errors. With one set the items alone count: nothing is said of other models. Numbers
    with ``n`` are shares of n items that the sets have in common; of numbers without, the sets alone are known."""
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
    common, of_sets = float(np.mean([error @ error for error in errors])), 0.0
    if not same:
        total = np.sum(errors, 0) if len({len(error) for error in errors}) == 1 else np.zeros(1)
        common = max(0.0, float(total @ total / sets - common) / (sets - 1))
        of_sets = float(stats.t.ppf(0.975, sets - 1) * stats.sem(known))
    below = above = z * math.sqrt(common)
    if share and count:
        u = common / (mean * (1 - mean)) if 0 < mean < 1 else 1 / count  # 1 / the number of items with this error
        centre, half = mean + z**2 * u / 2, z * math.sqrt(mean * (1 - mean) * u + z**2 * u**2 / 4)  # Wilson 1927
        below, above = mean - (centre - half) / (1 + z**2 * u), (centre + half) / (1 + z**2 * u) - mean
    low, high = mean - math.hypot(of_sets, below), mean + math.hypot(of_sets, above)
    return Estimate(mean, *((max(0.0, low), min(1.0, high)) if share else (low, high)), values, count, share)


def difference(a: Sequence[Any], b: Sequence[Any], metric: str = "") -> Estimate:
    """How much larger a metric is in ``a`` than in ``b``, paired: the same sets. One without items counts as exact."""
    scores = []
    for (v, _, x), (w, _, y) in zip(*[[_read(score, metric) for score in given] for given in (a, b)], strict=False):
        if len(a) != len(b) or (len(x) != len(y) and 1 not in (len(x), len(y))):
            counts = f"{len(a)} and {len(b)} sets, {len(x)} and {len(y)} items"
            raise LtError(f"{metric}: {counts}: give the same ones on both sides")
        value, error = None if v is None or w is None else v - w, (x - y) * max(len(x), len(y))
        scores.append(Score({metric: value}, {} if value is None or len(error) == 1 else {metric: value + error}))
    return estimate(scores, metric)
