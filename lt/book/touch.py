"""The interactive figures of the chapters: what each needs of a chapter's models and rows, for :func:`lt.book.widgets_live.figure`."""

from collections.abc import Mapping, Sequence

import torch
from IPython.display import HTML
from torch import Tensor

from lt.book.live import each, plane
from lt.book.setup import Setup, corpus
from lt.book.widgets_live import figure, sheet, sounds
from lt.bridge import Bridge
from lt.datasets import CLASSES

ITEMS = {"mnist": "a digit", "mnist_b": "a digit of the second model", "fashion": "a garment", "speech": "a word"}


def swd_angle(a: Tensor, b: Tensor) -> HTML:
    """Chapter 1: turn the direction on which two clouds (n, 2) are compared."""
    return figure("swd_angle", {"a": a.tolist(), "b": b.tolist()}, "Turn the direction of the sliced Wasserstein distance")


@torch.no_grad()
def weights(
    grid: Mapping[str, Sequence[float]],
    bridges: Mapping[tuple[float, ...], Bridge],
    points: Sequence[tuple[Tensor, Tensor]],
    measured: Mapping[tuple[float, ...], Mapping[str, float]],
    start: Sequence[float],
    shown: int = 60,
    key: str = "",
) -> HTML:
    """Chapter 1: weights of the loss on sliders, which stand at ``start`` first.

    ``grid`` names each weight with its values; ``bridges`` and ``measured`` have one entry for each combination of values, in the
    order of ``grid``; ``key`` as in :func:`lt.book.widgets_live.figure`. ``points`` are held-out points (n, 2) and classes (n,) of each of two domains.
    """
    names = next(iter(bridges.values())).names
    some = [(z[:shown], y[:shown]) for z, y in points]
    made = []
    for values in torch.cartesian_prod(*(torch.arange(len(v)) for v in grid.values())).view(-1, len(grid)).tolist():
        of = tuple(v[i] for v, i in zip(grid.values(), values, strict=True))
        transfer = [bridges[of].transfer(some[1 - d][0], names[1 - d], names[d]).tolist() for d in (0, 1)]
        numbers = {name.replace("_", " "): value for name, value in measured[of].items()}
        made.append({"transfer": transfer, "labels": [some[1 - d][1].tolist() for d in (0, 1)], "measured": numbers})
    data = {
        "weights": {name: list(values) for name, values in grid.items()},
        "start": [list(values).index(first) for values, first in zip(grid.values(), start, strict=True)],
        "targets": [z.tolist() for z, _ in some],
        "names": [f"into {name}" for name in names],
        "bridges": made,
    }
    return figure("weights", data, f"{' and '.join(grid)} on sliders", key=key)


@torch.no_grad()
def shared_map(bridge: Bridge, base: Setup, keys: tuple[str, str] = ("mnist", "fashion"), each_class: int = 10) -> HTML:
    """Chapter 3: a map of z' whose held-out items are decoded to both domains under the pointer."""
    points, labels, domains = [], [], []
    for number, key in enumerate(keys):
        held = base.held(key)
        pick = each(held.y, each_class)
        points.append(bridge.encode(held.mean[pick], key)[0])
        labels += held.y[pick].tolist()
        domains += [number] * len(pick)
    z = torch.cat(points)
    centre, axes = plane(z)
    data = {
        "places": ((z - centre) @ axes.T).tolist(),
        "labels": labels,
        "domains": domains,
        "classes": [CLASSES[corpus(key)] for key in keys],
        "names": [ITEMS[key] for key in keys],
        "sheets": [sheet(base.domains[key].items(bridge.decode(z, key))) for key in keys],
    }
    return figure("shared_map", data, "Map of the shared space")


def trade_off(points: Mapping[str, dict]) -> HTML:
    """Chapters 5 and 5b: accuracy against trustworthiness, and the transfers of each method under the pointer.

    ``points`` has for each setting a ``title``, ``inputs`` and ``points``: dictionaries of a ``method``, its ``name``, the three measurements as
    (value, low, high), and ``results``. Pictures stand side by side in one image, at a data address.
    """
    return figure("trade_off", dict(points), "Accuracy against locality, with each method's transfers")


@torch.no_grad()
def path(base: Setup, paths: Mapping[str, Mapping[str, tuple[str, Tensor]]], rate: int) -> HTML:
    """Chapter 6: paths of latents under a slider, ``{title: {row: (domain, z (points, latent))}}``; speech can be heard, except in the row ``target``."""
    made = []
    for title, rows in paths.items():
        found = []
        for name, (key, z) in rows.items():
            items = base.domains[key].items(z)
            said = [CLASSES[corpus(key)][label] for label in base.domains[key].classify(items).tolist()]
            pixels = (items.view(len(z), 64, 64).flip(1).flatten(1) + 1) / 2 if key == "speech" else items
            row = {"name": f"{name}: {ITEMS[key]}", "sheet": sheet(pixels, len(z)), "said": said}
            if key == "speech" and name != "target":
                row["sounds"] = sounds(base.modules["speech"].waveform(z).cpu()[:, : rate * 6 // 10], rate)  # type: ignore[operator]
            found.append(row)
        made.append({"name": title, "steps": len(next(iter(rows.values()))[1]), "rows": found})
    return figure("path", {"paths": made}, "Along a path")


def labels(
    lines: Mapping[str, Mapping[str, tuple[float, float | None, float | None]]], ticks: Sequence[str], paper: str = "the paper"
) -> HTML:
    """Chapter 7: accuracy for a number of labels a class, ``{way: {tick: (value, low, high)}}``; ``paper`` is the paper's own way."""
    data = {"ticks": list(ticks), "lines": lines, "paper": paper, "measure": "Transfer accuracy"}
    return figure("labels", data, "Labels a class on a slider")
