"""Seconds to accuracy of a bridge MNIST <-> Fashion-MNIST: a plain recipe against today's, one thread, in turns.

``LT_DATA=... python benchmarks/time_to_accuracy.py 5`` trains five seeds of each over the first set of base
models of profile laptop, prints a table and writes time_to_accuracy.json. The plain recipe is Adam at width
512, 4,000 steps; ours has 1,720 of its 2,600 steps, about enough for 0.965 and 0.87 (1,600 in the entry
of AVX2). With
``ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2`` it shows a laptop without bf16. Nothing comes from the
cache but base models.
"""

import json
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from lt import BridgeConfig, Training, fit_bridge
from lt.book import start
from lt.loop import fast_dtype

PAIR = ("mnist", "fashion")
PLAIN = BridgeConfig(Training(4000, 128, 1.5e-3, "onecycle"), width=512, standardise=False, beta_kl=3e-4, beta_cls=0.3)


def main() -> None:
    seeds = int(sys.argv[1]) if sys.argv[1:] else 5
    run = start("time_to_accuracy", "laptop")
    latents = [run.latents(name) for name in PAIR]
    ready = {pair: (run.score(lambda z: z, *pair), pair)[1] for pair in (PAIR, PAIR[::-1])}  # judges are trained now
    ours = run.profile.bridge
    recipes = {"plain": PLAIN, "ours": replace(ours, training=replace(ours.training, steps=1720))}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in recipes}
    with tempfile.TemporaryDirectory() as empty:
        os.environ["LT_CACHE"] = empty
        for seed in range(seeds):
            for name, config in recipes.items():  # in turns, so that ratios hold when the machine's speed drifts
                bridge = fit_bridge(latents, config, seed)
                line = {"seconds": float(bridge.history["seconds"][0])}
                for source, target in ready:
                    score = run.score(lambda z: bridge.transfer(z, source, target), source, target)  # noqa: B023
                    line[f"{source}->{target}"] = score.values["transfer_accuracy"]
                found[name].append(line)
                print(name, seed, {key: round(value, 3) for key, value in line.items()}, flush=True)
    means = {name: {k: statistics.mean(x[k] for x in runs) for k in runs[0]} for name, runs in found.items()}
    ratio = means["ours"]["seconds"] / means["plain"]["seconds"]
    key = f"{torch.backends.cpu.get_cpu_capability()}, {fast_dtype(torch.device('cpu'))}"
    path = Path(__file__).with_suffix(".json")
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    results[key] = {"seeds": seeds, "torch": torch.__version__, "means": means, "seconds over plain": round(ratio, 3)}
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results[key], indent=1))


if __name__ == "__main__":
    main()
