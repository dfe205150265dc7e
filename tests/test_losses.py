"""The objectives against other people's implementations and against facts of optimal transport."""

import math

import numpy as np
import ot
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance
from torch.distributions import Independent, Normal, kl_divergence

from lt import losses

seeds = st.integers(0, 2**32 - 1)
powers = st.sampled_from([1, 2])


def cloud(seed: int, n: int = 20, d: int = 5, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def directions(seed: int, k: int = 30, d: int = 5) -> torch.Tensor:
    return losses.random_directions(k, d, torch.Generator().manual_seed(seed)).double()


@given(seeds, seeds, powers)
def test_swd_is_the_power_of_pots(a, b, power):
    a, b, w = cloud(a), cloud(b, scale=2), directions(3)
    # POT takes projections as columns and returns the p-th root
    expected = ot.sliced_wasserstein_distance(a.numpy(), b.numpy(), projections=w.T.numpy().copy(), p=power) ** power
    assert losses.sliced_wasserstein(a, b, w, power).item() == pytest.approx(expected, rel=1e-9)


@given(seeds, seeds)
def test_swd_in_one_dimension_is_the_exact_distance(a, b):
    a, b, w = cloud(a, d=1), cloud(b, d=1), torch.ones(1, 1, dtype=torch.float64)
    x, y = a[:, 0].numpy(), b[:, 0].numpy()
    assert losses.sliced_wasserstein(a, b, w, 1).item() == pytest.approx(wasserstein_distance(x, y), rel=1e-9)
    assert losses.sliced_wasserstein(a, b, w, 2).item() == pytest.approx(ot.emd2_1d(x, y), rel=1e-9)


@given(seeds, seeds, st.permutations(range(20)), powers)
def test_swd_is_a_distance_of_sets(a, b, order, power):
    a, b, w = cloud(a), cloud(b) + 1, directions(1)
    forth = losses.sliced_wasserstein(a, b, w, power).item()
    assert forth > 0
    assert losses.sliced_wasserstein(b, a, w, power).item() == pytest.approx(forth, rel=1e-12)
    assert losses.sliced_wasserstein(a[list(order)], b, w, power).item() == pytest.approx(forth, rel=1e-12)
    assert losses.sliced_wasserstein(a, a, w, power).item() == 0


@given(seeds, st.lists(st.floats(-5, 5), min_size=5, max_size=5))
def test_swd_of_a_translation_in_closed_form(seed, shift):
    """Moving a set by t costs (w . t)^2 or |w . t| along w; over the whole sphere the first averages to |t|^2 / d."""
    a, t, w = cloud(seed), torch.tensor(shift, dtype=torch.float64), directions(4)
    along = w @ t
    squared, absolute = (losses.sliced_wasserstein(a, a + t, w, power).item() for power in (2, 1))
    assert squared == pytest.approx((along**2).mean().item(), rel=1e-6, abs=1e-12)
    assert absolute == pytest.approx(along.abs().mean().item(), rel=1e-6, abs=1e-6)
    sphere = losses.sliced_wasserstein(a, a + t, directions(5, 20_000), 2).item()
    assert sphere == pytest.approx((t @ t).item() / 5, rel=0.05, abs=1e-12)


@pytest.mark.parametrize("power", [1, 2])
def test_swd_has_a_finite_gradient_that_leads_downhill(power):
    a, b, w = cloud(0).requires_grad_(), cloud(1), directions(2)
    before = losses.sliced_wasserstein(a, b, w, power)
    (gradient,) = torch.autograd.grad(before, a)
    assert gradient.isfinite().all()
    assert losses.sliced_wasserstein(a - 0.1 * gradient, b, w, power) < before
    (at_zero,) = torch.autograd.grad(losses.sliced_wasserstein(a, cloud(0), w, power), a)
    assert at_zero.isfinite().all()


def test_swd_is_in_single_precision_under_autocast():
    """In bfloat16 a projection has three digits, and sets that differ by less than that have no distance."""
    a, w = cloud(0, 200).float() + 10, directions(1).float()
    expected = losses.sliced_wasserstein(a, a + 0.01, w).item()
    with torch.autocast("cpu", torch.bfloat16):
        inside = losses.sliced_wasserstein(a, a + 0.01, w)
    assert inside.dtype == torch.float32
    assert inside.item() == expected
    assert losses.sliced_wasserstein(a.bfloat16(), a.bfloat16(), w.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("power", [1, 2])
def test_pairwise_swd_of_three_domains_is_the_mean_over_pairs(power):
    sets, w = torch.stack([cloud(0), cloud(1) + 1, cloud(2) * 3]), directions(3)
    by_hand = [losses.sliced_wasserstein(sets[i], sets[j], w, power).item() for i, j in [(0, 1), (0, 2), (1, 2)]]
    assert losses.pairwise_sliced_wasserstein(sets, w, power).item() == pytest.approx(np.mean(by_hand), rel=1e-12)


def test_random_directions_are_uniform_unit_vectors_of_their_generator():
    before = torch.get_rng_state()
    g = torch.Generator().manual_seed(0)
    w = losses.random_directions(20_000, 6, g)
    torch.testing.assert_close(w.norm(dim=-1), torch.ones(20_000))
    assert w.mean(0).abs().max() < 0.02
    # uniform on the sphere: E[w w^T] = I / d, so no axis and no corner is preferred
    torch.testing.assert_close(w.T @ w / len(w), torch.eye(6) / 6, atol=0.01, rtol=0)
    assert not torch.equal(w, losses.random_directions(20_000, 6, g)), "every step needs fresh directions"
    assert torch.equal(w, losses.random_directions(20_000, 6, g.manual_seed(0)))
    assert torch.equal(before, torch.get_rng_state())


@given(seeds)
def test_gaussian_kl_is_torchs(seed):
    mean, std = cloud(seed, 7, 4, 3.0), cloud(seed + 1, 7, 4).exp()
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(std)), 1)
    torch.testing.assert_close(losses.gaussian_kl(mean, std), kl_divergence(Independent(Normal(mean, std), 1), prior))


@given(seeds, st.floats(0.05, 3))
def test_gaussian_nll_is_minus_the_log_density_but_for_a_constant(seed, sigma):
    x, mean = cloud(seed, 6, 4), cloud(seed + 1, 6, 4)
    exact = -Normal(mean, sigma).log_prob(x).sum(-1)
    constant = 4 * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    torch.testing.assert_close(losses.gaussian_nll(x, mean, sigma), exact - constant)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_squared_error_of_rows_of_different_sizes_is_that_of_each_row_alone(reduction):
    """Rows padded with zeros to one size count as many dimensions as they have."""
    sizes = torch.tensor([3, 5, 5, 2])
    inside = torch.arange(5) < sizes[:, None]
    z, z_hat = cloud(0, 4) * inside, cloud(1, 4) * inside
    reduce = np.mean if reduction == "mean" else np.sum
    alone = [reduce(((a - b)[:d] ** 2).numpy()) for a, b, d in zip(z, z_hat, sizes.tolist(), strict=True)]
    assert losses.squared_error(z, z_hat, reduction, sizes).item() == pytest.approx(np.mean(alone), rel=1e-12)
    same, plain = torch.full((4,), 5), losses.squared_error(z, z_hat, reduction).item()
    assert losses.squared_error(z, z_hat, reduction, same).item() == pytest.approx(plain)


def test_classification_of_undecided_logits_is_the_log_of_the_classes():
    y = torch.arange(8) % 4
    assert losses.classification(torch.zeros(8, 4), y).item() == pytest.approx(math.log(4))
    assert losses.classification(100.0 * torch.eye(4)[y], y).item() == pytest.approx(0, abs=1e-6)
    assert losses.classification(100.0 * torch.eye(4)[y].roll(1, -1), y).item() == pytest.approx(100, rel=1e-6)


def test_unknown_readings_and_unequal_sets_are_errors():
    for call, words in (
        (lambda: losses.squared_error(cloud(0), cloud(1), "men"), "'men': choose mean or sum"),
        (lambda: losses.sliced_wasserstein(cloud(0), cloud(1), directions(0), 3), "3: choose 1 or 2"),
        (lambda: losses.sliced_wasserstein(cloud(0), cloud(0, 19), directions(0)), r"\(20, 5\), \(19, 5\)"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
