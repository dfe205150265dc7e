"""Pairs of equal class, and pictures as convolutional networks see them."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from lt.cache import fingerprint
from lt.errors import LtError
from lt.zoo.vae import Labelled


@dataclass(frozen=True)
class Pictures:
    """Labelled pictures of one channel, as the convolutional networks see them."""

    name: str
    x: Tensor  # (n, 1, size, size) in [-1, 1]
    y: Tensor  # (n,) int64

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.x, self.y)


def pictures(images: Labelled) -> Pictures:
    """A split of a corpus as pictures of 28 x 28."""
    return Pictures(images.name, to_pictures(images.x), images.y)


def to_pictures(x: Tensor) -> Tensor:
    """Pixels (n, 784) in [0, 1] to (n, 1, 28, 28) in [-1, 1]."""
    return 2 * x.view(-1, 1, 28, 28) - 1


@torch.no_grad()
def translate(generator: nn.Module, x: Tensor) -> Tensor:
    """Images (n, 784) in [0, 1] through a generator of pictures, and back to (n, 784) in [0, 1]."""
    device = next(generator.parameters()).device
    return torch.cat([(generator(to_pictures(part.to(device))).flatten(1) + 1) / 2 for part in x.split(512)])


class AlignedPairs:
    """Draws indices of pairs of equal class: the first item uniformly, its partner uniformly from that class of the other set."""

    def __init__(self, first: Tensor, second: Tensor):
        """``first`` (n,) and ``second`` (m,): the labels. Raises :class:`lt.LtError` for a class of the first that the second lacks."""
        classes = int(max(first.max(), second.max())) + 1
        count = second.bincount(minlength=classes)
        alone = [label for label in first.unique().tolist() if not count[label]]
        if alone:
            raise LtError(f"no partner of class {', '.join(map(str, alone))}: pairs of equal class need it in both domains")
        self.first, self.count, self.order = first, count, second.argsort(stable=True)
        self.start = count.cumsum(0) - count  # where each class begins in order

    def __call__(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Indices (n,) into the first and into the second set."""
        device = self.first.device
        i = torch.randint(len(self.first), (n,), generator=generator, device=device)
        return i, self.partner(self.first[i], generator)

    def partner(self, y: Tensor, generator: torch.Generator) -> Tensor:
        """Indices (n,) into the second set, each drawn uniformly from the class y (n,)."""
        place = torch.rand(len(y), generator=generator, device=y.device) * self.count[y]
        # a rounded-up product would be the first item of the next class
        return self.order[self.start[y] + torch.minimum(place.long(), self.count[y] - 1)]
