"""Somebody with two models of their own: from arrays to translated items and a file, and clear words."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from torch import nn
from toys import blobs

import lt
from lt.bridge import fit_bridge
from lt.loop import Training

SMALL = lt.BridgeConfig(Training(400, 64, 1e-2, "onecycle"), width=64, depth=2, beta_kl=1e-2, beta_cls=3.0)
ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.filterwarnings("ignore:theirs.*training mode")


class ConvVAE(nn.Module):
    """A convolutional VAE with batch norm and dropout, which its owner forgot to put into evaluation mode."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1), nn.Flatten())
        self.head, self.up = nn.Linear(8 * 16, 24), nn.Sequential(nn.Linear(12, 64), nn.Sigmoid())

    def encode(self, x):
        mean, logvar = self.head(self.down(x)).chunk(2, 1)
        return mean, (0.5 * logvar).exp()

    def decode(self, z):
        return self.up(z).view(-1, 1, 8, 8)


@pytest.fixture(scope="module")
def world():
    """Handwritten digits of 8 x 8, three times: a PCA; a conv-VAE of mirrored ones; a generator with a prior."""
    x, y = load_digits(return_X_y=True)
    x, torch_state = x / 16, torch.get_rng_state()
    torch.manual_seed(0)
    mirrored = torch.from_numpy(x.reshape(-1, 1, 8, 8)[..., ::-1].copy()).float()
    vae = ConvVAE()
    optimiser = torch.optim.Adam(vae.parameters(), 1e-2)
    for _ in range(200):
        some = mirrored[:1400][torch.randint(1400, (128,))]
        mean, std = vae.encode(some)
        loss = ((vae.decode(mean + std * torch.randn_like(std)) - some) ** 2).sum() + 0.05 * (mean**2 + std**2).sum()
        optimiser.zero_grad()
        (loss / 128).backward()
        optimiser.step()
    torch.set_rng_state(torch_state)
    pca = PCA(20, random_state=0).fit(x[:1400])
    spread = torch.from_numpy(pca.transform(x[:1400]).std(0)[:12]).float()
    judges = [LogisticRegression(max_iter=300).fit(d[:1400].reshape(1400, 64), y[:1400]) for d in (x, mirrored.numpy())]

    def generate(z):
        return pca.inverse_transform(nn.functional.pad(z * spread, (0, 8)))

    theirs = lt.Domain("theirs", vae.encode, vae.decode, lambda x: judges[1].predict_proba(x.flatten(1)))
    mine = lt.Domain("mine", pca.transform, pca.inverse_transform, judges[0].predict_proba, 20)
    gan = lt.Domain("gan", decode=generate, judge=judges[0].decision_function, latent=12)
    return {"mine": (mine, x, y), "theirs": (theirs, mirrored, y), "gan": (gan, x, y)}


@pytest.fixture(scope="module")
def trained(world, tmp_path_factory):
    """The five lines, for a PCA, a conv-VAE and a generator at once."""
    (mine, x, y), (theirs, images, _), (gan, _, _) = world.values()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LT_CACHE", str(tmp_path_factory.mktemp("cache")))
        with pytest.warns(UserWarning, match="theirs: Conv"):
            theirs_latents = theirs.latents(images[:1400], y[:1400])
        spaces = [mine.latents(x[:1400], y[:1400]), theirs_latents, gan.accept(40, threshold=0.8)]
        assert not lt.preflight(spaces).problems
        return lt.fit_bridge(spaces, SMALL, seed=0)


@pytest.mark.parametrize("source, target", [("mine", "theirs"), ("theirs", "mine"), ("mine", "gan"), ("theirs", "gan")])
def test_items_in_translated_items_out(world, trained, source, target):
    _, x, y = world[source]
    made = trained.translate(x[1400:], source, target)
    assert made.shape == (397, *np.shape(world[target][1])[1:])
    score = trained.score(x[1400:], source, target, y[1400:], real=world[target][1][1400:])
    assert score.values["transfer_accuracy_true_label"] > 0.7
    assert 0.2 < score.values["diversity"] < 3
    assert 0.5 < score.values["trustworthiness"] <= 1
    assert trained.scores[f"{source}->{target}"] == score.values


def test_scores_of_awkward_items_have_no_numbers_that_are_none(world, trained):
    """One item in a class, copies of one item, sorted classes, unknown labels: what cannot be measured is None."""
    _, x, y = world["mine"]
    x, y = x[1400:], y[1400:]
    ordered = np.argsort(y, kind="stable")
    first, other = (trained.score(x[i], "mine", "theirs", y[i])["transfer_accuracy"] for i in (slice(None), ordered))
    assert first == pytest.approx(other)
    for items, labels, real in (
        (x[[0]], y[[0]], x[:1]),
        (np.repeat(x[:1], 30, 0), np.repeat(y[:1], 30), np.repeat(x[:1], 30, 0)),
        (x, np.where(np.arange(len(x)) < 5, y, -1), x.astype(">f4")[:, ::-1][:, ::-1]),
        (x, None, None),
    ):
        score = trained.score(items, "mine", "gan", labels, real=real)
        assert all(value is None or np.isfinite(value) for value in score.values.values())
        assert 0 <= score.values["transfer_accuracy"] <= 1
    json.dumps(trained.scores, allow_nan=False)
    with pytest.raises(lt.LtError, match="0 of them known"):
        trained.score(x, "mine", "gan", np.full(len(x), -1))
    with pytest.raises(lt.LtError, match="5 labels"):
        trained.score(x, "mine", "gan", y[:5])


def test_a_file_keeps_everything(world, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    models = [model for model, _, _ in world.values()]
    state, x = torch.get_rng_state(), world["mine"][1][1400:]
    trained.save("~/deep/bridge.safetensors")
    again = lt.load_bridge("~/deep/bridge.safetensors", models)
    assert torch.equal(torch.get_rng_state(), state), "no draw of the global generator"
    for part in ("config", "names", "sizes", "labels", "history", "scores", "learned"):
        assert getattr(again, part) == getattr(trained, part), part
    assert torch.equal(again.translate(x, "mine", "theirs"), trained.translate(x, "mine", "theirs"))
    path = tmp_path / "deep" / "bridge.safetensors"
    assert path.stat().st_mode & 0o044, "others may read it"
    assert lt.load_bridge(path, models[0]).domains == {"mine": models[0]}, "one model without a list"
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["bridge"])["versions"]["torch"] == torch.__version__


def test_another_model_or_a_damaged_file_is_refused(world, trained, tmp_path, lt_error):
    path, mine = tmp_path / "bridge.safetensors", world["mine"][0]
    trained.save(path)
    other = PCA(20, random_state=0).fit(world["mine"][1][:700])
    with lt_error("mine", "decoder makes other items"):
        lt.load_bridge(path, [replace(mine, encode=other.transform, decode=other.inverse_transform)])
    lt.load_bridge(path, [replace(mine, decode=lambda z: torch.rand(len(z), 64))])  # it draws: nothing can be said
    with lt_error("third", "mine, theirs, gan"):
        lt.load_bridge(path, [lt.Domain("third")])
    with lt_error("mine", "(0, 20)", "(n, 7)"):
        lt.load_bridge(path, [lt.Domain("mine", latent=7)])
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["bridge"])
    weights = {k: v.clone() for k, v in trained.state_dict().items()}
    wrong = ["{", "[]", "3", json.dumps(facts | {"sizes": None})]
    for change in ({"novelty": 1}, {"shared": 0}, {"training": {"steps": 1}}, {"training": 3}):
        wrong.append(json.dumps(facts | {"config": facts["config"] | change}))
    for text in wrong:
        save_file(weights, path, {"format": "2", "bridge": text})
        with lt_error("bridge.safetensors", "damaged or of another version"):
            lt.load_bridge(path)
    save_file(weights, path, {"format": "2", "bridge": json.dumps(facts | {"sizes": [[20, 12, 13]]})})
    with lt_error("does not hold weights"):
        lt.load_bridge(path)
    save_file(weights, path)
    with lt_error("holds no bridge of format"):
        lt.load_bridge(path)
    for damaged in (b"", b"no safetensors at all"):
        path.write_bytes(damaged)
        with lt_error("give a file of Bridge.save"):
            lt.load_bridge(path)


@pytest.mark.filterwarnings("ignore:.*names")
def test_names_of_classes_from_end_to_end(lt_error):
    """Labels and judges of scikit-learn that are texts, of two forms, in two domains of one bridge."""
    spaces = []
    for seed, (name, form) in enumerate({"a": list, "b": pd.Categorical}.items()):
        z, names = blobs(name, seed=seed).mean.numpy(), np.array(["cat", "dog", "axolotl"])[np.arange(300) % 3]
        judge = LogisticRegression().fit(z, names)
        model = lt.Domain(name, lambda x: x, lambda z: z, judge.predict, 4)
        with pytest.warns(UserWarning, match=f"{name}: labels are names.*'axolotl' is 287861737698723"):
            spaces.append(model.latents(z[:200], form(names[:200])))
    bridge, (a, b) = lt.fit_bridge(spaces, SMALL), spaces
    assert bridge.score(z[200:], "a", "b", names[200:].astype("O"))["transfer_accuracy_true_label"] > 0.9
    assert lt.preflight(spaces).expected["a->b"] > 0.9
    assert not [line for line in lt.diagnose(bridge, spaces).warnings if "comes out" in line]
    found = lt.fit_map(a, b, "prototype", classify=spaces[0].domain.judge).transfer(a.mean)
    assert torch.equal(b.domain.classify(found), a.y)
    few = replace(a, y=torch.where(torch.arange(200) < 9, a.y, -1))
    assert (lt.spread_labels(few).y == a.y).double().mean() > 0.9
    assert lt.compare({"bridge": bridge}, few, b)["bridge"]["transfer_accuracy"] > 0.9
    numbers = replace(b, y=torch.arange(200) % 3, domain=replace(b.domain, judge=judge.predict_proba))
    with lt_error("labels of a are names, labels of b are numbers 0..2", "classes.index(c)"):
        lt.fit_bridge([a, numbers], SMALL)
    with lt_error("labels are names, the judge's are numbers 0..2"):
        lt.compare({"bridge": bridge}, a, replace(b, domain=numbers.domain))


def test_the_lines_of_the_readme_run(world, monkeypatch, tmp_path, capsys):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", readme, flags=re.S) if "lt.Domain" in block]
    mine, x, y = world["mine"]
    gan, _, _ = world["gan"]

    class Model:
        encode, decode = staticmethod(mine.encode), staticmethod(mine.decode)

    def generator(z):  # for points of N(0, I), of any size from 12
        return gan.decode(z[:, :12])

    monkeypatch.setattr(lt, "fit_bridge", lambda latents, *_, **more: fit_bridge(latents, SMALL, more.get("seed", 0)))
    monkeypatch.chdir(tmp_path)
    names = {"vae": Model, "classifier": mine.judge, "gan": generator, "other_classifier": gan.judge}
    names |= {"x": x[:1400], "y": y[:1400], "x_new": x[1400:], "y_new": y[1400:], "lt": lt}
    exec(code.replace("accept(1000)", "accept(30, threshold=0.5)"), names)
    assert "expect a transfer accuracy of about" in capsys.readouterr().out
    assert list(tmp_path.glob("*.safetensors"))
