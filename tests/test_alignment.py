"""Few labels spread to where they belong."""

from dataclasses import replace

import torch
from toys import g, turn

from lt.alignment import hide_labels, neighbour_graph, spread_labels
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


def test_the_graph_is_symmetric_and_has_no_scale_and_dimensions_that_carry_no_information_are_ignored():
    latents = lopsided("a", 0, n=90)
    graph, small = (neighbour_graph(scale * latents.mean.numpy()) for scale in (1, 2**-10))
    assert abs(graph - graph.T).max() == 0
    assert graph.max() <= 1
    assert (graph.getnnz(1) >= 10).all()
    assert abs(small - graph).max() < 1e-4
    few = hide_labels(latents, 1, g())
    noise, std = 2 * torch.randn(90, 40, generator=g()), torch.full((90, 40), 10.0)
    more = replace(few, mean=torch.cat([few.mean, noise], 1), std=torch.cat([few.std, std], 1))
    assert torch.equal(spread_labels(more).y, spread_labels(few).y)
    assert not torch.equal(spread_labels(replace(more, std=None)).y, spread_labels(few).y), "the noise would matter"
