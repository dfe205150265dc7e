"""Maps between latent spaces in closed form, whose answers are known."""

import dataclasses
import sys

import numpy as np
import ot
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from toys import g, turn

from lt.latents import Domain, Latents
from lt.loop import Training
from lt.maps import BY_CLASS, fit_latent_classifier, fit_map, partners

GAUSSIAN = ("gaussian_ot", "gaussian_gw")
LABELS = (3, 900_000)
FAR = {"labels": LABELS, "gap": 60.0}
EACH = torch.arange(400)[:, None].repeat(1, 2)  # pairs of items with one number


def cloud(name: str, seed: int, d: int = 4, n: int = 400, labels=(0,), gap: float = 0.0) -> Latents:
    """Exact points of classes with well separated variances along axes of their own, ``gap`` apart."""
    y = torch.tensor(labels)[torch.arange(n) % len(labels)]
    x = torch.randn(n, d, generator=g(seed)) * 1.7 ** torch.arange(d) @ turn(d, seed) + seed
    return Latents(name, x + gap * (torch.arange(n) % len(labels))[:, None], None, y)


def zeros(z: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(z), dtype=torch.int64)


def by_place(z: torch.Tensor) -> torch.Tensor:
    """The class of a point of two clouds that are 60 apart in every coordinate."""
    return torch.tensor(LABELS)[(z.mean(1) > 30).long()]


@pytest.mark.parametrize("method", GAUSSIAN)
def test_each_gaussian_becomes_that_of_its_class_at_any_scale_of_the_source(method):
    a, b = cloud("a", 0, **FAR), cloud("b", 1, n=300, **FAR)  # unequal sizes
    large = dataclasses.replace(a, mean=1000 * a.mean)
    torch.testing.assert_close(fit_map(a, a, method, classify=by_place).transfer(a.mean), a.mean, atol=1e-2, rtol=1e-3)
    found = fit_map(a, b, method, ridge=1e-9, classify=by_place).transfer(a.mean)
    again = fit_map(large, b, method, ridge=1e-9, classify=lambda z: by_place(z / 1000)).transfer(large.mean)
    torch.testing.assert_close(again, found, atol=1e-2, rtol=1e-3)
    for label in LABELS:
        got, want = found[a.y == label], b.mean[b.y == label]
        torch.testing.assert_close(got.mean(0), want.mean(0), atol=1e-2, rtol=1e-3)
        torch.testing.assert_close(got.T.cov(), want.T.cov(), atol=0.1, rtol=0.01)


def test_optimal_transport_is_brenier_and_pots():
    """A symmetric positive definite A is the gradient of a convex function."""
    a, b = cloud("a", 0), cloud("b", 1)
    latent_map = fit_map(a, b, "gaussian_ot", ridge=1e-9, classify=zeros)
    linear = latent_map.transfer(torch.eye(4)) - latent_map.transfer(torch.zeros(4, 4))
    torch.testing.assert_close(linear, linear.T, atol=1e-4, rtol=0)
    assert torch.linalg.eigvalsh(linear).min() > 0
    x, y = (d.mean.double().numpy() for d in (a, b))
    expected = ot.da.LinearTransport(reg=1e-9).fit(Xs=x, Xt=y).transform(Xs=x)
    np.testing.assert_allclose(latent_map.transfer(a.mean), expected, rtol=1e-2, atol=1e-2)


def test_principal_axes_of_a_turned_copy_are_the_turn_up_to_signs():
    a = cloud("a", 0)
    b = dataclasses.replace(a, name="b", mean=a.mean @ turn(4) + 3)
    found = fit_map(a, b, "gaussian_gw", classify=zeros).transfer(a.mean) - b.mean.mean(0)
    axes = torch.linalg.eigh(b.mean.T.cov())[1]
    torch.testing.assert_close((found @ axes).abs(), ((b.mean - b.mean.mean(0)) @ axes).abs(), atol=0.02, rtol=0.01)


def test_principal_axes_go_between_unequal_sizes(lt_error):
    for d, e in ((6, 4), (3, 5)):
        a, b = cloud("a", 0, d), cloud("b", 1, e)
        found = fit_map(a, b, "gaussian_gw", ridge=1e-9, classify=zeros).transfer(a.mean)
        got, want = (torch.linalg.eigvalsh(z.T.cov()).flip(0)[: min(d, e)] for z in (found, b.mean))
        torch.testing.assert_close(got, want, atol=1e-2, rtol=1e-2)
        with lt_error("latents of one size", f"not {d} and {e}", "gaussian_gw"):
            fit_map(a, b, "gaussian_ot", classify=zeros)


def test_points_of_a_class():
    a, b = cloud("a", 0, **FAR), cloud("b", 1, n=100, **FAR)
    mean = {label: b.mean[b.y == label].mean(0) for label in LABELS}
    found = {method: fit_map(a, b, method, classify=by_place).transfer(a.mean) for method in BY_CLASS[:3]}
    for label in LABELS:
        items = b.mean[b.y == label]
        torch.testing.assert_close(found["prototype"][a.y == label], mean[label].expand(200, 4))
        nearest = min(items, key=lambda z: (z - mean[label]).norm())
        assert torch.equal(found["medoid"][a.y == label], nearest.expand(200, 4))
        looked_up = {tuple(z) for z in found["lookup"][a.y == label].tolist()}
        assert looked_up <= {tuple(z) for z in items.tolist()}, "every result is an item of the class"
        assert len(looked_up) > 40, "and nearly all of 50 are found in 200 draws"
    again = [fit_map(a, b, "lookup", classify=by_place, seed=seed).transfer(a.mean) for seed in (0, 1)]
    assert torch.equal(again[0], found["lookup"])
    assert not torch.equal(again[1], again[0])


@pytest.mark.parametrize("method", ["lookup", *GAUSSIAN])
def test_shrinking_goes_to_the_prototype(method):
    a, b = cloud("a", 0, **FAR), cloud("b", 1, **FAR)
    point = fit_map(a, b, "prototype", classify=by_place).transfer(a.mean)
    full, half, none = (fit_map(a, b, method, shrink=s, classify=by_place).transfer(a.mean) for s in (1.0, 0.5, 0.0))
    torch.testing.assert_close(none, point)
    torch.testing.assert_close(half, (full + point) / 2, atol=1e-3, rtol=1e-4)


def test_unknown_items_are_left_out_and_a_class_of_the_target_alone_is_no_error():
    a, b = cloud("a", 0, **FAR), cloud("b", 1, **FAR)
    noisy = []
    for d, y in ((a, -1), (b, 7)):
        mean, labels = torch.full((50, 4), 1e6), torch.full((50,), y)
        noisy.append(Latents(d.name, torch.cat([d.mean, mean]), None, torch.cat([d.y, labels])))
    for method in ("prototype", "gaussian_gw"):
        found = [fit_map(*pair, method, classify=by_place).transfer(a.mean) for pair in ((a, b), noisy)]
        torch.testing.assert_close(*found)
    assert fit_map(*noisy, "procrustes").transfer(a.mean).abs().max() < 1e3


def test_a_classifier_of_latents_learns_any_scale_and_is_kept():
    a = cloud("a", 0, labels=(5, 2), gap=3.0)
    a = dataclasses.replace(a, mean=1e-2 * a.mean, std=torch.full_like(a.mean, 1e-4))
    read, history = fit_latent_classifier(a, Training(150, 32, 1e-2))
    labels, probability = read(a.mean)
    assert (labels == a.y).double().mean() > 0.9
    assert ((probability >= 0.5) & (probability <= 1)).all()
    assert fit_latent_classifier(a, Training(150, 32, 1e-2))[1] == history


def test_sure_leaves_out_mislabelled_items(monkeypatch):
    monkeypatch.setattr(fit_latent_classifier, "__defaults__", (Training(300, 64, 3e-3), 0))
    a, clean = cloud("a", 0, **FAR), cloud("b", 1, n=2000, **FAR)
    other = torch.tensor(LABELS)[(clean.y == LABELS[0]).long()]
    b = dataclasses.replace(clean, y=torch.where(torch.arange(2000) < 200, other, clean.y))  # one in ten is wrong
    cases = ((clean, None), (b, None), (b, 0.8))
    right, wrong, sure = (fit_map(a, d, "prototype", sure=s).transfer(a.mean) for d, s in cases)
    assert (wrong - right).abs().mean() > 4
    torch.testing.assert_close(sure, right, atol=1.5, rtol=0)


def test_a_map_translates_items():
    a, b = cloud("a", 0), cloud("b", 1)
    a = dataclasses.replace(a, domain=Domain("a", encode=lambda x: x / 2))
    b = dataclasses.replace(b, domain=Domain("b", decode=lambda z: 5 * z))
    latent_map = fit_map(a, b, "gaussian_ot", classify=zeros)
    torch.testing.assert_close(latent_map.translate(2 * a.mean), 5 * latent_map.transfer(a.mean))


def test_procrustes_recovers_a_rotation_scale_and_shift():
    a = cloud("a", 0, 6)
    b = dataclasses.replace(a, name="b", mean=3 * a.mean @ turn(6) - 2)
    found = fit_map(a, b, "procrustes", pairs=EACH[:20]).transfer(a.mean)
    torch.testing.assert_close(found, b.mean, atol=1e-3, rtol=1e-4)
    one = fit_map(a, b, "procrustes", pairs=[(0, 0)]).transfer(a.mean)  # one pair can only shift
    torch.testing.assert_close(one[0], b.mean[0])
    torch.testing.assert_close(torch.pdist(one[:50]), torch.pdist(a.mean[:50]), atol=1e-3, rtol=1e-3)


def test_an_affine_map_recovers_what_no_rotation_does_and_is_ridge_regression():
    a = cloud("a", 0)
    b = dataclasses.replace(a, name="b", mean=a.mean @ torch.randn(4, 7, generator=g(5)) + 1)  # from 4 numbers to 7
    found = fit_map(a, b, "affine", pairs=EACH, ridge=1e-9).transfer(a.mean)
    torch.testing.assert_close(found, b.mean, atol=1e-3, rtol=1e-3)
    assert (fit_map(a, b, "procrustes", pairs=EACH).transfer(a.mean) - b.mean).abs().mean() > 0.3
    ridge = Ridge(alpha=400 * 0.1 * a.mean.var(0, correction=0).mean().item()).fit(a.mean.double(), b.mean.double())
    found = fit_map(a, b, "affine", pairs=EACH, ridge=0.1).transfer(a.mean)
    np.testing.assert_allclose(found, ridge.predict(a.mean.double()), atol=1e-3)


@pytest.mark.parametrize("method", ["affine", "procrustes"])
def test_random_pairs_of_equal_class_bring_class_means_together(method):
    y = torch.arange(600) % 5
    a = Latents("a", 5 * torch.eye(5)[y] + 0.01 * torch.randn(600, 5, generator=g()), None, y)
    b = Latents("b", 5 * turn(5)[y[:300]] + 0.01 * torch.randn(300, 5, generator=g(1)), None, y[:300])
    torch.testing.assert_close(fit_map(a, b, method).transfer(a.mean), 5 * turn(5)[y], atol=0.1, rtol=0)


@given(st.lists(st.sampled_from([-1, 0, 4, 10**12]), min_size=1, max_size=30), st.integers(0, 5))
def test_a_partner_has_the_class(others, seed):
    others = torch.tensor(others)
    y = others[torch.randint(len(others), (50,), generator=g(seed))]
    assert torch.equal(others[partners(y, others, g(seed))], y)


def test_partners_are_drawn_uniformly():
    count = partners(torch.ones(8000, dtype=torch.int64), torch.tensor([1, 0, 1, 1, 0, 1]), g()).bincount()
    assert (count - torch.tensor([2000, 0, 2000, 2000, 0, 2000])).abs().max() < 200  # five standard deviations


def test_a_class_that_the_target_lacks_is_an_error(lt_error):
    a, b = cloud("digits", 0, labels=(0, 1, 4)), cloud("shoes", 1, labels=(0, 1, 7))
    for method in BY_CLASS:
        with lt_error("class 4 has 133 items of digits and 0 of shoes", method, "label -1"):
            fit_map(a, b, method, classify=zeros)
    with lt_error("no partner of class 4"):
        fit_map(a, b, "procrustes")
    for method in ("prototype", "affine"):
        with lt_error("digits: no label is known"):
            fit_map(dataclasses.replace(a, y=torch.full((400,), -1)), b, method, classify=zeros)
    b.y[0] = 4
    assert fit_map(a, b, "medoid", classify=zeros)
    with lt_error("class 4", "1 of shoes", "gaussian_gw needs 2"):
        fit_map(a, b, "gaussian_gw", classify=zeros)


def test_impossible_wishes_are_errors(lt_error):
    for words, method, wishes in (
        ("'rotation': choose one of 'prototype'", "rotation", {}),
        ("pairs are for affine and procrustes", "prototype", {"pairs": [(0, 0)]}),
        ("shrink and sure for prototype", "affine", {"shrink": 0.5}),
        ("ridge=0: give a number from 1e-30", "gaussian_ot", {"ridge": 0}),
        ("sure=90: give a number from 0 to 1", "gaussian_ot", {"sure": 90}),
        ("two domains of [400, 90] items", "affine", {"pairs": [(0, 90)]}),
        ("shape (3,)", "affine", {"pairs": torch.arange(3)}),
    ):
        with lt_error(words):
            fit_map(cloud("a", 0), cloud("b", 1, n=90), method, **wishes)


def test_impossible_uses_are_errors(lt_error, monkeypatch):
    a, b = cloud("a", 0), cloud("b", 1)
    latent_map = fit_map(a, b, "prototype", classify=lambda z: zeros(z) + 1)
    for words, use in (
        ("(4,): give (n, 4)", lambda: latent_map.transfer(torch.zeros(4))),
        ("Domain.latents", lambda: latent_map.translate(torch.zeros(3, 4))),
        ("class 1: the map was fitted on classes 0", lambda: latent_map.transfer(a.mean)),
    ):
        with lt_error(words):
            use()
    monkeypatch.setitem(sys.modules, "ot.gaussian", None)
    with lt_error("package ot is missing", "pip install -e '.[maps]'"):
        fit_map(a, b, "gaussian_ot", classify=zeros)
