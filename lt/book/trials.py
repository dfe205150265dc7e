"""The trials of chapter 7: one bridge between two MNIST models, with labels hidden, and what it keeps."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lt import metrics
from lt.book import profiles, setup
from lt.bridge import BridgeConfig, fit_bridge
from lt.errors import LtError
from lt.latents import UNKNOWN, Latents
from lt.loop import named_generator
from lt.zoo import few_labels, quality

CLASSES = 10
KEYS = ("mnist", "mnist_b")  # the two MNIST models of Tables 3 and 4, seeds 0 and 1


@dataclass(frozen=True)
class Trial:
    """One bridge MNIST -> MNIST and its labels: all that a worker needs to know."""

    profile: str  # name of the profile whose base models are joined
    config: BridgeConfig
    seed: int  # of the bridge, and of the draw of labels
    labels: int | None = None  # a class and domain; None for all
    # what stands for labels that are not known: "few" nothing, "spread" those of the neighbours, "clusters" matched clusters (no label at all)
    method: str = "few"


@functools.lru_cache(maxsize=1)  # once a worker
def _pair(profile: str) -> tuple[setup.Setup, list[Latents], int]:
    """Two MNIST models and their data, what bridges see of them, and how many different items that is."""
    ready = setup.models(profiles.get(profile), KEYS)
    return ready, [ready.seen(key) for key in KEYS], len(ready.train("mnist"))


def prepared(seen: Sequence[Latents], items: int, labels: int | None, method: str, seed: int) -> list[Latents]:
    """What a trial trains on: latents (:func:`lt.zoo.few_labels.hide_labels`) with the labels of ``seed``, spread or not.

    Each domain draws its own labelled items: that two models have seen the same corpus pairs nothing.
    """
    if method not in ("few", "spread", "clusters"):
        raise LtError(f"unknown method {method!r}: choose few, spread or clusters")
    if method == "clusters":
        return few_labels.matched_clusters(seen, items, CLASSES)
    few = [few_labels.hide_labels(d, labels, items, named_generator(f"labels {d.name}", seed, d.y.device)) for d in seen]
    return [few_labels.spread_labels(d, items) for d in few] if method == "spread" else few


def measure(trial: Trial) -> dict[str, float]:
    """Held-out accuracies of a trial (:func:`lt.metrics.transfer_accuracy`), ``seconds`` of training, and, where labels have
    names, ``label_accuracy``, the share of the labels it trained with that are true."""
    ready, seen, items = _pair(trial.profile)
    held = ready.held(KEYS[0])
    latents = prepared(seen, items, trial.labels, trial.method, trial.seed)
    bridge = fit_bridge(latents, trial.config, trial.seed)
    ends = ready.domains[KEYS[0]], ready.domains[KEYS[1]]
    scores = metrics.transfer_accuracy(bridge, *ends, ready.test("mnist").x, held, named_generator("evaluation", trial.seed, held.y.device))
    generator = named_generator("evaluation", trial.seed, held.y.device)
    scores["transfer_accuracy_paper_protocol"] = quality.paper_protocol_accuracy(bridge, *ends, seen[0].take(slice(items)), generator)
    used = [(d.y[:items] == s.y[:items])[d.y[:items] != UNKNOWN] for d, s in zip(latents, seen, strict=True)]
    used = torch.cat(used).double()
    return {
        **scores,
        "seconds": bridge.history["seconds"][0],
        **({"label_accuracy": used.mean().item()} if len(used) and trial.method != "clusters" else {}),
    }
