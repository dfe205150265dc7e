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
from lt.loop import named_generator, progress_bar
from lt.networks import sample
from lt.own import inputs
from lt.own.inputs import CHUNK, UNKNOWN, as_items, labels_of, shape_of

Prior = Callable[[int, torch.Generator], Tensor]  # number of points and generator to z (n, latent)


@dataclass(frozen=True, eq=False)
class Latents:
    """Points of one latent space. A VAE gives a posterior per item, a GAN exact points (``std`` is None)."""

    name: str  # of the domain
    mean: Tensor  # (n, latent) float32
    std: Tensor | None  # (n, latent) float32, None for exact points
    y: Tensor  # (n,) int64 class per item, -1 where it is not known
    domain: Domain | None = field(default=None, repr=False)  # the model that they come from

    def __len__(self) -> int:
        return len(self.y)

    @property
    def size(self) -> int:
        """Dimensions of the latent space."""
        return self.mean.shape[-1]

    @property
    def device(self) -> torch.device:
        return torch.device(getattr(self.mean, "device", "cpu"))  # an array has none, and check() says so

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.mean, self.std, self.y)

    def sample(self, generator: torch.Generator, index: Tensor | None = None) -> Tensor:
        """One draw z ~ q(z|x) per item, or per item at ``index`` (m,): (n or m, latent)."""
        some = self if index is None else self.take(index)
        return some.mean if some.std is None else sample(some.mean, some.std, generator)

    def variance(self) -> Tensor:
        """Variance of each number over items and their posteriors: (latent,)."""
        spread = self.mean.var(0, correction=0)
        return spread if self.std is None else spread + torch.linalg.vector_norm(self.std, dim=0) ** 2 / len(self)

    def take(self, index: Tensor | slice) -> Latents:
        """The latents at ``index``, as :class:`Latents`."""
        return replace(self, mean=self.mean[index], std=None if self.std is None else self.std[index], y=self.y[index])

    def to(self, device: torch.device) -> Latents:
        """The same latents on another device."""
        std = None if self.std is None else self.std.to(device)
        return replace(self, mean=self.mean.to(device), std=std, y=self.y.to(device))

    def check(self) -> None:
        """Raise :class:`lt.LtError` for latents that no bridge can learn from: wrong types, shapes, values, labels."""
        parts = [self.mean, self.mean if self.std is None else self.std, self.y]
        kinds, shape = [(getattr(p, "dtype", None), tuple(np.shape(p))) for p in parts], tuple(np.shape(self.mean))
        if kinds != [(torch.float32, shape), (torch.float32, shape), (torch.int64, shape[:1])] or len(shape) != 2:
            given = ", ".join(f"{w} {t} {s}" for w, (t, s) in zip(("means", "stds", "labels"), kinds, strict=True))
            raise LtError(f"{self.name}: {given}: give float32 tensors (n, latent) and one int64 label per item")
        if not len(self):
            raise LtError(f"{self.name}: no items: a bridge needs latents to learn from")
        bad = ~(parts[0].isfinite() & parts[1].isfinite()).all(-1)
        if bad.any():
            where = f"{int(bad.sum())} of {len(bad)} latents are not finite, the first is item {int(bad.nonzero()[0])}"
            raise LtError(f"{self.name}: {where}: retrain the model or drop these items")
        if self.std is not None and bool((self.std < 0).any()):
            raise LtError(f"{self.name}: {int((self.std < 0).sum())} stds are negative: give no logarithms of stds")
        if self.y.min() < UNKNOWN:
            raise LtError(f"{self.name}: a label is {int(self.y.min())}: labels begin at 0, or are -1 where not known")


def listed(latents: Any) -> list[Latents]:
    """One or more latents as a list, on the device of the first; raises :class:`lt.LtError` for anything else."""
    some = list(latents) if hasattr(latents, "__iter__") else [latents]
    if strange := [type(d).__name__ for d in some if not isinstance(d, Latents)]:
        raise LtError(f"give latents, as in [a.latents(x, y), b.accept(1000)]: {strange[0]} is none")
    return [d.to(some[0].device) if d.device != some[0].device else d for d in some]


@dataclass(frozen=True, eq=False)
class Domain:
    """A pretrained generative model of one kind of data, as three functions of batches; any of them may be missing.

    Without ``encode`` it is a target only, without ``decode`` a source only, without ``judge`` it cannot be scored.
    Functions get tensors on ``device``, or slices of a list where items are no numbers. They return tensors, arrays or
    lists with one row per item; ``encode`` returns points, (mean, std), or a torch distribution.
    """

    name: str
    encode: Callable | None = None  # x -> mean and std of q(z|x), two of (n, latent); or exact points z (n, latent)
    decode: Callable | None = None  # z (n, latent) -> x
    judge: Callable | None = None  # x -> logits or probabilities (n, classes), or labels (n,); trained on data alone
    latent: int | None = None  # size of the latent space, needed where there is no encoder
    device: torch.device = torch.device("cpu")  # device that the functions expect their input on
    judge_gives: str | None = None  # "logits", "probabilities" or "labels"; None: seen from the values

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", torch.device(self.device))
        if self.judge_gives not in (None, "logits", "probabilities", "labels"):
            raise self._error(f"judge_gives={self.judge_gives!r}: choose logits, probabilities or labels")

    def _error(self, text: str) -> LtError:
        return LtError(f"{self.name}: {text}")

    def _call(self, what: str, x: Any) -> list[tuple[Any, int]]:
        """What a function returns for each chunk of x, and how many items that chunk has."""
        function, parts = getattr(self, what), []
        if function is None:
            raise LtError(f"{self.name} has no {what}: give one, Domain({self.name!r}, {what}=...)")
        x = as_items(x, f"{self.name}: items to {what}")
        x = x.to(self.device) if isinstance(x, Tensor) else x
        if not len(x):
            raise self._error(f"nothing to {what}: give at least one item")
        with torch.no_grad(), inputs.evaluating(self.name, function):
            for part in (x[i : i + CHUNK] for i in range(0, len(x), CHUNK)):
                try:
                    parts.append((function(part), len(part)))
                except inputs.FAILURES as error:
                    given = f"{what} failed on {shape_of(part)} ({inputs.first_line(error)})"
                    raise self._error(f"{given}: check what it takes; one item x is a batch x[None]") from error
        return parts

    def _tensor(self, what: str, parts: list[tuple[Any, int]]) -> Tensor:
        """What a function returned, as one tensor, after a check: one row per item, one shape, finite."""
        done: list[Tensor] = []
        for out, rows in parts:
            part = as_items(out, f"{self.name}: result of {what}")
            if not isinstance(part, Tensor) or len(part) != rows or part.shape[1:] != (done or [part])[0].shape[1:]:
                given = f"{shape_of(part)} for {rows} items" + (f" after {shape_of(done[0])}" if done else "")
                raise self._error(f"{what} gives {given}: give numbers, one row per item, all of one shape")
            if not part.isfinite().all():
                raise self._error(f"{what} gives NaN or infinite values: check weights and the scale of its input")
            done.append(part.detach().to(self.device))
        return torch.cat(done)

    def _of_size(self, z: Any, what: str = "latents") -> Any:
        if np.ndim(z) != 2 or self.latent not in (None, z.shape[1]):
            raise self._error(f"{what} of {shape_of(z)}: give (n, {self.latent or 'latent'}), one row per item")
        return z

    def posterior(self, x: Any) -> tuple[Tensor, Tensor | None]:
        """Mean and std of q(z|x) of items x (n, ...), two of (n, latent); std is None where ``encode`` gives points."""
        parts = [(inputs.mean_and_std(out, self.name), rows) for out, rows in self._call("encode", x)]
        mean = self._of_size(self._tensor("encode", [(m, rows) for (m, _), rows in parts]).float(), "means")
        if parts[0][0][1] is None:
            return mean, None
        std = self._of_size(self._tensor("encode", [(s, rows) for (_, s), rows in parts]).float(), "stds")
        if std.shape != mean.shape or bool((std < 0).any()):
            given = f"stds of {shape_of(std)}, the smallest {std.min():.3g}, for means of {shape_of(mean)}"
            raise self._error(f"{given}: give one std per mean, not a log variance: (0.5 * logvar).exp()")
        return mean, std

    def items(self, z: Any) -> Tensor:
        """Data of latent points: (n, latent) to (n, ...)."""
        z = self._of_size(as_items(z, f"{self.name}: latents"))
        return self._tensor("decode", self._call("decode", z)).float()

    def _judged(self, x: Any) -> Tensor:
        """What the judge says: scores (n, classes) or labels (n,)."""
        said, gives = self._tensor("judge", self._call("judge", x)), self.judge_gives
        if said.ndim == 1 and (gives == "labels" or (gives is None and not said.is_floating_point())):
            return labels_of(said, f"{self.name}: judge").to(self.device)
        if said.ndim != 2 or said.shape[1] < 2 or gives == "labels":
            wanted = (
                "integer labels (n,)" if gives == "labels" else "scores (n, classes), as [1 - p, p], or integer labels"
            )
            raise self._error(f"the judge gives {said.dtype} of {shape_of(said)}: give {wanted}")
        return said

    def probabilities(self, x: Any) -> Tensor:
        """The judge's probability of each class: (n, ...) to (n, classes). Probabilities are not changed.

        Where ``judge_gives`` does not say it, rows that sum to one, as exactly as their type and rounding allow, are
        probabilities. Raises :class:`lt.LtError` for percentages, labels, and rows of both kinds.
        """
        return inputs.as_probabilities(self._judged(x), self.judge_gives, self.name)

    def classify(self, x: Any) -> Tensor:
        """The judge's class of each item: (n, ...) to (n,) int64."""
        said = self._judged(x)
        return said if said.ndim == 1 else said.argmax(-1)

    def latents(self, x: Any, y: Any = None, copies: int = 0, augment: Any = None, generator: Any = None) -> Latents:
        """Latents of items x (n, ...) with labels y (n,), unknown if not given; x may be a Dataset or DataLoader.

        Those of ``copies`` augmented versions follow, ``augment(x, generator)``, with the same labels.
        """
        x, y = inputs.with_labels(x, y, self.name)
        versions = [x]
        for _ in range(copies):
            if generator is None or augment is None:
                raise LtError(f"{self.name}: copies need augment=... and generator=lt.named_generator(...)")
            versions.append(augment(x.to(self.device) if isinstance(x, Tensor) else x, generator))
        means, stds = zip(*map(self.posterior, versions), strict=True)
        labels = torch.full((len(x),), UNKNOWN) if y is None else labels_of(y, self.name)
        if len(labels) != len(x):
            raise LtError(f"{self.name}: {len(x)} items, {len(labels)} labels: give one per item, -1 where not known")
        std = None if stds[0] is None else torch.cat(stds)
        return Latents(self.name, torch.cat(means), std, labels.to(self.device).repeat(1 + copies), self)

    def accept(self, per_class: int, seed: int = 0, threshold: float = 0.95, **more: Any) -> Latents:
        """Points of the prior N(0, I) that decode to items of a sure class: see :func:`accepted` (budget, prior)."""
        generator = named_generator(f"accept {self.name}", seed, self.device)
        return accepted(self, per_class, generator, threshold, **more)[0]


def accepted(
    domain: Domain,
    per_class: int,
    generator: torch.Generator,
    threshold: float = 0.95,
    budget: int = 2_000_000,
    prior: Prior | None = None,
) -> tuple[Latents, Tensor, int]:
    """Points of a prior whose decoded items the judge gives a probability of at least ``threshold`` (section 4.1).

    Returns the first ``per_class`` of each class with the judge's labels, how many of each were accepted (classes,),
    and how many points were drawn, at most ``budget``. Raises :class:`lt.LtError` naming the classes not full by then.
    """
    if domain.latent is None and prior is None:
        raise LtError(f"{domain.name}: the size of its latent space is not known: Domain({domain.name!r}, latent=...)")
    points, labels, drawn, count = [], [], 0, torch.zeros(1, dtype=torch.int64)
    with progress_bar(name=f"accept {domain.name}", total=budget, unit="sample") as bar:
        while count.min() < per_class:
            if drawn >= budget:
                short = ", ".join(f"{label} ({int(n)})" for label, n in enumerate(count) if n < per_class)
                few = f"{drawn:,} samples have fewer than {per_class} accepted at {threshold} of class {short}"
                raise LtError(f"{domain.name}: {few}: raise budget, or lower per_class or threshold")
            n = min(CHUNK, budget - drawn)
            z = (
                prior(n, generator)
                if prior
                else torch.randn(n, domain.latent or 0, generator=generator, device=generator.device)
            )
            probability = domain.probabilities(domain.items(z))
            confidence, label = probability.max(-1)
            points.append(z[confidence >= threshold])
            labels.append(label[confidence >= threshold])
            drawn += len(z)
            count = torch.cat(labels).bincount(minlength=probability.shape[1]).cpu()
            bar.update(len(z))
    z, y = torch.cat(points), torch.cat(labels)
    pick = torch.cat([(y == label).nonzero().flatten()[:per_class] for label in range(len(count))])
    return Latents(domain.name, z[pick], None, y[pick], domain), count, drawn
