"""Every figure of the book. Functions take arrays and return a matplotlib Figure; colours stay apart for colour-blind readers."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

PALETTE = sns.color_palette("colorblind", 10)
SOURCE, TARGET, SHARED = PALETTE[0], PALETTE[1], PALETTE[2]  # blue, orange, green: one meaning each in the whole book


def style() -> None:
    """The look of the book: a white ground, which reads in light and dark mode, and labels big enough for a phone."""
    sns.set_theme(
        style="ticks",
        palette="colorblind",
        rc={"figure.dpi": 110, "savefig.dpi": 110, "savefig.facecolor": "white", "figure.figsize": (7, 3.5)},
    )


def _finish(figure: Figure) -> Figure:
    plt.close(figure)  # the notebook shows the returned figure once
    return figure


def mosaic(images: Tensor, columns: int) -> np.ndarray:
    """Images (n, 784) as one picture of ``columns`` columns, dark on light, with a hairline between them."""
    tiles = 1 - images.detach().cpu().numpy().reshape(-1, 28, 28)
    rows = -(-len(tiles) // columns)
    tiles = np.concatenate([tiles, np.ones((rows * columns - len(tiles), 28, 28))])
    tiles = np.pad(tiles, ((0, 0), (1, 1), (1, 1)), constant_values=0.85)
    return tiles.reshape(rows, columns, 30, 30).swapaxes(1, 2).reshape(rows * 30, columns * 30)


def panels(pictures: dict[str, Tensor], columns: int = 10, across: int = 2, size: float = 3.6) -> Figure:
    """Mosaics of images side by side, each under its title (Figures 3 and 4)."""
    down = -(-len(pictures) // across)
    pictures_2d = {title: mosaic(images, columns) for title, images in pictures.items()}
    height = max(p.shape[0] / p.shape[1] for p in pictures_2d.values())
    figure, axes = plt.subplots(down, across, figsize=(size * across, (size * height + 0.3) * down), squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, (title, picture) in zip(axes.flat, pictures_2d.items(), strict=False):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axis.set_title(title, fontsize=11)
    return _finish(figure)


def spectrograms(pictures: dict[str, Tensor], columns: int = 10, across: int = 1, size: float = 7.2) -> Figure:
    """Log-mel spectrograms (n, bands, frames) in [-1, 1], low notes at the bottom, as mosaics side by side, each under its title."""
    down = -(-len(pictures) // across)
    mosaics = {}
    for title, mels in pictures.items():
        tiles = mels.detach().cpu().numpy()[:, ::-1]
        rows = -(-len(tiles) // columns)
        tiles = np.concatenate([tiles, -np.ones((rows * columns - len(tiles), *tiles.shape[1:]))])
        tiles = np.pad(tiles, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
        mosaics[title] = tiles.reshape(rows, columns, *tiles.shape[1:]).swapaxes(1, 2).reshape(rows * tiles.shape[1], -1)
    height = max(m.shape[0] / m.shape[1] for m in mosaics.values())
    figure, axes = plt.subplots(down, across, figsize=(size * across, (size * height + 0.3) * down), squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, (title, picture) in zip(axes.flat, mosaics.items(), strict=False):
        axis.imshow(picture, cmap="magma", vmin=-1, vmax=1, interpolation="nearest")
        axis.set_title(title, fontsize=11)
    return _finish(figure)


def rows_of_images(rows: dict[str, Tensor], columns: Sequence[str] = ()) -> Figure:
    """One labelled row of images for each entry, aligned by column: what becomes of the same input."""
    n = len(next(iter(rows.values())))
    figure, axes = plt.subplots(len(rows), 1, figsize=(0.62 * n + 1.2, 0.75 * len(rows) + 0.3), squeeze=False, layout="constrained")
    for axis, (label, images) in zip(axes[:, 0], rows.items(), strict=True):
        axis.imshow(mosaic(images, n), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=11)
        sns.despine(ax=axis, left=True, bottom=True)
    if columns:
        axes[0, 0].set_xticks(15 + 30 * np.arange(n), columns, fontsize=9)
        axes[0, 0].tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    return _finish(figure)


def _tiles(items: Tensor) -> np.ndarray:
    """Images (n, 784) in [0, 1], dark on light, or spectrograms (n, 1, 64, 64) in [-1, 1], as tiles of one size in colour: (n, 64, 64, 3)."""
    x = items.detach().cpu().numpy()
    if items.dim() > 2:
        return plt.get_cmap("magma")((x.reshape(-1, 64, 64)[:, ::-1] + 1) / 2)[..., :3]
    x = (1 - x.reshape(-1, 28, 28)).repeat(2, axis=1).repeat(2, axis=2)
    return np.pad(x, ((0, 0), (4, 4), (4, 4)), constant_values=1)[..., None].repeat(3, axis=-1)


def _strip(items: Tensor) -> np.ndarray:
    """Items as one row of tiles with a hairline around each, (66, 66 n, 3)."""
    return np.concatenate(list(np.pad(_tiles(items), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=0.8)), axis=1)


def _frame(axis, left: float, top: float) -> None:
    axis.add_patch(Rectangle((left, top), 66, 66, fill=False, edgecolor=PALETTE[3], linewidth=2.2))


def walks(groups: dict[str, list[dict[str, Tensor]]]) -> Figure:
    """Walks between two fixed points (Figures 6 and 7): ``{title: walks}``, of each walk its named rows of items. The ends are framed."""
    gap = 22
    pictures, ticks = {}, {}
    for title, found in groups.items():
        parts, ticks[title], top = [], [], 0
        for walk in found:
            for name, items in walk.items():
                parts.append(_strip(items))
                ticks[title].append((top + 33, name))
                top += 66
            parts.append(np.ones((gap, parts[-1].shape[1], 3)))
            top += gap
        pictures[title] = np.concatenate(parts[:-1])
    heights = [picture.shape[0] for picture in pictures.values()]
    width = max(picture.shape[1] for picture in pictures.values())
    scale = 4.9 / width  # inches a pixel
    size = (5.9, sum(heights) * scale + 0.36 * len(pictures))
    figure, axes = plt.subplots(len(pictures), 1, figsize=size, height_ratios=heights, squeeze=False, layout="constrained")
    for axis, (title, picture) in zip(axes[:, 0], pictures.items(), strict=True):
        axis.imshow(picture, interpolation="nearest", aspect="auto")
        for middle, _ in ticks[title]:
            for left in (0, picture.shape[1] - 66):
                _frame(axis, left - 0.5, middle - 33.5)
        axis.set_yticks([middle for middle, _ in ticks[title]], [name for _, name in ticks[title]], fontsize=11)
        axis.set_xticks([])
        axis.tick_params(length=0)
        axis.set_title(title, fontsize=12)
        sns.despine(ax=axis, left=True, bottom=True)
    return _finish(figure)


def steps(rows: dict[str, tuple[Tensor, Sequence[str], np.ndarray, np.ndarray]]) -> Figure:
    """A walk and the length of each of its steps: ``{row: (items, word under each, steps, whether the class changes there)}``.

    Items stand evenly along the path, and so do the more numerous steps; a step at which the class changes is drawn in another colour.
    """
    figure, axes = plt.subplots(
        2 * len(rows), 1, figsize=(6, 1.95 * len(rows) + 0.3), height_ratios=(1.5, 1) * len(rows), layout="constrained"
    )
    highest = max(size.max() for _, _, size, _ in rows.values())
    for (above, below), (name, (items, said, size, changes)) in zip(axes.reshape(-1, 2), rows.items(), strict=True):
        n = len(items)
        above.imshow(_strip(items), interpolation="nearest", extent=(0, n, 0, 1), aspect="auto")
        for left in (0, n - 1):
            above.add_patch(Rectangle((left, 0), 1, 1, fill=False, edgecolor=PALETTE[3], linewidth=2.5))
        above.set_title(name, fontsize=11.5, loc="left")
        above.set(yticks=[], xlim=(0, n))
        above.set_xticks(np.arange(n) + 0.5, said, fontsize=9)
        above.tick_params(length=0, pad=1)
        place = 0.5 + (n - 1) * (np.arange(len(size)) + 0.5) / len(size)
        for where, colour, label in ((~changes, "0.55", "step"), (changes, PALETTE[1], "step at which the judge's class changes")):
            below.bar(place[where], size[where], width=0.8 * (n - 1) / len(size), color=colour, label=label)
        below.axhline(1, color="0.3", linewidth=0.8, linestyle="--")
        below.set(xlim=(0, n), ylim=(0, 1.05 * highest), xticks=[])
        below.tick_params(labelsize=9)
        sns.despine(ax=below)
        sns.despine(ax=above, left=True, bottom=True)
    axes[-1].set_xlabel("bars: step, in units of the path's mean step", fontsize=10)
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncol=2, frameon=False, fontsize=10)
    return _finish(figure)


ROW_COLOURS = {"source": SOURCE, "target": TARGET, "transfer": SHARED}  # the three kinds of path of Figures 6 and 7


def aligned_steps(curves: dict[str, dict[str, np.ndarray]]) -> Figure:
    """Mean step around the largest step of each path, in units of its path's mean step: a panel for each entry, a line for each kind of path.

    An entry has an odd number of values, the middle one is the largest step itself.
    """
    down = -(-len(curves) // 2)
    figure, axes = plt.subplots(down, 2, figsize=(6.4, 2.3 * down), squeeze=False, sharex=True, layout="constrained")
    for axis in axes.flat[len(curves) :]:
        axis.axis("off")
    for axis, (title, lines) in zip(axes.flat, curves.items(), strict=False):
        for (name, values), marker in zip(lines.items(), "os^", strict=False):
            place = np.arange(len(values)) - len(values) // 2
            axis.plot(place, values, marker=marker, markersize=4, color=ROW_COLOURS[name], label=name)
        axis.set_title(title, fontsize=11.5)
        axis.set_ylim(bottom=0)
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("steps from the largest", fontsize=10)
    for axis in axes[:, 0]:
        axis.set_ylabel("step", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncol=3, frameon=False)
    sns.despine(figure)
    return _finish(figure)


def pairs_of(lines: dict[str, dict[str, tuple[float, float | None, float | None]]], xlabel: str) -> Figure:
    """A value of each kind of path with its 95 % interval, a line for each entry: ``{entry: {kind: (value, low, high)}}``."""
    figure, axis = plt.subplots(figsize=(6.4, 0.62 * len(lines) + 1.2), layout="constrained")
    for y, kinds in enumerate(lines.values()):
        for i, (kind, (value, low, high)) in enumerate(kinds.items()):
            at = y + 0.2 * (i - (len(kinds) - 1) / 2)
            if low is not None:
                axis.plot([low, high], [at, at], color=ROW_COLOURS[kind], linewidth=2.5, solid_capstyle="round")
            axis.plot(value, at, "os^"[i], color=ROW_COLOURS[kind], markersize=7, label=kind if y == 0 else None)
    axis.set_yticks(range(len(lines)), list(lines), fontsize=11)
    axis.invert_yaxis()
    axis.set_xlabel(xlabel)
    axis.grid(axis="x", color="0.9")
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=3, frameon=False)
    sns.despine(figure)
    return _finish(figure)


def histories(runs: dict[str, dict[str, list[float]]], terms: Sequence[str], log: bool = True, across: str = "step") -> Figure:
    """Loss terms over steps, or over what is kept under ``across``: a panel a term and a line a run."""
    figure, axes = plt.subplots(1, len(terms), figsize=(3.4 * len(terms), 2.8), squeeze=False, layout="constrained")
    for axis, term in zip(axes[0], terms, strict=True):
        for name, history in runs.items():
            if term in history:
                sns.lineplot(x=history[across], y=history[term], ax=axis, label=name)
        axis.set(xlabel=across, title=term, yscale="log" if log else "linear")
        if axis is not axes[0][0] and axis.get_legend():
            axis.get_legend().remove()
    if len(runs) > 3:  # too many names to stand inside a panel
        handles, labels = axes[0][0].get_legend_handles_labels()
        axes[0][0].get_legend().remove()
        figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    sns.despine(figure)
    return _finish(figure)


def active_dimensions(spread: dict[str, Tensor], used: dict[str, int]) -> Figure:
    """Variance of the posterior means over a data set, sorted, and a line after the dimensions that the decoder uses."""
    figure, axis = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for i, (name, variance) in enumerate(spread.items()):
        ranked = np.sort(variance.cpu().numpy())[::-1]
        axis.plot(
            np.arange(1, len(ranked) + 1), ranked, marker="os^Dv"[i % 5], markersize=4, color=PALETTE[i], label=f"{name}: {used[name]}"
        )
        axis.axvline(used[name] + 0.5, color=PALETTE[i], linestyle="--", linewidth=1.2)
    axis.set(yscale="log", xlabel="latent dimension, sorted", ylabel="variance of its mean")
    axis.legend(title="dimensions in use")
    sns.despine(figure)
    return _finish(figure)


def shares(values: dict[str, float], even: float) -> Figure:
    """Shares of a whole as bars, and a line where they would all be even."""
    figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
    sns.barplot(x=list(values), y=list(values.values()), color=TARGET, ax=axis)
    axis.axhline(even, color="0.3", linestyle="--", linewidth=1)
    axis.set_ylabel("share")
    sns.despine(figure)
    return _finish(figure)


def confusion(matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], title: str, xlabel: str, ylabel: str) -> Figure:
    """Shares of each row's class that end in each column's class."""
    figure, axis = plt.subplots(figsize=(6.4, 5), layout="constrained")
    sns.heatmap(
        matrix,
        annot=True,
        fmt=".2f",
        annot_kws={"fontsize": 8},
        cmap="cividis",
        vmin=0,
        vmax=1,
        xticklabels=columns,
        yticklabels=rows,
        ax=axis,
    )
    axis.set(title=title, xlabel=xlabel, ylabel=ylabel)
    axis.tick_params(axis="x", rotation=45)
    axis.tick_params(axis="y", rotation=0)
    return _finish(figure)


def intervals(rows: Sequence[dict], labels: Sequence[str]) -> Figure:
    """Results with their 95 % intervals, and the paper's number as a diamond."""
    figure, axis = plt.subplots(figsize=(7, 0.42 * len(rows) + 1), layout="constrained")
    for y, row in enumerate(rows):
        axis.plot([row["low"], row["high"]], [y, y], color=SOURCE, linewidth=3, solid_capstyle="round")
        axis.plot(row["value"], y, "o", color=SOURCE, label="ours, 95 % interval" if y == 0 else None)
        if row["paper"] is not None:
            axis.plot(row["paper"], y, "D", color=TARGET, markersize=7, fillstyle="none", label="paper" if y == 0 else None)
    axis.set_yticks(range(len(rows)), labels)
    axis.invert_yaxis()
    axis.set_xlabel("share of items that keep their class")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    axis.grid(axis="x", color="0.9")
    sns.despine(figure)
    return _finish(figure)


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
    return _finish(figure)


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
    return _finish(figure)


def over_labels(lines: dict[str, dict[str, tuple[float, float | None, float | None]]], ticks: Sequence[str]) -> Figure:
    """A share over labels a class, a line for each method: ``{method: {tick: (value, low, high)}}``, with 95 % intervals where there are some."""
    figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for (name, points), marker, colour in zip(lines.items(), "osD^v", PALETTE, strict=False):
        x = [ticks.index(tick) for tick in points]
        value, low, high = zip(*points.values(), strict=True)
        sns.lineplot(x=x, y=value, marker=marker, markersize=7, color=colour, label=name, ax=axis)
        for at, bottom, top in zip(x, low, high, strict=True):
            if bottom is not None:
                axis.plot([at, at], [bottom, top], color=colour, linewidth=2)
    axis.set(xlabel="labels a class", ylabel="share that keeps its class", ylim=(0, 1.02))
    axis.set_xticks(range(len(ticks)), ticks)
    axis.grid(axis="y", color="0.9")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    sns.despine(figure)
    return _finish(figure)


def over_supervision(
    panels: dict[str, dict[str, dict[str, tuple[float, float | None, float | None]]]], ticks: Sequence[str], floors: Sequence[float]
) -> Figure:
    """Scores over what a method is told, a panel a score: ``{score: {method: {tick: (value, low, high)}}}``; dashed: the floor of each score."""
    figure, axes = plt.subplots(len(panels), 1, figsize=(7, 2.9 * len(panels)), squeeze=False, sharex=True, layout="constrained")
    for axis, (title, lines), floor in zip(axes[:, 0], panels.items(), floors, strict=True):
        for (name, points), marker, colour in zip(lines.items(), "osD^vP*Xhp<>", [*PALETTE, "black", "0.5"], strict=False):
            x = [ticks.index(tick) for tick in points]
            value, low, high = zip(*points.values(), strict=True)
            axis.plot(x, value, marker=marker, markersize=7, color=colour, label=name, linestyle="-" if len(x) > 1 else "")
            for at, bottom, top in zip(x, low, high, strict=True):
                if bottom is not None:
                    axis.plot([at, at], [bottom, top], color=colour, linewidth=2)
        axis.axhline(floor, color="0.6", linestyle="--", linewidth=1)
        axis.set(ylabel=title, ylim=(0, 1.02))
        axis.set_xticks(range(len(ticks)), ticks)
        axis.grid(axis="y", color="0.9")
    axes[0, 0].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    axes[-1, 0].set_xlabel("what is told: nothing, true pairs, or labels of all items")
    sns.despine(figure)
    return _finish(figure)


def shared_space(points: np.ndarray, colours: dict[str, tuple[np.ndarray, Sequence[str]]]) -> Figure:
    """One cloud of points (n, 2), a panel for each way to colour it: ``{title: (group of each point (n,), names of the groups)}``."""
    figure, axes = plt.subplots(1, len(colours), figsize=(4.4 * len(colours), 4.6), squeeze=False, layout="constrained")
    for axis, (title, (group, names)) in zip(axes[0], colours.items(), strict=True):
        for i, name in enumerate(names):
            axis.scatter(*points[group == i].T, s=5, alpha=0.6, linewidths=0, color=PALETTE[i % 10], label=name)
        axis.set(title=title, xticks=[], yticks=[])
        axis.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncol=5 if len(names) > 5 else 2,
            frameon=False,
            markerscale=3,
            fontsize=9,
            columnspacing=0.8,
            handletextpad=0.1,
        )
    sns.despine(figure, left=True, bottom=True)
    return _finish(figure)


def growth(panels: dict[str, tuple[dict[str, dict[int, float]], str]]) -> Figure:
    """How costs grow: ``{x label: ({line: {x: cost}}, y label)}``, a panel each, on logarithmic axes."""
    figure, axes = plt.subplots(1, len(panels), figsize=(3.6 * len(panels), 3.2), layout="constrained", squeeze=False)
    for axis, (label, (lines, unit)) in zip(axes[0], panels.items(), strict=True):
        for (name, points), marker, colour in zip(lines.items(), "osD^", PALETTE, strict=False):
            sns.lineplot(x=list(points), y=list(points.values()), marker=marker, markersize=7, color=colour, label=name, ax=axis)
        axis.set(xscale="log", yscale="log", xlabel=label, ylabel=unit)
        axis.set_xticks(list(points), [str(x) for x in points])
        axis.xaxis.set_minor_locator(plt.NullLocator())
        axis.grid(axis="y", color="0.9")
        axis.get_legend().remove()
        if len(lines) > 1:
            axis.legend(loc="upper center", bbox_to_anchor=(0.5, 1.28), frameon=False)
    sns.despine(figure)
    return _finish(figure)


def _points(axis, xy: np.ndarray, row: dict, d: int, alpha: float = 1.0, size: float = 1.0) -> None:
    """Points (n, 2) of domain d, coloured by the attribute of their source: circles of class 0, crosses of class 1."""
    for label, look in enumerate(({"marker": "o", "s": 12 * size, "linewidths": 0}, {"marker": "x", "s": 24 * size, "linewidths": 0.9})):
        of = row["label"][d] == label
        colour = {"c": row["attribute"][d][of], "vmin": 0, "vmax": 1, "cmap": ("viridis", "magma")[d]}
        axis.scatter(*xy[of].T, alpha=alpha, **colour, **look)


def _shade(axis, weights: Sequence[float]) -> None:
    """A grey ground where weights w0 x + w1 y + bias are positive."""
    axis.autoscale(False)
    x, y = np.meshgrid(np.linspace(*axis.get_xlim(), 201), np.linspace(*axis.get_ylim(), 201))
    side = weights[0] * x + weights[1] * y + weights[2]
    if side.max() > 0:
        axis.contourf(x, y, side, levels=[0, side.max()], colors=["0.91"], zorder=0)


def _plane(axis) -> None:
    """The part of the plane where both ellipses are."""
    axis.set(xlim=(-1.7, 1.3), ylim=(-1.25, 1.25), xticks=[], yticks=[], aspect="equal")


def _transferred(axis, row: dict, d: int, halves: Sequence[Sequence[float]], size: float = 1.0) -> None:
    """What domain d becomes, on the true points of the other domain; class 1 belongs on the grey ground."""
    axis.scatter(*row["data"][1 - d].T, s=4 * size, color="0.7", linewidths=0)
    _points(axis, row["transfer"][d], row, d, size=size)
    _plane(axis)
    _shade(axis, halves[1 - d])


def _shared(axis, row: dict, size: float = 1.0) -> None:
    """The shared space of both domains, with the side of class 1 grey if there is a classifier."""
    for d in (0, 1):
        _points(axis, row["shared"][d], row, d, alpha=0.7, size=size)
    axis.set(xticks=[], yticks=[])
    if row["boundary"] is not None:
        _shade(axis, row["boundary"])


def synthetic(rows: dict[str, dict], halves: Sequence[Sequence[float]]) -> Figure:
    """Figures 2 and 9: a row a model, and five columns: data, reconstructions, 1 → 2, 2 → 1, shared space.

    Each entry holds ``data`` (two arrays (n, 2)), ``attribute`` (two (n,) in [0, 1)), ``label`` (two (n,) of 0 and 1), ``reconstruction``,
    ``transfer`` (two (n, 2): 1 → 2 and 2 → 1), ``shared`` (two (n, 2)) and ``boundary``, the classifier's weights (w0, w1, bias) or None.
    ``halves`` has such weights for each domain: class 1 lies where they are positive, and the ground is grey there.
    Domain 1 runs through the blue-yellow gradient, domain 2 through the red-cream one; class 0 are circles, class 1 crosses.
    """
    titles = ("data", "reconstruction", "1 → 2", "2 → 1", "shared z′")
    figure, axes = plt.subplots(len(rows), 5, figsize=(7.4, 1.4 * len(rows) + 0.3), squeeze=False, layout="constrained")
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        for d in (0, 1):
            for axis, key in ((line[0], "data"), (line[1], "reconstruction")):
                _points(axis, row[key][d], row, d, size=0.4)
                _plane(axis)
            _transferred(line[2 + d], row, d, halves, size=0.4)
        _shared(line[4], row, size=0.4)
        line[0].set_ylabel(name, fontsize=11)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=11.5)
    return _finish(figure)


def crossing(row: dict, halves: Sequence[Sequence[float]]) -> Figure:
    """Figure 2 for one model, four panels: both domains, 1 → 2, 2 → 1, shared space. Arguments as in :func:`synthetic`."""
    figure, axes = plt.subplots(2, 2, figsize=(5.6, 5), layout="constrained")
    for d in (0, 1):
        _points(axes[0, 0], row["data"][d], row, d)
        _transferred(axes.flat[1 + d], row, d, halves)
    _plane(axes[0, 0])
    _shared(axes[1, 1], row)
    titles = ("two domains", "domain 1 → 2", "domain 2 → 1", "shared space z′")
    for axis, title in zip(axes.flat, titles, strict=True):
        axis.set_title(title, fontsize=12)
    return _finish(figure)


def stages(rows: dict[str, dict], halves: Sequence[Sequence[float]]) -> Figure:
    """A bridge at several moments of its training, a column each: 1 → 2 above, the shared space below. Arguments as in :func:`synthetic`."""
    figure, axes = plt.subplots(2, len(rows), figsize=(1.85 * len(rows), 3.7), squeeze=False, layout="constrained")
    for line, (title, row) in zip(axes.T, rows.items(), strict=True):
        _transferred(line[0], row, 0, halves, size=0.5)
        _shared(line[1], row, size=0.5)
        line[0].set_title(title, fontsize=11.5)
    axes[0, 0].set_ylabel("domain 1 → 2", fontsize=11)
    axes[1, 0].set_ylabel("shared space z′", fontsize=11)
    return _finish(figure)


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
    return _finish(figure)
