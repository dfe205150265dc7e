"""Sweeps lose nothing and are the same everywhere: in this process, in workers, on a cluster, and after they were killed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import joblib
import pytest
import torch
from joblib.externals.loky import get_reusable_executor
from toys import equal, lopsided

from lt.bridge import BridgeConfig, fit_bridge
from lt.latents import Domain
from lt.loop import Training
from lt.tools import sweeps
from lt.tools.sweeps import sweep

CONFIG = BridgeConfig(Training(40, 16, 5e-3), shared=2, width=16, depth=2)
PAIR = [lopsided("a", 0), lopsided("b", 1)]


def toy_trial(seed: int) -> list[float]:
    """A bridge of a seed, as a few numbers of its classifier."""
    return fit_bridge(PAIR, CONFIG, seed).network.classifier.weight.flatten().tolist()


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
    return fit_bridge(PAIR, replace(CONFIG, output="round"), seed)


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
    assert list((tmp_path / "of the cluster").rglob("bridge-*.safetensors")), "the work was done in the cluster"


JOB = """
import os, time
import torch
from lt import cache, loop
from lt.loop import Training
from lt.tools.sweeps import sweep

loop.SAVE_SECONDS = -1  # a checkpoint at every interval

def say(*words):
    with open("log", "a") as file:
        print(*words, file=file)

def build(config, data):
    return torch.nn.Linear(3, 3)

def training(model, config, data, generator, checkpoint):
    say("begin", data)

    def objective(generator, progress):
        step = round(progress.item() * 50)
        if data == 1 and step == 27 and "HANG" in os.environ:
            say("hang")
            time.sleep(600)
        if step % 10 == 0:
            say("step", step)
        x = torch.randn(8, 3, generator=generator)
        return {"loss": ((model(x) - x) ** 2).mean()}

    return loop.fit(model, objective, config, generator, checkpoint=checkpoint, every=10)

def trial(i):
    model, _ = cache.cached(build, training, Training(50, 1, 0.01), i, f"item {i}", 0, torch.device("cpu"))
    return model.weight.flatten().tolist()

def main():
    say("results", sweep(trial, range(3), n_jobs=1))
"""


@pytest.mark.slow
def test_a_killed_sweep_goes_on_and_repeats_nothing(tmp_path):
    """Neither a training that was finished, nor the steps of one that has a checkpoint; and its weights are the same, bit for bit."""
    (tmp_path / "job.py").write_text(JOB)
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "LT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": root}
    command, log = [sys.executable, "-c", "import job; job.main()"], tmp_path / "log"
    process = subprocess.Popen(command, cwd=tmp_path, env={**environment, "HANG": "1"})
    try:
        give_up = time.monotonic() + 120
        while not (log.exists() and "hang" in log.read_text()):
            assert process.poll() is None, "the sweep ended before it could be killed"
            assert time.monotonic() < give_up
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    steps = [f"step {i}" for i in range(0, 50, 10)]
    assert log.read_text().splitlines() == ["begin 0", *steps, "begin 1", *steps[:3], "hang"]
    done = len(log.read_text().splitlines())
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    *begun, results = log.read_text().splitlines()[done:]
    assert begun == ["begin 1", *steps[2:], "begin 2", *steps], "20 steps were in the checkpoint, and the first training in the cache"
    assert not list((tmp_path / "cache" / "checkpoints").iterdir())
    subprocess.run(command, cwd=tmp_path, env={**environment, "LT_CACHE": str(tmp_path / "fresh")}, check=True)
    assert log.read_text().splitlines()[-1] == results, "as if it had never been stopped"


# ------------------------------------------------------------------------------------------------ trainings ahead of their use


def test_what_is_cached_is_not_done_again(monkeypatch, calls):
    """With one core, or one training, nothing is done ahead; with more, only what is missing."""
    handed_on: list = []
    monkeypatch.setattr(sweeps, "cores", lambda: 2)
    monkeypatch.setattr(sweeps, "sweep", lambda function, configs, name: handed_on.extend(call[-1] for call in configs))
    wanted = [(fit_bridge, PAIR, CONFIG, seed) for seed in range(4)]
    sweeps.ahead(*wanted)
    assert handed_on == [0, 1, 2, 3]
    assert calls.number == 0, "to look is not to train"
    handed_on.clear()
    fit_bridge(PAIR, CONFIG, 2)
    sweeps.ahead(*wanted)
    assert handed_on == [0, 1, 3]
    handed_on.clear()
    sweeps.ahead(*wanted[1:3])
    assert not handed_on, "a single one is left to the later call"
    monkeypatch.setattr(sweeps, "cores", lambda: 1)
    sweeps.ahead(*wanted)
    assert not handed_on


def test_bridges_of_several_seeds_are_those_of_each_seed(monkeypatch, calls):
    monkeypatch.setattr(sweeps, "cores", lambda: 1)
    latents = [replace(d, domain=Domain(d.name)) for d in PAIR]
    bridges = sweeps.fit_bridges(latents, CONFIG, range(2))
    assert calls.number == 2 * CONFIG.training.steps
    for seed, bridge in enumerate(bridges):
        assert equal(bridge, fit_bridge(PAIR, CONFIG, seed))
        assert bridge.domain("a") is latents[0].domain
    assert not equal(*bridges)
    assert calls.number == 2 * CONFIG.training.steps


@pytest.mark.slow
def test_bridges_trained_side_by_side_are_those_of_one_process(monkeypatch, tmp_path, calls):
    alone = [fit_bridge(PAIR, CONFIG, seed) for seed in range(2)]
    done = calls.number
    get_reusable_executor().shutdown(wait=True)  # workers of an earlier test have its cache
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "side by side"))
    monkeypatch.setattr(sweeps, "cores", lambda: 2)
    together = sweeps.fit_bridges(PAIR, CONFIG, range(2))
    assert calls.number == done, "the workers trained"
    assert all(equal(a, b) for a, b in zip(alone, together, strict=True))
    get_reusable_executor().shutdown(wait=True)
