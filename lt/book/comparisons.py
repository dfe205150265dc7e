"""Figures that set methods beside each other: one colour and one marker a method, legible on a phone."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from lt.book.paper import words
from lt.book.plots import PALETTE, SHARED, SOURCE, finished

WIDTH = 5.2  # inches: the column of a phone shows it at two thirds of its size
# blue is the bridge throughout the book; the paper's competitors, the maps without training, and the controls have colours of their own
LOOKS: Mapping[str, tuple] = {
    "bridging_vae": (SOURCE, "o"),
    "pix2pix": (PALETTE[4], "s"),
    "cyclegan": (PALETTE[5], "D"),
    "latent_cyclegan": (PALETTE[6], "h"),
    **dict.fromkeys(("prototype", "lookup", "gaussian_ot", "gaussian_gw", "discrete_ot"), (SHARED, "s")),
    **dict.fromkeys(("procrustes", "affine"), (PALETTE[3], "D")),
    **dict.fromkeys(("copy", "permuted_classes", "shuffled_labels", "noise"), ((0.45, 0.45, 0.45), "o")),
}


def watched(curves: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]], last: float = 1 / 3) -> Figure:
    """A panel a direction: the share of items kept aside that keep their class, over the share of the run, a line a method.

    ``curves`` holds, for each direction and method, (share of the run, share that keeps its class). The last part of a run, which must gain nothing if there
    is a plateau, lies on grey; a ring marks the look whose weights are kept.
    """
    figure, axes = plt.subplots(len(curves), 1, figsize=(WIDTH, 2.3 * len(curves) + 0.5), sharex=True, squeeze=False, layout="constrained")
    for axis, (setting, lines) in zip(axes[:, 0], curves.items(), strict=True):
        axis.axvspan(1 - last, 1, color="0.93", linewidth=0)
        for method, (place, share) in lines.items():
            colour, marker = LOOKS[method]
            axis.plot(place, share, color=colour, marker=marker, markersize=5, label=words(method))
            late = [i for i, at in enumerate(place) if at > 1 - last + 1e-9] or [len(place) - 1]
            best = max(late, key=share.__getitem__)
            axis.plot(place[best], share[best], "o", color=colour, markersize=13, fillstyle="none")
        axis.axhline(0.1, color="0.6", linestyle="--", linewidth=1)
        axis.set(title=words(setting), ylim=(0, 1), xlim=(0, 1.03))
    figure.supylabel("share that keeps its class", fontsize=12)
    axes[-1, 0].set_xlabel("share of the run")
    handles, labels = max((axis.get_legend_handles_labels() for axis in axes[:, 0]), key=lambda found: len(found[0]))
    figure.legend(handles, labels, loc="outside lower center", ncol=3, frameon=False)
    sns.despine(figure)
    return finished(figure)


def free_places(points: Sequence[tuple[float, float, float]], size: float = 17.0) -> list[tuple[float, float]]:
    """Where the numbers of points (x, y, radius) go, in pixels from the centre: beside the point, over no other point and no other number."""
    taken = list(points)
    places = []
    for i, (x, y, radius) in enumerate(points):
        tried = []
        for reach in (radius + 0.6 * size, radius + 1.4 * size, radius + 2.3 * size, radius + 3.3 * size):
            for turn in range(16):
                angle = np.pi / 4 + turn * np.pi / 8
                at = x + reach * np.cos(angle), y + reach * np.sin(angle)
                overlap = sum(max(0.0, r + size / 2 - np.hypot(at[0] - u, at[1] - v)) for j, (u, v, r) in enumerate(taken) if j != i)
                tried.append((overlap + 0.02 * reach, at))
        _, best = min(tried, key=lambda found: found[0])
        taken.append((*best, size / 2))
        places.append((best[0] - x, best[1] - y))
    return places


def beside(rows: Mapping[tuple[str, str, str], dict], settings: Sequence[str], methods: Sequence[str], chance: float) -> Figure:
    """Accuracy against trustworthiness, a panel a direction, a numbered point a method, larger where its results are more diverse.

    ``rows`` by (setting, method, metric). Lines are 95 % intervals; dashed: the trustworthiness by chance.
    """
    figure, axes = plt.subplots(len(settings), 1, figsize=(WIDTH, 3.6 * len(settings) + 0.9), squeeze=False, layout="constrained")
    handles: dict[str, Artist] = {}
    drawn: list[tuple] = []
    for axis, setting in zip(axes[:, 0], settings, strict=True):
        axis.axhline(chance, color="0.6", linestyle="--", linewidth=1)
        for number, method in enumerate(methods, 1):
            if (setting, method, "transfer_accuracy") not in rows:
                continue
            across, up, size = (rows[setting, method, metric] for metric in ("transfer_accuracy", "trustworthiness", "diversity"))
            colour, marker = LOOKS[method]
            for row, ends in ((across, "xerr"), (up, "yerr")):
                if row["low"] is not None:
                    reach = [[row["value"] - row["low"]], [row["high"] - row["value"]]]
                    axis.errorbar(across["value"], up["value"], color=colour, linewidth=1.2, alpha=0.6, zorder=2, **{ends: reach})
            area = 15 + 120 * min(size["value"], 1.2)
            # small points on large ones, with a rim, so that none is hidden
            axis.scatter(
                across["value"], up["value"], s=area, color=colour, marker=marker, edgecolors="white", linewidths=1, zorder=4 - area / 200
            )
            drawn.append((axis, number, (across["value"], up["value"]), area))
            handles.setdefault(f"{number}  {words(method)}", plt.Line2D([], [], color=colour, marker=marker, linestyle="", markersize=8))
        axis.set(title=words(setting), ylabel="trustworthiness within a class")
        axis.margins(0.1)
    axes[-1, 0].set_xlabel("transfer accuracy")
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncol=2, frameon=False)
    sns.despine(figure)
    figure.canvas.draw()  # places are in pixels, which are known from here on
    scale = figure.dpi / 72
    for axis in axes[:, 0]:
        of_axis = [found for found in drawn if found[0] is axis]
        spots = [(*axis.transData.transform(at), scale * area**0.5 / 2) for _, _, at, area in of_axis]
        for (_, number, at, area), place in zip(of_axis, free_places(spots), strict=True):
            radius, away = area**0.5 / 2, (place[0] / scale, place[1] / scale)
            line = {"arrowstyle": "-", "color": "0.5", "linewidth": 0.8, "shrinkA": 0, "shrinkB": radius}
            far = np.hypot(*away) > radius + 15  # then a line leads to the point
            look = {"ha": "center", "va": "center", "fontsize": 11, "fontweight": "bold", "zorder": 5}
            axis.annotate(str(number), at, away, textcoords="offset points", arrowprops=line if far else None, **look)
    return finished(figure)


def changes(panels: dict[str, Sequence[tuple]], labels: Sequence[str], same: Mapping[str, float] = MappingProxyType({})) -> Figure:
    """Differences from one thing with their intervals, a row each and a panel side by side for each ``x label``: ``{x label: [(value, low, high)]}``.

    A point is filled where its interval leaves zero out. A panel spans its values, and intervals are cut at its edge. Grey: what counts as the ``same``.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(7.4, 0.42 * len(labels) + 1), sharey=True, squeeze=False, layout="constrained")
    for axis, (xlabel, rows) in zip(axes[0], panels.items(), strict=True):
        reach = 1.5 * max(*(abs(value) for value, *_ in rows), same.get(xlabel, 0))
        if xlabel in same:
            axis.axvspan(-same[xlabel], same[xlabel], color="0.9", linewidth=0)
        axis.axvline(0, color="0.3", linewidth=1)
        for y, (value, low, high) in enumerate(rows):
            apart = low is not None and (low > 0 or high < 0)
            if low is not None:
                axis.plot([low, high], [y, y], color=SOURCE, linewidth=3, solid_capstyle="round")
            axis.plot(value, y, "o", color=SOURCE, markerfacecolor=SOURCE if apart else "white")
        axis.set(xlabel=xlabel, xlim=(-reach, reach))
        axis.xaxis.set_major_locator(plt.MaxNLocator(4))
        axis.grid(axis="x", color="0.9")
    axes[0, 0].set_yticks(range(len(labels)), [label.replace(", ", ",\n") for label in labels])
    axes[0, 0].set_ylim(len(labels) - 0.5, -0.5)
    sns.despine(figure)
    return finished(figure)
