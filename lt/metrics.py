"""How well a transfer keeps class, diversity and neighbourhood, with confidence intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import stats
from sklearn import manifold
from torch import Tensor

from lt.errors import LtError
from lt.latents import Domain, Latents


def agreement(a: Tensor, b: Tensor) -> float:
    """Share of positions where two (n,) label tensors are equal."""
    return (a == b).double().mean().item()


def reconstruction_accuracy(domain: Domain, x: Any) -> float:
    """Share of items (n, ...) whose predicted class survives the base model's encoder and decoder (Table 2, first row)."""
    return agreement(domain.classify(x), domain.classify(domain.items(domain.posterior(x)[0])))


@torch.no_grad()
def transfer_accuracy(
    bridge: Any, source: Domain, target: Domain, x: Any, latents: Latents, generator: torch.Generator
) -> dict[str, float]:
    """Accuracies of one direction on n items x of the source's data and their latents (section 5.2).

    ``transfer_accuracy`` is the share of items whose class, as the source's judge sees the input, equals the class of the result, as the
    target's judge sees it; posterior means throughout. ``_true_label`` compares with the latents' labels instead, ``_sampled`` draws z and z'.
    """
    before = source.classify(x)
    after = target.classify(target.items(bridge.transfer(latents.mean, source.name, target.name)))
    sampled = target.classify(target.items(bridge.transfer(latents.sample(generator), source.name, target.name, generator)))
    return {
        "transfer_accuracy": agreement(before, after),
        "transfer_accuracy_true_label": agreement(latents.y, after),
        "transfer_accuracy_sampled": agreement(before, sampled),
    }


def interval(values: list[float], n: int | None = None, confidence: float = 0.95) -> tuple[float, float | None, float | None]:
    """Mean and confidence interval of a measurement repeated with one or more seeds.

    Two seeds or more: Student's t over seeds. One: Wilson's if the value is a share of ``n`` items, else none. Of shares it is cut to [0, 1].

    >>> [round(v, 3) for v in interval([0.9], n=100)]
    [0.9, 0.826, 0.945]
    """
    mean = float(np.mean(values))
    if len(values) > 1:
        half = stats.sem(values) * stats.t.ppf(0.5 + confidence / 2, len(values) - 1)
        low, high = mean - half, mean + half
        return mean, float(max(0.0, low) if n else low), float(min(1.0, high) if n else high)
    if n is None:
        return mean, None, None
    low, high = stats.binomtest(round(mean * n), n).proportion_ci(confidence, method="wilson")
    return mean, float(low), float(high)


def diversity(x: Tensor, y: Tensor) -> float:
    """Mean Euclidean distance of two different items of one class, averaged over classes: x (n, ...), y (n,). 0 for prototypes.

    >>> diversity(torch.tensor([[0.0], [2.0], [7.0], [7.0]]), torch.tensor([0, 0, 1, 1]))
    1.0
    """
    return float(np.mean([torch.pdist(x[y == label].flatten(1).double()).mean().item() for label in y.unique()]))


def trustworthiness(a: Tensor, b: Tensor, y: Tensor, generator: torch.Generator, k: int = 10) -> float:
    """Whether neighbours in the result b (n, ...) were neighbours in the source a (n, ...), within a class y (n,), averaged over classes.

    1: the k nearest in b are among the k nearest in a; about one half by chance, see :func:`lt.zoo.quality.trustworthiness_by_chance` (Venna & Kaski
    2001; scikit-learn). Equal distances, as among copies of one prototype, are put in an order drawn from ``generator``.
    """
    scale = b.std().clamp(min=1e-6).double()
    b = b.flatten(1).double() + 1e-6 * scale * torch.randn(b.flatten(1).shape, generator=generator, device=b.device).double()
    values = []
    for label in y.unique():
        of_class = y == label
        n = int(of_class.sum())
        if n <= 2 * k:
            need = f"the trustworthiness of {k} neighbours needs more than {2 * k}"
            raise LtError(f"class {int(label)} has {n} items, {need}: give more, or lower k")
        values.append(manifold.trustworthiness(a[of_class].flatten(1).cpu().numpy(), b[of_class].cpu().numpy(), n_neighbors=k))
    return float(np.mean(values))
