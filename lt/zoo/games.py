"""The adversarial competitors of Table 1: Pix2Pix, CycleGAN and Latent CycleGAN. All see pairs of equal class, drawn anew each step.

Each may be watched while it plays: training items kept aside are translated at every tenth of the run, the judges of the two domains say how
many keep their class, and the weights of the best look of the last third are kept. That favours the competitor: a bridge keeps its last weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt.cache import cached, fingerprint
from lt.errors import LtError
from lt.latents import CHUNK, Latents
from lt.loop import History, Player, Training, default_device, fit
from lt.metrics import agreement
from lt.networks import mlp
from lt.zoo.image_networks import CycleGAN, Pix2Pix, ResNetGenerator, patch_critic
from lt.zoo.pairs import AlignedPairs, Pictures

LEAST_STEPS = 1000  # of a game before one may say that it has stopped getting better
Players = Sequence[Player]
Config = TypeVar("Config", bound=Any)


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


@dataclass(frozen=True, eq=False)
class Aside:
    """Training items that no game learns from, with judges of the results: what watches a game. Index 0 is the source, 1 the target."""

    x: tuple[Tensor, Tensor]  # items as the generators take them, (n, ...) and (m, ...)
    y: tuple[Tensor, Tensor]  # their classes, as the judge of their own domain sees them
    classify: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]  # results in domain 0 and in domain 1 to classes
    judges: str  # what the classes depend on beside the results, such as a fingerprint of weights
    times: int = 10  # looks at the game over a run

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(*self.x, *self.y, self.judges, self.times)

    def back(self) -> "Aside":
        """The same for a game in the other direction."""
        return replace(self, x=self.x[::-1], y=self.y[::-1], classify=self.classify[::-1])


@torch.no_grad()
def watched(generators: Sequence[nn.Module], aside: Aside) -> list[list[float]]:
    """For each direction: the share of the items kept aside that keep their class, and the share of the results in the most common class."""
    scores = []
    for i, network in enumerate(generators):
        made = torch.cat([aside.classify[1 - i](network(part)) for part in aside.x[i].split(CHUNK)])
        scores.append([agreement(aside.y[i], made), made.bincount().max().item() / len(made)])
    return scores


def plateau(scores: Sequence[float], steps: int, passes: float, tolerance: float = 0.01) -> bool:
    """Whether a game has stopped getting better: the best score of the last third of the looks is at most ``tolerance`` above the best before.

    A game that has hardly begun is flat as well: it has no plateau before ``LEAST_STEPS`` steps, nor before every item was seen once, ``passes`` of the
    larger of its two sets.

    >>> plateau([0.1, 0.5, 0.8, 0.81, 0.79, 0.805], 2000, 1.5), plateau([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 2000, 1.5), plateau([0.1, 0.1, 0.1], 200, 1.5)
    (True, False, False)
    """
    last = len(scores) // 3
    rounding = 1e-6  # scores are shares in 32 bits
    return steps >= LEAST_STEPS and passes >= 1 and last > 0 and max(scores[-last:]) <= max(scores[:-last]) + tolerance + rounding


def settings(config: Config, rates: Sequence[float], share: float = 0.1) -> list[Config]:
    """Short versions of a configuration, a ``share`` of its steps, with the learning rate times each of ``rates``."""
    training = config.training
    steps = max(1, round(share * training.steps))
    return [replace(config, training=replace(training, steps=steps, lr=rate * training.lr)) for rate in rates]


def search(fit: Callable, config: Config, rates: Sequence[float], *data: Any) -> Config:
    """The configuration with the learning rate whose short run (:func:`settings`) is best on the items kept aside; one rate needs no run.

    ``data`` is what ``fit`` takes after the configuration: source, target, seed and what watches the game.
    """
    if len(rates) > 1:
        scores = [max(fit(short, *data)[1]["score"]) for short in settings(config, rates)]
        rates = [rates[scores.index(max(scores))]]
    return replace(config, training=replace(config.training, lr=rates[0] * config.training.lr))


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
    config: Pix2PixConfig, source: Pictures, target: Pictures, seed: int, aside: Aside | None = None, device: torch.device | None = None
) -> tuple[Pix2Pix, History]:
    """A Pix2Pix from source to target; the way back is another one."""
    return _fit_pair(_build_pix2pix, _train_pix2pix, config, source, target, aside, seed, device)


def fit_cyclegan(
    config: CycleGANConfig, source: Pictures, target: Pictures, seed: int, aside: Aside | None = None, device: torch.device | None = None
) -> tuple[CycleGAN, History]:
    """A CycleGAN between two sets of pictures, both directions."""
    return _fit_pair(_build_cyclegan, _train_cyclegan, config, source, target, aside, seed, device)


def fit_latent_cyclegan(
    config: CycleGANConfig, source: Latents, target: Latents, seed: int, aside: Aside | None = None
) -> tuple[CycleGAN, History]:
    """A CycleGAN between two latent spaces (section C), both directions, on the device where the latents are."""
    return _fit_pair(_build_latent_cyclegan, _train_latent_cyclegan, config, source, target, aside, seed, source.mean.device)


def _fit_pair(build, train, config, source, target, aside: Aside | None, seed: int, device: torch.device | None):
    """The game from the cache or trained; its history holds, where it was watched, ``score`` and a curve of each direction: ``accuracy 0``, ``most common 0``, ..."""
    key = f"{source.fingerprint}:{target.fingerprint}" + (f":{aside.fingerprint}" if aside else "")
    return cached(build, train, config, (source, target, aside), key, seed, device or default_device())


def _build_pix2pix(config: Pix2PixConfig, data) -> Pix2Pix:
    return _with_curve(Pix2Pix(data[0].x.shape[-1], config.width, config.point), data[2], 1)


def _build_cyclegan(config: CycleGANConfig, data) -> CycleGAN:
    generators = [ResNetGenerator(config.width, config.depth) for _ in range(2)]
    critics = [patch_critic(1, config.width // 2) for _ in range(2)]
    return _with_curve(CycleGAN(generators, critics, config.pool, data[0].x.shape[1:]), data[2], 2)


def _build_latent_cyclegan(config: CycleGANConfig, data) -> CycleGAN:
    sizes = [d.mean.shape[1] for d in data[:2]]
    if sizes[0] != sizes[1]:
        raise LtError(f"latents of {sizes[0]} and {sizes[1]} dimensions: the identity loss of a latent CycleGAN needs one size")

    def network(out: int) -> nn.Module:
        return nn.Sequential(mlp(sizes[0], config.width, config.depth), nn.Linear(config.width, out))

    return _with_curve(CycleGAN([network(sizes[0]) for _ in range(2)], [network(1) for _ in range(2)], config.pool, sizes[:1]), data[2], 2)


def _with_curve(model: nn.Module, aside: Aside | None, directions: int):
    """What watches a game is kept in its state, so that a run that was stopped goes on with it: (looks, directions, 2), nan until then."""
    if aside:
        model.register_buffer("curve", torch.full((aside.times, directions, 2), torch.nan))
    return model


def _train_pix2pix(model, config, data, generator, checkpoint) -> History:
    source, target = _on_device(data[:2], generator.device)
    return _play(model, [model.generator], pix2pix_game(model, config, source, target), config, data, generator, checkpoint, "Pix2Pix")


def _train_cyclegan(model, config, data, generator, checkpoint) -> History:
    source, target = _on_device(data[:2], generator.device)
    pairs = AlignedPairs(source.y, target.y)

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i, j = pairs(config.training.batch, generator)
        return source.x[i], target.x[j]

    return _play(model, model.generators, cyclegan_game(model, config, draw), config, data, generator, checkpoint, "CycleGAN")


def _train_latent_cyclegan(model, config, data, generator, checkpoint) -> History:
    source, target = data[:2]
    pairs = AlignedPairs(source.y, target.y)

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i, j = pairs(config.training.batch, generator)
        return source.sample(generator, i), target.sample(generator, j)

    return _play(model, model.generators, cyclegan_game(model, config, draw), config, data, generator, checkpoint, "latent CycleGAN")


def _play(model, generators, game: Players, config, data, generator: torch.Generator, checkpoint, name: str) -> History:
    """Train by the one loop; with ``aside``, look at the game as often as it says and keep the weights of the best look of the last third.

    An earlier one would be an unfinished game: where a game stays at chance, the best of all looks is a matter of luck.
    """
    source, target, aside = data
    how: dict[str, Any] = {"name": f"{name} {source.name}-{target.name}", "checkpoint": checkpoint}
    if aside is None:
        return fit(model, game, config.training, generator, **how)
    aside = replace(aside, **{part: tuple(t.to(generator.device) for t in getattr(aside, part)) for part in ("x", "y")})
    seen = model.curve

    def validate() -> float:
        nonlocal seen
        look = int((~model.curve[:, 0, 0].isnan()).sum())
        model.curve[look] = torch.tensor(watched(generators, aside))
        seen = model.curve.clone()  # the best weights bring their own, shorter curve back
        late = look >= aside.times - max(1, aside.times // 3)
        return model.curve[look, :, 0].mean().item() - (0 if late else 1)  # shares are in [0, 1]

    history = fit(model, game, config.training, generator, **how, validate=validate, every=-(-config.training.steps // aside.times))
    seen = seen[: len(history["score"])]
    history["score"] = seen[:, :, 0].mean(1).tolist()
    for i, curve in enumerate(seen.unbind(1)):
        history |= {f"accuracy {i}": curve[:, 0].tolist(), f"most common {i}": curve[:, 1].tolist()}
    return history


def _on_device(data: Sequence[Pictures], device: torch.device) -> list[Pictures]:
    return [Pictures(d.name, d.x.to(device), d.y.to(device)) for d in data]
