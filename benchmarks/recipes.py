"""What was tried to make a bridge between MNIST and Fashion-MNIST cheaper, measured on training items kept aside.

``LT_DATA=... python benchmarks/recipes.py`` trains each recipe, on one thread, on the latents of
the first 50,000 training items and of their jittered copies, and measures on the last 10,000: the test split is not read. It prints a table and writes
benchmarks/recipes.json; seconds are CPU seconds. ``python benchmarks/recipes.py NAME ...`` tries only those.
"""

import functools
import json
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from time_to_accuracy import PAIR, RECIPES, train
from tqdm import tqdm

from lt import metrics
from lt.book import profiles, setup
from lt.bridge import BridgeConfig
from lt.latents import Latents
from lt.loop import Training

KEPT_ASIDE, SEEDS = 10_000, 1


def muon(
    steps: int, batch: int = 256, width: int = 128, kl: float = 2e-3, cls: float = 1.0, rate: float = 0.02, average: float = 0.99, **more
) -> BridgeConfig:
    """Muon for hidden matrices, Adam for the rest, a running mean of the weights."""
    training = Training(steps, batch, 2e-3, "onecycle", muon=rate, average=average)
    return BridgeConfig(training, width=width, beta_kl=kl, beta_cls=cls, **more)


def adam(steps: int, rate: float, width: int = 256, average: float = 0.995, **more) -> BridgeConfig:
    return BridgeConfig(Training(steps, 128, rate, "onecycle", average=average), width=width, beta_kl=1e-3, beta_cls=0.3, **more)


TRIED = {
    "published first: width 512, Adam, 4,000 steps": RECIPES["published first"],
    "width 256, Adam 4e-3, running mean, 3,000 steps": adam(3000, 4e-3),
    "width 128, Adam 6e-3, running mean, 3,000 steps": adam(3000, 6e-3, width=128),
    "width 128, Muon, batch 128, 1,000 steps": muon(1000, 128),
    "width 128, Muon, batch 192, 700 steps: fast": profiles.FAST_BRIDGE,
    "width 128, Muon, batch 256, 700 steps": muon(700),
    "width 128, Muon, batch 256, 1,300 steps: laptop": BridgeConfig(),
    "width 256, Muon, batch 128, 1,000 steps": muon(1000, 128, width=256),
    "three layers, Muon, batch 256, 700 steps": muon(700, depth=3),
    "Muon rate 0.04": muon(700, rate=0.04),
    "KL 0.001": muon(700, kl=1e-3),
    "classification 0.5": muon(700, cls=0.5),
    "classification 2": muon(700, cls=2.0),
    "without standardised latents": muon(700, standardise=False),
    "without a running mean": muon(700, average=0.0),
}


@functools.lru_cache(maxsize=1)
def prepared() -> tuple[setup.Setup, list[Latents], dict[str, Latents]]:
    """Base models, what recipes train on, and the items kept aside."""
    budget = profiles.get("laptop")
    ready = setup.models(budget, PAIR)
    seen, aside = [], {}
    for key in PAIR:
        latents, items = ready.seen(key), len(ready.train(key))
        copies = [torch.arange(items - KEPT_ASIDE) + items * copy for copy in range(1 + budget.copies)]
        seen.append(latents.take(torch.cat(copies)))
        aside[key] = latents.take(slice(items - KEPT_ASIDE, items))
    return ready, seen, aside


def score(trial: tuple[str, int]) -> dict[str, float]:
    """CPU seconds, accuracy and relative diversity of one recipe and seed on items kept aside."""
    name, seed = trial
    ready, seen, aside = prepared()
    started = time.process_time()
    bridge = train(TRIED[name], [replace(d, domain=None) for d in seen], seed)
    found = {"seconds": time.process_time() - started}
    for source, target in (PAIR, PAIR[::-1]):
        domain, x = ready.domains[target], ready.train(source).x[-KEPT_ASIDE:]
        with torch.no_grad():
            made = domain.items(bridge.transfer(aside[source].mean, source, target))
        own = metrics.diversity(ready.train(target).x[-2500:], aside[target].y[-2500:])
        found[f"{source}->{target}"] = metrics.agreement(ready.domains[source].classify(x), domain.classify(made))
        found[f"{source}->{target} diversity"] = metrics.diversity(made[-2500:], aside[source].y[-2500:]) / own
    return found


def main() -> None:
    names = [name for name in TRIED if not sys.argv[1:] or name in sys.argv[1:]]
    trials = [(name, seed) for name in names for seed in range(SEEDS)]
    found = {trial: score(trial) for trial in tqdm(trials, desc="recipes", disable=None)}
    table = {}
    for name in names:
        runs = [found[name, seed] for seed in range(SEEDS)]
        table[name] = {key: round(statistics.mean(run[key] for run in runs), 4) for key in runs[0]}
        print(f"{name:50} " + "  ".join(f"{value:8.3f}" for value in table[name].values()))
    path = Path(__file__).with_suffix(".json")
    path.write_text(
        json.dumps({"what": f"{KEPT_ASIDE:,} training items kept aside, seeds: {SEEDS}", "recipes": table}, indent=1) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
