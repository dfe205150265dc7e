"""Classifiers of spoken digits on log-mel spectrograms: the judge, and the features under a critic."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from lt.cache import cached
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
    speakers: int = 0  # number of speakers to tell apart besides the digit, 0 for the digit alone


class SpectrogramCNN(nn.Module):
    """Log-mel spectrograms (n, 1, 64, 64) to logits (n, classes): four strided convolutions, a mean over time, an affine read-out."""

    def __init__(self, classes: int = 10, width: int = 32, kernel: int = 3):
        super().__init__()
        channels = [1, width, 2 * width, 4 * width, 4 * width]
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, kernel, stride=2, padding=kernel // 2), nn.BatchNorm2d(b), nn.LeakyReLU(0.1))
            for a, b in itertools.pairwise(channels)
        )
        self.head = nn.Linear(channels[-1] * 4, classes)

    def maps(self, x: Tensor) -> list[Tensor]:
        """What each block makes of its input: resolutions 32, 16, 8 and 4."""
        maps = []
        for block in self.blocks:
            x = block(x)
            maps.append(x)
        return maps

    def read(self, last: Tensor) -> Tensor:
        """Logits from the last map."""
        return self.head(last.mean(-1).flatten(1))  # frequency is a place, time is not

    def features(self, x: Tensor) -> Tensor:
        """Activations before the read-out, (n, features): what a Fréchet distance compares."""
        return self.maps(x)[-1].mean(-1).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.maps(x)[-1])


def fit_speech_classifier(
    config: SpeechClassifierConfig, clips: Clips, seed: int, device: torch.device | None = None
) -> tuple[SpectrogramCNN, History]:
    """A classifier of the digit, or of digit and speaker, from the cache if it was trained before. It never sees a GAN's output."""
    return cached(_build_classifier, _train_classifier, config, clips, clips.fingerprint, seed, device or default_device())


def _build_classifier(config: SpeechClassifierConfig, clips: Clips) -> SpectrogramCNN:
    return SpectrogramCNN(10 * max(1, config.speakers), config.width, config.kernel)


@torch.no_grad()
def log_mels(clips: Clips, device: torch.device) -> Tensor:
    """Spectrograms of all clips, (n, 1, 64, 64)."""
    mel = LogMel(clips.rate).to(device)
    return torch.cat([mel(part.to(device)) for part in clips.x.split(512)])


def _train_classifier(
    classifier: SpectrogramCNN, config: SpeechClassifierConfig, clips: Clips, generator: torch.Generator, checkpoint: Path
) -> History:
    x, y = log_mels(clips, generator.device), clips.y.to(generator.device)
    if config.speakers:
        y = y * config.speakers + clips.speaker.to(y.device)

    def augment(mel: Tensor, generator: torch.Generator) -> Tensor:
        return mask(shift_and_gain(mel, generator, shift=8, gain=0.15), generator)

    return fit_on_items(classifier, config.training, x, y, augment, generator, "speech classifier", checkpoint, every=100)
