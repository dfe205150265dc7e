"""Execute the chapters, build the pages, publish both: what ``python -m lt`` does.

Chapters run in a copy of the book under ``_build/run/<profile>``, so that the published notebooks only change when
:func:`publish` copies finished ones over them. The .py of a pair is the source, its .ipynb gives the ids of the cells.
"""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

from lt.book import check_profile
from lt.errors import LtError

MATHJAX = "mathjax@3.2.2"
INSERTED_TAGS = {"injected-parameters", "papermill-error-cell-tag"}  # cells that papermill adds


def find_root(start: Path | None = None) -> Path:
    """The folder of the book: the first one with a _toc.yml, from ``start`` (default: here) upward."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "_toc.yml").exists():
            return folder
    raise LtError(f"no _toc.yml in {start} or above: go to the folder of the book")


def toc(root: Path) -> list[str]:
    """Every page of _toc.yml in its order, as a path from the root without suffix."""
    import yaml

    def files(node) -> list[str]:
        if isinstance(node, list):
            return [file for item in node for file in files(item)]
        if isinstance(node, dict):
            return [file for key, value in node.items() for file in ([value] if key in ("root", "file") else files(value))]
        return []

    return files(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8")))


def chapters(root: Path) -> list[str]:
    """The pages that can be run: those with a .py."""
    return [page for page in toc(root) if (root / f"{page}.py").exists()]


def number(name: str) -> str:
    """The number of a chapter without its leading zero, with its letter: ``3`` of ``03_bridging``, ``5b`` of ``05b``; empty for other names."""
    found = re.match(r"0*(\d+[a-z]?)(_|$)", name)
    return found[1] if found else ""


def select(root: Path, names: list[str]) -> list[str]:
    """The chapters of these names (``3``, ``03``, ``5b`` or ``03_bridging``) or all, the introduction last because it reads what the others write.

    Raises :class:`lt.LtError` for a name that is no chapter.
    """
    pages = chapters(root)
    pages = pages[1:] + pages[:1]
    known = {}
    for page in pages:
        stem = Path(page).name
        known.update({page: page, stem: page, number(stem): page})
    wanted = {known.get(("" if "_" in name else number(name)) or name.removesuffix(".py").removesuffix(".ipynb")): name for name in names}
    if None in wanted:
        raise LtError(f"unknown chapter {wanted[None]!r}: choose from {', '.join(sorted(Path(page).name for page in pages))}")
    return [page for page in pages if not names or page in wanted]


def staging(root: Path, profile: str) -> Path:
    """Where the chapters of one profile are executed; raises :class:`lt.LtError` for an unknown profile."""
    return root / "_build" / "run" / check_profile(profile)


def stage(root: Path, profile: str) -> Path:
    """Copy all of the book but its notebooks and their results to :func:`staging`, with what was timed, and return that folder."""
    folder = staging(root, profile)
    made = {f"{Path(page).name}.json" for page in (*chapters(root), "live")}

    def ignore(where: str, names: list[str]) -> set[str]:
        kept_out = shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints", "__pycache__", "weights")(where, names)
        return kept_out | (made & set(names) if Path(where) == root / "book" / "results" else set())

    shutil.copytree(root / "book", folder / "book", ignore=ignore, dirs_exist_ok=True)
    (folder / "benchmarks").mkdir(exist_ok=True)
    for path in (root / "_config.yml", root / "_toc.yml", *sorted((root / "benchmarks").glob("*.*js*"))):
        shutil.copy(path, folder / path.relative_to(root))
    return folder


def source(root: Path, page: str):
    """The notebook in a chapter's .py, without outputs; cells keep the ids that they have in its .ipynb."""
    import jupytext
    import nbformat
    from jupytext.combine import combine_inputs_with_outputs

    notebook = jupytext.read(root / f"{page}.py")
    published = root / f"{page}.ipynb"
    if published.exists():
        notebook = combine_inputs_with_outputs(
            notebook, nbformat.read(published, as_version=4), {"extension": ".py", "format_name": "percent"}
        )
    notebook.nbformat_minor = 5  # cells have ids from here on
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def clean(notebook):
    """Drop, in place, what differs from run to run: timings, inserted cells, stderr, and gaps in the numbers of the cells."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    notebook.cells = [cell for cell in notebook.cells if not INSERTED_TAGS & set(cell.metadata.get("tags", []))]
    count = 0
    for cell in notebook.cells:
        for key in ("papermill", "execution", "lines_to_next_cell"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        if cell.execution_count is not None:
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    return notebook


def unfinished(root: Path, folder: Path, page: str) -> str | None:
    """What is wrong with an executed chapter in ``folder``, or None if it ran to its end and its source is still the same."""
    import nbformat

    path = folder / f"{page}.ipynb"
    if not path.exists():
        return "has not been run"
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if any(output.output_type == "error" for cell in code for output in cell.outputs):
        return "ended with an error"
    if any(cell.execution_count is None for cell in code):
        return "did not run to its end"
    if [cell.source for cell in notebook.cells] != [cell.source for cell in source(root, page).cells]:
        return "has changed since it was run"
    return None


def require_finished(root: Path, profile: str, names: list[str] | None = None) -> Path:
    """The staging folder, if every chapter of these names, or of all, is finished in it; :class:`lt.LtError` names all that are not."""
    folder = staging(root, profile)
    problems = {Path(page).name: problem for page in select(root, names or []) if (problem := unfinished(root, folder, page))}
    if problems:
        found = ", ".join(f"{name} {problem}" for name, problem in problems.items())
        raise LtError(f"not finished at profile {profile}: {found}; run python -m lt run {' '.join(problems)} --profile {profile}")
    return folder


def execute(root: Path, page: str, profile: str) -> bool:
    """Run one chapter in the staging folder, say how it went, and return whether it reached its end."""
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError

    folder = stage(root, profile)
    path, name = folder / f"{page}.ipynb", Path(page).name
    results = folder / "book" / "results"
    results.mkdir(parents=True, exist_ok=True)
    (results / f"{name}.json").unlink(missing_ok=True)  # numbers of an earlier run must not pass for this one's
    environment = {"LT_PROFILE": profile, "LT_RESULTS": str(results), "JUPYTER_PREFER_ENV_PATH": "1"}  # the last: the kernel of this Python
    for variable in ("LT_DATA", "LT_CACHE"):  # the kernel works elsewhere
        if os.environ.get(variable):
            environment[variable] = str(Path(os.environ[variable]).expanduser().resolve())
    notebook = source(root, page)
    metadata = notebook.metadata.copy()
    started, problem = time.perf_counter(), None
    try:
        with patch.dict(os.environ, environment):
            papermill.execute_notebook(
                notebook,
                path,
                {"profile": profile},
                kernel_name="python3",
                cwd=path.parent,
                progress_bar=sys.stderr.isatty(),
                extra_arguments=["--IPKernelApp.log_level=50"],  # it warns that sockets on the loopback are not encrypted
            )
    except papermill.PapermillExecutionError as error:
        problem = f"{error.ename}: {str(error.evalue).strip()}".splitlines()[0]
    except DeadKernelError:
        problem = "the kernel died: the machine may be out of memory"
    seconds = time.perf_counter() - started
    notebook = clean(nbformat.read(path, as_version=4))
    notebook.metadata = metadata | {key: value for key, value in notebook.metadata.items() if key == "language_info"}
    nbformat.write(notebook, path)
    if problem is None:
        print(f"{name}  {seconds:.0f} s  -> {path}", flush=True)
        return True
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    failed = [cell for cell in code if any(output.output_type == "error" for output in cell.outputs)]
    # a kernel that died left no error: it died in the first cell without a number
    cell = (failed or [cell for cell in code if cell.execution_count is None] or code)[0]
    print(
        f"{name}  failed after {seconds:.0f} s in cell [{code.index(cell) + 1}]: {cell.source.strip().splitlines()[0]}\n"
        f"  {problem}\n  -> {path} holds what ran",
        file=sys.stderr,
        flush=True,
    )
    return False


def run(root: Path, names: list[str], profile: str) -> None:
    """Execute these chapters, or all; then the introduction, if all the others are finished at this profile.

    A chapter that fails does not stop the others; :class:`lt.LtError` names it at the end.
    """
    pages = select(root, names)
    introduction, *others = chapters(root)
    failed = [page for page in pages if page != introduction and not execute(root, page, profile)]
    ready = not any(unfinished(root, staging(root, profile), page) for page in others)
    # asked for by its name, the introduction runs in any case
    if (ready or (names and introduction in pages)) and not execute(root, introduction, profile):
        failed.append(introduction)
    if failed:
        raise LtError(f"{', '.join(Path(page).name for page in failed)} failed, see above; the work of the other chapters is kept")


def vendor_mathjax(root: Path) -> Path:
    """The folder with MathJax, fetched once with npm."""
    folder = root / "_build" / "vendor"
    mathjax = folder / "node_modules" / "mathjax" / "es5"
    if not (mathjax / "node-main.js").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise LtError("npm is missing, and equations need the package mathjax from it: install npm (Node.js)")
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(folder), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", MATHJAX]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise LtError(f"npm cannot install {MATHJAX}: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    return mathjax


def build(root: Path, profile: str | None = None) -> Path:
    """Compile the published notebooks, or those executed at ``profile``, into ``_build/html``; any warning is an error."""
    from lt.book import live, site

    book = root
    if profile:
        require_finished(root, profile)
        book = stage(root, profile)  # again: pages that are no notebooks may have changed since the run
        if live.PAGE in toc(root):
            live.follow(book, profile)
    mathjax = vendor_mathjax(root)
    html = root / "_build" / "html"
    shutil.rmtree(html, ignore_errors=True)
    pages = site.stage(book, toc(root), root / "_build" / "pages")
    options = ["--path-output", str(root), "--all", "-W", "-n", "--keep-going", "-q"]
    # not the script jupyter-book: it may be another environment's
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(pages), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise LtError("jupyter-book failed or warned, see above")
    site.finish(book, toc(root), html, mathjax)
    print(f"open {html / 'index.html'}", flush=True)
    return html


def publish(root: Path, profile: str, names: list[str] | None = None) -> None:
    """Copy chapters executed at ``profile`` and their results over the published ones, all if none is named, and renew README.md.

    The live page and the README's picture are renewed with the chapters that trained their bridges; :class:`lt.LtError` if the page would
    stand beside others.
    """
    import nbformat

    folder = require_finished(root, profile, names)
    from lt.book import live, readme

    pages = select(root, names or [])
    parts = live.ready(root, profile, [Path(page).name for page in pages]) if live.PAGE in toc(root) else None
    results = root / "book" / "results"
    results.mkdir(parents=True, exist_ok=True)
    for page in pages:
        nbformat.write(clean(nbformat.read(folder / f"{page}.ipynb", as_version=4)), root / f"{page}.ipynb")
        for name in (Path(page).name, f"points_{Path(page).name}"):  # the introduction has neither, most chapters have no points
            if (written := folder / "book" / "results" / f"{name}.json").exists():
                shutil.copy(written, results)
    readme.update(root)
    if parts:
        live.renew(root, profile, parts)
        readme.renew_picture(root, parts)
    print(f"published {len(pages)} chapters of profile {profile}: look at git diff, then commit book and README.md")


def status(root: Path) -> str:
    """Of every published page: profile, device, seconds, commit, what has changed since it was run, and the command that renews it."""
    from lt.book import live

    rows = [("chapter", "profile", "device", "seconds", "commit", "changed since", "renew with")]
    for page in chapters(root)[1:]:
        name = Path(page).name
        path = root / "book" / "results" / f"{name}.json"
        if not path.exists():
            rows.append((name, "", "", "", "", "never run", f"python -m lt run {name.split('_')[0]}"))
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        changed = stale(root, page, record)
        command = f"python -m lt run {name.split('_')[0]} --profile {record['profile']}" if changed else ""
        facts = (record["profile"], record["device"], f"{record['seconds']:.0f}", record.get("commit", "unknown"))
        rows.append((name, *facts, ", ".join(changed) or "nothing", command))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines + [found for found in [live.problem(root)] if found])


def stale(root: Path, page: str, record: dict) -> list[str]:
    """Which of a page's source, code and data differ now from what its record says; data that are not at hand count as they were."""
    from lt.book.records import code_of

    now = code_of(root / f"{page}.py")
    changed = [what for what in ("source", "code") if record.get(what) != now[what]]
    data = {facts["fingerprint"]: _fingerprint(*key.split("/"), facts["source"]) for key, facts in record.get("data", {}).items()}
    return changed + ["data"] * any(found not in (None, then) for then, found in data.items())


@functools.cache
def _fingerprint(name: str, split: str, source: str) -> str | None:
    from lt import datasets

    return datasets.load(name, split, source).fingerprint if datasets.at_hand(name, source) else None
