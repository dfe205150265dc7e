"""What is trained once: keys, streams, stale code, locks, other users, trainings side by side, and files of weights."""

import importlib.util
import json
import linecache
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import nn
from toys import CPU, equal, without_clock

from lt import cache, loop
from lt.cache import cached, code_hash, fingerprint, load_weights, save_weights, side_by_side
from lt.loop import Training, fit

STEPS = Training(20, 8, 0.01)


def toy(seed=0, config=STEPS, data="data", domains=("a", "b"), code=(), training="toy", layer=lambda: nn.Linear(3, 2)):
    """A cached training of a small network on noise."""

    def train(model, generator, checkpoint):
        def objective(generator, progress):
            return {"loss": (model(torch.randn(8, 3, generator=generator)) ** 2).mean()}

        return fit(model, objective, config, generator, checkpoint=checkpoint, every=5)

    return cached(training, layer, train, config, data, domains, seed, CPU, code)


def entries() -> list[Path]:
    return sorted((cache.cache_folder() / "models").glob("*.safetensors"))


# ---------------------------------------------------------------- entries and their keys


def test_a_hit_does_no_work_gives_the_same_and_says_so(calls, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    first, history = toy()
    assert calls.number == 20
    assert "found" not in capsys.readouterr().err
    kept = {k: v.clone() for k, v in first.state_dict().items()}
    nn.init.zeros_(first.weight)  # whoever changes a cached model does not change the cache
    again, same = toy()
    assert calls.number == 20
    assert all(torch.equal(v, kept[k]) for k, v in again.state_dict().items())
    assert history == same, "the seconds are those of the training, not of the look-up"
    assert not again.training
    assert capsys.readouterr().err == "found in the cache: toy a-b, seed 0\n"
    monkeypatch.setenv("TQDM_DISABLE", "1")
    toy()
    assert capsys.readouterr().err == ""


def test_whatever_matters_makes_a_new_entry_and_nothing_else(calls):
    changes = [{}, {"seed": 1}, {"config": replace(STEPS, lr=0.02)}, {"data": "other"}, {"domains": ("b", "a")}]
    changes += [{"training": "game"}, {"code": [nn.Linear]}]
    for number, change in enumerate(changes, start=1):
        toy(**change)
        assert calls.number == 20 * number
        assert len(entries()) == number
    toy(np.int64(1))
    toy(config=replace(STEPS, steps=np.int32(20), lr=np.float64(0.01)))
    assert calls.number == 20 * number, "numbers of NumPy are numbers"


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", None])
def test_a_damaged_entry_is_trained_again(calls, damage):
    first, history = toy()
    (path,) = entries()
    if damage is None:  # weights without their history
        save_weights(first, path)
    else:
        path.write_bytes(damage(path.read_bytes()))
    again, other = toy()
    assert calls.number == 40
    assert equal(first, again)
    assert without_clock(history) == without_clock(other)
    toy()
    assert calls.number == 40, "and it is whole again"


def test_an_interrupted_training_goes_on_and_another_one_does_not_take_its_checkpoint(calls, monkeypatch, tmp_path):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
    calls.stop_at = 18
    with pytest.raises(KeyboardInterrupt):
        toy()
    assert not entries()
    toy(1)
    assert calls.number == 18 + 20
    resumed, history = toy()
    assert calls.number == 18 + 20 + 5
    assert not list((cache.cache_folder() / "checkpoints").iterdir())
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "uninterrupted"))
    whole, expected = toy()
    assert equal(whole, resumed)
    assert without_clock(history) == without_clock(expected)


# ---------------------------------------------------------------- random streams


def test_streams_have_the_names_of_training_and_domains_and_not_the_bytes_of_the_data():
    """One altered bit of one latent, another CPU, a hidden label: runs that are paired by seed stay paired."""

    def start(**change):
        seen = []

        def train(model, generator, checkpoint):
            seen.extend([model.weight.tolist(), torch.rand(3, generator=generator).tolist()])
            return {}

        args = {"training": "toy", "data": "data", "domains": ["a", "b"], "seed": 0, "config": STEPS, **change}
        cached(build=lambda: nn.Linear(3, 2), train=train, device=CPU, code=[], **args)
        return seen

    first = start()
    assert start(data="data with another last bit") == first
    assert start(config=replace(STEPS, lr=0.5)) == first
    for change in ({"seed": 1}, {"domains": ["a", "c"]}, {"training": "game"}):
        other = start(**change)
        assert other[0] != first[0]
        assert other[1] != first[1]


def test_trainings_in_threads_are_those_of_one_after_the_other(tmp_path, monkeypatch):
    alone = [toy(seed)[0] for seed in range(6)]
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "threads"))
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    with ThreadPoolExecutor(3) as pool:
        together = [model for model, _ in pool.map(toy, range(6))]
    assert all(equal(a, b) for a, b in zip(alone, together, strict=True))
    assert len(entries()) == 6
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads


# ---------------------------------------------------------------- code


CLASS = '''
class Output(Module):
    """A layer."""
    def forward(self, h):
        return self.linear(h)  # a comment
'''


def cell(source: str, name: str):
    """An object as a notebook's cell makes it: its source is in linecache alone."""
    file = f"<cell {len(linecache.cache)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names = {"Module": nn.Module, "__name__": "notebook"}
    exec(compile(source, file, "exec"), names)
    return names[name]


def test_an_edited_class_of_a_notebook_is_trained_again_and_a_comment_is_not(calls):
    reworded = CLASS.replace("A layer", "A linear layer").replace("  # a comment", "")
    edited = CLASS.replace("self.linear(h)", "2 * self.linear(h)")
    for source, steps in ((CLASS, 20), (reworded, 20), (edited, 40), (CLASS, 40)):
        toy(code=[cell(source, "Output")])
        assert calls.number == steps


def test_the_code_of_functions_and_modules_counts(tmp_path, lt_error):
    def module(source: str):
        (tmp_path / "own.py").write_text(source)
        spec = importlib.util.spec_from_file_location("own", tmp_path / "own.py")
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        return code_hash(made)

    assert module("X = 1\n") == module("# why\nX  =  1\n") != module("X = 12345\n")
    one, other = "def f(x):\n    return x + 1\n", "def f(x):\n    'Says.'\n    return x + 2\n"
    first, second, reworded = (code_hash(cell(text, "f")) for text in (one, other, other.replace("Says", "Tells")))
    assert first != second == reworded
    assert code_hash(toy, STEPS.__class__) != code_hash(STEPS.__class__, toy)
    with lt_error("cannot be read", "def or class"):
        code_hash(eval("lambda x: x"))


def test_modules_that_every_training_uses_are_in_its_key(monkeypatch, calls):
    toy()
    monkeypatch.setattr(cache, "losses", json)  # another module stands for edited losses
    toy()
    assert calls.number == 40


# ---------------------------------------------------------------- other processes, other users


def test_who_comes_second_waits_says_so_and_takes_what_the_first_has_made(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    trained, began, go = [], threading.Event(), threading.Event()

    def train(model, generator, checkpoint):
        trained.append(1)
        began.set()
        assert go.wait(30)
        return {}

    def ask():
        return cached("toy", lambda: nn.Linear(3, 2), train, STEPS, "", ["a"], 0, CPU, [])[0]

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask)
        assert began.wait(30)
        second = pool.submit(ask)
        time.sleep(0.3)
        assert not second.done()
        go.set()
        assert equal(first.result(30), second.result(30))
    assert trained == [1]
    assert "another process trains toy a, seed 0: waiting for it" in capsys.readouterr().err


def as_user(number: int, task) -> str:
    """What a forked process of that user prints: its result, or the message of its LtError."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.setgid(number)
        os.setuid(number)
        try:
            said = str(task())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(write, said.encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as file:
        return file.read()


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs root to be two users")
def test_two_users_share_a_cache_and_read_one_that_they_cannot_write(monkeypatch):
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o1777)
        monkeypatch.setenv("LT_CACHE", str(folder))
        expected = as_user(1001, lambda: toy()[0].weight.tolist())
        assert expected.startswith("[[")
        assert as_user(1002, lambda: toy()[0].weight.tolist()) == expected
        assert as_user(1002, lambda: toy(1)[0].weight.tolist()).startswith("[["), "beside the first user's"
        (lock,) = (path for path in folder.glob("models/*.lock") if path.stat().st_uid == 1001)
        entry = lock.with_suffix(".safetensors")
        entry.unlink()
        assert as_user(1002, lambda: toy()[0].weight.tolist()) == expected, "with a lock that the first user has made"
        for path in (folder, *folder.iterdir()):
            path.chmod(0o555)
        assert as_user(1003, lambda: toy()[0].weight.tolist()) == expected, "what is there needs no right to write"
        said = as_user(1003, lambda: toy(2))
        assert said.startswith(f"LtError: {folder} cannot be used, set LT_CACHE")
        assert "Permission denied" in said
        entry.chmod(0o600)
        assert as_user(1003, toy).startswith(f"LtError: {entry} cannot be read: ask its owner")
    finally:
        shutil.rmtree(folder)


def test_a_cache_that_cannot_be_is_one_line(monkeypatch, tmp_path, lt_error):
    assert cache.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("LT_CACHE")
    assert cache.cache_folder() == Path.home() / ".cache" / "latent-translation"
    (tmp_path / "note").write_text("a file where a folder should be")
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "note"))
    with lt_error(str(tmp_path / "note"), "LT_CACHE"):
        toy()
    monkeypatch.delenv("LT_CACHE")
    monkeypatch.delenv("HOME")

    def nobody(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with lt_error("no home folder", "LT_CACHE"):
        toy()


# ---------------------------------------------------------------- side by side


def test_what_is_missing_is_trained_side_by_side_and_equals_one_process(monkeypatch, tmp_path, calls):
    alone = [toy(seed)[0] for seed in range(3)]
    for cores, folder in ((1, "one"), (2, "two")):
        monkeypatch.setenv("LT_CACHE", str(tmp_path / folder))
        monkeypatch.setattr(cache, "cores", lambda cores=cores: cores)
        toy(0)
        done = calls.number
        side_by_side((toy, 0), (toy, 1))  # one training is left to the later call
        assert len(entries()) == 1
        side_by_side(*[(toy, seed) for seed in range(3)], name="toys")
        assert calls.number == done, "nothing was trained here"
        assert len(entries()) == (3 if cores == 2 else 1)
    assert all(equal(model, toy(seed)[0]) for seed, model in enumerate(alone))
    assert calls.number == done


JOB = """
import os, time
from torch import device, nn
from lt import cache
from lt.loop import Training

def hang(seed):
    def train(model, generator, checkpoint):
        open(f"worker-{os.getpid()}", "w").close()
        time.sleep(600)
    cache.cached("hang", nn.Flatten, train, Training(1, 1), "", ["a"], seed, device("cpu"), [])

if __name__ == "__main__":
    cache.cores = lambda: 2
    cache.side_by_side((hang, 0), (hang, 1))
"""


def test_workers_do_not_outlive_a_killed_parent(tmp_path):
    (tmp_path / "job.py").write_text(JOB)
    process = subprocess.Popen([sys.executable, "job.py"], cwd=tmp_path)
    give_up = time.monotonic() + 60
    while len(workers := list(tmp_path.glob("worker-*"))) < 2:
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(3)
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(int(worker.name.partition("-")[2]), 0)


# ---------------------------------------------------------------- fingerprints, and weights in files


def test_a_fingerprint_changes_with_bytes_shape_and_type_and_not_with_memory_layout():
    a = np.arange(12, dtype=np.int64).reshape(3, 4)
    b = a.copy()
    b[2, 3] ^= 1
    different = [a, b, a.T, a.reshape(4, 3), a.flatten(), a.view("u8"), a.astype("i4"), a.astype(">i8"), a.astype("f8")]
    tensors = [torch.zeros(4), torch.zeros(4, dtype=torch.bfloat16), torch.zeros(2), torch.zeros(()), torch.zeros(0)]
    words = [("a", "b"), ("ab",), ("b", "a"), ("a", 1), ("a", None), (a, b), (b, a)]
    prints = [fingerprint(*x) if isinstance(x, tuple) else fingerprint(x) for x in [*different, *tensors, *words]]
    assert len(set(prints)) == len(prints)
    assert fingerprint(a) == fingerprint(np.asfortranarray(a)) == fingerprint(torch.from_numpy(a))
    assert fingerprint(a.T) == fingerprint(torch.from_numpy(a).T)


def net(width: int = 4) -> nn.Module:
    return loop.initialised(lambda: nn.Sequential(nn.Linear(3, width), nn.BatchNorm1d(width)), "net", 0, CPU)


def test_weights_come_back_to_half_precision_or_bit_for_bit(tmp_path):
    model, path = net(), tmp_path / "new" / "net.safetensors"
    save_weights(model, path)
    loaded = load_weights(net(), path)
    assert not loaded.training
    assert all(torch.equal(v.half().float(), loaded.state_dict()[k].float()) for k, v in model.state_dict().items())
    save_weights(model, path, {"note": "of the test"}, torch.float32)
    assert equal(load_weights(net(), path), model)
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"note": "of the test"}
    assert [p.name for p in path.parent.iterdir()] == [path.name], "nothing is left beside it"


def test_weights_that_are_not_those_are_named(tmp_path, lt_error):
    path = tmp_path / "net.safetensors"
    digest = save_weights(net(), path)
    load_weights(net(), path, digest)
    with lt_error(str(path), "Sequential", "0.weight"):
        load_weights(net(5), path)
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with lt_error(str(path), "altered", digest[:12]):
        load_weights(net(), path, digest)
    for damage in (raw[:0], raw[:5], raw[:-1], b"no weights here" * 100, None):
        path.unlink() if damage is None else path.write_bytes(damage)
        for expected in (None, digest):
            with lt_error(str(path), "cannot be read"):
                load_weights(net(), path, expected)
