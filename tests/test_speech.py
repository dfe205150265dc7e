"""Spoken digits: spectrograms and the way back, classifiers, the pretrained files and their card, the recogniser."""

import json
import math
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import nn
from toys import g

from lt.data import load
from lt.models import speech
from lt.models.speech import LogMel

SAMPLES = 8_192
SPHINX = pytest.mark.skipif(find_spec("pocketsphinx") is None, reason="needs pocketsphinx (no wheels for Python 3.14)")
FILES = ("speech.json", *(f"speech_{part}.safetensors" for part in ("generator", "panel", "judge", "accepted")))


def tone(hertz: float, rate: int = 8_000, seconds: float = 1.024) -> torch.Tensor:
    return torch.sin(2 * torch.pi * hertz * torch.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3000.0])
def test_a_tone_is_loudest_in_the_band_around_its_pitch(rate, hertz):
    mel = LogMel(rate)(tone(hertz, rate)[None])[0, 0]  # (bands, frames)
    assert mel.shape == (64, 64)
    centres = 700 * (10 ** (torch.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), 66)[1:-1] / 2595) - 1)
    loudest = int(mel[:, 10:50].mean(1).argmax())
    assert abs(loudest - int((centres - hertz).abs().argmin())) <= 1  # between two bands either may be louder


def test_louder_is_a_shift_of_the_logarithm_and_silence_is_at_the_floor():
    quiet, loud = (LogMel()(volume * tone(700)[None]) for volume in (0.1, 0.2))
    inside = (quiet > -0.99) & (loud < 0.99)
    expected = torch.full_like(quiet, 2 * math.log(2) / math.log(LogMel.CEILING / LogMel.FLOOR))
    torch.testing.assert_close((loud - quiet)[inside], expected[inside], rtol=1e-3, atol=1e-3)
    assert (LogMel()(torch.zeros(1, SAMPLES)) == -1).all()
    assert LogMel()(1e3 * tone(700)[None]).max() == 1


def test_sound_comes_back_with_nearly_the_same_spectrogram_and_the_same_every_time():
    log_mel, before = LogMel(), torch.get_rng_state()
    mel = log_mel(load("speech", "test").x[:12])
    wave = log_mel.waveform(mel)
    assert torch.equal(wave, log_mel.waveform(mel))
    assert torch.equal(before, torch.get_rng_state())
    assert wave.shape == (12, SAMPLES)
    assert wave.abs().amax(-1).allclose(torch.ones(12))
    again = log_mel(wave)
    assert (again - mel).abs().mean() < 0.06, "of a range of 2"
    assert (again - mel.roll(1, 0)).abs().mean() > 3 * (again - mel).abs().mean()
    assert not log_mel.state_dict(), "stored weights hold none of it"


def test_a_panel_is_sure_only_where_its_members_agree():
    class Says(nn.Module):
        def __init__(self, *probabilities):
            super().__init__()
            self.logits = torch.tensor([probabilities]).log()

        def forward(self, x):
            return self.logits.expand(len(x), -1)

    agree = speech.Panel([Says(0.9, 0.1), Says(0.8, 0.2)])(torch.zeros(1, 1)).softmax(-1)
    product = math.sqrt(0.9 * 0.8) / (math.sqrt(0.9 * 0.8) + math.sqrt(0.1 * 0.2))
    assert agree[0, 0].item() == pytest.approx(product, abs=1e-6)
    differ = speech.Panel([Says(0.99, 0.01), Says(0.01, 0.99)])(torch.zeros(1, 1)).softmax(-1)
    assert differ.max().item() == pytest.approx(0.5, abs=1e-6)


def test_networks_have_their_shapes(lt_error):
    mel = torch.zeros(3, 1, 64, 64)
    for kind in ("cnn", "rnn"):
        assert speech.classifier(kind, 4, 3)(mel).shape == (3, 10)
    with lt_error("'oracle'", "'cnn', 'rnn'"):
        speech.classifier("oracle")
    generator, z = speech.CodeGenerator(6, 5, 4), torch.randn(3, 6, generator=g())
    assert generator.decode(z).shape == mel.shape
    assert generator(z).abs().max() <= 1
    assert generator.waveform(z).shape == (3, SAMPLES)
    mean, std = speech.SpectrogramEncoder(5, 4)(mel)
    assert mean.shape == std.shape == (3, 5)
    assert (std > 0).all()


@torch.no_grad()
def test_the_pretrained_models_score_what_their_card_says():
    models, test, scores = speech.load_pretrained(), load("speech", "test"), speech.card()["scores"]
    mel = speech.log_mels(test)
    for name in ("panel", "judge"):
        right = (getattr(models, name)(mel).argmax(-1) == test.y).double().mean().item()
        assert right == pytest.approx(scores[f"{name}_accuracy_on_test_clips"], abs=0.06)
    sure = models.panel(models.generator.decode(torch.randn(500, 100, generator=g(3)))).softmax(-1).amax(-1)
    for least in (0.95, speech.SURE):
        p = scores[f"acceptance_at_{least:g}"]
        assert (sure >= least).double().mean().item() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 500))


@torch.no_grad()
def test_accepted_samples_are_what_the_panel_is_sure_of_and_the_same_as_ever(lt_error):
    models = speech.load_pretrained()
    z, y, count, drawn = speech.accepted_samples("accepted, held out", 20)
    assert y.tolist() == [digit for digit in range(10) for _ in range(20)]
    assert (count.tolist(), drawn) == ([994, 655, 443, 520, 1067, 911, 720, 592, 482, 439], 40_000)
    expected = torch.tensor([2.278564453125, -1.1904401779174805, 0.0299316607, 0.4080837071, -0.1234878898])
    torch.testing.assert_close(z[::40, 0], expected, rtol=0, atol=1e-5)
    assert z.double().sum().item() == pytest.approx(259.03290594993814, abs=1e-2)
    confidence, label = models.panel(models.generator.decode(z)).softmax(-1).max(-1)
    assert (confidence >= speech.SURE - 0.002).double().mean() > 0.98, "rounding differs a little between machines"
    assert (label == y).double().mean() > 0.98
    for name, per_class in speech.ACCEPTED.items():
        assert len(speech.accepted_samples(name, per_class)[0]) == 10 * per_class
        with lt_error(f"{per_class:,} accepted samples per class", "ask for fewer"):
            speech.accepted_samples(name, per_class + 1)
    with lt_error("'train'", "accepted, held out"):
        speech.accepted_samples("train", 1)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_damaged_assets_are_named(tmp_path, name, damage, lt_error):
    for file in FILES:
        shutil.copy(speech.ASSETS / file, tmp_path)
    raw = (tmp_path / name).read_bytes()
    if damage == "missing":
        (tmp_path / name).unlink()
    elif damage == "truncated":
        (tmp_path / name).write_bytes(raw[:99])
    elif name == "speech.json":  # a card that tells of other weights
        card = speech.card(tmp_path)
        card["sha256"]["generator"] = "0" * 64
        (tmp_path / name).write_text(json.dumps(card))
        name = "speech_generator.safetensors"
    else:
        (tmp_path / name).write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with lt_error(str(tmp_path / name)):
        speech.load_pretrained(tmp_path)
        speech.accepted_samples("accepted", 1, tmp_path)


@SPHINX
def test_the_recogniser_hears_recordings_at_any_loudness_and_no_word_in_silence():
    clips = load("speech", "test")
    heard = speech.recognise(clips.x, clips.rate)
    assert (heard == clips.y).double().mean() > 0.6, "ten words: chance is 0.1"
    alone = [speech.recognise(0.1 * clip[None], clips.rate).item() for clip in clips.x[:6]]
    assert heard[:6].tolist() == alone, "other clips and loudness change nothing"
    assert speech.recognise(torch.zeros(2, SAMPLES), clips.rate).tolist() == [speech.NOTHING] * 2
