"""GANs of spoken digits: the games, and what trains them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt import losses
from lt.cache import cached
from lt.errors import LtError
from lt.loop import History, Objective, Player, Training, fit, named_generator
from lt.networks import sample
from lt.zoo.augment import shift_and_gain
from lt.zoo.speech_judge import Clips, log_mels
from lt.zoo.speech_networks import (
    GAN,
    CodeGenerator,
    SpectrogramDecoder,
    SpectrogramEncoder,
    WaveGANDiscriminator,
    WaveGANGenerator,
    code_mlp,
)

Players = Sequence[Player]


@dataclass(frozen=True)
class AutoencoderConfig:
    """The autoencoder of log-mel spectrograms; its decoder turns a generator's codes into spectrograms."""

    training: Training = Training(3000, 48, 2e-3, "onecycle", betas=(0.9, 0.99))
    code: int = 100  # dimensions of the code
    beta: float = 0.3  # weight of the KL term, which keeps neighbouring codes alike
    edges: float = 0.5  # weight of the errors of differences between neighbouring points


@dataclass(frozen=True)
class GANConfig:
    """A generator of spoken digits and the game that trains it. What is kept is the running mean of its weights at the last step."""

    training: Training  # a step is one update of the generator
    kind: str = "codes"  # "codes": a GAN of an autoencoder's codes; "wavegan": waveforms, WGAN-GP
    width: int = 512  # units a layer (codes), d of Donahue et al. (wavegan)
    depth: int = 3  # layers of the generator and of the critic (codes)
    latent: int = 100  # dimensions of z
    critic_updates: int = 1  # updates of the critic a step
    penalty: float = 1.0  # weight of the gradient penalties
    copies: int = 8  # shifted versions of each recording that the critic sees beside it (codes)
    shuffle: int = 2  # radius of phase shuffle (wavegan)
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)  # (codes)


class Autoencoder(nn.Module):
    """Encoder and decoder of log-mel spectrograms."""

    def __init__(self, code: int):
        super().__init__()
        self.encoder, self.decoder = SpectrogramEncoder(code), SpectrogramDecoder(code)


def autoencoder_objective(autoencoder: Autoencoder, config: AutoencoderConfig, x: Tensor) -> Objective:
    """Absolute error of spectrograms x (n, 1, 64, 64) and of their differences in time and frequency, and the KL term of a VAE.

    The absolute error of a difference is large where an onset or a formant is blurred.
    """

    def edges(mel: Tensor) -> Tensor:
        return torch.cat([mel.diff(dim=-1).flatten(1), mel.diff(dim=-2).flatten(1)], dim=1)

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        mel = x[torch.randint(len(x), (config.training.batch,), generator=generator, device=x.device)]
        mel = shift_and_gain(mel, generator).contiguous(memory_format=torch.channels_last)
        mean, std = autoencoder.encoder(mel)
        drawn = autoencoder.decoder(sample(mean, std, generator))
        error = (drawn - mel).abs().flatten(1).sum(1).mean()
        blurred = (edges(drawn) - edges(mel)).abs().sum(1).mean()
        kl = losses.gaussian_kl(mean, std).mean()
        return {"loss": error + config.edges * blurred + config.beta * kl, "error": error, "edges": blurred, "kl": kl}

    return objective


def fit_autoencoder(config: AutoencoderConfig, clips: Clips, seed: int, device: torch.device) -> tuple[Autoencoder, History]:
    """An autoencoder of recordings, from the cache if it was trained before."""
    return cached(_build_autoencoder, _train_autoencoder, config, clips, clips.fingerprint, seed, device)


def _build_autoencoder(config: AutoencoderConfig, clips: Clips) -> Autoencoder:
    return Autoencoder(config.code)


def _train_autoencoder(
    autoencoder: Autoencoder, config: AutoencoderConfig, clips: Clips, generator: torch.Generator, checkpoint: Path
) -> History:
    autoencoder.to(memory_format=torch.channels_last)  # a fifth faster on CPUs
    objective = autoencoder_objective(autoencoder, config, log_mels(clips, generator.device))
    return fit(autoencoder, objective, config.training, generator, name="autoencoder of speech", checkpoint=checkpoint)


@torch.no_grad()
def codes_of(autoencoder: Autoencoder, clips: Clips, copies: int, generator: torch.Generator) -> Tensor:
    """Codes of recordings and of ``copies`` shifted, louder or softer versions of each: (n * (copies + 1), code)."""
    mel = log_mels(clips, generator.device)
    versions = [mel, *(shift_and_gain(mel, generator) for _ in range(copies))]
    return torch.cat([autoencoder.encoder(part)[0] for version in versions for part in version.split(250)])


def relativistic_game(gan: GAN, config: GANConfig, codes: Tensor) -> Players:
    """A relativistic pairing GAN with gradient penalties at real and made codes (n, code), in units of their spread (Huang et al. 2024, R3GAN).

    The critic only compares a recording with a made one: no class, no judge and no classifier's features are used.
    """
    batch = config.training.batch
    real_codes = codes / gan.generator.spread

    def pair(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        real = real_codes[torch.randint(len(codes), (batch,), generator=generator, device=codes.device)]
        return real, gan.generator.to_code(torch.randn(batch, config.latent, generator=generator, device=codes.device)).float()

    def critic(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            real, made = pair(generator)
        points = torch.cat([real, made]).requires_grad_(True)
        with torch.enable_grad():
            values = gan.critic(points).float()
            (slope,) = torch.autograd.grad(values.sum(), points, create_graph=True)
        of_real, of_made = values.squeeze(1).chunk(2)
        relative = F.softplus(of_made - of_real).mean()
        penalty = slope.float().square().sum(1).mean()  # of both kinds: half of R1 + R2
        return {"loss": relative + config.penalty * penalty, "critic": relative, "penalty": penalty}

    def generator(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        real, made = pair(generator)
        with torch.no_grad():
            of_real = gan.critic(real).float()
        adversarial = F.softplus(of_real - gan.critic(made).float()).mean()
        return {"loss": adversarial, "adversarial": adversarial}

    return [Player(gan.critic, critic, config.critic_updates), Player(gan.generator.to_code, generator)]


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
    """exp of the mutual information between samples and the judge's classes, logits (n, classes): 1 to the number of classes (Salimans et al. 2016)."""
    p = logits.double().softmax(-1)
    entropy = -(p * logits.double().log_softmax(-1)).sum(-1).mean()
    mean = p.mean(0)
    return (-(mean * mean.clamp(min=1e-12).log()).sum() - entropy).exp().item()


def build_generator(config: GANConfig, rate: int, samples: int) -> nn.Module:
    """The generator of a configuration, untrained."""
    if config.kind == "codes":
        return CodeGenerator(config.latent, config.autoencoder.code, config.width, config.depth, rate)
    if config.kind == "wavegan":
        return WaveGANGenerator(config.latent, config.width, samples, rate)
    raise LtError(f"unknown kind of GAN {config.kind!r}: choose codes or wavegan")


def build_gan(config: GANConfig, clips: Clips) -> GAN:
    """Generator and critic, untrained."""
    samples = clips.x.shape[1]
    generator = build_generator(config, clips.rate, samples)
    if config.kind == "codes":
        return GAN(generator, code_mlp(config.autoencoder.code, 1, config.width, config.depth, normalised=False))
    return GAN(generator, WaveGANDiscriminator(config.width, samples, config.shuffle))


def fit_gan(
    gan: GAN,
    config: GANConfig,
    clips: Clips,
    generator: torch.Generator,
    *,
    seed: int = 0,
    checkpoint: Path | None = None,
    seconds: float = math.inf,
    every: int = 250,
) -> History:
    """Train ``gan`` on clips, in place. With kind ``codes`` its decoder is that of the autoencoder of ``seed``, which does not move."""
    device = generator.device
    if config.kind == "codes":
        autoencoder, _ = fit_autoencoder(config.autoencoder, clips, seed, device)
        codes = codes_of(autoencoder, clips, config.copies, named_generator("codes of recordings", seed, device))
        gan.generator.decoder.load_state_dict(autoencoder.decoder.state_dict())
        gan.generator.decoder.requires_grad_(False)
        gan.generator.spread.copy_(codes.std(0).clamp(min=0.05))
        players = relativistic_game(gan, config, codes)
    else:
        players = wasserstein_game(gan, config, clips.x.to(device))
    return fit(gan, players, config.training, generator, name=f"GAN of {config.kind}", checkpoint=checkpoint, every=every, seconds=seconds)
