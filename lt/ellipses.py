"""The paper's synthetic problem (Figures 2 and 9): two ellipses in the plane are the latent spaces of two models."""

import math

import torch
from torch import Tensor

from lt.latents import Latents
from lt.loop import named_generator

CENTRES = torch.tensor([[-0.5, 0.0], [0.5, 0.0]])
RADII = torch.tensor([[1.0, 0.5], [0.5, 1.0]])  # horizontal, vertical
# class 1 is where w0 x + w1 y + bias > 0: below the middle of ellipse 1, right of that of ellipse 2
HALVES = ((0.0, -1.0, 0.0), (1.0, 0.0, -0.5))


def attribute(points: Tensor, domain: int) -> Tensor:
    """Where points (n, 2) lie along their ellipse, in [0, 1), (n,): that of ellipse 2 starts a quarter turn later."""
    x, y = ((points.cpu() - CENTRES[domain]) / RADII[domain]).T
    return (torch.atan2(y, x) / (2 * math.pi) + 0.25 * domain) % 1


def label(points: Tensor, domain: int) -> Tensor:
    """The class of points (n, 2), (n,): the second half of ellipse 1 belongs with the first half of ellipse 2."""
    return ((attribute(points, domain) >= 0.5) == (domain == 0)).long()


def on_target(points: Tensor, domain: int, within: float = 0.15) -> float:
    """The share of points (n, 2) on the ellipse of a domain: distance 1 +- ``within`` from its centre, in its radii."""
    radius = ((points.cpu() - CENTRES[domain]) / RADII[domain]).norm(dim=-1)
    return ((radius - 1).abs() < within).double().mean().item()


def draw(name: str, n: int, noise: float = 0.025) -> list[Latents]:
    """n points of each ellipse as exact latents, from generators of that name; the class is that of the noisy point."""
    found = []
    for d in (0, 1):
        generator = named_generator(f"{name} {d}", 0)
        t = 2 * math.pi * torch.rand(n, generator=generator)
        points = CENTRES[d] + RADII[d] * torch.stack([t.cos(), t.sin()], dim=-1)
        points = points + noise * torch.randn(n, 2, generator=generator)
        found.append(Latents(f"ellipse {d + 1}", points, None, label(points, d)))
    return found
