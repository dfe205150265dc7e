"""The bridge between MNIST and Fashion-MNIST with the constants of the authors' code, as long and as wide as theirs.

``LT_DATA=... python benchmarks/authors_code.py 3`` trains three bridges over the first set of base models of profile laptop, one to a core with
one thread each, and writes benchmarks/authors_code.json, which chapter 3 shows. On a CPU a bridge takes about half an hour, so it is no
part of the profile; a run that was stopped goes on where it was.
Two things differ from the code: its batches are balanced by class, also for the terms that should see no label, and its base models are not ours.
"""

import json
import sys
from pathlib import Path

import torch

from lt import losses, metrics
from lt.book import profiles, records, setup, transfers
from lt.bridge import Bridge
from lt.loop import fast_dtype, named_generator
from lt.tools.intervals import crossed_interval
from lt.tools.sweeps import fit_bridges
from lt.zoo.quality import paper_protocol_accuracy

KEYS = ("mnist", "fashion")
CODE = profiles.BY_THE_CODE


@torch.no_grad()
def measure(bridge: Bridge, seed: int, ready: setup.Setup, ends: dict[str, transfers.End], source: str, target: str) -> dict[str, float]:
    """What chapter 3 measures of one direction, on held-out items, and by the authors' protocol on training items."""
    domains, held = ready.domains, ready.held(source)
    scores = transfers.scores(ends[source], ends[target], domains[target].items(bridge.transfer(held.mean, source, target)), seed)
    draws = named_generator("evaluation", seed, ready.device)
    return {
        **{name: scores[name] for name in ("transfer_accuracy", "transfer_accuracy_second_judge", "diversity", "trustworthiness")},
        "transfer_accuracy_paper_protocol": paper_protocol_accuracy(bridge, domains[source], domains[target], ready.own(source), draws),
        "reconstruction_accuracy": metrics.agreement(
            domains[source].classify(ends[source].images.x),
            domains[source].classify(domains[source].items(bridge.transfer(held.mean, source, source))),
        ),
        "nats": losses.gaussian_kl(*bridge.encode(held.mean, source)).mean().item(),
    }


def main() -> None:
    seeds = int(sys.argv[1]) if sys.argv[1:] else 3
    ready = setup.models(profiles.get("laptop"), KEYS)
    ends = {key: transfers.End(ready.domains[key], ready.second_judge(key), ready.test(key)) for key in KEYS}
    found = fit_bridges([ready.own(key) for key in KEYS], CODE, range(seeds))  # latents of no moved image
    rows = []
    for source, target in (KEYS, KEYS[::-1]):
        scored = [measure(bridge, seed, ready, ends, source, target) for seed, bridge in enumerate(found)]
        for metric in scored[0]:
            n = None if "accuracy" not in metric else 1000 if "protocol" in metric else len(ready.test(source))
            values = [scores[metric] for scores in scored]
            value, low, high = records.within_range(metric, *crossed_interval(values, n))
            rows.append(
                {
                    "setting": f"{source}->{target}",
                    "metric": metric,
                    "value": value,
                    "low": low,
                    "high": high,
                    "seeds": seeds,
                    "n": n,
                    "values": values,
                }
            )
            print(f"{source}->{target}  {metric:34} {value:.4f}  {values}")
    result = {
        "what": "the authors' code at its full length and width, on one set of base models",
        "steps": CODE.training.steps,
        "batch": CODE.training.batch,
        "width": CODE.width,
        "seconds": [round(bridge.history["seconds"][0], 1) for bridge in found],
        "device": torch.cuda.get_device_name() if ready.device.type == "cuda" else "one CPU core",
        "precision": str(fast_dtype(ready.device)).removeprefix("torch."),
        "commit": records.commit_of(Path(__file__).parent),
        "rows": rows,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
