"""Intervals: known formulas at the limits, and coverage on simulated data whose truth is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lt.metrics import Estimate, Score, difference, estimate, locality, transfer_score

SETS = (1, 4, 6)  # that chapters use, over the same test items


def scores(rows) -> list[Score]:
    return [Score({"m": float(np.nanmean(row))}, {"m": row}) for row in rows]


def ends(found: Estimate) -> tuple[float | None, float | None]:
    return found.low, found.high


def covered(found, truth) -> float:
    return float(
        np.mean([e.low <= t <= e.high for e, t in zip(found, np.broadcast_to(truth, len(found)), strict=True)])
    )


@given(st.integers(1, 500), st.data())
def test_one_share_has_wilsons_interval_and_equal_sets_have_it_too(n, draw):
    count = draw.draw(st.integers(0, n))
    expected = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    hits = np.arange(n) < count
    for found in (estimate([count / n] * 3, n=n), estimate(scores([hits]), "m"), estimate(scores([hits] * 4), "m")):
        assert (found.value, *ends(found)) == pytest.approx((count / n, *expected), abs=1e-9)
        assert found.share
        assert found.n == n
    assert ends(estimate([81 / 263], n=263)) == pytest.approx((0.2553, 0.3662), abs=5e-5), "Newcombe 1998, table I"


def test_without_items_it_is_students_and_one_number_has_none():
    for values in ([10.0, 14.0, 13.0], [Score({"m": value}, {}) for value in (10.0, 14.0, 13.0)]):
        expected = stats.t.interval(0.95, 2, loc=37 / 3, scale=stats.sem([10, 14, 13]))
        assert ends(estimate(values, "m")) == pytest.approx(expected)
    assert estimate([12.5]) == Estimate(12.5, None, None, (12.5,))
    assert estimate([0.3] * 4) == Estimate(0.3, None, None, (0.3,) * 4), "a repetition tells nothing of other models"


def test_one_set_has_the_interval_of_the_items_that_were_looked_at():
    x = np.random.default_rng(0).normal(2, 1, 400)
    found = estimate(scores([np.concatenate([[np.nan] * 50, x])]), "m")
    assert ends(found) == pytest.approx(stats.norm.interval(0.95, x.mean(), x.std() / 20))
    assert found.n == 400


def test_errors_that_sets_do_not_share_are_counted_once():
    """Other items in each of six sets: Student's t alone. Items of numbers may be the same: they are added to it."""
    rows = np.random.default_rng(1).random((6, 2000)) < 0.9
    found, unsure = estimate(scores(rows), "m"), estimate(list(rows.mean(1)), n=2000)
    half = stats.t.ppf(0.975, 5) * stats.sem(rows.mean(1))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)
    assert (unsure.high - unsure.low) / 2 > 1.2 * half


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(0, 9))
def test_shares_stay_shares_and_sets_have_no_order(counts, seed):
    rows = [np.random.default_rng(seed + i).permutation(50) < count for i, count in enumerate(counts)]
    found, again = estimate(scores(rows), "m"), estimate(scores([row[::-1] for row in rows[::-1]]), "m")
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (again.value, *ends(again)) == pytest.approx((found.value, *ends(found)))


def test_what_is_no_measurement_is_named(lt_error):
    for wrong in ([], [math.nan], [0.5, math.inf]):
        with lt_error("finite number per set"):
            estimate(wrong)
    with lt_error("from 0 to 1"):
        estimate([1.2], n=10)
    with lt_error("2 and 1 sets"):
        difference([0.5, 0.6], [0.4])
    with lt_error("10 and 9 items"):
        difference(scores([np.ones(10)]), scores([np.ones(9)]), "m")


def test_differences_are_paired_over_sets_and_items_and_so_narrower():
    draws = np.random.default_rng(2)
    items, sets = draws.normal(0, 1, 500), draws.normal(0, 0.2, (4, 1))
    a, b = (scores(items + sets + shift + 0.1 * draws.normal(0, 1, (4, 500))) for shift in (0.05, 0))
    paired, one, other = difference(a, b, "m"), estimate(a, "m"), estimate(b, "m")
    assert paired.high - paired.low < math.hypot(one.high - one.low, other.high - other.low) / 5
    assert paired.low > 0
    assert one.low < other.high, "which two separate intervals would not tell"
    assert paired.value == pytest.approx(one.value - other.value)
    assert ends(difference(b, a, "m")) == pytest.approx((-paired.high, -paired.low))


def test_differences_of_numbers_and_of_what_is_unknown():
    assert ends(difference([3.0, 5.0, 4.0], [1.0, 1.0, 1.0])) == ends(estimate([2.0, 4.0, 3.0]))
    one = scores([np.random.default_rng(3).normal(2, 1, 400)])
    low, high = ends(estimate(one, "m"))
    assert ends(difference(one, [1.5], "m")) == pytest.approx((low - 1.5, high - 1.5)), "a number counts as exact"
    assert ends(difference(one, one, "m")) == (0, 0)
    assert difference([Score({"m": None}, {})], one, "m").value is None


# ---------------------------------------------------------------- coverage

# An item is a hit if its difficulty and the weakness of the set are below a bound. Standard deviation between sets, and
# the part of an item's difficulty that all sets share. With one set the truth is that of this set.
REGIMES = {"items": (0.0, 0.9), "sets": (0.15, 0.3), "both": (0.1, 0.5), "neither": (0.0, 0.0)}
REPLICATES = 800  # the standard error of a coverage of 0.95 is 0.008


@pytest.mark.parametrize("sets", SETS)
@pytest.mark.parametrize("regime", REGIMES)
def test_intervals_of_shares_and_their_differences_cover_the_truth(regime, sets):
    (of_sets, common), draws, shape = (
        REGIMES[regime],
        np.random.default_rng([sets, len(regime)]),
        (REPLICATES, sets, 500),
    )
    items, weakness = draws.standard_normal((REPLICATES, 1, 500)), of_sets * draws.standard_normal((*shape[:2], 1))
    found, truth = [], []
    for bound in (1.5, 1.3):
        hits = np.sqrt(common) * items + np.sqrt(1 - common) * draws.standard_normal(shape) + weakness < bound
        found.append([scores(rows) for rows in hits])
        truth.append(stats.norm.cdf(bound - weakness[:, 0, 0] if sets == 1 else bound / math.hypot(1, of_sets)))
    assert 0.93 <= covered([estimate(one, "m") for one in found[0]], truth[0]) <= 0.97
    pairs = zip(*found, strict=True)
    assert 0.93 <= covered([difference(a, b, "m") for a, b in pairs], truth[0] - truth[1]) <= 0.97


@pytest.mark.parametrize("sets", SETS)
def test_intervals_of_diversity_and_its_differences_cover_the_truth(sets):
    """Gaussian items that sets share in part, scaled by a set's factor, a tenth of them wrong, and the target's own."""
    draws, label, found = torch.Generator().manual_seed(sets), torch.zeros(60).long(), []
    factors = (0.05 * torch.randn(REPLICATES // math.isqrt(sets), sets, generator=draws)).exp()
    for factor in factors:
        (x, real), made = torch.randn(2, 60, 3, generator=draws), ([], [])
        for one in factor:
            own, *results = torch.stack([real, x, x]) + 0.5 * torch.randn(3, 60, 3, generator=draws)
            for scores_, scale, result in zip(made, (1, 0.9), results, strict=True):
                after = (torch.rand(60, generator=draws) > 0.9).long()
                given = (scale * one * result, x, label - 1, label, lambda _, after=after: after)
                scores_.append(transfer_score(*given, own=own, own_y=label))
        found.append((estimate(made[0], "diversity"), difference(*made, "diversity")))
    truth = factors[:, 0].numpy() if sets == 1 else math.exp(0.05**2 / 2)
    single, paired = zip(*found, strict=True)
    assert 0.93 <= covered(single, truth) <= 0.97
    assert 0.93 <= covered(paired, 0.1 * truth) <= 0.97


def test_intervals_of_locality_cover_the_truth():
    """One linear map of fresh items in four classes; the truth is the mean of all. So few items make them wide."""
    draws, y = torch.Generator().manual_seed(0), torch.arange(240) % 4
    turn = torch.randn(8, 3, generator=draws)
    found = [locality(z, z @ turn, y, k=5) for z in torch.randn(200, 240, 8, generator=draws)]
    for metric in ("trustworthiness", "continuity"):
        truth = np.mean([one[metric] for one in found])
        assert 0.93 <= covered([estimate([one], metric) for one in found], truth) <= 0.985
