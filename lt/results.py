"""The numbers of the book: a chapter writes them to one JSON file, every table reads them from there."""

import json
import math
import os
import platform
import resource
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch
from IPython.display import Markdown, display, update_display

from lt import LtError, metrics
from lt.audio import Clips
from lt.data import Images, cache_folder
from lt.profiles import Profile
from lt.train import History, default_device, fast_dtype

HEADLINE = ("1", "2")  # the tables that README and introduction show
LIBRARIES = ("torch", "torchvision", "numpy", "scikit-learn", "seaborn")

# Tables 1 to 4 of the paper: (setting, method, metric) -> value
PAPER = {
    ("mnist->mnist", "bridging_vae", "transfer_accuracy"): 0.98,
    ("mnist->fashion", "bridging_vae", "transfer_accuracy"): 0.95,
    ("fashion->mnist", "bridging_vae", "transfer_accuracy"): 0.89,
    ("mnist", "base", "reconstruction_accuracy"): 0.995,
    ("fashion", "base", "reconstruction_accuracy"): 0.952,
    ("mnist", "bridging_vae", "reconstruction_accuracy"): 0.989,
    ("fashion", "bridging_vae", "reconstruction_accuracy"): 0.903,
    ("mnist->speech", "bridging_vae", "transfer_accuracy"): 0.67,
    ("speech->mnist", "bridging_vae", "transfer_accuracy"): 0.98,
    ("speech", "bridging_vae", "reconstruction_accuracy"): 0.739,
    ("speech", "gan", "acceptance"): 0.318,
    ("mnist->fashion", "pix2pix", "transfer_accuracy"): 0.77,
    ("fashion->mnist", "pix2pix", "transfer_accuracy"): 0.08,
    ("mnist->fashion", "pix2pix", "fid"): 0.087,
    ("mnist->fashion", "cyclegan", "transfer_accuracy"): 0.08,
    ("fashion->mnist", "cyclegan", "transfer_accuracy"): 0.13,
    ("mnist->fashion", "cyclegan", "fid"): 0.361,
    ("mnist->fashion", "bridging_vae", "fid"): 0.004,
    ("mnist->mnist", "0 labels a class", "transfer_accuracy"): 0.139,
    ("mnist->mnist", "1 label a class", "transfer_accuracy"): 0.339,
    ("mnist->mnist", "10 labels a class", "transfer_accuracy"): 0.524,
    ("mnist->mnist", "100 labels a class", "transfer_accuracy"): 0.681,
    ("mnist->mnist", "1000 labels a class", "transfer_accuracy"): 0.898,
    ("mnist->mnist", "all labels", "transfer_accuracy"): 0.980,
    ("mnist->mnist", "unconditional", "transfer_accuracy"): 0.149,
    ("mnist->mnist", "conditional", "transfer_accuracy"): 0.849,
    ("mnist->mnist", "conditional + SWD", "transfer_accuracy"): 0.980,
    ("mnist->mnist", "latent_cyclegan", "transfer_accuracy"): 0.08,
    ("mnist->fashion", "latent_cyclegan", "transfer_accuracy"): 0.10,
    ("fashion->mnist", "latent_cyclegan", "transfer_accuracy"): 0.10,
    ("mnist->speech", "latent_cyclegan", "transfer_accuracy"): 0.09,
    ("speech->mnist", "latent_cyclegan", "transfer_accuracy"): 0.11,
    ("mnist->fashion", "latent_cyclegan", "fid"): 0.081,
}
FAILS = {"pix2pix", "cyclegan", "latent_cyclegan", "unconditional", "0 labels a class"}  # what the paper shows to fail
WORDS = {
    "mnist": "MNIST",
    "fashion": "Fashion-MNIST",
    "speech": "speech",
    "gan": "GAN",
    "bridging_vae": "bridging VAE",
    "base": "base VAE",
    "transfer_accuracy": "transfer accuracy",
    "transfer_accuracy_true_label": "… against the true label",
    "transfer_accuracy_sampled": "… z and z′ sampled",
    "transfer_accuracy_paper_protocol": "… the paper's protocol",
    "largest_step": "largest step",
    "jump_at_boundary": "jump at a boundary",
    "transfer_accuracy_waveform": "… heard as a waveform",
    "transfer_accuracy_second_ear": "… by the second recogniser",
    "second_ear_agreement": "judge and second recogniser agree",
    "reconstruction_accuracy": "reconstruction accuracy",
    "pix2pix": "Pix2Pix",
    "cyclegan": "CycleGAN",
    "latent_cyclegan": "Latent CycleGAN",
    "prototype": "class prototype",
    "lookup": "class lookup",
    "gaussian_ot": "Gaussian OT by class",
    "gaussian_gw": "principal axes by class",
    "procrustes": "Procrustes",
    "affine": "affine map",
    "discrete_ot": "discrete OT by class",
    "target": "target's own",
    "fid": "FID",
    "path_length": "path length",
    "most_common_class": "most common class",
}


def words(key: str) -> str:
    """A setting, method or metric as people write it: ``mnist->fashion`` is MNIST → Fashion-MNIST."""
    return " → ".join(WORDS.get(part, part.replace("_", " ")) for part in key.split("->"))


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {torch.get_num_threads()} cores used"


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
        display(Markdown(f"**Profile** `{profile.name}` · running"), display_id=chapter)

    def uses(self, *images: Images | Clips) -> None:
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
        values: Sequence[float],
        n: int | None = None,
        note: str = "",
    ) -> None:
        """One row: the values of all seeds become their mean and 95 % interval; ``n`` is the number of items behind a share."""
        values = [float(value) for value in values]
        if not values or not all(map(math.isfinite, values)):
            raise LtError(f"{self.chapter}: {setting} {method} {metric} is {values}: a result must be finite")
        mean, low, high = metrics.interval(values, n)
        self.rows.append(
            {
                "table": table,
                "setting": setting,
                "method": method,
                "metric": metric,
                "value": mean,
                "low": low,
                "high": high,
                "seeds": len(values),
                "n": n,
                "paper": PAPER.get((setting, method, metric.removesuffix("_paper_protocol"))),
                "note": note,
            }
        )

    def finish(self) -> None:
        """Write the file and complete the header."""
        seconds = time.perf_counter() - self.started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if self.device.type == "cuda":
            peak = max(peak, torch.cuda.max_memory_allocated() / 2**20)
        self.record = {
            "chapter": self.chapter,
            "profile": self.profile.name,
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
        folder = Path(os.environ.get("LT_RESULTS") or cache_folder() / "results" / self.profile.name)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{self.chapter}.part"
        part.write_text(json.dumps(self.record, indent=1, ensure_ascii=False) + "\n")
        part.replace(folder / f"{self.chapter}.json")
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
        f"**Peak memory** {record['peak_memory_mb']:,} MB · " + ", ".join(f"{name} {v}" for name, v in record["versions"].items())
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
    return [json.loads(path.read_text()) for path in paths]


def figure(row: dict) -> str:
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
            "Ours [95 % interval]": [figure(row) for row in rows],
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
            "value": map(figure, rows),
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
                "Ours, held out": figure(main),
                "Ours, paper's protocol": figure(protocol) if protocol else "",
                "Paper": "" if main["paper"] is None else f"{main['paper']:.3g}",
            }
        )
    return pd.DataFrame(lines)


def verdict(paper: float, row: dict) -> str:
    """How a measured share stands to the paper's. For the paper's own method more is better: ``surpassed`` if the whole interval
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
                "Ours, held out": figure(held),
                "Ours, paper's protocol": figure(like) if like is not held else "",
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


def hardware(record: dict) -> str:
    """The device that a record was made on, in words."""
    return record["cpu"] if record["device"] == "cpu" else record["device"]


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
    before, rest = (root / "README.md").read_text().split(start)
    _, after = rest.split(end)
    profiles = {record["profile"] for record in read(folder=folder) if any(row["table"] in HEADLINE for row in record["rows"])}
    note = f"Profile `{'`, `'.join(sorted(profiles))}`; mean and 95 % interval."
    (root / "README.md").write_text(f"{before}{start}\n{markdown(headline(folder))}\n\n{note}\n{end}{after}")
