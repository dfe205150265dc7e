"""Log-mel spectrograms, the way back to sound, and a recogniser that shares nothing with the judge."""

import numpy as np
import pytest
import torch
from torchaudio import functional as F
from toys import tone

from lt.datasets import load, recordings
from lt.zoo.mel import LogMel, mfcc, nearest_by_dtw

RATE, SAMPLES = recordings.CORPORA["fsdd"]

# ---------------------------------------------------------------- spectrograms


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3000.0])
def test_a_tone_is_loudest_in_the_band_around_its_pitch(rate, hertz):
    mel = LogMel(rate)(tone(hertz, rate=rate)[None])[0, 0]  # (bands, frames)
    assert mel.shape == (64, 64)
    centres = 700 * (10 ** (torch.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), 66)[1:-1] / 2595) - 1)
    loudest = int(mel[:, 10:50].mean(1).argmax())
    nearest = int((centres - hertz).abs().argmin())
    assert abs(loudest - nearest) <= 1  # between two bands either may be louder


def test_spectrograms_are_in_their_range_and_silence_is_at_the_floor():
    log_mel = LogMel()
    x = load("speech", "test").x
    mel = log_mel(torch.cat([x, torch.zeros(1, SAMPLES)]))
    assert mel.shape == (61, 1, 64, 64)
    assert mel.min() == -1
    assert mel.max() <= 1
    assert (mel[-1] == -1).all()


def test_frames_line_up_with_time():
    wave = torch.zeros(1, SAMPLES)
    wave[0, 4000:4400] = tone(500, 0.05)
    frames = (LogMel()(wave)[0, 0] > -1).any(0).nonzero().flatten()
    assert frames.min() * 128 == pytest.approx(4000 - 256, abs=128)
    assert frames.max() * 128 == pytest.approx(4400 + 256, abs=128)


def test_louder_is_a_shift_of_the_logarithm():
    log_mel, wave = LogMel(), tone(700)[None]
    quiet, loud = log_mel(0.1 * wave), log_mel(0.2 * wave)
    inside = (quiet > -0.99) & (loud < 0.99)
    expected = 2 * np.log(2) / np.log(LogMel.CEILING / LogMel.FLOOR)
    torch.testing.assert_close((loud - quiet)[inside], torch.full_like(quiet[inside], expected), rtol=1e-3, atol=1e-3)


def test_sound_comes_back_with_nearly_the_same_spectrogram_and_the_same_every_time():
    log_mel = LogMel()
    mel = log_mel(load("speech", "test").x[:12])
    before = torch.get_rng_state()
    wave = log_mel.waveform(mel)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(wave, log_mel.waveform(mel))
    assert wave.shape == (12, SAMPLES)
    assert wave.abs().amax(-1).allclose(torch.ones(12))
    again = log_mel(wave)
    assert (again - mel).abs().mean() < 0.06, "of a range of 2"
    assert (again - mel.roll(1, 0)).abs().mean() > 3 * (again - mel).abs().mean()


def test_the_weights_of_a_model_with_a_spectrogram_hold_none_of_it():
    assert not LogMel().state_dict()


# ---------------------------------------------------------------- second recogniser


def test_cepstra_are_the_cosine_transform_without_its_mean_between_the_first_and_the_last_sound():
    mel = torch.full((1, 1, 64, 64), -1.0)
    mel[..., 10:40] = torch.rand(1, 1, 64, 30, generator=torch.Generator().manual_seed(0))
    (sequence,) = mfcc(mel)
    assert sequence.shape == (30, 12)
    expected = (mel[0, 0, :, 10:40].T @ F.create_dct(13, 64, "ortho"))[:, 1:]
    np.testing.assert_allclose(sequence, expected.numpy(), atol=1e-5)
    louder = (mel + 0.1 * (mel > -1)).clamp(max=2)
    np.testing.assert_allclose(mfcc(louder)[0], sequence, atol=1e-4)


def test_time_warping_forgives_speed_and_pauses():
    g = torch.Generator().manual_seed(0)
    words = torch.rand(5, 1, 64, 12, generator=g) * 1.5
    silence = torch.full((5, 1, 64, 64), -1.0)

    def spoken(stretch, start):
        mel = silence.clone()
        mel[..., start : start + 12 * stretch] = words.repeat_interleave(stretch, -1)
        return mel

    labels = torch.tensor([4, 0, 3, 1, 2])
    assert nearest_by_dtw(spoken(1, 0), labels, spoken(3, 7)).tolist() == labels.tolist()


def test_the_second_recogniser_knows_real_recordings():
    log_mel, train, test = LogMel(), load("speech", "train"), load("speech", "test")
    found = nearest_by_dtw(log_mel(train.x), train.y, log_mel(test.x))
    assert (found == test.y).double().mean() > 0.8
