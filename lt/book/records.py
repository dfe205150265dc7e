"""The numbers of the book: a chapter writes them to one JSON file, every table reads them from there."""

import ast
import hashlib
import json
import math
import os
import platform
import re
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import torch
from IPython import get_ipython
from IPython.display import Markdown, display, update_display

from lt import sources
from lt.book.paper import PAPER, words
from lt.book.profiles import Profile
from lt.cache import cache_folder, usable_cache
from lt.errors import LtError
from lt.loop import History, default_device, fast_dtype
from lt.tools.intervals import Values, by_base_model, crossed_interval

# metrics without a number of items whose values have ends by definition: an interval is cut there
SHARES = {
    "cka",
    "class_kept",
    "label_accuracy",
    "most_common_class",
    "mrr",
    "mutual_neighbours",
    "trustworthiness",
    "trustworthiness_reconstruction",
}
SIGNED = {"correlation of equal axes"}  # these and differences, ``*_shortfall``, may be negative; all others are not
LIBRARIES = ("torch", "torchvision", "numpy", "scikit-learn", "seaborn")


class Split(Protocol):
    """Data that a chapter uses, such as :class:`lt.datasets.images.Images`."""

    name: str
    split: str
    source: str
    fingerprint: str

    def __len__(self) -> int: ...


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {torch.get_num_threads()} cores used"


def within_range(metric: str, mean: float, low: float | None, high: float | None) -> tuple[float, float | None, float | None]:
    """A mean and its interval, cut where the metric's values end: Student's t knows no ends, and few seeds make it wide.

    >>> within_range("mrr", 0.67, -0.66, 2.0), within_range("fid", 271.1, -97.5, 639.8)
    ((0.67, 0.0, 1.0), (271.1, 0.0, 639.8))
    >>> within_range("diversity_shortfall", 0.002, -0.008, 0.012)
    (0.002, -0.008, 0.012)
    """
    if low is None or high is None:
        return mean, low, high
    signed = mean < 0 or metric in SIGNED or metric.endswith("_shortfall")
    return mean, low if signed else max(low, 0.0), min(high, 1.0) if metric in SHARES else high


def code_of(page: Path) -> dict[str, str]:
    """Hashes of a chapter's own cells, ``source``, and of the code of ``lt`` that they reach, ``code``; comments and text are not in them."""
    found = sources.of_page(page.read_text(encoding="utf-8"), page.stem)
    own = found.pop(page.stem)
    return {
        "source": hashlib.sha256(own.encode()).hexdigest()[:12],
        "code": hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:12],
    }


def commit_of(folder: Path) -> str:
    """The commit that is checked out around ``folder``, with a + if files were changed since; ``unknown`` outside a repository."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=10", "HEAD") + ("+" if git("status", "--porcelain", "--", ":(top)lt", ":(top)book/*.py") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def peak_memory_mb() -> float | None:
    """The most memory that this process has had, in MB; None where the system does not tell."""
    try:
        import resource  # not on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)
    except ImportError:
        try:
            import psutil

            return psutil.Process().memory_info().peak_wset / 2**20
        except (ImportError, AttributeError):
            return None


class _Nothing(ast.NodeTransformer):
    """Turns every cell into an empty one."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        return ast.Module([], node.type_ignores)


class Run:
    """One execution of a chapter: its header at the top of the page, its rows, and its file at the end.

    The header is updated in place by :meth:`finish`, when the seconds are known. The file goes to ``LT_RESULTS``, which the
    runner sets; a chapter run by hand writes to the cache, so that it never overwrites what is published.
    """

    def __init__(self, chapter: str, profile: Profile):
        self.chapter, self.profile = chapter, profile
        self.device = default_device()
        self.started = time.perf_counter()
        self.data: dict[str, dict] = {}
        self.rows: list[dict] = []
        self.training: dict[str, float] = {}
        usable_cache()  # says so now, not after an hour
        page = Path(f"{chapter}.py")
        # now: an edit while the chapter runs is not what it ran with
        self.code = {
            "commit": commit_of(Path(__file__).parent),
            **(code_of(page) if page.exists() else {"source": "unknown", "code": "unknown"}),
        }
        display(Markdown(f"**Profile** `{profile.name}` · running"), display_id=chapter)

    def uses(self, *images: Split) -> None:
        """Name the data of this chapter in its header and its file."""
        for i in images:
            self.data[f"{i.name}/{i.split}"] = {"source": i.source, "n": len(i), "fingerprint": i.fingerprint}

    def trained(self, name: str, history: History) -> None:
        """Count the seconds that a fit took, this time or when it was put in the cache."""
        self.training[name] = history["seconds"][0]

    def add(
        self,
        table: str,
        setting: str,
        method: str,
        metric: str,
        values: Values,
        n: int | None = None,
        note: str = "",
        plateau: bool | None = None,
    ) -> None:
        """One row: all values become their mean and interval, see :func:`lt.tools.intervals.crossed_interval`.

        ``values`` are the seeds of one base model, or a list of seeds for each base model. ``n`` is the number of items behind a share,
        the same for every value. ``plateau`` says of a competitor whether its validation curve was flat at the end: without it a failure is no
        evidence, see :func:`lt.book.report.verdict`. A row keeps the 95 % interval (``low``, ``high``) and the 90 % interval (``low90``, ``high90``), whose ends
        are one-sided 95 % bounds; ``seeds`` are those of one base model (the fewest, if they differ).
        """
        rows = by_base_model(values)
        if not all(math.isfinite(value) for row in rows for value in row):
            raise LtError(f"{self.chapter}: {setting} {method} {metric} is {values}: a result must be finite")
        mean, low, high = within_range(metric, *crossed_interval(values, n))
        _, low90, high90 = within_range(metric, *crossed_interval(values, n, 0.90))
        self.rows.append(
            {
                "table": table,
                "setting": setting,
                "method": method,
                "metric": metric,
                "value": mean,
                "low": low,
                "high": high,
                "low90": low90,
                "high90": high90,
                "base_models": len(rows),
                "seeds": min(map(len, rows)),
                "n": n,
                "paper": PAPER.get((setting, method, metric.removesuffix("_paper_protocol"))),
                "note": note,
                "plateau": None if plateau is None else bool(plateau),
            }
        )

    def skip(self, why: str) -> None:
        """End a chapter that cannot run here: say why in one line, write a file without rows, and let every later cell do nothing."""
        self.finish()
        display(Markdown(f"**Skipped.** {why}"))
        shell = get_ipython()
        if shell is not None:
            shell.ast_transformers.append(_Nothing())

    def points(self, data: dict) -> None:
        """Write what an interactive figure of this chapter shows, beside its file: ``points_<chapter>.json``."""
        self._write(f"points_{self.chapter}", json.dumps(data, ensure_ascii=False))

    def _write(self, name: str, text: str) -> None:
        folder = Path(os.environ.get("LT_RESULTS") or cache_folder() / "results" / self.profile.name)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}.part"
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(folder / f"{name}.json")

    def finish(self) -> None:
        """Write the file and complete the header."""
        seconds = time.perf_counter() - self.started
        peak = peak_memory_mb() or 0.0
        if self.device.type == "cuda":
            peak = max(peak, torch.cuda.max_memory_allocated() / 2**20)
        self.record = {
            "chapter": self.chapter,
            "profile": self.profile.name,
            **self.code,
            "device": torch.cuda.get_device_name() if self.device.type == "cuda" else "cpu",
            "precision": str(fast_dtype(self.device)).removeprefix("torch."),
            "cpu": _cpu(),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
            "data": self.data,
            "seconds": round(seconds, 1),
            "training_seconds": {name: round(value, 1) for name, value in self.training.items()},
            "peak_memory_mb": round(peak),
            "rows": self.rows,
        }
        self._write(self.chapter, json.dumps(self.record, indent=1, ensure_ascii=False))
        update_display(Markdown(header(self.record)), display_id=self.chapter)


def header(record: dict) -> str:
    """What stands at the top of a page: profile, data, device, versions, seconds."""
    data = "; ".join(
        f"{words(corpus)} "
        + " + ".join(f"{item['n']:,} {split}" for name, item in record["data"].items() for c, split in [name.split("/")] if c == corpus)
        for corpus in dict.fromkeys(name.split("/")[0] for name in record["data"])
    )
    trained = sum(record["training_seconds"].values())
    return (
        f"**Profile** `{record['profile']}` · **Data** {data or 'no corpus'} · **Device** {hardware(record)}, {record['precision']} · "
        f"**Time** {record['seconds']:,.0f} s for this page, {trained:,.0f} s of training behind it · "
        f"**Peak memory** {record['peak_memory_mb']:,} MB · **Commit** `{record.get('commit', 'unknown')}` · "
        + ", ".join(f"{name} {v}" for name, v in record["versions"].items())
    )


def read(*chapters: str, folder: Path | None = None) -> list[dict]:
    """The records of these chapters, or of all, from ``folder``, ``LT_RESULTS`` or ``./results``.

    Raises :class:`lt.LtError` when one is missing.
    """
    folder = folder or Path(os.environ.get("LT_RESULTS") or "results")
    paths = [folder / f"{chapter}.json" for chapter in chapters] or sorted(folder.glob("[0-9]*.json"))
    missing = " ".join(path.stem for path in paths if not path.exists())
    if missing:
        raise LtError(f"no results of {missing} in {folder}: run them first, at the same profile: python -m lt run {missing}")
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def hardware(record: dict) -> str:
    """The device that a record was made on, in words."""
    return record["cpu"] if record["device"] == "cpu" else record["device"]


def between(text: str, name: str, new: str) -> str:
    """The text with ``new`` between its comments ``<!-- name -->`` and ``<!-- /name -->``; without them it stays as it is."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    return re.sub(pattern, lambda found: f"{found[1]}{new}\n{found[2]}", text, flags=re.S)
