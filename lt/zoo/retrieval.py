"""Whether the same item is found again in another latent space, and how alike two spaces are before any map."""

from collections.abc import Callable

import torch
from torch import Tensor

from lt.errors import LtError
from lt.latents import CHUNK
from lt.zoo.quality import neighbours_kept

EQUAL = 1e-6  # cosines that differ by less are the same, in single precision


def check_pairs(a: Tensor, b: Tensor) -> None:
    """Raise :class:`lt.LtError` unless row i of a (n, d) and row i of b (n, e) can be one item."""
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or not len(a):
        shapes = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise LtError(f"pairs of shapes {shapes}: give two tables of as many rows, at least one, where row i is one item in both")


def retrieval(found: Tensor, wanted: Tensor) -> dict[str, float]:
    """``top1`` and ``mrr``, the mean reciprocal rank, of row i of wanted (n, d) among all its rows when row i of found (n, d) is looked up.

    By the cosine about the mean of ``wanted``. Equal similarities have no order: what counts is the mean over all orders, so that a map that sends
    everything to one point has 1/n and H(n)/n, as chance has.

    >>> {name: round(value, 3) for name, value in retrieval(torch.eye(3), torch.eye(3)[[0, 2, 1]]).items()}
    {'top1': 0.333, 'mrr': 0.583}
    """
    check_pairs(found, wanted)
    centre = wanted.float().mean(0)
    a, b = (torch.nn.functional.normalize(part.float() - centre, dim=-1) for part in (found, wanted))
    top1, mrr = [], []
    for start in range(0, len(a), CHUNK):
        similar = a[start : start + CHUNK] @ b.T
        own = similar.diagonal(start)[:, None]
        above = (similar > own + EQUAL).sum(1).double()
        equal = ((similar - own).abs() <= EQUAL).sum(1).double()
        top1.append((above == 0) / equal)
        mrr.append((torch.special.digamma(above + equal + 1) - torch.special.digamma(above + 1)) / equal)  # a mean of 1/rank over ties
    return {"top1": torch.cat(top1).mean().item(), "mrr": torch.cat(mrr).mean().item()}


def mutual_neighbours(a: Tensor, b: Tensor, k: int = 10) -> float:
    """Mean share of common items among the k nearest neighbours of each item in a (n, d) and in b (n, e) (mutual k-NN, Huh et al. 2024)."""
    check_pairs(a, b)
    if not 0 < k < len(a):
        raise LtError(f"{k} neighbours of {len(a)} items: give k from 1 to {len(a) - 1}")
    return neighbours_kept(a, b, k)


def linear_cka(a: Tensor, b: Tensor) -> float:
    """Linear centred kernel alignment of a (n, d) and b (n, e) (Kornblith et al. 2019): 1 for one space up to rotation, scale and shift.

    ``|A'B|^2 / (|A'A| |B'B|)`` in Frobenius norms, with columns centred.
    """
    check_pairs(a, b)
    a, b = (part.double() - part.double().mean(0) for part in (a, b))
    return float((a.T @ b).norm() ** 2 / ((a.T @ a).norm() * (b.T @ b).norm()).clamp(min=1e-12))


def permutation_floor(score: Callable[[Tensor, Tensor], float], a: Tensor, b: Tensor, generator: torch.Generator, times: int = 5) -> float:
    """What ``score(a, b)`` is on average when the rows of b (n, e) are in random order: nothing but chance and the shape of the clouds."""
    orders = [torch.randperm(len(b), generator=generator, device=b.device) for _ in range(times)]
    return sum(score(a, b[order]) for order in orders) / times
