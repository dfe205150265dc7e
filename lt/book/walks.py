"""Figures of walks between two points (chapter 6): what stands along a path, and how long its steps are."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from lt.book.plots import SHARED, SOURCE, TARGET, finished

ROW_COLOURS = {"source": SOURCE, "target": TARGET, "transfer": SHARED}  # the three kinds of path of Figures 6 and 7
FRAME = CHANGE = "0.1"  # round the fixed points; a step at which the class changes


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
    axis.add_patch(Rectangle((left, top), 66, 66, fill=False, edgecolor=FRAME, linewidth=2.2))


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
    return finished(figure)


def steps(rows: dict[str, tuple[Tensor, Sequence[str], np.ndarray, np.ndarray]]) -> Figure:
    """A walk and the length of each of its steps: ``{row: (items, word under each, steps, whether the class changes there)}``.

    Items stand evenly along the path, and so do the more numerous steps. Bars have the colour of their kind of path, the first word of
    ``row``; a step at which the class changes is nearly black. A word that is the one before it is left out.
    """
    figure, axes = plt.subplots(2 * len(rows), 1, figsize=(6, 2.3 * len(rows)), height_ratios=(1.2, 1) * len(rows), layout="constrained")
    highest = max(size.max() for _, _, size, _ in rows.values())
    for (above, below), (name, (items, said, size, changes)) in zip(axes.reshape(-1, 2), rows.items(), strict=True):
        n = len(items)
        above.imshow(_strip(items), interpolation="nearest", extent=(0, n, 0, 1), aspect="auto")
        for left in (0, n - 1):
            above.add_patch(Rectangle((left, 0), 1, 1, fill=False, edgecolor=FRAME, linewidth=2.5))
        above.set_title(name, fontsize=13, loc="left")
        above.set(yticks=[], xlim=(0, n))
        fresh = [word if i == 0 or word != said[i - 1] else "" for i, word in enumerate(said)]
        above.set_xticks(np.arange(n) + 0.5, fresh, fontsize=12)
        above.tick_params(length=0, pad=1)
        place = 0.5 + (n - 1) * (np.arange(len(size)) + 0.5) / len(size)
        colour_of_row = ROW_COLOURS[name.split(":")[0]]
        for where, colour, label in ((~changes, colour_of_row, "step"), (changes, CHANGE, "step at which the class changes")):
            below.bar(place[where], size[where], width=0.8 * (n - 1) / len(size), color=colour, label=label)
        below.axhline(1, color="0.3", linewidth=0.8, linestyle="--")
        below.set(xlim=(0, n), ylim=(0, 1.05 * highest), xticks=[])
        below.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        below.tick_params(labelsize=11)
        sns.despine(ax=below)
        sns.despine(ax=above, left=True, bottom=True)
    axes[-1].set_xlabel("bars: length of each step; dashed: the path's mean", fontsize=12)
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles[1:], labels[1:], loc="outside lower center", ncol=2, frameon=False, fontsize=12)
    return finished(figure)


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
    return finished(figure)


Line = dict[str, tuple[float, float | None, float | None]]  # of each kind of path: value and both ends of its interval


def panels_of(panels: dict[str, dict[str, Line]], lines_at: Mapping[str, float] = MappingProxyType({})) -> Figure:
    """A value of each kind of path with its 95 % interval, a line for each entry, a panel for each ``x label``: ``{x label: {entry: {kind: (value, low, high)}}}``.

    Dashed: the value of ``lines_at`` for an ``x label``.
    """
    heights = [0.5 * len(lines) + 0.7 for lines in panels.values()]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(6.4, sum(heights) + 0.5), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for axis, (xlabel, lines) in zip(axes[:, 0], panels.items(), strict=True):
        for y, kinds in enumerate(lines.values()):
            for i, (kind, (value, low, high)) in enumerate(kinds.items()):
                at = y + 0.2 * (i - (len(kinds) - 1) / 2)
                if low is not None:
                    axis.plot([low, high], [at, at], color=ROW_COLOURS[kind], linewidth=2.5, solid_capstyle="round")
                axis.plot(value, at, "os^"[i], color=ROW_COLOURS[kind], markersize=7, label=kind if y == 0 else None)
        if xlabel in lines_at:
            axis.axvline(lines_at[xlabel], color="0.3", linewidth=1, linestyle="--")
        axis.set_yticks(range(len(lines)), list(lines), fontsize=11)
        axis.invert_yaxis()
        axis.set_xlabel(xlabel)
        axis.grid(axis="x", color="0.9")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncol=3, frameon=False)
    sns.despine(figure)
    return finished(figure)
