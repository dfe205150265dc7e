"""Figures of results: intervals, trade-offs, and what changes with labels, weights and numbers of domains. See :mod:`lt.book.plots`."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullLocator

from lt.book.plots import PALETTE, SHARED, SOURCE, TARGET, finished


def intervals(rows: Sequence[dict], labels: Sequence[str], protocol: Sequence[dict] = ()) -> Figure:
    """Results with their 95 % intervals, and the paper's number as a diamond.

    ``protocol`` holds, for each row, the same result by the paper's protocol: it is drawn below, open, and the paper's number beside it.
    """
    figure, axis = plt.subplots(figsize=(7, (0.62 if protocol else 0.42) * len(rows) + 1), layout="constrained")
    aside = 0.2 if protocol else 0
    ours = [(rows, -aside, SOURCE, "ours, held out" if protocol else "ours, 95 % interval")]
    ours += [(protocol, aside, "white", "ours, the paper's protocol")] if protocol else []
    for results, shift, face, said in ours:
        for y, row in enumerate(results):
            axis.plot([row["low"], row["high"]], [y + shift] * 2, color=SOURCE, linewidth=3, solid_capstyle="round")
            axis.plot(row["value"], y + shift, "o", color=SOURCE, markerfacecolor=face, label=said if y == 0 else None)
    for y, row in enumerate(rows):
        if row["paper"] is not None:
            axis.plot(row["paper"], y + aside, "D", color=TARGET, markersize=7, fillstyle="none", label="paper" if y == 0 else None)
    axis.set_yticks(range(len(rows)), labels)
    axis.invert_yaxis()
    axis.set_xlabel("share of items that keep their class")
    axis.legend(loc="lower center", bbox_to_anchor=(0.35, 1), ncol=3, frameon=False, columnspacing=1, handletextpad=0.3)
    axis.grid(axis="x", color="0.9")
    sns.despine(figure)
    return finished(figure)


def ratios(values: dict[str, float], claim: float, name: str, xlabel: str) -> Figure:
    """Ratios as points on a logarithmic axis, and a dashed line at what is claimed of them."""
    figure, axis = plt.subplots(figsize=(6, 0.6 * len(values) + 1.2), layout="constrained")
    axis.axvline(claim, color=TARGET, linestyle="--", zorder=1)
    axis.annotate(f"{name}, {claim:,.0f}", (claim, 1), (0, 4), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center")
    axis.plot(list(values.values()), range(len(values)), "o", color=SOURCE, markersize=9)
    for y, value in enumerate(values.values()):
        left = value < claim  # the number stands on the side that is free of the line
        axis.annotate(
            f"{value:,.0f}", (value, y), (-9 if left else 9, 0), textcoords="offset points", ha="right" if left else "left", va="center"
        )
    axis.set_yticks(range(len(values)), [label.replace(": ", ":\n").replace(" at ", "\nat ") for label in values])
    axis.set(xscale="log", xlabel=xlabel, ylim=(len(values) - 0.5, -0.5))
    axis.margins(x=0.2)
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.xaxis.set_minor_locator(NullLocator())
    sns.despine(figure)
    return finished(figure)


def trade_off(rows: dict[str, dict[str, tuple[dict, ...]]], chance: tuple[float, float], labels: tuple[str, str]) -> Figure:
    """Two results against each other, a panel a setting, a named point a method with its 95 % intervals; dashed: chance.

    ``rows`` holds, for each setting, the result rows (across, up) of each method, or (across, up, size): then the area of a point grows with the third.
    """
    figure, axes = plt.subplots(1, len(rows), figsize=(5.2 * len(rows), 4.4), squeeze=False, sharey=True, layout="constrained")
    for axis, (title, methods) in zip(axes[0], rows.items(), strict=True):
        for i, (name, (across, up, *size)) in enumerate(methods.items()):
            reach = [
                [[row["value"] - row["low"]], [row["high"] - row["value"]]] if row["low"] is not None else None for row in (across, up)
            ]
            look = {
                "color": [*PALETTE, "black"][i % 11],
                "marker": "osD^vP*Xhp<>"[i % 12],
                "markersize": 4 + 7 * min(size[0]["value"], 2) ** 0.5 if size else 8,
                "linestyle": "",
                "label": name,
            }
            axis.errorbar(across["value"], up["value"], xerr=reach[0], yerr=reach[1], **look)
        axis.axvline(chance[0], color="0.6", linestyle="--", linewidth=1)
        axis.axhline(chance[1], color="0.6", linestyle="--", linewidth=1)
        axis.set(title=title, xlabel=labels[0])
    axes[0][0].set_ylabel(labels[1])
    axes[0][-1].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, markerscale=0.8)
    sns.despine(figure)
    return finished(figure)


def frontier(panels: dict[str, dict[str, tuple[dict, dict]]], chosen: str) -> Figure:
    """Two scores that trade against each other along a setting, a panel each: ``{title: {setting: (row across, row up)}}``, with the setting beside its point.

    The axes span the points; a ring marks the setting ``chosen``.
    """
    figure, axes = plt.subplots(len(panels), 1, figsize=(7, 2.3 * len(panels) + 0.4), squeeze=False, sharex=True, layout="constrained")
    for axis, (title, points) in zip(axes[:, 0], panels.items(), strict=True):
        ranked = sorted(points.items(), key=lambda item: item[1][0]["value"])
        axis.plot(
            [across["value"] for _, (across, _) in ranked], [up["value"] for _, (_, up) in ranked], color=SOURCE, marker="o", markersize=7
        )
        for i, (setting, (across, up)) in enumerate(ranked):
            at = across["value"], up["value"]
            if up["low"] is not None:
                axis.plot([at[0]] * 2, [up["low"], up["high"]], color=SOURCE, linewidth=1, alpha=0.6)
            if setting == chosen:
                axis.plot(*at, marker="o", markersize=16, fillstyle="none", color=PALETTE[3], markeredgewidth=2)
            axis.annotate(setting, at, (0, 15 if i % 2 else -15), textcoords="offset points", ha="center", va="center", fontsize=10)
        axis.set(title=title, ylabel="accuracy")
        axis.margins(0.1, 0.25)
        axis.grid(color="0.9")
    axes[-1, 0].set_xlabel("relative diversity")
    sns.despine(figure)
    return finished(figure)


def candidates(panels: dict[str, tuple[list[tuple[float, float]], int, str]], across: int = 3) -> Figure:
    """Accuracy against a second score, a panel a group: ``{title: (points, which is chosen, y label)}``; numbered from 1, the chosen one a diamond."""
    down = -(-len(panels) // across)
    figure, axes = plt.subplots(down, across, figsize=(2.6 * across, 2.5 * down), squeeze=False, layout="constrained")
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (title, (points, chosen, label)) in zip(axes.flat, panels.items(), strict=False):
        for i, point in enumerate(points):
            axis.plot(*point, marker="D" if i == chosen else "o", color=TARGET if i == chosen else SOURCE, markersize=8 - 2 * (i != chosen))
            axis.annotate(str(i + 1), point, (5, 4), textcoords="offset points", fontsize=9)
        axis.set(title=title, xlabel="accuracy", ylabel=label)
        axis.margins(0.2)
    sns.despine(figure)
    return finished(figure)


def over_labels(
    lines: dict[str, dict[str, tuple[float, float | None, float | None]]],
    ticks: Sequence[str],
    chance: float | None = None,
    across: str = "labels a class",
) -> Figure:
    """A share over labels a class, a line for each method: ``{method: {tick: (value, low, high)}}``, with 95 % intervals where there are some.

    The line of a method called ``the paper`` has the paper's colour and open diamonds, as in :func:`intervals`; dotted: chance.
    """
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    ours = iter(zip((SOURCE, SHARED, *PALETTE[3:]), "os^vP*X", strict=False))
    for name, points in lines.items():
        x = [ticks.index(tick) for tick in points]
        value, low, high = zip(*points.values(), strict=True)
        colour, marker = (TARGET, "D") if name == "the paper" else next(ours)
        look: dict = {"fillstyle": "none", "linestyle": "--"} if name == "the paper" else {}
        axis.plot(x, value, marker=marker, markersize=7, color=colour, label=name, **look)
        for at, bottom, top in zip(x, low, high, strict=True):
            if bottom is not None:
                axis.plot([at, at], [bottom, top], color=colour, linewidth=2)
    if chance is not None:
        axis.axhline(chance, color="0.5", linestyle=":", linewidth=1.2)
    axis.set(xlabel=across, ylabel="share that keeps its class", ylim=(0, 1.02))
    axis.set_xticks(range(len(ticks)), ticks)
    axis.grid(axis="y", color="0.9")
    axis.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncol=2, frameon=False)
    sns.despine(figure)
    return finished(figure)


def over_supervision(
    panels: dict[str, dict[str, dict[str, tuple[float, float | None, float | None]]]], ticks: Sequence[str], floors: Sequence[float]
) -> Figure:
    """Scores over what a method is told, a panel a score: ``{score: {method: {tick: (value, low, high)}}}``; dashed: the floor of each score.

    A method that is told one amount alone is a point; points at one tick stand side by side.
    """
    figure, axes = plt.subplots(len(panels), 1, figsize=(7, 3 * len(panels) + 1.3), squeeze=False, sharex=True, layout="constrained")
    for axis, (title, lines), floor in zip(axes[:, 0], panels.items(), floors, strict=True):
        single = [name for name, points in lines.items() if len(points) == 1]
        for i, (name, points) in enumerate(lines.items()):
            beside = [other for other in single if list(lines[other]) == list(points)]
            aside = 0.7 * ((beside.index(name) + 0.5) / len(beside) - 0.5) if name in beside else 0.0
            x = [ticks.index(tick) + aside for tick in points]
            value, low, high = zip(*points.values(), strict=True)
            look = {"marker": "osD^vP*Xhp<>"[i % 12], "markersize": 7, "color": [*PALETTE, "black", "0.45", "0.7"][i % 13]}
            axis.plot(x, value, label=name, linestyle="-" if len(x) > 1 else "", **look)
            for at, bottom, top in zip(x, low, high, strict=True):
                if bottom is not None:
                    axis.plot([at, at], [bottom, top], color=look["color"], linewidth=2)
        axis.axhline(floor, color="0.6", linestyle="--", linewidth=1)
        axis.set(ylabel=title, ylim=(-0.03, 1.03))
        axis.set_xticks(range(len(ticks)), ticks)
        axis.grid(axis="y", color="0.9")
    axes[-1, 0].set_xlabel("what is told: nothing, so many true pairs, or labels of all items")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=2, frameon=False, fontsize=10)
    sns.despine(figure)
    return finished(figure)


def transfers(matrix: np.ndarray, names: Sequence[str]) -> Figure:
    """Shares of items that keep their class, source (row) to target (column), (domains, domains); the colours span what is there."""
    figure, axis = plt.subplots(figsize=(6.4, 5.2), layout="constrained")
    low = np.floor(20 * matrix.min()) / 20
    look = {"annot": True, "fmt": ".3f", "annot_kws": {"fontsize": 12}, "cmap": "cividis", "vmin": low, "vmax": 1, "square": True}
    sns.heatmap(matrix, xticklabels=names, yticklabels=names, ax=axis, **look)
    axis.set(xlabel="to", ylabel="from")
    axis.tick_params(axis="x", rotation=30)
    axis.tick_params(axis="y", rotation=0)
    return finished(figure)


def growth(
    panels: dict[str, tuple[dict[str, dict[int, float]], str]], guides: dict[str, tuple[str, dict[int, float]]] | None = None
) -> Figure:
    """How costs grow: ``{x label: ({line: {x: cost}}, y label)}``, a panel each, one below the other, on logarithmic axes.

    ``guides`` gives a panel a thin dashed line to compare with: ``{x label: (name, {x: cost})}``.
    """
    figure, axes = plt.subplots(len(panels), 1, figsize=(6.4, 2.9 * len(panels)), layout="constrained", squeeze=False)
    for axis, (label, (lines, unit)) in zip(axes[:, 0], panels.items(), strict=True):
        for (name, points), marker, colour in zip(lines.items(), "osD^", PALETTE, strict=False):
            axis.plot(list(points), list(points.values()), marker=marker, markersize=7, color=colour, label=name)
        if guides and label in guides:
            name, points = guides[label]
            axis.plot(list(points), list(points.values()), color="0.4", linestyle="--", linewidth=1.2, label=name, zorder=1)
        axis.set(xscale="log", yscale="log", xlabel=label, ylabel=unit)
        at = sorted({x for points in lines.values() for x in points})
        axis.set_xticks(at, [f"{x:,}" for x in at])
        low, high = axis.get_ylim()
        if high / low < 100:  # powers of ten alone would be too few ticks
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(
            (lambda value, _: f"{value:,g}") if high < 1e5 else LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(99, 99))
        )
        axis.xaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_minor_locator(NullLocator())
        axis.grid(axis="y", color="0.9")
        if len(axis.lines) > 1:
            axis.legend(loc="upper left", frameon=False)
    sns.despine(figure)
    return finished(figure)


def heat_maps(maps: dict[str, np.ndarray], rows: Sequence[str], columns: Sequence[str], labels: tuple[str, str]) -> Figure:
    """Measurements over two weights, a panel each with its own range of colours: matrices (rows, columns); ``labels`` of both axes."""
    down = -(-len(maps) // 2)
    figure, axes = plt.subplots(down, 2, figsize=(6.4, 2.5 * down), squeeze=False, layout="constrained", sharex=True, sharey=True)
    for axis, (title, matrix) in zip(axes.flat, maps.items(), strict=True):
        sns.heatmap(matrix, annot=True, fmt=".2f", annot_kws={"fontsize": 11}, cmap="cividis", cbar=False, ax=axis)
        axis.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=11)
        axis.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=11, rotation=0)
        axis.set_title(title, fontsize=12)
    for axis in axes[-1]:
        axis.set_xlabel(labels[0])
    for axis in axes[:, 0]:
        axis.set_ylabel(labels[1])
    return finished(figure)
