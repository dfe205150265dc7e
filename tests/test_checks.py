"""Reports before and after training: what they must find is put there on purpose."""

from dataclasses import replace

import pytest
import torch

import lt
from lt.bridge import BridgeConfig, fit_bridge
from lt.latents import Domain
from lt.loop import Training
from lt.tools.checks import diagnose, preflight

FAST = BridgeConfig(Training(300, 64, 5e-3, "onecycle"), shared=3, width=32, depth=2, beta_cls=1.0)
CENTRES = torch.eye(4)[:3] * 2 - 0.5


def nearest(x):
    return -10 * torch.cdist(x, CENTRES)


@pytest.fixture
def pair(blobs):
    """Two domains of three classes whose data are their latents; the judge knows the centres."""
    domains = [Domain(name, lambda x: x, lambda z: z, nearest, 4) for name in ("a", "b")]
    return [replace(blobs(d.name, seed=i), domain=d) for i, d in enumerate(domains)]


def test_a_good_pair_is_fine(pair):
    report = preflight(pair)
    assert report.ok
    assert not report.warnings
    assert report.ceilings == {"a->b": 1.0, "b->a": 1.0}
    assert "a: 300 items, 4 of 4 dimensions carry something, 300 labels of 3 classes" in str(report)


def test_labels_that_latents_do_not_tell(pair):
    shuffled = pair[0].y[torch.randperm(300, generator=torch.Generator().manual_seed(0))]
    report = preflight([replace(pair[0], y=shuffled, domain=None), pair[1]])
    assert report.ok
    assert report.ceilings["a->b"] < 0.6
    assert any("hard to read" in line for line in report.warnings)
    assert report.ceilings["b->a"] == 1.0, "the way from b is not limited by the labels of a"


def test_a_decoder_that_does_not_show_its_class(pair):
    blind = replace(pair[1], domain=Domain("b", None, lambda z: z.mean(1, keepdim=True).expand_as(z), nearest, 4))
    assert preflight([pair[0], blind]).ceilings["a->b"] < 0.6


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda d: replace(d, mean=d.mean.clone().index_fill_(0, torch.tensor([7]), float("nan"))), "not finite"),
        (lambda d: replace(d, std=d.std[:5]), "give one of each an item"),
        (lambda d: replace(d, mean=torch.zeros_like(d.mean)), "every item has the same latent"),
        (lambda d: replace(d, name="b"), "different names"),
        (lambda d: d.take(slice(0, 0)), "no items"),
    ],
)
def test_what_stops_a_training_is_a_problem(pair, harm, words):
    report = preflight([harm(pair[0]), pair[1]])
    assert not report.ok
    assert any(words in line for line in report.problems), report.problems


def test_classes_that_are_missing_rare_or_unknown(pair):
    few = pair[0].take((pair[0].y != 2).nonzero().flatten())
    assert any("b -> a: class 2 has no counterpart in a" in line for line in preflight([few, pair[1]]).warnings)
    some = torch.cat([(pair[0].y != 2).nonzero().flatten(), (pair[0].y == 2).nonzero().flatten()[:5]])
    assert any("class 2 is rare" in line for line in preflight([pair[0].take(some), pair[1]]).warnings)
    unknown = replace(pair[0], y=torch.full_like(pair[0].y, -1))
    report = preflight([unknown, pair[1]])
    assert report.ok
    assert any("no label is known" in line for line in report.warnings)


def test_nothing_to_say_about_a_good_bridge(pair):
    report = diagnose(fit_bridge(pair, FAST), pair)
    assert not report.warnings, report.warnings
    assert any(line.startswith("a -> b: 0.9") or line.startswith("a -> b: 1.0") for line in report.facts)


def test_a_collapsed_posterior_is_named(pair):
    report = diagnose(fit_bridge(pair, replace(FAST, beta_kl=100.0)), pair)
    assert sum("lower beta_kl" in line and "nats" in line for line in report.warnings) == 2


def test_a_class_that_goes_elsewhere_is_named(pair):
    swapped = replace(pair[1], y=torch.tensor([1, 0, 2])[pair[1].y])  # trained with two labels exchanged
    report = diagnose(fit_bridge([pair[0], swapped], replace(FAST, beta_cls=10.0)), pair)
    assert any("a -> b: class 0 comes out as class 1" in line for line in report.warnings)
    assert any("a -> b: class 1 comes out as class 0" in line for line in report.warnings)


def test_prototypes_are_named(pair):
    bridge = fit_bridge(pair, FAST)
    still = Domain("b", None, lambda z: CENTRES[nearest(z).argmax(-1)] + 0.001 * z, nearest, 4)
    varied = replace(pair[1], domain=Domain("b", None, lambda z: z, nearest, 4))
    bridge.transfer = lambda z, source, target, generator=None: CENTRES[nearest(z).argmax(-1)] + 0.001 * z  # type: ignore[method-assign]
    assert any("nearly one item" in line for line in diagnose(bridge, [pair[0], varied]).warnings)
    assert still.items(pair[1].mean).shape == (300, 4)


def test_some_labels_unknown_and_classes_of_one_item(pair):
    bridge = fit_bridge(pair, FAST)
    y = pair[0].y.clone()
    y[::3] = -1  # all of class 0
    y[4] = -1
    report = diagnose(bridge, [replace(pair[0], y=y), pair[1]])
    assert not any("nan" in line for line in report.facts)
    assert any(line.startswith("a -> b") for line in report.facts)
    alone = pair[0].take(torch.arange(3))  # an item a class
    assert not any("variety" in line and line.startswith("a -> b") for line in diagnose(bridge, [alone, pair[1]]).facts)


def test_a_class_without_a_counterpart_lowers_the_ceiling(pair):
    few = pair[1].take((pair[1].y != 2).nonzero().flatten())
    assert preflight([pair[0], few]).ceilings["a->b"] == pytest.approx(2 / 3)


def test_problems_come_alone(pair):
    report = preflight([replace(pair[0], y=torch.full_like(pair[0].y, -2)), pair[1]])
    assert report.problems
    assert not report.warnings


def test_both_are_in_the_public_interface():
    assert lt.preflight is preflight
    assert lt.diagnose is diagnose
