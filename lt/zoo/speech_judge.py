"""Classifiers of spoken digits on log-mel spectrograms: those that accept what a bridge learns from, and the one that scores it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt.cache import cached
from lt.errors import LtError
from lt.loop import History, Training, default_device
from lt.zoo.augment import mask, shift_and_gain
from lt.zoo.mel import LogMel
from lt.zoo.vae import fit_on_items


class Clips(Protocol):
    """Recordings with labels, such as :class:`lt.datasets.recordings.Clips`."""

    rate: int  # samples a second
    x: Tensor  # (n, samples)
    y: Tensor  # (n,) int64
    speaker: Tensor  # (n,) int64
    fingerprint: str


@dataclass(frozen=True)
class SpeechClassifierConfig:
    """A classifier of spoken digits on log-mel spectrograms."""

    training: Training
    width: int = 32  # channels of the first layer
    kernel: int = 3  # size of the convolutions
    kind: str = "cnn"  # "cnn": :class:`SpectrogramCNN`; "rnn": :class:`SpectrogramRNN`


class SpectrogramCNN(nn.Module):
    """Log-mel spectrograms (n, 1, 64, 64) to logits (n, classes): four strided convolutions, a mean over time, an affine read-out."""

    def __init__(self, classes: int = 10, width: int = 32, kernel: int = 3):
        super().__init__()
        channels = [1, width, 2 * width, 4 * width, 4 * width]
        self.blocks = nn.Sequential(
            *[
                nn.Sequential(nn.Conv2d(a, b, kernel, stride=2, padding=kernel // 2), nn.BatchNorm2d(b), nn.LeakyReLU(0.1))
                for a, b in itertools.pairwise(channels)
            ]
        )
        self.head = nn.Linear(channels[-1] * 4, classes)

    def features(self, x: Tensor) -> Tensor:
        """Activations before the read-out, (n, features): what a Fréchet distance compares."""
        return self.blocks(x).mean(-1).flatten(1)  # frequency is a place, time is not

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class SpectrogramRNN(nn.Module):
    """Log-mel spectrograms (n, 1, bands, frames) to logits (n, classes): a recurrent network that reads the frames in both directions."""

    def __init__(self, classes: int = 10, width: int = 96, kernel: int = 5, bands: int = 64):
        super().__init__()
        self.frames = nn.Conv1d(bands, width, kernel, stride=2, padding=kernel // 2)
        self.recurrent = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        heard, _ = self.recurrent(F.relu(self.frames(x.squeeze(1))).transpose(1, 2))  # (n, frames / 2, 2 * width)
        return self.head(heard.mean(1))


class Panel(nn.Module):
    """Unlike classifiers that must agree: the mean of their log-probabilities, (n, ...) to (n, classes).

    After a softmax this is their normalised product (Hinton 2002): it is sure of a class only where each of them is.
    """

    def __init__(self, members: Sequence[nn.Module]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x).float().log_softmax(-1) for member in self.members]).mean(0)


def classifier_of(config: SpeechClassifierConfig) -> nn.Module:
    """The network of a configuration, untrained."""
    if config.kind not in ("cnn", "rnn"):
        raise LtError(f"unknown kind of speech classifier {config.kind!r}: choose cnn or rnn")
    return (SpectrogramCNN if config.kind == "cnn" else SpectrogramRNN)(10, config.width, config.kernel)


def fit_speech_classifier(
    config: SpeechClassifierConfig, clips: Clips, seed: int, device: torch.device | None = None
) -> tuple[nn.Module, History]:
    """A classifier of the digit, from the cache if it was trained before. It never sees a GAN's output."""
    return cached(_build_classifier, _train_classifier, config, clips, clips.fingerprint, seed, device or default_device())


def _build_classifier(config: SpeechClassifierConfig, clips: Clips) -> nn.Module:
    return classifier_of(config)


@torch.no_grad()
def log_mels(clips: Clips, device: torch.device) -> Tensor:
    """Spectrograms of all clips, (n, 1, 64, 64)."""
    mel = LogMel(clips.rate).to(device)
    return torch.cat([mel(part.to(device)) for part in clips.x.split(512)])


def _train_classifier(
    classifier: nn.Module, config: SpeechClassifierConfig, clips: Clips, generator: torch.Generator, checkpoint: Path
) -> History:
    x, y = log_mels(clips, generator.device), clips.y.to(generator.device)

    def augment(mel: Tensor, generator: torch.Generator) -> Tensor:
        return mask(shift_and_gain(mel, generator, shift=8, gain=0.15), generator)

    return fit_on_items(classifier, config.training, x, y, augment, generator, "speech classifier", checkpoint, every=100)
