"""GANs of spoken digits: shapes of the papers, objectives against closed forms, training that learns, and assets that fit their card."""

import dataclasses
import functools
import hashlib
import itertools
import json
import math
import shutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from toys import CPU, g

from lt.datasets import load, recordings
from lt.loop import Training, fit
from lt.networks import parameter_count
from lt.zoo import pretrained, speech_gan, speech_networks
from lt.zoo.speech_judge import SpectrogramCNN, SpeechClassifierConfig, fit_speech_classifier, log_mels

TINY = speech_gan.GANConfig(Training(4, 8, 2e-4, betas=(0.0, 0.99)), width=4, latent=6)


def small_clips(n: int = 40) -> recordings.Clips:
    clips = load("speech", "train")
    return dataclasses.replace(clips, x=clips.x[:n], y=clips.y[:n], speaker=clips.speaker[:n])


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("samples, rate", [(8_192, 8_000), (16_384, 16_000)])
def test_wavegan_has_the_shape_of_its_paper(samples, rate):
    generator = speech_networks.WaveGANGenerator(100, 4, samples, rate)
    wave = generator(torch.randn(2, 100, generator=g()))
    assert wave.shape == (2, samples)
    assert wave.abs().max() <= 1
    assert generator.decode(torch.zeros(1, 100)).shape == (1, 1, 64, 64)
    critic = speech_networks.WaveGANDiscriminator(4, samples)
    assert critic(wave, g()).shape == (2,)


def test_wavegan_at_full_size_has_the_parameters_of_table_3_and_4():
    """Donahue et al. 2019: kernel 25, channels d to 16 d, at d = 64 and 16,384 samples."""
    d = 64
    up = [(16, 8), (8, 4), (4, 2), (2, 1)]
    generator = (100 + 1) * 256 * d + sum(25 * a * d * b * d + b * d for a, b in up) + 25 * d + 1
    critic = 25 * d + d + sum(25 * a * d * b * d + a * d for a, b in up) + 256 * d + 1
    assert parameter_count(speech_networks.WaveGANGenerator(samples=16_384, rate=16_000)) == generator
    assert parameter_count(speech_networks.WaveGANDiscriminator(samples=16_384)) == critic


def test_a_length_that_strides_of_four_cannot_reach_is_an_error(lt_error):
    with lt_error("8000", "multiple of 1024"):
        speech_networks.WaveGANGenerator(samples=8_000)


def test_a_specgan_makes_spectrograms_and_sound():
    generator = speech_networks.SpecGANGenerator(6, 4)
    z = torch.randn(3, 6, generator=g())
    assert generator.decode(z).shape == (3, 1, 64, 64)
    assert generator(z).abs().max() <= 1
    assert generator.waveform(z).shape == (3, 8_192)


@given(st.integers(0, 4), st.integers(6, 20))
def test_phase_shuffle_shifts_each_item_by_at_most_its_radius_and_reflects(radius, length):
    x = torch.arange(1.0, length + 1).repeat(16, 3, 1)
    shuffled = speech_networks.phase_shuffle(x, radius, g(length))
    assert shuffled.shape == x.shape
    padded = nn.functional.pad(x, (radius, radius), mode="reflect") if radius else x
    shifts = [padded[0, 0, k : k + length] for k in range(2 * radius + 1)]
    for item in shuffled:
        assert any(torch.equal(item[0], shift) for shift in shifts)
        assert torch.equal(item[0], item[1])
    if radius > 1:
        assert len({tuple(item[0].tolist()) for item in shuffled}) > 1, "each item has its own shift"


def test_the_running_mean_is_the_mean_of_what_was_seen():
    tiny = speech_networks.GAN(nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(1, 1))
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
    assert speech_gan.mutual_information(even).item() == pytest.approx(math.log(10), abs=1e-5)
    assert speech_gan.inception_score(even) == pytest.approx(10, abs=1e-3)
    assert speech_gan.inception_score(50 * torch.eye(10)[torch.zeros(50).long()]) == pytest.approx(1), "one class only"
    assert speech_gan.inception_score(torch.randn(1, 10, generator=g()).repeat(50, 1)) == pytest.approx(1, abs=1e-5), "nothing differs"
    logits = torch.randn(64, 7, generator=g()).double()
    p = logits.softmax(-1)
    kl = (p * (p / p.mean(0)).log()).sum(-1).mean()  # Salimans et al. 2016
    assert speech_gan.inception_score(logits) == pytest.approx(kl.exp().item())


def test_the_gradient_penalty_of_linear_critics_is_known():
    real, fake = torch.randn(2, 12, 5, generator=g())
    w = torch.randn(5, generator=g(1))
    for scale in (0.0, 1.0, 3.0):
        slope = scale * w / w.norm()
        penalty = speech_gan.gradient_penalty(lambda x, slope=slope: x @ slope, real, fake, g())
        assert penalty.item() == pytest.approx((scale - 1) ** 2, abs=1e-5)


def test_the_gradient_penalty_teaches_a_critic_its_slope():
    critic = nn.Linear(5, 1, bias=False)
    real, fake = torch.randn(2, 64, 5, generator=g())

    def objective(generator, progress):
        return {"loss": speech_gan.gradient_penalty(lambda x: critic(x).squeeze(1), real, fake, generator)}

    fit(critic, objective, Training(300, 64, 0.02), g())
    assert critic.weight.norm().item() == pytest.approx(1, abs=0.02)


def players(config, seed=0):
    clips = small_clips()
    torch.manual_seed(seed)
    features = SpectrogramCNN(60, 4).eval().requires_grad_(False)
    whole = speech_gan.build_gan(config, clips, 4)
    x = log_mels(clips, CPU) if config.kind == "specgan" else clips.x
    if config.kind == "specgan":
        return whole, features, speech_gan.projected_game(whole, config, features, x)
    return whole, features, speech_gan.wasserstein_game(whole, config, x)


@pytest.mark.parametrize("kind", ["specgan", "wavegan"])
def test_each_player_moves_its_own_weights_and_nothing_else(kind):
    config = dataclasses.replace(TINY, kind=kind, information=0.2, width=2)
    whole, features, game = players(config)
    for player, own in zip(game, (whole.critic, whole.generator), strict=True):
        before = {k: v.clone() for k, v in whole.named_parameters()}
        frozen = {k: v.clone() for k, v in features.state_dict().items()}
        fit(whole, [player], Training(1, 8), g())
        moved = {k.split(".")[0] for k, v in whole.named_parameters() if not torch.equal(v, before[k])}
        name = next(n for n, m in whole.named_children() if m is own)
        assert name in moved
        assert moved <= {name, "average"}
        assert all(torch.equal(v, frozen[k]) for k, v in features.state_dict().items())


@pytest.mark.slow
def test_a_projected_game_brings_samples_nearer_to_the_data():
    config = dataclasses.replace(TINY, width=8, latent=16, training=Training(60, 16, 1e-3, betas=(0.0, 0.99)))
    clips = small_clips()
    x = log_mels(clips, CPU)
    whole, _, game = players(config)
    z = torch.randn(64, 16, generator=g(5))

    def distance():
        with torch.no_grad():
            return (whole.generator.eval()(z).mean(0) - x.mean(0)).abs().mean().item()

    before = distance()
    fit(whole, game, config.training, g())
    assert distance() < 0.8 * before


# ---------------------------------------------------------------- classifiers


@pytest.mark.slow
def test_a_classifier_of_recordings_learns_them():
    clips, test = load("speech", "train"), load("speech", "test")
    config = SpeechClassifierConfig(Training(250, 32, 2e-3, "onecycle"), width=16)
    judge, history = fit_speech_classifier(config, clips, 0, CPU)
    with torch.no_grad():
        right = (judge(log_mels(test, CPU)).argmax(-1) == test.y).double().mean().item()
    assert right > 0.7
    assert max(history["score"]) > 0.7


def test_digit_and_speaker_are_told_apart_by_sixty_classes():
    clips = small_clips()
    config = SpeechClassifierConfig(Training(2, 8), width=2, speakers=6)
    features, _ = fit_speech_classifier(config, clips, 0, CPU)
    assert features(torch.zeros(3, 1, 64, 64)).shape == (3, 60)
    assert [m.shape[1:] for m in features.maps(torch.zeros(1, 1, 64, 64))] == [(2, 32, 32), (4, 16, 16), (8, 8, 8), (8, 4, 4)]


# ---------------------------------------------------------------- the pretrained files


def test_the_pretrained_generator_speaks_all_digits_and_scores_what_its_card_says():
    generator, judge = pretrained.load_pretrained()
    card = pretrained.card()
    scores = pretrained.evaluate(generator.decode, judge, generator.latent, g(3), n=1_000)
    assert scores["acceptance"] == pytest.approx(card["scores"]["acceptance"], abs=0.06)
    assert scores["inception_score"] == pytest.approx(card["scores"]["inception_score"], rel=0.1)
    assert min(scores["share_of_each_digit"]) > 0.015


def test_the_pretrained_judge_knows_recordings():
    _, judge = pretrained.load_pretrained()
    test = load("speech", "test")
    with torch.no_grad():
        assert (judge(log_mels(test, CPU)).argmax(-1) == test.y).double().mean() > 0.9


@pytest.mark.parametrize("name", ["speech.json", "speech_generator.safetensors", "speech_judge.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_damaged_assets_are_named(tmp_path, name, damage, lt_error):
    for file in ("speech.json", "speech_generator.safetensors", "speech_judge.safetensors"):
        shutil.copy(pretrained.ASSETS / file, tmp_path)
    if damage == "missing":
        (tmp_path / name).unlink()
    elif damage == "truncated":
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:99])
    elif name == "speech.json":  # a card that tells of other weights
        card = pretrained.card(tmp_path)
        card["sha256"]["generator"] = "0" * 64
        (tmp_path / name).write_text(json.dumps(card))
        name = "speech_generator.safetensors"
    else:
        raw = bytearray((tmp_path / name).read_bytes())
        raw[-1] ^= 1
        (tmp_path / name).write_bytes(raw)
    with lt_error(str(tmp_path / name)):
        pretrained.load_pretrained(tmp_path)


@pytest.mark.slow
def test_training_writes_what_loading_reads_and_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "fit_gan", functools.partial(speech_gan.fit_gan, every=5))
    monkeypatch.setattr(pretrained, "evaluate", functools.partial(pretrained.evaluate, n=500))
    config = dataclasses.replace(TINY, training=Training(10, 8, 2e-4, betas=(0.0, 0.99)))
    tiny, clips = SpeechClassifierConfig(Training(3, 8), width=2), small_clips()
    sizes, seen = [], []

    def watch(mel, score, accepted):
        assert mel.shape == (2_000, 1, 64, 64)
        seen.append((score, accepted))

    def train(minutes, config=config):
        features = dataclasses.replace(tiny, speakers=6)
        facts = {"data": {"clips": len(clips)}}
        return pretrained.train_pretrained(config, features, tiny, clips, load("speech", "test"), minutes, tmp_path, facts, watch=watch)

    for minutes in (0.0, 0.0, 60.0):
        card = train(minutes)
        sizes.append(card["steps"])
        generator, judge = pretrained.load_pretrained(tmp_path)
        assert generator(torch.zeros(1, 6)).shape == (1, 1, 64, 64)
        assert judge(torch.zeros(1, 1, 64, 64)).shape == (1, 10)
    assert sizes == [5, 10, 10]
    assert [round(score, 3) for score, _ in seen[:2]] == card["inception_score_every_250_steps"]
    assert card["data"] == {"clips": 40}
    assert pretrained.gan_config(pretrained.card(tmp_path)) == config
    assert card["sha256"]["generator"] == hashlib.sha256((tmp_path / "speech_generator.safetensors").read_bytes()).hexdigest()
    assert train(0.0, dataclasses.replace(config, average=0.9))["steps"] == 5, "another configuration begins anew"
