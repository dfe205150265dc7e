"""What a bridge sees of a pretrained model: points of its latent space, a way back to data, and a judge of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lt import LtError, train
from lt.data import Images, fingerprint, jitter, load

if TYPE_CHECKING:
    from lt.profiles import Profile

CHUNK = 512  # rows a forward pass when a whole split goes through a network


@dataclass(frozen=True)
class Latents:
    """Labelled points of one latent space. A VAE gives a posterior for each item, a GAN exact points (std 0)."""

    name: str
    mean: Tensor  # (n, latent)
    std: Tensor  # (n, latent)
    y: Tensor  # (n,) int64 class of each item

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.mean.cpu().numpy(), self.std.cpu().numpy(), self.y.cpu().numpy())

    def sample(self, generator: torch.Generator) -> Tensor:
        """One draw z ~ q(z|x) for every item, (n, latent)."""
        return self.mean + self.std * torch.randn(self.mean.shape, generator=generator, device=self.mean.device)

    def check(self, classes: int) -> None:
        """Raise :class:`lt.LtError` for latents no bridge could learn from: not finite, a label out of range, an empty class."""
        if not len(self.y):
            raise LtError(f"{self.name}: no items: a bridge needs labelled latents of every class")
        if self.y.dtype != torch.int64:
            raise LtError(f"{self.name}: labels are {self.y.dtype}: give whole numbers, y.long()")
        if not len(self.y) == len(self.mean) == len(self.std):
            raise LtError(f"{self.name}: {len(self.mean)} means, {len(self.std)} stds and {len(self.y)} labels; give one of each an item")
        if self.mean.shape != self.std.shape:
            raise LtError(f"{self.name}: means have shape {tuple(self.mean.shape)} and stds {tuple(self.std.shape)}: give both one shape")
        bad = ~(self.mean.isfinite() & self.std.isfinite()).all(-1)
        if bad.any():
            raise LtError(
                f"{self.name}: {int(bad.sum())} of {len(bad)} latents are not finite, the first is item {int(bad.nonzero()[0])}: retrain or drop them"
            )
        if (self.std < 0).any():
            raise LtError(f"{self.name}: {int((self.std < 0).sum())} standard deviations are negative: give stds, not their logarithms")
        low, high = int(self.y.min()), int(self.y.max())
        if low < 0 or high >= classes:
            raise LtError(f"{self.name}: labels run from {low} to {high}, but there are {classes} classes: use labels 0 to {classes - 1}")
        empty = (self.y.bincount(minlength=classes) == 0).nonzero().flatten().tolist()
        if empty:
            raise LtError(f"{self.name}: no item of class {', '.join(map(str, empty))}: every class needs at least one to be aligned")


@dataclass(frozen=True)
class Domain:
    """A pretrained generative model of one data domain, with the classifier that judges its data."""

    name: str
    model: nn.Module  # encode(x) -> mean, std; decode(z) -> x
    judge: nn.Module  # x -> logits; trained on the same corpus, never used inside a bridge

    @torch.no_grad()
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and std of q(z|x): (n, pixels) to two of (n, latent)."""
        parts = [self.model.encode(chunk) for chunk in x.split(CHUNK)]
        return torch.cat([mean for mean, _ in parts]), torch.cat([std for _, std in parts])

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Data of latent points: (n, latent) to (n, pixels)."""
        return torch.cat([self.model.decode(chunk) for chunk in z.split(CHUNK)])

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """The judge's class of each item: (n, pixels) to (n,) int64."""
        return torch.cat([self.judge(chunk).argmax(-1) for chunk in x.split(CHUNK)])

    def latents(self, images: Images, copies: int = 0, amount: float = 0.0, generator: torch.Generator | None = None) -> Latents:
        """The labelled latents of one split, followed by those of ``copies`` jittered versions of it (:func:`lt.data.jitter`)."""
        if copies and generator is None:
            raise LtError(f"{self.name}: jittered copies need a generator: give lt.train.named_generator(...)")
        device = next(self.model.parameters()).device
        x = images.x.to(device)
        parts = [self.encode(x)] + [self.encode(jitter(x, amount, generator)) for _ in range(copies)]
        mean, std = (torch.cat(part) for part in zip(*parts, strict=True))
        return Latents(self.name, mean, std, images.y.to(device).repeat(1 + copies))


@torch.no_grad()
def accepted_latents(
    domain: Domain,
    per_class: int,
    generator: torch.Generator,
    threshold: float = 0.95,
    budget: int = 2_000_000,
) -> tuple[Latents, Tensor, int]:
    """Points of a GAN's prior whose decoded items the judge is sure of (softmax >= ``threshold``), section 4.1.

    Returns the first ``per_class`` of each class with the judge's labels, how many of each class were accepted in all
    (classes,), and how many points were drawn, at most ``budget``. Raises :class:`lt.LtError` naming the classes that are
    not full by then.
    """
    device = generator.device
    points, labels, drawn = [], [], 0
    count = torch.zeros(0, dtype=torch.int64)
    while not len(count) or count.min() < per_class:
        if drawn >= budget:
            short = ", ".join(f"{label} ({int(n)})" for label, n in enumerate(count) if n < per_class)
            raise LtError(
                f"{domain.name}: of {drawn:,} samples too few were accepted at {threshold} to have {per_class} of class {short}: "
                "raise budget, or lower per_class or threshold"
            )
        z = torch.randn(min(CHUNK, budget - drawn), domain.model.latent, generator=generator, device=device)
        confidence, label = domain.judge(domain.decode(z)).softmax(-1).max(-1)
        keep = confidence >= threshold
        points.append(z[keep])
        labels.append(label[keep])
        drawn += len(z)
        classes = domain.judge.head.out_features
        count = torch.cat(labels).bincount(minlength=classes).cpu()
    z, y = torch.cat(points), torch.cat(labels)
    pick = torch.cat([(y == label).nonzero().flatten()[:per_class] for label in range(len(count))])
    return Latents(domain.name, z[pick], torch.zeros_like(z[pick]), y[pick]), count, drawn


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points on the great circle from a to b, both (d,), at t (steps,) in [0, 1]: (steps, d) (White 2016; Figures 6 and 7).

    The angle goes evenly from one end to the other, and so does the length. Ends in one direction, or at zero, leave no
    circle: the path is straight. Opposite ends leave many: it goes by the coordinate axis that is farthest from both.
    """
    t = t.to(a)[:, None]
    length_a, length_b = a.norm(), b.norm()
    straight = (1 - t) * a + t * b
    if length_a == 0 or length_b == 0:
        return straight
    u, v = a / length_a, b / length_b
    cosine = u @ v
    across = v - cosine * u
    sine = across.norm()
    if sine < 1e-6:
        if cosine > 0:
            return straight
        axis = torch.zeros_like(u)
        axis[u.abs().argmin()] = 1
        across = axis - (axis @ u) * u
    angle = t * torch.atan2(sine, cosine)
    return ((1 - t) * length_a + t * length_b) * (angle.cos() * u + angle.sin() * across / across.norm())


def speech(device: torch.device | None = None) -> Domain:
    """The pretrained GAN of spoken digits and its judge, from ``lt/assets`` (made by ``python -m lt train-gan``)."""
    from lt import gan

    generator, judge = gan.load_pretrained()
    device = device or train.default_device()
    return Domain("speech", generator.to(device), judge.to(device))


def pretrained(name: str, profile: Profile, seed: int = 0) -> tuple[Domain, dict[str, train.History]]:
    """The base VAE of ``seed`` and the judge of one corpus, trained at this profile or taken from the cache, with their histories."""
    images = load(name, "train", profile.source)
    vae, vae_history = train.fit_vae(profile.vae[name], images, seed)
    judge, judge_history = train.fit_classifier(profile.judge[name], images, 0)
    return Domain(name, vae, judge), {f"VAE {name} {seed}": vae_history, f"judge {name}": judge_history}


def training_latents(key: str, domain: Domain, profile: Profile) -> Latents:
    """What the bridges of one profile see of a domain: the latents of its training split and of jittered copies, or accepted samples of a GAN.

    ``key`` tells two models of one corpus apart; the same key, domain and profile always give the same latents.
    """
    device = next(domain.model.parameters()).device
    if key == "speech":
        return accepted_latents(domain, profile.accepted, train.named_generator("accepted", 0, device))[0]
    images = load(domain.name, "train", profile.source)
    generator = train.named_generator(f"latents {key}", 0, device)
    return domain.latents(images, profile.copies, profile.jitter[domain.name], generator)
