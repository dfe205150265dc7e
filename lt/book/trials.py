"""The trials of chapters 7 and 10: one bridge from MNIST to another model, with labels hidden, and what it keeps."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from lt import metrics
from lt.book import profiles, setup
from lt.bridge import Bridge, BridgeConfig, fit_bridge
from lt.errors import LtError
from lt.latents import UNKNOWN, Domain, Latents
from lt.loop import default_device, named_generator
from lt.zoo import few_labels, quality

CLASSES = 10
LOCAL = 300  # items a class whose distances and neighbours are looked at
KEYS = ("mnist", "mnist_b")  # the two MNIST models of Tables 3 and 4, seeds 0 and 1


@dataclass(frozen=True)
class Trial:
    """One bridge from MNIST to another domain and its labels: all that a worker needs to know."""

    profile: str  # name of the profile whose base models are joined
    config: BridgeConfig
    seed: int  # of the bridge, and of the draw of labels
    labels: int | None = None  # a class and domain; None for all
    # what stands for labels that are not known: "few" nothing, "spread" those of the neighbours, "clusters" matched clusters (no label at all)
    method: str = "few"
    keys: tuple[str, str] = KEYS  # source, an MNIST model, and target
    base: int = 0  # number of the set of base models


@functools.lru_cache(maxsize=1)  # once a worker, if the trials of one set of base models come together
def _pair(profile: str, keys: tuple[str, str] = KEYS, base: int = 0) -> tuple[setup.Setup, list[Latents], list[int]]:
    """Two models and their data, what bridges see of them, and how many different items that is of each."""
    ready = setup.models(profiles.get(profile), keys, base)
    return ready, [ready.seen(key) for key in keys], [len(ready.own(key)) for key in keys]


def prepared(seen: Sequence[Latents], items: int | Sequence[int], labels: int | None, method: str, seed: int) -> list[Latents]:
    """What a trial trains on: latents (:func:`lt.zoo.few_labels.hide_labels`) with the labels of ``seed``, spread or not.

    Each domain draws its own labelled items: that two models have seen the same corpus pairs nothing. ``items`` is the number of different items of each.
    """
    items = [items] * len(seen) if isinstance(items, int) else items
    if method not in ("few", "spread", "clusters"):
        raise LtError(f"unknown method {method!r}: choose few, spread or clusters")
    if method == "clusters":
        return few_labels.matched_clusters(seen, items[0], CLASSES)
    few = [
        few_labels.hide_labels(d, labels, n, named_generator(f"labels {d.name}", seed, d.y.device))
        for d, n in zip(seen, items, strict=True)
    ]
    return [few_labels.spread_labels(d, n) for d, n in zip(few, items, strict=True)] if method == "spread" else few


def _trained(trial: Trial) -> tuple[setup.Setup, Bridge, dict[str, float]]:
    """The models of a trial, its bridge, and what is known of its training: ``seconds``, and ``label_accuracy``, the share of the labels it
    trained with that are true, where labels have names."""
    ready, seen, items = _pair(trial.profile, trial.keys, trial.base)
    latents = prepared(seen, items, trial.labels, trial.method, trial.seed)
    bridge = fit_bridge(latents, trial.config, trial.seed)
    used = torch.cat([(d.y[:n] == s.y[:n])[d.y[:n] != UNKNOWN] for d, s, n in zip(latents, seen, items, strict=True)]).double()
    facts = {"seconds": bridge.history["seconds"][0]}
    if len(used) and trial.method != "clusters":
        facts["label_accuracy"] = used.mean().item()
    return ready, bridge, facts


def measure(trial: Trial) -> dict[str, float]:
    """Held-out accuracies of a trial (:func:`lt.metrics.transfer_accuracy`) and what is known of its training."""
    return _accuracies(trial, *_trained(trial))


def _accuracies(trial: Trial, ready: setup.Setup, bridge: Bridge, facts: dict[str, float]) -> dict[str, float]:
    _, seen, items = _pair(trial.profile, trial.keys, trial.base)
    held = ready.held(trial.keys[0])
    ends = ready.domains[trial.keys[0]], ready.domains[trial.keys[1]]
    scores = metrics.transfer_accuracy(bridge, *ends, ready.test("mnist").x, held, named_generator("evaluation", trial.seed, held.y.device))
    generator = named_generator("evaluation", trial.seed, held.y.device)
    scores["transfer_accuracy_paper_protocol"] = quality.paper_protocol_accuracy(bridge, *ends, seen[0].take(slice(items[0])), generator)
    return {**scores, **facts}


def measure_across(trial: Trial, per_class: int = 300) -> dict[str, float]:
    """Of a trial between unlike domains: ``transfer_accuracy``, ``diversity`` relative to the target's held-out items, and ``trustworthiness``, all on at
    most ``per_class`` held-out items of each class, and what is known of its training."""
    ready, bridge, facts = _trained(trial)
    source, target = trial.keys
    held, reached = (ready.held(key) for key in trial.keys)
    few, others = (torch.cat([(d.y == label).nonzero().flatten()[:per_class] for label in range(CLASSES)]) for d in (held, reached))
    y, x = held.y[few].cpu(), ready.test("mnist").x[few.cpu()]
    with torch.no_grad():
        made = ready.domains[target].items(bridge.transfer(held.mean[few], source, target))
    real = ready.domains[target].items(reached.mean[others]) if target == "speech" else ready.test(setup.corpus(target)).x[others.cpu()]
    return {
        "transfer_accuracy": metrics.agreement(ready.domains[source].classify(x), ready.domains[target].classify(made)),
        "diversity": metrics.diversity(made.cpu(), y) / metrics.diversity(real.cpu(), reached.y[others].cpu()),
        "trustworthiness": metrics.trustworthiness(x, made.cpu(), y, named_generator("ties", trial.seed)),
        **facts,
    }


@functools.lru_cache(maxsize=2)
def _second_opinion(profile: str) -> tuple[nn.Module, Tensor]:
    """The convolutional judge of MNIST, and its classes of the test digits (n,)."""
    ready = setup.Setup(profiles.get(profile), default_device())
    judge = ready.second_judge("mnist")
    return judge, Domain("mnist", judge=judge, device=ready.device).classify(ready.test("mnist").x)


def measure_all(trial: Trial) -> dict[str, float]:
    """:func:`measure` of a trial between two models of MNIST, and what an accuracy leaves out: the second judge's, ``diversity`` relative to
    real digits, and ``trustworthiness``."""
    ready, bridge, facts = _trained(trial)
    target, test = ready.domains[trial.keys[1]], ready.test("mnist")
    with torch.no_grad():
        made = target.items(bridge.transfer(ready.held(trial.keys[0]).mean, *trial.keys))
    judge, before = _second_opinion(trial.profile)
    pick = torch.cat([(test.y == label).nonzero().flatten()[:LOCAL] for label in range(CLASSES)])
    x, y, results = test.x[pick].cpu(), test.y[pick].cpu(), made[pick.to(made.device)].cpu()
    return {
        **_accuracies(trial, ready, bridge, facts),
        "transfer_accuracy_second_judge": metrics.agreement(before, replace(target, judge=judge).classify(made)),
        "diversity": metrics.diversity(results, y) / metrics.diversity(x, y),
        "trustworthiness": metrics.trustworthiness(x, results, y, named_generator("ties", trial.seed)),
    }
