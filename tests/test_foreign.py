"""Third-party pretrained models. What needs a package that is not installed is skipped, and says so."""

import re
import sys

import pytest
import torch
from torch.nn import functional as F

from lt.data import load
from lt.loop import Training
from lt.models import foreign


def needs(*packages: str):
    absent = foreign.missing(packages)
    return pytest.mark.skipif(bool(absent), reason=f"needs {', '.join(absent)}: pip install -e '.[foreign]'")


def in_words(text: str) -> set[str]:
    """Lower case, without a plural s."""
    return {word.removesuffix("s") for word in re.findall(r"\w+", text.lower()) if len(word) > 1}


def test_words_are_enough_and_no_held_out_name_is_in_training(lt_error):
    for corpus in ("fashion", "mnist"):
        texts = []
        for part, least in zip(foreign.PARTS, (30, 10, 6), strict=True):
            found, y = foreign.phrases(corpus, part)
            assert y.bincount(minlength=10).min() >= least
            texts += found
        assert len(texts) == len(set(texts))
    train, phrases, new = (foreign.phrases("fashion", part)[0] for part in foreign.PARTS)
    known = set().union(*map(in_words, train))
    assert not [name for name in phrases if in_words(name) <= known], "a phrase has a word that training has not"
    assert not [name for name in new if in_words(name) & known], "a new name has no word of training"
    for corpus, part, said in (("shoes", "train", "fashion or mnist"), ("mnist", "test", "train, phrases, new")):
        with lt_error(repr(corpus), repr(part), said):
            foreign.phrases(corpus, part)


@pytest.mark.parametrize("package", ["wordllama", "gan_face_generate", "rapidocr", "onnxruntime"])
def test_a_missing_package_is_one_line(package, monkeypatch, lt_error):
    for other in {"onnxruntime", package} - {package}:
        monkeypatch.setitem(sys.modules, other, torch)  # anything that is there
    monkeypatch.setitem(sys.modules, package, None)
    foreign._word_llama.cache_clear()
    load = {"wordllama": lambda: foreign.pieces("boot"), "gan_face_generate": foreign.Faces}.get(
        package, foreign.load_reader
    )
    with lt_error(f"{package} is missing", "pip install -e '.[foreign]'"):
        load()
    assert foreign.missing(["torch", "no_such_package"]) == ["no_such_package"]


@needs("wordllama")
def test_words_are_a_domain_like_any_other():
    domain, seen, held = foreign.words_domain("mnist", torch.device("cpu"))
    known, y = foreign.phrases("mnist", "train")
    seen.check()
    held.check()
    assert seen.size == held.size == domain.latent == 256
    assert (len(seen), len(held)) == (len(known), len(foreign.phrases("mnist", "phrases")[0]))
    mean, std = domain.posterior(["seven", "ninth"])
    assert std is None
    assert torch.allclose(mean.norm(dim=1), torch.ones(2), atol=1e-4)
    index = domain.items(3 * mean).long()  # a name is the nearest to itself, at any length of its vector
    assert [known[i] for i in index] == ["seven", "ninth"]
    assert domain.classify(index).tolist() == [7, 9]
    assert torch.equal(domain.classify(domain.items(seen.mean)), y)


@needs("wordllama")
def test_like_names_are_near_and_a_text_without_a_known_word_is_refused(lt_error):
    boots, boot, seven = foreign.encode_words(["boots", "boot", "seven"])
    assert boots @ boot > boots @ seven
    assert foreign.look_up("my ankle boots", "fashion").shape == foreign.look_up("3 bananas", "mnist").shape == (1, 256)
    with lt_error("'xylophone'", "fashion", "nearest"):
        foreign.look_up("xylophone", "fashion")
    with lt_error("'?!' holds no word"):
        foreign.look_up("?!", "fashion")
    for text in ("cardigan", "ankle boot", "nine o'clock"):
        assert "".join(foreign.pieces(text)) == text.replace(" ", "")


@needs("gan_face_generate")
def test_faces_are_pictures_and_the_prior_is_left_as_it_is(monkeypatch):
    faces, z = foreign.Faces(), torch.randn(2, 100, generator=torch.Generator().manual_seed(0))
    x = faces.decode(z)
    assert x.shape == (2, 3, 64, 64)
    assert 0 <= x.min() < 0.4 < 0.6 < x.max() <= 1
    assert torch.allclose(x, (faces.generator(z[:, :, None, None]) + 1) / 2, atol=1e-5)
    assert torch.allclose(faces.decode(0.01 * z), faces.decode(0.1 * z), atol=1e-4), "what is nearer is moved out"
    points, pictures = foreign.face_samples("toy", 3)
    assert torch.allclose(pictures, F.avg_pool2d(faces.decode(points), 2), atol=1 / 255)
    monkeypatch.setattr(foreign, "Faces", None)  # a second call draws nothing
    assert torch.equal(foreign.face_samples("toy", 3)[1], pictures)


def toy_faces(n: int = 400, seed: int = 0) -> torch.Tensor:
    """Coloured ramps: a brightness, a colour and slopes of their own, and a bright or dark middle."""
    light, warm, right, down, middle = 0.12 * torch.randn(5, n, 1, 1, 1, generator=torch.Generator().manual_seed(seed))
    place, centre = torch.linspace(-1, 1, 32), torch.zeros(32, 32)
    centre[8:28, 8:24] = 1
    colour = torch.tensor([1.0, 0.0, -1.0])[None, :, None, None]
    return (0.5 + light + warm * colour + right * place + down * place[:, None] + middle * centre).clamp(0, 1)


def test_looks_are_what_lies_farthest_out():
    looks, flat = foreign.Looks(toy_faces()), torch.full((1, 3, 16, 16), 0.5)
    for change, name in (
        (torch.full((3, 16, 16), 0.4), "bright"),
        (torch.full((3, 16, 16), -0.4), "dark"),
        (torch.tensor([0.3, 0.0, -0.3])[:, None, None], "warm colours"),
        (0.4 * torch.linspace(-1, 1, 16), "light from the right"),
        (0.4 * torch.linspace(1, -1, 16)[:, None], "light from above"),
    ):
        assert foreign.LOOKS[int(looks(flat + change).argmax())] == name
    assert len(looks(toy_faces(seed=1)).argmax(-1).unique()) == len(foreign.LOOKS) == 10


def test_the_judge_of_faces_learns_looks():
    x, fresh = toy_faces(600), toy_faces(300, seed=1)
    looks = foreign.Looks(x)
    judge, history = foreign.fit_face_judge(Training(150, 64, 3e-3, "onecycle"), x, looks(x).argmax(-1))
    sure = looks(fresh).softmax(-1).amax(-1) >= 0.95
    with torch.no_grad():
        right = judge(fresh).argmax(-1) == looks(fresh).argmax(-1)
    assert right[sure].double().mean() > 0.8
    assert "score" in history


@needs("rapidocr", "onnxruntime")
def test_the_reader_reads_digits_and_says_when_it_reads_none():
    test, read = load("mnist", "test"), foreign.load_reader()
    pick = torch.cat([(test.y == digit).nonzero().flatten()[:2] for digit in range(10)])
    assert (read(test.x[pick]) == test.y[pick]).double().mean() > 0.7
    assert read(torch.zeros(1, 784)).tolist() == [foreign.NOTHING]
