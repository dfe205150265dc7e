"""Figures that several chapters draw. Each is closed, so that a cell shows it once, by ending with it.
Grounds are transparent, text is a grey that reads on white and on black, and groups are named where they are.
None is wider than 5 inches: a phone shows 3.6, and letters of 10 points are then 9 pixels high."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from IPython import get_ipython
from matplotlib.figure import Figure
from matplotlib_inline.backend_inline import set_matplotlib_formats
from torch import Tensor

from lt.metrics import Estimate

INK = "#797979"  # as much contrast with white as with #121212: 4.3
PALETTE = sns.color_palette("colorblind", 10).as_hex()
MARKERS = "os^Dvhp*<>"


def style() -> None:
    """The look of the book: SVG, transparent, grey text, seaborn's palette for colour-blind readers."""
    if get_ipython() is not None:
        set_matplotlib_formats("svg", metadata={"Date": None})
    rc = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    rc |= dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor"), "none")
    rc |= {"svg.hashsalt": "lt", "figure.figsize": (5, 3), "font.size": 11, "legend.frameon": False}
    sns.set_theme(style="ticks", palette="colorblind", rc=rc)


def finished(figure: Figure) -> Figure:
    """The figure without upper and right frames, closed."""
    sns.despine(figure)
    plt.close(figure)
    return figure


def first_of_each_class(y: Tensor, n: int = 1) -> Tensor:
    """Indices of the first item of every class in y (items,), then of every second, and so on: (n * classes,)."""
    picks = [(y == label).nonzero().flatten()[:n].tolist() for label in y.unique()]
    return y.new_tensor([i for one_of_each in zip(*picks, strict=False) for i in one_of_each])


def tiles(x: Tensor) -> np.ndarray:
    """Items as colours (n, height, width, 3): images (n, 784), dark on light, or (n, 1, h, w), (n, 3, h, w)."""
    pixels = x.detach().cpu().float().numpy()
    if pixels.ndim < 4:
        side = round(pixels[0].size ** 0.5)
        return np.repeat(1 - pixels.reshape(-1, side, side, 1).clip(0, 1), 3, axis=-1)
    if pixels.shape[1] == 3:
        return pixels.transpose(0, 2, 3, 1).clip(0, 1)
    return plt.get_cmap("magma")((pixels[:, 0, ::-1] + 1) / 2)[..., :3]  # low notes at the bottom


def grid(rows: Mapping[str, Tensor], columns: Sequence[str] = (), across: int = 10, size: float = 0.42) -> Figure:
    """Named rows of n pictures each, aligned: ``{"digits": x, "garments": made}``; ``columns`` are words above them.
    More than ``across`` pictures go on in another block of rows, below words of its own."""
    pictures = {name: tiles(x) for name, x in rows.items()}
    n = len(next(iter(pictures.values())))
    across, blocks = min(across, n), -(-n // across)
    heads, down = [fill(word, round(11 * size)) for word in columns], blocks * len(rows)
    words = max((head.count("\n") + 1 for head in heads), default=0) * -(-len(heads) // across)  # lines of them
    shape = (size * across + 0.8, size * down + 0.18 * words)
    figure, axes = plt.subplots(down, across, figsize=shape, squeeze=False, layout="constrained")
    gaps = {"w_pad": 0.02, "h_pad": 0.05 if columns else 0.01, "wspace": 0, "hspace": 0}
    figure.get_layout_engine().set(**gaps)  # type: ignore[union-attr]
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
    for row, (name, made) in enumerate(pictures.items()):
        for i, tile in enumerate(made):
            axes[i // across * len(rows) + row, i % across].imshow(tile, interpolation="none")
        for first in axes[row :: len(rows), 0]:
            first.set_ylabel(fill(name, 10), rotation=0, ha="right", va="center", fontsize=11)
    for axis, head in zip(axes[:: len(rows)].flat, heads, strict=False):
        axis.set_title(head, fontsize=10)
    return finished(figure)


def lines(curves: Mapping[str, tuple[Sequence, Sequence]], x: str, y: str, log: bool = False) -> Figure:
    """Curves ``{name: (x values, numbers or estimates)}`` with their names at the right ends; intervals are bars."""
    figure, axis = plt.subplots(layout="constrained")
    ends = []
    for (name, (place, values)), colour, marker in zip(curves.items(), PALETTE, MARKERS, strict=False):
        height = [value.value if isinstance(value, Estimate) else value for value in values]
        axis.plot(place, height, color=colour, marker=marker if len(height) < 30 else "", markersize=5)
        known = [(at, v) for at, v in zip(place, values, strict=True) if isinstance(v, Estimate) and v.low is not None]
        axis.vlines([at for at, _ in known], [v.low for _, v in known], [v.high for _, v in known], color=colour)
        ends.append((height[-1], place[-1], name, colour))
    axis.set(xlabel=x, ylabel=y, xscale="log" if log else "linear")
    wanted = np.array([height for height, *_ in sorted(ends)])
    steps = 0.09 * np.ptp(axis.get_ylim()) * np.arange(len(ends))
    up, down = np.maximum.accumulate(wanted - steps), np.minimum.accumulate((wanted - steps)[::-1])[::-1]
    for height, (_, right, name, colour) in zip((up + down) / 2 + steps, sorted(ends), strict=True):  # none is covered
        label = axis.annotate(name, (right, height), (6, 0), textcoords="offset points", color=colour, va="center")
        label.set_annotation_clip(False)
    return finished(figure)
