"""A second judge of images: a small convolutional classifier, of another kind than the networks that it scores."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lt.cache import cached
from lt.loop import History, Training, default_device
from lt.zoo.augment import jitter
from lt.zoo.vae import Labelled, fit_on_items


@dataclass(frozen=True)
class ConvJudgeConfig:
    """A convolutional classifier of images."""

    training: Training
    width: int = 16  # channels of the first layer
    jitter: float = 0.0  # amount of random rotation, scaling and shift of training images (lt.zoo.augment.jitter)


class ConvJudge(nn.Module):
    """Images (n, 784) in [0, 1] to logits (n, classes): four convolutions, from 28 x 28 down to 4 x 4, and an affine read-out."""

    def __init__(self, classes: int = 10, width: int = 16):
        super().__init__()

        def block(a: int, b: int, kernel: int, stride: int) -> nn.Module:
            return nn.Sequential(nn.Conv2d(a, b, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU())

        self.body = nn.Sequential(
            block(1, width, 5, 2),  # (n, width, 14, 14)
            block(width, 2 * width, 3, 2),  # (n, 2 width, 7, 7)
            block(2 * width, 4 * width, 3, 1),
            block(4 * width, 8 * width, 3, 2),  # (n, 8 width, 4, 4)
        )
        self.head = nn.Linear(8 * width * 16, classes)

    def features(self, x: Tensor) -> Tensor:
        """Activations before the read-out, (n, 128 width)."""
        return self.body(2 * x.view(-1, 1, 28, 28) - 1).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))  # (n, classes)


def fit_second_judge(config: ConvJudgeConfig, data: Labelled, seed: int, device: torch.device | None = None) -> tuple[ConvJudge, History]:
    """A second judge of one corpus: the best interval by its accuracy on training items set aside, never on the test split."""
    return cached(_build_second_judge, _train_second_judge, config, data, data.fingerprint, seed, device or default_device())


def _build_second_judge(config: ConvJudgeConfig, data: Labelled) -> ConvJudge:
    return ConvJudge(10, config.width)


def _train_second_judge(judge: ConvJudge, config: ConvJudgeConfig, data: Labelled, generator: torch.Generator, checkpoint: Path) -> History:
    def augment(x: Tensor, generator: torch.Generator) -> Tensor:
        return jitter(x, config.jitter, generator) if config.jitter else x

    x, y = data.x.to(generator.device), data.y.to(generator.device)
    return fit_on_items(judge, config.training, x, y, augment, generator, f"second judge {data.name}", checkpoint)
