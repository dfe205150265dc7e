"""Maps between latent spaces in closed form, whose answers are known."""

import dataclasses

import numpy as np
import pytest
import torch
from toys import g

from lt import metrics
from lt.latents import Latents
from lt.loop import Training
from lt.zoo import maps
from lt.zoo.quality import trustworthiness_by_chance


def gaussian(seed: int, d: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """A mean and a covariance with well separated variances."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(d, d)))
    return rng.normal(size=d), axes @ np.diag(rng.uniform(0.5, 1.5, d) * 2.0 ** np.arange(d)) @ axes.T


def by_position(z: torch.Tensor) -> torch.Tensor:
    """The class of a point of the blobs: its largest coordinate of the first three."""
    return z[:, :3].argmax(-1)


# ---------------------------------------------------------------- maps in closed form


@pytest.mark.parametrize("fit_map", [maps.bures, maps.principal])
def test_the_map_of_a_gaussian_onto_itself_is_the_identity(fit_map):
    mean, cov = gaussian(0)
    a, b = fit_map(mean, mean, cov, cov)
    np.testing.assert_allclose(a, np.eye(4), atol=1e-8)
    np.testing.assert_allclose(b, 0, atol=1e-8)


@pytest.mark.parametrize("fit_map", [maps.bures, maps.principal])
def test_mean_and_covariance_match_after_transport(fit_map):
    (mean_s, cov_s), (mean_t, cov_t) = gaussian(1), gaussian(2)
    a, b = fit_map(mean_s, mean_t, cov_s, cov_t)
    np.testing.assert_allclose(mean_s @ a + b, mean_t, atol=1e-8)
    np.testing.assert_allclose(a.T @ cov_s @ a, cov_t, atol=1e-7)


def test_optimal_transport_is_symmetric_positive_definite():
    """The gradient of a convex function (Brenier), which the map of principal axes in general is not."""
    (mean_s, cov_s), (mean_t, cov_t) = gaussian(1), gaussian(2)
    a, _ = maps.bures(mean_s, mean_t, cov_s, cov_t)
    np.testing.assert_allclose(a, a.T, atol=1e-8)
    assert np.linalg.eigvalsh(a).min() > 0


def test_by_class_sends_each_class_to_its_own_gaussian(blobs):
    source, target = blobs("a", 600), blobs("b", 600, rotate=True, seed=1)
    for fit_map in (maps.bures, maps.principal):
        result = maps.by_class(source, target, by_position, fit_map, ridge=1e-8)(source.mean)
        for label in range(3):
            got, want = result[source.y == label], target.mean[target.y == label]
            torch.testing.assert_close(got.mean(0), want.mean(0), atol=1e-3, rtol=0)
            torch.testing.assert_close(got.T.cov(), want.T.cov(), atol=1e-3, rtol=1e-2)


def test_procrustes_and_affine_find_a_rotation_between_class_means(blobs):
    source, target = blobs("a", 600, spread=0.01), blobs("b", 600, rotate=True, seed=1, spread=0.01)
    for fit_map in (maps.procrustes, maps.affine):
        result = fit_map(source, target, g())(source.mean)
        torch.testing.assert_close(result, target.mean[(source.y + 0) % 3], atol=0.1, rtol=0)


def test_procrustes_keeps_shapes():
    """A rotation with one scale: all distances change by the same factor."""
    source = Latents("a", torch.randn(200, 5, generator=g()), torch.zeros(200, 5), torch.arange(200) % 4)
    target = Latents("b", torch.randn(200, 5, generator=g(1)), torch.zeros(200, 5), torch.arange(200) % 4)
    ratio = torch.pdist(maps.procrustes(source, target, g())(source.mean)) / torch.pdist(source.mean)
    torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio), rtol=1e-3, atol=0)


def test_a_prototype_has_no_diversity_and_locality_at_chance(blobs):
    source, target = blobs("a", 300), blobs("b", 300, rotate=True, seed=1)
    result = maps.prototype(target, by_position)(source.mean)
    torch.testing.assert_close(result, maps.class_means(target)[source.y])
    assert metrics.diversity(result, source.y) == 0
    values = [metrics.trustworthiness(source.mean, result, source.y, g(100 + s)) for s in range(20)]  # not the seed of the blobs
    assert np.mean(values) == pytest.approx(trustworthiness_by_chance(100), abs=0.01)


def test_a_lookup_has_the_diversity_of_the_data_and_no_locality(blobs):
    source, target = blobs("a", 300), blobs("b", 300, rotate=True, seed=1)
    result = maps.lookup(target, by_position, g())(source.mean)
    members = {tuple(z) for label in range(3) for z in target.mean[target.y == label].tolist()}
    assert {tuple(z) for z in result.tolist()} <= members, "every result is an item of the target"
    assert metrics.diversity(result, source.y) == pytest.approx(metrics.diversity(target.mean, target.y), rel=0.1)
    chance = trustworthiness_by_chance(100)
    assert metrics.trustworthiness(source.mean, result, source.y, g()) == pytest.approx(chance, abs=0.06)


def test_discrete_transport_of_a_shifted_cloud_is_the_shift(blobs):
    """The optimal plan between a cloud and its translate is the translation, for points of the batch and for new ones."""
    source = blobs("a", 300)
    target = dataclasses.replace(source, mean=source.mean + 10)
    move = maps.discrete_ot(source, target, by_position, g(), per_class=100)
    torch.testing.assert_close(move(source.mean), source.mean + 10)
    torch.testing.assert_close(move(blobs(seed=5).mean), blobs(seed=5).mean + 10)


def test_a_latent_classifier_learns_classes(blobs):
    config = maps.LatentClassifierConfig(Training(150, 32, 1e-2), width=16, depth=1)
    network, _ = maps.fit_latent_classifier(config, blobs("a"), 0)
    assert metrics.agreement(maps.classes_by(network)(blobs(seed=7).mean), blobs(seed=7).y) > 0.97
