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


# ---------------------------------------------------------------- sliced Wasserstein


@given(seeds, seeds, powers)
def test_swd_is_the_power_of_pots(a, b, power):
    a, b, w = cloud(a), cloud(b, scale=2), directions(3)
    # POT takes projections as columns and returns the p-th root
    expected = ot.sliced_wasserstein_distance(a.numpy(), b.numpy(), projections=w.T.numpy().copy(), p=power) ** power
    assert losses.sliced_wasserstein(a, b, w, power).item() == pytest.approx(expected, rel=1e-9)


@given(seeds, seeds)
def test_swd_in_one_dimension_is_the_exact_distance(a, b):
    a, b, w = cloud(a, d=1), cloud(b, d=1), torch.ones(1, 1, dtype=torch.float64)
    assert losses.sliced_wasserstein(a, b, w, 1).item() == pytest.approx(wasserstein_distance(a[:, 0].numpy(), b[:, 0].numpy()), rel=1e-9)
    assert losses.sliced_wasserstein(a, b, w, 2).item() == pytest.approx(ot.emd2_1d(a[:, 0].numpy(), b[:, 0].numpy()), rel=1e-9)


def test_swd_never_exceeds_the_exact_distance():
    a, b = cloud(0), cloud(1) + 0.5
    exact = ot.emd2([], [], ot.dist(a.numpy(), b.numpy()))
    assert 0 < losses.sliced_wasserstein(a, b, directions(2, 200)).item() < exact


@given(seeds, seeds, powers)
def test_swd_is_symmetric_and_not_negative(a, b, power):
    a, b, w = cloud(a), cloud(b), directions(1)
    forth, back = losses.sliced_wasserstein(a, b, w, power), losses.sliced_wasserstein(b, a, w, power)
    assert forth.item() == pytest.approx(back.item(), rel=1e-12, abs=1e-15)
    assert forth.item() >= 0


@given(seeds, st.permutations(range(20)), powers)
def test_swd_sees_sets_and_not_their_order(seed, order, power):
    a = cloud(seed)
    assert losses.sliced_wasserstein(a, a, directions(1), power).item() == 0
    assert losses.sliced_wasserstein(a, a[list(order)], directions(1), power).item() < 1e-14  # a product of matrices may round by place


def test_swd_is_positive_for_different_sets():
    assert losses.sliced_wasserstein(cloud(0), cloud(1), directions(2)).item() > 1e-3


@given(seeds, st.lists(st.floats(-5, 5), min_size=5, max_size=5))
def test_swd_of_a_translation_in_closed_form(seed, shift):
    """Moving a set by t costs (w . t)^2 or |w . t| along w; over the whole sphere the first averages to |t|^2 / d."""
    a, t, w = cloud(seed), torch.tensor(shift, dtype=torch.float64), directions(4)
    along = w @ t
    assert losses.sliced_wasserstein(a, a + t, w, 2).item() == pytest.approx((along**2).mean().item(), rel=1e-6, abs=1e-12)
    assert losses.sliced_wasserstein(a, a + t, w, 1).item() == pytest.approx(along.abs().mean().item(), rel=1e-6, abs=1e-6)


def test_swd_of_a_translation_averages_to_its_square_over_the_dimension():
    t = torch.tensor([3.0, 0, 0, 0, 0], dtype=torch.float64)
    assert losses.sliced_wasserstein(cloud(0), cloud(0) + t, directions(5, 50_000), 2).item() == pytest.approx(9 / 5, rel=0.02)


@pytest.mark.parametrize("power", [1, 2])
def test_swd_has_a_finite_gradient_that_leads_downhill(power):
    a, b, w = cloud(0).requires_grad_(), cloud(1), directions(2)
    before = losses.sliced_wasserstein(a, b, w, power)
    (gradient,) = torch.autograd.grad(before, a)
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0
    assert losses.sliced_wasserstein(a - 0.1 * gradient, b, w, power) < before


@pytest.mark.parametrize("power", [1, 2])
def test_swd_has_a_finite_gradient_at_zero_distance(power):
    a = cloud(0).requires_grad_()
    (gradient,) = torch.autograd.grad(losses.sliced_wasserstein(a, cloud(0), directions(2), power), a)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("shape", [(19, 5), (20, 4)])
def test_swd_of_sets_of_different_shape_is_an_error(shape):
    with pytest.raises(ValueError, match=r"\(20, 5\)") as caught:
        losses.sliced_wasserstein(torch.zeros(20, 5), torch.zeros(shape), torch.zeros(3, 5))
    assert str(shape) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("power", [1, 2])
def test_pairwise_swd_of_three_domains_is_the_mean_over_pairs(power):
    sets, w = torch.stack([cloud(0), cloud(1) + 1, cloud(2) * 3]), directions(3)
    by_hand = sum(losses.sliced_wasserstein(sets[i], sets[j], w, power).item() for i, j in [(0, 1), (0, 2), (1, 2)]) / 3
    assert losses.pairwise_sliced_wasserstein(sets, w, power).item() == pytest.approx(by_hand, rel=1e-12)


def test_random_directions_are_uniform_unit_vectors():
    w = losses.random_directions(20_000, 6, torch.Generator().manual_seed(0))
    assert w.shape == (20_000, 6)
    torch.testing.assert_close(w.norm(dim=-1), torch.ones(20_000))
    assert w.mean(0).abs().max() < 0.02
    # uniform on the sphere: E[w w^T] = I / d, so no axis and no corner is preferred
    torch.testing.assert_close(w.T @ w / len(w), torch.eye(6) / 6, atol=0.01, rtol=0)


@given(seeds)
def test_random_directions_reproduce_with_their_generator(seed):
    first, again = (losses.random_directions(8, 3, torch.Generator().manual_seed(seed)) for _ in range(2))
    assert torch.equal(first, again)
    g = torch.Generator().manual_seed(seed)
    assert not torch.equal(losses.random_directions(8, 3, g), losses.random_directions(8, 3, g)), "every step needs fresh directions"


def test_random_directions_leave_the_global_generator_alone():
    before = torch.get_rng_state()
    losses.random_directions(8, 3, torch.Generator().manual_seed(0))
    assert torch.equal(before, torch.get_rng_state())


# ---------------------------------------------------------------- ELBO terms


@given(seeds)
def test_gaussian_kl_is_torchs(seed):
    mean, std = cloud(seed, 7, 4, 3.0), cloud(seed + 1, 7, 4).exp()
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(std)), 1)
    torch.testing.assert_close(losses.gaussian_kl(mean, std), kl_divergence(Independent(Normal(mean, std), 1), prior))


def test_gaussian_kl_is_zero_only_at_the_prior():
    zero, one = torch.zeros(1, 3), torch.ones(1, 3)
    assert losses.gaussian_kl(zero, one).item() == 0
    for mean, std in ((zero + 0.1, one), (zero, one * 1.1), (zero, one * 0.9)):
        assert losses.gaussian_kl(mean, std).item() > 0


@given(seeds, st.floats(0.05, 3))
def test_gaussian_nll_is_minus_the_log_density_but_for_a_constant(seed, sigma):
    x, mean = cloud(seed, 6, 4), cloud(seed + 1, 6, 4)
    exact = -Normal(mean, sigma).log_prob(x).sum(-1)
    constant = 4 * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    torch.testing.assert_close(losses.gaussian_nll(x, mean, sigma), exact - constant)
    torch.testing.assert_close(losses.gaussian_nll(mean, mean, sigma), torch.zeros(6, dtype=torch.float64))


@given(seeds, st.integers(1, 12))
def test_summed_squared_error_is_the_mean_one_times_the_dimension(seed, d):
    z, z_hat = cloud(seed, 6, d), cloud(seed + 1, 6, d)
    mean, summed = losses.squared_error(z, z_hat), losses.squared_error(z, z_hat, "sum")
    assert summed.item() == pytest.approx(d * mean.item(), rel=1e-12)
    assert mean.item() == pytest.approx(np.mean((z.numpy() - z_hat.numpy()) ** 2), rel=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_squared_error_of_rows_of_different_sizes_is_that_of_each_row_alone(reduction):
    """Rows padded with zeros to one size count as many dimensions as they have."""
    sizes = torch.tensor([3, 5, 5, 2])
    inside = torch.arange(5) < sizes[:, None]
    z, z_hat = cloud(0, 4) * inside, cloud(1, 4) * inside
    alone = [losses.squared_error(a[None, :d], b[None, :d], reduction).item() for a, b, d in zip(z, z_hat, sizes.tolist(), strict=True)]
    assert losses.squared_error(z, z_hat, reduction, sizes).item() == pytest.approx(np.mean(alone), rel=1e-12)
    same = torch.full((4,), 5)
    assert losses.squared_error(z, z_hat, reduction, same).item() == pytest.approx(losses.squared_error(z, z_hat, reduction).item())


def test_unknown_readings_are_errors():
    with pytest.raises(ValueError, match="'men': choose mean or sum"):
        losses.squared_error(cloud(0), cloud(1), "men")
    with pytest.raises(ValueError, match="3: choose 1 or 2"):
        losses.sliced_wasserstein(cloud(0), cloud(1), directions(0), 3)


def test_classification_of_undecided_logits_is_the_log_of_the_classes():
    y = torch.arange(8) % 4
    assert losses.classification(torch.zeros(8, 4), y).item() == pytest.approx(math.log(4))
    assert losses.classification(100.0 * torch.eye(4)[y], y).item() == pytest.approx(0, abs=1e-6)
    assert losses.classification(100.0 * torch.eye(4)[y].roll(1, -1), y).item() == pytest.approx(100, rel=1e-6)
