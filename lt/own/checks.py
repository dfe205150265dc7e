"""Can these domains be joined, and if it went wrong, why: reports in plain words before and after training."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lt import losses
from lt.bridge import Bridge, labels_in
from lt.errors import LtError
from lt.latents import Domain, Latents, listed
from lt.loop import named_generator
from lt.metrics import agreement, diversity
from lt.own.inputs import UNKNOWN

ITEMS, FOLDS, FEW = 2000, 5, 10  # items looked at per domain, parts of a cross-validation, labels per class it needs
CARRIES = 0.05  # a dimension carries information if its mean varies by more than this share of its whole variance
RARE, READABLE = 0.2, 0.8  # warn below: a class's share of an even one, labels read off the latents
COLLAPSED, PROTOTYPES, MOVED = 0.5, 0.3, 0.5  # warn: nats below, relative diversity below, share in another class above


@dataclass(repr=False)
class Report:
    """Facts, problems that prevent a training, and warnings that say where its result is limited."""

    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    expected: dict[str, float] = field(default_factory=dict)  # "source->target": transfer accuracy, about

    def __repr__(self) -> str:
        problems = [f"PROBLEM  {line}" for line in self.problems]
        return "\n".join(self.facts + (problems or [f"warning  {line}" for line in self.warnings]))


def preflight(latents: Latents | Sequence[Latents], seed: int = 0) -> Report:
    """Whether a bridge between these domains can work, before it is trained: shapes, values, classes, information.
    A transfer is about as accurate as labels can be read off the source's latents, or as the target's judge is on what
    the target decodes, whichever is less; with fewer than ten labels per class nothing is estimated."""
    latents, report, read, shown = listed(latents), Report(), {}, {}
    fact, warn, problem = report.facts.append, report.warnings.append, report.problems.append
    for d in latents:
        try:
            d.check()
        except LtError as error:
            problem(str(error))
            continue
        moving, known = d.mean.var(0, correction=0), d.take(d.y != UNKNOWN)
        present, count = known.y.unique(return_counts=True)
        active = f"{int((moving > CARRIES * d.variance()).sum())} of {d.size} dimensions carry information"
        fact(f"{d.name}: {len(d):,} items, {active}, {len(known):,} labels of {len(present)} classes")
        if bool((moving <= 1e-12 * d.mean.square().mean()).all()):
            problem(f"{d.name}: every item has the same latent: a bridge has nothing to learn from")
        if not len(known):
            warn(f"{d.name}: no label is known: its classes go where they fit, not where they belong")
            continue
        if rare := present[count < RARE * count.float().mean()].tolist():
            warn(f"{d.name}: class {str(rare)[1:-1]} is rare: less than a fifth of an even share")
        some = _some(known, seed)
        if len(present) < 2 or int(some.y.unique(return_counts=True)[1].min()) < FEW:
            warn(f"{d.name}: too few labels to say how well a transfer keeps the class: give {FEW} of each class")
            continue
        model, read[d.name], shown[d.name] = _model(some), _readable(some), 1.0  # of a model that cannot be asked
        if model:
            shown[d.name] = agreement(model.classify(model.items(some.mean)).to(some.device), some.y)
        fact(f"{d.name}: labels can be read off its latents with an accuracy of about {read[d.name]:.2f}")
        if read[d.name] < READABLE:
            warn(f"{d.name}: labels are hard to read off its latents: a bridge will mix up its classes")
    names = [d.name for d in latents]
    if len(set(names)) < len(names) or len(names) < 2:
        problem(f"these are {', '.join(names) or 'none'}: give two domains or more, each with a name of its own")
    for a, b in [] if report.problems else permutations(latents, 2):
        classes, way = labels_in([b]), f"{a.name} -> {b.name}"
        if classes and (alone := sorted(set(labels_in([a])) - set(classes))):
            warn(f"{way}: class {str(alone)[1:-1]} has no counterpart in {b.name}")
        if a.name in read and b.name in shown:
            paired = torch.isin(a.y[a.y != UNKNOWN], torch.tensor(classes, device=a.device)).double().mean().item()
            about = report.expected[f"{a.name}->{b.name}"] = min(read[a.name], shown[b.name]) * paired
            fact(f"{way}: expect a transfer accuracy of about {about:.2f}")
    return report


@torch.no_grad()
def diagnose(bridge: Bridge, latents: Latents | Sequence[Latents], seed: int = 0) -> Report:
    """What went wrong in a trained bridge, if it did: posterior collapse, a class that maps elsewhere, prototypes.
    Give latents of held-out items: on those that it learned from a bridge looks better than it is."""
    latents, report = listed(latents), Report()
    fact, warn = report.facts.append, report.warnings.append
    for source in latents:
        if bridge.learned.get(source.name) == source.fingerprint:
            warn(f"{source.name}: the bridge learned from these latents, on others it is worse: give held-out ones")
        some = _some(source, seed)
        kl = losses.gaussian_kl(*bridge.encode(some.mean, source.name)).mean().item()
        fact(f"{source.name}: z' holds {kl:.1f} nats per item")
        if kl < COLLAPSED:
            warn(f"{source.name}: posterior collapse, z' holds {kl:.2f} nats per item: lower beta_kl")
        some = some.take(some.y != UNKNOWN)
        for target, model in [(d, _model(d)) for d in latents if d is not source and len(some)]:
            if model is None:
                continue
            way = f"{source.name} -> {target.name}"
            made = model.items(bridge.transfer(some.mean, source.name, target.name))
            found = model.classify(made).to(some.device)
            fact(f"{way}: {agreement(some.y, found):.3f} keep their class")
            for label in some.y.unique().tolist():
                into, count = found[some.y == label].unique(return_counts=True)
                most, share = int(into[count.argmax()]), (count.max() / count.sum()).item()
                if most != label and share > MOVED:
                    warn(f"{way}: class {label} comes out as class {most} ({share:.0%})")
            own = model.items(_some(target, seed).mean)
            with contextlib.suppress(LtError):  # no class has two items
                varied = diversity(made, some.y) / max(diversity(own, model.classify(own)), 1e-12)
                fact(f"{way}: diversity within a class is {varied:.2f} of the target's own")
                if varied < PROTOTYPES:
                    warn(f"{way}: results of one class are nearly one item ({varied:.2f}): lower beta_kl")
    return report


def _some(latents: Latents, seed: int) -> Latents:
    order = torch.randperm(len(latents), generator=named_generator("checks", seed))
    return latents.take(order[:ITEMS].to(latents.device))


def _readable(latents: Latents) -> float:
    """How accurately labels are read off latents: the better of a linear probe and neighbours, cross-validated."""
    readers = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)), KNeighborsClassifier(FOLDS)
    z, y = latents.mean.cpu().numpy(), latents.y.cpu().numpy()
    return max(float(cross_val_score(reader, z, y, cv=FOLDS).mean()) for reader in readers)


def _model(latents: Latents) -> Domain | None:
    """The model of latents, if it can decode and judge."""
    model = latents.domain
    return model if model and model.decode and model.judge else None
