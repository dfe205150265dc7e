"""Confidence intervals of results that are measured with several base models, several seeds and one set of test items.

Three things make such a result uncertain: other base models, other seeds, and other test items. A plain interval over seeds
leaves the items out, and so it is too narrow when all seeds are judged on the same items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lt.errors import LtError

Values = Sequence[float] | Sequence[Sequence[float]]


def by_base_model(values: Values) -> list[list[float]]:
    """The values of every base model, one inner list each: a flat list is several seeds of one base model.

    Raises :class:`lt.LtError` if there is no value, if a base model has none, or if numbers and lists are mixed.

    >>> by_base_model([0.9, 0.8]), by_base_model([[0.9], [0.8, 0.7]])
    ([[0.9, 0.8]], [[0.9], [0.8, 0.7]])
    """
    nested = [not np.isscalar(value) and np.ndim(value) > 0 for value in values]
    if any(nested) and not all(nested):
        raise LtError("values must be all numbers (seeds of one base model), or all lists (the seeds of each base model)")
    rows = [[float(v) for v in np.asarray(row)] for row in values] if any(nested) else [[float(v) for v in np.asarray(values)]]
    if not rows or not all(rows):
        raise LtError(f"every base model needs a value, these are {rows}")
    return rows


def wilson(share: ArrayLike, n: int, confidence: float = 0.95) -> tuple[NDArray, NDArray]:
    """Wilson's interval of shares of n items, each in [0, 1] (Wilson 1927). Unlike p +- z sqrt(p (1 - p) / n), it has a width at 0 and at 1."""
    p, z = np.asarray(share, dtype=float), stats.norm.ppf(0.5 + confidence / 2)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.clip(centre - half, 0, p), np.clip(centre + half, p, 1)


def ends(mean: ArrayLike, variance: ArrayLike, units: int, n: int | None = None, confidence: float = 0.95) -> tuple[NDArray, NDArray]:
    """Both ends of the interval of a mean of independent units (base models, or the seeds of one), element by element.

    ``variance`` is the sample variance between ``units`` values, of any shape; ``n`` the number of items behind a share, which all units have
    in common. On each side the two sources of error are added as squares: Student's t over units, and Wilson's distance over items:
    ``low = mean - sqrt(t**2 * variance / units + (mean - wilson_low)**2)`` (MOVER, Zou & Donner 2008). Of shares it is cut to [0, 1].
    """
    mean, variance = np.asarray(mean, dtype=float), np.asarray(variance, dtype=float)
    t = stats.t.ppf(0.5 + confidence / 2, units - 1) if units > 1 else 0.0
    of_units = t**2 * variance / units
    if n is None:
        return mean - np.sqrt(of_units), mean + np.sqrt(of_units)
    low, high = wilson(mean, n, confidence)
    return np.maximum(0, mean - np.sqrt(of_units + (mean - low) ** 2)), np.minimum(1, mean + np.sqrt(of_units + (high - mean) ** 2))


def crossed_interval(values: Values, n: int | None = None, confidence: float = 0.95) -> tuple[float, float | None, float | None]:
    """Mean and confidence interval of one metric, measured with base models crossed with seeds on the same items.

    ``values`` are the seeds of each base model (lists of any lengths), or a flat list: the seeds of one base model. ``n`` is the number of
    items if every value is a share of them, in [0, 1]; None for other metrics, such as distances. A value is thought of as
    a true mean + an effect of the base model + an effect of the seed + an effect of the items. So the units that are independent are the
    base models' means, and the effect of the items is the same for all of them. With one base model the units are its seeds, and the interval says
    nothing of other base models.

    What it covers, by simulation (``tests/test_intervals.py``): 95 % where items alone, or base models alone, or the seeds of one base model alone
    make the error; up to 98 % where several do, because two ends that are each 95 % sure are added (it is too wide there, never too narrow). If every seed errs on
    other items, the items are counted twice, and it is too wide as well. For shares it is never narrower than Wilson's interval.
    Ways that are not used, because they cover too little with three base models: one t with Satterthwaite's degrees of freedom (down to 92.5 %),
    a hierarchical bootstrap (percentiles: 75 % where base models make the error; bootstrap-t: 91 %).

    One value: Wilson's interval if there is ``n``, else no interval (None, None). The same holds if all values are equal: a
    repetition without a difference tells nothing about other models. Raises :class:`lt.LtError` for no value, a value that is not finite,
    or one outside [0, 1] with ``n``.

    >>> [round(v, 3) for v in crossed_interval([0.9], n=100)]
    [0.9, 0.826, 0.945]
    >>> [round(v, 3) for v in crossed_interval([[0.9, 0.92], [0.94, 0.94], [0.9, 0.91]], n=1000)]
    [0.918, 0.868, 0.968]
    """
    rows = by_base_model(values)
    flat = [value for row in rows for value in row]
    if not all(map(math.isfinite, flat)):
        raise LtError(f"values must be finite, these are {flat}")
    if n is not None and not (n >= 1 and all(-1e-9 <= value <= 1 + 1e-9 for value in flat)):
        raise LtError(f"shares of n = {n} items must be between 0 and 1, these are {flat}")
    units = [float(np.mean(row)) for row in rows] if len(rows) > 1 else rows[0]
    mean = float(np.mean(units))
    if n is not None:
        mean = min(1.0, max(0.0, mean))
    same = math.isclose(max(flat), min(flat), rel_tol=1e-12)
    if n is None and (same or len(units) == 1):
        return mean, None, None
    variance = 0.0 if same else float(np.var(units, ddof=1))
    low, high = ends(mean, variance, len(units), n, confidence)
    return mean, float(low), float(high)
