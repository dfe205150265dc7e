"""Reports before and after training: what they must find is put there on purpose."""

import runpy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from toys import CENTRES, TOY, blobs, g

import lt
from lt.bridge import fit_bridge
from lt.latents import UNKNOWN, Domain
from lt.own.checks import diagnose, preflight


def nearest(x):
    return -10 * torch.cdist(x, CENTRES)


def space(name: str, seed: int, **more):
    """Three classes whose data are their latents; the judge knows the centres."""
    return replace(blobs(name, seed=seed), domain=Domain(name, lambda x: x, lambda z: z, nearest, 4), **more)


@pytest.fixture
def pair():
    return [space("a", 0), space("b", 1)]


HELD = [space("a", 10), space("b", 11)]
TEN = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "own_cases.py"))


@pytest.mark.parametrize("case", TEN["CASES"])
def test_what_preflight_expects_is_reached(case):
    """By the map, in seconds; ``pytest -s`` shows the table, and the benchmark trains bridges as well."""
    for line in TEN["measured"](TEN["CASES"][case], steps=0):
        print(TEN["shown"](case, *line))
        assert line[1] == pytest.approx(line[2]["map"], abs=0.1)


def test_a_good_pair_is_fine(pair):
    report = preflight(pair)
    assert not report.problems + report.warnings
    assert report.expected == {"a->b": 1.0, "b->a": 1.0}
    assert "a: 300 items, 4 of 4 dimensions carry information, 300 labels of 3 classes" in repr(report)
    assert "a -> b: expect a transfer accuracy of about 1.00" in repr(report)
    assert "at most" not in repr(report)


def test_what_can_be_read_off_latents_is_the_better_of_neighbours_and_a_linear_probe():
    """A line where neighbours fail, among 60 numbers of noise; neighbours where a line fails, in a chequered plane."""
    y, noise = torch.arange(400) % 2, 4 * torch.randn(400, 60, generator=g(1))
    linear = torch.cat([6.0 * y[:, None] + torch.randn(400, 1, generator=g()), noise], 1)
    corner = torch.randint(2, (400, 2), generator=g(2))
    chequers = 2.0 * corner + 0.1 * torch.randn(400, 2, generator=g(3))
    one, two = lt.Latents("a", linear, None, y), lt.Latents("b", chequers, None, corner.sum(1) % 2)
    report = preflight([one, two])
    assert report.expected["a->b"] > 0.97
    assert report.expected["b->a"] > 0.97
    chance = preflight([replace(one, y=y[torch.randperm(400, generator=g())]), two])
    assert chance.expected["a->b"] == pytest.approx(0.5, abs=0.1), "cross-validated: noise is not learned by heart"
    assert chance.expected["b->a"] > 0.97, "the way from b is not limited by the labels of a"


def test_a_decoder_that_does_not_show_its_class(pair):
    blind = Domain("b", None, lambda z: z.mean(1, keepdim=True).expand_as(z), nearest, 4)
    assert preflight([pair[0], replace(pair[1], domain=blind)]).expected["a->b"] < 0.6


def test_few_labels_are_spread_and_the_judge_tells_how_well(pair):
    few = replace(pair[0], y=torch.where(torch.arange(300) < 3, pair[0].y, UNKNOWN))
    report = preflight([few, pair[1]])
    assert report.expected["a->b"] > 0.95
    assert report.first.startswith("spread_labels")
    for nothing in (replace(few, domain=None), replace(few, y=torch.where(few.y == 0, 0, UNKNOWN))):
        report = preflight([nothing, pair[1]])
        assert not [*report.problems, *report.expected]
        assert any(line.startswith("a: too few labels") for line in report.warnings)


def test_what_to_try_first_follows_from_what_is_known(pair):
    a, b = (replace(d, y=torch.full_like(d.y, UNKNOWN)) for d in pair)
    scarce = [d.take(slice(20)) for d in pair]
    known = {"'gaussian_gw'": pair, "'prototype'": scarce, "a few items of b": [pair[0], b], "chapter 13": [a, b]}
    for words, latents in known.items():
        assert f"try first  {preflight(latents).first}" in repr(preflight(latents))
        assert words in preflight(latents).first
    assert "'affine'" in preflight([a, b], pairs=[[0, 0]]).first


def test_bridges_maps_and_functions_stand_in_one_table(pair, lt_error):
    bridge, exact = fit_bridge(pair, TOY), lt.fit_map(*pair, "prototype")
    found = lt.compare({"bridge": bridge, "map": exact, "none": lambda z: z.numpy(), "one": torch.zeros_like}, *HELD)
    assert [*found] == ["bridge", "map", "none", "one", "random_projection"]
    assert found["none"]["transfer_accuracy_true_label"] == 1
    assert found["one"]["transfer_accuracy_true_label"] == pytest.approx(1 / 3)
    assert found["bridge"].values == bridge.score(HELD[0].mean, "a", "b", HELD[0].y, HELD[1].mean).values
    assert {*found["random_projection"].values} == {"trustworthiness", "continuity"}
    assert "±" in repr(found).splitlines()[1]
    with lt_error("by name"):
        lt.compare(bridge, *HELD)
    with lt_error("a -> b", "labels of the source"):
        lt.compare({"bridge": bridge}, *[replace(d, y=torch.full_like(d.y, -1)) for d in HELD])


def test_what_stops_a_training_is_a_problem_that_comes_alone(pair):
    mean = pair[0].mean
    for harm, words in (
        ({"mean": mean.clone().index_fill_(0, torch.tensor([7]), float("nan"))}, "not finite"),
        ({"mean": torch.full_like(mean, 3.3)}, "every item has the same latent"),
        ({"name": "b"}, "a name of its own"),
    ):
        report = preflight([replace(pair[0], **harm), pair[1]])
        assert any(words in line for line in report.problems), report.problems
        assert "warning" not in repr(report)
        assert not report.expected


def test_classes_that_are_missing_rare_or_unknown(pair):
    few = pair[0].take(pair[0].y != 2)
    report = preflight([few, pair[1]])
    assert any("b -> a: class 2 has no counterpart in a" in line for line in report.warnings)
    assert report.expected["b->a"] == pytest.approx(2 / 3)
    some = torch.cat([(pair[0].y != 2).nonzero().flatten(), (pair[0].y == 2).nonzero().flatten()[:5]])
    assert any("class 2 is rare" in line for line in preflight([pair[0].take(some), pair[1]]).warnings)
    unknown = replace(pair[0], y=torch.full_like(pair[0].y, -1))
    assert any("no label is known" in line for line in preflight([unknown, pair[1]]).warnings)


def test_nothing_to_say_about_a_good_bridge_on_held_out_latents(pair):
    bridge = fit_bridge(pair, TOY)
    report = diagnose(bridge, HELD)
    assert not report.warnings, report.warnings
    assert any(line.startswith(("a -> b: 0.9", "a -> b: 1.0")) for line in report.facts)
    seen = diagnose(bridge, [pair[0], HELD[1]])
    assert [line.split(":")[0] for line in seen.warnings if "give held-out" in line] == ["a"]


def test_a_collapsed_posterior_is_named(pair):
    report = diagnose(fit_bridge(pair, replace(TOY, beta_kl=100.0)), HELD)
    assert sum("posterior collapse" in line and "lower beta_kl" in line for line in report.warnings) == 2


def test_a_class_that_goes_elsewhere_and_prototypes_are_named(pair):
    bridge = fit_bridge(pair, TOY)
    bridge.transfer = lambda z, source, target: CENTRES[[1, 0, 2]][nearest(z).argmax(-1)] + 0.01 * z
    report = diagnose(bridge, HELD)
    for words in ("class 0 comes out as class 1", "class 1 comes out as class 0", "nearly one item"):
        assert sum(words in line for line in report.warnings) == 2


def test_a_diagnosis_of_few_items_has_no_numbers_that_are_none(pair):
    bridge = fit_bridge(pair, TOY, steps=5)
    y = HELD[0].y.clone()
    y[::3] = -1  # all of class 0
    for a in (replace(HELD[0], y=y), HELD[0].take(torch.arange(3)), replace(HELD[0], y=torch.full_like(y, -1))):
        report = diagnose(bridge, [a, HELD[1]])
        assert "nan" not in repr(report)
        assert any(line.startswith("b -> a") for line in report.facts)
