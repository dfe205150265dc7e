"""The commands of ``python -m lt`` in a clone of the book: jupytext, papermill and jupyter-book, called plainly."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import jupytext
import nbformat
import typer

from lt.book import PROFILES
from lt.errors import LtError

ROOT = Path(__file__).resolve().parents[1]
LAST = ("00_introduction", "09_verdict", "15_reference")  # they read what the others write
MEMORY = 6 * 2**30  # bytes that must be free for two chapters side by side
ALONE = {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1", "JUPYTER_PREFER_ENV_PATH": "1"}  # of a kernel
Chapters = Annotated[list[str] | None, typer.Argument(help="Such as 3, 03 or 03_bridging. Default: all.")]
Profile = Annotated[Literal[PROFILES], typer.Option(help="Data and budgets.")]
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def select(root: Path, names: list[str]) -> list[str]:
    """The chapters of these names, or all, those of LAST at the end; raises :class:`lt.LtError` for a name of none."""
    pages = sorted((p.stem for p in (root / "book").glob("[0-9]*.py")), key=lambda page: (page in LAST, page))
    wanted = {name: [p for p in pages if Path(name).stem.zfill(2) in (p, p[:2])] for name in names}
    if unknown := [name for name, found in wanted.items() if not found]:
        raise LtError(f"unknown chapter {unknown[0]!r}: choose from {', '.join(sorted(pages))}")
    return [page for page in pages if not names or any(page in found for found in wanted.values())]


def source(path: Path) -> Any:
    """The notebook in a chapter's .py, without outputs. The id of a cell is a hash of its text: it stays with it."""
    notebook, seen = jupytext.read(path), dict[str, int]()
    notebook.nbformat_minor = 5  # cells have ids from here on
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    for cell in notebook.cells:
        seen[cell.source] = seen.get(cell.source, 0) + 1
        cell.id = hashlib.sha256(f"{seen[cell.source]} {cell.source}".encode()).hexdigest()[:8]
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook


def code(notebook: Any) -> list:
    """The code cells of a notebook without those that papermill puts in."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell for cell in cells if "injected-parameters" not in cell.metadata.get("tags", [])]


def cleaned(executed: Any, fresh: Any) -> Any:
    """The notebook ``fresh`` with the outputs of an executed one: no timings, no stderr, no paths of this machine."""
    for number, (cell, ran) in enumerate(zip(code(fresh), code(executed), strict=True), start=1):
        cell.execution_count = number if ran.execution_count else None
        cell.outputs = [output for output in ran.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
            if "text" in output:
                output.text = output.text.replace(f"{ROOT}{os.sep}", "")
    return fresh


def execute(profile: str, page: str) -> str:
    """Run one chapter into ``_build/run/PROFILE`` and say how it went; returns its name if it failed."""
    folder, results = (ROOT / "_build" / kind / profile for kind in ("run", "results"))
    path, record, started = folder / f"{page}.ipynb", results / f"{page}.json", time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)  # numbers of an earlier run must not pass for this one's
    fresh = source(ROOT / "book" / f"{page}.py")
    nbformat.write(fresh, path)
    command = [sys.executable, "-m", "papermill", path, path, "--cwd", ROOT / "book", "-p", "profile", profile]
    given = [name for name in ("LT_DATA", "LT_CACHE") if os.environ.get(name)]
    absolute = {name: str(Path(os.environ[name]).expanduser().resolve()) for name in given}
    environment = os.environ | ALONE | absolute | {"LT_RESULTS": str(results)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    nbformat.write(cleaned(nbformat.read(path, as_version=4), fresh), path)
    trained = json.loads(record.read_text(encoding="utf-8"))["training_seconds"] if record.exists() else 0
    print(f"{page:24} {time.perf_counter() - started:8.0f} {trained:28.0f}", flush=True)
    if done.returncode:
        print(f"{page} failed, see {path}", *done.stderr.strip().splitlines()[-2:], sep="\n", file=sys.stderr)
    return page if done.returncode else ""


@app.command()
def run(chapters: Chapters = None, profile: Profile = "quick") -> None:
    """Execute chapters into _build/run/PROFILE, their numbers into _build/results/PROFILE; published pages stay."""
    pages, failed = select(ROOT, chapters or []), list[str]()
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if sys.platform == "linux" else 0
    print(f"{'chapter':24} {'seconds':>8} {'of training, now or cached':>28}", flush=True)
    for workers, last in ((2 if (os.cpu_count() or 1) > 1 and free > MEMORY else 1, False), (1, True)):
        with ThreadPoolExecutor(workers) as pool:
            failed += pool.map(partial(execute, profile), [page for page in pages if (page in LAST) == last])
    if any(failed):
        raise LtError(f"{', '.join(filter(None, failed))} failed, see above; the work of the other chapters is kept")


def compile_book(folder: Path) -> None:
    """Compile the book in a folder into ``_build/html``; any warning is an error."""
    shutil.rmtree(ROOT / "_build" / "html", ignore_errors=True)
    options = ["--path-output", str(ROOT), "--all", "-W", "-n", "--keep-going", "-q"]
    # not the script jupyter-book: it may be another environment's
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(folder), *options]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:  # it warns on stderr
        raise LtError("jupyter-book failed or warned, see above")
    print(f"open {ROOT / '_build' / 'html' / 'index.html'}")


@app.command()
def build() -> None:
    """Compile the published notebooks into _build/html."""
    compile_book(ROOT)


@app.command()
def book(profile: Profile = "quick") -> None:
    """Execute every chapter, then compile what was run into _build/html."""
    run([], profile)
    stage = ROOT / "_build" / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(ROOT / "book", stage / "book", ignore=shutil.ignore_patterns("*.pyc", "results", "[0-9]*.py"))
    for path in (ROOT / "_config.yml", ROOT / "_toc.yml"):
        shutil.copy(path, stage)
    for page in select(ROOT, []):
        shutil.copy(ROOT / "_build" / "run" / profile / f"{page}.ipynb", stage / "book")
    compile_book(stage)


@app.command()
def publish(chapters: Chapters = None, profile: Profile = "laptop") -> None:
    """Replace published chapters and their results by executed ones, if these ran to their end as they are now."""
    pages, folder = select(ROOT, chapters or []), ROOT / "_build" / "run" / profile
    for page in pages:
        path, now = folder / f"{page}.ipynb", [cell.source for cell in code(source(ROOT / "book" / f"{page}.py"))]
        ran = code(nbformat.read(path, as_version=4)) if path.exists() else []
        errors = [output for cell in ran for output in cell.outputs if output.output_type == "error"]
        if errors or [cell.source for cell in ran] != now or not all(cell.execution_count for cell in ran):
            raise LtError(f"{page} is not finished: python -m lt run {page} --profile {profile}")
    for page in pages:
        shutil.copy(folder / f"{page}.ipynb", ROOT / "book")
        if (record := ROOT / "_build" / "results" / profile / f"{page}.json").exists():
            shutil.copy(record, ROOT / "book" / "results")
    print(f"published {len(pages)} chapters of profile {profile}: look at git diff, then commit book")
