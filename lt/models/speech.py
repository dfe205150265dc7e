"""Spoken digits: log-mel spectrograms, a pretrained GAN with the classifiers around it, a third-party recogniser."""

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt.cache import ASSETS, load_weights, read_weights
from lt.data import CLASSES, Items
from lt.errors import LtError, explained
from lt.loop import named_generator
from lt.own.inputs import chosen, package

SURE = 0.999  # softmax of the panel from which a sample is accepted; 0.95 by one judge in the paper
ACCEPTED = {"accepted": 4_000, "accepted, held out": 250, "accepted, kept aside": 100}  # samples per class
BLOCK = 1_000  # draws of the prior that share a generator
NOTHING = -1  # the recogniser may hear no word at all
SPHINX_RATE, SPHINX_SILENCE = 16_000, 0.2  # of its acoustic model in Hz; seconds around a clip, which it expects


class LogMel(nn.Module):
    """Log-mel spectrograms of clips of 1.024 s, and their approximate inverse.
    64 ms windows, 16 ms apart: (n, samples) to (n, 1, 64 bands, 64 frames), logarithms of 60 dB as [-1, 1]."""

    BANDS, FRAMES, FLOOR, CEILING = 64, 64, 0.04, 40.0
    LOW, RANGE = math.log(FLOOR), math.log(CEILING) - math.log(FLOOR)

    def __init__(self, rate: int = 8_000, iterations: int = 60):
        super().__init__()
        self.size, self.hop, self.iterations = rate * 64 // 1000, rate * 16 // 1000, iterations
        bands = package("torchaudio.functional", "book").melscale_fbanks
        filters = bands(self.size // 2 + 1, 0.0, rate / 2, self.BANDS, rate)  # (bins, bands)
        self.register_buffer("window", torch.hann_window(self.size), persistent=False)  # made from the rate
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("inverse", torch.linalg.pinv(filters), persistent=False)  # (bands, bins)

    def forward(self, wave: Tensor) -> Tensor:
        audio, frame = package("torchaudio.functional", "book"), (self.window, self.size, self.hop, self.size)
        magnitude = audio.spectrogram(wave.float(), 0, *frame, power=1, normalized=False)  # (n, bins, frames + 1)
        mel = (magnitude[..., : self.FRAMES].transpose(-1, -2) @ self.filters).transpose(-1, -2)
        return (2 * (mel.clamp(self.FLOOR, self.CEILING).log() - self.LOW) / self.RANGE - 1).unsqueeze(1)

    @torch.no_grad()
    def waveform(self, mel: Tensor) -> Tensor:
        """Sound with about this spectrogram, (n, 1, 64, 64) to (n, samples) with a peak of 1.
        A pseudo-inverse undoes the mel filters, Griffin-Lim finds the phases from zero on: nothing is random."""
        audio, frame = package("torchaudio.functional", "book"), (self.window, self.size, self.hop, self.size)
        magnitude = ((mel.squeeze(1).float() + 1) / 2 * self.RANGE + self.LOW).exp()
        magnitude = (magnitude - self.FLOOR).clamp(min=0)  # values at the floor become silence
        linear = (magnitude.transpose(1, 2) @ self.inverse).clamp(min=0).transpose(1, 2)
        how = {"power": 1, "n_iter": self.iterations, "momentum": 0.99, "rand_init": False}
        padded = F.pad(linear, (0, 1))  # the frame that forward() cut off
        wave = audio.griffinlim(padded, *frame, length=self.FRAMES * self.hop, **how)
        return wave / wave.abs().amax(-1, keepdim=True).clamp(min=1e-8)


@torch.no_grad()
def log_mels(clips: Items, device: torch.device | str = "cpu") -> Tensor:
    """Spectrograms of all recordings, (n, 1, 64, 64)."""
    mel = LogMel(clips.rate).to(device)
    return torch.cat([mel(part.to(device)) for part in clips.x.split(512)])


def halvings(channels: Sequence[int], kernel: int) -> nn.Sequential:
    """Convolutions that halve a spectrogram, each with batch normalisation and a leaky ReLU."""
    blocks: list[nn.Module] = []
    for a, b in itertools.pairwise(channels):
        conv = nn.Conv2d(a, b, kernel, stride=2, padding=(kernel - 1) // 2)
        blocks.append(nn.Sequential(conv, nn.BatchNorm2d(b), nn.LeakyReLU(0.1)))
    return nn.Sequential(*blocks)


class SpectrogramCNN(nn.Module):
    """Spectrograms (n, 1, 64, 64) to logits (n, classes): strided convolutions, a mean over time, a linear layer."""

    def __init__(self, classes: int = 10, width: int = 32, kernel: int = 3):
        super().__init__()
        self.blocks = halvings([1, width, 2 * width, 4 * width, 4 * width], kernel)
        self.head = nn.Linear(16 * width, classes)

    def features(self, x: Tensor) -> Tensor:
        """Activations before the read-out, (n, 16 width): what a Fréchet distance compares."""
        return self.blocks(x).mean(-1).flatten(1)  # frequency is a place, time is not

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class SpectrogramRNN(nn.Module):
    """Spectrograms (n, 1, 64, 64) to logits (n, classes): a recurrent network reads the frames in both directions."""

    def __init__(self, classes: int = 10, width: int = 96, kernel: int = 5):
        super().__init__()
        self.frames = nn.Conv1d(LogMel.BANDS, width, kernel, stride=2, padding=kernel // 2)
        self.recurrent = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        heard, _ = self.recurrent(F.relu(self.frames(x.squeeze(1))).transpose(1, 2))  # (n, frames / 2, 2 * width)
        return self.head(heard.mean(1))


class Panel(nn.Module):
    """Unlike classifiers that must agree: the mean of their log-probabilities, (n, ...) to (n, classes).
    After a softmax this is their normalised product (Hinton 2002), which is sure of a class only where each one is."""

    def __init__(self, members: Sequence[nn.Module]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x).float().log_softmax(-1) for member in self.members]).mean(0)


def classifier(kind: str = "cnn", width: int = 32, kernel: int = 3) -> nn.Module:
    """An untrained classifier of spoken digits: ``cnn`` or ``rnn``."""
    chosen("kind of speech classifier", kind, ("cnn", "rnn"))
    return (SpectrogramCNN if kind == "cnn" else SpectrogramRNN)(10, width, kernel)


class SpectrogramEncoder(nn.Module):
    """Spectrograms (n, 1, 64, 64) to mean and standard deviation of a code, two of (n, code)."""

    def __init__(self, code: int = 100, width: int = 32):
        super().__init__()
        self.body = halvings([1, width, 2 * width, 4 * width, 8 * width], 4)
        self.posterior = nn.Linear(8 * width * 16, 2 * code)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = self.posterior(self.body(mel).flatten(1)).float().chunk(2, dim=-1)
        return mean, F.softplus(raw) + 1e-4


class SpectrogramDecoder(nn.Module):
    """Codes (n, code) to spectrograms (n, 1, 64, 64) in [-1, 1], in the shape of SpecGAN (Donahue et al. 2019)."""

    def __init__(self, code: int = 100, width: int = 32):
        super().__init__()
        self.start = nn.Linear(code, 8 * width * 16)
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise([8 * width, 4 * width, 2 * width, width, 1]):
            layers += [nn.BatchNorm2d(a), nn.ReLU(), nn.ConvTranspose2d(a, b, 4, stride=2, padding=1)]
        self.body = nn.Sequential(*layers, nn.Tanh())

    def forward(self, code: Tensor) -> Tensor:
        return self.body(self.start(code).view(len(code), -1, 4, 4)).float()


def code_mlp(size: int, out: int, width: int, depth: int, normalised: bool) -> nn.Sequential:
    """(n, size) to (n, out) by ``depth`` layers: the generator of codes, normalised, or their critic, which is not."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(size, width), *([nn.LayerNorm(width)] if normalised else []), nn.LeakyReLU(0.2)]
        size = width
    return nn.Sequential(*layers, nn.Linear(size, out))


class CodeGenerator(nn.Module):
    """z (n, latent) to spectrograms (n, 1, 64, 64): a small network makes a code, an autoencoder's decoder draws it."""

    def __init__(self, latent: int = 100, code: int = 100, width: int = 512, depth: int = 3, rate: int = 8_000):
        super().__init__()
        self.latent = latent
        self.to_code = code_mlp(latent, code, width, depth, normalised=True)
        self.register_buffer("spread", torch.ones(code))  # standard deviation of each dimension of recordings' codes
        self.decoder = SpectrogramDecoder(code)
        self.mel = LogMel(rate)

    def forward(self, z: Tensor) -> Tensor:
        return self.decoder(self.to_code(z) * self.spread)

    decode = forward  # what a domain calls

    def waveform(self, z: Tensor) -> Tensor:
        """Sound of latents, (n, latent) to (n, samples)."""
        return self.mel.waveform(self(z))


@dataclass(frozen=True)
class Speech:
    """A generator of spoken digits and the classifiers around it."""

    generator: CodeGenerator  # z (n, latent) to spectrograms (n, 1, 64, 64) by ``decode``, to sound by ``waveform``
    panel: Panel  # accepts and labels what a bridge learns from; learned from one half of the recordings
    judge: SpectrogramCNN  # scores; learned from the other half, and takes part in nothing else


def card(folder: Path = ASSETS) -> dict:
    """How the pretrained GAN was made: command, configuration, hardware, steps, minutes, scores, checksums."""
    with explained(f"{folder / 'speech.json'} cannot be read, restore it (git checkout lt/assets)"):
        return json.loads((folder / "speech.json").read_text(encoding="utf-8"))


def load_pretrained(folder: Path = ASSETS, device: torch.device | str = "cpu") -> Speech:
    """The pretrained models; raises :class:`lt.LtError` when a file is missing, altered or does not fit its card."""
    made = (facts := card(folder))["config"]
    networks = [classifier(one["kind"], one["width"], one["kernel"]) for one in (*made["panel"], made["judge"])]
    size = (made["latent"], made["autoencoder"]["code"], made["width"], made["depth"], facts["rate"])
    models = {"generator": CodeGenerator(*size), "panel": Panel(networks[:-1]), "judge": networks[-1]}
    for name, model in models.items():
        load_weights(model, folder / f"speech_{name}.safetensors", facts["sha256"][name]).to(device)
    return Speech(**models)


def draws(name: str, block: int, latent: int) -> Tensor:
    """A block of the endless sequence ``name`` of points of the prior, (1000, latent): the same on every machine."""
    return torch.randn(BLOCK, latent, generator=named_generator(f"{name} {block}", 0))


def accepted_samples(name: str, per_class: int, folder: Path = ASSETS) -> tuple[Tensor, Tensor, Tensor, int]:
    """Points of the prior that the panel is sure of: the first ``per_class`` of each class of a sequence in ACCEPTED.
    Returns z (n, latent), labels (n,), how many of each class were accepted in all (10,), and how many were drawn."""
    path, facts = folder / "speech_accepted.safetensors", card(folder)
    stored = read_weights(path, facts["sha256"]["accepted"])
    chosen(f"{path}: samples", name, sorted(key.removesuffix(".rows") for key in stored if key.endswith(".rows")))
    rows, labels = stored[f"{name}.rows"].long(), stored[f"{name}.labels"].long()
    if (fewest := int(labels.bincount(minlength=10).min())) < per_class:
        raise LtError(f"{path} has {fewest:,} accepted samples per class, {per_class:,} are asked for: ask for fewer")
    first = torch.cat([(labels == label).nonzero().flatten()[:per_class] for label in range(10)])
    rows, labels = rows[first], labels[first]
    z = torch.empty(len(rows), facts["config"]["latent"])
    for block in (rows // BLOCK).unique().tolist():
        inside = rows // BLOCK == block
        z[inside] = draws(name, block, z.shape[1])[rows[inside] % BLOCK]
    return z, labels, stored[f"{name}.count"], int(stored[f"{name}.drawn"])


def recognise(waves: Tensor, rate: int) -> Tensor:
    """Digits that PocketSphinx hears in clips (n, samples): (n,) int64, -1 for none (Huggins-Daines et al. 2006).
    It learned American English from other people's speech, and nothing in this book is trained or chosen by it."""
    sphinx, words = package("pocketsphinx", "book"), CLASSES["speech"]
    settings = sphinx.Config(loglevel="FATAL", samprate=SPHINX_RATE)
    settings["lm"] = None
    decoder = sphinx.Decoder(settings)
    decoder.add_jsgf_string("digits", f"#JSGF V1.0; grammar digits; public <digit> = {' | '.join(words)};")
    decoder.activate_search("digits")
    sound = package("torchaudio.functional", "book").resample(waves.float().cpu(), rate, SPHINX_RATE)
    sound = F.pad(sound / sound.abs().amax(1, keepdim=True).clamp(min=1e-8), (round(SPHINX_SILENCE * SPHINX_RATE),) * 2)
    found = []
    for clip in (0.5 * 32767 * sound).short().numpy():
        decoder.start_utt()
        decoder.process_raw(clip.tobytes(), full_utt=True)
        decoder.end_utt()
        heard = (getattr(decoder.hyp(), "hypstr", "") or "").split()  # no hypothesis where it heard nothing
        found.append(words.index(heard[0]) if heard and heard[0] in words else NOTHING)
    return torch.tensor(found, dtype=torch.int64)
