"""Few labels spread to where they belong, clusters find their partners, a turned copy is found without a pair."""

from dataclasses import replace

import torch
from toys import g, turn

from lt import alignment
from lt.alignment import hide_labels, matched_clusters, spread_labels
from lt.latents import UNKNOWN, Latents


def lopsided(name: str, seed: int, n: int = 300) -> Latents:
    """Three classes whose centres are 3, 4 and 6 apart, turned by the seed: distances alone tell them apart."""
    centres = torch.tensor([[0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0], [-1.1667, 3.8261, 0.0, 0.0]])
    y = torch.arange(n) % 3
    mean = (centres[y] + 0.6 * torch.randn(n, 4, generator=g(seed))) @ turn(4, seed) + seed
    return Latents(name, mean, torch.full((n, 4), 0.05), y)


def test_known_labels_are_balanced_nested_and_stable(lt_error):
    y = torch.randint(10, (2000,), generator=g()) * 7 - 1  # class -1 is no class
    few = {k: hide_labels(Latents("a", y[:, None].float(), None, y), k, g(5)).y for k in (0, 1, 10, 100)}
    for k, known in few.items():
        assert known[known != UNKNOWN].unique(return_counts=True)[1].tolist() == [k] * 9 * bool(k)
    assert all((few[k][few[j] != UNKNOWN] != UNKNOWN).all() for j, k in ((1, 10), (10, 100)))
    with lt_error("class 0 has 2 items", "3 are too many"):
        hide_labels(Latents("a", torch.zeros(2, 1), None, torch.zeros(2).long()), 3, g())


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


def test_clusters_of_a_turned_copy_are_matched_without_labels():
    a, b = unlike(0, False), unlike(1, True)  # no item is in both
    blind = [replace(d, y=torch.full_like(d.y, UNKNOWN)) for d in (a, b)]
    found = matched_clusters(*blind, 4)
    for cluster in range(4):
        of_a, of_b = (d.y[m.y == cluster].mode().values for d, m in zip((a, b), found, strict=True))
        assert of_a == of_b
