"""How well the page "Draw a digit" does what PyTorch does: ``python book/live/measure.py``, after ``pack.py``.

Node.js runs the page's code on held-out digits. Writes ``book/results/live.json`` and the table in ``book/live.md``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import torch

from lt import LtError
from lt.book import Run, start
from lt.metrics import agreement

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "book" / "_static" / "live" / "weights"
WAYS = {"mnist->fashion": "digit → garment", "mnist->speech": "digit → word"}
LIMITS = {"fashion": 6, "speech": 4}  # megabytes
WORDS = {  # metrics as the table names them, and a number's form
    "megabytes": ("download", "{:.1f} MB".format),
    "transfer_accuracy_true_label": ("right class, by this page", "{:.4f}".format),
    "transfer_accuracy_true_label_torch": ("right class, by PyTorch", "{:.4f}".format),
    "class_agreement_with_torch": ("same class as with PyTorch", "{:.4f}".format),
    "cold_ms": ("first answer", "{:.0f} ms".format),
    "warm_ms": ("each later answer", "{:.1f} ms".format),
    "wave_ms": ("from spectrogram to sound", "{:.0f} ms".format),
}


def by_page(x: torch.Tensor, weights: Path) -> dict:
    """What the page's code makes of digits x (n, 784): classes, milliseconds, bytes."""
    command = ["node", ROOT / "benchmarks" / "live.mjs", weights, str(len(x))]
    pixels = (x * 255).round().to(torch.uint8).cpu().numpy().tobytes()
    try:
        return json.loads(subprocess.run(command, input=pixels, capture_output=True, check=True).stdout)
    except (OSError, subprocess.CalledProcessError) as error:
        why = (getattr(error, "stderr", b"").decode().strip() or str(error)).splitlines()[-1]
        raise LtError(f"Node.js cannot run the page's code ({why}): install it, or make the weights: pack.py") from error


def measure(run: Run, weights: Path = WEIGHTS, digits: int = 10_000) -> str:
    """Add rows and claims of the page to a run, and return its table in Markdown."""
    held, images = run.held("mnist").take(slice(digits)), run.images("mnist")
    found = by_page(images.x[:digits], weights)
    y, n, cells = held.y.cpu(), len(held), {}
    for setting, words in WAYS.items():
        name = setting.partition("->")[2]
        made = run.domain(name).items(run.bridge("mnist", name).transfer(held.mean, "mnist", name))
        page, ours = torch.tensor(found[name]["classes"]), run.domain(name).classify(made).cpu()
        shares = {"transfer_accuracy_true_label" + who: agreement(by, y) for who, by in (("", page), ("_torch", ours))}
        shares["class_agreement_with_torch"] = agreement(page, ours)
        values = found[name] | shares
        for metric, (_, form) in WORDS.items():
            if metric in values:
                run.add(setting, "page", [values[metric]], metric, table="page", n=n if metric in shares else None)
            cells[metric, setting] = form(values[metric]) if metric in values else ""
        same = run[setting, "page", "class_agreement_with_torch"]
        run.claim(f"{words}: the same class as with PyTorch", same, at_least=0.99)
        run.claim(f"{words}: megabytes to load", values["megabytes"], at_most=LIMITS[name], exact=True)
    where = f"times on {run.facts['cpu']}, one thread of Node.js {found['node']}"
    lines = [f"Models of profile `{run.profile.name}`, {n:,} digits of the test split; {where}.", ""]
    lines += [f"|  | {' | '.join(WAYS.values())} |", "| --- | --- | --- |"]
    lines += [f"| {WORDS[m][0]} | {' | '.join(cells[m, way] for way in WAYS)} |" for m in WORDS]
    return "\n".join(lines)


def main() -> None:
    """Measure the published weights, with the models of their profile."""
    try:
        run = start("live", json.loads((WEIGHTS / "manifest.json").read_text(encoding="utf-8"))["profile"])
        table, page = measure(run), ROOT / "book" / "live.md"
    except LtError as error:
        sys.exit(f"error: {error}")
    os.environ["LT_RESULTS"] = str(ROOT / "book" / "results")
    print(table, run.claims(), sep="\n\n")
    parts = re.split("(?<=<!-- numbers -->\n).*(?=<!-- /numbers -->)", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    page.write_text(f"{table}\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
