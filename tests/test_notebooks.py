"""The published notebooks: paired with their sources, run to the end, clean, and readable without seeing the pictures."""

import re

import jupytext
import nbformat
import pytest
import yaml

from lt.book import runner

ROOT = runner.find_root()
CHAPTERS = runner.chapters(ROOT)
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|root|work|Users|tmp|mnt)/\w")


@pytest.fixture(params=CHAPTERS, ids=lambda page: page.split("/")[-1])
def page(request) -> str:
    return request.param


@pytest.fixture
def notebook(page):
    path = ROOT / f"{page}.ipynb"
    assert path.exists(), f"{page} is not published: python -m lt run, then python -m lt publish"
    return nbformat.read(path, as_version=4)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(output) -> str:
    return output.get("text", "") + "".join(str(value) for kind, value in output.get("data", {}).items() if kind.startswith("text/"))


def test_there_are_chapters():
    assert len(CHAPTERS) >= 4
    assert {f"book/{path.stem}" for path in (ROOT / "book").glob("*.py")} == set(CHAPTERS), "a chapter is not in _toc.yml"


def markdown_of(page: str) -> str:
    """The text of a page, without its code."""
    path = ROOT / f"{page}.py"
    if path.exists():
        return "\n".join(cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown")
    return (ROOT / f"{page}.md").read_text(encoding="utf-8")


def test_the_introduction_leads_to_every_page_by_its_true_title():
    first, *others = runner.toc(ROOT)
    links = re.findall(r"\[([^\]]+)\]\(([\w.]+)\.(?:ipynb|md)\)", markdown_of(first))
    for page in others:
        title = re.search(r"^# (.+)$", markdown_of(page), re.MULTILINE)[1]
        assert (title, page.split("/")[-1]) in links


def test_the_pair_is_equal(page, notebook):
    source = jupytext.read(ROOT / f"{page}.py")
    source = jupytext.reads(jupytext.writes(source, fmt="ipynb"), fmt="ipynb")  # in the order of keys that notebooks are stored in
    assert jupytext.writes(notebook, fmt="py:percent") == jupytext.writes(source, fmt="py:percent"), "the .py has changed: run and publish"


def test_every_cell_ran_in_order_without_error_or_stderr(notebook):
    cells = [cell for cell in code_cells(notebook) if cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output.evalue for output in outputs if output.output_type == "error"]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]


def test_the_notebook_is_clean(notebook):
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "jupytext"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "mystnb"}, cell.metadata


def test_no_path_of_the_machine_it_ran_on(notebook):
    texts = [cell.source for cell in notebook.cells] + [text_of(output) for cell in code_cells(notebook) for output in cell.outputs]
    found = [match.group() for text in texts for match in [MACHINE_PATH.search(text)] if match]
    assert not found


def test_the_profile_comes_from_a_cell_tagged_parameters(notebook):
    tagged = [cell.source for cell in code_cells(notebook) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert 'profile = os.environ.get("LT_PROFILE", "quick")' in tagged[0]


def test_it_opens_in_colab(page, notebook):
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    project = repository["url"].removeprefix("https://github.com/")
    link = f"https://colab.research.google.com/github/{project}/blob/{repository['branch']}/{repository['path_to_book']}{page}.ipynb"
    assert any(f"({link})" in cell.source for cell in notebook.cells if cell.cell_type == "markdown"), f"no link to {link}"


def test_every_picture_is_described_in_words(notebook):
    for cell in code_cells(notebook):
        if any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 20, f'add mystnb={{"image": {{"alt": "..."}}}} to the cell that begins {cell.source.splitlines()[0]!r}'
