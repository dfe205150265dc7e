"""Diagrams carry the shapes of the networks that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lt.book import diagrams, planes
from lt.networks import BridgingVAE, PlainOutput

NETWORK = BridgingVAE((7, 5), shared=3, width=11, depth=2, classes=6)


@pytest.fixture(autouse=True)
def nothing_left_open():
    yield
    assert not plt.get_fignums()


def words(figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def test_the_loss_diagram_names_every_term_and_size():
    said = words(diagrams.loss_terms(NETWORK))
    for part in ("ELBO: L2", "KL", "SWD", "6 classes", "7 numbers", "5 numbers", "3 numbers", "2 layers of 11"):
        assert part in said


def test_the_gated_layer_has_the_sizes_of_the_encoders_mean():
    said = words(diagrams.gated_mixing(NETWORK))
    for part in ("9 numbers", "11 numbers", "3 numbers", "2 × 11"):
        assert part in said
    with pytest.raises(ValueError, match="no gated"):
        diagrams.gated_mixing(BridgingVAE((7, 5), output=PlainOutput))


def test_the_drawn_pairs_are_those_of_the_distance():
    g = torch.Generator().manual_seed(0)
    a, b, direction = torch.randn(6, 2, generator=g), torch.randn(6, 2, generator=g), torch.tensor([0.6, 0.8])
    figure = diagrams.sliced(a, b, direction)
    pairs = [line.get_xdata() for line in figure.axes[2].lines if len(line.get_xdata()) == 2 and line.get_marker() == "None"]
    drawn = np.mean([(p - q) ** 2 for p, q in pairs])
    ours = (((a @ direction).sort().values - (b @ direction).sort().values) ** 2).mean().item()
    assert len(pairs) == 6
    assert drawn == pytest.approx(ours, rel=1e-5)


def test_the_ellipses_are_shaded_where_class_1_belongs():
    cloud = [np.random.default_rng(d).normal(size=(20, 2)) for d in (0, 1)]
    row = dict.fromkeys(("data", "reconstruction", "transfer", "shared"), cloud)
    row |= {"attribute": [np.linspace(0, 0.9, 20)] * 2, "label": [np.arange(20) % 2] * 2, "boundary": None}
    figure = planes.synthetic({"a": row, "b": {**row, "boundary": (1.0, 0.0, 0.0)}}, [(0.0, -1.0, 0.0), (1.0, 0.0, -0.5)])
    shaded = [[c for c in axis.collections if type(c).__name__ == "QuadContourSet"] for axis in figure.axes]
    assert [len(found) for found in shaded] == [0, 0, 1, 1, 0, 0, 0, 1, 1, 1]
    right = shaded[2][0].get_paths()[0].get_extents()
    assert right.x0 == pytest.approx(0.5, abs=0.02), "ellipse 2: right of its middle"


def test_the_drawn_gaussians_are_densities():
    figure = diagrams.kl_examples([(0.0, 1.0, 0.0), (1.0, 0.5, 0.82)])
    for axis in figure.axes:
        for line in axis.lines:
            x, y = line.get_data()
            assert np.trapezoid(y, x) == pytest.approx(1, abs=1e-3)
    assert "0.82 nats" in words(figure)


def test_the_method_in_one_figure_shows_both_pictures():
    shapes = dict.fromkeys(("x1", "z1", "encoder", "z'", "decoder", "z2", "x2"), "8")
    figure = diagrams.architecture(shapes, (torch.ones(784), torch.zeros(784)))
    assert [float(np.asarray(image.get_array()).mean()) for image in figure.axes[0].images] == [0.0, 1.0]
    assert "the bridge" in words(figure)


def test_a_column_for_each_stage_of_a_training():
    cloud = [np.random.default_rng(d).normal(size=(20, 2)) for d in (0, 1)]
    row = dict.fromkeys(("data", "reconstruction", "transfer", "shared"), cloud)
    row |= {"attribute": [np.linspace(0, 0.9, 20)] * 2, "label": [np.arange(20) % 2] * 2, "boundary": (1.0, 0.0, 0.0)}
    halves = [(0.0, -1.0, 0.0), (1.0, 0.0, -0.5)]
    assert len(planes.stages({"step 0": row, "step 9": row, "end": row}, halves).axes) == 6
    assert len(planes.crossing(row, halves).axes) == 4
