"""Can these domains be joined, and if it went wrong, why: reports in plain words before and after training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from lt import losses
from lt.bridge import Bridge
from lt.errors import LtError
from lt.latents import UNKNOWN, Latents
from lt.loop import named_generator
from lt.metrics import agreement, diversity

ITEMS, NEIGHBOURS = 4000, 5  # items looked at a domain, and neighbours that vote on a label
CARRIES = 0.05  # a dimension carries information if the variance of its mean is more than this share of its whole variance
RARE, READABLE = 0.2, 0.8  # warn below: a class's share of an even one, labels read by neighbours
COLLAPSED, PROTOTYPES, MOVED = 0.5, 0.3, 0.5  # warn: nats of KL below, relative diversity below, share of a class in another above


@dataclass
class Report:
    """Facts, problems and warnings: ``problems`` prevent a training, ``warnings`` say where its result will be limited."""

    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ceilings: dict[str, float] = field(default_factory=dict)  # "source->target": transfer accuracy to expect at most

    @property
    def ok(self) -> bool:
        """Whether there are no problems."""
        return not self.problems

    def __str__(self) -> str:
        groups = (("", self.facts), ("PROBLEM  ", self.problems), ("warning  ", self.warnings))
        return "\n".join(f"{word}{line}" for word, lines in groups for line in lines)


def preflight(latents: Sequence[Latents], seed: int = 0) -> Report:
    """Whether a bridge between these domains can work, before it is trained.

    Checks shapes, finite values, balance of classes, dimensions that carry information, and how accurately nearest neighbours predict labels
    from latents. A transfer is not expected to be more accurate than that prediction in the source, nor than the target judge is on what the
    target decodes: the smaller of the two is the ceiling of each direction.
    """
    report = Report()
    read, shown = {}, {}
    for d in latents:
        try:
            d.check()
        except LtError as error:
            report.problems.append(str(error))
            continue
        known = d.y != UNKNOWN
        total = d.mean.var(0) + (d.std**2).mean(0)
        active = int((d.mean.var(0) > CARRIES * total.clamp(min=1e-12)).sum())
        line = f"{d.name}: {len(d):,} items, {active} of {d.size} dimensions carry something, {int(known.sum()):,} labels"
        if not active:
            report.problems.append(f"{d.name}: no dimension tells one item from another: every item has the same latent")
        if known.any():
            count = d.y[known].bincount().float()
            present = (count > 0).nonzero().flatten().tolist()
            line += f" of {len(present)} classes"
            rare = [c for c in present if count[c] < RARE * count[count > 0].mean()]
            if rare:
                report.warnings.append(f"{d.name}: class {', '.join(map(str, rare))} is rare: fewer than a fifth of an even share")
            read[d.name] = _readable(d.take(known.nonzero().flatten()), seed)
            line += f", read off by {NEIGHBOURS} nearest neighbours with accuracy {read[d.name]:.2f}"
            if read[d.name] < READABLE:
                report.warnings.append(
                    f"{d.name}: labels are hard to read off the latents ({read[d.name]:.2f}): transfers from it cannot be better"
                )
            shown[d.name] = _shown(d.take(known.nonzero().flatten()[_some(int(known.sum()), seed)]))
        else:
            report.warnings.append(f"{d.name}: no label is known: its classes will go wherever they fit, not where they belong")
        report.facts.append(line)
    names = [d.name for d in latents]
    if report.problems:
        return report
    if len(set(names)) < len(names) or len(names) < 2:
        report.problems.append(f"a bridge needs two or more domains with different names, these are {', '.join(names)}")
    classes = {d.name: set(d.y.unique().tolist()) - {UNKNOWN} for d in latents}
    for a in names:
        for b in names:
            alone = sorted(classes[a] - classes[b])
            if a != b and alone and classes[b]:
                report.warnings.append(f"{a} -> {b}: class {', '.join(map(str, alone))} has no counterpart in {b}")
            if a != b and a in read and b in read:
                bound = min(read[a], shown[b]) * paired(latents[names.index(a)], classes[b])
                report.ceilings[f"{a}->{b}"] = bound
                report.facts.append(f"{a} -> {b}: expect a transfer accuracy of at most about {bound:.2f}")
    return report


def paired(latents: Latents, classes: set[int]) -> float:
    """Share of the labelled items whose class is one of ``classes``."""
    y = latents.y[latents.y != UNKNOWN]
    return torch.isin(y, torch.tensor(sorted(classes), device=y.device)).double().mean().item()


def diagnose(bridge: Bridge, latents: Sequence[Latents], seed: int = 0) -> Report:
    """What went wrong in a trained bridge, if it did: a collapsed posterior, a class that maps elsewhere, prototypes instead of variety."""
    report = Report()
    for source in latents:
        index = _some(len(source), seed)
        z, y = source.mean[index], source.y[index]
        with torch.no_grad():
            mean, std = bridge.encode(z, source.name)
        kl = losses.gaussian_kl(mean, std).mean().item()
        report.facts.append(f"{source.name}: z' holds {kl:.1f} nats about an item")
        if kl < COLLAPSED:
            report.warnings.append(
                f"{source.name}: z' tells almost nothing about an item ({kl:.2f} nats): the KL term has won, lower beta_kl"
            )
        for target in latents:
            if target.name == source.name or target.domain is None or target.domain.decode is None or target.domain.judge is None:
                continue
            with torch.no_grad():
                made = target.domain.items(bridge.transfer(z, source.name, target.name))
            found = target.domain.classify(made).to(y.device)
            direction, known = f"{source.name} -> {target.name}", y != UNKNOWN
            if not known.any():
                continue
            report.facts.append(f"{direction}: {agreement(y[known], found[known]):.3f} keep their class")
            for label in y[known].unique().tolist():
                share = found[y == label].bincount(minlength=label + 1).float() / (y == label).sum()
                if int(share.argmax()) != label and share.max() > MOVED:
                    report.warnings.append(f"{direction}: class {label} comes out as class {int(share.argmax())} ({share.max():.0%})")
            own = target.domain.items(target.mean[_some(len(target), seed)][:1000])
            varied = _variety(made[known][:1000], y[known][:1000]) / max(_variety(own, target.domain.classify(own)), 1e-12)
            if varied != varied:  # no class has two items
                continue
            report.facts.append(f"{direction}: variety within a class is {varied:.2f} of the target's own")
            if varied < PROTOTYPES:
                report.warnings.append(
                    f"{direction}: results of one class are nearly one item ({varied:.2f} of the target's own variety): lower beta_kl"
                )
    return report


def _variety(x: Tensor, y: Tensor) -> float:
    """:func:`lt.metrics.diversity` over the classes that have two items or more; not a number if none has."""
    y = y.to(x.device)
    several = torch.isin(y, torch.tensor([k for k in y.unique().tolist() if (y == k).sum() > 1], device=x.device))
    return diversity(x[several].cpu(), y[several].cpu()) if several.any() else float("nan")


def _some(n: int, seed: int) -> Tensor:
    return torch.randperm(n, generator=named_generator("checks", seed))[:ITEMS]


def _readable(latents: Latents, seed: int) -> float:
    """Accuracy of nearest neighbours on a fifth of the items that they have not seen."""
    pick = _some(len(latents), seed).to(latents.mean.device)
    z, y = latents.mean[pick].cpu().numpy(), latents.y[pick].cpu().numpy()
    held = max(1, len(y) // 5)
    model = KNeighborsClassifier(min(NEIGHBOURS, max(1, len(y) - held))).fit(z[held:], y[held:])
    return float(model.score(z[:held], y[:held]))


def _shown(latents: Latents) -> float:
    """How often the domain's judge sees the label in what its decoder makes; 1 where there is no decoder or no judge to ask."""
    domain = latents.domain
    if domain is None or domain.decode is None or domain.judge is None:
        return 1.0
    return agreement(domain.classify(domain.items(latents.mean)).to(latents.y.device), latents.y)
