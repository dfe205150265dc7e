"""GANs of spoken digits: shapes of the papers, objectives against closed forms, training that learns, and assets that fit their card."""

import dataclasses
import itertools
import math
import shutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lt import audio, data, domains, gan, models
from lt.domains import Domain
from lt.train import Optim, fit

CPU = torch.device("cpu")
TINY = gan.GANConfig(Optim(4, 8, 2e-4, betas=(0.0, 0.99)), width=4, latent=6)


def g(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_clips(n: int = 40) -> audio.Clips:
    clips = data.load("speech", "train")
    return dataclasses.replace(clips, x=clips.x[:n], y=clips.y[:n], speaker=clips.speaker[:n])


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("samples, rate", [(8_192, 8_000), (16_384, 16_000)])
def test_wavegan_has_the_shape_of_its_paper(samples, rate):
    generator = gan.WaveGANGenerator(100, 4, samples, rate)
    wave = generator(torch.randn(2, 100, generator=g()))
    assert wave.shape == (2, samples)
    assert wave.abs().max() <= 1
    assert generator.decode(torch.zeros(1, 100)).shape == (1, 1, 64, 64)
    critic = gan.WaveGANDiscriminator(4, samples)
    assert critic(wave, g()).shape == (2,)


def test_wavegan_at_full_size_has_the_parameters_of_table_3_and_4():
    """Donahue et al. 2019: kernel 25, channels d to 16 d, at d = 64 and 16,384 samples."""
    d = 64
    up = [(16, 8), (8, 4), (4, 2), (2, 1)]
    generator = (100 + 1) * 256 * d + sum(25 * a * d * b * d + b * d for a, b in up) + 25 * d + 1
    critic = 25 * d + d + sum(25 * a * d * b * d + a * d for a, b in up) + 256 * d + 1
    assert models.parameters(gan.WaveGANGenerator(samples=16_384, rate=16_000)) == generator
    assert models.parameters(gan.WaveGANDiscriminator(samples=16_384)) == critic


def test_a_length_that_strides_of_four_cannot_reach_is_an_error(lt_error):
    with lt_error("8000", "multiple of 1024"):
        gan.WaveGANGenerator(samples=8_000)


def test_a_specgan_makes_spectrograms_and_sound():
    generator = gan.SpecGANGenerator(6, 4)
    z = torch.randn(3, 6, generator=g())
    assert generator.decode(z).shape == (3, 1, 64, 64)
    assert generator(z).abs().max() <= 1
    assert generator.waveform(z).shape == (3, 8_192)


@given(st.integers(0, 4), st.integers(6, 20))
def test_phase_shuffle_shifts_each_item_by_at_most_its_radius_and_reflects(radius, length):
    x = torch.arange(1.0, length + 1).repeat(16, 3, 1)
    shuffled = gan.phase_shuffle(x, radius, g(length))
    assert shuffled.shape == x.shape
    padded = nn.functional.pad(x, (radius, radius), mode="reflect") if radius else x
    shifts = [padded[0, 0, k : k + length] for k in range(2 * radius + 1)]
    for item in shuffled:
        assert any(torch.equal(item[0], shift) for shift in shifts)
        assert torch.equal(item[0], item[1])
    if radius > 1:
        assert len({tuple(item[0].tolist()) for item in shuffled}) > 1, "each item has its own shift"


def test_the_running_mean_is_the_mean_of_what_was_seen():
    tiny = gan.GAN(nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(1, 1))
    weights = []
    for step in range(400):
        with torch.no_grad():
            tiny.generator.weight.fill_(float(step))
        tiny.follow(0.99)
        weights.append(tiny.average.weight.item())
    # far from the start this is an exponential mean of a ramp: it lags by decay / (1 - decay)
    assert weights[-1] == pytest.approx(399 - 0.99 / 0.01, rel=0.35)
    assert all(a <= b for a, b in itertools.pairwise(weights))
    assert not any(p.requires_grad for p in tiny.average.parameters())


# ---------------------------------------------------------------- objectives


def test_mutual_information_in_closed_form():
    even = 50 * torch.eye(10)[torch.arange(200) % 10]
    assert gan.mutual_information(even).item() == pytest.approx(math.log(10), abs=1e-5)
    assert gan.inception_score(even) == pytest.approx(10, abs=1e-3)
    assert gan.inception_score(50 * torch.eye(10)[torch.zeros(50).long()]) == pytest.approx(1), "one class only"
    assert gan.inception_score(torch.randn(1, 10, generator=g()).repeat(50, 1)) == pytest.approx(1, abs=1e-5), "nothing differs"
    logits = torch.randn(64, 7, generator=g()).double()
    p = logits.softmax(-1)
    kl = (p * (p / p.mean(0)).log()).sum(-1).mean()  # Salimans et al. 2016
    assert gan.inception_score(logits) == pytest.approx(kl.exp().item())


def test_the_gradient_penalty_of_linear_critics_is_known():
    real, fake = torch.randn(2, 12, 5, generator=g())
    w = torch.randn(5, generator=g(1))
    for scale in (0.0, 1.0, 3.0):
        slope = scale * w / w.norm()
        penalty = gan.gradient_penalty(lambda x, slope=slope: x @ slope, real, fake, g())
        assert penalty.item() == pytest.approx((scale - 1) ** 2, abs=1e-5)


def test_the_gradient_penalty_teaches_a_critic_its_slope():
    critic = nn.Linear(5, 1, bias=False)
    real, fake = torch.randn(2, 64, 5, generator=g())

    def objective(generator, progress):
        return {"loss": gan.gradient_penalty(lambda x: critic(x).squeeze(1), real, fake, generator)}

    fit(critic, objective, Optim(300, 64, 0.02), g())
    assert critic.weight.norm().item() == pytest.approx(1, abs=0.02)


def test_augmentation_shifts_and_keeps_silence():
    mel = torch.full((50, 1, 64, 64), -1.0)
    mel[..., 30] = 0.5
    moved = gan.augment(mel, g(), shift=4, gain=0.1)
    place = (moved > -1).any(2).squeeze(1)  # (n, frames)
    assert (place.sum(-1) == 1).all()
    assert set(place.double().argmax(-1).tolist()) == set(range(26, 35))
    loud = moved[moved > -1]
    assert loud.min() >= 0.4 - 1e-6
    assert loud.max() <= 0.6 + 1e-6
    assert torch.equal(gan.augment(mel, g(), 0, 0.0), mel)


def players(config, seed=0):
    clips = small_clips()
    torch.manual_seed(seed)
    features = gan.SpectrogramCNN(60, 4).eval().requires_grad_(False)
    whole = gan.build_gan(config, clips, 4)
    x = gan.log_mels(clips, CPU) if config.kind == "specgan" else clips.x
    if config.kind == "specgan":
        return whole, features, gan.projected_game(whole, config, features, x)
    return whole, features, gan.wasserstein_game(whole, config, x)


@pytest.mark.parametrize("kind", ["specgan", "wavegan"])
def test_each_player_moves_its_own_weights_and_nothing_else(kind):
    config = dataclasses.replace(TINY, kind=kind, information=0.2, width=2)
    whole, features, game = players(config)
    for player, own in zip(game, (whole.critic, whole.generator), strict=True):
        before = {k: v.clone() for k, v in whole.named_parameters()}
        frozen = {k: v.clone() for k, v in features.state_dict().items()}
        fit(whole, [player], Optim(1, 8), g())
        moved = {k.split(".")[0] for k, v in whole.named_parameters() if not torch.equal(v, before[k])}
        name = next(n for n, m in whole.named_children() if m is own)
        assert name in moved
        assert moved <= {name, "average"}
        assert all(torch.equal(v, frozen[k]) for k, v in features.state_dict().items())


@pytest.mark.slow
def test_a_projected_game_brings_samples_nearer_to_the_data():
    config = dataclasses.replace(TINY, width=8, latent=16, optim=Optim(60, 16, 1e-3, betas=(0.0, 0.99)))
    clips = small_clips()
    x = gan.log_mels(clips, CPU)
    whole, _, game = players(config)
    z = torch.randn(64, 16, generator=g(5))

    def distance():
        with torch.no_grad():
            return (whole.generator.eval()(z).mean(0) - x.mean(0)).abs().mean().item()

    before = distance()
    fit(whole, game, config.optim, g())
    assert distance() < 0.8 * before


# ---------------------------------------------------------------- classifiers


@pytest.mark.slow
def test_a_classifier_of_recordings_learns_them():
    clips, test = data.load("speech", "train"), data.load("speech", "test")
    config = gan.SpeechClassifierConfig(Optim(250, 32, 2e-3, "onecycle"), width=16)
    judge, history = gan.fit_speech_classifier(config, clips, 0, CPU)
    with torch.no_grad():
        right = (judge(gan.log_mels(test, CPU)).argmax(-1) == test.y).double().mean().item()
    assert right > 0.7
    assert max(history["score"]) > 0.7


def test_digit_and_speaker_are_told_apart_by_sixty_classes():
    clips = small_clips()
    config = gan.SpeechClassifierConfig(Optim(2, 8), width=2, speakers=6)
    features, _ = gan.fit_speech_classifier(config, clips, 0, CPU)
    assert features(torch.zeros(3, 1, 64, 64)).shape == (3, 60)
    assert [m.shape[1:] for m in features.maps(torch.zeros(1, 1, 64, 64))] == [(2, 32, 32), (4, 16, 16), (8, 8, 8), (8, 4, 4)]


# ---------------------------------------------------------------- rejection sampling


class Ramp(nn.Module):
    """A 'GAN' whose item is its latent point."""

    latent = 2

    def decode(self, z):
        return z


class Halves(nn.Module):
    """A judge that is sure of class 0 or 1 by the sign of the first coordinate where the second is positive."""

    def __init__(self, classes=2):
        super().__init__()
        self.head = nn.Linear(1, classes)
        self.classes = classes

    def forward(self, z):
        sure = 20.0 * (z[:, 1] > 0)
        logits = torch.zeros(len(z), self.classes)
        logits[:, 0], logits[:, 1] = sure * (z[:, 0] < 0), sure * (z[:, 0] >= 0)
        return logits


def test_rejection_keeps_what_the_judge_is_sure_of():
    latents, count, drawn = domains.accepted_latents(Domain("toy", Ramp(), Halves()), 100, g())
    assert latents.y.bincount().tolist() == [100, 100]
    assert (latents.mean[:, 1] > 0).all()
    assert ((latents.mean[:, 0] >= 0) == (latents.y == 1)).all()
    assert not latents.std.any()
    assert count.sum().item() / drawn == pytest.approx(0.5, abs=0.08)
    again, *_ = domains.accepted_latents(Domain("toy", Ramp(), Halves()), 100, g())
    other, *_ = domains.accepted_latents(Domain("toy", Ramp(), Halves()), 100, g(1))
    assert torch.equal(again.mean, latents.mean)
    assert not torch.equal(other.mean, latents.mean)


def test_a_class_that_never_comes_is_named_and_the_search_ends(lt_error):
    with lt_error("toy", "3,000 samples", "class 2 (0)", "budget"):
        domains.accepted_latents(Domain("toy", Ramp(), Halves(3)), 5, g(), budget=3_000)


def test_nothing_accepted_at_all_is_the_same_error(lt_error):
    with lt_error("class 0 (0), 1 (0)"):
        domains.accepted_latents(Domain("toy", Ramp(), Halves()), 5, g(), threshold=1.1, budget=600)


# ---------------------------------------------------------------- the pretrained files


def test_the_pretrained_generator_speaks_all_digits_and_scores_what_its_card_says():
    generator, judge = gan.load_pretrained()
    card = gan.card()
    scores = gan.evaluate(generator.decode, judge, generator.latent, g(3), n=1_000)
    assert scores["acceptance"] == pytest.approx(card["scores"]["acceptance"], abs=0.06)
    assert scores["inception_score"] == pytest.approx(card["scores"]["inception_score"], rel=0.1)
    assert min(scores["share_of_each_digit"]) > 0.015


def test_the_pretrained_judge_knows_recordings():
    _, judge = gan.load_pretrained()
    test = data.load("speech", "test")
    with torch.no_grad():
        assert (judge(gan.log_mels(test, CPU)).argmax(-1) == test.y).double().mean() > 0.9


@pytest.mark.parametrize("name", ["speech.json", "speech_generator.safetensors", "speech_judge.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_damaged_assets_are_named(tmp_path, name, damage, lt_error):
    for file in ("speech.json", "speech_generator.safetensors", "speech_judge.safetensors"):
        shutil.copy(gan.ASSETS / file, tmp_path)
    if damage == "missing":
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:99])
    with lt_error(str(tmp_path / name)):
        gan.load_pretrained(tmp_path)


@pytest.mark.slow
def test_training_writes_what_loading_reads_and_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(gan, "load", lambda split, corpus: data.load("speech", split))
    config = dataclasses.replace(TINY, optim=Optim(500, 8, 2e-4, betas=(0.0, 0.99)))
    tiny = gan.SpeechClassifierConfig(Optim(3, 8), width=2)
    sizes = []
    for minutes in (0.0, 0.0, 60.0):
        card = gan.train_pretrained(
            config, dataclasses.replace(tiny, speakers=1), tiny, "fsdd", minutes, tmp_path / "assets", tmp_path / "log"
        )
        sizes.append(card["steps"])
        generator, judge = gan.load_pretrained(tmp_path / "assets")
        assert generator(torch.zeros(1, 6)).shape == (1, 1, 64, 64)
        assert judge(torch.zeros(1, 1, 64, 64)).shape == (1, 10)
    assert sizes == [250, 500, 500]
    assert len((tmp_path / "log" / "curves.csv").read_text().splitlines()) == 4
    assert (tmp_path / "log" / "samples.png").stat().st_size > 1_000
