"""Third-party pretrained models. What needs a package that is not installed is skipped, and says so."""

import re
import sys

import pytest
import torch

import lt
from lt.data import load
from lt.models import foreign, speech


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


LOAD = {"wordllama": foreign.load_words, "gan_face_generate": foreign.load_faces}
LOAD |= dict.fromkeys(("rapidocr", "onnxruntime"), foreign.load_reader)
LOAD |= dict.fromkeys(("pocketsphinx", "torchaudio.functional"), lambda: speech.recognise(torch.zeros(1, 8192), 8_000))


@pytest.mark.parametrize("name", LOAD)
def test_a_missing_package_is_one_line(name, monkeypatch, lt_error):
    for other in {"onnxruntime", name} - {name}:
        monkeypatch.setitem(sys.modules, other, torch)  # anything that is there
    monkeypatch.setitem(sys.modules, name, None)
    extra = "foreign" if name in foreign.PACKAGES else "book"
    with lt_error(f"package {name.split('.')[0]} is missing", f"pip install -e '.[{extra}]'"):
        LOAD[name]()
    assert foreign.missing([name, "torch", "no_such_package"]) == [name, "no_such_package"]


@needs("wordllama")
def test_words_are_a_domain_like_any_other():
    words = lt.Domain("words", foreign.load_words())
    texts, y = foreign.phrases("mnist", "train")
    seen = words.latents(texts, y)
    seen.check()
    assert (len(seen), seen.size, seen.std) == (len(texts), 256, None)
    assert torch.allclose(seen.mean.norm(dim=1), torch.ones(len(texts)), atol=1e-4)
    boots, boot, seven = words.posterior(["boots", "boot", "seven"])[0]
    assert boots @ boot > boots @ seven, "like names are near"


@needs("gan_face_generate")
def test_faces_are_pictures_that_differ_one_by_one():
    faces = lt.Domain("faces", decode=foreign.load_faces(torch.device("cpu")), latent=100)
    z = torch.randn(70, 100, generator=torch.Generator().manual_seed(0))
    x = faces.items(z)
    assert x.shape == (70, 3, 64, 64)
    assert 0 <= x.min() < 0.4 < 0.6 < x.max() <= 1
    assert torch.allclose(faces.items(z[66:]), x[66:], atol=1e-5), "the same alone as among others"
    assert torch.pdist(x.flatten(1)).min() > 1


@needs("rapidocr", "onnxruntime")
def test_the_reader_reads_digits_and_says_when_it_reads_none():
    test, read = load("mnist", "test"), foreign.load_reader()
    pick = torch.cat([(test.y == digit).nonzero().flatten()[:2] for digit in range(10)])
    assert (read(test.x[pick]) == test.y[pick]).double().mean() > 0.7
    assert read(torch.zeros(1, 784)).tolist() == [foreign.NOTHING]
