"""GANs of spoken digits: shapes of the papers, objectives against closed forms, training that learns, and assets that fit their card."""

import dataclasses
import hashlib
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
from lt.zoo import pretrained, speech_gan, speech_judge, speech_networks
from lt.zoo.speech_judge import SpeechClassifierConfig, fit_speech_classifier, log_mels

DRAWING = speech_gan.AutoencoderConfig(Training(3, 8), code=5)
TINY = speech_gan.GANConfig(Training(4, 8, 2e-4, betas=(0.0, 0.99)), width=4, latent=6, copies=1, autoencoder=DRAWING)


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


def test_a_generator_of_codes_makes_spectrograms_and_sound():
    generator = speech_networks.CodeGenerator(6, 5, 4)
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


# ---------------------------------------------------------------- objectives


def test_the_inception_score_in_closed_form():
    even = 50 * torch.eye(10)[torch.arange(200) % 10]
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
    whole = speech_gan.build_gan(config, clips)
    if config.kind == "codes":
        return whole, speech_gan.relativistic_game(whole, config, torch.randn(40, 5, generator=g()))
    return whole, speech_gan.wasserstein_game(whole, config, clips.x)


@pytest.mark.parametrize("kind", ["codes", "wavegan"])
def test_each_player_moves_its_own_weights_and_nothing_else(kind):
    config = dataclasses.replace(TINY, kind=kind, width=2)
    whole, game = players(config)
    for player, own in zip(game, (whole.critic, whole.generator), strict=True):
        before = {k: v.clone() for k, v in whole.named_parameters()}
        fit(whole, [player], Training(1, 8), g())
        moved = {k.split(".")[0] for k, v in whole.named_parameters() if not torch.equal(v, before[k])}
        assert moved == {next(n for n, m in whole.named_children() if m is own)}
        if kind == "codes":
            assert all(torch.equal(v, before[k]) for k, v in whole.named_parameters() if ".decoder." in k), "the decoder is frozen"


def test_the_penalty_of_a_relativistic_game_is_the_squared_slope_of_its_critic():
    config = dataclasses.replace(TINY, penalty=1.0)
    whole, _ = players(config)
    whole.critic = nn.Linear(5, 1)
    terms = speech_gan.relativistic_game(whole, config, torch.randn(40, 5, generator=g()))[0].objective(g(), torch.tensor(0.0))
    assert terms["penalty"].item() == pytest.approx(whole.critic.weight.square().sum().item(), rel=1e-5)
    assert terms["loss"].item() == pytest.approx(terms["critic"].item() + terms["penalty"].item(), rel=1e-5)
    with torch.no_grad():
        whole.critic.weight.zero_()
    terms = speech_gan.relativistic_game(whole, config, torch.randn(40, 5, generator=g()))[0].objective(g(), torch.tensor(0.0))
    assert terms["critic"].item() == pytest.approx(math.log(2), abs=1e-6), "a critic that sees nothing"


def test_a_game_of_codes_finds_two_clusters():
    """Codes at +2 and -2 on one axis: samples end up near both."""
    config = dataclasses.replace(TINY, width=32, latent=4, penalty=0.1, training=Training(600, 64, 1e-3, betas=(0.0, 0.99)))
    codes = 0.1 * torch.randn(400, 5, generator=g())
    codes[:, 0] += torch.tensor([2.0, -2.0]).repeat(200)
    torch.manual_seed(0)
    whole = speech_gan.build_gan(config, small_clips())
    fit(whole, speech_gan.relativistic_game(whole, config, codes), config.training, g(1))
    with torch.no_grad():
        made = whole.generator.to_code(torch.randn(500, 4, generator=g(2)))[:, 0]
    assert 0.2 < (made > 1).double().mean() < 0.8
    assert 0.2 < (made < -1).double().mean() < 0.8


def test_codes_of_recordings_come_with_shifted_versions():
    autoencoder = speech_gan.Autoencoder(5).eval()
    clips = small_clips(6)
    codes = speech_gan.codes_of(autoencoder, clips, 2, g())
    assert codes.shape == (18, 5)
    with torch.no_grad():
        torch.testing.assert_close(codes[:6], autoencoder.encoder(log_mels(clips, CPU))[0])


@pytest.mark.slow
def test_an_autoencoder_learns_to_draw_what_it_is_shown():
    clips = small_clips(16)
    config = speech_gan.AutoencoderConfig(Training(240, 16, 3e-3), code=16)
    autoencoder, history = speech_gan.fit_autoencoder(config, clips, 0, CPU)
    mel = log_mels(clips, CPU)
    with torch.no_grad():
        error = (autoencoder.decoder(autoencoder.encoder(mel)[0]) - mel).abs().mean()
    assert error < 0.9 * (mel - mel.mean(0)).abs().mean()
    assert history["error"][-1] < history["error"][0]


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


def test_a_panel_is_sure_only_where_its_members_agree():
    class Says(nn.Module):
        def __init__(self, *probabilities):
            super().__init__()
            self.logits = torch.tensor([probabilities]).log()

        def forward(self, x):
            return self.logits.expand(len(x), -1)

    agree = speech_judge.Panel([Says(0.9, 0.1), Says(0.8, 0.2)])(torch.zeros(1, 1)).softmax(-1)
    product = math.sqrt(0.9 * 0.8) / (math.sqrt(0.9 * 0.8) + math.sqrt(0.1 * 0.2))
    assert agree[0, 0].item() == pytest.approx(product, abs=1e-6)
    apart = speech_judge.Panel([Says(0.99, 0.01), Says(0.01, 0.99)])(torch.zeros(1, 1)).softmax(-1)
    assert apart.max().item() == pytest.approx(0.5, abs=1e-6)


def test_kinds_of_classifiers(lt_error):
    for kind in ("cnn", "rnn"):
        assert speech_judge.classifier_of(SpeechClassifierConfig(Training(1, 1), 4, 3, kind))(torch.zeros(3, 1, 64, 64)).shape == (3, 10)
    with lt_error("oracle", "cnn or rnn"):
        speech_judge.classifier_of(SpeechClassifierConfig(Training(1, 1), kind="oracle"))


def test_halves_of_the_recordings_share_none_and_have_all_digits_and_speakers():
    clips = load("speech", "train")
    a, b = (pretrained.half(clips, which) for which in (0, 1))
    assert len(a) + len(b) == len(clips)
    assert not {clip.numpy().tobytes() for clip in a.x} & {clip.numpy().tobytes() for clip in b.x}
    for part in (a, b):
        assert len(set(zip(part.y.tolist(), part.speaker.tolist(), strict=True))) == 60


# ---------------------------------------------------------------- the pretrained files


def test_the_pretrained_generator_speaks_all_digits_and_scores_what_its_card_says():
    speech, card = pretrained.load_pretrained(), pretrained.card()
    scores = pretrained.evaluate(speech, g(3), n=1_000)
    assert scores["acceptance_at_0.95"] == pytest.approx(card["scores"]["acceptance_at_0.95"], abs=0.06)
    assert scores["inception_score"] == pytest.approx(card["scores"]["inception_score"], rel=0.1)
    assert min(scores["share_of_each_digit"]) > 0.01


def test_panel_and_judge_know_recordings():
    speech, test = pretrained.load_pretrained(), load("speech", "test")
    for network in (speech.panel, speech.judge):
        with torch.no_grad():
            assert (network(log_mels(test, CPU)).argmax(-1) == test.y).double().mean() > 0.9


def test_accepted_samples_are_what_the_panel_is_sure_of():
    speech = pretrained.load_pretrained()
    z, y, count, drawn = pretrained.accepted_samples("accepted, held out", 20)
    assert y.bincount().tolist() == [20] * 10
    assert count.sum() < drawn
    with torch.no_grad():
        confidence, label = speech.panel(speech.generator.decode(z)).softmax(-1).max(-1)
    # rounding differs a little between machines
    assert (confidence >= pretrained.SURE - 0.002).double().mean() > 0.98
    assert (label == y).double().mean() > 0.98
    more, _, _, _ = pretrained.accepted_samples("accepted", 20)
    assert not {row.numpy().tobytes() for row in z} & {row.numpy().tobytes() for row in more}, "other draws measure than those that train"


def test_more_accepted_samples_than_there_are(lt_error):
    with lt_error("accepted samples a class", "ask for fewer"):
        pretrained.accepted_samples("accepted", 10**6)


def test_draws_are_the_same_in_any_order():
    whole = pretrained.draws("x", 0, 3_000, 4)
    assert torch.equal(whole[900:2_100], pretrained.draws("x", 900, 2_100, 4))
    assert not torch.equal(whole, pretrained.draws("y", 0, 3_000, 4))


FILES = (
    "speech.json",
    "speech_generator.safetensors",
    "speech_panel.safetensors",
    "speech_judge.safetensors",
    "speech_accepted.safetensors",
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_damaged_assets_are_named(tmp_path, name, damage, lt_error):
    for file in FILES:
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
        pretrained.accepted_samples("accepted", 1, tmp_path)


@pytest.mark.slow
def test_training_writes_what_loading_reads_and_goes_on_where_it_stopped(tmp_path):
    config = dataclasses.replace(TINY, training=Training(10, 8, 2e-4, betas=(0.0, 0.99), average=0.9))
    tiny, clips, steps = SpeechClassifierConfig(Training(3, 8), width=2), small_clips(), []

    def train(minutes, config=config):
        facts, panel = {"data": {"clips": len(clips)}}, (tiny, dataclasses.replace(tiny, kind="rnn"))
        test = load("speech", "test")
        return pretrained.train_pretrained(config, panel, tiny, clips, test, minutes, tmp_path, facts, every=5, samples=500, accepted={})

    for minutes in (0.0, 0.0, 60.0):
        card = train(minutes)
        steps.append(card["steps"])
        speech = pretrained.load_pretrained(tmp_path)
        assert speech.generator(torch.zeros(1, 6)).shape == (1, 1, 64, 64)
        assert speech.judge(torch.zeros(1, 1, 64, 64)).shape == (1, 10)
        assert pretrained.load_encoder(tmp_path)(torch.zeros(1, 1, 64, 64))[0].shape == (1, 5)
    assert steps == [5, 10, 10]
    assert card["data"] == {"clips": 40}
    assert pretrained.gan_config(pretrained.card(tmp_path)) == config
    assert card["sha256"]["generator"] == hashlib.sha256((tmp_path / "speech_generator.safetensors").read_bytes()).hexdigest()
    assert train(0.0, dataclasses.replace(config, penalty=2.0))["steps"] == 5, "another configuration begins anew"
