"""The published notebooks: paired with their sources, run to the end, clean, readable without the pictures."""

import re
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml

import pipeline

ROOT = Path(__file__).parents[1]
CHAPTERS = pipeline.select(ROOT, [])
MACHINE = re.compile(r"(?<![\w.:/-])/(?:home|root|work|Users|tmp|mnt)/\w| at 0x[0-9a-f]{6}")
FOLDED = ("hide-input", "hide-cell", "remove-input")


@pytest.fixture(params=CHAPTERS)
def page(request) -> str:
    return request.param


@pytest.fixture
def notebook(page):
    path = ROOT / "book" / f"{page}.ipynb"
    assert path.exists(), f"{page} is not published: python -m lt run, then python -m lt publish"
    return nbformat.read(path, as_version=4)


def code(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(output) -> str:
    return output.get("text", "") + "".join(str(v) for k, v in output.get("data", {}).items() if k.startswith("text/"))


def test_every_chapter_is_in_the_contents_and_no_other_notebook_is_there():
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"book/(\d\w+)", toc)) == set(CHAPTERS) == {p.stem for p in (ROOT / "book").glob("*.ipynb")}


def test_the_pair_is_equal_and_its_cells_keep_their_ids(page, notebook):
    source = pipeline.source(ROOT / "book" / f"{page}.py")
    text = (ROOT / "book" / f"{page}.py").read_text(encoding="utf-8")
    assert jupytext.writes(notebook, fmt="py:percent") == text, "run and publish it, or write it as jupytext does"
    assert [cell.id for cell in notebook.cells] == [cell.id for cell in source.cells]


def test_every_cell_ran_in_order_and_nothing_differs_from_run_to_run(notebook):
    nbformat.validate(notebook)
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "jupytext"}
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "mystnb", "cellView", "title"}, cell.metadata
        assert not MACHINE.search(cell.source)
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output.evalue
            assert output.get("name") != "stderr", output.text
            assert not (found := MACHINE.search(text_of(output))), found.group()


def test_lines_of_visible_code_fit_a_page_and_what_is_folded_has_a_title(page, notebook):
    for cell in code(notebook):
        tags = cell.metadata.get("tags", [])
        if any(tag in FOLDED for tag in tags):
            assert cell.source.startswith("# @title ") == (cell.metadata.get("cellView") == "form"), (
                "Colab folds by both"
            )
            assert "solution" in tags or cell.source.startswith("# @title "), cell.source.splitlines()[0]
        else:
            assert not [line for line in cell.source.splitlines() if len(line) > 88]


def test_one_cell_has_the_profile(notebook):
    (cell,) = [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]
    assert cell.source.startswith('profile = "quick"')


def test_it_opens_in_colab(page, notebook):
    repository = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    project = repository["url"].removeprefix("https://github.com/")
    link = f"https://colab.research.google.com/github/{project}/blob/{repository['branch']}/book/{page}.ipynb"
    assert f"({link})" in notebook.cells[0].source


def test_every_picture_is_described_in_words(notebook):
    for cell in code(notebook):
        if any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})):
            assert len(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")) > 20, cell.source[:80]


def test_half_of_the_cells_are_compared_by_nbval(notebook):
    ignored = sum("nbval-ignore-output" in cell.metadata.get("tags", []) for cell in code(notebook))
    assert ignored <= len(code(notebook)) / 2
