"""Tables from records: what a page shows, the headline, and the verdicts of the report."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from lt.book.paper import CHANCE, CRIPPLED, FAILS, PAPER, words
from lt.book.records import hardware, read

HEADLINE = ("1", "bridging_vae")  # table and method of what README and introduction show
BELOW = {"to_replace": r" (\[[^\]]*\])", "value": r"<br><small>\1</small>", "regex": True}  # intervals go below their values


def formatted(row: dict) -> str:
    """A value with its interval, ``0.957 [0.955, 0.959]``: three decimals below 10, one below 1,000."""

    def number(value: float) -> str:
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"

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
            "Seeds": [f"{row['base_models']} × {row['seeds']}" if row.get("base_models", 1) > 1 else str(row["seeds"]) for row in rows],
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
    """The table of the introduction and of the README: each transfer of the bridge with accuracy, diversity and trustworthiness, and the paper's accuracy.

    A dagger stands for a number of the paper that ours cannot be compared with (see :func:`verdict`); ``DAGGER`` says it.
    """
    found: dict[str, dict[str, dict]] = {}
    for record in read(folder=folder):
        for row in record["rows"]:
            if (row["table"], row["method"]) == HEADLINE:
                found.setdefault(row["setting"], {}).setdefault(row["metric"], row)
    columns = {
        "Accuracy, held out": "transfer_accuracy",
        "Diversity": "diversity",
        "Trustworthiness": "trustworthiness",
        "Accuracy, paper's protocol": "transfer_accuracy_paper_protocol",
    }
    lines = []
    for setting, of in found.items():
        line = {name: formatted(of[metric]) if metric in of else "not measured" for name, metric in columns.items()}
        paper = of.get("transfer_accuracy", {}).get("paper")
        apart = group(setting, HEADLINE[1], "transfer_accuracy") == APART
        lines.append({"": words(setting)} | line | {"Paper": "" if paper is None else "†" if apart else f"{paper:.3g}"})
    return pd.DataFrame(lines, columns=["", *columns, "Paper"])


_SPEECH = " and ".join(f"{PAPER[setting, HEADLINE[1], 'transfer_accuracy']:.3g}" for setting in ("mnist->speech", "speech->mnist"))
DAGGER = f"† The paper has {_SPEECH}, with other recordings, another generator and another judge: not comparable"

SUCCESS, FAILURE, APART = "the paper's successes", "the paper's failures", "not comparable"
GROUPS = (SUCCESS, FAILURE, APART)
AGAINST = {  # what a result is compared with, by the metric of the row that a verdict is taken from
    "transfer_accuracy": "the class of the held-out input",
    "transfer_accuracy_paper_protocol": "the class of the decoded training latent",
    "reconstruction_accuracy": "the class of the held-out image itself",
    "reconstruction_accuracy_paper_protocol": "the class of the decoded training latent",
}
# all else is the accuracy of a transfer
MEASURED = {"reconstruction_accuracy": ", reconstructed", "fid": ", FID", "acceptance": ", share accepted"}
NO_EFFECT = {
    "conditional": "leaving the sliced Wasserstein distance out costs less here"
}  # an ablation that does better is an effect that is missing


def ends(row: dict, one_sided: bool = False) -> tuple[float | None, float | None]:
    """Both ends of a row's 95 % interval, or its one-sided 95 % bounds (the ends of the 90 % interval). Old rows have only the first, which is wider."""
    low, high = row.get("low"), row.get("high")
    if one_sided and row.get("low90") is not None:
        low, high = row["low90"], row["high90"]
    return low, high


def group(setting: str, method: str, metric: str) -> str:
    """Which of the three groups of :func:`verdict` a number of the paper belongs to."""
    if metric in ("fid", "acceptance") or "speech" in setting.split("->"):
        return APART
    return FAILURE if method in FAILS else SUCCESS


def verdict(paper: float, row: dict) -> str:
    """Compare a measured accuracy with the paper's. Three groups, each with a rule of its own.

    **The paper's successes** (its method, its base models): more is better, and only the *lower* end of our interval counts, so that a wider
    interval never has a better verdict. In this order: *surpassed* if the low end of the 95 % interval is above the paper's number by more than its
    rounding, 0.005; *reproduced (not worse by 0.02)* if the lower one-sided 95 % bound misses it by at most 0.02 (a test of non-inferiority), and *reproduced
    (equal within 0.02)* if the upper bound too is within 0.02 (two one-sided tests); *partly* if the lower bound misses it by at most 0.10; else *not shown*.

    **The paper's failures** (``FAILS``): a model that was not trained to its end fails as well, so a failure counts only with the row's ``plateau`` flag,
    which says that the validation curve was flat. *did not fail here* if the whole 95 % interval is above the paper's number by more than 0.05, plateau or not;
    else *not tested* without a plateau; *failure reproduced* if the whole interval is within 0.05; *failed more* if it is all below;
    *undecided* if it reaches across. The paper's own method with a part taken out (``CRIPPLED``) needs no plateau. Without any label the paper claims
    *more* than chance, and only that is judged: *above chance too* if the whole interval is above 0.10, else *at chance here*.

    **Not comparable**: FID (it depends on the classifier whose features it compares), everything with speech (another corpus, GAN and judge), and
    the acceptance of the GAN. A row without an interval has no verdict: *no interval*.
    """
    if "setting" in row and group(row["setting"], row["method"], row["metric"]) == APART:
        return APART
    low, high = ends(row)
    if low is None or high is None:
        return "no interval"
    if row["method"] == "0 labels a class":
        return "above chance too" if low > CHANCE else "at chance here"
    if row["method"] in FAILS:
        if low > paper + 0.05:
            return "did not fail here"
        if not row.get("plateau") and row["method"] not in CRIPPLED:
            return "not tested"
        if high < paper - 0.05:
            return "failed more"
        return "failure reproduced" if low >= paper - 0.05 and high <= paper + 0.05 else "undecided"
    if low > paper + 0.005:
        return "surpassed"
    lower, upper = ends(row, one_sided=True)
    if lower >= paper - 0.02:
        return "reproduced (equal within 0.02)" if upper <= paper + 0.02 else "reproduced (not worse by 0.02)"
    return "partly" if lower >= paper - 0.10 else "not shown"


def measured(records: Sequence[dict]) -> dict[tuple[str, str, str], tuple[dict, dict]]:
    """(setting, method, metric) to its record and row, from the first chapter that measures it."""
    found: dict = {}
    for record in records:
        for row in record["rows"]:
            found.setdefault((row["setting"], row["method"], row["metric"]), (record, row))
    return found


def report(records: Sequence[dict]) -> pd.DataFrame:
    """Every number of the paper's tables beside ours, by groups and in the paper's order; what has no measurement says so.

    The verdict compares like with like: the row of the paper's protocol where there is one, else the held-out row. Where it is *surpassed* it says
    what the result was compared with.
    """
    found = measured(records)
    lines = []
    for (setting, method, metric), paper in PAPER.items():
        _, held = found.get((setting, method, metric), (None, None))
        _, like = found.get((setting, method, f"{metric}_paper_protocol"), (None, held))
        word = "not measured" if held is None else verdict(paper, like)
        if word == "surpassed":
            word += f": {NO_EFFECT[method]}" if method in NO_EFFECT else f", against {AGAINST[like['metric']]}"
        lines.append(
            {
                "Group": group(setting, method, metric),
                "What": f"{words(method)}, {words(setting)}{MEASURED.get(metric, '')}",
                "Verdict": word,
                "Paper": f"{paper:.3g}",
                "Ours, paper's protocol": formatted(like) if like is not held else "",
                "Ours, held out": formatted(held) if held else "",
            }
        )
    return pd.DataFrame(lines).sort_values("Group", key=lambda names: names.map(GROUPS.index), kind="stable", ignore_index=True)


def like_for_like(records: Sequence[dict], which: str = SUCCESS) -> list[dict]:
    """The measured rows of one group that verdicts are taken from, in the paper's order: of the paper's protocol where there is one, else held out."""
    found = measured(records)
    keys = [key for key in PAPER if group(*key) == which and key in found]
    return [found.get((setting, method, f"{metric}_paper_protocol"), found[setting, method, metric])[1] for setting, method, metric in keys]


def shown(table: pd.DataFrame, which: str) -> pd.DataFrame:
    """One group of :func:`report` as the page shows it: narrow, the verdict last, and without columns that are empty or say *not comparable* throughout."""
    part = table[table["Group"] == which].replace(**BELOW)
    return part[[name for name in (*part.columns.drop(["Group", "Verdict"]), "Verdict") if not set(part[name]) <= {"", APART}]]


def counts(table: pd.DataFrame) -> str:
    """How often each verdict is given, group by group: ``the paper's successes (14): 5 surpassed, 9 reproduced``."""
    lines = []
    for which in GROUPS:
        found = table.loc[table["Group"] == which, "Verdict"].str.split("[:,]", regex=True).str[0].value_counts()
        said = f"{len(table[table['Group'] == which])}" if which == APART else ", ".join(f"{n} {word}" for word, n in found.items())
        lines.append(f"**{which}**" + (f": {said}" if which == APART else f" ({found.sum()}): {said}"))
    return "; ".join(lines)


def conditions(records: Sequence[dict]) -> str:
    """What numbers have in common, in two sentences: profile and hardware, and for each chapter its command and its base models × seeds."""
    found, used = measured(records), {}
    for key in PAPER:
        if key in found:
            record, row = found[key]
            place = used.setdefault((record["chapter"].split("_")[0], record["profile"]), (hardware(record), {}))
            place[1][f"{row.get('base_models', 1)} × {row['seeds']}"] = None
    if not used:
        return "Nothing of the paper's tables is measured."
    where = dict.fromkeys(f"profile `{profile}` on {device}" for (_, profile), (device, _) in used.items())
    ran = ", ".join(
        f"`python -m lt run {chapter} --profile {profile}` ({', '.join(often)})" for (chapter, profile), (_, often) in sorted(used.items())
    )
    return f"Measured with {'; '.join(where)}. To run them again, with base models × seeds in brackets: {ran}."


class NotMeasured(LookupError):
    """A row that a claim needs is not in the results."""


class Found:
    """Rows of all records by setting, method and metric, for the sentences of a page. A row that is missing raises :class:`NotMeasured`."""

    def __init__(self, records: Sequence[dict]):
        self._rows = {key: row for key, (_, row) in measured(records).items()}

    def row(self, setting: str, method: str, metric: str = "transfer_accuracy") -> dict:
        """The row itself."""
        if (setting, method, metric) not in self._rows:
            raise NotMeasured(f"{words(setting)}, {words(method)}, {words(metric)}")
        return self._rows[setting, method, metric]

    def value(self, setting: str, method: str, metric: str = "transfer_accuracy") -> float:
        """Its mean."""
        return self.row(setting, method, metric)["value"]

    def said(self, setting: str, method: str, metric: str = "transfer_accuracy") -> str:
        """Its mean and interval in words."""
        return formatted(self.row(setting, method, metric))

    def low(self, setting: str, method: str, metric: str = "transfer_accuracy") -> float:
        """The low end of its interval; its mean if it has none."""
        row = self.row(setting, method, metric)
        return row["value"] if row["low"] is None else row["low"]

    def high(self, setting: str, method: str, metric: str = "transfer_accuracy") -> float:
        """The high end of its interval; its mean if it has none."""
        row = self.row(setting, method, metric)
        return row["value"] if row["high"] is None else row["high"]

    def trained_out(self, methods: Sequence[str], settings: Sequence[str]) -> bool:
        """Whether the validation curves of all these competitors were flat (``plateau``); a row that does not say so counts as no."""
        return all(bool(self.row(setting, method).get("plateau")) for method in methods for setting in settings)


def claims(checks: Sequence[tuple[str, Callable[[], tuple[str, str, str, str]]]]) -> pd.DataFrame:
    """Claims of the paper's text, each with its verdict, our number and the paper's in short, and the evidence; a check that misses a row says *not measured* and names the row."""
    lines = []
    for claim, check in checks:
        try:
            found = check()
        except NotMeasured as missing:
            found = "not measured", "no row", "not compared", f"no row: {missing}"
        lines.append((claim, *found))
    return pd.DataFrame(lines, columns=["Claim", "Verdict", "Here", "The paper", "Evidence"])


# a verdict up to its colon: what several of them do
KINDS = {"holds": "hold", "partly": "hold in part", "does not hold here": "do not hold here"}
OPEN = "are not decided"


def kinds(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The table of :func:`claims` by what their verdicts come to; a verdict is a word of ``KINDS``, or any other for *not decided*, and after a colon what qualifies it."""
    kind = frame["Verdict"].str.split(":").str[0].map(lambda word: KINDS.get(word, OPEN))
    return {name: frame[kind == name] for name in (*KINDS.values(), OPEN) if (kind == name).any()}


def listed(frame: pd.DataFrame) -> str:
    """The table of :func:`claims` as Markdown: a count of each kind, then a list a kind: the claim, both numbers, and what qualifies the verdict."""
    found = kinds(frame)
    text = [f"Of {len(frame)} claims " + ", ".join(f"**{len(part)}** {name}" for name, part in found.items()) + "."]
    for name, part in found.items():
        said = part["Verdict"].replace(f"^({'|'.join(KINDS)})(: |$)", "", regex=True).str.replace(": ", ", ", n=1)
        more = [f" *{words[0].upper()}{words[1:]}.*" if words else "" for words in said]
        numbers = "Here: " + part["Here"] + ". The paper: " + part["The paper"] + "."
        text.append(f"**These {name}**\n\n" + "\n".join("- **" + part["Claim"] + "**\\\n  " + numbers + more))
    return "\n\n".join(text)


def evidence(frame: pd.DataFrame) -> str:
    """The evidence of :func:`claims` as a Markdown list, in the order of :func:`listed`."""
    return "\n".join(
        f"- **{line.Claim}.** {line.Evidence[0].upper()}{line.Evidence[1:]}."
        for part in kinds(frame).values()
        for line in part.itertuples()
    )


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


def versions(records: Sequence[dict]) -> pd.DataFrame:
    """The versions behind the numbers, once for the whole book: library, version, and the chapters that ran with it."""
    used: dict[tuple[str, str], list[str]] = {}
    for record in records:
        for library, version in record.get("versions", {}).items():
            used.setdefault((library, version), []).append(record["chapter"][:2])
    lines = sorted(
        (library, version, "all" if len(chapters) == len(records) else ", ".join(chapters)) for (library, version), chapters in used.items()
    )
    return pd.DataFrame(lines, columns=["Library", "Version", "Chapters"])


def markdown(frame: pd.DataFrame) -> str:
    """A data frame as a Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in ([*frame], ["---"] * frame.shape[1], *frame.astype(str).to_numpy().tolist()))


def once(frame: pd.DataFrame) -> str:
    """A data frame as a Markdown table, with the columns that say the same on every line said once above it."""
    same = [name for name in frame.columns if len(frame) > 1 and (frame[name] == frame[name].iloc[0]).all()]
    above = "; ".join(f"{name}: {frame[name].iloc[0]}" for name in same if str(frame[name].iloc[0]))
    return (f"On every line: {above}.\n\n" if above else "") + markdown(frame.drop(columns=same))
