"""From notebooks to light pages: what ``python -m lt build`` does before and after Sphinx.

Before, each notebook is arranged in a copy: the figure that answers the chapter's question stands under the question, and the cells that set it up
stand in a closed box at the foot. After, :mod:`lt.book.pages` makes the HTML light and accessible. The published notebooks stay as they are.
"""

import copy
import json
import re
import shutil
from pathlib import Path

from lt.book import pages, records, report

LEAD, SETUP = "lead", "setup"  # tags of cells
BADGE = re.compile(r"^\[!\[([^\]]*)\]\(([^)]*)\)\]\(([^)]*)\)$", re.M)
BOX = '<details class="lt-setup" id="set-up">\n<summary>Set-up and provenance</summary>'


def tagged(cell, tag: str) -> bool:
    """Whether a cell carries a tag."""
    return tag in cell.metadata.get("tags", [])


def without(cell, *prefixes: str):
    """A copy of a cell without its tags that begin with one of ``prefixes``."""
    cell = copy.deepcopy(cell)
    cell.metadata["tags"] = [tag for tag in cell.metadata.get("tags", []) if not tag.startswith(prefixes)]
    return cell


def paragraphs(text: str) -> list[str]:
    """The blocks of a Markdown text that blank lines divide."""
    return [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]


def _question(cells: list) -> tuple[int, int] | None:
    """Where the first paragraph is that is neither a heading nor a badge: (index of the cell, number of the block), or None."""
    for i, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            for j, block in enumerate(paragraphs(cell.source)):
                if not block.startswith("#") and not BADGE.match(block):
                    return i, j
    return None


def _shows(output) -> bool:
    """Whether an output is a picture or a piece of a page, not only text."""
    return any(kind.startswith("image/") or kind == "text/html" for kind in output.get("data", {}))


def _lead(cells: list) -> list:
    """The cells with what the one tagged ``lead`` shows right under the question; where it stood, a link to it is left."""
    from nbformat.v4 import new_markdown_cell

    index = next((i for i, cell in enumerate(cells) if cell.cell_type == "code" and tagged(cell, LEAD)), None)
    place = _question(cells)
    if index is None or place is None or not any(map(_shows, cells[index].outputs)):
        return cells
    lead = without(cells[index], "hide-")
    lead.id += "-lead"
    lead.metadata["tags"].append("remove-input")
    lead.outputs = [output for output in lead.outputs if _shows(output)]
    left = without(cells[index], "hide-", LEAD)
    left.metadata.pop("mystnb", None)
    left.metadata["tags"].append("hide-input")
    left.outputs = [output for output in left.outputs if not _shows(output)]
    link = new_markdown_cell(
        '<p class="lt-note">This code draws <a href="#lead">the figure at the top of the page</a>.</p>', id="lead-link"
    )
    anchor = new_markdown_cell('<div id="lead"></div>', id="lead-anchor")
    cells = [*cells[:index], left, link, *cells[index + 1 :]]
    i, j = place
    blocks = paragraphs(cells[i].source)
    before, after = copy.deepcopy(cells[i]), copy.deepcopy(cells[i])
    before.source, after.source, after.id = "\n\n".join(blocks[: j + 1]), "\n\n".join(blocks[j + 1 :]), after.id + "-rest"
    return [*cells[:i], before, anchor, lead, *([after] if after.source else []), *cells[i + 1 :]]


def _setup(cells: list, facts: str) -> list:
    """The cells with those tagged ``setup`` in a closed box at the end, after ``facts``, some Markdown."""
    from nbformat.v4 import new_markdown_cell

    moved = [without(cell, "hide-") for cell in cells if tagged(cell, SETUP)]
    if not moved and not facts:
        return cells
    kept = [cell for cell in cells if not tagged(cell, SETUP)]
    said = [new_markdown_cell(facts, id="set-up-facts")] if facts else []
    return [*kept, new_markdown_cell(BOX, id="set-up-open"), *said, *moved, new_markdown_cell("</details>", id="set-up-close")]


def _badge(cells: list) -> list:
    """The cells with the badge as HTML, so that the description of the page begins with its question."""
    cells = copy.deepcopy(cells)
    for cell in cells[:1]:
        cell.source = BADGE.sub(
            r'<p class="lt-provenance"><a href="\3"><img alt="\1" src="../\2" width="117" height="20"></a></p>', cell.source
        )
    return cells


def arrange(notebook, facts: str = ""):
    """A copy of a notebook in the order of its page: question, lead figure, the rest, and a closed box with the set-up.

    The cell tagged ``lead`` gives the figure; cells tagged ``setup`` go to the box, which begins with ``facts`` (Markdown).
    A notebook without such tags keeps its order.
    """
    notebook = copy.deepcopy(notebook)
    notebook.cells = _setup(_badge(_lead(list(notebook.cells))), facts)
    return notebook


def provenance(record: dict) -> str:
    """Of a chapter's record: profile, hardware and time, in one line."""
    seconds = record["seconds"]
    time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
    return f"Profile {record['profile']}, {records.hardware(record)}, {time}"


def _results(book: Path) -> dict[str, dict]:
    """The record of each chapter of a book, by its name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((book / "book" / "results").glob("[0-9]*.json"))}


def stage(book: Path, names: list[str], folder: Path) -> Path:
    """Copy the pages ``names`` of ``book`` and what they need to ``folder``, with each notebook arranged, and return ``folder``.

    The first page, the introduction, gets the table of versions of the whole book in its box.
    """
    import nbformat

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(book / "book", folder / "book", ignore=shutil.ignore_patterns("*.py", "*.ipynb", ".ipynb_checkpoints", "__pycache__"))
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(book / name, folder)
    found = list(_results(book).values())
    for i, name in enumerate(names):
        path = book / f"{name}.ipynb"
        if path.exists():
            facts = report.markdown(report.versions(found)) if i == 0 and found else ""
            nbformat.write(arrange(nbformat.read(path, as_version=4), facts), folder / f"{name}.ipynb")
    return folder


def finish(book: Path, names: list[str], html: Path, mathjax: Path) -> None:
    """Make the pages in ``html`` light and accessible, see :mod:`lt.book.pages`, and give readers the notebooks as ``book`` has them."""
    lines = {f"book/{name}": provenance(record) for name, record in _results(book).items() if "profile" in record and "cpu" in record}
    profiles = sorted({record["profile"] for record in _results(book).values()})
    lines.setdefault(names[0], f"Measured at profile {' and '.join(profiles)}" if profiles else "")
    for name in names:
        for suffix in (".ipynb", ".py"):
            source = html / "_sources" / f"{name}{suffix}"
            if source.exists() and (book / f"{name}{suffix}").exists():
                shutil.copy(book / f"{name}{suffix}", source)
    pages.finish(html, lines, mathjax)
    (html / ".nojekyll").touch()  # without it GitHub leaves out folders that begin with an underscore
