"""How well the page "Draw a digit" does what PyTorch does: ``python book/live/measure.py``, after ``pack.py``.

Node.js runs the page's code on held-out digits. Writes ``book/results/live.json``, the tables in ``book/live.md``,
and into the manifest of the weights the score from which on a drawing is called no digit.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pack
import torch

from lt.book import Run, start
from lt.metrics import agreement
from lt.models.foreign import load_words, phrases

BOOK = Path(__file__).parents[1]
WEIGHTS = BOOK / "_static" / "live" / "weights"
WAYS = {"mnist->fashion": "digit → garment", "mnist->speech": "digit → word"}
WAYS |= {"words->fashion": "known noun → garment", "new_words->fashion": "new word → garment"}
KINDS = {name: name for name in ("digits", "letters", "scribbles")}  # the page says which look like no digit
TEXTS = {"words->fashion": "phrases", "new_words->fashion": "new"}
LEAST = dict(zip(WAYS, (0.99, 0.99, 0.9, 0.75), strict=True))  # of the same class as with PyTorch
MOST = {"mnist->fashion": 6, "mnist->speech": 4, "words->fashion": 1.5}  # megabytes
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


def measure(run: Run, weights: Path = WEIGHTS, digits: int = 10_000) -> str:
    """Add rows and claims of the page to a run, and return its table in Markdown."""
    held, splits = run.held("mnist").take(slice(digits)), ("test", "train")
    pixels = torch.cat([run.images("mnist", split).x[:digits] for split in splits]) * 255  # those measured come first
    asked = {f"mnist->{name}": (run.bridge("mnist", name), held.mean, held.y.cpu()) for name in ("fashion", "speech")}
    texts = {setting: phrases("fashion", part) for setting, part in TEXTS.items()}
    asked |= {setting: (pack.words(run), load_words()(names), y) for setting, (names, y) in texts.items()}
    given = json.dumps({setting: names for setting, (names, _) in texts.items()})
    command = ["node", BOOK.parent / "benchmarks" / "live.mjs", weights, str(len(held)), given]
    found = json.loads(subprocess.check_output(command, input=pixels.round().byte().cpu().numpy().tobytes()))
    for setting, (bridge, z, y) in asked.items():
        (source, target), its = bridge.names, found[setting.removeprefix("mnist->")]
        made = run.domain(target).items(bridge.transfer(z, source, target))
        ours, page = run.domain(target).classify(made).cpu(), torch.tensor(its["classes"])
        shares = {"transfer_accuracy_true_label" + by: agreement(x, y) for by, x in (("", page), ("_torch", ours))}
        shares["class_agreement_with_torch"] = agreement(page, ours)
        run.add(setting, "page", [shares], table="page", n=len(y))
        run.add(setting, "page", [{name: of for name, of in its.items() if name in WORDS}], table="page")
        same = run[setting, "page", "class_agreement_with_torch"]
        run.claim(f"{WAYS[setting]}: the same class as with PyTorch", same, at_least=LEAST[setting])
        if setting in MOST:
            run.claim(f"{WAYS[setting]}: megabytes to load", its["megabytes"], at_most=MOST[setting], exact=True)
    most = torch.tensor(found["doubt"].pop("training")).quantile(0.95).item()  # what one digit in twenty exceeds
    run.add("digits", "page", [most], "threshold", table="no digit")
    for kind, scores in found["doubt"].items():
        run.add(kind, "page", [sum(x > most for x in scores) / len(scores)], "called_no_digit", table="no digit", n=len(scores))
    where = f"times on {run.facts['cpu']}, one thread of Node.js {found['node']}"
    lines = [f"Models of profile `{run.profile.name}`, {len(held):,} digits of the test split; {where}."]
    for columns in (WAYS, KINDS):
        lines += ["", f"|  | {' | '.join(columns.values())} |", "| --- |" + " --- |" * len(columns)]
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
