"""Every figure of the book. Functions take arrays and return a matplotlib Figure; colours stay apart for colour-blind readers."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from IPython import get_ipython
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from matplotlib_inline.backend_inline import set_matplotlib_formats
from torch import Tensor

PALETTE = sns.color_palette("colorblind", 10)
SOURCE, TARGET, SHARED = PALETTE[0], PALETTE[1], PALETTE[2]  # blue, orange, green: one meaning each in the whole book


def style() -> None:
    """The look of the book: a white ground, which reads in light and dark mode, labels big enough for a phone, and two pixels for each one of the page."""
    if get_ipython():
        set_matplotlib_formats("retina")
    sns.set_theme(
        style="ticks",
        palette="colorblind",
        rc={"figure.dpi": 110, "savefig.dpi": 110, "savefig.facecolor": "white", "figure.figsize": (7, 3.5)},
    )


def finished(figure: Figure) -> Figure:
    """The figure, closed, so that a notebook shows it once: as what its cell returns."""
    plt.close(figure)
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
    return finished(figure)


def spectrograms(pictures: dict[str, Tensor], columns: int = 10, across: int = 1, size: float = 7.2, labels: Sequence[str] = ()) -> Figure:
    """Log-mel spectrograms (n, bands, frames) in [-1, 1], low notes at the bottom, as mosaics side by side, each under its title.

    ``labels`` are the names of the columns.
    """
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
        wide = picture.shape[1] / columns
        for i, label in enumerate(labels):
            axis.text((i + 0.5) * wide, picture.shape[0], label, ha="center", va="top", fontsize=10)
    return finished(figure)


def _strip(axis: Axes, items: Tensor) -> None:
    """Images (n, 784) or spectrograms (n, 1, bands, frames) in one row."""
    if items.dim() == 2:
        axis.imshow(mosaic(items, len(items)), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        return
    tiles = items.detach().cpu().numpy().reshape(len(items), *items.shape[-2:])[:, ::-1]
    tiles = np.pad(tiles, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    axis.imshow(np.concatenate(list(tiles), axis=1), cmap="magma", vmin=-1, vmax=1, interpolation="nearest")


def rows_of_images(rows: dict[str, Tensor], columns: Sequence[str] = ()) -> Figure:
    """One labelled row for each entry, aligned by column: what becomes of the same input. Images (n, 784) or spectrograms (n, 1, bands, frames)."""
    n = len(next(iter(rows.values())))
    figure, axes = plt.subplots(len(rows), 1, figsize=(0.62 * n + 1.2, 0.75 * len(rows) + 0.3), squeeze=False, layout="constrained")
    for axis, (label, images) in zip(axes[:, 0], rows.items(), strict=True):
        _strip(axis, images)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=11)
        sns.despine(ax=axis, left=True, bottom=True)
    if columns:
        axes[0, 0].set_xticks(15 + 30 * np.arange(n), columns, fontsize=9)
        axes[0, 0].tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    return finished(figure)


def _plain_ticks(axis: Axes) -> None:
    """A few ticks on a logarithmic axis, as plain numbers: where it spans little, powers of ten alone would leave it without any."""
    low, high = axis.get_ylim()
    if high / low < 100:
        axis.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]) if high / low < 3 else LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.yaxis.set_minor_locator(NullLocator())
        axis.set_ylim(low, high)


def histories(runs: dict[str, dict[str, list[float]]], terms: Sequence[str], log: bool = True, across: str = "step") -> Figure:
    """Loss terms over steps, or over what is kept under ``across``: a panel a term and a line a run."""
    columns = 2 if len(terms) == 4 else len(terms)  # four in a row are too small on a phone
    down = -(-len(terms) // columns)
    figure, axes = plt.subplots(down, columns, figsize=(3.4 * columns, 2.6 * down + 0.2), squeeze=False, layout="constrained")
    for axis, term in zip(axes.flat, terms, strict=True):
        for name, history in runs.items():
            if term in history:
                sns.lineplot(x=history[across], y=history[term], ax=axis, label=name)
        axis.set(xlabel=across, title=term, yscale="log" if log else "linear")
        if log:
            _plain_ticks(axis)
        if axis is not axes[0][0] and axis.get_legend():
            axis.get_legend().remove()
    if len(runs) > 3:  # too many names to stand inside a panel
        handles, labels = axes[0][0].get_legend_handles_labels()
        axes[0][0].get_legend().remove()
        figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    sns.despine(figure)
    return finished(figure)


def active_dimensions(spread: dict[str, Tensor], used: dict[str, int], title: str = "dimensions before the cliff") -> Figure:
    """Variance of the posterior means over a data set, sorted, with a ring at the last dimension that the decoder uses.

    Names that agree up to a comma (``MNIST, seed 0``) share a colour and differ in their dashes.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    kinds = list(dict.fromkeys(name.split(",")[0] for name in spread))
    drawn = dict.fromkeys(kinds, 0)
    for name, variance in spread.items():
        kind = name.split(",")[0]
        ranked = np.sort(variance.cpu().numpy())[::-1]
        look = {"color": PALETTE[kinds.index(kind)], "linestyle": ("-", "--", ":", "-.")[drawn[kind] % 4], "linewidth": 2}
        axis.plot(np.arange(1, len(ranked) + 1), ranked, label=f"{name}: {used[name]}", **look)
        axis.plot(used[name], ranked[used[name] - 1], "o", color=look["color"], markersize=9, fillstyle="none", markeredgewidth=2)
        drawn[kind] += 1
    axis.set(yscale="log", xlabel="latent dimension, sorted", ylabel="variance of its mean")
    axis.legend(title=title, frameon=False)
    sns.despine(figure)
    return finished(figure)


def shares(values: dict[str, float], even: float) -> Figure:
    """Shares of a whole as bars, and a line where they would all be even."""
    figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
    sns.barplot(x=list(values), y=list(values.values()), color=TARGET, ax=axis)
    axis.axhline(even, color="0.3", linestyle="--", linewidth=1)
    axis.set_ylabel("share")
    sns.despine(figure)
    return finished(figure)


def _legible(axis: Axes) -> None:
    """Numbers of a heat map in black or white, whichever has the higher contrast (WCAG) with its cell."""
    mesh = axis.collections[0]
    mesh.update_scalarmappable()
    for text, colour in zip(axis.texts, mesh.get_facecolors(), strict=True):  # type: ignore[attr-defined]
        linear = np.where(colour[:3] <= 0.04045, colour[:3] / 12.92, ((colour[:3] + 0.055) / 1.055) ** 2.4)
        text.set_color("black" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "white")  # where both contrasts are equal


def heat_maps(
    maps: dict[str, np.ndarray], rows: Sequence[str], columns: Sequence[str], labels: tuple[str, str], less: Sequence[str] = ()
) -> Figure:
    """Measurements over two weights, a panel each with its own range of colours: matrices (rows, columns); ``labels`` of both axes.

    A brighter cell is better: a larger number, and a smaller one in the panels named in ``less``.
    """
    down = -(-len(maps) // 2)
    figure, axes = plt.subplots(down, 2, figsize=(6.4, 2.5 * down), squeeze=False, layout="constrained", sharex=True, sharey=True)
    for axis, (title, matrix) in zip(axes.flat, maps.items(), strict=True):
        look = {"annot": True, "fmt": ".2f", "annot_kws": {"fontsize": 11}, "cbar": False}
        sns.heatmap(matrix, cmap="cividis_r" if title in less else "cividis", ax=axis, **look)
        _legible(axis)
        axis.tick_params(length=0)
        axis.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=11)
        axis.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=11, rotation=0)
        axis.set_title(title, fontsize=12)
    for axis in axes[-1]:
        axis.set_xlabel(labels[0])
    for axis in axes[:, 0]:
        axis.set_ylabel(labels[1])
    figure.get_layout_engine().set(hspace=0.06, wspace=0.04)  # type: ignore[union-attr]
    return finished(figure)


def confusion(matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], title: str, xlabel: str, ylabel: str) -> Figure:
    """Shares of each row's class that end in each column's class; shares below 0.02 are left blank."""
    figure, axis = plt.subplots(figsize=(6.4, 5), layout="constrained")
    said = np.array([[f"{share:.2f}".lstrip("0") if share >= 0.02 else "" for share in line] for line in matrix])
    look = {"annot_kws": {"fontsize": 11}, "cmap": "cividis", "vmin": 0, "vmax": 1, "cbar": False}
    sns.heatmap(matrix, annot=said, fmt="", xticklabels=columns, yticklabels=rows, ax=axis, **look)
    _legible(axis)
    axis.set(title=title, xlabel=xlabel, ylabel=ylabel)
    axis.tick_params(axis="x", rotation=45)
    axis.tick_params(axis="y", rotation=0)
    return finished(figure)


def shared_space(points: np.ndarray, colours: dict[str, tuple[np.ndarray, Sequence[str]]]) -> Figure:
    """One cloud of points (n, 2), a panel for each way to colour it: ``{title: (group of each point (n,), names of the groups)}``.

    More than five groups have their name at the median of their points, fewer a legend.
    """
    figure, axes = plt.subplots(1, len(colours), figsize=(3.5 * len(colours), 3.9), squeeze=False, layout="constrained")
    for axis, (title, (group, names)) in zip(axes[0], colours.items(), strict=True):
        for i, name in enumerate(names):
            axis.scatter(*points[group == i].T, s=5, alpha=0.6, linewidths=0, color=PALETTE[i % 10], label=name)
        axis.set(title=title, xticks=[], yticks=[])
        if len(names) <= 5:
            axis.legend(
                loc="upper center", bbox_to_anchor=(0.5, 0), ncol=2, frameon=False, markerscale=4, columnspacing=0.8, handletextpad=0.1
            )
            continue
        for i, name in enumerate(names):
            if (group == i).any():
                edge = [withStroke(linewidth=3, foreground="white")]
                axis.text(*np.median(points[group == i], axis=0), name, fontsize=14, ha="center", va="center", path_effects=edge)
    sns.despine(figure, left=True, bottom=True)
    return finished(figure)
