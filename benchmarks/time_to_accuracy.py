"""How long a bridge between MNIST and Fashion-MNIST takes to a given accuracy: the recipe published first, and today's, one thread, in turns.

``LT_DATA=... python benchmarks/time_to_accuracy.py 5`` trains five seeds of each (about eight minutes after the base models, which are
trained or taken from the cache), prints a table of means and writes benchmarks/time_to_accuracy.json. The settings were compared by
``python -m lt select`` on training items; the test split measures them here.
"""

import json
import statistics
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch
from joblib import Parallel, delayed

from lt import bridge as bridges
from lt import metrics
from lt.book import profiles, setup
from lt.bridge import BridgeConfig
from lt.latents import Latents
from lt.loop import Training, fast_dtype, initialised, named_generator, one_thread

PAIR, ITEMS = ("mnist", "fashion"), 300  # ITEMS a class for diversity
RECIPES = {
    "published first": BridgeConfig(Training(4000, 128, 1.5e-3, "onecycle"), width=512, standardise=False, beta_kl=3e-4, beta_cls=0.3),
    "laptop": profiles.get("laptop").bridge,
    "fast": profiles.FAST_BRIDGE,
}


def train(config: BridgeConfig, seen: list[Latents], seed: int) -> bridges.Bridge:
    """A bridge, not from the cache, on one thread."""
    with one_thread():
        name = f"benchmark {seed}"
        bridge = initialised(lambda: bridges._build(config, seen), name, seed, seen[0].mean.device)
        bridges._train(bridge, config, seen, named_generator(name, seed, seen[0].mean.device), None)
    return bridge.eval()


def few_of_each(y: torch.Tensor) -> torch.Tensor:
    """Indices of the first ITEMS items of each class: y (n,) to (10 * ITEMS,)."""
    return torch.cat([(y == label).nonzero().flatten()[:ITEMS] for label in range(10)])


def measure(bridge: bridges.Bridge, ready: setup.Setup) -> dict[str, float]:
    """Held-out accuracy of both directions, and diversity relative to real held-out items, as in the chapters."""
    found = {}
    for source, target in (PAIR, PAIR[::-1]):
        held, real, domain = ready.held(source), ready.test(target), ready.domains[target]
        with torch.no_grad():
            made = domain.items(bridge.transfer(held.mean, source, target))
        pick, own = few_of_each(held.y), few_of_each(real.y)
        varied = metrics.diversity(made[pick].cpu(), held.y[pick].cpu()) / metrics.diversity(real.x[own], real.y[own])
        found[f"{source}->{target}"] = metrics.agreement(ready.domains[source].classify(ready.test(source).x), domain.classify(made))
        found[f"{source}->{target} diversity"] = varied
    return found


def throughput(config: BridgeConfig, seen: list[Latents]) -> float:
    """Bridges a second of two processes at once on two cores, over that of one process."""
    short, plain = replace(config, training=replace(config.training, steps=400)), [replace(d, domain=None) for d in seen]
    pool = Parallel(n_jobs=2)
    pool(delayed(_timed)(short, plain, seed) for seed in range(2))  # workers start and import
    (alone,) = pool(delayed(_timed)(short, plain, seed) for seed in range(1))
    both = pool(delayed(_timed)(short, plain, seed) for seed in range(2))
    return 2 * alone / max(both)


def _timed(config: BridgeConfig, seen: list[Latents], seed: int) -> float:
    started = time.perf_counter()
    train(config, seen, seed)
    return time.perf_counter() - started


def main() -> None:
    seeds = int(sys.argv[1]) if sys.argv[1:] else 5
    ready = setup.models(profiles.get("laptop"), PAIR)
    seen = [ready.seen(key) for key in PAIR]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in RECIPES}
    for seed in range(seeds):
        for name, config in RECIPES.items():  # in turns, so that ratios hold when the machine's speed drifts
            started = time.perf_counter()
            bridge = train(config, seen, seed)
            seconds = time.perf_counter() - started
            found[name].append({"seconds": seconds, **measure(bridge, ready)})
            print(name, seed, {key: round(value, 3) for key, value in found[name][-1].items()}, flush=True)
    first = statistics.mean(run["seconds"] for run in found["published first"])
    table = {}
    for name, runs in found.items():
        means = {key: statistics.mean(run[key] for run in runs) for key in runs[0]}
        table[name] = {
            "seconds": round(means.pop("seconds"), 2),
            "time over first": 0.0,
            **{key: round(value, 4) for key, value in means.items()},
        }
        table[name]["time over first"] = round(table[name]["seconds"] / first, 3)
    device = ready.device
    result = {
        "what": f"bridge MNIST <-> Fashion-MNIST, held out, means of seeds: {seeds}",
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu, 1 thread",
        "precision": str(fast_dtype(device)).removeprefix("torch."),
        "torch": torch.__version__,
        "diversity relative to": "real held-out items",
        "settings": {name: asdict(config) for name, config in RECIPES.items()},
        "recipes": table,
        "throughput of two processes over one": round(throughput(RECIPES["laptop"], seen), 3) if device.type == "cpu" else None,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
