"""The page "Draw a digit" computes what PyTorch does, its files are small, and it is measured by its own code."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from browsing import ROOT, missing
from live_toys import Toy, measure, pack, rounded, wave_of
from torch import nn

from lt import LtError
from lt.models import foreign
from lt.models.speech import LogMel


def node(*words: str, **environment: str) -> None:
    """Run Node.js; the test fails if it does."""
    program = shutil.which("node") or missing("no Node.js: install npm")
    done = subprocess.run([program, *words], cwd=ROOT, capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


@pytest.fixture(scope="module")
def run() -> Toy:
    return Toy()


@pytest.fixture(scope="module")
def weights(run, tmp_path_factory):
    if foreign.missing(["wordllama"]):
        missing("no WordLlama: pip install -e '.[words]', Python 3.10 to 3.12")
    folder = tmp_path_factory.mktemp("live") / "weights"
    pack.export(run, folder)
    return folder


@torch.no_grad()
def expected(run: Toy, x: torch.Tensor) -> dict:
    """What PyTorch makes of one digit x (1, 784)."""
    bridge, voices, mnist = run.bridge("mnist", "fashion"), run.bridge("mnist", "speech"), run.vae("mnist")
    z = mnist.encode(x)[0]
    mean, std = bridge.encode(z, "mnist")
    z_garment = bridge.decode(mean, "fashion")
    garment, digit = run.vae("fashion").decode(z_garment), mnist.decode(bridge.decode(mean, "mnist"))
    mel = run.vae("speech").decode(voices.transfer(z, "mnist", "speech"))
    found = {"seen": x, "zDigit": z, "mean": mean, "std": std, "zGarment": z_garment, "garment": garment}
    logits = {"guess": bridge.network.classifier(mean), "judged": run.judge("fashion")(garment)}
    logits |= {"digitJudged": run.judge("mnist")(digit), "word": run.judge("speech")(mel)}
    found |= {"digit": digit, "mel": mel, **{name: value.softmax(-1) for name, value in logits.items()}}
    return {name: value.flatten().tolist() for name, value in found.items()}


@torch.no_grad()
def typed(run: Toy) -> list[dict]:
    """What WordLlama and PyTorch make of held-out phrases: the pieces of each, and its z'."""
    texts, _ = foreign.phrases("fashion", "phrases")
    words = foreign.package("wordllama", "foreign")
    model = words.WordLlama.load(cache_dir=Path(words.__file__).parent, disable_download=True)
    z = run.bridge("words", "words").encode(foreign.load_words()(texts), "words")[0]
    tokens = [[token.replace("▁", " ") for token in model.tokenize(text)[0].tokens] for text in texts]
    return [{"text": text, "pieces": of, "shared": x} for text, of, x in zip(texts, tokens, z.tolist(), strict=True)]


def test_javascript_computes_what_torch_does(weights, tmp_path):
    """The comparisons are in live.test.mjs; only half precision is lost between both."""
    run = rounded()
    cases = [expected(run, x[None]) for x in run.images("mnist").x[[0, 100, 399]]]
    torch.manual_seed(1)
    sounds = [torch.rand(1, 1, 64, 64) * 2 - 1, LogMel()(torch.sin(torch.arange(8192) / 7)[None])]
    waves = [{"mel": mel.flatten().tolist(), "wave": wave_of(mel)} for mel in sounds]
    seen = run.images("mnist").x[:1]
    with torch.no_grad():
        back, judged = run.vae("mnist").decode(run.vae("mnist").encode(seen)[0]), run.judge("mnist")(seen).softmax(-1)
    facts = {"words": typed(run), "cases": cases, "waves": waves, "gone": (seen - back)[0].tolist()}
    (tmp_path / "expected.json").write_text(json.dumps(facts | {"judgedSeen": judged[0].tolist()}))
    node("--test", "tests/live.test.mjs", LT_LIVE_WEIGHTS=str(weights), LT_LIVE_EXPECTED=str(tmp_path))


def test_the_same_models_make_the_same_files(run, weights):
    before = {path.name: path.read_bytes() for path in weights.iterdir()}
    (weights / "old.bin").touch()
    pack.export(run, weights)
    assert {path.name: path.read_bytes() for path in weights.iterdir()} == before


def test_layers_that_the_page_does_not_know_are_refused(run):
    with pytest.raises(LtError, match="GELU"):
        pack.Pack().layers("file", "network", nn.GELU())


def test_the_page_is_measured_by_its_own_code(weights):
    node("--version")
    run = Toy()
    table = measure.measure(run, weights, 20)
    for setting in measure.WAYS:
        assert run[setting, "page", "class_agreement_with_torch"].value >= 0.8
    assert min(run[f"mnist->{name}", "page", "warm_ms"].value for name in ("fashion", "speech")) > 0
    assert len(table.splitlines()) == 7 + len(measure.WORDS)


def test_published_weights_are_small_and_as_right_as_pytorch():
    manifest = json.loads((measure.WEIGHTS / "manifest.json").read_text())
    for entry in manifest["files"].values():
        assert hashlib.sha256((measure.WEIGHTS / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    record = json.loads((ROOT / "book" / "results" / "live.json").read_text(encoding="utf-8"))
    found = {(row["setting"], row["metric"]): row["value"] for row in record["rows"]}
    assert record["profile"] == manifest["profile"]
    assert [claim["text"] for claim in record["claims"] if claim["verdict"] != "holds"] == []
    for setting in measure.WAYS:
        ours, theirs = (found[setting, f"transfer_accuracy_true_label{by}"] for by in ("", "_torch"))
        assert abs(ours - theirs) <= (0.05 if "words" in setting else 0.005)
    page = (ROOT / "book" / "live.md").read_text(encoding="utf-8")
    (table,) = re.findall("<!-- numbers -->(.*)<!-- /numbers -->", page, re.DOTALL)
    for (_, metric), value in found.items():
        assert measure.WORDS[metric][1](value) in table, f"{metric} of the page is not the measured one"
