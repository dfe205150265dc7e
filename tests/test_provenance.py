"""Where a number comes from, and what is said when that has changed: commits, code, data, files, the cache."""

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from lt import cache
from lt.book import profiles, records, runner
from lt.cache import ASSETS, cached, load_weights, save_weights, usable_cache
from lt.loop import Training, fit
from lt.zoo import pretrained

ROOT = runner.find_root()


def build(config, data):
    return nn.Linear(3, 1)


def train(model, config, data, generator, checkpoint):
    with open(data, "a") as file:
        file.write(f"{os.getpid()}\n")  # who trained

    def objective(generator, progress):
        x = torch.randn(16, 3, generator=generator)
        return {"loss": (model(x) - x.sum(-1, keepdim=True)).square().mean()}

    return fit(model, objective, config, generator, checkpoint=checkpoint)


def ask(log: str, folder: str, results) -> None:
    os.environ["LT_CACHE"] = folder
    torch.set_num_threads(1)
    model, history = cached(build, train, Training(2000, 16, 1e-2), log, "data", 0, torch.device("cpu"))
    results.put((model.weight.tolist(), history["loss"][-1]))


def test_two_processes_with_one_key_train_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=ask, args=(str(tmp_path / "log"), str(tmp_path / "cache"), results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    assert len((tmp_path / "log").read_text().split()) == 1, "the second waited for the first"
    assert found[0] == found[1]
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_the_same_seed_starts_elsewhere_on_other_data(tmp_path):
    log = str(tmp_path / "log")
    first, second = (
        cached(build, train, Training(1, 16, 1e-9), log, data, 0, torch.device("cpu"))[0].weight for data in ("mnist", "fashion")
    )
    assert (first - second).abs().min() > 1e-3


def test_a_checkpoint_of_other_code_is_not_resumed(tmp_path, monkeypatch):
    """The checkpoint's name has the key in it, and the key has the code."""
    keys = []
    for code in ("one", "two"):
        monkeypatch.setattr(cache, "code_version", lambda *roots, code=code: {"code": code})
        cached(build, train, Training(1, 1), str(tmp_path / "log"), "data", 0, torch.device("cpu"))
        keys.append({path.name for path in (usable_cache() / "models").glob("*.safetensors")})
    assert len(keys[1] - keys[0]) == 1


@pytest.mark.parametrize("name", ["generator", "judge"])
def test_one_flipped_byte_in_an_asset_is_noticed(tmp_path, lt_error, name):
    for path in ASSETS.glob("speech*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    target = tmp_path / f"speech_{name}.safetensors"
    content = bytearray(target.read_bytes())
    content[-100] ^= 1
    target.write_bytes(content)
    with lt_error(target.name, "altered", "restore it"):
        pretrained.load_pretrained(tmp_path)


def test_weights_without_an_expected_sum_are_read(tmp_path):
    digest = save_weights(nn.Linear(3, 1), tmp_path / "w.safetensors")
    load_weights(nn.Linear(3, 1), tmp_path / "w.safetensors")
    load_weights(nn.Linear(3, 1), tmp_path / "w.safetensors", digest)


def test_a_cache_that_is_a_file_is_one_line_before_any_training(tmp_path, monkeypatch, lt_error):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "file"))
    with lt_error("cannot be used", "LT_CACHE"):
        usable_cache()
    with lt_error("cannot be used"):
        cached(build, train, Training(1, 1), str(tmp_path / "log"), "data", 0, torch.device("cpu"))
    assert not (tmp_path / "log").exists()
    with lt_error("cannot be used"):
        records.Run("00_test", profiles.get("quick"))


def test_importing_needs_no_module_that_windows_lacks():
    code = "import sys; sys.modules['resource'] = sys.modules['fcntl'] = None; import lt.book.records, lt.book.runner, lt.book.cli, lt.book.setup, lt.bridge"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_a_record_names_its_commit_and_its_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LT_RESULTS", str(tmp_path))
    Path("01_page.py").write_text("from lt import metrics\nmetrics.agreement\n")
    run = records.Run("01_page", profiles.get("quick"))
    run.add("1", "mnist", "base", "accuracy", [0.5], n=10)
    run.finish()
    record = json.loads((tmp_path / "01_page.json").read_text())
    assert record["commit"] == records.commit_of(ROOT)
    assert {key: record[key] for key in ("source", "code")} == records.code_of(Path("01_page.py"))
    assert records.commit_of(tmp_path) == "unknown"


def test_status_tells_what_has_changed(tmp_path, monkeypatch):
    page = tmp_path / "book" / "01_page.py"
    page.parent.mkdir()
    page.write_text("# %%\nfrom lt import metrics\nmetrics.agreement\n")
    now = records.code_of(page)
    record = {**now, "data": {"mnist/test": {"source": "embedded", "n": 1000, "fingerprint": "0" * 12}}}
    monkeypatch.setattr(runner, "_fingerprint", lambda *facts: "0" * 12)
    assert runner.stale(tmp_path, "book/01_page", record) == []
    page.write_text("# %%\n# said otherwise\nfrom lt import metrics\nmetrics.agreement\n")
    assert runner.stale(tmp_path, "book/01_page", record) == [], "a comment is no change"
    page.write_text("# %%\nfrom lt import metrics\nmetrics.diversity\n")
    assert runner.stale(tmp_path, "book/01_page", record) == ["source", "code"]
    page.write_text("# %%\nfrom lt import metrics\nmetrics.agreement\n")
    assert runner.stale(tmp_path, "book/01_page", {**record, "code": "of yesterday"}) == ["code"]
    monkeypatch.setattr(runner, "_fingerprint", lambda *facts: "1" * 12)
    assert runner.stale(tmp_path, "book/01_page", record) == ["data"]
    monkeypatch.setattr(runner, "_fingerprint", lambda *facts: None)
    assert runner.stale(tmp_path, "book/01_page", record) == [], "data that are not at hand have not changed"
