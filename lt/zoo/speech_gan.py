"""GANs of spoken digits: the games, and what trains them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt.errors import LtError
from lt.loop import History, Player, Training, fit, named_generator
from lt.zoo.augment import shift_and_gain
from lt.zoo.speech_judge import Clips, SpectrogramCNN, log_mels
from lt.zoo.speech_networks import GAN, ProjectedCritic, SpecGANGenerator, WaveGANDiscriminator, WaveGANGenerator

Players = Sequence[Player]


@dataclass(frozen=True)
class GANConfig:
    """A generator of spoken digits and the game that trains it."""

    training: Training  # a step is one update of the generator
    kind: str = "specgan"  # "specgan": log-mel spectrograms, projected critic; "wavegan": waveforms, WGAN-GP
    width: int = 32  # channels of the generator's last hidden layer (specgan), d of Donahue et al. (wavegan)
    latent: int = 100  # dimensions of z
    critic_updates: int = 1  # updates of the critic a step
    average: float = 0.999  # decay of the running mean of the generator's weights, which is what is kept
    information: float = 0.0  # weight of the mutual information between a sample and its class by the frozen features (specgan)
    penalty: float = 10.0  # weight of the gradient penalty (wavegan)
    shuffle: int = 2  # radius of phase shuffle (wavegan)


def mutual_information(logits: Tensor) -> Tensor:
    """Mutual information, in nats, between items and their predicted classes: (n, classes) to a scalar. High if every item is
    clearly of one class and the classes are even."""
    p = logits.softmax(-1)
    entropy = -(p * logits.log_softmax(-1)).sum(-1).mean()
    mean = p.mean(0)
    return -(mean * mean.clamp(min=1e-12).log()).sum() - entropy


def projected_game(gan: GAN, config: GANConfig, features: SpectrogramCNN, x: Tensor) -> Players:
    """Hinge losses of a projected critic on spectrograms x (n, 1, 64, 64) (Sauer et al. 2021)."""
    batch = config.training.batch

    def judge(mel: Tensor) -> tuple[list[Tensor], Tensor]:
        maps = features.maps(mel)
        return gan.critic(maps, mel), maps[-1]

    def critic(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        real = x[torch.randint(len(x), (batch,), generator=generator, device=x.device)]
        z = torch.randn(batch, config.latent, generator=generator, device=x.device)
        with torch.no_grad():
            fake = gan.generator(z)
            both = shift_and_gain(torch.cat([real, fake]), generator)
            maps = features.maps(both)
        values = [v.float().chunk(2) for v in gan.critic(maps, both)]
        loss = torch.stack([F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in values]).mean()
        return {"loss": loss, "critic": loss}

    def generator(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        z = torch.randn(batch, config.latent, generator=generator, device=x.device)
        values, last = judge(shift_and_gain(gan.generator(z), generator))
        adversarial = -torch.stack([v.float().mean() for v in values]).mean()
        information = mutual_information(features.read(last).float())
        gan.follow(config.average)
        return {"loss": adversarial - config.information * information, "adversarial": adversarial, "information": information}

    return [Player(gan.critic, critic, config.critic_updates), Player(gan.generator, generator)]


def wasserstein_game(gan: GAN, config: GANConfig, x: Tensor) -> Players:
    """WGAN-GP on waveforms x (n, samples) (Gulrajani et al. 2017; Donahue et al. 2019)."""
    batch = config.training.batch

    def critic(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        real = x[torch.randint(len(x), (batch,), generator=generator, device=x.device)]
        with torch.no_grad():
            fake = gan.generator(torch.randn(batch, config.latent, generator=generator, device=x.device))
        penalty = gradient_penalty(lambda wave: gan.critic(wave, generator), real, fake, generator)
        distance = gan.critic(real, generator).mean() - gan.critic(fake, generator).mean()
        return {"loss": config.penalty * penalty - distance, "wasserstein": distance, "penalty": penalty}

    def generator(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        z = torch.randn(batch, config.latent, generator=generator, device=x.device)
        adversarial = -gan.critic(gan.generator(z), generator).mean()
        gan.follow(config.average)
        return {"loss": adversarial, "adversarial": adversarial}

    return [Player(gan.critic, critic, config.critic_updates), Player(gan.generator, generator)]


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """Mean of ``(|grad critic| - 1)^2`` at random points between real and fake items (n, d) (Gulrajani et al. 2017)."""
    share = torch.rand(len(real), 1, generator=generator, device=real.device)
    between = (share * real + (1 - share) * fake).requires_grad_(True)
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return ((slope.float().flatten(1).norm(dim=-1) - 1) ** 2).mean()


def inception_score(logits: Tensor) -> float:
    """exp of the mutual information between samples and the judge's classes, 1 to the number of classes (Salimans et al. 2016)."""
    return mutual_information(logits.double()).exp().item()


def build_generator(config: GANConfig, rate: int, samples: int) -> nn.Module:
    """The generator of a configuration, untrained."""
    if config.kind == "specgan":
        return SpecGANGenerator(config.latent, config.width, rate)
    if config.kind == "wavegan":
        return WaveGANGenerator(config.latent, config.width, samples, rate)
    raise LtError(f"unknown kind of GAN {config.kind!r}: choose specgan or wavegan")


def build_gan(config: GANConfig, clips: Clips, features_width: int) -> GAN:
    """Generator, critic and running mean, untrained."""
    samples = clips.x.shape[1]
    generator, average = (build_generator(config, clips.rate, samples) for _ in range(2))
    critic = ProjectedCritic(features_width) if config.kind == "specgan" else WaveGANDiscriminator(config.width, samples, config.shuffle)
    return GAN(generator, critic, average)


def fit_gan(
    gan: GAN,
    config: GANConfig,
    clips: Clips,
    features: SpectrogramCNN,
    judge: SpectrogramCNN,
    generator: torch.Generator,
    *,
    checkpoint: Path | None = None,
    seconds: float = math.inf,
    every: int = 250,
    watch: Callable[[Tensor, float, float], None] | None = None,
) -> History:
    """Train ``gan`` on clips, in place, and keep the weights with the best inception score by ``judge``.

    ``features`` (frozen) carries the critic of a specgan; ``judge`` never enters a loss. ``watch`` gets spectrograms of 2,000
    samples (n, 1, 64, 64), their inception score and the share that the judge accepts at 0.95, every ``every`` steps.
    """
    device = generator.device
    z = torch.randn(2_000, config.latent, generator=named_generator("GAN validation", 0, device), device=device)
    features.requires_grad_(False).eval()
    for network in (gan, features, judge):
        network.to(memory_format=torch.channels_last)  # a fifth faster on CPUs
    if config.kind == "specgan":
        players = projected_game(gan, config, features, log_mels(clips, device))
    else:
        players = wasserstein_game(gan, config, clips.x.to(device))

    def validate() -> float:
        mel = torch.cat([gan.average.decode(part) for part in z.split(250)])
        logits = torch.cat([judge(part) for part in mel.split(250)])
        score, accepted = inception_score(logits), (logits.softmax(-1).amax(-1) >= 0.95).double().mean().item()
        if watch is not None:
            watch(mel, score, accepted)
        return score

    return fit(
        gan,
        players,
        config.training,
        generator,
        name=f"GAN {config.kind}",
        checkpoint=checkpoint,
        validate=validate,
        every=every,
        seconds=seconds,
    )
