"""Few labels are few, spread to where they belong, and clusters find their partners without any."""

from dataclasses import replace

import numpy as np
import torch
from toys import lopsided

from lt import metrics
from lt.bridge import BridgeConfig, fit_bridge
from lt.latents import UNKNOWN
from lt.loop import Training, named_generator
from lt.zoo.few_labels import hide_labels, label_subset, matched_clusters, neighbour_graph, spread_labels


def test_label_subsets_are_balanced_nested_and_stable():
    y = torch.randint(10, (2000,), generator=torch.Generator().manual_seed(0))
    draws = {k: label_subset(y, k, named_generator("labels", 0)) for k in (0, 1, 10, 100)}
    for k, index in draws.items():
        assert len(set(index.tolist())) == 10 * k, "each item once"
        assert y[index].bincount(minlength=10).tolist() == [k] * 10
    assert set(draws[1].tolist()) < set(draws[10].tolist()) < set(draws[100].tolist())
    assert torch.equal(draws[10], label_subset(y, 10, named_generator("labels", 0)))
    assert not torch.equal(draws[10], label_subset(y, 10, named_generator("labels", 1)))


def test_labels_are_drawn_uniformly_within_a_class():
    y = torch.arange(40) % 2
    drawn = torch.cat([label_subset(y, 5, named_generator("labels", seed)) for seed in range(400)])
    share = drawn.bincount(minlength=40) / 400  # expected 1 in 4, standard error 0.022
    assert share.min() > 0.14
    assert share.max() < 0.36


def test_more_labels_than_items_is_an_error(lt_error):
    with lt_error("class 1 has 2 items", "3 labels"):
        label_subset(torch.tensor([0, 0, 0, 1, 1]), 3, named_generator("labels", 0))


def test_hidden_labels_are_gone_and_a_copy_knows_what_its_original_knows():
    full = lopsided("a", 0, n=60, copies=2)
    few = hide_labels(full, 4, 60, named_generator("labels", 0))
    known = few.y != UNKNOWN
    assert known[:60].sum() == 12
    assert torch.equal(few.y[:60].repeat(3), few.y)
    assert torch.equal(few.y[known], full.y[known])
    assert hide_labels(full, None, 60, named_generator("labels", 0)) is full
    assert (hide_labels(full, 0, 60, named_generator("labels", 0)).y == UNKNOWN).all()


def test_one_label_a_class_spreads_over_clear_clusters():
    full = lopsided("a", 0, copies=1)
    few = hide_labels(full, 1, 300, named_generator("labels", 0))
    assert (spread_labels(few, 300).y == full.y).double().mean() > 0.95


def test_what_is_known_is_not_overruled():
    full = lopsided("a", 0)
    few = hide_labels(full, 5, 300, named_generator("labels", 0))
    known = (few.y != UNKNOWN).nonzero().flatten()
    few.y[known[0]] = (few.y[known[0]] + 1) % 3  # a wrong label, but given
    assert torch.equal(spread_labels(few, 300).y[known], few.y[known])


def test_no_label_cannot_spread(lt_error):
    with lt_error("a: no label is known", "at least one"):
        spread_labels(hide_labels(lopsided("a", 0), 0, 300, named_generator("labels", 0)), 300)


def test_a_neighbour_graph_is_symmetric_and_ignores_empty_dimensions():
    mean = lopsided("a", 0, n=90).mean.numpy()
    graph = neighbour_graph(mean, 5)
    assert abs(graph - graph.T).max() == 0
    assert graph.max() <= 1
    assert (np.diff(graph.indptr) >= 5).all()
    idle = 0.1 * np.random.default_rng(0).normal(size=(90, 40)).astype(np.float32)
    assert abs(neighbour_graph(np.hstack([mean, idle]), 5) - graph).max() == 0


def test_clusters_are_matched_without_a_label():
    seen = [replace(lopsided(name, seed), y=torch.full((300,), UNKNOWN)) for name, seed in (("a", 0), ("b", 1))]
    found = matched_clusters(seen, 300, 3)
    truth = torch.arange(300) % 3
    share = [torch.tensor([[(d.y[truth == t] == k).double().mean() for k in range(3)] for t in range(3)]) for d in found]
    assert (share[0].max(1).values > 0.95).all()
    assert torch.equal(share[0].argmax(1), share[1].argmax(1)), "the same number in both domains"


def test_few_labels_and_their_spread_align_two_toy_spaces():
    full = [lopsided("a", 0), lopsided("b", 1)]
    few = [spread_labels(hide_labels(d, 1, 300, named_generator(f"labels {d.name}", 0)), 300) for d in full]
    config = BridgeConfig(Training(400, 64, 1e-2, "onecycle"), shared=2, width=32, depth=2, beta_kl=1e-3, beta_cls=1.0)
    bridge = fit_bridge(few, config)
    centres = torch.stack([full[1].mean[full[1].y == k].mean(0) for k in range(3)])
    with torch.no_grad():
        moved = bridge.transfer(full[0].mean, "a", "b")
    assert metrics.agreement(torch.cdist(moved, centres).argmin(1), full[0].y) > 0.9
