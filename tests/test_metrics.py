"""Metrics: known numbers, known limits, and protocols on models whose answer is known beforehand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from lt import metrics
from lt.domains import Domain, Latents


class OneHotModel(nn.Module):
    """A base model whose latents are its data: three numbers, the class is the largest."""

    def encode(self, x):
        return x, torch.full_like(x, self.std)

    def decode(self, z):
        return z

    def __init__(self, std: float = 0.0):
        super().__init__()
        self.std = std


class Broken(OneHotModel):
    """Decodes everything as class 0."""

    def decode(self, z):
        return torch.eye(3)[torch.zeros(len(z), dtype=torch.int64)]


class Bridge:
    """Rolls classes by ``shift`` when it goes from 0 to 1 and back again; records how it was asked."""

    def __init__(self, shift: int = 0):
        self.shift, self.asked = shift, []

    def transfer(self, z, source, target, generator=None):
        self.asked.append((source, target, generator is not None))
        if generator is not None:
            z = z + 0 * torch.randn(z.shape, generator=generator)
        return z.roll(self.shift * (target - source), -1)


def domain(std: float = 0.0, model=OneHotModel, judge: nn.Module | None = None) -> Domain:
    return Domain("toy", model(std), judge or nn.Identity())


X = torch.eye(3)[torch.arange(60) % 3]
Y = torch.arange(60) % 3


def g(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---------------------------------------------------------------- agreement and accuracies


def test_agreement_is_a_share():
    assert metrics.agreement(Y, Y) == 1
    assert metrics.agreement(Y, (Y + 1) % 3) == 0
    assert metrics.agreement(torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 0])) == 0.75


def test_reconstruction_accuracy_of_a_perfect_and_of_a_constant_model():
    assert metrics.reconstruction_accuracy(domain(), X) == 1
    assert metrics.reconstruction_accuracy(domain(model=Broken), X) == pytest.approx(1 / 3)


def held(source: Domain, x: torch.Tensor = X, y: torch.Tensor = Y) -> Latents:
    return Latents("toy", *source.encode(x), y)


def test_a_perfect_bridge_scores_one_and_a_rolling_one_zero():
    assert set(metrics.transfer_accuracy(Bridge(0), (domain(), 0), (domain(), 1), X, held(domain()), g()).values()) == {1.0}
    assert set(metrics.transfer_accuracy(Bridge(1), (domain(), 0), (domain(), 1), X, held(domain()), g()).values()) == {0.0}


def test_a_constant_result_scores_the_share_of_its_class():
    found = metrics.transfer_accuracy(Bridge(), (domain(), 0), (domain(model=Broken), 1), X, held(domain()), g())
    assert list(found.values()) == pytest.approx([1 / 3] * 3)


def test_the_judges_of_both_sides_are_used_each_on_its_own_side():
    """A source judge that is always one class off makes predicted labels disagree, but true labels do not ask it."""

    class OffByOne(nn.Module):
        def forward(self, x):
            return x.roll(1, -1)

    found = metrics.transfer_accuracy(Bridge(), (domain(judge=OffByOne()), 0), (domain(), 1), X, held(domain()), g())
    assert found["transfer_accuracy"] == 0
    assert found["transfer_accuracy_true_label"] == 1
    found = metrics.transfer_accuracy(Bridge(), (domain(), 0), (domain(judge=OffByOne()), 1), X, held(domain()), g())
    assert found["transfer_accuracy_true_label"] == 0


def test_wrong_true_labels_touch_only_the_true_label_row():
    found = metrics.transfer_accuracy(Bridge(), (domain(), 0), (domain(), 1), X, held(domain(), y=(Y + 1) % 3), g())
    assert found == {"transfer_accuracy": 1, "transfer_accuracy_true_label": 0, "transfer_accuracy_sampled": 1}


def test_sampling_touches_only_the_sampled_row_and_comes_from_the_generator():
    many = X.repeat(20, 1)
    runs = [
        metrics.transfer_accuracy(Bridge(), (domain(2.0), 0), (domain(), 1), many, held(domain(2.0), many, Y.repeat(20)), g(s))
        for s in (0, 0, 1)
    ]
    assert all(r["transfer_accuracy"] == r["transfer_accuracy_true_label"] == 1 for r in runs)
    # argmax of three normals (std 2) of which one has mean 1 and the others 0
    x = torch.randn(400_000, 3, generator=g(9)) * 2 + torch.tensor([1.0, 0, 0])
    assert runs[0]["transfer_accuracy_sampled"] == pytest.approx((x.argmax(-1) == 0).float().mean().item(), abs=0.06)
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_bridge_is_asked_in_the_direction_of_the_transfer():
    bridge = Bridge()
    metrics.transfer_accuracy(bridge, (domain(), 1), (domain(), 0), X, held(domain()), g())
    assert bridge.asked == [(1, 0, False), (1, 0, True)]


# ---------------------------------------------------------------- the paper's protocol


def test_paper_protocol_samples_and_balances():
    """One class is rare in the latents but weighs as much as the others, up to what there is of it."""
    y = torch.tensor([0] * 500 + [1] * 50 + [2] * 50)
    latents = Latents("toy", torch.eye(3)[y], torch.zeros(600, 3), y)
    bridge = Bridge()
    assert metrics.paper_protocol_accuracy(bridge, (domain(), 0), (domain(), 1), latents, g(), per_class=50) == 1
    assert bridge.asked == [(0, 1, True)], "z' is sampled, in the direction asked"
    assert metrics.paper_protocol_accuracy(Bridge(1), (domain(), 0), (domain(), 1), latents, g(), per_class=50) == 0
    constant = metrics.paper_protocol_accuracy(Bridge(), (domain(), 0), (domain(model=Broken), 1), latents, g(), per_class=50)
    assert constant == pytest.approx(1 / 3), "unbalanced latents would give 500 / 600"


def test_paper_protocol_takes_items_at_random_and_each_once():
    seen = []

    class Watch(Bridge):
        def transfer(self, z, source, target, generator=None):
            seen.append(z)
            return z

    y = torch.arange(300) % 3
    latents = Latents("toy", torch.cat([torch.arange(300.0).view(-1, 1), torch.zeros(300, 2)], -1), torch.zeros(300, 3), y)
    for seed in (0, 0, 1):
        metrics.paper_protocol_accuracy(Watch(), (domain(), 0), (domain(), 1), latents, g(seed), per_class=20)
    picks = [set(z[:, 0].tolist()) for z in seen]
    assert [len(p) for p in picks] == [60, 60, 60]
    assert picks[0] == picks[1]
    assert picks[0] != picks[2]
    assert [int(v) % 3 for v in seen[0][:, 0]].count(1) == 20


def test_paper_protocol_draws_z_from_its_posterior():
    """What is compared is the class of the *sampled* z before and after, so noise alone costs nothing."""
    latents = Latents("toy", X, torch.full_like(X, 3.0), Y)
    assert metrics.paper_protocol_accuracy(Bridge(), (domain(), 0), (domain(), 1), latents, g()) == 1
    seen = []

    class Watch(Bridge):
        def transfer(self, z, source, target, generator=None):
            seen.append(z)
            return z

    metrics.paper_protocol_accuracy(Watch(), (domain(), 0), (domain(), 1), latents, g())
    assert seen[0].std() > 2


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


def test_ninety_five_percent_of_intervals_cover():
    rng = np.random.default_rng(0)
    hits = [low <= 0.8 <= high for _, low, high in (metrics.interval([rng.binomial(200, 0.8) / 200], 200) for _ in range(400))]
    assert 0.92 < np.mean(hits) < 0.98


# ---------------------------------------------------------------- order and neighbourhood


def angles(n: int, seed: int = 0) -> torch.Tensor:
    return 2 * math.pi * torch.rand(n, generator=g(seed))


@given(st.floats(0, 6.28), st.sampled_from([-1, 1]))
def test_circular_rank_correlation_sees_order_and_neither_shift_nor_direction(shift, sign):
    t = angles(200)
    assert metrics.circular_rank_correlation(t, t) == pytest.approx(1)
    assert metrics.circular_rank_correlation(t, torch.remainder(sign * t + shift, 2 * math.pi)) == pytest.approx(1, abs=1e-3)


def test_circular_rank_correlation_needs_order_only():
    t = angles(200)
    assert metrics.circular_rank_correlation(t, t**3) == pytest.approx(1)


def test_circular_rank_correlation_of_independent_attributes_is_small():
    values = [metrics.circular_rank_correlation(angles(400, 2 * s), angles(400, 2 * s + 1)) for s in range(30)]
    assert np.mean(values) < 3 / math.sqrt(400)
    assert max(values) < 0.25


def test_circular_rank_correlation_falls_as_noise_grows():
    t = angles(500)
    values = [
        metrics.circular_rank_correlation(t, torch.remainder(t + s * torch.randn(500, generator=g(1)), 2 * math.pi))
        for s in (0.05, 0.5, 1.5)
    ]
    assert 1 > values[0] > values[1] > values[2]


def test_folding_a_circle_is_not_keeping_its_order():
    t = angles(400)
    assert metrics.circular_rank_correlation(t, t.cos()) < 0.7


def test_neighbours_are_kept_by_isometries_and_scaling():
    a = torch.randn(150, 4, generator=g())
    rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=g(1)))
    assert metrics.neighbours_kept(a, a) == 1
    assert metrics.neighbours_kept(a, 3 * a @ rotation + 5) > 0.999
    assert metrics.neighbours_kept(a, torch.cat([a, torch.zeros(150, 3)], -1)) == 1


def test_neighbours_of_independent_points_are_kept_by_chance():
    a, b = torch.randn(400, 3, generator=g(0)), torch.randn(400, 3, generator=g(1))
    assert metrics.neighbours_kept(a, b, k=20) == pytest.approx(20 / 399, abs=0.012)


def test_neighbours_kept_is_symmetric_and_falls_as_noise_grows():
    a = torch.randn(200, 3, generator=g())
    noise = torch.randn(200, 3, generator=g(1))
    kept = [metrics.neighbours_kept(a, a + s * noise) for s in (0.01, 0.3, 3)]
    assert 1 > kept[0] > kept[1] > kept[2]
    assert metrics.neighbours_kept(a, a + 0.3 * noise) == pytest.approx(metrics.neighbours_kept(a + 0.3 * noise, a))


def test_a_point_is_not_its_own_neighbour():
    """Two pairs far apart: with k = 1 each point's neighbour is its partner; swapping partners keeps none."""
    a = torch.tensor([[0.0], [1], [10], [11]])
    b = torch.tensor([[0.0], [10], [1], [11]])
    assert metrics.neighbours_kept(a, a, k=1) == 1
    assert metrics.neighbours_kept(a, b, k=1) == 0


# ---------------------------------------------------------------- paths


def test_even_steps_and_a_single_jump():
    line = torch.linspace(0, 1, 9)[:, None] * torch.tensor([3.0, 4.0])
    jump = torch.zeros(9, 2)
    jump[5:] = 1
    x = torch.stack([line, jump])
    torch.testing.assert_close(metrics.step_sizes(x)[0], torch.full((8,), 5 / 8))
    torch.testing.assert_close(metrics.largest_step(x), torch.tensor([1.0, 8.0]))
    assert metrics.largest_step(torch.zeros(1, 4, 2)).item() == 0, "a path that does not move has no largest step"


def test_steps_of_pictures_are_those_of_their_pixels():
    x = torch.rand(3, 5, 1, 4, 6, generator=g())
    torch.testing.assert_close(metrics.step_sizes(x), metrics.step_sizes(x.flatten(2)))
