"""Intervals of base models crossed with seeds: known formulas at the limits, and coverage on simulated data whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lt.tools.intervals import by_base_model, crossed_interval, ends, wilson

TRUTH, N, REPLICATES = 0.9, 20_000, 12_000  # the standard error of a coverage of 0.95 is 0.002
ITEMS = float(np.sqrt(TRUTH * (1 - TRUTH) / N))  # standard error that the items alone make
# standard deviations of base models and of seeds, in units of ITEMS
REGIMES = {
    "items": (0.0, 0.0),
    "base models": (20.0, 0.0),
    "seeds": (0.0, 20.0),
    "alike": (1.0, 1.0),
    "thrice": (3.0, 3.0),
    "mostly items": (0.3, 0.5),
}
DESIGNS = [(3, 3), (3, 5), (1, 5)]


def named(*words) -> np.random.Generator:
    return np.random.default_rng([ord(letter) for word in words for letter in str(word)])


def simulated(base_models, seeds, of_base, of_seeds, draws, replicates=REPLICATES) -> np.ndarray:
    """Values (replicates, base models, seeds): the effect of the items is binomial, and one for all models."""
    base = of_base * ITEMS * draws.standard_normal((replicates, base_models, 1))
    seed = of_seeds * ITEMS * draws.standard_normal((replicates, base_models, seeds))
    return draws.binomial(N, TRUTH, (replicates, 1, 1)) / N + base + seed


def both_ends(values, n=N, confidence=0.95):
    """:func:`crossed_interval` of every replicate at once."""
    units = values.mean(2) if values.shape[1] > 1 else values[:, 0]
    return ends(np.clip(units.mean(1), 0, 1), units.var(1, ddof=1), units.shape[1], n, confidence)


def covered(low, high) -> float:
    return float(np.mean((low <= TRUTH) & (high >= TRUTH)))


def test_one_replicate_at_a_time_is_the_same():
    values = simulated(3, 5, 1, 1, named("same"), replicates=20)
    low, high = both_ends(values)
    for v, a, b in zip(values, low, high, strict=True):
        assert crossed_interval(v.tolist(), N) == pytest.approx((v.mean(), a, b))
        assert crossed_interval(v[0].tolist(), N)[1:] == pytest.approx([end.item() for end in both_ends(v[None, :1])])


@pytest.mark.parametrize("base_models, seeds", DESIGNS)
@pytest.mark.parametrize("regime", REGIMES)
def test_the_interval_covers_the_truth(regime, base_models, seeds):
    """One source of error alone: 95 %. Several alike: more, as the docstring says. Never less."""
    of_base, of_seeds = REGIMES[regime]
    # with one base model the truth is that of this base model: it has no error to make
    values = simulated(base_models, seeds, of_base if base_models > 1 else 0.0, of_seeds, named(regime, base_models, seeds))
    share = covered(*both_ends(values))
    assert share >= 0.935
    if regime in ("items", "base models", "seeds"):
        assert share == pytest.approx(0.95, abs=0.015)
    else:
        assert share <= 0.985


@pytest.mark.parametrize("base_models, seeds", DESIGNS)
def test_the_low_end_of_the_interval_of_ninety_percent_is_a_one_sided_bound_of_ninety_five(base_models, seeds):
    """Verdicts use it: in not more than about one in twenty replicates may it lie above the truth."""
    for regime, (of_base, of_seeds) in REGIMES.items():
        values = simulated(base_models, seeds, of_base if base_models > 1 else 0.0, of_seeds, named("one side", regime, base_models, seeds))
        low, high = both_ends(values, confidence=0.9)
        assert np.mean(low > TRUTH) <= 0.06, regime
        assert np.mean(high < TRUTH) <= 0.06, regime


def test_seeds_that_err_on_other_items_make_it_wider_than_needed_not_narrower():
    values = named("independent items").binomial(N, TRUTH, (REPLICATES, 3, 5)) / N
    assert covered(*both_ends(values)) > 0.98


def test_intervals_over_seeds_alone_are_too_narrow_when_items_are_shared():
    values = simulated(1, 5, 0, 0.3, named("seeds alone"))[:, 0]
    half = stats.t.ppf(0.975, 4) * values.std(1, ddof=1) / np.sqrt(5)
    assert covered(values.mean(1) - half, values.mean(1) + half) < 0.6


def test_a_hierarchical_percentile_bootstrap_over_three_base_models_covers_too_little():
    """Why the interval is a formula: three base models drawn with replacement vary by a third less than they should, and have no t."""
    draws, replicates, copies = named("bootstrap"), 800, 300
    values = simulated(3, 5, 3, 1, draws, replicates)
    base = draws.integers(0, 3, (replicates, copies, 3, 1))
    seed = draws.integers(0, 5, (replicates, copies, 3, 5))
    means = values[np.arange(replicates)[:, None, None, None], base, seed].mean((2, 3))
    means += draws.binomial(N, TRUTH, means.shape) / N - TRUTH
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    assert covered(low, high) < 0.88
    assert covered(*both_ends(values)) >= 0.935


@given(st.integers(1, 500), st.data())
def test_one_share_has_wilsons_interval(n, draw):
    hits = draw.draw(st.integers(0, n))
    mean, low, high = crossed_interval([hits / n], n)
    expected = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert (mean, low, high) == pytest.approx((hits / n, *expected), abs=1e-9)
    assert low <= mean <= high


@pytest.mark.parametrize("share", [0.0, 0.3, 0.97, 1.0])
def test_equal_replicas_have_the_interval_of_their_items_and_not_no_width(share):
    for values in ([share] * 5, [[share] * 3] * 3):
        _, low, high = crossed_interval(values, 1000)
        assert (low, high) == pytest.approx([float(end) for end in wilson(share, 1000)])
        assert high - low > 0
    assert crossed_interval([1.7] * 5) == (1.7, None, None), "nothing is known of other models, and there are no items to count"


def test_without_items_it_is_students():
    values = [10.0, 14.0, 13.0]
    assert crossed_interval(values)[1:] == pytest.approx(stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values)))
    nested = [[10.0, 12.0], [14.0], [13.0, 13.0, 16.0]]
    means = [11.0, 14.0, 14.0]
    mean, low, high = crossed_interval(nested)
    assert mean == pytest.approx(13), "every base model counts once, however many seeds it has"
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 2, loc=13, scale=stats.sem(means)))
    assert crossed_interval([12.5]) == (12.5, None, None)
    assert crossed_interval([[12.5]]) == (12.5, None, None)


shares = st.lists(st.lists(st.integers(0, 400).map(lambda hits: hits / 400), min_size=1, max_size=4), min_size=1, max_size=4)


@given(shares, st.integers(1, 5000))
def test_it_is_never_narrower_than_the_items_alone(values, n):
    mean, low, high = crossed_interval(values, n)
    of_items = [float(end) for end in wilson(mean, n)]
    assert 0 <= low <= of_items[0] + 1e-12
    assert of_items[1] - 1e-12 <= high <= 1
    wald = 1.96 * np.sqrt(mean * (1 - mean) / n)
    cut = np.sqrt(n / (n + 1.96**2))  # next to 1: how much narrower Wilson's is at one half
    assert high - low >= 2 * wald * cut - 1e-9 or low == 0 or high == 1


@given(st.floats(0.2, 0.8), st.floats(0, 0.1), st.floats(0, 0.1), st.sampled_from([0.9, 0.95, 0.99]))
def test_more_variance_or_more_confidence_is_a_wider_interval(mean, spread, more, confidence):
    def interval(s, c=confidence):
        return crossed_interval([[mean - s], [mean], [mean + s]], 1000, c)[1:]

    (low, high), (lower, higher) = interval(spread), interval(spread + more)
    assert lower <= low + 1e-12
    assert high <= higher + 1e-12
    lower, higher = interval(spread, 1 - (1 - confidence) / 2)
    assert lower < low or low == 0
    assert higher > high or high == 1


def test_what_is_no_measurement_is_named(lt_error):
    with lt_error("every base model needs a value"):
        crossed_interval([])
    with lt_error("every base model needs a value"):
        crossed_interval([[0.5], []])
    with lt_error("all numbers", "all lists"):
        by_base_model([0.5, [0.5]])
    with lt_error("finite"):
        crossed_interval([float("nan")])
    with lt_error("n = 10", "between 0 and 1"):
        crossed_interval([1.2], 10)
