"""Measurements of single chapters: the paper's protocol, Fréchet distances, order and neighbourhood, paths and great circles."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from toys import Rolling, X, Y, constant, g, three

from lt.latents import Latents
from lt.zoo import quality
from lt.zoo.quality import paper_protocol_accuracy

A, B = three("a"), three("b")

# ---------------------------------------------------------------- the paper's protocol


def test_paper_protocol_samples_and_balances():
    """One class is rare in the latents but weighs as much as the others, up to what there is of it."""
    y = torch.tensor([0] * 500 + [1] * 50 + [2] * 50)
    latents = Latents("a", torch.eye(3)[y], torch.zeros(600, 3), y)
    bridge = Rolling()
    assert paper_protocol_accuracy(bridge, A, B, latents, g(), per_class=50) == 1
    assert bridge.asked == [("a", "b", True)], "z' is sampled, in the direction asked"
    assert paper_protocol_accuracy(Rolling(1), A, B, latents, g(), per_class=50) == 0
    found = paper_protocol_accuracy(Rolling(), A, three("b", decode=constant), latents, g(), per_class=50)
    assert found == pytest.approx(1 / 3), "unbalanced latents would give 500 / 600"


def test_paper_protocol_takes_items_at_random_and_each_once():
    y = torch.arange(300) % 3
    latents = Latents("a", torch.cat([torch.arange(300.0).view(-1, 1), torch.zeros(300, 2)], -1), torch.zeros(300, 3), y)
    bridge = Rolling()
    for seed in (0, 0, 1):
        paper_protocol_accuracy(bridge, A, B, latents, g(seed), per_class=20)
    picks = [set(z[:, 0].tolist()) for z in bridge.seen]
    assert [len(p) for p in picks] == [60, 60, 60]
    assert picks[0] == picks[1]
    assert picks[0] != picks[2]
    assert [int(v) % 3 for v in bridge.seen[0][:, 0]].count(1) == 20


def test_paper_protocol_draws_z_from_its_posterior():
    """What is compared is the class of the *sampled* z before and after, so noise alone costs nothing."""
    latents, bridge = Latents("a", X, torch.full_like(X, 3.0), Y), Rolling()
    assert paper_protocol_accuracy(bridge, A, B, latents, g()) == 1
    assert bridge.seen[0].std() > 2


# ---------------------------------------------------------------- Fréchet distance


class Pass(nn.Module):
    """A judge whose features are its input."""

    def features(self, x):
        return x


def test_fid_of_a_set_with_itself_is_zero():
    x = torch.randn(500, 4, generator=g())
    assert quality.fid(Pass(), x, x) == pytest.approx(0, abs=1e-4)


def test_fid_of_two_gaussians_is_the_closed_form():
    """Axis-aligned Gaussians: squared distance of means plus squared distances of standard deviations (Dowson & Landau 1982)."""
    std, mean = torch.tensor([1.0, 2.0, 0.5]), torch.tensor([3.0, 0.0, -1.0])
    x, y = torch.randn(60_000, 3, generator=g()), torch.randn(60_000, 3, generator=g(1)) * std + mean
    assert quality.fid(Pass(), x, y) == pytest.approx((mean**2).sum().item() + ((std - 1) ** 2).sum().item(), rel=0.02)


# ---------------------------------------------------------------- order and neighbourhood


def angles(n: int, seed: int = 0) -> torch.Tensor:
    return 2 * math.pi * torch.rand(n, generator=g(seed))


@given(st.floats(0, 6.28), st.sampled_from([-1, 1]))
def test_circular_rank_correlation_sees_order_and_neither_shift_nor_direction(shift, sign):
    t = angles(200)
    assert quality.circular_rank_correlation(t, t) == pytest.approx(1)
    assert quality.circular_rank_correlation(t, torch.remainder(sign * t + shift, 2 * math.pi)) == pytest.approx(1, abs=1e-3)


def test_circular_rank_correlation_needs_order_only():
    t = angles(200)
    assert quality.circular_rank_correlation(t, t**3) == pytest.approx(1)


def test_circular_rank_correlation_of_independent_attributes_is_small():
    values = [quality.circular_rank_correlation(angles(400, 2 * s), angles(400, 2 * s + 1)) for s in range(30)]
    assert np.mean(values) < 3 / math.sqrt(400)
    assert max(values) < 0.25


def test_circular_rank_correlation_falls_as_noise_grows():
    t = angles(500)
    values = [
        quality.circular_rank_correlation(t, torch.remainder(t + s * torch.randn(500, generator=g(1)), 2 * math.pi))
        for s in (0.05, 0.5, 1.5)
    ]
    assert 1 > values[0] > values[1] > values[2]


def test_folding_a_circle_is_not_keeping_its_order():
    t = angles(400)
    assert quality.circular_rank_correlation(t, t.cos()) < 0.7


def test_neighbours_are_kept_by_isometries_and_scaling():
    a = torch.randn(150, 4, generator=g())
    rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=g(1)))
    assert quality.neighbours_kept(a, a) == 1
    assert quality.neighbours_kept(a, 3 * a @ rotation + 5) > 0.999
    assert quality.neighbours_kept(a, torch.cat([a, torch.zeros(150, 3)], -1)) == 1


def test_neighbours_of_independent_points_are_kept_by_chance():
    a, b = torch.randn(400, 3, generator=g(0)), torch.randn(400, 3, generator=g(1))
    assert quality.neighbours_kept(a, b, k=20) == pytest.approx(20 / 399, abs=0.012)


def test_neighbours_kept_is_symmetric_and_falls_as_noise_grows():
    a = torch.randn(200, 3, generator=g())
    noise = torch.randn(200, 3, generator=g(1))
    kept = [quality.neighbours_kept(a, a + s * noise) for s in (0.01, 0.3, 3)]
    assert 1 > kept[0] > kept[1] > kept[2]
    assert quality.neighbours_kept(a, a + 0.3 * noise) == pytest.approx(quality.neighbours_kept(a + 0.3 * noise, a))


def test_a_point_is_not_its_own_neighbour():
    """Two pairs far apart: with k = 1 each point's neighbour is its partner; swapping partners keeps none."""
    a = torch.tensor([[0.0], [1], [10], [11]])
    b = torch.tensor([[0.0], [10], [1], [11]])
    assert quality.neighbours_kept(a, a, k=1) == 1
    assert quality.neighbours_kept(a, b, k=1) == 0


# ---------------------------------------------------------------- paths


def test_even_steps_and_a_single_jump():
    line = torch.linspace(0, 1, 9)[:, None] * torch.tensor([3.0, 4.0])
    jump = torch.zeros(9, 2)
    jump[5:] = 1
    x = torch.stack([line, jump])
    torch.testing.assert_close(quality.step_sizes(x)[0], torch.full((8,), 5 / 8))
    torch.testing.assert_close(quality.largest_step(x), torch.tensor([1.0, 8.0]))
    assert quality.largest_step(torch.zeros(1, 4, 2)).item() == 0, "a path that does not move has no largest step"


def test_steps_of_pictures_are_those_of_their_pixels():
    x = torch.rand(3, 5, 1, 4, 6, generator=g())
    torch.testing.assert_close(quality.step_sizes(x), quality.step_sizes(x.flatten(2)))


def test_a_random_walk_is_even_but_long_and_a_still_one_has_no_largest_step():
    line = torch.linspace(0, 1, 17)[None, :, None].expand(5, 17, 2)
    length = quality.step_sizes(line).sum(-1).mean().item()
    smooth = quality.smoothness(line, length)
    assert smooth["path_length"] == pytest.approx(1)
    assert smooth["largest_step"] == pytest.approx(1, abs=1e-4)
    wild = quality.smoothness(torch.rand(5, 17, 2, generator=g()), length)
    assert wild["path_length"] > 4
    assert wild["largest_step"] < 4
    assert quality.smoothness(torch.zeros(5, 17, 2), length) == {"path_length": 0}


def test_walks_are_great_circles_between_their_ends():
    start, end = torch.randn(2, 3, 5, generator=g())
    paths = quality.walks(start, end, 9)
    assert paths.shape == (3, 9, 5)
    for path, a, b in zip(paths, start, end, strict=True):
        torch.testing.assert_close(path, quality.slerp(a, b, torch.linspace(0, 1, 9)))


# ---------------------------------------------------------------- great circles

ends = st.lists(st.floats(-3, 3), min_size=5, max_size=5).map(torch.tensor)
T = torch.linspace(0, 1, 9)


@given(ends, ends)
def test_slerp_meets_its_ends_and_its_lengths_go_evenly(a, b):
    path = quality.slerp(a, b, T)
    torch.testing.assert_close(path[0], a, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(path[-1], b, atol=1e-3, rtol=1e-3)
    cosine = torch.nn.functional.cosine_similarity(a, b, 0)
    if a.norm() > 0.1 and b.norm() > 0.1 and cosine.abs() < 0.999:
        torch.testing.assert_close(path.norm(dim=-1), a.norm() + T * (b.norm() - a.norm()), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(quality.slerp(b, a, T).flip(0), path, atol=1e-4, rtol=1e-3)


def test_slerp_turns_at_constant_speed():
    path = quality.slerp(torch.tensor([2.0, 0, 0]), torch.tensor([0, 2.0, 0]), T)
    angle = torch.atan2(path[:, 1], path[:, 0])
    torch.testing.assert_close(angle, T * torch.pi / 2, atol=1e-5, rtol=1e-5)


def test_slerp_is_lerp_for_small_angles_and_for_one_direction():
    a = torch.tensor([1.0, 2.0, -1.0])
    for b in (a + torch.tensor([1e-3, 0, 1e-3]), 3 * a, torch.zeros(3)):
        torch.testing.assert_close(quality.slerp(a, b, T), a + T[:, None] * (b - a), atol=1e-5, rtol=1e-5)


def test_slerp_between_opposite_points_stays_on_the_sphere():
    a = torch.tensor([0.6, 0.8, 0.0])
    path = quality.slerp(a, -a, T)
    torch.testing.assert_close(path.norm(dim=-1), torch.ones(9), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(path[-1], -a, atol=1e-5, rtol=1e-5)
    assert abs(path[4] @ a) < 1e-5
