"""Base models of image domains: variational autoencoders, and the classifiers that judge images (section B.2)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt import losses
from lt.cache import cached
from lt.data import Items
from lt.errors import LtError
from lt.loop import History, Objective, Training, default_device, fit
from lt.networks import mlp, sample

VALIDATION_SHARE = 12  # one training item in twelve chooses a classifier's best weights


@dataclass(frozen=True)
class VAEConfig:
    """A base VAE."""

    training: Training
    width: int = 1024  # units per layer
    depth: int = 3  # layers of the encoder, and of the decoder
    latent: int = 100  # dimensions of z
    beta: float = 1.0  # weight of the KL term
    sigma: float = 0.1  # standard deviation of the pixel likelihood, pixels in [0, 1]
    warmup: float = 0.0  # share of the steps over which beta rises from zero
    jitter: float = 0.0  # amount of random rotation, scaling and shift of training images, see jitter


@dataclass(frozen=True)
class JudgeConfig:
    """A classifier of images."""

    training: Training
    conv: bool = False  # convolutions instead of fully connected layers: a second judge, of another kind
    width: int = 512  # units per layer; channels of the first convolution
    depth: int = 4  # fully connected layers before the read-out
    jitter: float = 0.0  # as in VAEConfig


class VAE(nn.Module):
    """The base model of an image domain, q(z|x) and g(z): a Gaussian MLP encoder and an MLP decoder."""

    def __init__(self, pixels: int = 784, latent: int = 100, width: int = 1024, depth: int = 3):
        super().__init__()
        self.latent = latent
        self.encoder = mlp(pixels, width, depth)
        self.posterior = nn.Linear(width, 2 * latent)
        self.decoder = mlp(latent, width, depth)
        self.pixels = nn.Linear(width, pixels)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of q(z|x): (n, pixels) to two of (n, latent). Softplus keeps std positive."""
        mean, raw = self.posterior(self.encoder(x)).float().chunk(2, dim=-1)
        return mean, F.softplus(raw)

    def decode(self, z: Tensor) -> Tensor:
        """Mean image of the likelihood N(g(z), sigma): (n, latent) to (n, pixels) in [0, 1]."""
        return torch.sigmoid(self.pixels(self.decoder(z)).float())


class Judge(nn.Module):
    """Fully connected layers and an affine read-out: images (n, pixels) to logits (n, classes)."""

    def __init__(self, pixels: int = 784, classes: int = 10, width: int = 512, depth: int = 4):
        super().__init__()
        self.body = mlp(pixels, width, depth)
        self.head = nn.Linear(width, classes)

    def features(self, x: Tensor) -> Tensor:
        """Activations before the read-out, (n, width): what a Fréchet distance compares."""
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))  # (n, classes)


class ConvJudge(nn.Module):
    """Four convolutions, from 28 x 28 to 4 x 4, and a read-out: images (n, 784) in [0, 1] to logits (n, classes)."""

    def __init__(self, classes: int = 10, width: int = 16):
        super().__init__()

        def block(a: int, b: int, kernel: int, stride: int) -> nn.Module:
            conv = nn.Conv2d(a, b, kernel, stride, kernel // 2, bias=False)
            return nn.Sequential(conv, nn.BatchNorm2d(b), nn.ReLU())

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


def jitter(x: Tensor, amount: float, generator: torch.Generator) -> Tensor:
    """Each image (n, 784) rotated, scaled and moved at random: up to 15 degrees, 15 % and 2 pixels times ``amount``."""
    if not amount:
        return x
    angle, scale, across, down = (2 * torch.rand(4, len(x), generator=generator, device=x.device) - 1) * amount
    angle, scale = angle * math.radians(15), 1 + 0.15 * scale
    cos, sin = scale * angle.cos(), scale * angle.sin()
    shift = 2 / 14  # pixels over half the width: affine_grid counts from -1 to 1
    theta = torch.stack([cos, -sin, shift * across, sin, cos, shift * down], dim=-1).view(-1, 2, 3)
    grid = F.affine_grid(theta, [len(x), 1, 28, 28], align_corners=False)
    return F.grid_sample(x.view(-1, 1, 28, 28), grid, align_corners=False).flatten(1)


def vae_objective(vae: VAE, config: VAEConfig, x: Tensor) -> Objective:
    """Negative ELBO in nats (section B.2) on batches of x (n, pixels), with beta rising over the warm-up."""

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        batch = x[torch.randint(len(x), (config.training.batch,), generator=generator, device=x.device)]
        batch = jitter(batch, config.jitter, generator)
        mean, std = vae.encode(batch)
        nll = losses.gaussian_nll(batch, vae.decode(sample(mean, std, generator)), config.sigma).mean()
        kl = losses.gaussian_kl(mean, std).mean()
        beta = config.beta * (progress / config.warmup).clamp(max=1) if config.warmup else config.beta
        return {"loss": nll + beta * kl, "nll": nll, "kl": kl}

    return objective


def fit_vae(config: VAEConfig, data: Items, seed: int, device: torch.device | None = None) -> tuple[VAE, History]:
    """A base VAE of one corpus, from the cache if it was trained before."""
    device = device or default_device()

    def build() -> VAE:
        return VAE(data.x.shape[1], config.latent, config.width, config.depth)

    def train(vae: VAE, generator: torch.Generator, checkpoint: Path) -> History:
        objective = vae_objective(vae, config, data.x.to(device))
        return fit(vae, objective, config.training, generator, name=f"VAE {data.name} {seed}", checkpoint=checkpoint)

    code = (fit_vae, VAE, vae_objective, jitter)
    return cached("vae", build, train, config, data.fingerprint, [data.name], seed, device, code)


def fit_judge(
    config: JudgeConfig, data: Items, seed: int = 0, device: torch.device | None = None
) -> tuple[Judge | ConvJudge, History]:
    """A judge of one corpus, from the cache if it was trained before: see :func:`fit_on_items`."""
    device = device or default_device()
    kind = "second judge" if config.conv else "judge"
    classes = int(data.y.max()) + 1

    def build() -> Judge | ConvJudge:
        if config.conv:
            return ConvJudge(classes, config.width)
        return Judge(data.x.shape[1], classes, config.width, config.depth)

    def train(judge: nn.Module, generator: torch.Generator, checkpoint: Path) -> History:
        def augment(x: Tensor, generator: torch.Generator) -> Tensor:
            return jitter(x, config.jitter, generator)

        x, y, name = data.x.to(device), data.y.to(device), f"{kind} {data.name}"
        return fit_on_items(judge, config.training, x, y, augment, generator, name, checkpoint)

    code = (fit_judge, ConvJudge if config.conv else Judge, fit_on_items, jitter)
    return cached(kind, build, train, config, data.fingerprint, [data.name], seed, device, code)


def fit_on_items(
    classifier: nn.Module, training: Training, x: Tensor, y: Tensor,
    augment: Callable[[Tensor, torch.Generator], Tensor], generator: torch.Generator, name: str,
    checkpoint: Path | None = None, every: int | None = None
) -> History:  # fmt: skip
    """Cross entropy on augmented items x (n, ...), y (n,); one in twelve is kept aside and chooses the best weights.
    It looks after each epoch, or after ``every`` steps. Raises :class:`lt.LtError` for fewer than twelve items."""
    if len(x) < VALIDATION_SHARE:
        raise LtError(f"{name}: {len(x)} items: give at least {VALIDATION_SHARE}, one of which is kept aside")
    order = torch.randperm(len(x), generator=generator, device=x.device)
    held, kept = order[: len(x) // VALIDATION_SHARE], order[len(x) // VALIDATION_SHARE :]

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        i = kept[torch.randint(len(kept), (training.batch,), generator=generator, device=x.device)]
        return {"loss": losses.classification(classifier(augment(x[i], generator)), y[i])}

    def validate() -> float:
        return (classifier(x[held]).argmax(-1) == y[held]).double().mean().item()

    every = every or max(1, len(kept) // training.batch)
    return fit(
        classifier, objective, training, generator, name=name, checkpoint=checkpoint, validate=validate, every=every
    )
