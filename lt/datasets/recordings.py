"""Spoken digits: corpora of waveforms, checked when they are read."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lt.cache import ASSETS, cache_folder, fingerprint
from lt.datasets.folders import CLASSES, SPLITS, data_folder
from lt.errors import LtError

CORPORA = {"embedded": (8_000, 8_192), "fsdd": (8_000, 8_192), "sc09": (16_000, 16_384)}  # rate in Hz and samples a clip, 1.024 s each
LICENCES = {
    "fsdd": "CC BY-SA 4.0, Free Spoken Digit Dataset, Jakobovski et al.",
    "sc09": "CC BY 4.0, Speech Commands, Warden 2018",
}
FSDD_URL = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.zip"
FSDD_SHA256 = "45a9b976ba3397a2fd5c70a9f2e43c34f442a3a6be47392ecfc41174b678f37e"  # of all clips, see fsdd_digest
EMBEDDED_SHA256 = "74a538337af0465c6f6ea45aff28bb9eb46ab55eba7595c802a49db5cf425776"  # of the arrays in the file, by name
FSDD_TEST = range(5)  # recordings 0 to 4 of every digit and speaker are held out, as the corpus itself recommends


@dataclass(frozen=True)
class Clips:
    """One split of one corpus of spoken digits."""

    name: str  # speech
    split: str  # train, validation (SC09 only) or test
    source: str  # embedded, fsdd or sc09
    rate: int  # samples a second
    x: Tensor  # (n, samples) float32 with a peak of 1
    y: Tensor  # (n,) int64 in [0, 10)
    speaker: Tensor  # (n,) int64

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.x, self.y, self.speaker, self.rate)

    def __len__(self) -> int:
        return len(self.y)


def fixed_length(clip: np.ndarray, samples: int, name: str = "clip") -> np.ndarray:
    """A mono clip trimmed or zero-padded at its end, with a peak of 1: (any,) to (samples,) float32.

    Raises :class:`lt.LtError` for stereo, empty, silent or non-finite clips.
    """
    if clip.ndim != 1:
        raise LtError(f"{name} has {clip.shape[-1]} channels: mix it down to one")
    if not len(clip):
        raise LtError(f"{name} is empty: drop it or fetch it again")
    if not np.isfinite(clip).all():
        raise LtError(f"{name} has samples that are not finite: drop it or fetch it again")
    clip = clip[:samples].astype(np.float32)
    peak = np.abs(clip).max()
    if peak == 0:
        raise LtError(f"{name} is silent: drop it or fetch it again")
    return np.pad(clip / peak, (0, samples - len(clip)))


def read_clip(path: Path, rate: int, samples: int) -> np.ndarray:
    """A sound file as a clip of fixed length; raises :class:`lt.LtError` if it cannot be read or has another rate."""
    import soundfile

    try:
        clip, found = soundfile.read(path, dtype="float32")
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise LtError(f"{path} cannot be read ({error}): fetch it again") from error
    if found != rate:
        raise LtError(f"{path} has {found:,} samples a second, {rate:,} are expected: resample it")
    return fixed_length(clip, samples, str(path))


def load(split: str = "train", corpus: str = "fsdd") -> Clips:
    """One split of the Free Spoken Digit Dataset (``fsdd``, 8 kHz) or of the digits of Speech Commands (``sc09``, 16 kHz).

    Both are looked up under ``LT_DATA`` and fetched if they are not there; ``embedded`` is 300 clips of the first. Raises :class:`lt.LtError` for unknown names and
    for clips that are missing or altered.
    """
    if corpus not in CORPORA:
        raise LtError(f"unknown corpus {corpus!r}: choose one of {', '.join(CORPORA)}")
    splits = ("train", "validation", "test") if corpus == "sc09" else SPLITS
    if split not in splits:
        raise LtError(f"unknown split {split!r} of {corpus}: choose one of {', '.join(splits)}")
    rate, samples = CORPORA[corpus]
    if corpus == "embedded":
        x, y, speaker = _embedded(split)
        return Clips("speech", split, corpus, rate, torch.from_numpy(x).float() / 32767, torch.from_numpy(y), torch.from_numpy(speaker))
    files = _fsdd(split) if corpus == "fsdd" else _sc09(split)  # (path, digit, speaker)
    x = np.stack([read_clip(path, rate, samples) for path, _, _ in files])
    speakers = sorted({speaker for _, _, speaker in files})
    y, who = (torch.tensor(v) for v in zip(*[(digit, speakers.index(speaker)) for _, digit, speaker in files], strict=True))
    return Clips("speech", split, corpus, rate, torch.from_numpy(x), y, who)


def _embedded(split: str) -> list[np.ndarray]:
    path = ASSETS / "fsdd_300.npz"
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in sorted(file)}
    except Exception as error:  # a damaged archive shows in many ways: OSError, BadZipFile, zlib.error, ...
        raise LtError(f"the embedded recordings cannot be read: {error}; restore {path.name} (git checkout lt/assets)") from error
    digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest()
    if digest != EMBEDDED_SHA256:
        raise LtError(f"the embedded recordings have been altered (sha256 {digest[:12]}): restore {path.name} (git checkout lt/assets)")
    return [arrays[f"{split}_x"], arrays[f"{split}_y"].astype(np.int64), arrays[f"{split}_speaker"].astype(np.int64)]


def fsdd_digest(folder: Path) -> str:
    """sha256 over the names and bytes of all clips: the same however they were packed."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.wav")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _fsdd(split: str) -> list[tuple[Path, int, str]]:
    folder = data_folder() / "fsdd" / "recordings"
    if not folder.is_dir():
        folder = _fetch_fsdd()
    digest, paths = fsdd_digest(folder), sorted(folder.glob("*.wav"))
    if digest != FSDD_SHA256:
        raise LtError(
            f"{folder} is not the corpus that is expected: {len(paths):,} clips with sha256 {digest[:12]}, expected 3,000 with "
            f"{FSDD_SHA256[:12]}; delete it to fetch it again"
        )
    files = []
    for path in paths:
        digit, speaker, take = path.stem.split("_")
        if (int(take) in FSDD_TEST) == (split == "test"):
            files.append((path, int(digit), speaker))
    return files


def _fetch_fsdd() -> Path:
    import pooch

    try:
        # a packed archive may change without its clips: what is in it is checked instead
        names = pooch.retrieve(FSDD_URL, None, path=cache_folder() / "data", processor=pooch.Unzip(extract_dir="fsdd-archive"))
    except Exception as error:  # requests, pooch and zipfile each raise their own
        raise LtError(
            f"fsdd/recordings is not under {data_folder()} and cannot be fetched ({' '.join(str(error).split())}): set LT_DATA to a folder "
            "that has it, or use the profile quick, which needs no recordings"
        ) from None
    return next(Path(name).parent for name in names if name.endswith(".wav"))


def _sc09(split: str) -> list[tuple[Path, int, str]]:
    from torchaudio.datasets import SPEECHCOMMANDS

    root = data_folder()
    root.mkdir(parents=True, exist_ok=True)
    subset = {"train": "training", "validation": "validation", "test": "testing"}[split]
    try:
        corpus = SPEECHCOMMANDS(root, download=not (root / "SpeechCommands").is_dir(), subset=subset)
    except (OSError, RuntimeError) as error:
        raise LtError(
            f"SpeechCommands is not under {root} and cannot be fetched ({' '.join(str(error).split())}): set LT_DATA to a folder that has it"
        ) from None
    items = [corpus.get_metadata(i) for i in range(len(corpus))]  # path, rate, word, speaker, take
    words = CLASSES["speech"]
    return [(Path(corpus._archive) / path, words.index(word), speaker) for path, _, word, speaker, _ in items if word in words]
