"""The objectives, as pure functions of tensors. The first dimension is always the batch."""

import torch
from torch import Tensor
from torch.nn import functional as F


def gaussian_kl(mean: Tensor, std: Tensor) -> Tensor:
    """KL(N(mean, std^2) || N(0, I)) in nats, summed over dimensions: (n, d) to (n,) (Kingma & Welling 2014, B)."""
    return 0.5 * (mean**2 + std**2 - 1 - 2 * std.log()).sum(-1)


def gaussian_nll(x: Tensor, mean: Tensor, sigma: float) -> Tensor:
    """-log N(x; mean, sigma^2 I) in nats up to its constant, summed over dimensions: (n, d) to (n,) (section B.2)."""
    return ((x - mean) ** 2).sum(-1) / (2 * sigma**2)


def squared_error(z: Tensor, z_hat: Tensor, reduction: str = "mean", sizes: Tensor | None = None) -> Tensor:
    """Reconstruction error, a scalar: the batch mean of the squared error, averaged or summed over dimensions.
    The paper's text leaves it open (``sum`` is a spherical Gaussian likelihood); the authors' code averages: with 100
    dimensions a factor of 100 against every other term. ``sizes`` (n,): dimensions of rows with fewer than z (n, d).

    >>> squared_error(torch.zeros(2, 4), torch.ones(2, 4)), squared_error(torch.zeros(2, 4), torch.ones(2, 4), "sum")
    (tensor(1.), tensor(4.))"""
    if reduction not in ("mean", "sum"):
        raise ValueError(f"unknown reduction {reduction!r}: choose mean or sum")
    error = (z - z_hat) ** 2
    if reduction == "sum":
        return error.sum(-1).mean()
    return error.mean() if sizes is None else (error.sum(-1) / sizes).mean()


def random_directions(number: int, dimension: int, generator: torch.Generator) -> Tensor:
    """Unit vectors drawn uniformly from the sphere, (number, dimension), on the generator's device."""
    return F.normalize(torch.randn(number, dimension, generator=generator, device=generator.device), dim=-1)


def sliced_wasserstein(a: Tensor, b: Tensor, directions: Tensor, power: int = 2) -> Tensor:
    """Sliced Wasserstein distance of two sets a, b (n, d) of one size, a scalar (section 3, term 2)."""
    if a.shape != b.shape:
        raise ValueError(f"both sets need one shape, as sorted points are paired: {tuple(a.shape)}, {tuple(b.shape)}")
    return pairwise_sliced_wasserstein(torch.stack([a, b]), directions, power)


def pairwise_sliced_wasserstein(sets: Tensor, directions: Tensor, power: int = 2) -> Tensor:
    """Mean sliced Wasserstein distance over directions (k, d) and all pairs of domains: (domains, n, d) to a scalar.
    Along one direction optimal transport pairs sorted points. ``power`` 2 is the W_2^2 of the paper's text, 1 the mean
    absolute difference of the authors' code. Computed in single precision at least, also under autocast."""
    if power not in (1, 2):
        raise ValueError(f"unknown power {power!r}: choose 1 or 2")
    with torch.autocast(sets.device.type, enabled=False):
        sets = sets.to(torch.promote_types(sets.dtype, torch.float32))
        points = torch.sort(directions.to(sets.dtype) @ sets.mT, dim=-1).values  # (domains, k, n)
        i, j = torch.triu_indices(len(sets), len(sets), 1, device=sets.device)
        difference = points[i] - points[j]  # (pairs, k, n)
        return (difference**2).mean() if power == 2 else difference.abs().mean()


def classification(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of the shared space's linear classifier in nats, a batch mean (section 3, term 3)."""
    return F.cross_entropy(logits.float(), labels)
