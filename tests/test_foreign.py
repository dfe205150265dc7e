"""Models from elsewhere: words, faces, a reader. What needs a package that is not installed is skipped, and says so."""

import ast
import json
import os
import re
import sys

import jupytext
import pytest
import torch
from nbclient import NotebookClient

from lt.book import runner
from lt.loop import Training
from lt.zoo import foreign

PARTS = [(corpus, part) for corpus in ("fashion", "mnist") for part in foreign.PARTS]


def needs(*packages: str):
    absent = foreign.missing(packages)
    return pytest.mark.skipif(bool(absent), reason=f"needs {', '.join(absent)}: pip install -e '.[foreign]'")


def in_words(text: str) -> set[str]:
    """Lower case, without a plural s."""
    return {word.removesuffix("s") for word in re.findall(r"\w+", text.lower()) if len(word) > 1}


@pytest.mark.parametrize("corpus, part", PARTS)
def test_there_are_enough_words_of_every_class(corpus, part):
    found = foreign.phrases(corpus, part)
    count = found.y.bincount(minlength=10)
    assert len(found) == len(set(found.x)) == int(count.sum())
    assert count.min() >= {"train": 30, "phrases": 10, "new": 6}[part]
    assert part == "train" or len(found) >= 90
    assert part != "phrases" or len(found) >= 100


@pytest.mark.parametrize("corpus", ["fashion", "mnist"])
def test_no_held_out_name_is_in_training(corpus):
    seen = set(foreign.phrases(corpus, "train").x)
    held = [*foreign.phrases(corpus, "phrases").x, *foreign.phrases(corpus, "new").x]
    assert not seen & set(held)
    assert len(held) == len(set(held))


def test_a_new_garment_has_a_word_that_training_has_not():
    seen = set().union(*map(in_words, foreign.phrases("fashion", "train").x))
    assert not [name for name in foreign.phrases("fashion", "phrases").x if in_words(name) <= seen]
    assert not [name for name in foreign.phrases("fashion", "new").x if in_words(name) & seen]


def test_unknown_lists_are_named(lt_error):
    with lt_error("'shoes'", "fashion or mnist"):
        foreign.phrases("shoes", "train")
    with lt_error("'test'", "train, phrases, new"):
        foreign.phrases("mnist", "test")


@pytest.mark.parametrize(
    "package, load", [("wordllama", foreign.load_words), ("gan_face_generate", foreign.Faces), ("rapidocr", foreign.load_reader)]
)
def test_a_missing_package_is_one_line(package, load, monkeypatch, lt_error):
    if package == "rapidocr":
        monkeypatch.setitem(sys.modules, "onnxruntime", torch)  # anything that is there
    monkeypatch.setitem(sys.modules, package, None)
    foreign._word_llama.cache_clear()
    with lt_error(f"{package} is missing", "pip install -e '.[foreign]'"):
        load()


def test_what_is_not_installed_is_listed():
    assert foreign.missing(["torch", "no_such_package"]) == ["no_such_package"]


@needs("wordllama")
def test_words_are_unit_vectors_and_like_names_are_near():
    encode = foreign.load_words()
    vectors = encode(["boots", "boot", "seven"])
    assert vectors.shape == (3, 256)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


@needs("wordllama")
def test_a_text_without_a_known_word_is_refused(lt_error):
    encode = foreign.load_words()
    assert foreign.look_up(encode, "my ankle boots", "fashion").shape == (1, 256)
    assert foreign.look_up(encode, "3 bananas", "mnist").shape == (1, 256)
    with lt_error("'xylophone'", "fashion", "nearest"):
        foreign.look_up(encode, "xylophone", "fashion")
    with lt_error("'?!' holds no word"):
        foreign.look_up(encode, "?!", "fashion")


@needs("wordllama")
def test_pieces_put_together_are_the_text():
    for text in ("cardigan", "ankle boot", "nine o'clock"):
        assert "".join(foreign.pieces(text)) == text.replace(" ", "")
    assert len(foreign.pieces("huarache")) > len(foreign.pieces("seven")) == 1


def test_a_table_of_looks_is_a_permutation(lt_error):
    cells = (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)
    assert foreign.looks_of(cells).tolist() == list(cells)
    assert foreign.looks_of(cells)[foreign.looks_of(cells).argsort()].tolist() == list(range(10))
    for wrong in ((0,) * 10, tuple(range(9)), tuple(range(1, 11))):
        with lt_error("each of the numbers 0 to 9 once"):
            foreign.looks_of(wrong)


@needs("gan_face_generate")
def test_faces_are_pictures_and_the_prior_is_left_as_it_is():
    faces = foreign.Faces()
    z = torch.randn(2, 100, generator=torch.Generator().manual_seed(0))
    x = faces.decode(z)
    assert x.shape == (2, 3, 64, 64)
    assert 0 <= x.min() < 0.4 < 0.6 < x.max() <= 1
    assert torch.allclose(x, (faces.generator(z[:, :, None, None]) + 1) / 2, atol=1e-5)
    assert torch.allclose(faces.decode(0.01 * z), faces.decode(0.1 * z), atol=1e-4), "what is nearer is moved out"
    assert not [p for p in faces.parameters() if p.grad is not None]


@needs("gan_face_generate")
def test_samples_of_faces_are_kept_and_belong_to_their_points():
    z, x = foreign.face_samples("toy", 3)
    again = foreign.face_samples("toy", 3)
    assert torch.equal(z, again[0])
    assert torch.equal(x, again[1])
    whole = torch.nn.functional.avg_pool2d(foreign.Faces().decode(z), 2)
    assert torch.allclose(x, whole, atol=1 / 255)


def toy_faces(n: int = 400, seed: int = 0) -> torch.Tensor:
    """Coloured ramps: a brightness, a colour and slopes of their own, and a bright or dark middle."""
    g = torch.Generator().manual_seed(seed)
    light, warm, right, down, middle = 0.12 * torch.randn(5, n, 1, 1, 1, generator=g)
    place = torch.linspace(-1, 1, 32)
    centre = torch.zeros(32, 32)
    centre[8:28, 8:24] = 1
    colour = torch.tensor([1.0, 0.0, -1.0])[None, :, None, None]
    return (0.5 + light + warm * colour + right * place + down * place[:, None] + middle * centre).clamp(0, 1)


def test_looks_are_what_lies_farthest_out():
    looks = foreign.Looks(toy_faces())
    flat = torch.full((1, 3, 16, 16), 0.5)
    for change, name in (
        (torch.full((3, 16, 16), 0.4), "bright"),
        (torch.full((3, 16, 16), -0.4), "dark"),
        (torch.tensor([0.3, 0.0, -0.3])[:, None, None], "warm colours"),
        (0.4 * torch.linspace(-1, 1, 16), "light from the right"),
        (0.4 * torch.linspace(1, -1, 16)[:, None], "light from above"),
    ):
        assert foreign.LOOKS[int(looks(flat + change).argmax())] == name
    found = looks(toy_faces(seed=1))
    assert found.shape == (400, 10)
    assert len(found.argmax(-1).unique()) == 10


def test_the_judge_of_faces_learns_looks():
    x, fresh = toy_faces(600), toy_faces(300, seed=1)
    looks = foreign.Looks(x)
    data = foreign.FacePictures("toy", x, looks(x).argmax(-1), "toy faces")
    judge, history = foreign.fit_face_judge(foreign.FaceJudgeConfig(Training(150, 64, 3e-3, "onecycle"), 8), data, 0, torch.device("cpu"))
    sure = looks(fresh).softmax(-1).amax(-1) >= 0.95
    with torch.no_grad():
        right = judge(fresh).argmax(-1) == looks(fresh).argmax(-1)
    assert right[sure].double().mean() > 0.8
    assert "score" in history


@needs("rapidocr", "onnxruntime")
def test_the_reader_reads_digits_and_says_when_it_reads_none():
    from lt.datasets import images

    test = images.load("mnist", "test", "embedded")
    pick = torch.cat([(test.y == digit).nonzero().flatten()[:2] for digit in range(10)])
    read = foreign.load_reader()
    assert (read(test.x[pick]) == test.y[pick]).double().mean() > 0.7
    assert read(torch.zeros(1, 784)).tolist() == [foreign.NOTHING]


@needs("wordllama")
def test_words_are_a_domain_like_any_other():
    domain, seen, held = foreign.words_domain("mnist", torch.device("cpu"))
    known = foreign.phrases("mnist", "train")
    seen.check()
    held.check()
    assert seen.size == held.size == domain.latent == 256
    assert len(seen) == len(known)
    assert len(held) == len(foreign.phrases("mnist", "phrases"))
    mean, std = domain.posterior(["seven", "ninth"])
    assert not std.any()
    index = domain.items(3 * mean).long()  # a name is the nearest to itself, at any length of its vector
    assert [known.x[i] for i in index] == ["seven", "ninth"]
    assert domain.classify(index).tolist() == [7, 9]
    assert torch.equal(domain.classify(domain.items(seen.mean)), seen.y)


@pytest.mark.parametrize("absent", ["wordllama", "rapidocr"])
def test_the_chapter_skips_itself_in_one_line(absent, tmp_path):
    """A reader without the packages: one line says which, no cell fails, and what nbval compares stays empty."""
    root = runner.find_root()
    (tmp_path / "sitecustomize.py").write_text(
        f"import importlib.util\nfind = importlib.util.find_spec\nimportlib.util.find_spec = lambda name, *rest: None if name == {absent!r} else find(name, *rest)\n"
    )
    notebook = jupytext.read(root / "book" / "09_foreign_models.py")
    path = os.pathsep.join([str(tmp_path), str(root), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "LT_PROFILE": "quick", "LT_RESULTS": str(tmp_path)}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(root / "book")}}).execute(env=env)
    printed = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    (why,) = [
        out.data["text/markdown"] for cell in printed for out in cell.outputs if "Skipped" in out.get("data", {}).get("text/markdown", "")
    ]
    assert absent in why
    assert "pip install -e '.[foreign]'" in why
    assert all("nbval-ignore-output" in cell.metadata.tags for cell in printed)
    assert printed[-1].source.startswith("from lt.zoo import foreign"), "a later cell did something"
    assert json.loads((tmp_path / "09_foreign_models.json").read_text(encoding="utf-8"))["rows"] == []


def test_what_depends_on_the_packages_is_never_compared():
    """A cell that nbval compares prints nothing: its output would differ where the chapter skips itself."""
    notebook = jupytext.read(runner.find_root() / "book" / "09_foreign_models.py")
    compared = [
        cell.source for cell in notebook.cells if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", [])
    ]
    for source in compared:
        assert all(isinstance(line, ast.Assign | ast.Import | ast.ImportFrom) for line in ast.parse(source).body), source
