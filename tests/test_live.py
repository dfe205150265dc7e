"""The live page: its JavaScript computes what PyTorch does, its files are small, and it refuses to stand beside other chapters."""

import copy
import io
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from live_toys import live_parts, rounded, trained_a_little, wave_of
from PIL import Image
from torch import nn

from lt.book import live, live_numbers, profiles, runner
from lt.book.pack import Pack
from lt.bridge import Bridge
from lt.zoo.mel import LogMel
from lt.zoo.vae import VAE

ROOT = runner.find_root()
SCRIPT = ROOT / "tests" / "live.test.mjs"


def node(*words: str, **environment: str) -> subprocess.CompletedProcess:
    program = shutil.which("node")
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Node.js: install npm")
    return subprocess.run([program, *words], cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment})


@pytest.fixture(scope="module")
def parts() -> live.Parts:
    return live_parts()


@pytest.fixture(scope="module")
def weights(parts, tmp_path_factory) -> Path:
    """Exported so that only half precision is lost: what is left between both is an error of the code."""
    folder = tmp_path_factory.mktemp("live") / "weights"
    live.export(parts, folder, {"profile": "untrained", "commit": "none", "chapters": {}, "accuracy": {}})
    return folder


@torch.no_grad()
def expected(parts: live.Parts, x: torch.Tensor) -> dict:
    """What PyTorch makes of one digit x (1, 784), in double precision where sound is concerned."""
    mnist, fashion, voices = parts.vaes["mnist"], parts.bridges["fashion"], parts.bridges["speech"]
    z = mnist.encode(x)[0]
    mean, std = fashion.encode(z, "mnist")
    z_garment = fashion.decode(mean, "fashion")
    garment = parts.vaes["fashion"].decode(z_garment)
    digit = mnist.decode(fashion.decode(mean, "mnist"))
    mel = parts.generator.decode(voices.transfer(z, "mnist", "speech"))
    found = {"seen": x, "zDigit": z, "mean": mean, "std": std, "zGarment": z_garment, "garment": garment, "digit": digit, "mel": mel}
    logits = {
        "guess": fashion.network.classifier(mean),
        "judged": parts.judges["fashion"](garment),
        "digitJudged": parts.judges["mnist"](digit),
    }
    logits["word"] = parts.judges["speech"](mel)
    found |= {name: value.softmax(-1) for name, value in logits.items()}
    return {name: value.flatten().tolist() for name, value in found.items()}


def test_javascript_computes_what_torch_does(parts, weights, tmp_path):
    stored = rounded(parts)
    cases = [expected(stored, x[None]) for x in stored.digits[0][[0, 100, 399]]]
    torch.manual_seed(1)
    sounds = [torch.rand(1, 1, 64, 64) * 2 - 1, LogMel()(torch.sin(torch.arange(8192) / 7)[None])]
    waves = [{"mel": mel.flatten().tolist(), "wave": wave_of(mel)} for mel in sounds]
    signal = torch.randn(2, 512, dtype=torch.float64)
    spectrum = torch.fft.fft(torch.complex(signal[0], signal[1]))
    fft = {"re": signal[0].tolist(), "im": signal[1].tolist(), "outRe": spectrum.real.tolist(), "outIm": spectrum.imag.tolist()}
    (tmp_path / "expected.json").write_text(json.dumps({"cases": cases, "waves": waves, "fft": fft, "layers": _layers(tmp_path)}))
    done = node("--test", str(SCRIPT), LT_LIVE_WEIGHTS=str(weights), LT_LIVE_EXPECTED=str(tmp_path))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def _layers(folder: Path) -> list[dict]:
    """Every kind of layer alone, on random inputs."""
    torch.manual_seed(2)
    kinds = {
        "dense": ([nn.Linear(30, 20)], ()),
        "dense in bytes": ([nn.Linear(256, 160)], ()),
        "relu": ([nn.ReLU()], ()),
        "leaky": ([nn.LeakyReLU(0.2)], ()),
        "sigmoid": ([nn.Sigmoid()], ()),
        "tanh": ([nn.Tanh()], ()),
        "norm": ([trained_a_little(nn.LayerNorm(40))], ()),
        "conv": ([trained_a_little(nn.Sequential(nn.Conv2d(3, 5, 3, stride=2, padding=1), nn.BatchNorm2d(5)))], (3, 8, 8)),
        "conv of an even kernel": ([nn.Conv2d(2, 3, 4, stride=2, padding=1)], (2, 8, 8)),
        "deconv": ([trained_a_little(nn.Sequential(nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), nn.BatchNorm2d(6)))], (4, 4, 4)),
        "mean": (["mean"], (4, 4, 4)),
    }
    pack, made = Pack(), []
    for name, (layers, shape) in kinds.items():
        pack.network("layers", name, layers, True, shape)
        first = next((layer for part in layers if part != "mean" for layer in part.modules() if isinstance(layer, nn.Linear)), None)
        size = shape or (first.in_features if first else 40,)
        x = torch.randn(1, *size) * (torch.rand(1, *size) > 0.3)
        out = x
        with torch.no_grad():
            for layer in layers:
                out = out.mean(-1) if layer == "mean" else layer.eval()(out)
        made.append({"name": name, "x": x.flatten().tolist(), "out": out.flatten().tolist()})
    pack.put("layers", "pixels", torch.arange(256).view(16, 16) / 255, "u8")
    pack.write(folder / "layers", {})
    return made


def test_files_are_named_by_what_they_hold(parts, weights, tmp_path):
    import hashlib

    manifest = json.loads((weights / "manifest.json").read_text())
    assert set(manifest["files"]) == {"picture", "more", "sound"}
    for entry in manifest["files"].values():
        raw = (weights / entry["path"]).read_bytes()
        assert (len(raw), hashlib.sha256(raw).hexdigest()) == (entry["bytes"], entry["sha256"])
        assert entry["sha256"][:12] in entry["path"]
    assert live.export(parts, tmp_path / "again", {})["files"] == manifest["files"], "the same models make the same files"
    assert sorted(path.name for path in weights.iterdir()) == sorted([*(e["path"] for e in manifest["files"].values()), "manifest.json"])


def test_the_first_picture_of_laptop_is_small(tmp_path):
    laptop = profiles.get("laptop")
    torch.manual_seed(0)
    pack = Pack(live.LEVELS)
    for name in ("mnist", "fashion"):
        vae = VAE(width=laptop.vae[name].width, depth=laptop.vae[name].depth)
        for value in vae.parameters():  # trained weights are bell-shaped; fresh ones are evenly spread, which compresses worse
            nn.init.normal_(value, std=0.03)
        pack.network(
            "picture",
            name,
            [vae.encoder, nn.Linear(vae.posterior.in_features, 100)] if name == "mnist" else [vae.decoder, vae.pixels],
            True,
        )
    pack.bridge("picture", "bridge", Bridge(laptop.bridge, ["mnist", "fashion"], [100, 100], 10))
    assert pack.write(tmp_path / "weights", {})["files"]["picture"]["bytes"] < 6e6


def test_the_page_is_measured_by_its_own_code(parts, weights, tmp_path):
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    node("--version")
    record = live_numbers.measure(tmp_path, weights, parts, "untrained", 20)
    found = {(row["setting"], row["metric"]): row["value"] for row in record["rows"]}
    for setting in ("mnist->fashion", "mnist->speech"):
        assert found[setting, "class_agreement_with_torch"] >= 0.8
        assert found[setting, "warm_ms"] > 0
    assert {row["method"] for row in record["rows"]} == {"page"}


def test_the_page_has_its_numbers_before_any_weights(book):
    record = json.loads((ROOT / "book" / "results" / "live.json").read_text(encoding="utf-8"))
    assert live_numbers.table(record) in (ROOT / "book" / "live.md").read_text(encoding="utf-8")
    page = book / "book" / "live.md"
    page.write_text("before\n<!-- numbers -->\nold\n<!-- /numbers -->\nafter\n")
    live_numbers.write_table(book)
    assert "old" in page.read_text(), "a page that was not measured stays as it is"
    record["rows"] = [row | {"value": 0.123456} for row in record["rows"] if row["metric"] == "transfer_accuracy_true_label"]
    (book / "book" / "results" / "live.json").write_text(json.dumps(record))
    live_numbers.write_table(book)
    assert "| right class, by this page | 0.1235 | 0.1235 |" in page.read_text()
    assert page.read_text().startswith("before\n")


def test_the_picture_before_the_first_touch_shows_what_the_models_make(parts):
    bridge = copy.deepcopy(parts.bridges["fashion"])
    with torch.no_grad():
        for weight in bridge.parameters():
            weight.neg_()
    first, second = live.preview(parts), live.preview(replace(parts, bridges=parts.bridges | {"fashion": bridge}))
    assert first != second, "another bridge, another picture"
    with Image.open(io.BytesIO(first)) as image, Image.open(ROOT / "book" / "_static" / "live" / live.PREVIEW) as published:
        assert image.size == published.size == (640, 192), "ten digits, garments and words"


def rows_of(accuracy: float = 0.95, picture: int = 5_000_000, sound: int = 3_000_000) -> list[dict]:
    """What a measurement of the page finds, PyTorch's accuracy being 0.95."""
    found = {("mnist->fashion", "bytes_first_picture"): picture, ("mnist->speech", "bytes_sound"): sound}
    for setting in ("mnist->fashion", "mnist->speech"):
        found |= {(setting, "transfer_accuracy_true_label"): accuracy, (setting, "transfer_accuracy_true_label_torch"): 0.95}
    return [{"setting": setting, "metric": metric, "value": value} for (setting, metric), value in found.items()]


def test_a_page_that_is_too_large_or_too_coarse_is_refused(lt_error):
    live_numbers.require_quality(rows_of())
    live_numbers.require_quality(rows_of(0.9455))
    with lt_error("mnist->fashion", "0.9440", "0.9500", "half precision"):
        live_numbers.require_quality(rows_of(0.944))
    with lt_error("picture", "6,000,001", "narrower"):
        live_numbers.require_quality(rows_of(picture=6_000_001))
    with lt_error("sound", "4,000,001"):
        live_numbers.require_quality(rows_of(sound=4_000_001))


def test_a_page_that_is_refused_leaves_the_old_weights(book, parts, monkeypatch, lt_error):
    (book / "benchmarks").symlink_to(ROOT / "benchmarks")
    node("--version")
    before = (live.folder_of(book) / "manifest.json").read_text()
    monkeypatch.setattr(live_numbers, "LIMITS", {"picture": 1000, "sound": 1000})
    with lt_error("picture", "more than 1,000"):
        live.renew(book, "quick", parts, 10)
    assert [path.name for path in live.folder_of(book).parent.iterdir()] == ["weights"]
    assert (live.folder_of(book) / "manifest.json").read_text() == before
    assert not (book / "book" / "results" / "live.json").exists()
    monkeypatch.undo()
    manifest = live.renew(book, "quick", parts, 10)
    live.require_agreement(book)
    assert json.loads((book / "book" / "results" / "live.json").read_text())["rows"] == manifest["numbers"]
    assert {row["method"] for row in manifest["numbers"]} == {"page"}


@pytest.fixture
def book(tmp_path) -> Path:
    """A book with published chapters 3 and 4, and a page of their weights."""
    results = tmp_path / "book" / "results"
    results.mkdir(parents=True)
    row = {"setting": "mnist->fashion", "method": "bridging_vae", "metric": "transfer_accuracy", "value": 0.9}
    for name in live.CHAPTERS.values():
        record = {"chapter": name, "profile": "quick", "source": "a", "code": "b", "data": {}, "seconds": 1.0, "rows": [row]}
        (results / f"{name}.json").write_text(json.dumps(record))
    folder = live.folder_of(tmp_path)
    folder.mkdir(parents=True)
    chapters = {name: live.digest(record) for name, record in live.published(tmp_path).items()}
    (folder / "manifest.json").write_text(json.dumps({"profile": "quick", "chapters": chapters}))
    return tmp_path


def test_a_book_that_was_run_gets_a_page_of_its_own_weights(book, parts, monkeypatch):
    (book / "benchmarks").symlink_to(ROOT / "benchmarks")
    node("--version")
    asked = []
    monkeypatch.setattr(live, "collect", lambda budget, stored: asked.append((budget.name, stored)) or parts)
    live.follow(book, "quick", 10)
    assert asked == [], "page and chapters agree"
    path = book / "book" / "results" / "03_bridging.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "code": "another run"}))
    live.follow(book, "quick", 10)
    assert asked == [("quick", True)]
    assert live.problem(book) is None


def test_page_and_chapters_must_agree(book, lt_error):
    live.require_agreement(book)
    path = book / "book" / "results" / "04_speech.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "seconds": 2.0}))
    live.require_agreement(book)  # a slower machine is no other run
    path.write_text(json.dumps({**record, "code": "c"}))
    with lt_error("04_speech", "python -m lt live --profile quick"):
        live.require_agreement(book)
    path.unlink()
    with lt_error("04_speech", "not published"):
        live.require_agreement(book)


def test_weights_of_another_profile_are_refused(book, lt_error):
    with lt_error("04_speech", "quick", "together"):
        live.ready(book, "laptop", ["03_bridging"])
    assert live.ready(book, "laptop", ["05_baselines"]) is None


def test_published_weights_fit_the_published_chapters():
    assert live.problem(ROOT) is None
    folder = live.folder_of(ROOT)
    if not (folder / "manifest.json").exists():
        pytest.skip("the page has no published weights yet")
    manifest = json.loads((folder / "manifest.json").read_text())
    sizes = {name: entry["bytes"] for name, entry in manifest["files"].items()}
    assert sizes["picture"] + (folder / "manifest.json").stat().st_size <= 6e6
    assert sizes["sound"] <= 4e6
    rows = json.loads((ROOT / "book" / "results" / "live.json").read_text())["rows"]
    accuracy = {(row["setting"], row["metric"]): row["value"] for row in rows}
    for setting in ("mnist->fashion", "mnist->speech"):
        ours, theirs = (accuracy[setting, f"transfer_accuracy_true_label{who}"] for who in ("", "_torch"))
        assert abs(ours - theirs) <= 0.005, setting
    assert np.isfinite(list(accuracy.values())).all()


def test_models_that_are_not_in_the_cache_are_not_trained_to_publish(tiny_profile, lt_error, calls):
    with lt_error("not in the cache", "chapters 3 and 4"):
        live.collect(tiny_profile, stored=True)
    assert calls.number == 0
