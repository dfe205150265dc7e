"""How well the page "Draw a digit" does what PyTorch does: ``python book/live/measure.py``, after ``pack.py``.

Node.js runs the page's code on held-out digits. Writes ``book/results/live.json``, the tables in ``book/live.md``,
and into the manifest of the weights the score from which on a drawing is called no digit.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import torch

from lt.book import Run, start
from lt.metrics import agreement

BOOK = Path(__file__).parents[1]
WEIGHTS = BOOK / "_static" / "live" / "weights"
WAYS = {"mnist->fashion": ("digit → garment", 6), "mnist->speech": ("digit → word", 4)}  # at most so many megabytes
KINDS = {name: (name,) for name in ("digits", "letters", "scribbles")}  # the page says which look like no digit
WORDS = {  # metrics as the table names them, and a number's form
    "megabytes": ("download", "{:.1f} MB".format),
    "transfer_accuracy_true_label": ("right class, by this page", "{:.4f}".format),
    "transfer_accuracy_true_label_torch": ("right class, by PyTorch", "{:.4f}".format),
    "class_agreement_with_torch": ("same class as with PyTorch", "{:.4f}".format),
    "cold_ms": ("first answer", "{:.0f} ms".format),
    "warm_ms": ("each later answer", "{:.1f} ms".format),
    "wave_ms": ("from spectrogram to sound", "{:.0f} ms".format),
    "called_no_digit": ("called no digit", "{:.3f}".format),
    "threshold": ("threshold", "{:.4f}".format),
}


def doubts(run: Run, found: dict[str, list[float]], held: int) -> None:
    """Choose on training digits from which score on a drawing is called no digit, and add rows of what it calls so."""
    scores = {kind: torch.tensor(found[kind]) for kind in KINDS}
    scores["digits"], chosen = scores["digits"][:held], scores["digits"][held:]
    run.add("digits", "page", [most := chosen.quantile(0.95).item()], "threshold", table="no digit")
    for kind, score in scores.items():
        run.add(kind, "page", [(score > most).float().mean().item()], "called_no_digit", table="no digit", n=len(score))


def measure(run: Run, weights: Path = WEIGHTS, digits: int = 10_000) -> str:
    """Add rows and claims of the page to a run, and return its table in Markdown."""
    held, splits = run.held("mnist").take(slice(digits)), ("test", "train")
    pixels = torch.cat([run.images("mnist", split).x[:digits] for split in splits]) * 255  # those measured come first
    command = ["node", BOOK.parent / "benchmarks" / "live.mjs", weights, str(len(held))]
    found = json.loads(subprocess.check_output(command, input=pixels.round().byte().cpu().numpy().tobytes()))
    for setting, (words, most) in WAYS.items():
        name = setting.partition("->")[2]
        made = run.domain(name).items(run.bridge("mnist", name).transfer(held.mean, "mnist", name))
        y, ours, page = held.y.cpu(), run.domain(name).classify(made).cpu(), torch.tensor(found[name]["classes"])
        shares = {"transfer_accuracy_true_label" + by: agreement(x, y) for by, x in (("", page), ("_torch", ours))}
        shares["class_agreement_with_torch"] = agreement(page, ours)
        run.add(setting, "page", [shares], table="page", n=len(held))
        sizes = {metric: found[name][metric] for metric in WORDS if metric in found[name]}
        run.add(setting, "page", [sizes], table="page")
        same = run[setting, "page", "class_agreement_with_torch"]
        run.claim(f"{words}: the same class as with PyTorch", same, at_least=0.99)
        run.claim(f"{words}: megabytes to load", sizes["megabytes"], at_most=most, exact=True)
    doubts(run, found["doubt"], len(held))
    where = f"times on {run.facts['cpu']}, one thread of Node.js {found['node']}"
    lines = [f"Models of profile `{run.profile.name}`, {len(held):,} digits of the test split; {where}."]
    for columns in (WAYS, KINDS):
        head = " | ".join(words for words, *_ in columns.values())
        lines += ["", f"|  | {head} |", "| --- |" + " --- |" * len(columns)]
        for metric, (words, form) in WORDS.items():
            cells = [form(run[key].value) if (key := (one, "page", metric)) in run.rows else "" for one in columns]
            lines += [f"| {words} | {' | '.join(cells)} |"] * any(cells)
    return "\n".join(lines)


if __name__ == "__main__":
    facts = json.loads((manifest := WEIGHTS / "manifest.json").read_text(encoding="utf-8"))
    run = start("live", facts["profile"])
    table, page = measure(run), BOOK / "live.md"
    facts["doubt"] = round(run["digits", "page", "threshold"].value, 4)
    manifest.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    os.environ["LT_RESULTS"] = str(BOOK / "results")
    print(table, run.claims(), sep="\n\n")
    numbers, text = "(?<=<!-- numbers -->\n).*(?=<!-- /numbers -->)", page.read_text(encoding="utf-8")
    page.write_text(re.sub(numbers, lambda _: f"{table}\n", text, flags=re.DOTALL), encoding="utf-8")
