"""The base models of images: their sizes, what they learn, and what a warm-up and a great beta do."""

import dataclasses
import itertools

import pytest
import torch
from toys import CPU, TINY_JUDGE, TINY_VAE, equal, longer, made_up, without_clock

from lt import loop
from lt.cache import cache_folder
from lt.loop import Training
from lt.networks import parameter_count
from lt.zoo.vae import VAE, VALIDATION_SHARE, Judge, JudgeConfig, VAEConfig, fit_judge, fit_vae, vae_objective


def linear(inputs: int, outputs: int) -> int:
    """Weights and biases of one affine map."""
    return inputs * outputs + outputs


def stack(inputs: int, width: int, depth: int) -> int:
    return linear(inputs, width) + (depth - 1) * linear(width, width)


# ---------------------------------------------------------------- networks


def test_the_papers_vae_has_its_parameters():
    """B.2: 784 - 3 x 1024 - 100 means and 100 deviations; 100 - 3 x 1024 - 784."""
    expected = stack(784, 1024, 3) + linear(1024, 200) + stack(100, 1024, 3) + linear(1024, 784)
    assert parameter_count(VAE()) == expected


def test_the_papers_classifier_has_its_parameters():
    assert parameter_count(Judge()) == stack(784, 512, 4) + linear(512, 10)


def test_vae_shapes_and_ranges():
    vae, x = VAE(20, 5, 16, 2), 30 * torch.randn(7, 20)
    mean, std = vae.encode(x)
    assert mean.shape == std.shape == (7, 5)
    assert (std > 0).all()
    image = vae.decode(30 * torch.randn(7, 5))
    assert image.shape == (7, 20)
    assert 0 <= image.min() <= image.max() <= 1
    assert image.min() < 0.4 < 0.6 < image.max(), "the range is used and not just obeyed"


def test_vae_means_take_both_signs():
    """A ReLU or softplus on the mean would leave half of the prior unreachable."""
    mean, _ = VAE(20, 5, 16, 2).encode(torch.randn(200, 20))
    assert mean.min() < 0 < mean.max()


def test_a_judge_reads_its_features_out_linearly():
    judge, x = Judge(20, 4, 16, 2), torch.randn(7, 20)
    features = judge.features(x)
    assert features.shape == (7, 16)
    assert (features >= 0).all()
    torch.testing.assert_close(judge(x), features @ judge.head.weight.T + judge.head.bias)


def test_a_vae_gives_float32_under_bfloat16_autocast():
    vae = VAE(20, 6, 16, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mean, std = vae.encode(torch.randn(3, 20))
        outputs = [mean, std, vae.decode(mean)]
    assert {o.dtype for o in outputs} == {torch.float32}


# ---------------------------------------------------------------- learning


def test_a_vae_overfits_a_tiny_set():
    images = made_up(10)
    config = VAEConfig(Training(400, 32, 5e-3), width=64, depth=2, latent=5)
    vae, history = fit_vae(config, images, 0, CPU)
    with torch.no_grad():
        error = ((vae.decode(vae.encode(images.x)[0]) - images.x) ** 2).mean()
    assert error < 0.01 * images.x.var() * 10
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    assert len(history["loss"]) == len(history["step"])
    assert history["step"][-1] == 400


def test_a_vae_with_much_beta_tells_nothing_of_its_input():
    """The KL term pulls the posterior to the prior: at a great weight it collapses, whatever the data."""
    loose, tight = (
        fit_vae(dataclasses.replace(TINY_VAE, training=Training(300, 32, 1e-2), beta=beta), made_up(), 0, CPU)[1]["kl"][-1]
        for beta in (0.1, 1e4)
    )
    assert tight < 0.01 < 1 < loose


def test_warm_up_lets_the_kl_term_in_slowly():
    """With beta rising over all steps, the loss of the first interval is nearly the likelihood alone."""
    _, history = fit_vae(dataclasses.replace(longer(TINY_VAE, 400), warmup=1.0, beta=1000.0), made_up(), 0, CPU)
    weights = [(loss - nll) / kl / 1000 for loss, nll, kl in zip(history["loss"], history["nll"], history["kl"], strict=True)]
    assert all(a < b for a, b in itertools.pairwise(weights))
    # the mean of progress over each hundred of 400 steps is near 1/8, 3/8, ...; later steps have a smaller KL, so only bounds
    assert 0 < weights[0] < 0.25
    assert 0.75 < weights[-1] < 1


def test_a_judge_learns_what_can_be_learned():
    images = made_up(240)
    judge, history = fit_judge(JudgeConfig(Training(300, 32, 1e-2), width=32, depth=1), images, 0, CPU)
    fresh = made_up(100, seed=5)
    assert (judge(fresh.x).argmax(-1) == fresh.y).float().mean() > 0.95
    assert max(history["score"]) > 0.9


def test_a_judge_is_scored_once_an_epoch_of_the_items_that_it_trains_on():
    images = made_up(120)
    _, history = fit_judge(longer(TINY_JUDGE, 30), images, 0, CPU)
    epoch = (120 - 120 // VALIDATION_SHARE) // TINY_JUDGE.training.batch
    assert history["step"] == [*range(epoch, 31, epoch)]
    assert {round(score * (120 // VALIDATION_SHARE), 6) % 1 for score in history["score"]} == {0}, "shares of the ten set aside"


# ---------------------------------------------------------------- what goes wrong, and what is resumed


def test_data_that_are_not_numbers_stop_the_fit_with_term_steps_and_config(lt_error):
    images = made_up()
    images.x[:, 3] = float("nan")
    with lt_error("mnist", "nll is nan", "to 30 of 30", "Training(steps=30, batch=16"):
        fit_vae(TINY_VAE, images, 0, CPU)


def test_an_interrupted_judge_remembers_its_best_weights(calls, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
    config, images = longer(TINY_JUDGE, 60), made_up()
    calls.stop_at = 41
    with pytest.raises(KeyboardInterrupt):
        fit_judge(config, images, 0, CPU)
    assert list((cache_folder() / "checkpoints").iterdir())
    resumed, history = fit_judge(config, images, 0, CPU)
    assert calls.number < 41 + 60 - 30, "it resumed"
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "uninterrupted"))
    whole, whole_history = fit_judge(config, images, 0, CPU)
    assert equal(whole, resumed)
    assert without_clock(history) == without_clock(whole_history)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_captured_steps_are_the_eager_ones(monkeypatch):
    def trained(captured):
        device = torch.device("cuda")
        if not captured:
            real = loop._eager_then_captured
            monkeypatch.setattr(loop, "_eager_then_captured", lambda step, generator, warm: real(step, generator, True))
        x = torch.rand(512, 784, generator=loop.named_generator("x", 0)).to(device)
        config = VAEConfig(Training(40, 64, schedule="onecycle"), width=64, latent=8, warmup=0.5, jitter=0.5)
        vae = loop.initialised(lambda: VAE(784, 8, 64, 2), "vae", 0, device)
        loop.fit(vae, vae_objective(vae, config, x), config.training, loop.named_generator("steps", 0, device), every=10)
        return torch.cat([p.flatten() for p in vae.parameters()])

    torch.testing.assert_close(trained(captured=True), trained(captured=False))
