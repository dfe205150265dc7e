"""What a bridge sees of a pretrained model: points of its latent space, a way back to data, and a judge of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lt.cache import fingerprint
from lt.errors import LtError
from lt.loop import named_generator
from lt.networks import sample

CHUNK = 512  # rows a forward pass when a whole split goes through a network
UNKNOWN = -1  # the label of an item whose class is not known


@dataclass(frozen=True)
class Latents:
    """Points of one latent space. A VAE gives a posterior for each item, a GAN exact points (std 0)."""

    name: str  # of the domain
    mean: Tensor  # (n, latent)
    std: Tensor  # (n, latent)
    y: Tensor  # (n,) int64 class of each item, -1 where it is not known
    domain: Domain | None = field(default=None, compare=False, repr=False)  # the model that they come from

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.mean, self.std, self.y)

    @property
    def size(self) -> int:
        """Dimensions of the latent space."""
        return self.mean.shape[-1]

    def __len__(self) -> int:
        return len(self.y)

    def sample(self, generator: torch.Generator, index: Tensor | None = None) -> Tensor:
        """One draw z ~ q(z|x) for every item, or for those at ``index`` (m,): (n or m, latent)."""
        return sample(self.mean, self.std, generator) if index is None else sample(self.mean[index], self.std[index], generator)

    def take(self, index: Tensor | slice) -> Latents:
        """The latents at ``index``, as :class:`Latents`."""
        return replace(self, mean=self.mean[index], std=self.std[index], y=self.y[index])

    def to(self, device: torch.device) -> Latents:
        """The same latents on another device."""
        return replace(self, mean=self.mean.to(device), std=self.std.to(device), y=self.y.to(device))

    def check(self) -> None:
        """Raise :class:`lt.LtError` for latents that no bridge can learn from: none, of unequal lengths, not finite, impossible labels."""
        if not len(self.y):
            raise LtError(f"{self.name}: no items: a bridge needs latents to learn from")
        if not all(isinstance(part, Tensor) for part in (self.mean, self.std, self.y)) or self.y.dtype != torch.int64:
            raise LtError(
                f"{self.name}: give means and stds as float tensors and labels as an int64 tensor: Domain.latents makes them of arrays"
            )
        if not len(self.y) == len(self.mean) == len(self.std) or self.mean.shape != self.std.shape:
            shapes = f"means {tuple(self.mean.shape)}, stds {tuple(self.std.shape)}, {len(self.y)} labels"
            raise LtError(f"{self.name}: {shapes}: give one of each an item, means and stds of one shape")
        bad = ~(self.mean.isfinite() & self.std.isfinite()).all(-1)
        if bad.any():
            where = f"{int(bad.sum())} of {len(bad)} latents are not finite, the first is item {int(bad.nonzero()[0])}"
            raise LtError(f"{self.name}: {where}: retrain or drop them")
        if (self.std < 0).any():
            raise LtError(f"{self.name}: {int((self.std < 0).sum())} standard deviations are negative: give stds, not their logarithms")
        if self.y.min() < UNKNOWN:
            raise LtError(f"{self.name}: a label is {int(self.y.min())}: use 0, 1, 2, ..., and -1 where the class is not known")


@dataclass(frozen=True, eq=False)
class Domain:
    """A pretrained generative model of one kind of data, as three functions of batches; any of them may be missing.

    Without ``encode`` it is a target only, without ``decode`` a source only, without ``judge`` its results cannot be scored.
    Functions may return PyTorch tensors or NumPy arrays; they get tensors on ``device``, or slices of whatever list ``x`` is.
    """

    name: str
    encode: Callable | None = None  # x -> mean and std of q(z|x), two of (n, latent); or exact points z (n, latent)
    decode: Callable | None = None  # z (n, latent) -> x
    judge: Callable | None = None  # x -> logits or probabilities (n, classes), by a classifier that is trained on data alone
    latent: int | None = None  # size of the latent space, needed where there is no encoder
    device: torch.device = torch.device("cpu")  # device that the functions expect their input on

    def _call(self, what: str, x: Any) -> list:
        function = getattr(self, what)
        if function is None:
            raise LtError(f"{self.name} has no {what}: give one, Domain({self.name!r}, {what}=...)")
        if isinstance(x, np.ndarray):
            x = torch.from_numpy(x)
            x = x.float() if x.is_floating_point() else x
        if isinstance(x, Tensor):
            x = x.to(self.device)
        if not len(x):
            raise LtError(f"{self.name}: nothing to {what}: give at least one item")
        with torch.no_grad():
            return [function(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)]

    def posterior(self, x: Any) -> tuple[Tensor, Tensor]:
        """Mean and std of q(z|x) of items x (n, ...), two of (n, latent); std is 0 where ``encode`` gives exact points."""
        parts = self._call("encode", x)
        if not isinstance(parts[0], tuple):
            return (mean := _joined(parts, self.device)), torch.zeros_like(mean)
        return _joined([mean for mean, _ in parts], self.device), _joined([std for _, std in parts], self.device)

    def items(self, z: Tensor) -> Tensor:
        """Data of latent points: (n, latent) to (n, ...)."""
        return _joined(self._call("decode", z), self.device)

    def probabilities(self, x: Any) -> Tensor:
        """The judge's probability of each class: (n, ...) to (n, classes). Outputs that sum to one already are not changed."""
        scores = _joined(self._call("judge", x), self.device)
        if scores.ndim != 2:
            raise LtError(f"{self.name}: the judge gives shape {tuple(scores.shape)}: give logits or probabilities, (n, classes)")
        given = bool((scores >= 0).all()) and bool(((scores.sum(-1) - 1).abs() < 1e-3).all())
        return scores if given else scores.softmax(-1)

    def classify(self, x: Any) -> Tensor:
        """The judge's class of each item: (n, ...) to (n,) int64."""
        return self.probabilities(x).argmax(-1)

    def latents(
        self,
        x: Any,
        y: Any = None,
        copies: int = 0,
        augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
        generator: torch.Generator | None = None,
    ) -> Latents:
        """The latents of items x (n, ...) with labels y (n,), all unknown if none are given; then those of ``copies`` augmented versions."""
        versions = [x]
        for _ in range(copies):
            if generator is None or augment is None:
                raise LtError(f"{self.name}: copies need an augmentation and a generator: give augment=... and lt.named_generator(...)")
            versions.append(augment(x.to(self.device), generator))
        mean, std = (torch.cat(part) for part in zip(*map(self.posterior, versions), strict=True))
        labels = torch.full((len(x),), UNKNOWN) if y is None else labels_of(y, self.name)
        if not len(labels) == len(x) == len(mean) // (1 + copies):
            counts = f"{len(x)} items, {len(mean) // (1 + copies)} latents and {len(labels)} labels"
            raise LtError(f"{self.name}: {counts}: give one of each an item, label -1 where the class is not known")
        return Latents(self.name, mean, std, labels.to(self.device).repeat(1 + copies), self)

    def accept(self, per_class: int, seed: int = 0, threshold: float = 0.95, budget: int = 2_000_000) -> Latents:
        """Points of the prior N(0, I) whose decoded items the judge classifies with confidence: see :func:`accepted`."""
        return accepted(self, per_class, named_generator(f"accept {self.name}", seed, self.device), threshold, budget)[0]


def labels_of(y: Any, name: str = "labels") -> Tensor:
    """Labels (n,) of any whole-number type as int64; raises :class:`lt.LtError` for words, fractions and other shapes."""
    try:
        given = torch.as_tensor(np.asarray(y)) if not isinstance(y, Tensor) else y
    except TypeError as error:
        raise LtError(f"{name}: labels are no numbers: count the classes from 0, as in np.unique(y, return_inverse=True)[1]") from error
    if given.ndim != 1 or not bool((given == given.long()).all()):
        raise LtError(
            f"{name}: labels are {given.dtype} of shape {tuple(given.shape)}: give one whole number an item, -1 if it is not known"
        )
    return given.long()


def _joined(parts: list, device: torch.device) -> Tensor:
    return torch.cat([part if isinstance(part, Tensor) else torch.as_tensor(np.asarray(part)) for part in parts]).float().to(device)


def accepted(
    domain: Domain, per_class: int, generator: torch.Generator, threshold: float = 0.95, budget: int = 2_000_000
) -> tuple[Latents, Tensor, int]:
    """Points of a GAN's prior whose decoded items the judge classifies with a softmax of at least ``threshold`` (section 4.1).

    Returns the first ``per_class`` of each class with the judge's labels, how many of each class were accepted in all
    (classes,), and how many points were drawn, at most ``budget``. Raises :class:`lt.LtError` naming the classes that are
    not full by then.
    """
    if domain.latent is None:
        raise LtError(f"{domain.name}: the size of its latent space is not known: Domain({domain.name!r}, latent=...)")
    points, labels, drawn = [], [], 0
    count = torch.zeros(0, dtype=torch.int64)
    while not len(count) or count.min() < per_class:
        if drawn >= budget:
            short = ", ".join(f"{label} ({int(n)})" for label, n in enumerate(count) if n < per_class)
            few = f"of {drawn:,} samples too few were accepted at {threshold} to have {per_class} of class {short}"
            raise LtError(f"{domain.name}: {few}: raise budget, or lower per_class or threshold")
        z = torch.randn(min(CHUNK, budget - drawn), domain.latent, generator=generator, device=generator.device)
        probability = domain.probabilities(domain.items(z))
        confidence, label = probability.max(-1)
        keep = confidence >= threshold
        points.append(z[keep])
        labels.append(label[keep])
        drawn += len(z)
        count = torch.cat(labels).bincount(minlength=probability.shape[1]).cpu()
    z, y = torch.cat(points), torch.cat(labels)
    pick = torch.cat([(y == label).nonzero().flatten()[:per_class] for label in range(len(count))])
    return Latents(domain.name, z[pick], torch.zeros_like(z[pick]), y[pick], domain), count, drawn
