"""Diagrams of the method: what the loss touches, what a layer does, how a distance is measured. Labels come from the networks."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from torch import Tensor, nn

from lt.book.plots import PALETTE, SHARED, SOURCE, TARGET
from lt.networks import BridgingVAE, GatedMixing

LOSS, INK = PALETTE[3], "0.2"  # what is a term of the loss; lines and text
Point = tuple[float, float]


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A white card: one unit is an inch, so sizes on a phone are known. Text of 10 points is 12 pixels high on a card of 4.6 inches there."""
    figure = plt.figure(figsize=(width, height))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, width), ylim=(0, height))
    axis.axis("off")
    return figure, axis


def _box(axis: Axes, centre: Point, size: Point, lines: Sequence[str], colour) -> None:
    """A rounded box; the first line is its name, smaller ones say more."""
    (x, y), (w, h) = centre, size
    look = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": (*colour, 0.16), "edgecolor": colour, "linewidth": 1.6}
    axis.add_patch(FancyBboxPatch((x - w / 2, y - h / 2), w, h, **look))
    for i, line in enumerate(lines):
        up = 0.2 * ((len(lines) - 1) / 2 - i)
        axis.text(x, y + up, line, ha="center", va="center", fontsize=10 if i else 11.5, color=INK if not i else "0.3")


def _arrow(axis: Axes, start: Point, end: Point, colour=INK, style: str = "-|>", bend: float = 0.0, line: str = "-") -> None:
    look = {"arrowstyle": style, "mutation_scale": 13, "color": colour, "linewidth": 1.5, "linestyle": line, "shrinkA": 0, "shrinkB": 0}
    axis.add_patch(FancyArrowPatch(start, end, connectionstyle=f"arc3,rad={bend}", **look))


def _say(axis: Axes, at: Point, text: str, colour=INK, **more) -> None:
    dark = colour if isinstance(colour, str) else [0.7 * part for part in colour]  # the palette is too pale for letters
    axis.text(*at, text, **{"ha": "center", "va": "center", "fontsize": 10.5, "color": dark, **more})


def _depth(layers: nn.Sequential) -> tuple[int, int]:
    """How many fully connected layers, and their width."""
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    return len(linear), linear[0].out_features


def _done(figure: Figure) -> Figure:
    plt.close(figure)
    return figure


def loss_terms(network: BridgingVAE) -> Figure:
    """Figure 8 redrawn: two domains go down through one encoder and one decoder; red marks where each term of the loss is measured."""
    figure, axis = _canvas(4.8, 6.1)
    left, right, middle = 1.45, 3.35, 2.4
    depth, width = _depth(network.encoder)
    for d, (x, colour) in enumerate(((left, SOURCE), (right, TARGET))):
        name = d + 1
        _box(axis, (x, 5.6), (1.5, 0.62), [f"$z_{name}$", f"{network.sizes[d]} numbers"], colour)
        _arrow(axis, (x, 5.29), (x, 4.92), colour)
        _say(axis, (x + (-0.42 if d == 0 else 0.42), 5.11), f"$D = {name}$", colour)
        _arrow(axis, (x, 4.3), (x, 3.86), colour)
        _box(axis, (x, 3.5), (1.2, 0.7), [f"$z'_{name}$", f"{network.shared} numbers"], colour)
        _arrow(axis, (x, 3.15), (x, 1.88), colour)
        _say(axis, (x + (-0.42 if d == 0 else 0.42), 2.05), f"$D = {name}$", colour)
        _arrow(axis, (x, 1.26), (x, 0.86), colour)
        _box(axis, (x, 0.55), (1.5, 0.62), [rf"$\hat z_{name}$", f"{network.sizes[d]} numbers"], colour)
        side = x + (-0.75 if d == 0 else 0.75)  # the outer edge, where input and output are compared
        out = 0.3 if d == 0 else 4.5
        axis.plot([side, out, out, side], [5.6, 5.6, 0.55, 0.55], color=LOSS, linewidth=1.5, linestyle="--")
        _say(axis, (out, 2.75), "ELBO: L2", LOSS, rotation=90, fontweight="bold", backgroundcolor="white")
        _say(axis, (x + (-0.62 if d == 0 else 0.62), 4.1), "ELBO:\nKL", LOSS, fontweight="bold", fontsize=10)
    _box(axis, (middle, 4.61), (3.5, 0.62), ["encoder $q(z' | z, D)$", f"{depth} layers of {width}, for both"], SHARED)
    depth, width = _depth(network.decoder)
    _box(axis, (middle, 1.57), (3.5, 0.62), ["decoder $g(z | z', D)$", f"{depth} layers of {width}, for both"], SHARED)
    _arrow(axis, (left + 0.62, 3.5), (right - 0.62, 3.5), LOSS, "<|-|>")
    _say(axis, (middle, 3.68), "SWD", LOSS, fontweight="bold")
    _box(axis, (middle, 2.62), (1.3, 0.62), ["classifier $f$", f"{network.classifier.out_features} classes"], LOSS)
    _arrow(axis, (left + 0.35, 3.14), (middle - 0.4, 2.96), LOSS)
    _arrow(axis, (right - 0.35, 3.14), (middle + 0.4, 2.96), LOSS)
    return _done(figure)


def sliced(a: Tensor, b: Tensor, direction: Tensor) -> Figure:
    """How the sliced Wasserstein distance sees one direction (2,): two small sets of points a, b (n, 2), projected, sorted, paired."""
    figure, axes = plt.subplots(3, 1, figsize=(4.8, 6.2), height_ratios=(2.6, 1, 1), layout="constrained")
    sets = [(points.numpy(), colour, marker) for points, colour, marker in ((a, SOURCE, "o"), (b, TARGET, "^"))]
    unit = direction.numpy()
    reach = 1.15 * max(np.abs(points).max() for points, *_ in sets)
    axes[0].plot(*np.outer(unit, [-reach, reach]), color=INK, linewidth=1.5)
    for points, colour, marker in sets:
        for point in points:
            axes[0].plot(*np.stack([point, unit * (point @ unit)], axis=1), color=colour, linewidth=0.9, linestyle=":")
        axes[0].plot(*np.outer(unit, points @ unit), marker=marker, color=colour, linestyle="", markersize=4)
        axes[0].plot(*points.T, marker=marker, color=colour, linestyle="", markersize=7)
    axes[0].set(xticks=[], yticks=[], aspect="equal", title="1. project on a direction (line)")
    ranked = [np.sort(points @ unit) for points, *_ in sets]
    for axis in axes[1:]:
        for row, (p, (_, colour, marker)) in enumerate(zip(ranked, sets, strict=True)):
            axis.plot(p, np.full(len(p), -row), marker=marker, color=colour, linestyle="", markersize=7)
        axis.set(xticks=[], yticks=[], ylim=(-1.75, 0.75))
    for row, p in enumerate(ranked):
        for i, at in enumerate(p):
            axes[1].text(at, 0.28 - 1.56 * row, i + 1, ha="center", va="center", fontsize=10, color=INK)
    axes[1].set_title("2. sort: number the points from left to right")
    for p, q in zip(*ranked, strict=True):
        axes[2].plot([p, q], [-0.08, -0.92], color=LOSS, linewidth=1.5)
    axes[2].set_title("3. pair equal numbers, measure how far apart they are")
    for axis in axes:
        axis.title.set_fontsize(10.5)
    return _done(figure)


def gated_mixing(network: BridgingVAE) -> Figure:
    """Figure 10 redrawn, of the encoder's mean: the gated mixing layer above, and below where such layers stand in the bridge."""
    layer = network.mean
    if not isinstance(layer, GatedMixing):
        raise ValueError("this bridge has no gated mixing layers")
    skip, hidden, out = layer.from_input.in_features, layer.from_hidden.in_features, layer.from_input.out_features
    figure, axis = _canvas(4.8, 6.4)
    _say(axis, (0.1, 6.2), "(a) gated mixing layer", ha="left", fontweight="bold")
    _box(axis, (1.1, 5.6), (1.7, 0.62), ["input $v$", f"{skip} numbers"], SOURCE)
    _box(axis, (3.5, 5.6), (1.9, 0.62), ["hidden $h$", f"{hidden} numbers"], SHARED)
    _box(axis, (1.1, 4.45), (1.2, 0.62), ["$W_z v$", f"{out} numbers"], SOURCE)
    _box(axis, (2.75, 4.45), (1.2, 0.62), [r"$g = \sigma(\cdot)$", f"{out}, in 0 to 1"], LOSS)
    _box(axis, (4.1, 4.45), (1.2, 0.62), [r"$\Delta z$", f"{out} numbers"], SHARED)
    _arrow(axis, (1.1, 5.28), (1.1, 4.77), SOURCE)
    _arrow(axis, (3.3, 5.28), (2.85, 4.77), LOSS)
    _arrow(axis, (3.7, 5.28), (4.0, 4.77), SHARED)
    _say(axis, (0.8, 5.02), "$W_z$", SOURCE)
    _say(axis, (3.45, 5.0), "$W_h$", SHARED)
    _box(axis, (2.4, 3.3), (3.3, 0.62), [r"out $= (1 - g) \odot W_z v + g \odot \Delta z$", f"{out} numbers"], (0.35, 0.35, 0.35))
    _arrow(axis, (1.1, 4.13), (1.6, 3.63), SOURCE)
    _arrow(axis, (2.75, 4.13), (2.55, 3.63), LOSS)
    _arrow(axis, (4.1, 4.13), (3.5, 3.63), SHARED)
    _say(axis, (1.0, 3.8), r"$\times\,(1 - g)$", SOURCE, fontsize=10)
    _say(axis, (4.3, 3.8), r"$\times\,g$", SHARED, fontsize=10)
    _say(axis, (0.1, 2.66), "(b) in the bridge, three of them", ha="left", fontweight="bold")
    (enc, wide), (dec, wide_too) = _depth(network.encoder), _depth(network.decoder)
    _box(axis, (0.6, 1.9), (0.8, 0.62), ["$[z, D]$", f"{skip}"], SOURCE)
    _box(axis, (1.8, 1.9), (1.0, 0.62), ["layers", f"{enc} × {wide}"], SHARED)
    _box(axis, (3.05, 1.9), (1.0, 0.8), ["gated", "mean, and", "std"], LOSS)
    _box(axis, (4.25, 1.9), (0.85, 0.8), ["$z'$", "sample", f"{out}"], SHARED)
    shared = network.decoder[0].in_features
    _box(axis, (0.6, 0.62), (0.8, 0.62), ["$[z', D]$", f"{shared}"], SHARED)
    _box(axis, (1.8, 0.62), (1.0, 0.62), ["layers", f"{dec} × {wide_too}"], SHARED)
    _box(axis, (3.05, 0.62), (1.0, 0.62), ["gated"], LOSS)
    _box(axis, (4.25, 0.62), (0.85, 0.62), [r"$\hat z$", f"{network.latent}"], TARGET)
    for y, half, colour in ((1.9, 0.4, SOURCE), (0.62, 0.31, SHARED)):
        for start, end in ((1.0, 1.29), (2.3, 2.54), (3.55, 3.81)):
            _arrow(axis, (start, y), (end, y))
        low = y - 0.55  # the input goes around the layers
        axis.plot([0.6, 0.6, 3.05], [y - 0.31, low, low], color=colour, linewidth=1.5)
        _arrow(axis, (3.05, low), (3.05, y - half - 0.01), colour)
        _say(axis, (1.8, low + 0.1), "$v$", fontsize=10)
    return _done(figure)


def architecture(shapes: dict[str, str], pictures: tuple[Tensor, Tensor] | None = None) -> Figure:
    """Figure 1 redrawn: two frozen base models, one bridging VAE between them, with the shapes of the code.

    ``shapes`` gives the second line of each box: keys x1, z1, encoder, z', decoder, z2, x2. ``pictures`` are an image of domain 1 and its
    transfer, (784,) each, which then stand in the boxes of x1 and x2.
    """
    figure, axis = _canvas(4.8, 5.5)
    left, right, middle = 0.95, 3.85, 2.4
    for x, d, colour, up in ((left, 1, SOURCE, False), (right, 2, TARGET, True)):
        _say(axis, (x, 5.3), f"domain {d}", colour, fontweight="bold", fontsize=12)
        high = 1.25 if pictures else 0.7
        _box(axis, (x, 4.45), (1.6, high), [f"$x_{d}$", shapes[f"x{d}"]] if not pictures else [], colour)
        if pictures:
            tile = 1 - pictures[d - 1].detach().cpu().view(28, 28).numpy()
            axis.imshow(tile, cmap="gray", vmin=0, vmax=1, extent=(x - 0.42, x + 0.42, 4.2, 5.04), zorder=3)
            _say(axis, (x, 4.0), f"$x_{d}$: {shapes[f'x{d}']}", "0.3", fontsize=10)
        _box(axis, (x, 2.95), (1.6, 0.66), [f"latent $z_{d}$", shapes[f"z{d}"]], colour)
        ends = ((x, 3.3), (x, 3.8)) if up else ((x, 3.8), (x, 3.3))
        _arrow(axis, *ends, colour)
        side = x + (0.14 if not up else -0.14)
        _say(axis, (side, 3.55), "decode" if up else "encode", colour, ha="right" if up else "left", fontsize=10)
        ends = ((x, 1.98), (x, 2.6)) if up else ((x, 2.6), (x, 1.98))
        _arrow(axis, *ends, colour)
        _say(axis, (side, 2.3), f"$D = {d}$", colour, ha="right" if up else "left", fontweight="bold")
    _say(axis, (middle, 4.6), "frozen,\ntrained\napart", "0.3")
    _say(axis, (middle, 2.66), "the bridge,\ntrained", SHARED, fontweight="bold")
    _box(axis, (left, 1.62), (1.6, 0.66), ["encoder", shapes["encoder"]], SHARED)
    _box(axis, (middle, 1.62), (0.95, 0.66), ["$z'$", shapes["z'"]], SHARED)
    _box(axis, (right, 1.62), (1.6, 0.66), ["decoder", shapes["decoder"]], SHARED)
    _arrow(axis, (1.77, 1.62), (1.9, 1.62), SHARED)
    _arrow(axis, (2.9, 1.62), (3.03, 1.62), SHARED)
    _arrow(axis, (1.35, 0.72), (2.2, 1.25), LOSS)
    _arrow(axis, (3.45, 0.72), (2.6, 1.25), LOSS)
    _box(axis, (1.2, 0.4), (2.2, 0.62), ["SWD", "both domains overlap"], LOSS)
    _box(axis, (3.6, 0.4), (2.2, 0.62), ["classifier", "classes stay apart"], LOSS)
    axis.set(xlim=(0, 4.8), ylim=(0, 5.5), aspect="auto")
    return _done(figure)


def kl_examples(examples: Sequence[tuple[float, float, float]]) -> Figure:
    """What the KL term charges: a panel each for a Gaussian of (mean, std, nats) over the standard normal one."""
    figure, axes = plt.subplots(1, len(examples), figsize=(1.75 * len(examples), 2.1), sharey=True, squeeze=False, layout="constrained")
    x = np.linspace(-4, 4, 201)

    def density(mean: float, std: float) -> np.ndarray:
        return np.exp(-((x - mean) ** 2) / (2 * std**2)) / (std * np.sqrt(2 * np.pi))

    for axis, (mean, std, nats) in zip(axes[0], examples, strict=True):
        axis.plot(x, density(0, 1), color="0.4", linestyle="--")
        axis.plot(x, density(mean, std), color=SHARED, linewidth=2)
        axis.set_title(f"{nats:.2f} nats", fontsize=12)
        axis.set(yticks=[], xticks=[-3, 0, 3], ylim=(0, 1.05 * max(density(0, s).max() for _, s, _ in [*examples, (0, 1, 0)])))
    for side in ("top", "right", "left"):
        for axis in axes[0]:
            axis.spines[side].set_visible(False)
    return _done(figure)
