"""The synthetic problem: a map that keeps the classes turns one ellipse into the other."""

import torch

from lt import ellipses


def test_points_lie_on_their_ellipses_with_both_classes_and_the_shaded_half_is_class_1():
    for d, cloud in enumerate(ellipses.draw("test", 500)):
        assert cloud.std is None
        assert ellipses.on_target(cloud.mean, d) > 0.99
        assert ellipses.on_target(cloud.mean, 1 - d) < 0.5
        assert 0.4 < cloud.y.double().mean() < 0.6
        w0, w1, bias = ellipses.HALVES[d]
        assert (((cloud.mean @ torch.tensor([w0, w1]) + bias) > 0).long() == cloud.y).all()


def test_a_quarter_turn_keeps_class_and_attribute_and_squashing_does_not():
    first = ellipses.draw("test", 500)[0]
    unit = (first.mean - ellipses.CENTRES[0]) / ellipses.RADII[0]  # on the unit circle
    turned = torch.stack([-unit[:, 1], unit[:, 0]], dim=-1)  # to the left
    there = ellipses.CENTRES[1] + turned * ellipses.RADII[1]
    assert (ellipses.label(there, 1) == first.y).all()
    moved = (ellipses.attribute(there, 1) - ellipses.attribute(first.mean, 0)) % 1
    assert (moved - 0.5).std() < 1e-5, "the same place along the ellipse, half a turn on"
    squashed = ellipses.CENTRES[1] + unit * ellipses.RADII[1]
    assert (ellipses.label(squashed, 1) == first.y).double().mean() < 0.6


def test_other_names_give_other_points_and_the_same_name_the_same():
    a, b, again = (ellipses.draw(name, 10)[0].mean for name in ("a", "b", "a"))
    assert torch.equal(a, again)
    assert not torch.equal(a, b)
