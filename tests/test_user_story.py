"""Somebody with two models of their own: from arrays and scikit-learn to translated items, a file, and clear words when it cannot work."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

import lt
from lt.bridge import fit_bridge
from lt.loop import Training

SMALL = lt.BridgeConfig(Training(400, 128, 2e-3, "onecycle", muon=0.02, average=0.99), beta_kl=1e-2, beta_cls=3.0)
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def world():
    """Handwritten digits of 8 x 8 twice: as they are, and mirrored and squared, each with its own PCA and classifier."""
    x, y = load_digits(return_X_y=True)
    x = x / 16
    other = x.reshape(-1, 8, 8)[:, :, ::-1].reshape(len(x), -1) ** 2
    kept = slice(1400, None)

    def domain(name, data, size):
        pca = PCA(size, random_state=0).fit(data[:1400])
        judge = LogisticRegression(max_iter=300).fit(data[:1400], y[:1400])
        return lt.Domain(name, encode=pca.transform, decode=pca.inverse_transform, judge=judge.predict_proba, latent=size)

    return {
        "mine": (domain("mine", x, 20), x[:1400], y[:1400], x[kept], y[kept]),
        "theirs": (domain("theirs", other, 12), other[:1400], y[:1400], other[kept], y[kept]),
    }


@pytest.fixture(scope="module")
def trained(world, tmp_path_factory):
    """A bridge between both, from NumPy arrays; sizes 20 and 12."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LT_CACHE", str(tmp_path_factory.mktemp("cache")))
        return lt.fit_bridge([domain.latents(x, y) for domain, x, y, _, _ in world.values()], SMALL, seed=0)


def test_numpy_in_translated_items_out(world, trained):
    for source, target in (("mine", "theirs"), ("theirs", "mine")):
        _, _, _, x, y = world[source]
        made = trained.translate(x, source, target)
        assert made.shape == (len(x), 64)
        row = trained.score(x, source, target, y, real=world[target][3])
        assert row["transfer_accuracy"] > 0.75
        assert row["low"] < row["transfer_accuracy"] < row["high"]
        assert 0.3 < row["diversity"] < 3
        assert row["trustworthiness"] > 0.8


def test_a_file_keeps_everything(world, trained, tmp_path):
    path = tmp_path / "bridge.safetensors"
    x, y = world["mine"][3:]
    trained.score(x, "mine", "theirs", y)
    trained.save(path)
    again = lt.load_bridge(path, [world["mine"][0], world["theirs"][0]])
    assert again.config == SMALL
    assert again.names == ["mine", "theirs"]
    assert again.sizes == [20, 12]
    assert again.scores == trained.scores
    assert torch.equal(again.translate(x, "mine", "theirs"), trained.translate(x, "mine", "theirs"))
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["bridge"])
    assert facts["versions"]["torch"] == torch.__version__


def test_what_does_not_fit_is_refused(world, trained, tmp_path, lt_error):
    path = tmp_path / "bridge.safetensors"
    trained.save(path)
    with lt_error("third", "mine, theirs"):
        lt.load_bridge(path, [lt.Domain("third")])
    with lt_error("mine", "7 dimensions", "20"):
        lt.load_bridge(path, [lt.Domain("mine", latent=7)])
    with lt_error("mine", "not at hand", "load_bridge"):
        lt.load_bridge(path).translate(world["mine"][3], "mine", "theirs")
    with lt_error("unknown domain 'other'"):
        trained.translate(world["mine"][3], "mine", "other")
    with lt_error("12 dimensions", "expects 20"):
        trained.transfer(torch.zeros(3, 12), "mine", "theirs")
    plain = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(2)}, plain)
    with lt_error("holds no bridge"):
        lt.load_bridge(plain)
    path.write_bytes(path.read_bytes()[:100])
    with lt_error("cannot be read"):
        lt.load_bridge(path)
    with lt_error("cannot be read"):
        lt.load_bridge(tmp_path / "absent.safetensors")


def test_labels_of_any_kind(world, trained, lt_error):
    mine, x, y, x_new, y_new = world["mine"]
    for kind in (np.int32, np.uint8, np.int64, float):
        assert torch.equal(mine.latents(x[:9], y[:9].astype(kind)).y, torch.from_numpy(y[:9].astype(np.int64)))
    assert mine.latents(x[:2], [3, -1]).y.tolist() == [3, -1]
    for wrong in (y[:9].astype(str), list("abcdefghi")):
        with lt_error("labels are no numbers", "return_inverse"):
            mine.latents(x[:9], wrong)
    for wrong in (np.eye(9), y[:9, None], y[:9] + 0.5):
        with lt_error("mine", "give one whole number an item"):
            mine.latents(x[:9], wrong)
    with lt_error("9 items", "5 labels"):
        mine.latents(x[:9], y[:5])
    with lt_error("9 items, 1 latents"):
        lt.Domain("short", encode=lambda x: np.zeros((1, 2))).latents(x[:9], y[:9])
    unknown = y_new.copy()
    unknown[::2] = -1
    whole, half = trained.score(x_new, "mine", "theirs", y_new), trained.score(x_new, "mine", "theirs", unknown)
    assert half["n"] == whole["n"] // 2
    assert abs(half["transfer_accuracy"] - whole["transfer_accuracy"]) < 0.05
    for wrong in (y_new[:5], np.full(len(y_new), -1)):
        with lt_error("mine->theirs", "known labels"):
            trained.score(x_new, "mine", "theirs", wrong)


def test_what_is_not_latents_is_said(world, trained, tmp_path, lt_error):
    mine, theirs = world["mine"][0], world["theirs"][0]
    latents = mine.latents(world["mine"][1], world["mine"][2])
    for wrong in ([mine, theirs], latents, [latents], []):
        with lt_error("latents of two or more domains", "fit_bridge(["):
            lt.fit_bridge(wrong)
    with lt_error("BridgeConfig"):
        lt.fit_bridge([latents, latents], 0)
    by_hand = lt.Latents("hand", np.zeros((3, 2)), np.zeros((3, 2)), np.zeros(3))
    assert any("tensors" in line for line in lt.preflight([by_hand, latents]).problems)
    with lt_error("hand", "tensors"):
        lt.fit_bridge([by_hand, latents])
    trained.save(tmp_path / "bridge.safetensors")
    assert lt.load_bridge(tmp_path / "bridge.safetensors", mine).domains == {"mine": mine}, "one model without a list"
    assert (tmp_path / "bridge.safetensors").stat().st_mode & 0o044, "others may read it"


def test_a_source_only_and_a_target_only(world, lt_error):
    mine = world["mine"][0]
    source = lt.Domain("source", encode=mine.encode)
    with lt_error("source has no decode", "decode=..."):
        source.items(torch.zeros(1, 20))
    with lt_error("source has no judge"):
        source.classify(world["mine"][1])
    with lt_error("size of its latent space"):
        lt.Domain("target", decode=mine.decode, judge=mine.judge).accept(1)


def test_accepted_samples_are_what_the_judge_is_sure_of():
    centres = 4 * torch.eye(3)
    target = lt.Domain("gan", decode=lambda z: z, judge=lambda x: x @ centres.T, latent=3)
    latents = target.accept(50, seed=1)
    assert latents.y.bincount().tolist() == [50, 50, 50]
    assert (target.probabilities(latents.mean).amax(-1) >= 0.95).all()
    assert torch.equal(target.classify(latents.mean), latents.y)
    assert not latents.std.any()
    assert torch.equal(latents.mean, target.accept(50, seed=1).mean)


def test_items_may_be_words_and_labels_unknown():
    words = ["one", "two", "three"] * 40
    domain = lt.Domain("words", encode=lambda batch: np.array([[len(w), ord(w[0])] for w in batch], dtype=float))
    latents = domain.latents(words)
    assert latents.mean.shape == (120, 2)
    assert latents.y.unique().tolist() == [-1]


def test_probabilities_are_left_as_they_are_and_logits_are_not():
    given = lt.Domain("p", judge=lambda x: torch.tensor([[0.25, 0.75]]).repeat(len(x), 1))
    assert given.probabilities(torch.zeros(2, 1)).tolist() == [[0.25, 0.75]] * 2
    logits = lt.Domain("l", judge=lambda x: torch.tensor([[0.0, 1.0, 2.0]]).repeat(len(x), 1))
    assert torch.allclose(logits.probabilities(torch.zeros(1, 1)), torch.tensor([[0.0, 1.0, 2.0]]).softmax(-1))


def test_the_lines_of_the_readme_run(world, monkeypatch, tmp_path, capsys):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", readme, flags=re.S) if "lt.Domain" in block]
    mine, x, y, x_new, y_new = world["mine"]
    theirs = world["theirs"][0]

    class Model:
        encode, decode = staticmethod(mine.encode), staticmethod(mine.decode)

    def gan(z):  # a generator for points of N(0, I): the first 12 numbers, in the scale of the PCA
        return theirs.decode(z[:, :12] * torch.tensor(scale, dtype=torch.float32))

    scale = theirs.encode(world["theirs"][1]).std(0)
    monkeypatch.setattr(lt, "fit_bridge", lambda latents, seed: fit_bridge(latents, SMALL, seed))
    monkeypatch.chdir(tmp_path)
    names = {"vae": Model, "classifier": mine.judge, "gan": gan, "other_classifier": lambda x: 4 * theirs.judge(x), "x": x, "y": y}
    exec(code.replace("b.accept(1000)", "b.accept(30, threshold=0.5)"), names | {"x_new": x_new, "y_new": y_new})
    printed = capsys.readouterr().out
    assert "mine -> theirs: expect a transfer accuracy of at most" in printed
    assert "transfer_accuracy" in printed
    assert (tmp_path / "bridge.safetensors").exists()
