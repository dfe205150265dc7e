"""Spoken digits: clips of one length, spectrograms and back, and what is said of clips that cannot be used."""

import shutil

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchaudio import functional as F

from lt import audio, data

RATE, SAMPLES = audio.CORPORA["fsdd"]


def tone(hertz: float, seconds: float = 1.024, rate: int = RATE) -> torch.Tensor:
    return torch.sin(2 * torch.pi * hertz * torch.arange(int(seconds * rate)) / rate)


# ---------------------------------------------------------------- clips of one length


@given(st.integers(1, 3 * SAMPLES), st.floats(1e-3, 10))
def test_every_clip_gets_one_length_and_a_peak_of_one_and_keeps_its_shape(length, loud):
    clip = np.sin(np.arange(length) + 1) * loud
    fixed = audio.fixed_length(clip, SAMPLES)
    assert fixed.shape == (SAMPLES,)
    assert fixed.dtype == np.float32
    assert np.abs(fixed).max() == pytest.approx(1)
    kept = min(length, SAMPLES)
    np.testing.assert_allclose(fixed[:kept], clip[:kept] / np.abs(clip[:kept]).max(), rtol=1e-4, atol=1e-6)
    assert not fixed[kept:].any()


@pytest.mark.parametrize(
    "clip, word",
    [
        (np.zeros((10, 2)), "2 channels"),
        (np.zeros(0), "empty"),
        (np.zeros(100), "silent"),
        (np.array([0.1, np.nan]), "not finite"),
        (np.array([0.1, np.inf]), "not finite"),
    ],
    ids=["stereo", "empty", "silent", "nan", "inf"],
)
def test_clips_that_cannot_be_used_say_why(clip, word, lt_error):
    with lt_error("seven.wav", word):
        audio.fixed_length(clip, SAMPLES, "seven.wav")


def test_a_file_of_another_rate_is_named(tmp_path, lt_error):
    path = tmp_path / "seven.wav"
    soundfile.write(path, tone(440).numpy(), 16_000)
    with lt_error(str(path), "16,000", "8,000"):
        audio.read_clip(path, RATE, SAMPLES)


def test_a_truncated_file_is_named(tmp_path, lt_error):
    path = tmp_path / "seven.wav"
    soundfile.write(path, tone(440).numpy(), RATE)
    path.write_bytes(path.read_bytes()[:20])
    with lt_error(str(path)):
        audio.read_clip(path, RATE, SAMPLES)


# ---------------------------------------------------------------- corpora


def test_the_embedded_clips_are_balanced_and_the_splits_apart():
    train, test = (data.load("speech", split) for split in ("train", "test"))
    assert (train.x.shape, test.x.shape) == ((240, SAMPLES), (60, SAMPLES))
    for clips, each in ((train, 24), (test, 6)):
        assert (clips.y.bincount(minlength=10) == each).all()
        assert (clips.speaker.bincount() == 10 * each // 6).all()
        assert clips.x.abs().amax(-1).allclose(torch.ones(len(clips)), atol=1e-4)
    rows = {row.tobytes() for row in train.x.numpy()}
    assert rows.isdisjoint(row.tobytes() for row in test.x.numpy())


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b""], ids=["half", "empty"])
def test_damaged_embedded_clips_are_an_error(tmp_path, monkeypatch, damage, lt_error):
    path = tmp_path / "fsdd_300.npz"
    path.write_bytes(damage((audio.ASSETS / "fsdd_300.npz").read_bytes()))
    monkeypatch.setattr(audio, "ASSETS", tmp_path)
    with lt_error("fsdd_300.npz"):
        audio.load("train", "embedded")


def test_altered_embedded_clips_are_an_error(tmp_path, monkeypatch, lt_error):
    with np.load(audio.ASSETS / "fsdd_300.npz") as file:
        arrays = dict(file)
    arrays["train_y"][0] += 1
    np.savez(tmp_path / "fsdd_300.npz", **arrays)
    monkeypatch.setattr(audio, "ASSETS", tmp_path)
    with lt_error("not what they should be"):
        audio.load("train", "embedded")


@pytest.fixture
def small_fsdd(tmp_path, monkeypatch):
    """Two digits of two speakers, six takes each, as a whole corpus."""
    folder = tmp_path / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    for digit in (3, 7):
        for s, speaker in enumerate(("ada", "bob")):
            for take in range(6):
                soundfile.write(folder / f"{digit}_{speaker}_{take}.wav", tone(100 * digit + 10 * s + take, 0.3).numpy(), RATE)
    monkeypatch.setenv("LT_DATA", str(tmp_path))
    monkeypatch.setattr(audio, "FSDD_SHA256", audio.fsdd_digest(folder))
    return folder


def test_the_first_takes_of_everybody_are_held_out(small_fsdd):
    train, test = (data.load("speech", split, "full") for split in ("train", "test"))
    assert (len(train), len(test)) == (4, 20)
    assert train.y.tolist() == [3, 3, 7, 7]
    assert train.speaker.tolist() == [0, 1, 0, 1]
    pitch = [int(np.abs(np.fft.rfft(x[: 3 * RATE // 10])).argmax() / 0.3 + 0.5) for x in train.x.numpy()]
    assert pitch == pytest.approx([305, 315, 705, 715], abs=4), "take 5 of each"


@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_an_altered_corpus_is_refused(small_fsdd, damage, lt_error):
    path = small_fsdd / "3_ada_0.wav"
    if damage == "missing":
        path.unlink()
    else:
        raw = bytearray(path.read_bytes())
        raw[100] ^= 1
        path.write_bytes(raw)
    with lt_error("recordings", "sha256"):
        data.load("speech", "test", "full")


def test_a_corpus_that_is_nowhere_says_where_it_was_looked_for(tmp_path, monkeypatch, lt_error):
    import pooch

    def offline(*_, **__):
        raise OSError("no network")

    monkeypatch.setenv("LT_DATA", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", offline)
    with lt_error("fsdd/recordings", str(tmp_path), "no network", "LT_DATA"):
        data.load("speech", "train", "full")


def test_a_fetched_archive_is_unpacked_and_checked(small_fsdd, tmp_path, monkeypatch, lt_error):
    import pooch

    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", small_fsdd.parent.parent, "fsdd")
    shutil.rmtree(small_fsdd)
    retrieve = pooch.retrieve
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        pooch, "retrieve", lambda url, known_hash, **more: retrieve(f"file://{archive}", known_hash, **more, downloader=copy)
    )

    def copy(url, output, _):
        shutil.copy(url.removeprefix("file://"), output)

    assert len(data.load("speech", "test", "full")) == 20
    monkeypatch.setattr(audio, "FSDD_SHA256", "0" * 64)
    with lt_error("sha256"):
        data.load("speech", "test", "full")


def test_sc09_is_the_digits_of_speech_commands_in_its_own_lists(tmp_path, monkeypatch):
    root = tmp_path / "SpeechCommands" / "speech_commands_v0.02"
    for word in ("zero", "nine", "cat"):
        (root / word).mkdir(parents=True)
        for n, speaker in enumerate(("aa11", "bb22", "cc33")):
            soundfile.write(root / word / f"{speaker}_nohash_0.wav", tone(300 + 100 * n, 0.5, 16_000).numpy(), 16_000)
    (root / "testing_list.txt").write_text("".join(f"{w}/bb22_nohash_0.wav\n" for w in ("zero", "nine", "cat")))
    (root / "validation_list.txt").write_text("".join(f"{w}/cc33_nohash_0.wav\n" for w in ("zero", "nine", "cat")))
    monkeypatch.setenv("LT_DATA", str(tmp_path))
    for split in ("train", "validation", "test"):
        clips = data.load("speech", split, "sc09")
        assert sorted(clips.y.tolist()) == [0, 9], "no cats"
        assert clips.x.shape == (2, 16_384)
        assert clips.rate == 16_000


@pytest.mark.parametrize("wrong", [("train", "sc08"), ("validation", "fsdd"), ("dev", "embedded")])
def test_unknown_corpora_and_splits_are_named(wrong, lt_error):
    with lt_error("unknown", "choose one of"):
        audio.load(*wrong)


# ---------------------------------------------------------------- spectrograms


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3000.0])
def test_a_tone_is_loudest_in_the_band_around_its_pitch(rate, hertz):
    mel = audio.LogMel(rate)(tone(hertz, rate=rate)[None])[0, 0]  # (bands, frames)
    assert mel.shape == (64, 64)
    centres = 700 * (10 ** (torch.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), 66)[1:-1] / 2595) - 1)
    loudest = int(mel[:, 10:50].mean(1).argmax())
    nearest = int((centres - hertz).abs().argmin())
    assert abs(loudest - nearest) <= 1  # between two bands either may be louder


def test_spectrograms_are_in_their_range_and_silence_is_at_the_floor():
    log_mel = audio.LogMel()
    x = data.load("speech", "test").x
    mel = log_mel(torch.cat([x, torch.zeros(1, SAMPLES)]))
    assert mel.shape == (61, 1, 64, 64)
    assert mel.min() == -1
    assert mel.max() <= 1
    assert (mel[-1] == -1).all()


def test_frames_line_up_with_time():
    wave = torch.zeros(1, SAMPLES)
    wave[0, 4000:4400] = tone(500, 0.05)
    frames = (audio.LogMel()(wave)[0, 0] > -1).any(0).nonzero().flatten()
    assert frames.min() * 128 == pytest.approx(4000 - 256, abs=128)
    assert frames.max() * 128 == pytest.approx(4400 + 256, abs=128)


def test_louder_is_a_shift_of_the_logarithm():
    log_mel, wave = audio.LogMel(), tone(700)[None]
    quiet, loud = log_mel(0.1 * wave), log_mel(0.2 * wave)
    inside = (quiet > -0.99) & (loud < 0.99)
    expected = 2 * np.log(2) / np.log(audio.LogMel.CEILING / audio.LogMel.FLOOR)
    torch.testing.assert_close((loud - quiet)[inside], torch.full_like(quiet[inside], expected), rtol=1e-3, atol=1e-3)


def test_sound_comes_back_with_nearly_the_same_spectrogram_and_the_same_every_time():
    log_mel = audio.LogMel()
    mel = log_mel(data.load("speech", "test").x[:12])
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
    assert not audio.LogMel().state_dict()


# ---------------------------------------------------------------- second recogniser


def test_cepstra_are_the_cosine_transform_without_its_mean_between_the_first_and_the_last_sound():
    mel = torch.full((1, 1, 64, 64), -1.0)
    mel[..., 10:40] = torch.rand(1, 1, 64, 30, generator=torch.Generator().manual_seed(0))
    (sequence,) = audio.mfcc(mel)
    assert sequence.shape == (30, 12)
    expected = (mel[0, 0, :, 10:40].T @ F.create_dct(13, 64, "ortho"))[:, 1:]
    np.testing.assert_allclose(sequence, expected.numpy(), atol=1e-5)
    louder = (mel + 0.1 * (mel > -1)).clamp(max=2)
    np.testing.assert_allclose(audio.mfcc(louder)[0], sequence, atol=1e-4)


def test_time_warping_forgives_speed_and_pauses():
    g = torch.Generator().manual_seed(0)
    words = torch.rand(5, 1, 64, 12, generator=g) * 1.5
    silence = torch.full((5, 1, 64, 64), -1.0)

    def spoken(stretch, start):
        mel = silence.clone()
        mel[..., start : start + 12 * stretch] = words.repeat_interleave(stretch, -1)
        return mel

    labels = torch.tensor([4, 0, 3, 1, 2])
    assert audio.nearest_by_dtw(spoken(1, 0), labels, spoken(3, 7)).tolist() == labels.tolist()


def test_the_second_recogniser_knows_real_recordings():
    log_mel, train, test = audio.LogMel(), data.load("speech", "train"), data.load("speech", "test")
    found = audio.nearest_by_dtw(log_mel(train.x), train.y, log_mel(test.x))
    assert (found == test.y).double().mean() > 0.8


# ---------------------------------------------------------------- players


def test_a_player_holds_its_clip():
    import base64
    import io
    import re

    wave = tone(440) * 0.25
    html = audio.player(wave, RATE)
    raw = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    heard, rate = soundfile.read(io.BytesIO(raw))
    assert rate == RATE
    np.testing.assert_allclose(heard, (wave / 0.25).numpy(), atol=2e-3)


def test_a_listening_table_has_a_row_for_each_item():
    html = audio.listening_table({"a": ["1", "2"], "b": ["3", "4"]}).data
    assert html.count("<tr>") == 3
    assert html.index("1") < html.index("3") < html.index("2") < html.index("4")
    with pytest.raises(ValueError):
        audio.listening_table({"a": ["1"], "b": []})
