"""What chapters 05 and 05b measure of transfers between images: two judges, variety, neighbourhoods and a Fréchet distance, on held-out items."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO

import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn

from lt import metrics
from lt.book.paper import CHANCE, words
from lt.book.report import BELOW, formatted, markdown
from lt.datasets.images import Images
from lt.latents import Domain
from lt.loop import named_generator
from lt.zoo import quality

Rows = Mapping[tuple[str, str, str], dict]  # rows of a run by (setting, method, metric)
LOCAL = 300  # items a class whose distances and neighbours are looked at


@dataclass(frozen=True, eq=False)
class End:
    """One end of a transfer: a domain with its first judge, a second judge of another kind, and held-out items."""

    domain: Domain
    second: nn.Module | Callable[[Tensor], Tensor]  # items (n, ...) to logits (n, classes)
    images: Images

    def both(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The classes of items x (n, ...) as the two judges see them, (n,) each."""
        return self.domain.classify(x), replace(self.domain, judge=self.second).classify(x)

    @cached_property
    def classes(self) -> tuple[Tensor, Tensor]:
        """The classes of the held-out items, as the two judges see them."""
        return self.both(self.images.x)

    @cached_property
    def local(self) -> Tensor:
        """Indices of the first ``LOCAL`` held-out items of each class."""
        return torch.cat([(self.images.y == label).nonzero().flatten()[:LOCAL] for label in self.images.y.unique()])

    @cached_property
    def diversity(self) -> float:
        """Mean distance between real held-out items of one class, the unit of every diversity."""
        return metrics.diversity(self.images.x[self.local], self.images.y[self.local])

    def neighbours_by_chance(self) -> float:
        """The trustworthiness of results that have nothing to do with these items."""
        return quality.trustworthiness_by_chance(int(self.images.y[self.local].bincount().min()))


def scores(source: End, target: End, made: Tensor, seed: int = 0, expected: Tensor | None = None) -> dict[str, float]:
    """Everything that is measured on ``made`` (n, ...): what the held-out items of the source became, in the target.

    ``expected`` (classes,) is the class of the target that each class of the source should become; by default the one with the same number.
    Diversity is relative to real items of the target; trustworthiness is measured within a class, from the inputs to the results.
    """
    images, pick, device = source.images, source.local, source.domain.device
    expected = (torch.arange(10) if expected is None else expected).to(device)
    after, after_second = target.both(made)
    near = images.x[pick], made[pick.to(made.device)].cpu(), images.y[pick]
    return {
        "transfer_accuracy": metrics.agreement(expected[source.classes[0]], after),
        "transfer_accuracy_second_judge": metrics.agreement(expected[source.classes[1]], after_second),
        "transfer_accuracy_true_label": metrics.agreement(expected[images.y.to(device)], after),
        "fid": quality.fid(target.domain.judge, target.images.x.to(device), made),  # type: ignore[arg-type]
        "diversity": metrics.diversity(near[1], near[2]) / target.diversity,
        "trustworthiness": metrics.trustworthiness(*near, named_generator("ties", seed)),
        "most_common_class": after.bincount(minlength=10).max().item() / len(after),
    }


def own(target: End) -> dict[str, float]:
    """What the target model makes of its own held-out items, by reconstruction: what bounds a reconstruction, not a transfer.

    Its FID compares real items with reconstructions of *other* items: every other one of each class.
    """
    domain, images, pick = target.domain, target.images, target.local
    again = domain.items(domain.posterior(images.x)[0])
    by_class = images.y.argsort(stable=True)
    real, others = by_class[::2], by_class[1::2].to(again.device)
    kept = [metrics.agreement(*pair) for pair in zip(target.classes, target.both(again), strict=True)]
    near = images.x[pick], again[pick.to(again.device)].cpu(), images.y[pick]
    return {
        "reconstruction_accuracy": kept[0],
        "reconstruction_accuracy_second_judge": kept[1],
        "diversity": metrics.diversity(*near[1:]) / target.diversity,
        "trustworthiness_reconstruction": metrics.trustworthiness(*near, named_generator("ties", 0)),
        "fid": quality.fid(domain.judge, images.x[real].to(domain.device), again[others]),  # type: ignore[arg-type]
    }


COLUMNS = {  # metric of a row: its column
    "transfer_accuracy": "accuracy",
    "paper": "in the paper",
    "diversity": "diversity",
    "trustworthiness": "trustworthiness",
    "transfer_accuracy_second_judge": "by the second judge",
    "fid": "FID",
}
WITHOUT_FID, WITHOUT_PAPER = ([name for name in COLUMNS if name != metric] for metric in ("fid", "paper"))


def short_table(rows: Rows, setting: str, methods: Sequence[str], metrics: Sequence[str] = WITHOUT_FID) -> pd.DataFrame:
    """A line a method, and the columns of these ``metrics``: the accuracy with its interval, the others without.

    The line ``target`` holds the target model's reconstructions. A column that is empty throughout is left out.
    """
    lines = {}
    for method in methods:
        cells = []
        for metric in metrics:
            key = "transfer_accuracy" if metric == "paper" else metric
            if method == "target":
                key = f"{key}_reconstruction" if key == "trustworthiness" else key.replace("transfer", "reconstruction")
            row = rows.get((setting, method, key))
            if row is None or (metric == "paper" and row["paper"] is None):
                cells.append("")
            elif metric == "paper":
                cells.append(f"{row['paper']:.2f}")
            elif metric == "transfer_accuracy":
                cells.append(formatted(row))
            else:
                cells.append(f"{row['value']:.{1 if metric == 'fid' else 3}f}")
        lines[words(method)] = cells
    frame = pd.DataFrame.from_dict(lines, orient="index", columns=[COLUMNS[metric] for metric in metrics])
    return frame.loc[:, (frame != "").any()]


BETTER: Mapping[str, Callable[[float], float]] = {  # a measure: what is larger where a value of it is better
    "transfer_accuracy": lambda v: v,
    "transfer_accuracy_second_judge": lambda v: v,
    "diversity": lambda v: -abs(v - 1),
    "trustworthiness": lambda v: v,
    "fid": lambda v: -v,
}


MARGIN = 0.02  # a method is as good as another if it is not worse by more, that of "reproduced" in lt.book.report


def shortfalls(metric: str, other: Sequence[Sequence[float]], reference: Sequence[Sequence[float]]) -> list[list[float]]:
    """How much worse a method is than a reference, paired: one value for each set of base models, in a list of its own; below 0 it is better.

    ``other`` and ``reference`` have the values of each set of base models, of any number of repetitions.
    """
    good = BETTER[metric]
    mean = [[sum(map(good, values)) / len(values) for values in side] for side in (other, reference)]
    return [[b - a] for a, b in zip(*mean, strict=True)]


def as_good(low: float | None, high: float | None) -> bool | None:
    """Whether a shortfall with these ends is at most ``MARGIN``: True or False if its whole interval says so, None if it is undecided.

    More uncertainty never makes it True. Without an interval nothing is decided.
    """
    if low is None or high is None:
        return None
    return True if high <= MARGIN else False if low > MARGIN else None


def replaces(found: Mapping[str, bool | None]) -> bool | None:
    """Whether a method that is :func:`as_good` in these measures, or not, replaces the reference: all must be, one that is not is enough against it."""
    return False if False in found.values() else None if None in found.values() else True


def apart(a: dict, b: dict) -> bool:
    """Whether the 95 % intervals of two rows do not touch; a row without one counts as a point."""
    low, high = ([row[end] if row[end] is not None else row["value"] for row in (a, b)] for end in ("low", "high"))
    return low[0] > high[1] or low[1] > high[0]


def better(rows: Rows, setting: str, metric: str, methods: Sequence[str], reference: str = "bridging_vae") -> list[str]:
    """The methods whose mean is better than that of ``reference`` in one measure, the best first. A diversity is better the nearer it is to 1, FID the lower it is."""
    good = BETTER[metric]
    value = {method: good(rows[setting, method, metric]["value"]) for method in (*methods, reference)}
    return sorted((m for m in methods if value[m] > value[reference]), key=lambda m: -value[m])


def narrow(frame: pd.DataFrame) -> str:
    """A :func:`short_table` as Markdown that shows its first measures on a phone: an interval under its value, and a long heading that may break."""
    cells = frame.replace(**BELOW)
    return markdown(cells.rename(columns={"trustworthiness": "trust\u00adworthiness"}).reset_index(names="Method"))


def compared(
    rows: Rows, setting: str, methods: Sequence[str], metrics: Sequence[str] = WITHOUT_PAPER, reference: str = "bridging_vae"
) -> str:
    """:func:`short_table` as Markdown; bold is what is better than the reference, with 95 % intervals that do not touch.

    Where the class is lost, with an accuracy below twice chance, nothing is bold: a copy of the input is as diverse and as local.
    """
    frame = short_table(rows, setting, methods, metrics)
    kept = [m for m in methods if m not in (reference, "target") and rows[setting, m, "transfer_accuracy"]["value"] > 2 * CHANCE]
    for metric in BETTER:
        named = [method for method in kept if (setting, method, metric) in rows]
        for method in better(rows, setting, metric, named, reference):
            if COLUMNS[metric] in frame and apart(rows[setting, method, metric], rows[setting, reference, metric]):
                frame.loc[words(method), COLUMNS[metric]] = f"**{frame.loc[words(method), COLUMNS[metric]]}**"
    return narrow(frame)


def standing(
    rows: Rows,
    setting: str,
    method: str,
    metrics: Sequence[str] = ("transfer_accuracy", "diversity", "trustworthiness", "fid"),
    reference: str = "bridging_vae",
) -> str:
    """In which measures a method is better than the reference, in which worse, and in which their 95 % intervals touch: ``better in diversity; worse in accuracy``."""
    found: dict[str, list[str]] = {"better in": [], "worse in": [], "not told apart in": []}
    for metric in metrics:
        row, other = rows[setting, method, metric], rows[setting, reference, metric]
        good = BETTER[metric]
        word = "better in" if good(row["value"]) > good(other["value"]) else "worse in"
        found[word if apart(row, other) else "not told apart in"].append(COLUMNS[metric])
    return "; ".join(f"{word} {', '.join(names)}" for word, names in found.items() if names)


def sprite(images: Tensor) -> str:
    """Images (n, 784) in [0, 1] side by side as one grey picture, a PNG in a data URI: 28 high, 28 n wide, dark on light."""
    tiles = (255 * (1 - images.detach().cpu().clamp(0, 1))).round().byte().view(-1, 28, 28)
    raw = BytesIO()
    Image.fromarray(torch.cat(list(tiles), 1).numpy()).save(raw, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(raw.getvalue()).decode()


def points(
    rows: Rows, settings: Sequence[str], methods: Sequence[str], inputs: Mapping[str, Tensor], results: Mapping[tuple[str, str], Tensor]
) -> dict:
    """What an interactive figure of accuracy against locality needs: for each direction the input pictures, and for each method its numbers and what it makes of them.

    ``inputs`` by setting, ``results`` by (setting, method), both (n, 784). Numbers are [value, low, high], the ends None where there is no interval.
    """
    names = ("transfer_accuracy", "trustworthiness", "diversity")
    found: dict = {}
    for setting in settings:
        lines = [
            {"method": method, "name": words(method)}
            | {name: [rows[setting, method, name][part] for part in ("value", "low", "high")] for name in names}
            | {"results": sprite(results[setting, method])}
            for method in methods
        ]
        found[setting] = {"title": words(setting), "inputs": sprite(inputs[setting]), "points": lines}
    return found
