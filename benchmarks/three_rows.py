"""Recipes at their full length: the paper's printed constants in both readings, the authors' code, and ours.

``LT_DATA=... LT_RESULTS=book/results python benchmarks/three_rows.py`` trains bridges between MNIST and
Fashion-MNIST over disjoint sets of base models of profile laptop and writes three_rows.json, which chapters
0, 9, 14 and 15 show. On a CPU core a bridge of the text (50,000 steps of 128) or of the code (20,000 steps of
512) takes 15 to 25 minutes; what was stopped goes on where it was. A fourth recipe is the text's with a tenth of
its KL weight, cut short (chapter 14). Two things differ from the authors: their batches hold equally many items
of each class, also for the terms that should see no label, and their base models are not ours.
"""

import argparse
from dataclasses import replace

import torch

from lt import Training, fit_bridge, losses
from lt.book import start
from lt.book.profiles import BY_THE_CODE, BY_THE_TEXT
from lt.cache import side_by_side
from lt.metrics import Score

RECIPES = {
    "printed_constants": BY_THE_TEXT,
    "printed_constants_summed": replace(BY_THE_TEXT, reduction="sum"),
    "tenth_of_kl": replace(BY_THE_TEXT, training=Training(4500, 128), beta_kl=0.005),
    "authors_code": BY_THE_CODE,
}
PAIR = ("mnist", "fashion")
KEPT = "transfer_accuracy"


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the recipes at full length.")
    parser.add_argument("--sets", type=int, default=4, help="disjoint sets of base models")
    parser.add_argument("--sets-of-text", type=int, default=1, help="of them for the recipes with the text's constants")
    parser.add_argument("--profile", default="laptop")
    options = parser.parse_args()
    run = start("three_rows", options.profile)
    sets = range(min(options.sets, len(run.sets)))
    run.prepare(*PAIR, sets=sets)
    train = {name: len(run.images(name, "train")) for name in PAIR}
    of = dict.fromkeys(RECIPES, sets[: options.sets_of_text]) | dict.fromkeys(("authors_code", "our_recipe"), sets)

    def latents(s: int) -> list:  # of training items, without jittered copies
        return [replace(run.latents(name, s).take(slice(train[name])), domain=None) for name in PAIR]

    jobs = [(fit_bridge, latents(s), config, 0) for name, config in RECIPES.items() for s in of[name]]
    side_by_side(*jobs, name="bridges at full length")
    ours: dict[tuple, Score] = {}
    for name, config in {"our_recipe": run.profile.bridge, **RECIPES}.items():
        for source, target in (PAIR, PAIR[::-1]):
            scores, protocol, nats = [], [], []
            for s in of[name]:
                mine = name == "our_recipe"
                bridge = run.bridge(*PAIR, set=s) if mine else fit_bridge(latents(s), config, 0)
                run.trained(f"{name} {s}", bridge, bridge.history)
                move = lambda z: bridge.transfer(z, source, target)  # noqa: B023, E731
                scores.append(run.score(move, source, target, set=s))
                protocol.append(run.paper_protocol(bridge, source, target, set=s))
                with torch.no_grad():
                    mean, std = bridge.encode(run.held(source, s).mean, source)
                nats.append(losses.gaussian_kl(mean, std).mean().item())
                ours.setdefault((source, s), scores[-1])
            setting = f"{source}->{target}"
            run.add(setting, name, scores, table="three rows")
            run.add(setting, name, protocol, "transfer_accuracy_paper_protocol", n=1000, table="three rows")
            run.add(setting, name, nats, "nats", table="three rows")
            if name != "our_recipe":
                less = [less_than(score, ours[source, s]) for s, score in zip(of[name], scores, strict=True)]
                run.add(setting, name, less, table="three rows")
    print(repr(run.table("three rows", ["transfer_accuracy", "class_kept_less_ours", "diversity", "nats"])))
    run.claims()


def less_than(one: Score, ours: Score) -> Score:
    """How much less of the same items keep their class: paired, on one set of base models."""
    name, items = "class_kept_less_ours", [score.items[KEPT].astype(float) for score in (one, ours)]
    return Score({name: one[KEPT] - ours[KEPT]}, {name: items[0] - items[1]})


if __name__ == "__main__":
    main()
