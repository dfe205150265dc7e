"""The numbers of the live page: its own code under Node.js on held-out digits, beside PyTorch."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lt.book.records import between
from lt.book.report import markdown
from lt.errors import LtError
from lt.latents import CHUNK

if TYPE_CHECKING:
    from lt.book.live import Parts

LIMITS = {"picture": 6_000_000, "sound": 4_000_000}  # compressed bytes: the first picture with the manifest, and the sound
TOLERANCE = 0.005  # by which the page's accuracy may differ from PyTorch's


def require_quality(rows: list[dict]) -> None:
    """Raise :class:`lt.LtError` if the page is larger than :data:`LIMITS`, or its accuracy is not PyTorch's within :data:`TOLERANCE`."""
    found = {(row["setting"], row["metric"]): row["value"] for row in rows}
    for (setting, metric), name in {
        ("mnist->fashion", "bytes_first_picture"): "picture",
        ("mnist->speech", "bytes_sound"): "sound",
    }.items():
        if found[setting, metric] > LIMITS[name]:
            raise LtError(
                f"the live page's {name} has {found[setting, metric]:,.0f} bytes, more than {LIMITS[name]:,}: use narrower models"
            )
    for setting in ("mnist->fashion", "mnist->speech"):
        page, ours = (found[setting, f"transfer_accuracy_true_label{by}"] for by in ("", "_torch"))
        if abs(page - ours) > TOLERANCE:
            raise LtError(f"{setting}: the live page has accuracy {page:.4f} and PyTorch {ours:.4f}: store its weights in half precision")


def summary(root: Path) -> str:
    """The page's numbers, a line each."""
    path = root / "book" / "results" / "live.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    return "\n".join(f"{row['setting']:16} {row['metric']:36} {row['value']:,}" for row in rows) or "not measured yet"


WORDS = {
    "bytes_first_picture": "download",
    "bytes_sound": "download",
    "transfer_accuracy_true_label": "right class, by this page",
    "transfer_accuracy_true_label_torch": "right class, by PyTorch",
    "class_agreement_with_torch": "same class as with PyTorch",
    "cold_ms": "first answer",
    "warm_ms": "each later answer",
    "warm_ms_wave": "from spectrogram to sound",
}
WAYS = {"mnist->fashion": "digit → garment", "mnist->speech": "digit → word"}


def table(record: dict) -> str:
    """The page's numbers (``book/results/live.json``) as Markdown: a sentence, and a table with a column for each way."""
    found = {(WORDS[row["metric"]], row["setting"]): _measured(row["metric"], row["value"]) for row in record["rows"]}
    lines = [[words, *(found.get((words, way), "") for way in WAYS)] for words in dict.fromkeys(WORDS.values())]
    digits = max(row["n"] or 0 for row in record["rows"])
    said = f"Models of profile `{record['profile']}`, {digits:,} digits of the test split; times on {record['cpu']}."
    return f"{said}\n\n{markdown(pd.DataFrame(lines, columns=['', *WAYS.values()]))}"


def _measured(metric: str, value: float) -> str:
    if metric.startswith("bytes"):
        return f"{value / 1e6:.1f} MB"
    return (f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms") if "_ms" in metric else f"{value:.4f}"


def write_table(root: Path) -> None:
    """Write :func:`table` between its markers in ``book/live.md``: the page shows it before any weights are fetched."""
    page, path = root / "book" / "live.md", root / "book" / "results" / "live.json"
    if page.exists() and path.exists():
        new = table(json.loads(path.read_text(encoding="utf-8")))
        page.write_text(between(page.read_text(encoding="utf-8"), "numbers", new), encoding="utf-8")


@torch.no_grad()
def by_torch(parts: Parts, x: Tensor) -> dict[str, np.ndarray]:
    """What PyTorch makes of digits x (n, 784): classes of garment and word by their judges, (n,) each."""
    z = torch.cat([parts.vaes["mnist"].encode(part)[0] for part in x.split(CHUNK)])
    decode = {"fashion": parts.vaes["fashion"].decode, "speech": parts.generator.decode}
    found = {}
    for name, bridge in parts.bridges.items():
        made = bridge.transfer(z, "mnist", name)
        classes = [parts.judges[name](decode[name](part)).argmax(-1) for part in made.split(CHUNK)]
        found[name] = torch.cat(classes).cpu().numpy().astype(np.uint8)
    return found


def measure(root: Path, folder: Path, parts: Parts, profile: str, digits: int = 10_000) -> dict:
    """Run the page's own code under Node.js on held-out digits, compare with PyTorch, and return the record."""
    from lt.book.records import _cpu, commit_of

    x, y = (part[:digits] for part in parts.digits)
    if shutil.which("node") is None:
        raise LtError("Node.js is missing, and the live page is measured by its own code: install npm")
    by = by_torch(parts, x)
    with tempfile.TemporaryDirectory() as scratch:
        pixels = Path(scratch) / "digits.bin"
        pixels.write_bytes((x * 255).round().to(torch.uint8).cpu().numpy().tobytes())
        script = root / "benchmarks" / "live.mjs"
        done = subprocess.run(["node", str(script), str(folder), str(pixels), str(len(x))], capture_output=True, text=True)
    if done.returncode:
        raise LtError(f"the live page fails under Node.js: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    found = json.loads(done.stdout)
    rows = [
        _row("mnist->fashion", "bytes_first_picture", found["bytes_first_picture"], note="compressed, with the manifest"),
        _row("mnist->speech", "bytes_sound", found["bytes_sound"], note="compressed"),
    ]
    for setting, name in (("mnist->fashion", "fashion"), ("mnist->speech", "speech")):
        classes = np.array(found[name]["classes"])
        rows += [
            _row(setting, "class_agreement_with_torch", float((classes == by[name]).mean()), len(x)),
            _row(setting, "transfer_accuracy_true_label", float((classes == y.cpu().numpy()).mean()), len(x), "by the page"),
            _row(
                setting,
                "transfer_accuracy_true_label_torch",
                float((by[name] == y.cpu().numpy()).mean()),
                len(x),
                "the same bridge in PyTorch",
            ),
            _row(setting, "cold_ms", found[name]["cold_ms"], note="read, unpack and compute the first"),
            _row(setting, "warm_ms", found[name]["warm_ms"], len(x), "mean"),
        ]
    rows.append(_row("mnist->speech", "warm_ms_wave", found["wave_ms"], note="Griffin-Lim, mean of ten"))
    return {
        "chapter": "live",
        "profile": profile,
        "device": "cpu",
        "cpu": f"{_cpu().split(',')[0]}, one thread of Node.js {found['node']}",
        "commit": commit_of(Path(__file__).parent),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "node": found["node"]},
        "rows": rows,
    }


def _row(setting: str, metric: str, value: float, n: int | None = None, note: str = "") -> dict:
    row = {"table": "page", "setting": setting, "method": "page", "metric": metric, "value": round(value, 5), "low": None, "high": None}
    return {**row, "base_models": 1, "seeds": 1, "n": n, "paper": None, "note": note}
