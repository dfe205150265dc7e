"""What a bridge sees of a pretrained model: points of its latent space, a way back to data, and a judge of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from lt.cache import fingerprint
from lt.errors import LtError, explained
from lt.loop import named_generator, progress_bar
from lt.networks import sample
from lt.own import inputs
from lt.own.inputs import CHUNK, LARGE, UNKNOWN, labels_of, shape_of


@dataclass(frozen=True, eq=False)
class Latents:
    """Points of one latent space. A VAE gives a posterior per item, a GAN exact points (``std`` is None)."""

    name: str  #: of the domain
    mean: Tensor  #: (n, latent) float32
    std: Tensor | None  #: (n, latent) float32, None for exact points
    y: Tensor  #: (n,) int64 class per item, -1 where it is not known
    domain: Domain | None = field(default=None, repr=False)  #: the model that they come from

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
        if self.mean.numel() < LARGE:
            spread = self.mean.var(0, correction=0)
        else:
            centre, squares = self.mean.mean(0), torch.zeros(self.size, dtype=torch.float64, device=self.device)
            for part in self.mean.split(CHUNK):  # small ones stay in the processor's cache
                squares += (part - centre).square_().double().sum(0)
            spread = (squares / len(self)).to(self.mean)
        return spread if self.std is None else spread + torch.linalg.vector_norm(self.std, dim=0) ** 2 / len(self)

    def take(self, index: Tensor | slice) -> Latents:
        """The latents at ``index``, as :class:`Latents`."""
        return replace(self, mean=self.mean[index], std=None if self.std is None else self.std[index], y=self.y[index])

    def to(self, device: torch.device) -> Latents:
        """The same latents on another device."""
        with explained(f"{self.name}: to({device!r}) fails, give tensors and a device such as 'cpu'"):
            std = None if self.std is None else self.std.to(device)
            return replace(self, mean=self.mean.to(device), std=std, y=self.y.to(device))

    def check(self) -> None:
        """Raise :class:`lt.LtError` for latents that no bridge can learn from: wrong types, shapes, values, labels."""
        inputs.check_latents(self.name, self.mean, self.std, self.y)
        if not isinstance(self.name, str) or not isinstance(self.domain, Domain | None):
            raise LtError(f"Latents({self.name!r}, domain={self.domain!r}): give a text, and an lt.Domain or none")


@explained("give latents, as in [a.latents(x, y), b.accept(1000)]")
def listed(latents: Any, check: bool = True) -> list[Latents]:
    """One or more latents as a list, checked, on the device of the first; raises :class:`lt.LtError` for others."""
    some = [latents] if isinstance(latents, Latents) else list(latents)
    if strange := [type(d).__name__ for d in some if not isinstance(d, Latents)]:
        raise LtError(f"give latents, as in [a.latents(x, y), b.accept(1000)]: {strange[0]} is none")
    for d in some if check else ():
        d.check()
    some = [d.to(some[0].device) for d in some]
    inputs.one_kind(**{f"labels of {d.name}": d.y for d in some if check})
    return some


@dataclass(frozen=True, eq=False)
class Domain:
    """A pretrained generative model of one kind of data, as three functions of batches; any of them may be missing.
    Functions get tensors on ``device``, or slices of a list where items are no numbers. They return tensors, arrays or
    lists with one row per item; ``encode`` returns points, (mean, std), or a torch distribution."""

    name: str
    encode: Callable | None = None  #: x -> mean and std of q(z|x), two of (n, latent); or exact points z (n, latent)
    decode: Callable | None = None  #: z (n, latent) -> x
    judge: Callable | None = None  #: x -> logits or probabilities (n, classes), labels or names (n,)
    latent: int | None = None  #: size of the latent space, needed where there is no encoder
    device: torch.device = torch.device("cpu")  #: device that the functions expect their input on
    judge_gives: str | None = None  #: "logits", "probabilities" or "labels"; if None, seen from the values

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise LtError(f"Domain({self.name!r}): the name comes first: give a text")
        with explained(f"{self.name}: device={self.device!r} fails, give one such as 'cpu'"):
            object.__setattr__(self, "device", torch.device(self.device))
            named_generator("", 0, self.device)  # it can be used
        inputs.chosen(f"{self.name}: judge_gives", self.judge_gives, (None, "logits", "probabilities", "labels"))
        inputs.number(f"{self.name}: latent", 1 if self.latent is None else self.latent, 1)

    def _call(self, what: str, x: Any) -> list[Tensor]:
        """What a function makes of all items: one tensor, or two where ``encode`` gives means and stds."""
        if (function := getattr(self, what)) is None:
            raise LtError(f"{self.name} has no {what}: give one, Domain({self.name!r}, {what}=...)")
        return inputs.called(function, x, what, self.name, self.device, CHUNK)

    def posterior(self, x: Any) -> tuple[Tensor, Tensor | None]:
        """Mean and std of q(z|x) of items x (n, ...), two of (n, latent); std is None where ``encode`` gives points."""
        mean, *rest = (part.float() for part in self._call("encode", x))
        inputs.points(mean, self.latent, f"{self.name}: means")
        for std in rest:
            if std.shape != mean.shape or bool((std < 0).any()):
                given = f"stds of {shape_of(std)}, the smallest {std.min():.3g}, for means of {shape_of(mean)}"
                raise LtError(f"{self.name}: {given}: give stds, as in (0.5 * logvar).exp()")
        return mean, rest[0] if rest else None

    def items(self, z: Any) -> Tensor:
        """Data of latent points: (n, latent) to (n, ...)."""
        return self._call("decode", inputs.points(z, self.latent, f"{self.name}: latents"))[0].float()

    def probabilities(self, x: Any) -> Tensor:
        """The judge's probability of each class: (n, ...) to (n, classes). Rows that sum to one stay as they are."""
        return inputs.as_probabilities(self._call("judge", x)[0], self.judge_gives, self.name)

    def classify(self, x: Any) -> Tensor:
        """The judge's class of each item: (n, ...) to (n,) int64."""
        said = inputs.scores_or_labels(self._call("judge", x)[0], self.judge_gives, self.name)
        return said if said.ndim == 1 else said.argmax(-1)

    def latents(self, x: Any, y: Any = None, copies: int = 0, augment: Any = None, generator: Any = None) -> Latents:
        """Latents of items x (n, ...), of a Dataset or DataLoader, with labels y if given: integers, names or one-hot.
        Those of ``copies`` augmented versions follow, ``augment(x, generator)``, with the same labels."""
        if inputs.number(f"{self.name}: copies", copies, 0) and (generator is None or augment is None):
            raise LtError(f"{self.name}: copies need augment=... and generator=lt.named_generator(...)")
        x, y = inputs.with_labels(x, y, self.name, large=not copies)
        labels = torch.full((len(x),), UNKNOWN) if y is None else labels_of(y, self.name)
        if len(labels) != len(x):
            raise LtError(f"{self.name}: {len(x)} items, {len(labels)} labels: give one per item, -1 where not known")
        moving = x.to(self.device) if isinstance(x, Tensor) else x
        with explained(f"{self.name}: augment fails, call it alone"):
            others = [augment(moving, generator) for _ in range(copies)]
        means, stds = zip(*map(self.posterior, [x, *others]), strict=True)
        mean, std = (p[0] if p[0] is None or not copies else torch.cat(p) for p in (means, stds))  # no second copy
        return Latents(self.name, mean, std, labels.to(self.device).repeat(1 + copies), self)

    def accept(self, per_class: int, seed: int = 0, threshold: float = 0.95, **more: Any) -> Latents:
        """Points of the prior N(0, I) that decode to items of a sure class: see :func:`accepted` (budget, prior)."""
        inputs.number(f"{self.name}: per_class", per_class, 1)
        generator = named_generator(f"accept {self.name}", seed, self.device)
        return accepted(self, per_class, generator, threshold, **more)[0]


@explained("accept: give a prior(n, generator) of points (n, latent)")
def accepted(
    domain: Domain, per_class: int, generator: torch.Generator, threshold: float = 0.95, budget: int = 2_000_000,
    prior: Callable[[int, torch.Generator], Tensor] | None = None
) -> tuple[Latents, Tensor, int]:  # fmt: skip
    """Points of a prior whose decoded items the judge gives a probability of at least ``threshold`` (section 4.1).
    The prior is N(0, I), or ``prior(n, generator)`` (n, latent). Returns the first ``per_class`` of each class with the
    judge's labels, how many of each were accepted (classes,), and how many were drawn, at most ``budget``."""
    if domain.latent is None and prior is None:
        raise LtError(f"{domain.name}: the size of its latent space is not known: Domain({domain.name!r}, latent=...)")
    device, size = generator.device, domain.latent or 0
    inputs.number(f"{domain.name}: threshold", threshold, 0.0, 1)
    inputs.number(f"{domain.name}: budget", budget, 1)
    points, labels, drawn, count = [], [], 0, torch.zeros(1, dtype=torch.int64)
    with progress_bar(name=f"accept {domain.name}", total=budget, unit="sample") as bar:
        while count.min() < per_class:
            if drawn >= budget:
                few = ", ".join(f"{label} ({int(n)})" for label, n in enumerate(count) if n < per_class)
                raise LtError(f"{domain.name}: {drawn:,} samples, too few of class {few}: more budget, lower threshold")
            n = min(CHUNK, budget - drawn)
            some = torch.randn(n, size, generator=generator, device=device) if prior is None else prior(n, generator)
            z = inputs.as_items(some, f"{domain.name}: prior")
            confidence, label = (probability := domain.probabilities(domain.items(z))).max(-1)
            points.append(z[confidence >= threshold])
            labels.append(label[confidence >= threshold])
            drawn += len(z)
            count = torch.cat(labels).bincount(minlength=probability.shape[1]).cpu()
            bar.update(len(z))
    z, y = torch.cat(points), torch.cat(labels)
    first = torch.cat([(y == label).nonzero().flatten()[:per_class] for label in range(len(count))])
    return Latents(domain.name, z[first], None, y[first], domain), count, drawn
