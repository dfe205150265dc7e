"""Choose the settings of the book's own recipe on training items kept aside: ``python -m lt select``. The test split is never read.

Base models, judges and bridges learn from the other training items alone: a VAE of each corpus, and the second one of MNIST.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor

from lt import datasets, metrics
from lt.book import profiles, records, setup
from lt.book.profiles import Profile
from lt.bridge import Bridge, fit_bridge
from lt.cache import code_version
from lt.datasets.images import CORPORA, Images
from lt.errors import LtError
from lt.latents import Domain, Latents
from lt.loop import default_device, named_generator
from lt.tools.sweeps import ahead, sweep
from lt.zoo import pretrained, quality, vae
from lt.zoo.augment import jitter

PUBLISHED = "laptop"  # the profile whose selection is committed, in book/results/selection
ITEMS = 300  # kept-aside items a class whose variety and neighbours are looked at
_SCHEDULE = ("steps", "batch", "lr", "muon", "average")

# what is tried: settings by the names of their fields in VAEConfig, BridgeConfig, Training and Profile; the profile's own are added
GROUPS: dict[str, list[dict[str, Any]]] = {
    "kl": [{"beta_kl": weight} for weight in (3e-4, 1e-3, 2e-3, 5e-3, 2e-2)],
    "classification": [{"beta_cls": weight} for weight in (0.05, 0.3, 1.0, 3.0)],
    "swd": [{"beta_swd": weight} for weight in (0.3, 1.0, 3.0)],
    "schedule": [
        dict(zip(_SCHEDULE, values, strict=True))
        for values in (
            (4000, 128, 1.5e-3, 0.0, 0.0),  # published first
            (3000, 128, 4e-3, 0.0, 0.995),
            (1000, 128, 2e-3, 0.02, 0.99),
            (700, 192, 2e-3, 0.02, 0.99),
            (700, 256, 2e-3, 0.02, 0.99),
            (700, 256, 2e-3, 0.04, 0.99),
            (1300, 256, 2e-3, 0.02, 0.0),
            (1300, 256, 2e-3, 0.02, 0.99),
            (2600, 256, 2e-3, 0.02, 0.0),  # the longest take less than a minute of one core
            (2600, 256, 2e-3, 0.02, 0.99),
        )
    ],
    "width": [{"width": units} for units in (64, 128, 256, 512)],
    "copies": [{"copies": number} for number in (0, 2, 4)],
    "bases": [{"warmup": w} for w in (0.0, 0.3, 0.5)],  # of the MNIST VAEs, compared by the bridges over them
    "jitter": [{"jitter": [digits, clothes]} for digits, clothes in ((0.35, 0.2), (0.7, 0.4), (1.0, 0.6))],
    "vae_mnist": [{"warmup": w, "jitter": j} for w, j in ((0.0, 0.5), (0.3, 0.5), (0.5, 0.5), (0.3, 0.0), (0.3, 0.25))],
    "vae_fashion": [{"warmup": w, "jitter": j} for w, j in ((0.0, 0.0), (0.3, 0.0), (0.5, 0.0), (0.5, 0.25), (0.5, 0.5))],
    "speech": [
        {"beta_kl": kl, "beta_cls": cls}
        for kl, cls in (*itertools.product((3e-4, 1e-3), (0.3, 1.0, 3.0)), (1e-4, 3.0), (3e-4, 10.0), (5e-3, 1.0))
    ],
    "many": [{"width": width, "beta_swd": swd} for width, swd in ((128, 5.0), (256, 1.0), (256, 2.0), (256, 5.0), (256, 15.0))],
}
# what decides among candidates that are about as accurate and about as varied, where it is not the accuracy
DECIDES = {"width": "seconds", "vae_mnist": "elbo", "vae_fashion": "elbo"}
# differences that count as none: about what another set of base models changes (the intervals of chapter 3)
MARGIN = 0.01  # in accuracy
SPREAD = {"accuracy": 0.02, "seconds": 0.05}  # in relative diversity; more where cost decides
_EQUALS = f"of those within {MARGIN} of the best accuracy, "
_VARIED = "and of these within {} of the largest diversity, "
RULES = {
    "accuracy": _EQUALS + _VARIED.format(SPREAD["accuracy"]) + "the most accurate",
    "elbo": _EQUALS + "the largest ELBO",
    "seconds": _EQUALS + _VARIED.format(SPREAD["seconds"]) + "the fewest seconds",
}


def choose(rows: Sequence[dict], decides: str = "accuracy", margin: float = MARGIN, spread: float | None = None) -> dict:
    """The row that the rule takes (``RULES``), the first of equals; raises :class:`lt.LtError` if there is none, or for a score that is not finite.

    ``margin`` and ``spread`` (``SPREAD`` if it is not given) are the differences in accuracy and in diversity below which candidates count as equals.
    """

    def near(rows: Sequence[dict], score: str, margin: float) -> list[dict]:
        best = max(row[score] for row in rows)
        return [row for row in rows if row[score] >= best - margin - 1e-9]  # a margin of floating point

    if not rows:
        raise LtError("nothing to choose from: give one candidate or more")
    for row in rows:
        for score in {"accuracy", decides, decides if decides == "elbo" else "diversity"}:
            if not math.isfinite(row[score]):
                raise LtError(f"{row['candidate']}: {score} is {row[score]}: a candidate that cannot be judged cannot be compared")
    close = near(rows, "accuracy", margin)
    if decides != "elbo":
        close = near(close, "diversity", SPREAD[decides] if spread is None else spread)
    return min(close, key=lambda row: row["seconds"]) if decides == "seconds" else max(close, key=lambda row: row[decides])


def own(budget: Profile, group: str) -> dict[str, Any]:
    """What a profile has of the settings that a group varies."""
    return {name: _settings(budget, group)[name] for name in GROUPS[group][0]}


def candidates(budget: Profile, group: str) -> dict[str, dict[str, Any]]:
    """The settings that a group tries, by name, the profile's own among them; raises :class:`lt.LtError` for an unknown group."""
    if group not in GROUPS:
        raise LtError(f"unknown group {group!r}: choose from {', '.join(GROUPS)}")
    tried = [*GROUPS[group], *([] if own(budget, group) in GROUPS[group] else [own(budget, group)])]
    return {words(settings): settings for settings in tried}


def words(settings: dict[str, Any]) -> str:
    """Settings as people read them.

    >>> words({"beta_kl": 0.002, "accepted": 6000}), words({"jitter": [0.7, 0.4]})
    ('KL weight 0.002, latents a class 6000', 'jitter 0.7 / 0.4')
    """
    names = {"beta_kl": "KL weight", "beta_cls": "classification weight", "beta_swd": "SWD weight", "lr": "rate", "muon": "Muon"}
    names |= {"average": "running mean", "accepted": "latents a class", "warmup": "warm-up"}
    said = {name: " / ".join(map(str, value)) if isinstance(value, list) else f"{value:.6g}" for name, value in settings.items()}
    return ", ".join(f"{names.get(name, name)} {value}" for name, value in said.items())


@functools.cache
def parts(name: str, source: str) -> tuple[Images, Images]:
    """The training items of a corpus that a selection learns from, and those kept aside: the last 10,000 of the full corpora, the last
    fifth of each class of the embedded ones, which are sorted by class."""
    images = datasets.images.load(name, "train", source)
    aside = torch.zeros(len(images), dtype=torch.bool)
    if source == "full":
        aside[-10_000:] = True
    else:
        for label in images.y.unique():
            of_class = (images.y == label).nonzero().flatten()
            aside[of_class[len(of_class) * 4 // 5 :]] = True
    learned, kept = (replace(images, split=split, x=images.x[i], y=images.y[i]) for split, i in (("learned", ~aside), ("aside", aside)))
    return learned, kept


@dataclass(frozen=True)
class Trial:
    """One candidate and seed: all that a worker needs."""

    profile: str
    group: str
    settings: dict[str, Any]
    seed: int


def measure(trial: Trial) -> dict[str, dict[str, float]]:
    """Train a candidate, or take it from the cache, and score it on what was kept aside: scores by direction, and mean seconds of a training."""
    budget = profiles.get(trial.profile)
    config = _changed(_config(budget, trial.group), trial.settings)
    found, seconds = {}, []
    if trial.group in ("vae_mnist", "vae_fashion"):
        corpus = trial.group.removeprefix("vae_")
        learned, kept = parts(corpus, budget.source)
        model, history = vae.fit_vae(config, learned, trial.seed, default_device())
        judge, _ = vae.fit_judge(budget.judge[corpus], learned, 0, default_device())
        domain = Domain(corpus, model.encode, model.decode, judge, model.latent, default_device())
        found[corpus] = {
            "accuracy": metrics.reconstruction_accuracy(domain, kept.x),
            "elbo": quality.elbo(domain, kept.x, config.sigma, named_generator("elbo", 0, domain.device)),
        }
        return {**found, "seconds": {"mean": history["seconds"][0]}}
    settings = _settings(budget, trial.group) | trial.settings
    for pair in _pairs(trial.group):
        bridge = fit_bridge([_seen(trial.profile, key, settings) for key in pair], config, trial.seed)
        seconds.append(bridge.history["seconds"][0])
        aside = {key: _aside(trial.profile, key, settings["warmup"]) for key in pair}
        for source, target in itertools.permutations(pair, 2):
            found[f"{source}->{target}"] = transfer_scores(bridge, aside[source], aside[target])
    return {**found, "seconds": {"mean": mean(seconds)}}


@torch.no_grad()
def transfer_scores(bridge: Bridge, source: tuple[Tensor, Latents], target: tuple[Tensor, Latents]) -> dict[str, float]:
    """Accuracy, diversity relative to the target's own, and trustworthiness, as in chapter 5: items (n, ...) and latents of either domain."""
    (x, z), (real, reached) = source, target
    before, after = bridge.domain(z.name), bridge.domain(reached.name)
    made = after.items(bridge.transfer(z.mean, z.name, reached.name))
    pick, others = (torch.cat([(y == label).nonzero().flatten()[:ITEMS] for label in y.unique()]).cpu() for y in (z.y, reached.y))
    y, few = z.y.cpu()[pick], made.cpu()[pick]
    return {
        "accuracy": metrics.agreement(before.classify(x), after.classify(made)),
        "diversity": metrics.diversity(few, y) / metrics.diversity(real.cpu()[others], reached.y.cpu()[others]),
        "trustworthiness": metrics.trustworthiness(x.cpu()[pick], few, y, named_generator("ties", 0)),
    }


def selection(profile: str, group: str) -> dict:
    """Try every candidate of a group, side by side, and return the record: what each scored, what was chosen, and by which rule."""
    started, budget = time.perf_counter(), profiles.get(profile)
    tried, seeds = candidates(budget, group), min(2, budget.seeds)
    keys = [key for key in setup.KEYS if any(key in pair for pair in _pairs(group))]
    needed = [item for s in tried.values() for item in _base_models(budget, keys, group, s.get("warmup")).items()]
    ahead(*{(key, call[1]): call for key, call in needed}.values(), name="base models")  # each once: most candidates share them
    if any("speech" in pair for pair in _pairs(group)):  # drawn once, here: workers would draw them again
        for settings in tried.values():
            _seen(profile, "speech", _settings(budget, group) | settings)
        _aside(profile, "speech")
    results = iter(sweep(measure, [Trial(profile, group, s, seed) for s in tried.values() for seed in range(seeds)], name=group))
    rows = [_row(name, settings, [next(results) for _ in range(seeds)]) for name, settings in tried.items()]
    decides, device = DECIDES.get(group, "accuracy"), default_device()
    chosen = choose(rows, decides)
    used = {key: parts(key, budget.source) for key in {setup.corpus(k) for k in keys} | {group.removeprefix("vae_")} if key in CORPORA}
    return {
        "group": group,
        "profile": profile,
        "rule": RULES[decides],
        "chosen": chosen["candidate"],
        "settings": chosen["settings"],
        "seeds": seeds,
        "commit": records.commit_of(Path(__file__).parent),
        "code": code_version(measure)["code"],
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "data": {
            f"{i.name}/{i.split}": {"source": i.source, "n": len(i), "fingerprint": i.fingerprint} for c in sorted(used) for i in used[c]
        },
        "seconds": round(time.perf_counter() - started, 1),
        "rows": [row | {"chosen": row is chosen} for row in rows],
    }


def run(root: Path, groups: Sequence[str] = (), profile: str = PUBLISHED) -> None:
    """Select in each of these groups, or in all, and write a JSON file each: the published profile's under ``book/results/selection``,
    others' under ``_build``. A run that was stopped goes on where it was. Raises :class:`lt.LtError` for an unknown group or profile."""
    budget = profiles.get(profile)
    if profile == "paper":
        raise LtError("the settings of profile paper are the paper's own: choose quick or laptop")
    for group in groups:
        candidates(budget, group)  # fails now instead of at the end of a long run
    folder = root / "book" / "results" / "selection" if profile == PUBLISHED else root / "_build" / "selection" / profile
    folder.mkdir(parents=True, exist_ok=True)
    for group in groups or GROUPS:
        record = selection(profile, group)
        part = folder / f"{group}.part"
        part.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(folder / f"{group}.json")
        has = own(budget, group)
        said = "as the profile has it" if has == record["settings"] else f"the profile has {words(has)}"
        print(f"{group}: {record['chosen']}, {said}  {record['seconds']:.0f} s  -> {folder / group}.json", flush=True)


def read(folder: Path) -> dict[str, dict]:
    """The records of a folder by group, in the order of ``GROUPS``; those that are not there are left out."""
    paths = {group: folder / f"{group}.json" for group in GROUPS}
    return {group: json.loads(path.read_text(encoding="utf-8")) for group, path in paths.items() if path.exists()}


def _row(name: str, settings: dict, found: Sequence[dict]) -> dict:
    """One candidate: means over seeds of each direction, and over directions."""
    directions = {d: {s: mean(f[d][s] for f in found) for s in scores} for d, scores in found[0].items() if d != "seconds"}
    scores = {score: mean(direction[score] for direction in directions.values()) for score in next(iter(directions.values()))}
    seconds = round(mean(f["seconds"]["mean"] for f in found), 1)
    return {"candidate": name, "settings": settings, **scores, "seconds": seconds, "directions": directions}


def _pairs(group: str) -> tuple[tuple[str, ...], ...]:
    """The domains that a group's bridges join, two each or many; none where base models are compared."""
    if group.startswith("vae_"):
        return ()
    if group == "many":
        return (("mnist", "mnist_b", "fashion", "speech"),)
    return (("mnist", "speech"),) if group == "speech" else (("mnist", "fashion"), ("mnist", "mnist_b"))


def _config(budget: Profile, group: str) -> Any:
    if group.startswith("vae_"):
        return budget.vae[group.removeprefix("vae_")]
    return {"speech": budget.speech_bridge, "many": budget.many}.get(group, budget.bridge)


def _settings(budget: Profile, group: str) -> dict[str, Any]:
    config = _config(budget, group)
    around = {"copies": budget.copies, "jitter": [budget.jitter[name] for name in CORPORA], "accepted": budget.accepted}
    return around | {"warmup": budget.vae["mnist"].warmup} | vars(config.training) | vars(config)


def _changed(config: Any, settings: dict[str, Any]) -> Any:
    """A configuration with those of the settings that are fields of it or of its training."""

    def of(thing: Any) -> dict[str, Any]:
        return {name: value for name, value in settings.items() if name in {field.name for field in fields(thing)}}

    return replace(config, training=replace(config.training, **of(config.training)), **of(config))


def _base_models(budget: Profile, keys: Sequence[str], group: str = "", warmup: float | None = None) -> dict[str, tuple]:
    """The trainings that come first, as calls: VAEs of these domains, those of MNIST with this warm-up, and the judge of each corpus."""
    corpora = {setup.corpus(key) for key in keys} | ({group.removeprefix("vae_")} & set(CORPORA))
    calls: dict[str, tuple] = {}
    for key in keys:
        name, seed = setup.KEYS[key]
        config = budget.vae[name] if warmup is None or name != "mnist" else replace(budget.vae[name], warmup=warmup)
        calls[key] = (vae.fit_vae, config, parts(name, budget.source)[0], seed)
    return calls | {f"judge {name}": (vae.fit_judge, budget.judge[name], parts(name, budget.source)[0], 0) for name in sorted(corpora)}


@functools.lru_cache(maxsize=4)
def _domain(profile: str, key: str, warmup: float | None = None) -> Domain:
    """A domain whose base model and judge have seen nothing that is kept aside."""
    budget, device = profiles.get(profile), default_device()
    if key == "speech":
        # the judge that scores in the chapters takes no part in a choice
        return replace(
            setup.models(budget, ["speech"], device=device).domains["speech"], judge=pretrained.load_pretrained().panel.to(device)
        )
    fitted = {name: call[0](*call[1:], device)[0] for name, call in _base_models(budget, [key], "", warmup).items()}
    model = fitted[key]
    return Domain(key, model.encode, model.decode, fitted[f"judge {setup.corpus(key)}"], model.latent, device)


def _seen(profile: str, key: str, settings: dict[str, Any]) -> Latents:
    """What a candidate's bridges see of a domain."""
    if key == "speech":
        return _spoken(profile, "accepted", settings["accepted"])
    return _latents(profile, key, settings["copies"], settings["jitter"][CORPORA.index(setup.corpus(key))], settings["warmup"])


@functools.lru_cache(maxsize=3)  # a worker's memory: 40 MB for each copy of a full corpus
def _latents(profile: str, key: str, copies: int, amount: float, warmup: float) -> Latents:
    domain, images = _domain(profile, key, warmup), parts(setup.corpus(key), profiles.get(profile).source)[0]
    generator = named_generator(f"latents {key}", 0, domain.device)
    return domain.latents(images.x, images.y, copies, lambda x, g: jitter(x, amount, g), generator)


@functools.lru_cache(maxsize=3)
def _spoken(profile: str, name: str, per_class: int) -> Latents:
    ready = setup.models(profiles.get(profile), ["speech"])
    return replace(ready.spoken(name, per_class)[0], domain=_domain(profile, "speech"))


@functools.lru_cache(maxsize=4)
def _aside(profile: str, key: str, warmup: float | None = None) -> tuple[Tensor, Latents]:
    """Items kept aside and their latents; of speech fresh accepted samples, others than those that measure in the chapters."""
    budget, domain = profiles.get(profile), _domain(profile, key, warmup)
    if key == "speech":
        latents = _spoken(profile, "accepted, kept aside", min(budget.fresh, pretrained.ACCEPTED["accepted, kept aside"]))
        return domain.items(latents.mean), latents
    kept = parts(setup.corpus(key), budget.source)[1]
    return kept.x.to(domain.device), domain.latents(kept.x, kept.y)
