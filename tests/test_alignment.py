"""Few labels spread to where they belong, clusters find their partners, a turned copy is found without a pair."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toys import g

from lt import alignment
from lt.alignment import hide_labels, label_subset, matched_clusters, refined, retrieval, spread_labels
from lt.latents import UNKNOWN, Latents


def turn(d: int, seed: int) -> torch.Tensor:
    """A rotation (d, d)."""
    return torch.linalg.qr(torch.randn(d, d, generator=g(seed)))[0]


def lopsided(name: str, seed: int, n: int = 300) -> Latents:
    """Three classes whose centres are 3, 4 and 6 apart, turned by the seed: distances alone tell them apart."""
    centres = torch.tensor([[0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0], [-1.1667, 3.8261, 0.0, 0.0]])
    y = torch.arange(n) % 3
    mean = (centres[y] + 0.6 * torch.randn(n, 4, generator=g(seed))) @ turn(4, seed) + seed
    return Latents(name, mean, torch.full((n, 4), 0.05), y)


def test_label_subsets_are_balanced_nested_and_stable(lt_error):
    y = torch.randint(10, (2000,), generator=g()) * 7 - 1  # class -1 is no class
    draws = {k: label_subset(y, k, g(5)) for k in (0, 1, 10, 100)}
    for k, index in draws.items():
        assert len(set(index.tolist())) == 9 * k, "each item once"
        assert y[index].unique(return_counts=True)[1].tolist() == [k] * 9 * bool(k)
    assert set(draws[1].tolist()) < set(draws[10].tolist()) < set(draws[100].tolist())
    assert torch.equal(draws[10], label_subset(y, 10, g(5)))
    assert not torch.equal(draws[10], label_subset(y, 10, g(6)))
    with lt_error("class 1 has 2 items", "3 are too many"):
        label_subset(torch.tensor([0, 0, 0, 1, 1]), 3, g())


def test_hidden_labels_are_gone_and_one_per_class_spreads_over_clear_clusters(lt_error):
    full = lopsided("a", 0)
    few = hide_labels(full, 4, g())
    known = few.y != UNKNOWN
    assert known.sum() == 12
    assert torch.equal(few.y[known], full.y[known])
    assert (spread_labels(hide_labels(full, 1, g())).y == full.y).double().mean() > 0.95
    few.y[known.nonzero()[0]] = (few.y[known.nonzero()[0]] + 1) % 3  # a wrong label, but given
    assert torch.equal(spread_labels(few).y[known], few.y[known])
    with lt_error("a: no label is known", "at least one per class"):
        spread_labels(hide_labels(full, 0, g()))


def test_the_graph_is_symmetric_has_no_scale_and_ignores_dimensions_that_carry_no_information():
    latents = lopsided("a", 0, n=90)
    graph = alignment._graph(latents)
    assert abs(graph - graph.T).max() == 0
    assert graph.max() <= 1
    assert (graph.getnnz(1) >= 10).all()
    small = replace(latents, mean=2**-10 * latents.mean, std=2**-10 * latents.std)
    assert abs(alignment._graph(small) - graph).max() < 1e-4
    prior = torch.cat([latents.mean, 0.1 * torch.randn(90, 40, generator=g())], 1)
    std = torch.cat([latents.std, torch.ones(90, 40)], 1)
    assert abs(alignment._graph(replace(latents, mean=prior, std=std)) - graph).max() == 0


def test_clusters_are_matched_without_a_label():
    full = lopsided("a", 0), lopsided("b", 1, n=240)  # unequal sizes
    blind = [replace(d, y=torch.full_like(d.y, UNKNOWN)) for d in full]
    found = matched_clusters(*blind, 3)
    share = [
        torch.tensor([[(d.y[truth.y == t] == k).double().mean() for k in range(3)] for t in range(3)])
        for d, truth in zip(found, full, strict=True)
    ]
    assert (share[0].max(1).values > 0.95).all()
    assert torch.equal(share[0].argmax(1), share[1].argmax(1)), "the same number in both domains"


def unlike(seed: int, turned: bool) -> Latents:
    """Four clouds of unlike size and distance in eight dimensions; other points for another seed, turned or not."""
    centres, y = torch.zeros(4, 8), torch.arange(400) % 4
    centres[1, 0], centres[2, :2], centres[3, 1:3] = 3.0, torch.tensor([-1.0, 4.0]), torch.tensor([-2.0, 7.0])
    x = centres[y] + torch.linspace(1.2, 0.3, 8) * torch.randn(400, 8, generator=g(seed))
    return Latents("ab"[turned], 2 * x @ turn(8, 5) + 1 if turned else x, None, y)


@pytest.mark.parametrize("affine", [0, 5])
def test_without_a_pair_a_turned_copy_is_found_again(affine, lt_error):
    a, b = unlike(0, False), unlike(1, True)  # no item is in both
    blind = [replace(d, y=torch.full_like(d.y, UNKNOWN)) for d in (a, b)]
    false = a, replace(b, y=b.y.roll(1))
    latent_map = refined(*blind, [false, *(matched_clusters(*blind, number) for number in (3, 4)), false], affine)
    found, answer = latent_map.transfer(unlike(2, False).mean), unlike(2, True).mean
    assert ((found - answer) ** 2).mean() < 0.3 * (answer - answer.mean(0)).var()
    assert retrieval(found, answer)["top1"] > 0.1  # chance: 0.0025
    with lt_error("no first guess", "matched_clusters"):
        refined(*blind, [])


def test_a_space_finds_itself_whatever_its_length_and_place(lt_error):
    x = torch.randn(700, 5, generator=g())
    assert retrieval(x, x) == {"top1": 1.0, "mrr": pytest.approx(1.0)}
    y = x + 0.3 * torch.randn(700, 5, generator=g(1))
    moved = 3 * (x - y.mean(0)) + y.mean(0) + 7
    assert retrieval(moved, y + 7)["mrr"] == pytest.approx(retrieval(x, y)["mrr"], abs=1e-4)
    with lt_error("(3, 5) and (4, 5)", "row i is one item"):
        retrieval(x[:3], x[:4])


@given(st.integers(2, 40), st.booleans())
def test_one_point_for_all_is_chance(n, equal):
    wanted = torch.ones(n, 3) if equal else torch.randn(n, 3, generator=g(n))
    scores = retrieval(torch.tensor([[3.0, 1.0, 2.0]]).repeat(n, 1), wanted)
    assert scores["top1"] == pytest.approx(1 / n)
    assert scores["mrr"] == pytest.approx(sum(1 / k for k in range(1, n + 1)) / n)


@given(st.integers(0, 11))
def test_the_rank_of_a_point_on_a_circle(shift):
    """Twelve points on a circle, looked up `shift` steps away: nearer ones come first, the other side is as near."""
    angle = torch.arange(12, dtype=torch.float64) * 2 * torch.pi / 12
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    away = min(shift, 12 - shift)
    ranks = [1] if away == 0 else [12] if away == 6 else [2 * away, 2 * away + 1]
    scores = retrieval(circle.roll(shift, 0), circle)
    assert scores["mrr"] == pytest.approx(sum(1 / rank for rank in ranks) / len(ranks))
    assert scores["top1"] == (away == 0)
