"""Tables 3 and 4 of the paper with the constants of the authors' code, at its full length.

``LT_DATA=... LT_RESULTS=book/results python benchmarks/parts_by_the_code.py`` trains four bridges between two
models of digits, the first set of profile laptop, and writes parts_by_the_code.json, which chapter 8 shows. On a
CPU core a bridge (20,000 steps of 512) takes 20 to 25 minutes; what was stopped goes on where it was.
"""

from dataclasses import replace
from functools import partial

from lt import fit_bridge, named_generator
from lt.alignment import hide_labels
from lt.book import start
from lt.book.profiles import BY_THE_CODE
from lt.book.tables import paper

PAIR, WAY, PROTOCOL = ("mnist", "mnist_b"), "mnist->mnist", "transfer_accuracy_paper_protocol"
CASES = {  # known labels per class (None: all), configuration, the paper's name in its Tables 3 and 4
    "labels_10": (10, BY_THE_CODE, "labels_10"),
    "whole": (None, BY_THE_CODE, "conditional_swd"),
    "without_SWD": (None, replace(BY_THE_CODE, beta_swd=0), "conditional"),
    "without_SWD_and_domain_label": (None, replace(BY_THE_CODE, beta_swd=0, conditional=False), "unconditional"),
}


def main() -> None:
    run = start("parts_by_the_code", "laptop")
    run.prepare(*PAIR, sets=[0])
    items = run.images("mnist", "train")
    latents = [replace(run.domain(name).latents(items.x, items.y), domain=None) for name in PAIR]
    for name, (known, config, asked) in CASES.items():
        pair = latents
        if known:  # the labels that chapter 8 keeps
            draws = [named_generator(f"labels {one.name}", 0, one.device) for one in latents]
            pair = [hide_labels(one, known, draw) for one, draw in zip(latents, draws, strict=True)]
        bridge = fit_bridge(pair, config, 0)
        run.trained(name, bridge, bridge.history)
        score = run.score(partial(bridge.transfer, source=PAIR[0], target=PAIR[1]), *PAIR)
        run.add(WAY, name, [score], table="parts by the code")
        accuracy, number = run.paper_protocol(bridge, *PAIR), paper()[WAY, asked, PROTOCOL]
        run.add(WAY, name, [accuracy], PROTOCOL, n=1000, table="parts by the code", paper=number)
    print(repr(run.table("parts by the code", ["transfer_accuracy", "diversity", PROTOCOL])))
    run.claims()


if __name__ == "__main__":
    main()
