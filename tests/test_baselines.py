"""Baselines: maps whose answer is known, pairs that are pairs, and games computed by hand."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from lt import baselines, data, metrics
from lt.domains import Latents
from lt.train import Optim, initialised


def g(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(seed: int, d: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """A mean and a covariance with well separated variances."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(d, d)))
    return rng.normal(size=d), axes @ np.diag(rng.uniform(0.5, 1.5, d) * 2.0 ** np.arange(d)) @ axes.T


def by_position(z: torch.Tensor) -> torch.Tensor:
    """The class of a point of the blobs: its largest coordinate of the first three."""
    return z[:, :3].argmax(-1)


# ---------------------------------------------------------------- pairs


def test_pairs_have_one_class_and_every_item_can_be_met():
    first, second = torch.tensor([2, 0, 1, 1]), torch.tensor([1, 0, 0, 2, 1, 2, 2])
    i, j = baselines.AlignedPairs(first, second)(4000, g())
    assert torch.equal(first[i], second[j])
    share = j[first[i] == 2].bincount(minlength=7) / (first[i] == 2).sum()
    assert share[[3, 5, 6]].tolist() == pytest.approx([1 / 3] * 3, abs=0.05), "partners are uniform within their class"
    assert (i.bincount(minlength=4) / 4000).tolist() == pytest.approx([1 / 4] * 4, abs=0.03)


def test_a_class_without_partner_is_named(lt_error):
    with lt_error("class 2", "both domains"):
        baselines.AlignedPairs(torch.tensor([0, 2]), torch.tensor([0, 1]))


# ---------------------------------------------------------------- maps in closed form


@pytest.mark.parametrize("fit_map", [baselines.bures, baselines.principal])
def test_the_map_of_a_gaussian_onto_itself_is_the_identity(fit_map):
    mean, cov = gaussian(0)
    a, b = fit_map(mean, mean, cov, cov)
    np.testing.assert_allclose(a, np.eye(4), atol=1e-8)
    np.testing.assert_allclose(b, 0, atol=1e-8)


@pytest.mark.parametrize("fit_map", [baselines.bures, baselines.principal])
def test_mean_and_covariance_match_after_transport(fit_map):
    (mean_s, cov_s), (mean_t, cov_t) = gaussian(1), gaussian(2)
    a, b = fit_map(mean_s, mean_t, cov_s, cov_t)
    np.testing.assert_allclose(mean_s @ a + b, mean_t, atol=1e-8)
    np.testing.assert_allclose(a.T @ cov_s @ a, cov_t, atol=1e-7)


def test_optimal_transport_is_symmetric_positive_definite():
    """The gradient of a convex function (Brenier), which the map of principal axes in general is not."""
    (mean_s, cov_s), (mean_t, cov_t) = gaussian(1), gaussian(2)
    a, _ = baselines.bures(mean_s, mean_t, cov_s, cov_t)
    np.testing.assert_allclose(a, a.T, atol=1e-8)
    assert np.linalg.eigvalsh(a).min() > 0


def test_by_class_sends_each_class_to_its_own_gaussian(blobs):
    source, target = blobs("a", 600), blobs("b", 600, rotate=True, seed=1)
    for fit_map in (baselines.bures, baselines.principal):
        result = baselines.by_class(source, target, by_position, fit_map, ridge=1e-8)(source.mean)
        for label in range(3):
            got, want = result[source.y == label], target.mean[target.y == label]
            torch.testing.assert_close(got.mean(0), want.mean(0), atol=1e-3, rtol=0)
            torch.testing.assert_close(got.T.cov(), want.T.cov(), atol=1e-3, rtol=1e-2)


def test_procrustes_and_affine_find_a_rotation_between_class_means(blobs):
    source, target = blobs("a", 600, spread=0.01), blobs("b", 600, rotate=True, seed=1, spread=0.01)
    for fit_map in (baselines.procrustes, baselines.affine):
        result = fit_map(source, target, g())(source.mean)
        torch.testing.assert_close(result, target.mean[(source.y + 0) % 3], atol=0.1, rtol=0)


def test_procrustes_keeps_shapes():
    """A rotation with one scale: all distances change by the same factor."""
    source = Latents("a", torch.randn(200, 5, generator=g()), torch.zeros(200, 5), torch.arange(200) % 4)
    target = Latents("b", torch.randn(200, 5, generator=g(1)), torch.zeros(200, 5), torch.arange(200) % 4)
    ratio = torch.pdist(baselines.procrustes(source, target, g())(source.mean)) / torch.pdist(source.mean)
    torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio), rtol=1e-3, atol=0)


def test_a_prototype_has_no_diversity_and_locality_at_chance(blobs):
    source, target = blobs("a", 300), blobs("b", 300, rotate=True, seed=1)
    result = baselines.prototype(target, by_position)(source.mean)
    torch.testing.assert_close(result, baselines.class_means(target)[source.y])
    assert metrics.diversity(result, source.y) == 0
    values = [metrics.trustworthiness(source.mean, result, source.y, g(100 + s)) for s in range(20)]  # not the seed of the blobs
    assert np.mean(values) == pytest.approx(metrics.trustworthiness_by_chance(100), abs=0.01)


def test_a_lookup_has_the_diversity_of_the_data_and_no_locality(blobs):
    source, target = blobs("a", 300), blobs("b", 300, rotate=True, seed=1)
    result = baselines.lookup(target, by_position, g())(source.mean)
    members = {tuple(z) for label in range(3) for z in target.mean[target.y == label].tolist()}
    assert {tuple(z) for z in result.tolist()} <= members, "every result is an item of the target"
    assert metrics.diversity(result, source.y) == pytest.approx(metrics.diversity(target.mean, target.y), rel=0.1)
    chance = metrics.trustworthiness_by_chance(100)
    assert metrics.trustworthiness(source.mean, result, source.y, g()) == pytest.approx(chance, abs=0.06)


def test_discrete_transport_of_a_shifted_cloud_is_the_shift(blobs):
    """The optimal plan between a cloud and its translate is the translation, for points of the batch and for new ones."""
    source = blobs("a", 300)
    target = dataclasses.replace(source, mean=source.mean + 10)
    move = baselines.discrete_ot(source, target, by_position, g(), per_class=100)
    torch.testing.assert_close(move(source.mean), source.mean + 10)
    torch.testing.assert_close(move(blobs(seed=5).mean), blobs(seed=5).mean + 10)


def test_a_latent_classifier_learns_classes(blobs):
    config = baselines.LatentClassifierConfig(Optim(150, 32, 1e-2), width=16, depth=1)
    network, _ = baselines.fit_latent_classifier(config, blobs("a"), 0)
    assert metrics.agreement(baselines.classes_by(network)(blobs(seed=7).mean), blobs(seed=7).y) > 0.97


# ---------------------------------------------------------------- quality and locality


class Pass(nn.Module):
    """A judge whose features are its input."""

    def features(self, x):
        return x


def test_fid_of_a_set_with_itself_is_zero():
    x = torch.randn(500, 4, generator=g())
    assert metrics.fid(Pass(), x, x) == pytest.approx(0, abs=1e-4)


def test_fid_of_two_gaussians_is_the_closed_form():
    """Axis-aligned Gaussians: squared distance of means plus squared distances of standard deviations (Dowson & Landau 1982)."""
    std, mean = torch.tensor([1.0, 2.0, 0.5]), torch.tensor([3.0, 0.0, -1.0])
    x, y = torch.randn(60_000, 3, generator=g()), torch.randn(60_000, 3, generator=g(1)) * std + mean
    assert metrics.fid(Pass(), x, y) == pytest.approx((mean**2).sum().item() + ((std - 1) ** 2).sum().item(), rel=0.02)


def test_trustworthiness_of_isometries_is_one_and_falls_with_noise():
    a, y = torch.randn(200, 3, generator=g()), torch.arange(200) % 2
    noise = torch.randn(200, 3, generator=g(1))
    values = [metrics.trustworthiness(a, 2 * a + 5 + s * noise, y, g(2)) for s in (0, 0.5, 20)]
    assert values[0] == pytest.approx(1, abs=1e-6)
    assert values[0] > values[1] > values[2]
    assert values[2] == pytest.approx(metrics.trustworthiness_by_chance(100), abs=0.06)


def test_too_few_items_for_neighbours_are_named(lt_error):
    with lt_error("class 0", "10 items", "lower k"):
        metrics.trustworthiness(torch.randn(10, 2), torch.randn(10, 2), torch.zeros(10).long(), g())


def test_diversity_by_hand():
    x = torch.tensor([[0.0, 0], [3, 4], [1, 1], [1, 1]])
    assert metrics.diversity(x, torch.tensor([0, 0, 1, 1])) == 2.5, "distance 5 in one class, 0 in the other"


def test_a_random_walk_is_even_but_long_and_a_still_one_has_no_largest_step():
    line = torch.linspace(0, 1, 17)[None, :, None].expand(5, 17, 2)
    length = metrics.step_sizes(line).sum(-1).mean().item()
    smooth = metrics.smoothness(line, length)
    assert smooth["path_length"] == pytest.approx(1)
    assert smooth["largest_step"] == pytest.approx(1, abs=1e-4)
    wild = metrics.smoothness(torch.rand(5, 17, 2, generator=g()), length)
    assert wild["path_length"] > 4
    assert wild["largest_step"] < 4
    assert metrics.smoothness(torch.zeros(5, 17, 2), length) == {"path_length": 0}


# ---------------------------------------------------------------- games


def test_a_pool_returns_what_it_is_given_until_it_is_full():
    pool = baselines.ImagePool(4, (1,))
    for first in (0.0, 2.0):
        batch = torch.tensor([[first], [first + 1]])
        assert torch.equal(pool(batch, g()), batch)
    assert pool.items.flatten().tolist() == [0, 1, 2, 3]


def test_a_full_pool_swaps_half_and_loses_nothing():
    pool, generator = baselines.ImagePool(4, (1,)), g()
    given, returned = [], []
    for step in range(400):
        batch = torch.tensor([[2.0 * step], [2.0 * step + 1]])
        given += batch.flatten().tolist()
        returned += pool(batch, generator).flatten().tolist()
    # what came in came out, once, or is still inside; the first four came out and were kept as well
    assert sorted(returned + pool.items.flatten().tolist()) == sorted([*given, 0.0, 1.0, 2.0, 3.0])
    fresh = np.mean([a == b for a, b in zip(given[4:], returned[4:], strict=True)])
    assert fresh == pytest.approx(0.5, abs=0.06)


def test_a_pool_smaller_than_a_batch_is_an_error(lt_error):
    with lt_error("pool of 2", "batch of 3"):
        baselines.ImagePool(2, (1,))(torch.zeros(3, 1), g())


class Times(nn.Module):
    def __init__(self, factor: float):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x):
        return self.factor * x


def test_cycle_terms_by_hand():
    """Generators times 2 and times 3, critics times 1 and times 10, on a = 1 and b = 2."""
    model = baselines.CycleGAN([Times(2.0), Times(3.0)], [Times(1.0), Times(10.0)], 2, (1,))
    terms = baselines.cycle_terms(model, torch.ones(2, 1), 2 * torch.ones(2, 1), with_identity=True)
    assert terms["adversarial"].item() == (10 * 2 - 1) ** 2 + (1 * 6 - 1) ** 2
    assert terms["cycle"].item() == abs(6 * 1 - 1) + abs(6 * 2 - 2)
    assert terms["identity"].item() == abs(2 * 2 - 2) + abs(3 * 1 - 1)


def test_inverse_generators_have_no_cycle_loss_whatever_they_do_to_classes():
    a, b = torch.randn(8, 3, generator=g()), torch.randn(8, 3, generator=g(1))
    model = baselines.CycleGAN([Times(-2.0), Times(-0.5)], [Times(1.0), Times(1.0)], 8, (3,))
    assert baselines.cycle_terms(model, a, b, False)["cycle"].item() == pytest.approx(0, abs=1e-6)


def test_no_cyclegan_term_sees_which_row_met_which():
    a, b = torch.randn(8, 3, generator=g()), torch.randn(8, 3, generator=g(1))
    model = baselines.CycleGAN([Times(0.7), Times(1.2)], [Times(1.0), Times(2.0)], 8, (3,))
    together, apart = (baselines.cycle_terms(model, a, b[order], True) for order in (torch.arange(8), torch.randperm(8, generator=g(2))))
    for term, value in together.items():
        torch.testing.assert_close(apart[term], value)


def test_adversarial_losses_at_known_points():
    assert baselines.least_squares(torch.tensor([1.0, 3.0]), 1.0).item() == 2
    assert baselines.cross_entropy(torch.zeros(3, 1, 2, 2), 1.0).item() == pytest.approx(np.log(2))


# ---------------------------------------------------------------- networks and training


@pytest.mark.parametrize("size", [28, 64])
def test_networks_of_pictures_keep_the_size(size):
    x = torch.rand(2, 1, size, size, generator=g()) * 2 - 1
    for network in (baselines.UNet(size, 4), baselines.ResNetGenerator(4, 1)):
        y = network(x)
        assert y.shape == x.shape
        assert y.abs().max() <= 1
    assert baselines.patch_critic(1, 4)(x).shape == (2, 1, size // 4 - 1, size // 4 - 1)


def test_every_output_pixel_of_a_unet_sees_the_whole_input():
    # with fixed weights and several inputs: one path may be closed by a ReLU, not all of them
    network = initialised(lambda: baselines.UNet(28, 8), "unet", 0, torch.device("cpu")).eval()
    x = (torch.rand(16, 1, 28, 28, generator=g()) * 2 - 1).requires_grad_(True)
    network(x)[:, 0, 0, 0].sum().backward()
    assert x.grad[:, 0, -1, -1].abs().max() > 0


def two_kinds(name: str, n: int, swap: bool) -> baselines.Pictures:
    """Class 0 is bright above, class 1 below; ``swap`` turns both around."""
    y = torch.arange(n) % 2
    x = torch.full((n, 1, 28, 28), -0.9) + 0.05 * torch.randn(n, 1, 28, 28, generator=g(int(swap)))
    for i, label in enumerate(y.tolist()):
        half = slice(0, 14) if (label == 0) != swap else slice(14, 28)
        x[i, :, half] += 1.7
    return baselines.Pictures(name, x.clamp(-1, 1), y)


def test_pix2pix_learns_what_pairs_of_a_class_share():
    a, b = two_kinds("a", 40, False), two_kinds("b", 40, True)
    config = baselines.Pix2PixConfig(Optim(80, 8, 2e-3, betas=(0.5, 0.999)), width=4)
    model, history = baselines.fit_pix2pix(config, a, b, 0, torch.device("cpu"))
    with torch.no_grad():
        error = (model.generator(a.x) - b.x).abs().mean()
    assert error < 0.3, "two unrelated halves are 1.7 apart"
    assert history["l1"][-1] < 0.6


def test_a_latent_cyclegan_learns_to_come_back_and_is_reproducible(blobs):
    a, b = blobs("a"), blobs("b", rotate=True)
    config = baselines.CycleGANConfig(Optim(300, 32, 2e-3, betas=(0.5, 0.999)), width=32, depth=2, identity=0.0, pool=32)
    model, history = baselines.fit_latent_cyclegan(config, a, b, 0)
    assert history["cycle"][-1] < 0.5 * history["cycle"][0]
    assert "identity" not in history
    with torch.no_grad():
        error = (model.generators[1](model.generators[0](a.mean)) - a.mean).abs().mean()
    assert error < 0.5 * a.mean.std()
    other, _ = baselines.fit_latent_cyclegan(dataclasses.replace(config), a, b, 1)
    assert not torch.equal(model.generators[0][-1].weight, other.generators[0][-1].weight), "another seed, another game"


def test_images_go_through_a_generator_as_images():
    x = torch.rand(5, 784, generator=g())
    y = baselines.translate(Times(1.0), x)
    torch.testing.assert_close(y, x)
    images = data.Images("mnist", "train", "embedded", x, torch.arange(5))
    assert baselines.pictures(images).x.shape == (5, 1, 28, 28)
