"""Figures of results: intervals, trade-offs, and what changes with labels, weights and numbers of domains. See :mod:`lt.book.plots`."""

from collections.abc import Collection, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullLocator

from lt.book.comparisons import free_places
from lt.book.plots import PALETTE, SHARED, SOURCE, TARGET, finished

_OURS = (SOURCE, SHARED, *PALETTE[3:])  # lines of this book; orange is the paper's


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
    axis.set(ylim=(len(rows) - 0.5, -0.5), xlabel="share of items that keep their class")
    axis.legend(loc="lower center", bbox_to_anchor=(0.35, 1), ncol=3, frameon=False, columnspacing=1, handletextpad=0.3)
    axis.grid(axis="x", color="0.9")
    sns.despine(figure)
    return finished(figure)


def by_class(shares: dict[str, Sequence[float]], names: Sequence[str], label: str, chance: float) -> Figure:
    """Shares of each class as points, a row a class and a mark a kind, ``{kind: share of each class}``; dashed: chance."""
    figure, axis = plt.subplots(figsize=(7, 0.36 * len(names) + 1.4), layout="constrained")
    for (kind, values), marker, colour in zip(shares.items(), "o^D", ("0.45", SHARED, SOURCE), strict=False):
        axis.plot(values, range(len(names)), marker, color=colour, markersize=8, alpha=0.9, label=kind)
    axis.axvline(chance, color="0.6", linestyle="--", linewidth=1)
    axis.set(xlabel=label, xlim=(0, 1.03), ylim=(len(names) - 0.5, -0.5))
    axis.set_yticks(range(len(names)), names)
    axis.grid(axis="y", color="0.9")
    axis.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncol=3, frameon=False)
    sns.despine(figure)
    return finished(figure)


Difference = tuple[str, float, float, float]  # a name, the value, and the ends of its interval


def differences(verdicts: dict[str, int], panels: dict[str, Sequence[Difference]], margin: float = 0.02) -> Figure:
    """How verdicts divide, as one bar; below it what was found minus what was to be found, a panel each with its own range.

    The grey band is ``margin`` to both sides of zero.
    """
    heights = [1.0, *(0.36 * len(rows) + 0.9 for rows in panels.values())]
    figure, (bar, *axes) = plt.subplots(len(heights), 1, figsize=(7, sum(heights)), height_ratios=heights, layout="constrained")
    start, total = 0, sum(verdicts.values())
    for (name, count), grey in zip(verdicts.items(), ("0.35", "0.6", "0.75", "0.9"), strict=False):
        bar.barh(0, count, left=start, color=grey, edgecolor="white", linewidth=2)
        text = f"{count}\n" + name.removeprefix("are ").replace(" in part", "\nin part").replace(" hold here", "\nhold here").replace(
            "not decided", "not\ndecided"
        )
        bar.text(start + count / 2, 0, text, ha="center", va="center", fontsize=11, color="white" if grey == "0.35" else "black")
        start += count
    bar.set(xlim=(0, total), title=f"{total} claims of the text", xticks=[], yticks=[])
    for axis, (title, rows) in zip(axes, panels.items(), strict=True):
        axis.axvspan(-margin, margin, color="0.9", linewidth=0)
        axis.axvline(0, color=TARGET, linewidth=1.5)
        for y, (_, value, low, high) in enumerate(rows):
            axis.plot([low, high], [y, y], color=SOURCE, linewidth=3, solid_capstyle="round")
            axis.plot(value, y, "o", color=SOURCE)
        axis.set_yticks(range(len(rows)), [name for name, *_ in rows])
        axis.invert_yaxis()
        axis.xaxis.set_major_locator(plt.MaxNLocator(5))
        axis.xaxis.set_major_formatter(lambda at, _: "0" if abs(at) < 1e-9 else f"{at:+.2f}".replace("-", "−"))
        axis.set_title(title)
        axis.grid(axis="x", color="0.9")
    if axes:
        axes[-1].set_xlabel("our accuracy minus the paper's")
    sns.despine(figure)
    sns.despine(ax=bar, left=True, bottom=True)
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
        for setting, (across, up) in ranked:
            at = across["value"], up["value"]
            if up["low"] is not None:
                axis.plot([at[0]] * 2, [up["low"], up["high"]], color=SOURCE, linewidth=1, alpha=0.6)
            if setting == chosen:
                axis.plot(*at, marker="o", markersize=16, fillstyle="none", color=PALETTE[3], markeredgewidth=2)
        axis.set(title=title, ylabel="accuracy")
        axis.margins(0.1, 0.25)
        axis.grid(color="0.9")
    axes[-1, 0].set_xlabel("relative diversity")
    sns.despine(figure)
    figure.canvas.draw()  # places are in pixels, which are known from here on
    scale = figure.dpi / 72
    for axis, points in zip(axes[:, 0], panels.values(), strict=True):
        spots = [(*axis.transData.transform((across["value"], up["value"])), 9 * scale) for across, up in points.values()]
        for setting, (x, y, _), (right, above) in zip(points, spots, free_places(spots, 28 * scale), strict=True):
            at = axis.transData.inverted().transform((x, y))
            place = {"textcoords": "offset points", "ha": "center", "va": "center", "fontsize": 10}
            axis.annotate(setting, at, (right / scale, above / scale), path_effects=[withStroke(linewidth=3, foreground="white")], **place)
    return finished(figure)


def candidates(
    groups: dict[str, tuple[list[tuple[float, float | None]], int, int | None]], margin: float, spreads: dict[str, float] | None = None
) -> Figure:
    """Candidates of each group of settings: ``{title: ((accuracy, diversity or None) of each, which is chosen, which was the setting before or None)}``.

    Left: accuracy less the best of the group, and shaded what is within ``margin`` of it; a triangle on the edge is farther off. Right: diversity,
    and shaded what is within the group's number in ``spreads`` of the largest that such candidates have.
    """
    farthest = min(min(a for a, _ in points) - max(a for a, _ in points) for points, *_ in groups.values())
    reach = min(max(-4.5 * margin, 1.1 * farthest), -1.5 * margin)
    figure, axes = plt.subplots(1, 2, figsize=(7, 0.4 * len(groups) + 1.3), sharey=True, layout="constrained", width_ratios=(4, 3))
    for y, (title, (points, chosen, before)) in enumerate(groups.items()):
        best = max(accuracy for accuracy, _ in points)
        close = [diversity for accuracy, diversity in points if accuracy >= best - margin - 1e-9 and diversity is not None]
        if close and spreads and title in spreads:
            axes[1].barh(y, spreads[title], left=max(close) - spreads[title], height=0.8, color="0.9", zorder=0)
        for i, (accuracy, diversity) in enumerate(points):
            look = {"color": PALETTE[3], "markersize": 9, "zorder": 3} if i == chosen else {"color": SOURCE, "markersize": 6, "alpha": 0.7}
            for axis, x in zip(axes, (accuracy - best, diversity), strict=True):
                if x is None:
                    continue
                beyond = axis is axes[0] and x < reach
                at = reach if beyond else x
                axis.plot(at, y, marker="<" if beyond else "D" if i == chosen else "o", linestyle="", **look)
                if i == before:
                    axis.plot(at, y, "o", color="black", fillstyle="none", markersize=14, zorder=4)
    axes[0].axvspan(-margin, 0, color="0.9", zorder=0)
    axes[0].set(xlabel="accuracy less the best", xlim=(1.1 * reach, -0.12 * reach))
    axes[0].xaxis.set_major_locator(plt.MaxNLocator(3))
    axes[1].set(xlabel="diversity")
    axes[0].set_yticks(range(len(groups)), list(groups))
    axes[0].set_ylim(len(groups) - 0.4, -0.6)
    handles = [
        Line2D([], [], color=SOURCE, marker="o", linestyle="", alpha=0.7, label="tried"),
        Line2D([], [], color=PALETTE[3], marker="D", linestyle="", markersize=9, label="chosen"),
        Line2D([], [], color="black", marker="o", linestyle="", fillstyle="none", markersize=12, label="before"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncol=3, frameon=False)
    for axis in axes:
        axis.grid(axis="y", color="0.9")
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
    ours = iter(zip(_OURS, "os^vP*X", strict=False))
    for i, (name, points) in enumerate(lines.items()):
        aside = 0.1 * (i - (len(lines) - 1) / 2)  # so that no interval covers another
        x = [ticks.index(tick) + aside for tick in points]
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
    panels: dict[str, dict[str, dict[str, Sequence[float]]]],
    ticks: Sequence[str],
    floors: Sequence[float],
    across: str,
    ours: Sequence[str] = (),
) -> Figure:
    """Scores over what a method is told, a panel a score: ``{score: {method: {tick: values}}}``; dashed: the floor of each score.

    A mark is a mean, the dots around it the single ``values``. A method that is told one amount alone is a point; points at one tick stand side
    by side. Methods named in ``ours`` have the book's colour.
    """
    figure, axes = plt.subplots(len(panels), 1, figsize=(7, 2.7 * len(panels) + 1.2), squeeze=False, sharex=True, layout="constrained")
    for axis, (title, lines), floor in zip(axes[:, 0], panels.items(), floors, strict=True):
        single = [name for name, points in lines.items() if len(points) == 1]
        others = iter([*PALETTE[2:], "black", "0.45"])
        for i, (name, points) in enumerate(lines.items()):
            beside = [other for other in single if list(lines[other]) == list(points)]
            aside = 0.7 * ((beside.index(name) + 0.5) / len(beside) - 0.5) if name in beside else 0.0
            x = [ticks.index(tick) + aside for tick in points]
            colour = SOURCE if name in ours else next(others)
            for at, values in zip(x, points.values(), strict=True):
                axis.plot([at] * len(values), values, ".", color=colour, markersize=5, alpha=0.6)
            means = [float(np.mean(values)) for values in points.values()]
            axis.plot(x, means, marker="osD^vP*Xhp<>"[i % 12], markersize=8, color=colour, label=name, linestyle="-" if len(x) > 1 else "")
        axis.axhline(floor, color="0.4", linestyle="--", linewidth=1)
        axis.set(ylabel=title, ylim=(-0.05, 1.05))
        axis.set_xticks(range(len(ticks)), ticks)
        axis.grid(axis="y", color="0.9")
    axes[-1, 0].set_xlabel(across)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=2, frameon=False, fontsize=11)
    sns.despine(figure)
    return finished(figure)


def side_by_side(lines: dict[str, dict[str, dict]], across: str, hollow: Collection[tuple[str, str]] = ()) -> Figure:
    """Results of several methods, a line for each case: ``{case: {method: row}}``, with 95 % intervals; the pairs (case, method) in ``hollow`` have open marks."""
    methods = list(next(iter(lines.values())))
    figure, axis = plt.subplots(figsize=(7, 0.36 * len(lines) + 1.3), layout="constrained")
    for i, (name, colour) in enumerate(zip(methods, _OURS, strict=False)):
        aside = 0.22 * (i - (len(methods) - 1) / 2)
        for y, (case, found) in enumerate(lines.items()):
            row = found[name]
            if row["low"] is not None:
                axis.plot([row["low"], row["high"]], [y + aside] * 2, color=colour, linewidth=1.5, alpha=0.6)
            fill = "white" if (case, name) in hollow else colour
            axis.plot(row["value"], y + aside, "os^vD"[i % 5], color=colour, markerfacecolor=fill, markersize=7)
        axis.plot([], [], "os^vD"[i % 5], color=colour, label=name)
    axis.set_yticks(range(len(lines)), list(lines))
    axis.set(ylim=(len(lines) - 0.4, -0.6), xlabel=across)
    axis.grid(axis="x", color="0.9")
    figure.legend(loc="outside upper center", ncol=len(methods), frameon=False)
    sns.despine(figure)
    return finished(figure)


def growth(
    panels: dict[str, tuple[dict[str, dict[int, float]], str]], guides: dict[str, tuple[str, dict[int, float]]] | None = None
) -> Figure:
    """How costs grow: ``{x label: ({line: {x: cost}}, y label)}``, a panel each, one below the other, on logarithmic axes.

    ``guides`` gives a panel a thin dashed line to compare with: ``{x label: (name, {x: cost})}``.
    """
    figure, axes = plt.subplots(len(panels), 1, figsize=(6.4, 2.9 * len(panels)), layout="constrained", squeeze=False)
    for axis, (label, (lines, unit)) in zip(axes[:, 0], panels.items(), strict=True):
        for (name, points), marker, colour in zip(lines.items(), "os^D", _OURS, strict=False):
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
