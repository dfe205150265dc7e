"""The base models of image domains: variational autoencoders, and the classifiers that judge images (section B.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt import losses
from lt.cache import cached
from lt.loop import History, Objective, Training, default_device, fit
from lt.networks import mlp, sample
from lt.zoo.augment import jitter

VALIDATION_SHARE = 12  # one training item in twelve chooses a classifier's best weights


class Labelled(Protocol):
    """Items with labels, such as :class:`lt.datasets.images.Images`."""

    name: str
    x: Tensor  # (n, ...)
    y: Tensor  # (n,) int64
    fingerprint: str


@dataclass(frozen=True)
class VAEConfig:
    """A base VAE."""

    training: Training
    width: int = 1024  # units a layer
    depth: int = 3  # layers in the encoder and in the decoder
    latent: int = 100  # dimensions of z
    beta: float = 1.0  # weight of the KL term
    sigma: float = 0.1  # standard deviation of the pixel likelihood, pixels in [0, 1]
    warmup: float = 0.0  # share of the steps over which beta rises from zero
    jitter: float = 0.0  # amount of random rotation, scaling and shift of training images (lt.zoo.augment.jitter)


@dataclass(frozen=True)
class JudgeConfig:
    """A classifier of images."""

    training: Training
    width: int = 512  # units a layer
    depth: int = 4  # layers before the read-out
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
        """Mean image of the likelihood N(g(z), sigma_x): (n, latent) to (n, pixels) in [0, 1]."""
        return torch.sigmoid(self.pixels(self.decoder(z)).float())


class Judge(nn.Module):
    """Four layers and an affine read-out: images (n, pixels) to logits (n, classes)."""

    def __init__(self, pixels: int = 784, classes: int = 10, width: int = 512, depth: int = 4):
        super().__init__()
        self.body = mlp(pixels, width, depth)
        self.head = nn.Linear(width, classes)

    def features(self, x: Tensor) -> Tensor:
        """Activations before the read-out, (n, width): what a Fréchet distance compares."""
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))  # (n, classes)


def vae_objective(vae: VAE, config: VAEConfig, x: Tensor) -> Objective:
    """Negative ELBO of section B.2 on batches of x (n, pixels), with beta rising over the warm-up."""

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        batch = x[torch.randint(len(x), (config.training.batch,), generator=generator, device=x.device)]
        if config.jitter:
            batch = jitter(batch, config.jitter, generator)
        mean, std = vae.encode(batch)
        nll = losses.gaussian_nll(batch, vae.decode(sample(mean, std, generator)), config.sigma).mean()
        kl = losses.gaussian_kl(mean, std).mean()
        beta = config.beta * (progress / config.warmup).clamp(max=1) if config.warmup else config.beta
        return {"loss": nll + beta * kl, "nll": nll, "kl": kl}

    return objective


def fit_vae(config: VAEConfig, data: Labelled, seed: int, device: torch.device | None = None) -> tuple[VAE, History]:
    """A base VAE of one corpus, from the cache if it was trained before."""
    return cached(_build_vae, _train_vae, config, data, data.fingerprint, seed, device or default_device())


def fit_judge(config: JudgeConfig, data: Labelled, seed: int, device: torch.device | None = None) -> tuple[Judge, History]:
    """A judge of one corpus: the best interval by its accuracy on training items set aside, never on the test split."""
    return cached(_build_judge, _train_judge, config, data, data.fingerprint, seed, device or default_device())


def fit_on_items(
    classifier: nn.Module,
    training: Training,
    x: Tensor,
    y: Tensor,
    augment: Callable[[Tensor, torch.Generator], Tensor],
    generator: torch.Generator,
    name: str,
    checkpoint: Path,
    every: int | None = None,
) -> History:
    """Cross entropy on augmented items x (n, ...), y (n,); one item in twelve is set aside and chooses the weights that are kept."""
    order = torch.randperm(len(x), generator=generator, device=x.device)
    held, kept = order[: len(x) // VALIDATION_SHARE], order[len(x) // VALIDATION_SHARE :]

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        i = kept[torch.randint(len(kept), (training.batch,), generator=generator, device=x.device)]
        return {"loss": losses.classification(classifier(augment(x[i], generator)), y[i])}

    def validate() -> float:
        return (classifier(x[held]).argmax(-1) == y[held]).double().mean().item()

    every = every or max(1, len(kept) // training.batch)  # an epoch
    return fit(classifier, objective, training, generator, name=name, checkpoint=checkpoint, validate=validate, every=every)


def _build_vae(config: VAEConfig, data: Labelled) -> VAE:
    return VAE(data.x.shape[1], config.latent, config.width, config.depth)


def _build_judge(config: JudgeConfig, data: Labelled) -> Judge:
    return Judge(data.x.shape[1], 10, config.width, config.depth)


def _train_vae(vae: VAE, config: VAEConfig, data: Labelled, generator: torch.Generator, checkpoint: Path) -> History:
    objective = vae_objective(vae, config, data.x.to(generator.device))
    return fit(vae, objective, config.training, generator, name=f"VAE {data.name}", checkpoint=checkpoint)


def _train_judge(judge: Judge, config: JudgeConfig, data: Labelled, generator: torch.Generator, checkpoint: Path) -> History:
    def augment(x: Tensor, generator: torch.Generator) -> Tensor:
        return jitter(x, config.jitter, generator) if config.jitter else x

    x, y = data.x.to(generator.device), data.y.to(generator.device)
    return fit_on_items(judge, config.training, x, y, augment, generator, f"judge {data.name}", checkpoint)
