"""Finding the same item again: numbers that can be said in closed form, and their floors."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toys import g

from lt.zoo.retrieval import linear_cka, mutual_neighbours, permutation_floor, retrieval


def spread(n: int, d: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=g(seed))


def test_a_space_finds_itself():
    x = spread(700)
    assert retrieval(x, x) == {"top1": 1.0, "mrr": pytest.approx(1.0)}
    assert mutual_neighbours(x, x) == 1
    assert linear_cka(x, x) == pytest.approx(1)


@given(st.integers(2, 40))
def test_one_point_for_all_is_chance(n):
    found = torch.zeros(n, 3) + torch.tensor([1.0, 2.0, 3.0])
    scores = retrieval(found, torch.eye(n, 3) if n <= 3 else found)
    if n > 3:  # everything is equal to everything
        assert scores["top1"] == pytest.approx(1 / n)
        assert scores["mrr"] == pytest.approx(sum(1 / k for k in range(1, n + 1)) / n)


@given(st.integers(0, 11))
def test_the_rank_of_a_point_on_a_circle(shift):
    """Twelve points on a circle, looked up `shift` steps away: those that are nearer come first, and one more is as near on the other side."""
    angle = torch.arange(12, dtype=torch.float64) * 2 * math.pi / 12
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    away = min(shift, 12 - shift)
    ranks = [1] if away == 0 else [12] if away == 6 else [2 * away, 2 * away + 1]
    scores = retrieval(circle.roll(shift, 0), circle)
    assert scores["mrr"] == pytest.approx(sum(1 / rank for rank in ranks) / len(ranks))
    assert scores["top1"] == (away == 0)


def test_a_length_and_a_shift_of_both_do_not_count():
    x, y = spread(50), spread(50) + 0.3 * spread(50, seed=1)
    centre = y.mean(0)
    assert retrieval(3 * (x - centre) + centre + 7, y + 7)["mrr"] == pytest.approx(retrieval(x, y)["mrr"], abs=1e-6)


def test_cka_and_neighbours_do_not_see_a_rotation_and_have_a_floor():
    x = spread(300, 6)
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, generator=g(3)))
    y = 2 * x @ rotation + 1
    assert linear_cka(x, y) == pytest.approx(1, abs=1e-5)
    assert mutual_neighbours(x, y) == pytest.approx(1, abs=1e-3)
    assert permutation_floor(mutual_neighbours, x, y, g()) == pytest.approx(10 / 299, abs=0.01)
    # of independent Gaussians about d / n
    assert permutation_floor(linear_cka, x, y, g()) == pytest.approx(6 / 300, abs=0.015)


def test_cka_of_orthogonal_columns_is_zero():
    one = torch.tensor([1.0, 1.0, -1.0, -1.0])[:, None]
    other = torch.tensor([1.0, -1.0, 1.0, -1.0])[:, None]
    assert linear_cka(one, other) == 0
    assert linear_cka(torch.cat([one, other], 1), one) == pytest.approx(1 / math.sqrt(2))


@pytest.mark.parametrize("score", [retrieval, mutual_neighbours, linear_cka])
def test_tables_of_unequal_length_are_an_error(score, lt_error):
    with lt_error("(3, 5) and (4, 5)", "as many rows"):
        score(spread(3), spread(4))
    with lt_error("at least one"):
        score(spread(0), spread(0))


def test_too_many_neighbours_are_an_error(lt_error):
    with lt_error("10 neighbours of 5 items", "from 1 to 4"):
        mutual_neighbours(spread(5), spread(5))
