"""The runner, on a book of three tiny chapters."""

import json
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from lt.__main__ import main
from lt.book import runner

ROOT = Path(__file__).parents[1]
HEAD = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Title

# %% tags=["parameters"]
profile = "none"

# %%
import json, os, sys
from pathlib import Path
"""
GOOD = """
# %% tags=["keep"]
print("at", profile)
print("noise", file=sys.stderr)
row = {"table": "1", "setting": "mnist->fashion", "method": "bridging_vae", "metric": "transfer_accuracy", "value": 0.5, "low": 0.25, "high": 0.75, "paper": 0.95}
record = {"chapter": "01_good", "profile": profile, "device": "cpu", "cpu": "a CPU, 2 cores used", "seconds": 186, "training_seconds": {"VAE": 60.0}, "rows": [row]}
size = Path(os.environ["LT_RESULTS"], "01_good.json").write_text(json.dumps(record))
"""
BAD = """
# %%
good = 1

# %%
# the next line is what fails
raise ValueError("two\\nlines")

# %%
never = 1
"""


def chapter(root: Path, name: str, body: str) -> Path:
    path = root / "book" / f"{name}.py"
    path.write_text(HEAD + body)
    return path


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A book with an introduction and chapters 01_good and 02_other, of which 01_good is published already."""
    root = tmp_path / "toy"
    (root / "book").mkdir(parents=True)
    (root / "_config.yml").write_text("title: Toy\nauthor: nobody\nonly_build_toc_files: true\n")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/00_introduction\nchapters:\n- file: book/01_good\n- file: book/02_other\n- file: book/page\n"
    )
    (root / "README.md").write_text("# Toy\n\n<!-- headline -->\nold\n<!-- /headline -->\n\n<!-- times -->\nold\n<!-- /times -->\nend\n")
    (root / "book" / "page.md").write_text("# Page\n")
    chapter(root, "00_introduction", "\n# %%\nlen(list(Path(os.environ['LT_RESULTS']).glob('*.json')))\n")
    chapter(root, "01_good", GOOD)
    chapter(root, "02_other", "\n# %%\nprofile\n")
    nbformat.write(runner.source(root, "book/01_good"), root / "book" / "01_good.ipynb")
    monkeypatch.chdir(root / "book")
    return root


def call(monkeypatch, *arguments: str) -> str:
    """What ``python -m lt`` with these arguments exits with, ``0`` or its message."""
    monkeypatch.setattr(sys, "argv", ["lt", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return str(caught.value.code)


def test_chapters_and_their_names(root, lt_error):
    assert runner.find_root() == root
    assert runner.toc(root) == ["book/00_introduction", "book/01_good", "book/02_other", "book/page"]
    assert runner.select(root, []) == ["book/01_good", "book/02_other", "book/00_introduction"]
    for name in ("1", "01", "01_good", "01_good.py", "01_good.ipynb", "book/01_good.py"):
        assert runner.select(root, [name]) == ["book/01_good"]
    with lt_error("unknown chapter '7'", "01_good", "02_other"):
        runner.select(root, ["01", "7"])
    with lt_error("unknown chapter '01_bad'"):
        runner.select(root, ["01_bad"])
    assert [runner.number(name) for name in ("00_introduction", "05b_more", "10_far", "5b", "api")] == ["0", "5b", "10", "5b", ""]


def test_no_book_here(tmp_path, lt_error):
    with lt_error("_toc.yml", "go to the folder of the book"):
        runner.find_root(tmp_path)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["run", "9"], ["unknown chapter '9'", "01_good"]),
        (["run", "--profile", "fast"], ["unknown profile 'fast'", "quick"]),
        (["book", "--profile", "fast"], ["unknown profile 'fast'", "quick"]),
        (["build", "--profile", "fast"], ["unknown profile 'fast'", "quick"]),
        (["publish", "--profile", "fast"], ["unknown profile 'fast'", "quick"]),
        (
            ["publish", "--profile", "quick"],
            ["01_good has not been run", "02_other has not been run", "python -m lt run 01_good 02_other 00_introduction --profile quick"],
        ),
        (["build", "--profile", "quick"], ["01_good has not been run", "02_other has not been run"]),
    ],
)
def test_mistakes_are_one_line(root, monkeypatch, arguments, words):
    message = call(monkeypatch, *arguments)
    assert message.startswith("error: ")
    assert "\n" not in message
    assert not [word for word in words if word not in message]
    assert not (root / "_build").exists()


def test_run_then_publish(root, monkeypatch, capsys):
    before = {path: path.read_bytes() for path in (root / "book").iterdir() if path.is_file()}
    assert call(monkeypatch, "run") == "0"
    assert {path: path.read_bytes() for path in (root / "book").iterdir() if path.is_file()} == before, "a run leaves what is published"
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["01_good", "02_other", "00_introduction"]

    assert call(monkeypatch, "publish", "--profile", "quick") == "0"
    notebook = nbformat.read(root / "book" / "01_good.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == [cell["id"] for cell in json.loads(before[root / "book" / "01_good.ipynb"])["cells"]]
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2, 3]
    assert [output.text for output in notebook.cells[-1].outputs] == ["at quick\n"], "the profile reached the kernel, stderr is dropped"
    assert notebook.cells[1].source == 'profile = "none"'
    assert notebook.cells[-1].metadata == {"tags": ["keep"]}
    assert set(notebook.metadata) == {"kernelspec", "jupytext", "language_info"}
    introduction = nbformat.read(root / "book" / "00_introduction.ipynb", as_version=4)
    assert introduction.cells[-1].outputs[0].data["text/plain"] == "1", "the introduction runs last and sees the results"

    readme = (root / "README.md").read_text()
    assert "0.500 [0.250, 0.750]" in readme
    assert "`quick`" in readme
    assert "old" not in readme
    assert readme.startswith("# Toy\n\n<!-- headline -->\n")
    assert "| `quick` | 4 min | 01 | 3.1 | 1.0 | a CPU |" in readme
    assert readme.endswith("<!-- /times -->\nend\n")
    assert call(monkeypatch, "publish", "--profile", "quick") == "0"
    assert (root / "README.md").read_text() == readme
    lines = runner.status(root).splitlines()
    assert lines[1].split()[:5] == ["01_good", "quick", "cpu", "186", "unknown"]
    assert " ".join(lines[1].split()).endswith("source, code python -m lt run 01 --profile quick"), (
        "its record names no code, so nothing says that it is the same"
    )
    assert lines[2].split() == ["02_other", "never", "run", "python", "-m", "lt", "run", "02"]

    chapter(root, "02_other", "\n# %%\nprofile + profile\n")
    assert "02_other has changed since it was run" in call(monkeypatch, "publish", "--profile", "quick")
    assert call(monkeypatch, "publish", "1", "--profile", "quick") == "0", "the other chapters do not hold this one back"


def test_a_chapter_that_fails(root, monkeypatch, capsys):
    shutil.copy(chapter(root, "01_good", GOOD), root / "book" / "03_good.py")
    chapter(root, "01_good", BAD)
    with (root / "_toc.yml").open("a") as file:
        file.write("- file: book/03_good\n")
    assert call(monkeypatch, "run") == "error: 01_good failed, see above; the work of the other chapters is kept"
    printed = capsys.readouterr()
    assert "01_good  failed" in printed.err
    assert "cell [4]: # the next line is what fails" in printed.err
    assert "ValueError: two" in printed.err
    assert "Traceback" not in printed.err
    folder = runner.staging(root, "quick")
    states = {name: runner.unfinished(root, folder, f"book/{name}") for name in ("00_introduction", "01_good", "02_other", "03_good")}
    assert states == {"00_introduction": "has not been run", "01_good": "ended with an error", "02_other": None, "03_good": None}
    assert "01_good ended with an error" in call(monkeypatch, "publish", "--profile", "quick")
    assert not (root / "book" / "02_other.ipynb").exists()


def test_clean_twice_is_clean_once(root):
    notebook = runner.source(root, "book/01_good")
    notebook.metadata["papermill"] = {"duration": 1.0}
    notebook.cells.insert(2, nbformat.v4.new_code_cell("profile = 'quick'", metadata={"tags": ["injected-parameters"]}))
    for count, cell in enumerate(notebook.cells):
        cell.metadata.update(papermill={"duration": count}, execution={"iopub.execute_input": "now"}, lines_to_next_cell=2)
        cell.metadata.setdefault("tags", [])
        if cell.cell_type == "code":
            cell.execution_count = 10 + count
            cell.outputs = [
                nbformat.v4.new_output("stream", name="stderr", text="a warning"),
                nbformat.v4.new_output("execute_result", {"text/plain": "1"}, execution_count=10 + count),
            ]
    once = nbformat.writes(runner.clean(notebook))
    assert once == nbformat.writes(runner.clean(notebook))
    assert not [word for word in ("papermill", "iopub", "lines_to_next_cell", "a warning", "injected-parameters") if word in once]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [(cell.execution_count, cell.outputs[0].execution_count) for cell in code] == [(1, 1), (2, 2), (3, 3)]


@pytest.fixture
def vendored(root):
    """Something in the place of MathJax, so that nothing is fetched."""
    folder = root / "_build" / "vendor" / "node_modules" / "mathjax" / "es5"
    folder.mkdir(parents=True)
    (folder / "node-main.js").write_text("// MathJax")


def test_build(root, vendored, monkeypatch, capsys):
    for page in ("00_introduction", "02_other"):
        nbformat.write(runner.source(root, f"book/{page}"), root / "book" / f"{page}.ipynb")
    (root / "_config.yml").write_text((root / "_config.yml").read_text() + 'execute:\n  execute_notebooks: "off"\n')
    assert call(monkeypatch, "build") == "0"
    html = root / "_build" / "html"
    assert capsys.readouterr().out == f"open {html / 'index.html'}\n"
    assert (html / "_static" / "site.css").exists()
    assert (html / ".nojekyll").exists()
    assert "Title" in (html / "book" / "01_good.html").read_text()

    (root / "book" / "page.md").write_text("# Page\n\n[nowhere](nothing.md)\n")
    assert "see above" in call(monkeypatch, "build")
    assert "nothing.md" in capsys.readouterr().err


def test_build_without_npm(root, monkeypatch):
    monkeypatch.setenv("PATH", str(root))
    assert "install npm" in call(monkeypatch, "build")
