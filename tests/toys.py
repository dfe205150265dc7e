"""What several tests use: random generators, tiny configurations, small domains in which every answer is known."""

import dataclasses

import torch
from torch import nn

from lt.bridge import BridgeConfig
from lt.latents import Latents
from lt.loop import Training

CPU = torch.device("cpu")
TINY_BRIDGE = BridgeConfig(Training(30, 16), shared=2, width=8, depth=1, projections=8)
# labels weigh much: without that a few hundred steps may lay one domain over the other with classes exchanged
LONG = Training(300, 64, 1e-2, "onecycle")
TOY = BridgeConfig(LONG, shared=3, width=64, depth=2, beta_kl=1e-2, beta_cls=3.0, projections=16)
CENTRES = torch.eye(4)[:3] * 2 - 0.5  # of the classes of blobs


def g(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear(inputs: int, outputs: int) -> int:
    """Weights and biases of one affine map."""
    return inputs * outputs + outputs


def weights(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def turn(d: int, seed: int = 9) -> torch.Tensor:
    """A rotation (d, d)."""
    return torch.linalg.qr(torch.randn(d, d, generator=g(seed)))[0]


def longer(config, steps: int):
    """The same configuration with other steps."""
    return dataclasses.replace(config, training=dataclasses.replace(config.training, steps=steps))


def equal(a: nn.Module, b: nn.Module) -> bool:
    """Whether two models have the same weights, bit for bit."""
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def without_clock(history: dict) -> dict:
    return {k: v for k, v in history.items() if k != "seconds"}


def blobs(name: str = "blobs", n: int = 300, rotate: bool = False, seed: int = 0, spread: float = 0.15) -> Latents:
    """A latent space of three well separated classes in four dimensions, as they are, or turned."""
    y = torch.arange(n) % 3
    mean = CENTRES[y] + spread * torch.randn(n, 4, generator=g(seed))
    if rotate:
        mean = mean @ turn(4, 99)
    return Latents(name, mean, torch.full((n, 4), 0.05), y)


def keeps_class(bridge, source: Latents, target: Latents) -> float:
    """Share of the source's items that come out nearest to the centre of their class in the target."""
    centres = torch.stack([target.mean[target.y == label].mean(0) for label in range(3)])
    with torch.no_grad():
        made = bridge.transfer(source.mean, source.name, target.name)
    return (torch.cdist(made, centres).argmin(-1) == source.y).double().mean().item()
