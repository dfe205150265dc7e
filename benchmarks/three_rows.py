"""Three recipes at their full length: the paper's printed constants in both readings, the authors' code, and ours.

``LT_DATA=... LT_RESULTS=book/results python benchmarks/three_rows.py`` trains bridges between MNIST and
Fashion-MNIST over disjoint sets of base models of profile laptop and writes three_rows.json, which chapters
0, 9 and 14 show. On a CPU core a bridge of the text (50,000 steps of 128) or of the code (20,000 steps of
512) takes 15 to 25 minutes; what was stopped goes on where it was. Two things differ from the
authors: their batches hold equally many items of each class, also for the terms that should see no label,
and their base models are not ours.
"""

import argparse
from dataclasses import replace

import torch

from lt import fit_bridge, losses
from lt.book import start
from lt.book.profiles import BY_THE_CODE, BY_THE_TEXT
from lt.cache import side_by_side

RECIPES = {
    "printed_constants": BY_THE_TEXT,
    "printed_constants_summed": replace(BY_THE_TEXT, reduction="sum"),
    "authors_code": BY_THE_CODE,
}
PAIR = ("mnist", "fashion")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the three recipes at full length.")
    parser.add_argument("--sets", type=int, default=4, help="disjoint sets of base models, for the code and ours")
    parser.add_argument("--sets-of-text", type=int, default=1, help="sets for the two readings of the text")
    parser.add_argument("--profile", default="laptop")
    options = parser.parse_args()
    run = start("three_rows", options.profile)
    sets = range(min(options.sets, len(run.sets)))
    run.prepare(*PAIR, sets=sets)
    train = {name: len(run.images(name, "train")) for name in PAIR}

    def latents(s: int) -> list:  # of training items, without jittered copies
        return [replace(run.latents(name, s).take(slice(train[name])), domain=None) for name in PAIR]

    of = {name: sets[: options.sets_of_text] if name.startswith("printed") else sets for name in RECIPES}
    jobs = [(fit_bridge, latents(s), config, 0) for name, config in RECIPES.items() for s in of[name]]
    side_by_side(*jobs, name="bridges at full length")
    recipes = {**RECIPES, "our_recipe": run.profile.bridge}
    for name, config in recipes.items():
        for source, target in (PAIR, PAIR[::-1]):
            scores, protocol, nats = [], [], []
            for s in of.get(name, sets):
                ours = name == "our_recipe"
                bridge = run.bridge(*PAIR, set=s) if ours else fit_bridge(latents(s), config, 0)
                run.trained(f"{name} {s}", bridge, bridge.history)
                move = lambda z: bridge.transfer(z, source, target)  # noqa: B023, E731
                scores.append(run.score(move, source, target, set=s))
                with_models = bridge if ours else replace_domains(bridge, run.domains(*PAIR, set=s))
                protocol.append(run.paper_protocol(with_models, source, target, set=s))
                with torch.no_grad():
                    mean, std = bridge.encode(run.held(source, s).mean, source)
                nats.append(losses.gaussian_kl(mean, std).mean().item())
            setting = f"{source}->{target}"
            run.add(setting, name, scores, table="three rows")
            run.add(setting, name, protocol, "transfer_accuracy_paper_protocol", n=1000, table="three rows")
            run.add(setting, name, nats, "nats", table="three rows")
    print(repr(run.table("three rows", ["transfer_accuracy", "diversity", "nats"])))
    run.claims()


def replace_domains(bridge, domains):
    bridge.domains.update({domain.name: domain for domain in domains})
    return bridge


if __name__ == "__main__":
    main()
