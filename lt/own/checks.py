"""Can these domains be joined, by what, and how well did it go: plain words before and after a training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import permutations
from typing import Any

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lt import losses, metrics
from lt.alignment import spread_labels
from lt.bridge import Bridge, labels_in
from lt.errors import LtError
from lt.latents import CHUNK, Domain, Latents, listed
from lt.loop import named_generator
from lt.own.inputs import UNKNOWN, called, equal

ITEMS, FOLDS, FEW = 2000, 5, 10  # items looked at per domain, parts of a cross-validation, labels per class it needs
CARRIES = 0.05  # a dimension carries information if its mean varies by more than this share of its whole variance
RARE, MOST = 0.2, 0.5  # warn below: a class's share of an even one; spread labels below: the share of items with one
TYPICAL, PER_AXIS = 0.7, 2  # distance of results from the mean of their class, items per dimension its axes need
COLLAPSED, PROTOTYPES, MOVED = 0.5, 0.3, 0.5  # warn: nats below, relative diversity below, share in another class above
COLUMNS = ("transfer_accuracy_true_label", "transfer_accuracy", "diversity", "trustworthiness", "continuity")
FIRST = {
    "pairs": "fit_map(a, b, 'affine', pairs=...) and fit_bridge(..., pairs=...), then compare: pairs say most",
    "most": "fit_map(a, b, 'gaussian_gw', shrink=0.7) and fit_bridge, then compare: classes are known",
    "scarce": "fit_map(a, b, 'prototype') and fit_bridge, then compare: too few items per class for its axes",
    "few": "spread_labels in each domain, then fit_bridge: too few labels do not align it",
    "some": "label a few items of {}, spread_labels, then fit_bridge: classes without labels go where they fit",
    "none": "spectral matching, then a rotation (chapter 13): without labels only models of one kind of data match",
}


@dataclass(repr=False)
class Report:
    """Facts, problems that prevent a training, warnings that say where its result is limited, and what to try first."""

    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    expected: dict[str, float] = field(default_factory=dict)  # "source->target": transfer accuracy, about
    first: str = ""

    def __repr__(self) -> str:
        rest = [f"warning  {line}" for line in self.warnings] + [f"try first  {self.first}"] * bool(self.first)
        return "\n".join(self.facts + ([f"PROBLEM  {line}" for line in self.problems] or rest))


class Comparison(dict[str, metrics.Score]):
    """Scores by name. As text a table: values, and half the widths of their intervals of 95 % over items."""

    def __repr__(self) -> str:
        rows = [["", "true label", "judged class", *COLUMNS[2:]]]
        for name, score in self.items():
            found = [metrics.estimate([score], m) if score.values.get(m) is not None else None for m in COLUMNS]
            cells = [f"{x.value:.2f} ± {((x.high or 0) - (x.low or 0)) / 2:.2f}" if x else "-" for x in found]
            rows.append([str(name), *cells])
        return "\n".join(row[0].ljust(18) + "".join(cell.rjust(16) for cell in row[1:]) for row in rows)


def preflight(latents: Latents | Sequence[Latents], seed: int = 0, pairs: Any = None) -> Report:
    """Whether these domains can be joined, how well, and what to try first: before anything is trained.
    A transfer is about as accurate as labels can be read off the source's latents, times how often the target's judge
    sees the class of typical items that the target decodes. Few labels are spread first, and the domain's own judge
    says how well that goes. ``pairs`` of items, if you have them, change what to try."""
    latents, report, share, read, shown, scarce = listed(latents, check=False), Report(), {}, {}, {}, False
    fact, warn, problem = report.facts.append, report.warnings.append, report.problems.append
    for d in latents:
        try:
            d.check()
        except LtError as error:
            problem(str(error))
            continue
        few, known = _some(d, seed), d.take(d.y != UNKNOWN if (d.y == UNKNOWN).any() else slice(None))  # no copy
        moving, share[d.name] = few.mean.var(0, correction=0), len(known) / len(d)
        present, count = known.y.unique(return_counts=True)
        scarce |= len(known) < PER_AXIS * d.size * len(present)
        active = f"{int((moving > CARRIES * few.variance()).sum())} of {d.size} dimensions carry information"
        fact(f"{d.name}: {len(d):,} items, {active}, {len(known):,} labels of {len(present)} classes")
        if bool((moving <= 1e-12 * few.mean.square().mean()).all()):
            problem(f"{d.name}: every item has the same latent: a bridge has nothing to learn from")
        elif not len(known):
            warn(f"{d.name}: no label is known: its classes go where they fit, not where they belong")
        elif not (found := _asked(d, known, seed)):
            warn(f"{d.name}: too few labels to say how well a transfer keeps the class: give {FEW} of each class")
        else:
            read[d.name], shown[d.name] = found
            how = "be read off" if share[d.name] >= MOST else "spread over"
            fact(f"{d.name}: labels can {how} its latents with an accuracy of about {found[0]:.2f}")
        if rare := present[count < RARE * count.float().mean()].tolist():
            warn(f"{d.name}: class {str(rare)[1:-1]} is rare: less than a fifth of an even share")
    names = [str(d.name) for d in latents]
    if len(set(names)) < len(names) or len(names) < 2:
        problem(f"these are {', '.join(names) or 'none'}: give two domains or more, each with a name of its own")
    if report.problems:
        return report
    for a, b in permutations(listed(latents), 2):  # no names beside numbers
        classes, way = labels_in([b]), f"{a.name} -> {b.name}"
        if classes and (alone := sorted(set(labels_in([a])) - set(classes))):
            warn(f"{way}: class {str(alone)[1:-1]} has no counterpart in {b.name}")
        if a.name in read and b.name in shown:
            paired = torch.isin(a.y[a.y != UNKNOWN], torch.tensor(classes, device=a.device)).cpu().double().mean()
            about = report.expected[f"{a.name}->{b.name}"] = read[a.name] * shown[b.name] * float(paired)
            fact(f"{way}: expect a transfer accuracy of about {about:.2f}")
    none, some = [name for name in names if not share[name]], min(share.values()) < MOST
    what = ("some" if any(share.values()) else "none") if none else "few" if some else "scarce" if scarce else "most"
    report.first = FIRST[what if pairs is None else "pairs"].format(", ".join(none))
    return report


def _asked(latents: Latents, known: Latents, seed: int) -> tuple[float, float] | None:
    """How accurately labels are read off latents, and seen by the judge in typical items; None: nobody can say."""
    model, spread = _model(latents), len(known) < MOST * len(latents)
    some = _some(known, seed)
    labels, place, count = some.y.unique(return_inverse=True, return_counts=True)
    if len(labels) < 2 or (model is None if spread else count.min() < FEW):
        return None
    if model and spread:  # spread the few labels, and let the judge say how well
        more = _some(latents.take(latents.y == UNKNOWN), seed)
        both = Latents("", torch.cat([some.mean, more.mean]), None, torch.cat([some.y, more.y]))
        seen = model.classify(model.items(more.mean)).to(some.device)
        paired = torch.isin(seen, labels)
        right = equal(spread_labels(both).y[len(some) :], seen) & paired
        return (share := right.sum().item() / max(paired.sum().item(), 1)), share
    readers = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)), KNeighborsClassifier(FOLDS)
    z, y = some.mean.cpu().double().numpy(), some.y.cpu().numpy()
    read = max(float(cross_val_score(reader, z, y, cv=FOLDS).mean()) for reader in readers)
    means = torch.stack([some.mean[some.y == label].mean(0) for label in labels])[place]
    typical = means.lerp(some.mean, TYPICAL)
    return read, metrics.agreement(some.y, model.classify(model.items(typical)).to(some.device)) if model else 1.0


@torch.no_grad()
def diagnose(bridge: Bridge, latents: Latents | Sequence[Latents], seed: int = 0) -> Report:
    """What went wrong in a trained bridge, if it did: posterior collapse, a class that maps elsewhere, prototypes.
    Give latents of held-out items: on those that it learned from a bridge looks better than it is."""
    if not isinstance(bridge, Bridge):
        raise LtError(f"{type(bridge).__name__} is no bridge: diagnose(bridge, [a.latents(x, y), b.latents(u, v)])")
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
            way, score = f"{source.name} -> {target.name}", compare({"it": bridge}, some, _some(target, seed))["it"]
            fact(f"{way}: {score['transfer_accuracy_true_label']:.3f} keep their true label, says the target's judge")
            found = model.classify(model.items(bridge.transfer(some.mean, source.name, target.name))).to(some.device)
            for label in some.y.unique().tolist():
                into, count = found[some.y == label].unique(return_counts=True)
                most, share = int(into[count.argmax()]), (count.max() / count.sum()).item()
                if most != label and share > MOVED:
                    warn(f"{way}: class {label} comes out as class {most} ({share:.0%})")
            if (varied := score["diversity"]) is not None:
                fact(f"{way}: diversity within a class is {varied:.2f} of the target's own")
                if varied < PROTOTYPES:
                    warn(f"{way}: results of a class are nearly one item ({varied:.2f}): train on, then lower beta_kl")
    return report


@torch.no_grad()
def compare(methods: Mapping[str, Any], source: Latents, target: Latents) -> Comparison:
    """Bridges, :class:`lt.maps.LatentMap` and functions from latents to latents, by name, on held-out latents.
    Each has its :func:`lt.metrics.transfer_score`: of results in which the target's judge sees the true label, or the
    class that the source's judge sees in its own reconstruction. ``random_projection`` is what a random linear map
    keeps of neighbours, to as few numbers as the smallest bridge has, or as the target if there is no bridge."""
    source, target = listed([source, target])
    if not isinstance(methods, Mapping) or not methods:
        raise LtError("give methods by name: compare({'bridge': bridge, 'mine': my_function}, source, target)")
    a, b, source, scores = _model(source), _model(target), source.take(source.y != UNKNOWN), Comparison()
    z, y, way = source.mean, source.y, (source.name, target.name)
    if b is None or not len(y):
        raise LtError(f"{' -> '.join(way)}: give labels of the source and a target with decode and judge")
    own, judged = b.items(target.mean), a.classify(a.items(z)) if a else y
    unit: dict[str, Any] = {"own": own, "own_y": b.classify(own)}
    for name, method in methods.items():
        move = partial(method.transfer, source=way[0], target=way[1]) if isinstance(method, Bridge) else method
        made = b.items(called(getattr(move, "transfer", move), z, "transfer", str(name), z.device, CHUNK)[0])
        scores[name] = metrics.transfer_score(made, z, y, judged, b.classify, **unit)
    sizes = [method.config.shared for method in methods.values() if isinstance(method, Bridge)]
    return Comparison(scores | {"random_projection": metrics.floor(z, y.cpu(), min(sizes or [target.size]))})


def _some(latents: Latents, seed: int) -> Latents:
    """Random items in the order they have: neighbours are often alike, and belong in one part of a cross-validation."""
    order = torch.randperm(len(latents), generator=named_generator("checks", seed))
    return latents.take(order[:ITEMS].sort().values.to(latents.device))


def _model(latents: Latents) -> Domain | None:
    """The model of latents, if it can decode and judge."""
    model = latents.domain
    return model if model and model.decode and model.judge else None
