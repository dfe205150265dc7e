"""The adversarial competitors of Table 1: Pix2Pix, CycleGAN and Latent CycleGAN. All see pairs of equal class, drawn anew each step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt.cache import cached
from lt.errors import LtError
from lt.latents import Latents
from lt.loop import History, Player, Training, default_device, fit
from lt.networks import mlp
from lt.zoo.image_networks import CycleGAN, Pix2Pix, ResNetGenerator, patch_critic
from lt.zoo.pairs import AlignedPairs, Pictures

Players = Sequence[Player]


@dataclass(frozen=True)
class Pix2PixConfig:
    """A conditional GAN on pairs of pictures (Isola et al. 2017)."""

    training: Training
    width: int = 16  # channels of the first layer of generator and critic
    l1: float = 100.0  # weight of the mean absolute error against the partner
    point: bool = True  # whether the generator has the layer that sees the whole picture


@dataclass(frozen=True)
class CycleGANConfig:
    """Two generators and two critics on pictures or on latents (Zhu et al. 2017)."""

    training: Training
    width: int = 32  # channels of the first layer (pictures), units a layer (latents)
    depth: int = 3  # residual blocks of a generator (pictures), layers of a network (latents)
    cycle: float = 10.0  # weight of the mean absolute error after going there and back
    identity: float = 5.0  # weight of the mean absolute error of a generator on items that are in its target already
    pool: int = 512  # earlier results that the critics are shown half of the time; at least one batch


def least_squares(logits: Tensor, goal: float) -> Tensor:
    """Least-squares adversarial loss, mean of ``(logits - goal)^2``: 1 is real, 0 is made (Mao et al. 2017)."""
    return ((logits.float() - goal) ** 2).mean()


def cross_entropy(logits: Tensor, goal: float) -> Tensor:
    """Adversarial loss of the first GAN, in nats: 1 is real, 0 is made (Goodfellow et al. 2014)."""
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, goal))


def pix2pix_game(model: Pix2Pix, config: Pix2PixConfig, source: Pictures, target: Pictures) -> Players:
    """Equations 3 and 4 of Isola et al. 2017: a conditional GAN and an L1 term. The critic's loss is halved, as there."""
    pairs = AlignedPairs(source.y, target.y)

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i, j = pairs(config.training.batch, generator)
        return source.x[i], target.x[j]

    def generate(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        x, y = draw(generator)
        made = model.generator(x)
        fooled = cross_entropy(model.critic(torch.cat([x, made], 1)), 1.0)
        l1 = (made - y).abs().mean()
        return {"loss": fooled + config.l1 * l1, "adversarial": fooled, "l1": l1}

    def criticise(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        x, y = draw(generator)
        with torch.no_grad():
            made = model.generator(x)
        real, fake = model.critic(torch.cat([torch.cat([x, y], 1), torch.cat([x, made], 1)])).chunk(2)
        loss = (cross_entropy(real, 1.0) + cross_entropy(fake, 0.0)) / 2
        return {"loss": loss, "critic": loss}

    return [Player(model.generator, generate), Player(model.critic, criticise)]


def cycle_terms(model: CycleGAN, a: Tensor, b: Tensor, with_identity: bool) -> dict[str, Tensor]:
    """Terms of equations 1 to 3 and section 5.2 of Zhu et al. 2017 for batches of both domains, each summed over the two directions."""
    there, back = model.generators
    to_b, to_a = there(a), back(b)
    terms = {
        "adversarial": least_squares(model.critics[1](to_b), 1.0) + least_squares(model.critics[0](to_a), 1.0),
        "cycle": (back(to_b) - a).abs().mean() + (there(to_a) - b).abs().mean(),
    }
    if with_identity:
        terms["identity"] = (there(b) - b).abs().mean() + (back(a) - a).abs().mean()
    return terms


def cyclegan_game(model: CycleGAN, config: CycleGANConfig, draw: Callable[[torch.Generator], tuple[Tensor, Tensor]]) -> Players:
    """The full objective of Zhu et al. 2017 on what ``draw`` returns: a batch of each domain, row by row of equal class.

    No term of it looks at which row met which: the supervision that pairs of equal class offer does not reach the networks.
    """

    def generate(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        terms = cycle_terms(model, *draw(generator), with_identity=config.identity > 0)
        loss = terms["adversarial"] + config.cycle * terms["cycle"]
        if config.identity:
            loss = loss + config.identity * terms["identity"]
        return {"loss": loss, **terms}

    def criticise(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        a, b = draw(generator)
        with torch.no_grad():
            made = model.generators[1](b), model.generators[0](a)
        loss = torch.zeros((), device=a.device)
        for critic, pool, real, fake in zip(model.critics, model.pools, (a, b), made, strict=True):
            fake = pool(fake, generator)
            loss = loss + (least_squares(critic(real), 1.0) + least_squares(critic(fake), 0.0)) / 2
        return {"loss": loss, "critic": loss}

    return [Player(model.generators, generate), Player(model.critics, criticise)]


def fit_pix2pix(
    config: Pix2PixConfig, source: Pictures, target: Pictures, seed: int, device: torch.device | None = None
) -> tuple[Pix2Pix, History]:
    """A Pix2Pix from source to target; the way back is another one."""
    return _fit_pair(_build_pix2pix, _train_pix2pix, config, source, target, seed, device)


def fit_cyclegan(
    config: CycleGANConfig, source: Pictures, target: Pictures, seed: int, device: torch.device | None = None
) -> tuple[CycleGAN, History]:
    """A CycleGAN between two sets of pictures, both directions."""
    return _fit_pair(_build_cyclegan, _train_cyclegan, config, source, target, seed, device)


def fit_latent_cyclegan(config: CycleGANConfig, source: Latents, target: Latents, seed: int) -> tuple[CycleGAN, History]:
    """A CycleGAN between two latent spaces (section C), both directions, on the device where the latents are."""
    return _fit_pair(_build_latent_cyclegan, _train_latent_cyclegan, config, source, target, seed, source.mean.device)


def _fit_pair(build, train, config, source, target, seed: int, device: torch.device | None):
    return cached(build, train, config, (source, target), f"{source.fingerprint}:{target.fingerprint}", seed, device or default_device())


def _build_pix2pix(config: Pix2PixConfig, data: tuple[Pictures, Pictures]) -> Pix2Pix:
    return Pix2Pix(data[0].x.shape[-1], config.width, config.point)


def _build_cyclegan(config: CycleGANConfig, data: tuple[Pictures, Pictures]) -> CycleGAN:
    return CycleGAN(
        [ResNetGenerator(config.width, config.depth) for _ in range(2)],
        [patch_critic(1, config.width // 2) for _ in range(2)],
        config.pool,
        data[0].x.shape[1:],
    )


def _build_latent_cyclegan(config: CycleGANConfig, data: tuple[Latents, Latents]) -> CycleGAN:
    sizes = [d.mean.shape[1] for d in data]
    if sizes[0] != sizes[1]:
        raise LtError(f"latents of {sizes[0]} and {sizes[1]} dimensions: the identity loss of a latent CycleGAN needs one size")

    def network(out: int) -> nn.Module:
        return nn.Sequential(mlp(sizes[0], config.width, config.depth), nn.Linear(config.width, out))

    return CycleGAN([network(sizes[0]) for _ in range(2)], [network(1) for _ in range(2)], config.pool, sizes[:1])


def _train_pix2pix(model, config, data, generator, checkpoint) -> History:
    source, target = _on_device(data, generator.device)
    game = pix2pix_game(model, config, source, target)
    return fit(model, game, config.training, generator, name=f"Pix2Pix {source.name}-{target.name}", checkpoint=checkpoint)


def _train_cyclegan(model, config, data, generator, checkpoint) -> History:
    source, target = _on_device(data, generator.device)
    pairs = AlignedPairs(source.y, target.y)

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i, j = pairs(config.training.batch, generator)
        return source.x[i], target.x[j]

    game = cyclegan_game(model, config, draw)
    return fit(model, game, config.training, generator, name=f"CycleGAN {source.name}-{target.name}", checkpoint=checkpoint)


def _train_latent_cyclegan(model, config, data, generator, checkpoint) -> History:
    source, target = data
    pairs = AlignedPairs(source.y, target.y)

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i, j = pairs(config.training.batch, generator)
        return source.sample(generator, i), target.sample(generator, j)

    game = cyclegan_game(model, config, draw)
    return fit(model, game, config.training, generator, name=f"latent CycleGAN {source.name}-{target.name}", checkpoint=checkpoint)


def _on_device(data: Sequence[Pictures], device: torch.device) -> list[Pictures]:
    return [Pictures(d.name, d.x.to(device), d.y.to(device)) for d in data]
