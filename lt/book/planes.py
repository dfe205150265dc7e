"""Figures of bridges in the plane (chapters 1 and 1b): both ellipses, what becomes of them, and the shared space."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lt.book.plots import SOURCE, finished


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
    return finished(figure)


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
    return finished(figure)


def stages(rows: dict[str, dict], halves: Sequence[Sequence[float]]) -> Figure:
    """A bridge at several moments of its training, a column each: 1 → 2 above, the shared space below. Arguments as in :func:`synthetic`."""
    figure, axes = plt.subplots(2, len(rows), figsize=(1.85 * len(rows), 3.7), squeeze=False, layout="constrained")
    for line, (title, row) in zip(axes.T, rows.items(), strict=True):
        _transferred(line[0], row, 0, halves, size=0.5)
        _shared(line[1], row, size=0.5)
        line[0].set_title(title, fontsize=11.5)
    axes[0, 0].set_ylabel("domain 1 → 2", fontsize=11)
    axes[1, 0].set_ylabel("shared space z′", fontsize=11)
    return finished(figure)


def gains(panels: dict[str, dict[str, tuple[float, float | None, float | None]]], label: str) -> Figure:
    """What a part of the loss adds to each measurement, a panel each: ``{measurement: {name: (mean, low, high)}}``; a mean alone has no line.

    Right of zero is better. The panel with most names gives those of all.
    """
    names = max((list(found) for found in panels.values()), key=len)
    figure, axes = plt.subplots(
        2, -(-len(panels) // 2), figsize=(7, 0.75 * len(names) + 1.6), squeeze=False, sharey=True, layout="constrained"
    )
    for axis, (title, found) in zip(axes.flat, panels.items(), strict=False):
        axis.axvline(0, color="0.5", linewidth=1)
        for name, (value, low, high) in found.items():
            y = names.index(name)
            if low is not None:
                axis.plot([low, high], [y, y], color=SOURCE, linewidth=3, solid_capstyle="round")
            axis.plot(value, y, "o", color=SOURCE)
        axis.set_title(title, fontsize=12)
        axis.xaxis.set_major_locator(plt.MaxNLocator(4))
        axis.grid(axis="x", color="0.9")
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    for axis in axes[:, 0]:
        axis.set_ylabel(label)
    return finished(figure)
