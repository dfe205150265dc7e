"""Spoken digits: clips of one length, corpora as they should be, and what is said of clips that cannot be used."""

import dataclasses
import shutil

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from toys import tone

from lt.datasets import load, recordings

RATE, SAMPLES = recordings.CORPORA["fsdd"]


# ---------------------------------------------------------------- clips of one length


@given(st.integers(1, 3 * SAMPLES), st.floats(1e-3, 10))
def test_every_clip_gets_one_length_and_a_peak_of_one_and_keeps_its_shape(length, loud):
    clip = np.sin(np.arange(length) + 1) * loud
    fixed = recordings.fixed_length(clip, SAMPLES)
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
        recordings.fixed_length(clip, SAMPLES, "seven.wav")


def test_a_file_of_another_rate_is_named(tmp_path, lt_error):
    path = tmp_path / "seven.wav"
    soundfile.write(path, tone(440).numpy(), 16_000)
    with lt_error(str(path), "16,000", "8,000"):
        recordings.read_clip(path, RATE, SAMPLES)


def test_a_truncated_file_is_named(tmp_path, lt_error):
    path = tmp_path / "seven.wav"
    soundfile.write(path, tone(440).numpy(), RATE)
    path.write_bytes(path.read_bytes()[:20])
    with lt_error(str(path)):
        recordings.read_clip(path, RATE, SAMPLES)


# ---------------------------------------------------------------- corpora


def test_the_embedded_clips_are_balanced_and_the_splits_apart():
    train, test = (load("speech", split) for split in ("train", "test"))
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
    path.write_bytes(damage((recordings.ASSETS / "fsdd_300.npz").read_bytes()))
    monkeypatch.setattr(recordings, "ASSETS", tmp_path)
    with lt_error("fsdd_300.npz"):
        recordings.load("train", "embedded")


def test_altered_embedded_clips_are_an_error(tmp_path, monkeypatch, lt_error):
    with np.load(recordings.ASSETS / "fsdd_300.npz") as file:
        arrays = dict(file)
    arrays["train_y"][0] += 1
    np.savez(tmp_path / "fsdd_300.npz", **arrays)
    monkeypatch.setattr(recordings, "ASSETS", tmp_path)
    with lt_error("have been altered"):
        recordings.load("train", "embedded")


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
    monkeypatch.setattr(recordings, "FSDD_SHA256", recordings.fsdd_digest(folder))
    return folder


def test_the_first_takes_of_everybody_are_held_out(small_fsdd):
    train, test = (load("speech", split, "full") for split in ("train", "test"))
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
        load("speech", "test", "full")


def test_a_corpus_that_is_nowhere_says_where_it_was_looked_for(tmp_path, monkeypatch, lt_error):
    import pooch

    def offline(*_, **__):
        raise OSError("no network")

    monkeypatch.setenv("LT_DATA", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", offline)
    with lt_error("fsdd/recordings", str(tmp_path), "no network", "LT_DATA"):
        load("speech", "train", "full")


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

    assert len(load("speech", "test", "full")) == 20
    monkeypatch.setattr(recordings, "FSDD_SHA256", "0" * 64)
    with lt_error("sha256"):
        load("speech", "test", "full")


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
        clips = load("speech", split, "sc09")
        assert sorted(clips.y.tolist()) == [0, 9], "no cats"
        assert clips.x.shape == (2, 16_384)
        assert clips.rate == 16_000


@pytest.mark.parametrize("wrong", [("train", "sc08"), ("validation", "fsdd"), ("dev", "embedded")])
def test_unknown_corpora_and_splits_are_named(wrong, lt_error):
    with lt_error("unknown", "choose one of"):
        recordings.load(*wrong)


def test_a_fingerprint_sees_sound_digit_speaker_and_rate():
    clips = load("speech", "test")
    others = [
        dataclasses.replace(clips, x=clips.x.flip(0)),
        dataclasses.replace(clips, y=clips.y.flip(0)),
        dataclasses.replace(clips, speaker=clips.speaker.flip(0)),
        dataclasses.replace(clips, rate=16_000),
    ]
    assert len({clips.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert load("speech", "test").fingerprint == clips.fingerprint != load("speech", "train").fingerprint
