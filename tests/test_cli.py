"""The commands, on a book of tiny chapters in a folder of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import pipeline
from lt.book import PROFILES, profiles
from lt.errors import LtError

ROOT = Path(__file__).parents[1]
CONFIG = "title: Toy\nauthor: nobody\nonly_build_toc_files: true\nexecute: {execute_notebooks: 'off'}\n"
TOC = "format: jb-book\nroot: book/00_introduction\nchapters: [file: book/01_good, file: book/02_other]\n"
HEAD = """\
# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,cellView,title,-all
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Title

# %% tags=["parameters"]
profile = "quick"

"""
GOOD = """\
# %% cellView="form" tags=["hide-input"]
# @title What is measured
import json, os, sys
from pathlib import Path

print("at", profile, "in", Path.cwd())
print("noise", file=sys.stderr)
record = {"chapter": "01_good", "profile": profile, "training_seconds": 7.0, "rows": [], "claims": []}
Path(os.environ["LT_RESULTS"]).mkdir(parents=True, exist_ok=True)
size = Path(os.environ["LT_RESULTS"], "01_good.json").write_text(json.dumps(record))

# %%
os.environ["TQDM_DISABLE"], os.environ["OMP_NUM_THREADS"]
"""
BAD = "# %%\n# the next line is what fails\nraise ValueError('two\\nlines')\n\n# %%\nnever = 1\n"
PLAYER = """\
# %%
import torch
from lt.book import widgets

widgets.player(torch.sin(torch.arange(800.0)), 8000, "one")
"""
LAST = "# %%\nimport os\nfrom pathlib import Path\n\n[p.name for p in Path(os.environ['LT_RESULTS']).glob('*')]\n"


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A book of an introduction and two chapters."""
    book = tmp_path / "toy" / "book"
    book.mkdir(parents=True)
    (book.parent / "_config.yml").write_text(CONFIG)
    (book.parent / "_toc.yml").write_text(TOC)
    for name, body in {"00_introduction": LAST, "01_good": GOOD, "02_other": "# %%\nprofile\n"}.items():
        (book / f"{name}.py").write_text(HEAD + body)
    (book / "results").mkdir()
    monkeypatch.setattr(pipeline, "ROOT", book.parent)
    return book.parent


def call(*arguments: str) -> str:
    """What ``python -m lt`` with these arguments ends with: nothing, or a message."""
    try:
        pipeline.app(list(arguments), standalone_mode=False)
    except LtError as error:
        return str(error)
    return ""


def test_chapters_by_number_or_name_and_the_introduction_last(root):
    assert pipeline.select(root, []) == ["01_good", "02_other", "00_introduction"]
    for name in ("1", "01", "01_good", "01_good.py", "book/01_good.ipynb"):
        assert pipeline.select(root, [name]) == ["01_good"]


def test_mistakes_are_one_line(root):
    assert call("run", "1", "9") == "unknown chapter '9': choose from 00_introduction, 01_good, 02_other"
    assert call("publish") == "01_good is not finished: python -m lt run 01_good --profile laptop"
    assert not (root / "_build").exists()


def test_run_then_publish(root, capsys):
    before = {path: path.read_bytes() for path in (root / "book").rglob("*") if path.is_file()}
    assert call("run") == ""
    assert {path: path.read_bytes() for path in (root / "book").rglob("*") if path.is_file()} == before
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert sorted(line[0] for line in lines[1:3]) == ["01_good", "02_other"]
    assert lines[3][0] == "00_introduction"

    assert call("publish", "--profile", "quick") == ""
    notebook = nbformat.read(root / "book" / "01_good.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2, 3]
    assert [output.text for output in notebook.cells[2].outputs] == ["at quick in book\n"], "no stderr, no path"
    assert notebook.cells[1].source == 'profile = "quick"'
    assert notebook.cells[2].metadata == {"cellView": "form", "tags": ["hide-input"]}, "Colab folds it"
    assert notebook.cells[3].outputs[0].data["text/plain"] == "('1', '1')"
    assert set(notebook.metadata) <= {"jupytext", "kernelspec"}
    assert json.loads((root / "book" / "results" / "01_good.json").read_text())["profile"] == "quick"
    introduction = nbformat.read(root / "book" / "00_introduction.ipynb", as_version=4)
    assert introduction.cells[-1].outputs[0].data["text/plain"] == "['01_good.json']", "it sees what the others wrote"

    first = (root / "book" / "01_good.ipynb").read_bytes()
    assert call("run", "1") == call("publish", "1", "--profile", "quick") == ""
    assert (root / "book" / "01_good.ipynb").read_bytes() == first, "a second run is the same, byte by byte"
    (root / "book" / "02_other.py").write_text(HEAD + "# %%\nprofile + profile\n")
    assert "02_other is not finished" in call("publish", "--profile", "quick"), "it has changed since"


def test_a_chapter_that_fails_is_a_few_lines_and_stops_no_other(root, capsys):
    (root / "book" / "01_good.py").write_text(HEAD + BAD)
    assert call("run") == "01_good failed, see above; the work of the other chapters is kept"
    said = capsys.readouterr()
    assert re.search(r"^01_good failed, see .*01_good.ipynb\n(.*\n)?ValueError: two\nlines\n$", said.err), said.err
    assert {line.split()[0] for line in said.out.splitlines()} == {"chapter", "01_good", "02_other", "00_introduction"}
    assert "01_good is not finished" in call("publish", "--profile", "quick")
    assert not (root / "book" / "02_other.ipynb").exists()


@pytest.mark.slow
def test_book_compiles_what_was_run(root):
    (root / "_config.yml").write_text(
        CONFIG + f"sphinx: {{local_extensions: {{lt_sphinx: {ROOT / 'book' / '_ext'}}}}}\n"
    )
    (root / "book" / "related.md").write_text("# Related\n\nAn equation: $x^2$.\n")
    (root / "_toc.yml").write_text(TOC.replace("]", ", file: book/related]"))
    (root / "book" / "02_other.py").write_text(HEAD + PLAYER)
    assert call("book") == ""
    html = root / "_build" / "html"
    assert "at quick in book" in (html / "book" / "01_good.html").read_text()
    assert not list((root / "book").glob("*.ipynb"))
    page, (sound,) = (html / "book" / "02_other.html").read_text(), (html / "_static" / "sounds").glob("*.wav")
    assert f'src="../_static/sounds/{sound.name}"' in page, "sounds are files"
    assert "base64" not in page
    assert sound.read_bytes()[:4] == b"RIFF"
    assert not [name for name in ("thebe", "design-tabs", "togglebutton") if f"{name}.js" in page], "nothing needs them"
    assert 'url=related.html"' in (html / "book" / "14_related.html").read_text(), "old addresses lead on"
    assert "tex-mml-chtml.js" in (html / "book" / "related.html").read_text(), (
        "MathJax draws equations, without Node.js"
    )
    if (ROOT / "node_modules" / "katex").exists():
        (root / "node_modules").symlink_to(ROOT / "node_modules")
        pipeline.compile_book(root / "_build" / "stage")
        page = (html / "book" / "related.html").read_text()
        assert 'class="katex"' in page, "KaTeX has drawn it"
        assert "tex-mml-chtml" not in page
        assert (html / "_static" / "katex" / "katex.min.css").exists()
    (root / "book" / "02_other.py").write_text(HEAD + "# %% [markdown]\n# [nowhere](nowhere.md)\n")
    assert "failed or warned" in call("book")


def test_the_same_text_twice_has_two_ids_and_they_stay(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("# %%\n1\n\n# %%\n1\n\n# %%\n2\n")
    one, two, three = (cell.id for cell in pipeline.source(path).cells)
    assert len({one, two, three}) == 3
    path.write_text("# %%\n0\n\n# %%\n1\n\n# %%\n2\n")
    assert [cell.id for cell in pipeline.source(path).cells][1:] == [one, three]


def test_profiles_have_the_names_that_the_commands_know():
    assert [profiles.get(name).name for name in PROFILES] == list(PROFILES)


def test_the_command_line_takes_no_time_and_its_errors_are_one_line(tmp_path):
    def run(code: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", f"import sys, time; {code}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)

    took = run("t = time.time(); import lt; print(time.time() - t, 'torch' in sys.modules)").stdout.split()
    assert (float(took[0]) < 0.1, took[1]) == (True, "False")
    main = "from lt.__main__ import main; main()"
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run(main, "--version").stdout)
    assert "quick|laptop|paper" in run(main, "run", "--help").stdout
    for done, words in (
        (run(main, "run", "99"), "error: unknown chapter '99': choose from .*"),
        (run(main, "run", cwd=tmp_path), "error: no book in .* or above: go to the folder of its repository"),
        (run("sys.modules['typer'] = None; " + main, "run"), r"error: this Python \(.*\) has no package typer: .*"),
    ):
        assert done.returncode == 1
        assert re.fullmatch(words + "\n", done.stderr), done.stderr
