"""Random changes of training items that keep their class."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def jitter(x: Tensor, amount: float, generator: torch.Generator) -> Tensor:
    """Each image (n, 784) rotated, scaled and shifted a little at random: up to 15 degrees, 15 % and 2 pixels times ``amount``."""
    angle, scale, across, down = (2 * torch.rand(4, len(x), generator=generator, device=x.device) - 1) * amount
    angle, scale = angle * math.radians(15), 1 + 0.15 * scale
    cos, sin = scale * angle.cos(), scale * angle.sin()
    shift = 2 / 14  # pixels over half the width: affine_grid counts from -1 to 1
    theta = torch.stack([cos, -sin, shift * across, sin, cos, shift * down], dim=-1).view(-1, 2, 3)
    grid = F.affine_grid(theta, [len(x), 1, 28, 28], align_corners=False)
    return F.grid_sample(x.view(-1, 1, 28, 28), grid, align_corners=False).flatten(1)


def shift_and_gain(mel: Tensor, generator: torch.Generator, shift: int = 4, gain: float = 0.1) -> Tensor:
    """Spectrograms (n, 1, bands, frames) shifted in time by up to ``shift`` frames and raised or lowered by up to ``gain``."""
    n, frames = len(mel), mel.shape[-1]
    offset = torch.randint(-shift, shift + 1, (n, 1), generator=generator, device=mel.device)
    index = torch.arange(frames, device=mel.device) - offset + shift  # into the padded time axis
    padded = F.pad(mel, (shift, shift), value=-1.0)
    moved = padded.gather(-1, index.clamp(0, frames + 2 * shift - 1)[:, None, None].expand_as(mel))
    louder = gain * (2 * torch.rand(n, 1, 1, 1, generator=generator, device=mel.device) - 1)
    return moved + louder * (moved > -1)  # silence stays silent


def mask(mel: Tensor, generator: torch.Generator, widest: int = 12) -> Tensor:
    """Spectrograms (n, 1, 64, 64) with one band of frequencies and one stretch of time silenced (SpecAugment, Park et al. 2019)."""
    n, device = len(mel), mel.device
    place = torch.arange(64, device=device)
    for shape in ((n, 1, 64, 1), (n, 1, 1, 64)):
        width, start = torch.rand(2, n, 1, generator=generator, device=device)
        start, width = start * 64, width * widest
        inside = (place >= start) & (place < start + width)  # (n, 64)
        mel = mel.masked_fill(inside.view(shape), -1.0)
    return mel
