"""Sweeps lose nothing and are the same everywhere; few labels are few, and parts that are changed are changed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch

from lt import losses, models, semi, train
from lt.domains import Latents
from lt.sweeps import sweep
from lt.train import BridgeConfig, Optim, named_generator

BRIDGE = BridgeConfig(Optim(40, 16, 5e-3), latent=4, shared=2, width=16, depth=2, classes=3, beta_kl=1e-3, beta_cls=0.3)
CONFIG = semi.VariantConfig(BRIDGE)


def lopsided(name: str, seed: int, n: int = 300, copies: int = 0) -> Latents:
    """Three classes whose centres are 3, 4 and 6 apart, turned and moved by the seed: what tells them apart is distances alone."""
    g = torch.Generator().manual_seed(seed)
    centres = torch.tensor([[0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0], [-1.1667, 3.8261, 0.0, 0.0]])
    turn, _ = torch.linalg.qr(torch.randn(4, 4, generator=g))
    y = torch.arange(n) % 3
    mean = (centres[y] + 0.6 * torch.randn(n, 4, generator=g)) @ turn + torch.randn(4, generator=g)
    return Latents(name, mean.repeat(1 + copies, 1), torch.full((n * (1 + copies), 4), 0.05), y.repeat(1 + copies))


def equal(a, b) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


# ------------------------------------------------------------------------------------------------ labels


def test_label_subsets_are_balanced_nested_and_stable():
    y = torch.randint(10, (2000,), generator=torch.Generator().manual_seed(0))
    draws = {k: semi.label_subset(y, k, named_generator("labels", 0)) for k in (0, 1, 10, 100)}
    for k, index in draws.items():
        assert len(set(index.tolist())) == 10 * k, "each item once"
        assert y[index].bincount(minlength=10).tolist() == [k] * 10
    assert set(draws[1].tolist()) < set(draws[10].tolist()) < set(draws[100].tolist())
    assert torch.equal(draws[10], semi.label_subset(y, 10, named_generator("labels", 0)))
    assert not torch.equal(draws[10], semi.label_subset(y, 10, named_generator("labels", 1)))


def test_labels_are_drawn_uniformly_within_a_class():
    y = torch.arange(40) % 2
    drawn = torch.cat([semi.label_subset(y, 5, named_generator("labels", seed)) for seed in range(400)])
    share = drawn.bincount(minlength=40) / 400  # expected 1 in 4, standard error 0.022
    assert share.min() > 0.14
    assert share.max() < 0.36


def test_more_labels_than_items_is_an_error(lt_error):
    with lt_error("class 1 has 2 items", "3 labels"):
        semi.label_subset(torch.tensor([0, 0, 0, 1, 1]), 3, named_generator("labels", 0))


def test_hidden_labels_are_gone_and_a_copy_knows_what_its_original_knows():
    full = lopsided("a", 0, n=60, copies=2)
    few = semi.hide_labels(full, 4, 60, named_generator("labels", 0))
    known = few.y != semi.UNKNOWN
    assert known[:60].sum() == 12
    assert torch.equal(few.y[:60].repeat(3), few.y)
    assert torch.equal(few.y[known], full.y[known])
    assert semi.hide_labels(full, None, 60, named_generator("labels", 0)) is full
    assert (semi.hide_labels(full, 0, 60, named_generator("labels", 0)).y == semi.UNKNOWN).all()


def test_two_domains_label_items_of_their_own():
    seen = [lopsided("a", 0), replace(lopsided("a", 0), name="b")]
    a, b = semi.prepared(seen, 300, 5, "few", 0)
    assert not torch.equal(a.y, b.y)


def test_one_label_a_class_spreads_over_clear_clusters():
    full = lopsided("a", 0, copies=1)
    few = semi.hide_labels(full, 1, 300, named_generator("labels", 0))
    assert (semi.spread_labels(few, 300).y == full.y).double().mean() > 0.95


def test_what_is_known_is_not_overruled():
    full = lopsided("a", 0)
    few = semi.hide_labels(full, 5, 300, named_generator("labels", 0))
    known = (few.y != semi.UNKNOWN).nonzero().flatten()
    few.y[known[0]] = (few.y[known[0]] + 1) % 3  # a wrong label, but given
    assert torch.equal(semi.spread_labels(few, 300).y[known], few.y[known])


def test_no_label_cannot_spread(lt_error):
    with lt_error("a: no label is known", "at least one"):
        semi.spread_labels(semi.hide_labels(lopsided("a", 0), 0, 300, named_generator("labels", 0)), 300)


def test_a_neighbour_graph_is_symmetric_and_ignores_empty_dimensions():
    mean = lopsided("a", 0, n=90).mean.numpy()
    graph = semi.neighbour_graph(mean, 5)
    assert abs(graph - graph.T).max() == 0
    assert graph.max() <= 1
    assert (np.diff(graph.indptr) >= 5).all()
    idle = 0.1 * np.random.default_rng(0).normal(size=(90, 40)).astype(np.float32)
    assert abs(semi.neighbour_graph(np.hstack([mean, idle]), 5) - graph).max() == 0


def test_clusters_are_matched_without_a_label():
    seen = [replace(lopsided(name, seed), y=torch.full((300,), semi.UNKNOWN)) for name, seed in (("a", 0), ("b", 1))]
    found = semi.matched_clusters(seen, 300, 3)
    truth = torch.arange(300) % 3
    share = [torch.tensor([[(d.y[truth == t] == k).double().mean() for k in range(3)] for t in range(3)]) for d in found]
    assert (share[0].max(1).values > 0.95).all()
    assert torch.equal(share[0].argmax(1), share[1].argmax(1)), "the same number in both domains"


def test_an_unknown_method_is_an_error(lt_error):
    with lt_error("unknown method 'magic'", "few, spread or clusters"):
        semi.prepared([lopsided("a", 0)], 300, 1, "magic", 0)


# ------------------------------------------------------------------------------------------------ variants


def test_without_labels_there_is_no_classification_and_labels_do_not_matter():
    seen = [lopsided("a", 0), lopsided("b", 1)]
    none = [semi.hide_labels(d, 0, 300, named_generator("labels", 0)) for d in seen]
    blind, history = semi.fit_variant(CONFIG, none, 0)
    assert "classification" not in history
    assert set(history) >= {"reconstruction", "kl", "swd"}
    without = semi.VariantConfig(replace(BRIDGE, beta_cls=0.0))
    assert equal(semi.fit_variant(without, seen, 0)[0], blind), "weight 0 and no label are one thing"


def test_few_labels_enter_the_classification_term_only():
    """The unsupervised terms of a step are those of fit_bridge's own objective, whatever is labelled."""
    seen = [lopsided("a", 0), lopsided("b", 1)]
    few = [semi.hide_labels(d, 2, 300, named_generator("labels", 0)) for d in seen]
    bridge = semi.build(CONFIG, seen)
    at = torch.tensor(0.0)
    plain = train.bridge_objective(bridge, replace(BRIDGE, beta_cls=0.0), seen)(named_generator("step", 0), at)
    terms = semi.objective(bridge, CONFIG, few)(named_generator("step", 0), at)
    assert all(torch.equal(terms[k], plain[k]) for k in ("reconstruction", "kl", "swd"))
    torch.testing.assert_close(terms["loss"], plain["loss"] + 2 * BRIDGE.beta_cls * terms["classification"])


def test_a_frozen_classifier_stays_and_a_trained_one_moves():
    seen = [lopsided("a", 0), lopsided("b", 1)]
    first = train.initialised(lambda: semi.build(CONFIG, seen), "_train_variant", 0, torch.device("cpu")).classifier.weight
    frozen, history = semi.fit_variant(replace(CONFIG, frozen=True), seen, 0)
    assert torch.equal(frozen.classifier.weight, first)
    assert history["classification"]
    assert not torch.equal(semi.fit_variant(CONFIG, seen, 0)[0].classifier.weight, first)


def test_a_linear_output_has_no_way_around_its_hidden_layers(lt_error):
    seen = [lopsided("a", 0), lopsided("b", 1)]
    linear, gated = (semi.build(semi.VariantConfig(BRIDGE, output=o), seen) for o in ("linear", "gated"))
    assert not [m for m in linear.modules() if isinstance(m, models.GatedMixing)]
    for bridge, same in ((linear, True), (gated, False)):
        for p in bridge.decoder[-2].parameters():  # the last hidden layer says nothing: is the input still heard?
            p.data.zero_()
        out = bridge.decode(torch.randn(5, 2, generator=named_generator("z", 0)), 0)
        assert torch.allclose(out, out[:1].expand_as(out)) == same
    with lt_error("unknown output 'round'", "gated or linear"):
        semi.build(semi.VariantConfig(BRIDGE, output="round"), seen)


def test_few_labels_and_their_spread_align_two_toy_spaces():
    seen = [lopsided("a", 0), lopsided("b", 1)]
    config = semi.VariantConfig(replace(BRIDGE, optim=Optim(800, 64, 5e-3, "onecycle"), width=32))
    bridge, _ = semi.fit_variant(config, semi.prepared(seen, 300, 1, "spread", 0), 0)
    centres = torch.stack([seen[1].mean[seen[1].y == k].mean(0) for k in range(3)])
    with torch.no_grad():
        moved = bridge.transfer(seen[0].mean, 0, 1)
    assert (torch.cdist(moved, centres).argmin(1) == seen[0].y).double().mean() > 0.9


# ------------------------------------------------------------------------------------------------ sweeps


def toy_trial(seed: int) -> list[float]:
    """A bridge of a seed, as a few numbers of its classifier."""
    bridge, _ = semi.fit_variant(CONFIG, [lopsided("a", 0), lopsided("b", 1)], seed)
    return bridge.classifier.weight.flatten().tolist()


def threads(config: int) -> int:
    return torch.get_num_threads()


def test_a_sweep_is_a_map_in_order():
    assert sweep(abs, [3, -1, 2, -5], n_jobs=1) == [3, 1, 2, 5]
    assert sweep(abs, [3, -1, 2, -5], n_jobs=2) == [3, 1, 2, 5]


def test_each_worker_has_one_thread_and_the_caller_keeps_its_own():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert sweep(threads, [0], n_jobs=1) == [1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_an_error_in_a_trial_reaches_the_caller(lt_error):
    with lt_error("unknown output 'round'"):
        sweep(bad_trial, [0], n_jobs=1)


def bad_trial(seed: int):
    return semi.build(semi.VariantConfig(BRIDGE, output="round"), [lopsided("a", 0)])


@pytest.mark.slow
def test_a_dask_cluster_gives_what_one_process_gives(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    sequential = sweep(toy_trial, range(4), n_jobs=1)
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "of the cluster"))  # the workers train for themselves
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        clustered = sweep(toy_trial, range(4))
        assert len(client.run(os.getpid)) == 2
    assert clustered == sequential
    assert list((tmp_path / "of the cluster").rglob("output.pkl")), "the work was done in the cluster"


JOB = """
import os, sys, time
from lt import train
from lt.sweeps import sweep
from lt.train import Optim
import torch

def say(*words):
    with open("log", "a") as file:
        print(*words, file=file)

def build(config, data):
    return torch.nn.Linear(1, 1)

def training(model, config, data, generator, checkpoint):
    say("begin", data)
    if data == 1 and "HANG" in os.environ:
        time.sleep(600)
    return train.fit(model, lambda g, p: {"loss": (model.weight ** 2).sum()}, config, generator)

def trial(i):
    return train.cached(build, training, Optim(5, 1), i, f"item {i}", 0, torch.device("cpu"))[0].weight.item()

def main():
    say("results", sweep(trial, range(3), n_jobs=1))
"""


@pytest.mark.slow
def test_a_killed_sweep_goes_on_and_repeats_nothing(tmp_path):
    (tmp_path / "job.py").write_text(JOB)
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "LT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": root}
    command, log = [sys.executable, "-c", "import job; job.main()"], tmp_path / "log"
    process = subprocess.Popen(command, cwd=tmp_path, env={**environment, "HANG": "1"})
    try:
        give_up = time.monotonic() + 120
        while not (log.exists() and "begin 1" in log.read_text()):
            assert process.poll() is None, "the sweep ended before it could be killed"
            assert time.monotonic() < give_up
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert log.read_text().splitlines() == ["begin 0", "begin 1"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    *begun, results = log.read_text().splitlines()[2:]
    assert begun == ["begin 1", "begin 2"], "what was finished is not repeated"
    subprocess.run(command, cwd=tmp_path, env={**environment, "LT_CACHE": str(tmp_path / "fresh")}, check=True)
    assert log.read_text().splitlines()[-1] == results, "as if it had never been stopped"


def test_losses_of_a_step_are_finite_when_most_labels_are_unknown():
    few = [semi.hide_labels(d, 1, 300, named_generator("labels", 0)) for d in (lopsided("a", 0), lopsided("b", 1))]
    objective = semi.objective(semi.build(CONFIG, few), CONFIG, few)
    for step in range(20):  # an item of label -1 in the term would be an error of cross_entropy
        assert objective(named_generator("step", step), torch.tensor(0.0))["classification"].isfinite()
    with pytest.raises(IndexError):
        losses.classification(torch.zeros(1, 3), torch.tensor([semi.UNKNOWN]))
