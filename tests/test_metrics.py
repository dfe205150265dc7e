"""Metrics: known numbers, known limits, and protocols on models whose answer is known beforehand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from toys import Rolling, X, Y, constant, g, held, three

from lt import metrics
from lt.metrics import transfer_accuracy
from lt.zoo.quality import trustworthiness_by_chance

A, B = three("a"), three("b")

# ---------------------------------------------------------------- agreement and accuracies


def test_agreement_is_a_share():
    assert metrics.agreement(Y, Y) == 1
    assert metrics.agreement(Y, (Y + 1) % 3) == 0
    assert metrics.agreement(torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 0])) == 0.75


def test_reconstruction_accuracy_of_a_perfect_and_of_a_constant_model():
    assert metrics.reconstruction_accuracy(A, X) == 1
    assert metrics.reconstruction_accuracy(three("a", decode=constant), X) == pytest.approx(1 / 3)


def test_a_perfect_bridge_scores_one_and_a_rolling_one_zero():
    assert set(transfer_accuracy(Rolling(0), A, B, X, held(A), g()).values()) == {1.0}
    assert set(transfer_accuracy(Rolling(1), A, B, X, held(A), g()).values()) == {0.0}


def test_a_constant_result_scores_the_share_of_its_class():
    found = transfer_accuracy(Rolling(), A, three("b", decode=constant), X, held(A), g())
    assert list(found.values()) == pytest.approx([1 / 3] * 3)


def test_the_judges_of_both_sides_are_used_each_on_its_own_side():
    """A source judge that is always one class off makes predicted labels disagree, but true labels do not ask it."""

    def off_by_one(x):
        return x.roll(1, -1)

    found = transfer_accuracy(Rolling(), three("a", judge=off_by_one), B, X, held(A), g())
    assert found["transfer_accuracy"] == 0
    assert found["transfer_accuracy_true_label"] == 1
    found = transfer_accuracy(Rolling(), A, three("b", judge=off_by_one), X, held(A), g())
    assert found["transfer_accuracy_true_label"] == 0


def test_wrong_true_labels_touch_only_the_true_label_row():
    found = transfer_accuracy(Rolling(), A, B, X, held(A, y=(Y + 1) % 3), g())
    assert found == {"transfer_accuracy": 1, "transfer_accuracy_true_label": 0, "transfer_accuracy_sampled": 1}


def test_sampling_touches_only_the_sampled_row_and_comes_from_the_generator():
    many, wide = X.repeat(20, 1), three("a", 2.0)
    runs = [transfer_accuracy(Rolling(), wide, B, many, held(wide, many, Y.repeat(20)), g(s)) for s in (0, 0, 1)]
    assert all(r["transfer_accuracy"] == r["transfer_accuracy_true_label"] == 1 for r in runs)
    # argmax of three normals (std 2) of which one has mean 1 and the others 0
    x = torch.randn(400_000, 3, generator=g(9)) * 2 + torch.tensor([1.0, 0, 0])
    assert runs[0]["transfer_accuracy_sampled"] == pytest.approx((x.argmax(-1) == 0).float().mean().item(), abs=0.06)
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_bridge_is_asked_in_the_direction_of_the_transfer():
    bridge = Rolling()
    transfer_accuracy(bridge, B, A, X, held(B), g())
    assert bridge.asked == [("b", "a", False), ("b", "a", True)]


# ---------------------------------------------------------------- intervals


def test_interval_over_seeds_is_students():
    values = [0.91, 0.93, 0.92, 0.95, 0.90]
    mean, low, high = metrics.interval(values, 1000)
    expected = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert mean == pytest.approx(0.922)
    assert (low, high) == pytest.approx(expected)
    # by hand: sample deviation 0.019235, t(0.975, 4) = 2.776445
    assert high - mean == pytest.approx(2.776445 * 0.0192354 / math.sqrt(5), rel=1e-5)


def wilson(share: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


@given(st.integers(1, 500), st.data())
def test_interval_of_one_seed_is_wilsons(n, draw):
    hits = draw.draw(st.integers(0, n))
    mean, low, high = metrics.interval([hits / n], n)
    assert mean == pytest.approx(hits / n)
    assert (low, high) == pytest.approx(wilson(hits / n, n), abs=1e-6)
    assert -1e-12 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1 + 1e-12


def test_interval_of_one_seed_against_a_published_value():
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    assert metrics.interval([81 / 263], 263)[1:] == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_interval_of_a_share_stays_a_share():
    _, low, high = metrics.interval([0.99, 1.0], 100)
    assert high == 1
    _, low, high = metrics.interval([0.0, 0.01], 100)
    assert low == 0


def test_interval_of_something_that_is_no_share():
    """An FID has no Wilson interval and no limit at one."""
    assert metrics.interval([12.5]) == (12.5, None, None)
    mean, low, high = metrics.interval([10.0, 14.0])
    assert mean == 12
    assert low < 0
    assert high > 24


def test_more_confidence_is_a_wider_interval():
    for values in ([0.9], [0.9, 0.92, 0.91]):
        _, low, high = metrics.interval(values, 100, 0.95)
        _, lower, higher = metrics.interval(values, 100, 0.99)
        assert lower < low < high < higher


@pytest.mark.parametrize("share", [0.05, 0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("n", [50, 200, 1000])
def test_intervals_of_a_share_cover_it_ninety_five_times_in_a_hundred(share, n):
    """The exact coverage: the chance of each count of hits, added up where its interval holds the truth."""
    chance = stats.binom.pmf(np.arange(n + 1), n, share)
    likely = np.flatnonzero(chance > 1e-6)
    covered = sum(chance[k] for k in likely if (found := metrics.interval([k / n], n))[1] <= share <= found[2])
    assert covered == pytest.approx(0.95, abs=0.04)


def test_exact_coverage_averages_to_ninety_five_percent():
    found = [metrics.interval([k / 100], 100)[1:] for k in range(101)]
    coverage = []
    for share in np.linspace(0.02, 0.98, 97):
        chance = stats.binom.pmf(np.arange(101), 100, share)
        coverage.append(sum(p for p, (low, high) in zip(chance, found, strict=True) if low <= share <= high))
    assert np.mean(coverage) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("seeds", [2, 5])
def test_intervals_over_seeds_cover_the_mean_ninety_five_times_in_a_hundred(seed, seeds):
    draws = np.random.default_rng(seed).normal(3.0, 0.7, (1000, seeds))
    covered = np.mean([low <= 3.0 <= high for _, low, high in (metrics.interval(list(values)) for values in draws)])
    assert covered == pytest.approx(0.95, abs=0.025), "the standard error is 0.007"


# ---------------------------------------------------------------- variety and neighbourhood


def test_trustworthiness_of_isometries_is_one_and_falls_with_noise():
    a, y = torch.randn(200, 3, generator=g()), torch.arange(200) % 2
    noise = torch.randn(200, 3, generator=g(1))
    values = [metrics.trustworthiness(a, 2 * a + 5 + s * noise, y, g(2)) for s in (0, 0.5, 20)]
    assert values[0] == pytest.approx(1, abs=1e-6)
    assert values[0] > values[1] > values[2]
    assert values[2] == pytest.approx(trustworthiness_by_chance(100), abs=0.06)


def test_too_few_items_for_neighbours_are_named(lt_error):
    with lt_error("class 0", "10 items", "lower k"):
        metrics.trustworthiness(torch.randn(10, 2), torch.randn(10, 2), torch.zeros(10).long(), g())


def test_diversity_by_hand():
    x = torch.tensor([[0.0, 0], [3, 4], [1, 1], [1, 1]])
    assert metrics.diversity(x, torch.tensor([0, 0, 1, 1])) == 2.5, "distance 5 in one class, 0 in the other"
