"""Networks of the image-to-image competitors, which chapter 5 trains; their game is written there."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lt.errors import LtError


def instance_norm(channels: int) -> nn.Module:
    """Instance normalisation as groups of one channel: the function of PyTorch's own, a quarter faster on a CPU."""
    return nn.GroupNorm(channels, channels)


def conv(a: int, b: int, kernel: int, stride: int = 1, normed: bool = True, act: nn.Module | None = None) -> list:
    """A convolution from a to b channels, instance normalisation and an activation (ReLU unless given)."""
    norm = [instance_norm(b)] if normed else []
    return [nn.Conv2d(a, b, kernel, stride, (kernel - 1) // 2), *norm, act or nn.ReLU()]


class UNet(nn.Module):
    """Pictures (n, 1, size, size) to pictures, both in [-1, 1], with skip connections (Isola et al. 2017, 6.1.1).

    They are halved down to one pixel, which sees the whole picture, and doubled again. Without it (``point=False``) an
    output depends on a patch. There is no dropout: the authors found that the generator learns to ignore noise.
    """

    def __init__(self, size: int = 28, width: int = 16, point: bool = True):
        super().__init__()
        sizes, channels = [size], [1]
        while sizes[-1] % 2 == 0 and sizes[-1] > 8:
            sizes.append(sizes[-1] // 2)
            channels.append(width if len(channels) == 1 else 2 * channels[-1])
        down = [conv(a, b, 4, 2, normed=a > 1, act=nn.LeakyReLU(0.2)) for a, b in itertools.pairwise(channels)]
        self.down = nn.ModuleList(nn.Sequential(*layers) for layers in down)
        last = channels[-1]
        to_one_pixel = [nn.Conv2d(last, 4 * last, sizes[-1]), nn.LeakyReLU(0.2)]
        and_back = [nn.ConvTranspose2d(4 * last, last, sizes[-1]), instance_norm(last), nn.ReLU()]
        self.point = nn.Sequential(*to_one_pixel, *and_back) if point else nn.Identity()
        self.up = nn.ModuleList()
        for a, b in itertools.pairwise(reversed(channels)):
            act = [nn.Tanh()] if b == 1 else [instance_norm(b), nn.ReLU()]
            self.up.append(nn.Sequential(nn.ConvTranspose2d(2 * a, b, 4, 2, 1), *act))

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        x = self.point(x)
        for layer, skip in zip(self.up, reversed(skips), strict=True):
            x = layer(torch.cat([x, skip], 1))
        return x.float()


class ResNetGenerator(nn.Module):
    """Pictures (n, 1, size, size) to pictures, both in [-1, 1]: halved twice and doubled twice (Zhu et al. 2017, 7.2).

    Sized for small pictures: the first and the last layer of the original, at full resolution, are left out.
    """

    def __init__(self, width: int = 32, blocks: int = 3):
        super().__init__()
        wide = 2 * width
        self.start = nn.Sequential(*conv(1, width, 4, 2), *conv(width, wide, 4, 2))
        self.blocks = nn.ModuleList(
            nn.Sequential(*conv(wide, wide, 3), *conv(wide, wide, 3, act=nn.Identity())) for _ in range(blocks)
        )
        first = [nn.ConvTranspose2d(wide, width, 4, 2, 1), instance_norm(width), nn.ReLU()]
        self.end = nn.Sequential(*first, nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        x = self.start(x)
        for block in self.blocks:
            x = x + block(x)
        return self.end(x).float()


def patch_critic(channels: int = 1, width: int = 16) -> nn.Sequential:
    """Pictures (n, channels, s, s) to a logit per patch, (n, 1, s/4 - 1, s/4 - 1) (Isola et al. 2017, 6.1.2)."""
    act = nn.LeakyReLU(0.2)
    return nn.Sequential(
        *conv(channels, width, 4, 2, normed=False, act=act),
        *conv(width, 2 * width, 4, 2, act=act),
        *conv(2 * width, 4 * width, 3, act=act),
        nn.Conv2d(4 * width, 1, 4, padding=1),
    )


class ImagePool(nn.Module):
    """Earlier results for a critic to look at again (Shrivastava et al. 2017; Zhu et al. 2017, section 4).

    Until it is full, it keeps and returns what comes in. Then each item is, with probability one half, swapped for an
    older one, which is returned in its place.
    """

    def __init__(self, size: int, shape: Sequence[int]):
        super().__init__()
        self.register_buffer("items", torch.zeros(size, *shape))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, new: Tensor, generator: torch.Generator) -> Tensor:
        size, n = len(self.items), len(new)
        if n > size:
            raise LtError(f"an image pool of {size} cannot take a batch of {n}: give a pool of at least {n}")
        new = new.to(self.items.dtype)
        full = self.filled >= size
        # different places, so that no item of a batch overwrites another; tensors decide, so that a CUDA graph can too
        random = torch.rand(size, generator=generator, device=new.device).argsort()[:n]
        place = torch.where(full, random, (self.filled + torch.arange(n, device=new.device)) % size)
        heads = torch.rand(n, generator=generator, device=new.device) < 0.5
        column = (n,) + (1,) * (new.dim() - 1)
        old = self.items[place]
        self.items.index_copy_(0, place, torch.where((heads | ~full).view(column), new, old))
        self.filled.copy_((self.filled + n).clamp(max=size))
        return torch.where((heads & full).view(column), old, new)


class Pix2Pix(nn.Module):
    """A generator from source to target, and a critic that sees both pictures of a pair."""

    def __init__(self, size: int = 28, width: int = 16, point: bool = True):
        super().__init__()
        self.generator, self.critic = UNet(size, width, point), patch_critic(2, width)


class CycleGAN(nn.Module):
    """Generators in both directions, a critic and a pool per domain. Index 0 is the source, 1 the target."""

    def __init__(self, generators: Sequence[nn.Module], critics: Sequence[nn.Module], pool: int, shape: Sequence[int]):
        super().__init__()
        self.generators = nn.ModuleList(generators)  # [0] goes from 0 to 1, [1] from 1 to 0
        self.critics = nn.ModuleList(critics)  # of domain 0 and of domain 1
        self.pools = nn.ModuleList(ImagePool(pool, shape) for _ in range(2))
