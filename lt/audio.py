"""Spoken digits: corpora of waveforms, log-mel spectrograms of them, and the way back to sound."""

import base64
import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from IPython.display import HTML
from torch import Tensor, nn
from torchaudio import functional as F

from lt import LtError
from lt.data import ASSETS, CLASSES, SPLITS, cache_folder, data_folder, fingerprint

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
        return fingerprint(self.x.numpy(), self.y.numpy())

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
        raise LtError(
            f"the embedded recordings are not what they should be (sha256 {digest[:12]}): restore {path.name} (git checkout lt/assets)"
        )
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


class LogMel(nn.Module):
    """Log-mel spectrograms of clips of 1.024 s and their approximate inverse.

    64 ms windows, 16 ms apart, 64 mel bands: (n, samples) to (n, 1, 64 bands, 64 frames), magnitudes from ``FLOOR`` up
    (60 dB) mapped linearly in their logarithm to [-1, 1].
    """

    BANDS, FRAMES, FLOOR, CEILING = 64, 64, 0.04, 40.0

    def __init__(self, rate: int = 8_000, iterations: int = 60):
        super().__init__()
        self.size, self.hop, self.iterations = rate * 64 // 1000, rate * 16 // 1000, iterations
        filters = F.melscale_fbanks(self.size // 2 + 1, 0.0, rate / 2, self.BANDS, rate)  # (bins, bands)
        # not persistent: they are made from the rate, and weights are stored in half precision
        self.register_buffer("window", torch.hann_window(self.size), persistent=False)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("inverse", torch.linalg.pinv(filters), persistent=False)  # (bands, bins)

    def forward(self, wave: Tensor) -> Tensor:
        magnitude = F.spectrogram(wave.float(), 0, self.window, self.size, self.hop, self.size, power=1, normalized=False)
        mel = (magnitude[..., : self.FRAMES].transpose(-1, -2) @ self.filters).transpose(-1, -2)  # a centred transform has a frame too many
        low, high = math.log(self.FLOOR), math.log(self.CEILING)
        return (2 * (mel.clamp(self.FLOOR, self.CEILING).log() - low) / (high - low) - 1).unsqueeze(1)

    @torch.no_grad()
    def waveform(self, mel: Tensor) -> Tensor:
        """Sound with about this spectrogram, by the pseudo-inverse of the mel filters and Griffin-Lim: (n, 1, 64, 64) to (n, samples)."""
        low, high = math.log(self.FLOOR), math.log(self.CEILING)
        magnitude = ((mel.squeeze(1).float() + 1) / 2 * (high - low) + low).exp()
        magnitude = (magnitude - self.FLOOR).clamp(min=0)  # what was at the floor is silence
        linear = (magnitude.transpose(1, 2) @ self.inverse).clamp(min=0).transpose(1, 2)
        samples = self.FRAMES * self.hop
        wave = F.griffinlim(
            nn.functional.pad(linear, (0, 1)),  # the frame that forward() cut off
            self.window,
            self.size,
            self.hop,
            self.size,
            power=1,
            n_iter=self.iterations,
            momentum=0.99,
            length=samples,
            rand_init=False,  # zero phases to begin with: no random number
        )
        return wave / wave.abs().amax(-1, keepdim=True).clamp(min=1e-8)


# ------------------------------------------------------------------------------------------------ a second pair of ears


def mfcc(mel: Tensor) -> list[np.ndarray]:
    """Cepstral coefficients 1 to 12 of log-mel spectrograms (n, 1, 64, 64), a frame a row, from the first to the last frame with sound."""
    coefficients = mel.squeeze(1).transpose(1, 2) @ F.create_dct(13, mel.shape[-2], "ortho").to(mel)  # (n, frames, 13)
    sequences = []
    for item, loud in zip(coefficients[..., 1:].double().cpu().numpy(), (mel.squeeze(1).amax(1) > -0.5).cpu().numpy(), strict=True):
        frames = np.flatnonzero(loud)
        sequences.append(np.ascontiguousarray(item[frames[0] : frames[-1] + 1] if len(frames) else item[:1]))
    return sequences


def nearest_by_dtw(templates: Tensor, labels: Tensor, mel: Tensor) -> Tensor:
    """Classes of spectrograms mel (n, 1, 64, 64): that of the template with the nearest MFCC sequence by dynamic time warping.

    It shares no weights, no training and no features with the judge (Sakoe & Chiba 1978).
    """
    from dtaidistance import dtw_ndim

    known, asked = mfcc(templates), mfcc(mel)
    distances = dtw_ndim.distance_matrix_fast(asked + known, block=((0, len(asked)), (len(asked), len(asked) + len(known))))
    nearest = distances[: len(asked), len(asked) :].argmin(1)
    return labels.cpu()[torch.from_numpy(nearest)]


# ------------------------------------------------------------------------------------------------ players


def player(wave: Tensor, rate: int) -> str:
    """An HTML audio element that holds its clip (samples,) as a WAV file of 16 bits."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, (wave / wave.abs().max().clamp(min=1e-8)).cpu().numpy(), rate, format="WAV", subtype="PCM_16")
    return f'<audio controls preload="none" src="data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}"></audio>'


def picture(pixels: Tensor, alt: str) -> str:
    """An HTML image of pixels (28 * 28,) in [0, 1], dark on light."""
    from PIL import Image

    file = io.BytesIO()
    grey = ((1 - pixels.view(28, 28)).clamp(0, 1) * 255).byte().cpu().numpy()
    Image.fromarray(grey).resize((56, 56), Image.Resampling.NEAREST).save(file, "PNG")
    return f'<img alt="{alt}" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">'


def listening_table(columns: dict[str, Sequence[str]]) -> HTML:
    """Pictures, players and words in columns, a row an item: what a reader can press play on."""
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in zip(*columns.values(), strict=True))
    return HTML(f'<table class="listening"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')
