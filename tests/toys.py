"""What several tests use: random generators, tiny configurations, made-up images, and whether two models are one."""

import dataclasses

import torch
from torch import nn

from lt.bridge import BridgeConfig
from lt.datasets.images import Images
from lt.latents import Domain, Latents
from lt.loop import Training
from lt.zoo.vae import JudgeConfig, VAEConfig

CPU = torch.device("cpu")
TINY_VAE = VAEConfig(Training(30, 16), width=8, depth=1, latent=3)
TINY_JUDGE = JudgeConfig(Training(30, 16), width=8, depth=1)
TINY_BRIDGE = BridgeConfig(Training(30, 16), shared=2, width=8, depth=1, projections=8)

# labels weigh much: without that a few hundred steps may lay one domain over the other with classes exchanged
TOY = BridgeConfig(Training(300, 64, 1e-2, "onecycle"), shared=3, width=64, depth=2, beta_kl=1e-2, beta_cls=3.0, projections=16)


def g(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def longer(config, steps: int, schedule: str = "constant"):
    """The same configuration with other steps."""
    return dataclasses.replace(config, training=dataclasses.replace(config.training, steps=steps, schedule=schedule))


def made_up(n: int = 60, pixels: int = 12, seed: int = 0) -> Images:
    """Ten prototypes of twelve pixels with a little noise."""
    y = torch.arange(n) % 10
    prototypes = torch.rand(10, pixels, generator=g(7)).round() * 0.8 + 0.1
    x = (prototypes[y] + 0.02 * torch.randn(n, pixels, generator=g(seed))).clamp(0, 1)
    return Images("mnist", "train", "embedded", x, y)


def equal(a: nn.Module, b: nn.Module) -> bool:
    """Whether two models have the same weights, bit for bit."""
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def without_clock(history: dict) -> dict:
    return {k: v for k, v in history.items() if k != "seconds"}


def lopsided(name: str, seed: int, n: int = 300, copies: int = 0) -> Latents:
    """Three classes whose centres are 3, 4 and 6 apart, turned and moved by the seed: what tells them apart is distances alone."""
    generator = g(seed)
    centres = torch.tensor([[0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0], [-1.1667, 3.8261, 0.0, 0.0]])
    turn, _ = torch.linalg.qr(torch.randn(4, 4, generator=generator))
    y = torch.arange(n) % 3
    mean = (centres[y] + 0.6 * torch.randn(n, 4, generator=generator)) @ turn + torch.randn(4, generator=generator)
    return Latents(name, mean.repeat(1 + copies, 1), torch.full((n * (1 + copies), 4), 0.05), y.repeat(1 + copies))


def tone(hertz: float, seconds: float = 1.024, rate: int = 8_000) -> torch.Tensor:
    return torch.sin(2 * torch.pi * hertz * torch.arange(int(seconds * rate)) / rate)


# ---------------------------------------------------------------- a world of three classes in which every answer is known

X = torch.eye(3)[torch.arange(60) % 3]
Y = torch.arange(60) % 3


def three(name: str, std: float = 0.0, decode=lambda z: z, judge=lambda x: x) -> Domain:
    """A base model whose latents are its data: three numbers, the class is the largest."""
    return Domain(name, lambda x: (x, torch.full_like(x, std)), decode, judge)


def constant(z: torch.Tensor) -> torch.Tensor:
    """Decodes everything as class 0."""
    return torch.eye(3)[torch.zeros(len(z), dtype=torch.int64)]


def held(source: Domain, x: torch.Tensor = X, y: torch.Tensor = Y) -> Latents:
    return Latents(source.name, *source.posterior(x), y)


class Rolling:
    """A bridge that rolls classes by ``shift`` when it goes from a to b, and back again; records how it was asked."""

    def __init__(self, shift: int = 0):
        self.shift, self.asked, self.seen = shift, [], []

    def transfer(self, z, source, target, generator=None):
        self.asked.append((source, target, generator is not None))
        self.seen.append(z)
        if generator is not None:
            z = z + 0 * torch.randn(z.shape, generator=generator)
        return z.roll({("a", "b"): self.shift, ("b", "a"): -self.shift}[source, target], -1)
