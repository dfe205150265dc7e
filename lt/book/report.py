"""Tables from records: what a page shows, the headline, the verdicts of the report, and the table in the README."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lt.book.paper import FAILS, PAPER, words
from lt.book.records import hardware, read

HEADLINE = ("1", "2")  # the tables that README and introduction show


def formatted(row: dict) -> str:
    """A value with its interval, ``0.957 [0.955, 0.959]``."""

    def number(value: float) -> str:
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"

    return number(row["value"]) + (f" [{number(row['low'])}, {number(row['high'])}]" if row["low"] is not None else "")


def table(records: Sequence[dict], tables: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of some tables of the paper as people read them, one line a measurement."""
    rows = [row for record in records for row in record["rows"] if tables is None or row["table"] in tables]
    return pd.DataFrame(
        {
            "Setting": [words(row["setting"]) for row in rows],
            "Model": [words(row["method"]) for row in rows],
            "Metric": [words(row["metric"]) for row in rows],
            "Ours [95 % interval]": [formatted(row) for row in rows],
            "Paper": ["" if row["paper"] is None else f"{row['paper']:.3g}" for row in rows],
            "Seeds": [row["seeds"] for row in rows],
        }
    )


def pivot(records: Sequence[dict], table: str, by_setting: bool = False) -> pd.DataFrame:
    """One table with a line for each method, or for each setting and method, and a column for each metric."""
    rows = [row for record in records for row in record["rows"] if row["table"] == table]
    frame = pd.DataFrame(
        {
            "Setting": [words(row["setting"]) for row in rows],
            "Model": [words(row["method"]) for row in rows],
            "": [words(row["metric"]) for row in rows],
            "value": map(formatted, rows),
        }
    )
    index = ["Setting", "Model"] if by_setting else "Model"
    return frame.pivot_table(index=index, columns="", values="value", sort=False, aggfunc="first").fillna("")


def headline(folder: Path | None = None) -> pd.DataFrame:
    """The table of the introduction and of the README: held-out accuracies and the paper's protocol beside the paper's numbers."""
    by_key: dict[tuple[str, str], dict[str, dict]] = {}
    for record in read(folder=folder):
        for row in record["rows"]:
            if row["table"] in HEADLINE:
                by_key.setdefault((row["setting"], row["method"]), {})[row["metric"]] = row
    lines = []
    for (setting, method), found in by_key.items():
        main = found.get("transfer_accuracy") or found["reconstruction_accuracy"]
        protocol = found.get(f"{main['metric']}_paper_protocol")
        lines.append(
            {
                "": words(setting),
                "Model": words(method),
                "Measure": words(main["metric"]),
                "Ours, held out": formatted(main),
                "Ours, paper's protocol": formatted(protocol) if protocol else "",
                "Paper": "" if main["paper"] is None else f"{main['paper']:.3g}",
            }
        )
    return pd.DataFrame(lines)


def verdict(paper: float, row: dict) -> str:
    """Compare a measured accuracy with the paper's. For the paper's own method more is better: ``surpassed`` if the whole interval
    lies above by more than the paper's rounding (0.005), ``reproduced`` if its upper end reaches the paper's number or misses it by 0.02, ``partly`` by 0.10, else ``not``.
    What the paper shows to fail (``FAILS``) is reproduced by failing as much: there the distance counts either way.
    """
    low, high = (row["value"] if row[end] is None else row[end] for end in ("low", "high"))
    if row["method"] in FAILS:
        distance = max(0.0, low - paper, paper - high)
    elif low > paper + 0.005:
        return "surpassed"
    else:
        distance = max(0.0, paper - high)
    return "reproduced" if distance <= 0.02 else "partly" if distance <= 0.10 else "not"


def measured(records: Sequence[dict]) -> dict[tuple[str, str, str], tuple[dict, dict]]:
    """(setting, method, metric) to its record and row, from the first chapter that measures it."""
    found: dict = {}
    for record in records:
        for row in record["rows"]:
            found.setdefault((row["setting"], row["method"], row["metric"]), (record, row))
    return found


def report(records: Sequence[dict]) -> pd.DataFrame:
    """Every number of the paper's tables beside ours, in the paper's order; what has no measurement says so.

    The verdict compares like with like: the row of the paper's protocol where there is one, else the held-out row. Distances of
    features (FID) depend on the classifier, so they get no verdict; where speech takes part it says that our corpus is another.
    """
    found = measured(records)
    lines = []
    for (setting, method, metric), paper in PAPER.items():
        line = {"Model": words(method), "Setting": words(setting), "Metric": words(metric), "Paper": f"{paper:.3g}"}
        record, held = found.get((setting, method, metric), (None, None))
        _, like = found.get((setting, method, f"{metric}_paper_protocol"), (None, held))
        if held is None:
            empty = dict.fromkeys(("Seeds", "Profile", "Hardware", "Command"), "")
            lines.append(line | {"Ours, held out": "", "Ours, paper's protocol": "", "Verdict": "not measured"} | empty)
            continue
        lines.append(
            line
            | {
                "Ours, held out": formatted(held),
                "Ours, paper's protocol": formatted(like) if like is not held else "",
                "Verdict": "not comparable"
                if metric == "fid"
                else verdict(paper, like) + (", other corpus" if "speech" in setting else ""),
                "Seeds": str(held["seeds"]),
                "Profile": record["profile"],
                "Hardware": hardware(record),
                "Command": f"`python -m lt run {record['chapter'][:2]} --profile {record['profile']}`",
            }
        )
    return pd.DataFrame(lines)


def status(records: Sequence[dict]) -> pd.DataFrame:
    """What each chapter's run used: profile, device, seconds, memory, versions and fingerprints of its data."""
    return pd.DataFrame(
        {
            "Chapter": [record["chapter"] for record in records],
            "Profile": [record["profile"] for record in records],
            "Device": [f"{hardware(record)}, {record['precision']}" for record in records],
            "Seconds": [f"{record['seconds']:,.0f}" for record in records],
            "Training behind it, s": [f"{sum(record['training_seconds'].values()):,.0f}" for record in records],
            "Peak memory, MB": [f"{record['peak_memory_mb']:,}" for record in records],
            "Versions": [", ".join(f"{name} {v}" for name, v in record["versions"].items()) for record in records],
            "Data": [
                ", ".join(f"{name} {item['fingerprint']}" for name, item in record["data"].items()) or "no corpus" for record in records
            ],
        }
    )


def markdown(frame: pd.DataFrame) -> str:
    """A data frame as a Markdown table."""
    lines = [list(frame.columns), ["---"] * len(frame.columns), *frame.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def update_readme(root: Path) -> None:
    """Write the headline table of ``book/results`` between its two markers in README.md."""
    folder = root / "book" / "results"
    start, end = "<!-- headline -->", "<!-- /headline -->"
    before, rest = (root / "README.md").read_text(encoding="utf-8").split(start)
    _, after = rest.split(end)
    profiles = {record["profile"] for record in read(folder=folder) if any(row["table"] in HEADLINE for row in record["rows"])}
    note = f"Profile `{'`, `'.join(sorted(profiles))}`; mean and 95 % interval."
    (root / "README.md").write_text(f"{before}{start}\n{markdown(headline(folder))}\n\n{note}\n{end}{after}", encoding="utf-8")
