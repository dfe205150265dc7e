"""The base models and judges of images: their sizes, what they learn, what a warm-up, a great beta and jitter do."""

import dataclasses
import itertools

import pytest
import torch
from toys import CPU, equal, g, linear, longer, weights

from lt.cache import cache_folder
from lt.data import Items
from lt.loop import Training
from lt.models.images import VAE, ConvJudge, Judge, JudgeConfig, VAEConfig, fit_judge, fit_vae, jitter

TINY_VAE = VAEConfig(Training(30, 16), width=8, depth=1, latent=3)
TINY_JUDGE = JudgeConfig(Training(30, 16), width=8, depth=1)


def made_up(n: int = 60, pixels: int = 12, seed: int = 0) -> Items:
    """Ten prototypes with a little noise."""
    y = torch.arange(n) % 10
    prototypes = torch.rand(10, pixels, generator=g(7)).round() * 0.8 + 0.1
    x = (prototypes[y] + 0.02 * torch.randn(n, pixels, generator=g(seed))).clamp(0, 1)
    return Items("mnist", "train", "embedded", x, y)


def bars(n: int, seed: int = 0) -> Items:
    """Ten classes of 28 x 28: a bright bar at one of ten heights, with noise."""
    y = torch.arange(n) % 10
    x = 0.2 * torch.rand(n, 28, 28, generator=g(seed))
    for i, label in enumerate(y.tolist()):
        x[i, 2 + 2 * label : 5 + 2 * label] += 0.7
    return Items("mnist", "train", "embedded", x.flatten(1), y)


def accuracy(judge, items: Items) -> float:
    with torch.no_grad():
        return (judge(items.x).argmax(-1) == items.y).double().mean().item()


def stack(inputs: int, width: int, depth: int) -> int:
    return linear(inputs, width) + (depth - 1) * linear(width, width)


def test_the_papers_models_have_their_parameters():
    """B.2: 784 - 3 x 1024 - 100 means and 100 deviations; 100 - 3 x 1024 - 784; a classifier of four layers."""
    encoder, decoder = stack(784, 1024, 3) + linear(1024, 200), stack(100, 1024, 3) + linear(1024, 784)
    assert weights(VAE()) == encoder + decoder
    assert weights(Judge()) == stack(784, 512, 4) + linear(512, 10)


def test_a_posterior_has_means_of_both_signs_and_positive_deviations_and_images_stay_in_range():
    vae = VAE(20, 5, 16, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mean, std = vae.encode(30 * torch.randn(200, 20, generator=g()))
        image = vae.decode(30 * torch.randn(200, 5, generator=g()))
    assert {part.dtype for part in (mean, std, image)} == {torch.float32}, "also under autocast"
    assert mean.shape == std.shape == (200, 5)
    assert image.shape == (200, 20)
    assert mean.min() < 0 < mean.max(), "or half of the prior could not be reached"
    assert (std > 0).all()
    assert 0 <= image.min() < 0.4 < 0.6 < image.max() <= 1


@pytest.mark.parametrize("judge", [Judge(784, 4, 16, 2), ConvJudge(4, 2).eval()])
def test_judges_read_their_features_out_linearly(judge):
    x = torch.rand(7, 784, generator=g())
    features = judge.features(x)
    assert (features >= 0).all()
    torch.testing.assert_close(judge(x), features @ judge.head.weight.T + judge.head.bias)
    assert judge(x).shape == (7, 4)


def test_a_vae_overfits_a_tiny_set():
    images = made_up(10)
    vae, history = fit_vae(VAEConfig(Training(400, 32, 5e-3), width=64, depth=2, latent=5), images, 0, CPU)
    with torch.no_grad():
        error = ((vae.decode(vae.encode(images.x)[0]) - images.x) ** 2).mean()
    assert error < 0.1 * images.x.var()
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    assert history["loss"] == pytest.approx([n + k for n, k in zip(history["nll"], history["kl"], strict=True)])


def test_a_great_beta_is_posterior_collapse():
    tight, loose = (
        fit_vae(dataclasses.replace(TINY_VAE, training=Training(300, 32, 1e-2), beta=beta), made_up(), 0, CPU)[1]["kl"]
        for beta in (1e4, 0.1)
    )
    assert tight[-1] < 0.01 < 1 < loose[-1]


def test_warm_up_lets_the_kl_term_in_slowly():
    _, history = fit_vae(dataclasses.replace(longer(TINY_VAE, 400), warmup=1.0, beta=1000.0), made_up(), 0, CPU)
    terms = zip(history["loss"], history["nll"], history["kl"], strict=True)
    weights = [(loss - nll) / kl / 1000 for loss, nll, kl in terms]
    assert all(a < b for a, b in itertools.pairwise(weights))
    assert 0 < weights[0] < 0.25, "the mean of progress over the first hundred of 400 steps is near 1/8"
    assert 0.75 < weights[-1] < 1


JUDGES = [JudgeConfig(Training(120, 32, 1e-2), width=32, depth=1, jitter=0.1)]
JUDGES += [JudgeConfig(Training(60, 32, 2e-3, "onecycle"), conv=True, width=4, jitter=0.1)]


@pytest.mark.parametrize("config", JUDGES)
def test_judges_learn_what_can_be_learned(config):
    judge, history = fit_judge(config, bars(240), 1, CPU)
    assert accuracy(judge, bars(100, seed=1)) > 0.95
    assert isinstance(judge, ConvJudge) == config.conv
    assert history["score"][-1] > 0.9
    epoch = (240 - 240 // 12) // 32
    assert history["step"][:2] == [epoch, 2 * epoch], "it is scored once per epoch of the items that it trains on"


def test_the_weights_that_are_best_on_items_kept_aside_are_kept():
    """Training at a rate that destroys what was learned: the end is worse than the best, which is what is returned."""
    data, config = bars(240), JudgeConfig(Training(80, 32, 0.5), conv=True, width=4)
    fits = ((seed, *fit_judge(config, data, seed, CPU)) for seed in range(20))
    seed, judge, history = next(fit for fit in fits if max(fit[2]["score"]) > fit[2]["score"][-1])  # not every end is
    best = history["step"][history["score"].index(max(history["score"]))]
    stopped, _ = fit_judge(longer(config, best), data, seed, CPU)
    assert equal(judge, stopped), f"the weights of step {best}"


def test_seeds_and_kinds_of_judges_are_different_draws_and_a_result_is_kept():
    first, again, other = (fit_judge(TINY_JUDGE, made_up(), seed, CPU)[0] for seed in (0, 0, 1))
    assert equal(first, again)
    assert not equal(first, other)
    assert len(list((cache_folder() / "models").glob("*.safetensors"))) == 2


def test_what_cannot_be_learned_from_is_named(lt_error):
    images = made_up()
    images.x[:, 3] = float("nan")
    with lt_error("mnist", "nll is nan", "to 30 of 30"):
        fit_vae(TINY_VAE, images, 0, CPU)
    with lt_error("judge mnist", "11 items", "at least 12"):
        fit_judge(TINY_JUDGE, made_up(11), 0, CPU)


def test_jitter_moves_every_image_differently_and_keeps_its_range():
    x, before = torch.rand(1, 784, generator=g()).repeat(64, 1), torch.get_rng_state()
    first, again, other = (jitter(x, 1, g(seed)) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state()), "it draws from its generator alone"
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert 0 <= first.min() <= first.max() <= 1 + 1e-6
    assert ((first - x).abs().amax(-1) > 0.01).all()
    assert not torch.equal(first[0], first[1])
    torch.testing.assert_close(jitter(x, 1e-6, g()), x, atol=1e-3, rtol=0)
    assert jitter(x, 0, g()) is x


def test_jitter_shifts_a_dot_by_no_more_than_its_bound():
    """A dot in the middle stays there under rotation and scaling: only the shift, 2 pixels at most, moves it."""
    x = torch.zeros(200, 28, 28)
    x[:, 13:15, 13:15] = 1
    moved = jitter(x.flatten(1), 1, g()).view(-1, 28, 28)
    place = torch.arange(28) - 13.5
    for axis in (1, 2):
        centre = (moved.sum(3 - axis) * place).sum(-1) / moved.sum((1, 2))
        assert 1.5 < centre.abs().max() < 2 * 2**0.5 / 0.85, "both shifts, turned into one axis and scaled"
        assert abs(centre.mean()) < 0.3
