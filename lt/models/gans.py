"""Networks of the image-to-image competitors, which chapter 5 trains; their game is written there."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from lt.errors import LtError

LEAKY = nn.LeakyReLU(0.2)


def layers(conv: nn.Conv2d | nn.ConvTranspose2d, act: nn.Module | None = None, normed: bool = True) -> nn.Sequential:
    """A convolution, instance normalisation, and an activation (ReLU unless given)."""
    channels = conv.out_channels  # groups of one channel: PyTorch's own instance normalisation is slower on a CPU
    norm = [nn.GroupNorm(channels, channels)] if normed else []
    return nn.Sequential(conv, *norm, act or nn.ReLU())


class UNet(nn.Module):
    """Pictures (n, 1, size, size) to pictures, both in [-1, 1], with skip connections (Isola et al. 2017, 6.1.1).
    They are halved down to one pixel, which sees the whole picture (or with ``point=False`` not), and doubled again.
    There is no dropout: the authors found that the generator learns to ignore noise."""

    def __init__(self, size: int = 28, width: int = 16, point: bool = True):
        super().__init__()
        channels = [1]
        while size % 2 == 0 and size > 8:
            size, channels = size // 2, [*channels, width * 2 ** (len(channels) - 1)]
        down = [layers(nn.Conv2d(a, b, 4, 2, 1), LEAKY, normed=a > 1) for a, b in pairwise(channels)]
        up = [
            layers(nn.ConvTranspose2d(2 * a, b, 4, 2, 1), nn.ReLU() if b > 1 else nn.Tanh(), normed=b > 1)
            for a, b in pairwise(reversed(channels))
        ]
        last = channels[-1]
        to_one_pixel = layers(nn.Conv2d(last, 4 * last, size), LEAKY, normed=False)
        and_back = layers(nn.ConvTranspose2d(4 * last, last, size))
        self.point = nn.Sequential(to_one_pixel, and_back) if point else nn.Identity()
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)

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
    Sized for small pictures: the first and the last layer of the original, at full resolution, are left out."""

    def __init__(self, width: int = 32, blocks: int = 3):
        super().__init__()
        wide = 2 * width
        self.start = nn.Sequential(layers(nn.Conv2d(1, width, 4, 2, 1)), layers(nn.Conv2d(width, wide, 4, 2, 1)))
        acts = [(nn.ReLU(), nn.Identity()) for _ in range(blocks)]
        residual = [nn.Sequential(*[layers(nn.Conv2d(wide, wide, 3, 1, 1), act) for act in two]) for two in acts]
        self.blocks = nn.ModuleList(residual)
        first, last = nn.ConvTranspose2d(wide, width, 4, 2, 1), nn.ConvTranspose2d(width, 1, 4, 2, 1)
        self.end = nn.Sequential(layers(first), layers(last, nn.Tanh(), normed=False))

    def forward(self, x: Tensor) -> Tensor:
        x = self.start(x)
        for block in self.blocks:
            x = x + block(x)
        return self.end(x).float()


def patch_critic(channels: int = 1, width: int = 16) -> nn.Sequential:
    """Pictures (n, channels, s, s) to a logit per patch, (n, 1, s/4 - 1, s/4 - 1) (Isola et al. 2017, 6.1.2)."""
    return nn.Sequential(
        layers(nn.Conv2d(channels, width, 4, 2, 1), LEAKY, normed=False),
        layers(nn.Conv2d(width, 2 * width, 4, 2, 1), LEAKY),
        layers(nn.Conv2d(2 * width, 4 * width, 3, 1, 1), LEAKY),
        nn.Conv2d(4 * width, 1, 4, padding=1),
    )


class ImagePool(nn.Module):
    """Earlier results for a critic to look at again (Shrivastava et al. 2017; Zhu et al. 2017, section 4).
    It keeps and returns what comes in until it is full; then it swaps one item in two for an older one."""

    def __init__(self, size: int, shape: Sequence[int]):
        super().__init__()
        self.register_buffer("items", torch.zeros(size, *shape))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, new: Tensor, generator: torch.Generator) -> Tensor:
        size, n, device = len(self.items), len(new), new.device
        if n > size:
            raise LtError(f"an image pool of {size} cannot take a batch of {n}: give a pool of at least {n}")
        full, new = self.filled >= size, new.to(self.items.dtype)  # tensors decide, so that a CUDA graph can too
        random = torch.rand(size, generator=generator, device=device).argsort()[:n]  # no place twice
        place = random.where(full, (self.filled + torch.arange(n, device=device)) % size)
        heads = (torch.rand(n, generator=generator, device=device) < 0.5).view(n, *[1] * (new.dim() - 1))
        old = self.items[place]
        self.items.index_copy_(0, place, new.where(heads | ~full, old))
        self.filled.copy_((self.filled + n).clamp(max=size))
        return old.where(heads & full, new)


class Pix2Pix(nn.Module):
    """A generator from source to target, and a critic that sees both pictures of a pair."""

    def __init__(self, size: int = 28, width: int = 16):
        super().__init__()
        self.generator, self.critic = UNet(size, width), patch_critic(2, width)


class CycleGAN(nn.Module):
    """Generators in both directions, a critic and a pool per domain. Index 0 is the source, 1 the target."""

    def __init__(self, generators: Sequence[nn.Module], critics: Sequence[nn.Module], pool: int, shape: Sequence[int]):
        super().__init__()
        self.generators = nn.ModuleList(generators)  # [0] goes from 0 to 1, [1] from 1 to 0
        self.critics = nn.ModuleList(critics)  # of domain 0 and of domain 1
        self.pools = nn.ModuleList(ImagePool(pool, shape) for _ in range(2))
