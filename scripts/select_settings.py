"""Choose settings on training items kept aside, never on the test split: ``python scripts/select_settings.py kl``.

One group per call varies its settings. All models learn from five sixths of the training items; the last sixth of each
class measures bridges in both directions, over two sets of base models. Bridges, speech and VAEs have 30 candidates.
"""

import json
from dataclasses import replace
from functools import cache, partial
from itertools import product
from statistics import fmean
from typing import Any, Literal

import torch
import typer

from lt.book import Run, profiles
from lt.book.run import BOOK
from lt.data import Items, load
from lt.loop import progress_bar

GROUPS = {
    "kl": {"beta_kl": (3e-4, 1e-3, 2e-3, 5e-3, 2e-2)},
    "classification": {"beta_cls": (0.05, 0.3, 1.0, 3.0)},
    "swd": {"beta_swd": (0.3, 1.0, 3.0, 10.0)},
    "width": {"width": (64, 128, 256, 512)},
    "copies": {"copies": (0, 2, 4)},
    "schedule": {"steps": (700, 1300, 2600), "average": (0.0, 0.99)},
    "muon": {"muon": (0.0, 0.01, 0.02, 0.04)},
    "speech": {"beta_kl": (1e-4, 3e-4, 1e-3, 5e-3, 2e-2), "beta_cls": (0.3, 1.0, 3.0), "beta_swd": (1.0, 3.0)},
    **{key: {"warmup": (0.0, 0.3, 0.5), "jitter": (0.0, 0.1, 0.25, 0.5, 0.75)} for key in ("vae_mnist", "vae_fashion")},
}
CANDIDATES = {name: [dict(zip(of, one, strict=True)) for one in product(*of.values())] for name, of in GROUPS.items()}


@cache
def parts(corpus: str, source: str) -> tuple[Items, Items]:
    """The training items of a corpus that are learned from, and the last sixth of each class, which is kept aside."""
    items = load(corpus, "train", source)
    of_class = [(items.y == label).nonzero().flatten() for label in items.y.unique()]
    learned, aside = zip(*(rows.tensor_split([len(rows) * 5 // 6]) for rows in of_class), strict=True)
    return items.take(torch.cat(learned).sort()[0]), items.take(torch.cat(aside).sort()[0])


class Aside(Run):
    """A run that learns from some of the training items and holds out the rest; speech is judged by the panel."""

    def images(self, corpus: str, split: str = "test") -> Items:
        items = parts(corpus, self.profile.source)[split == "test"]
        self.data[f"{corpus}/{'aside' if split == 'test' else 'learned'}"] = items.fingerprint
        return items

    def judge(self, name: str) -> torch.nn.Module:
        return self.speech.panel if name == "speech" else super().judge(name)

    def _spoken(self, part: str, per_class: int) -> Any:
        held = part == "accepted, held out"
        return super()._spoken("accepted, kept aside" if held else part, min(per_class, 100) if held else per_class)


def changed(profile: profiles.Profile, group: str, settings: dict[str, Any]) -> profiles.Profile:
    """A profile with the settings of a candidate."""
    if group == "copies":
        return replace(profile, **settings)
    corpus, name = group.removeprefix("vae_"), "speech_bridge" if group == "speech" else "bridge"
    old = profile.vae[corpus] if corpus in profile.vae else getattr(profile, name)
    own, training = ({key: settings[key] for key in settings if key in vars(part)} for part in (old, old.training))
    new = replace(old, training=replace(old.training, **training), **own)
    return replace(profile, **({"vae": {**profile.vae, corpus: new}} if corpus in profile.vae else {name: new}))


def measured(run: Run, group: str) -> dict[str, Any]:
    """Scores of bridges from and to MNIST, means over both directions, of each set and over the sets."""
    pair, sets = ("mnist", "speech" if group == "speech" else "fashion"), []
    names = ("transfer_accuracy", "diversity", "trustworthiness", "continuity")
    for set, bridge in enumerate(run.bridges(*pair, sets=(0, 1))):
        moves = [(partial(bridge.transfer, source=a, target=b), a, b) for a, b in (pair, pair[::-1])]
        scores = [run.score(*move, set).values for move in moves]  # 0 if nothing was transferred rightly
        sets.append({name.removeprefix("transfer_"): fmean(one[name] or 0.0 for one in scores) for name in names})
    return {name: fmean(one[name] for one in sets) for name in sets[0]} | {"sets": sets}


def choose(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of those within 0.02 of the best accuracy, of these within 0.02 of the largest diversity, the most local one."""
    for name in ("accuracy", "diversity"):  # 0.02: the margin of the book's claims
        rows = [row for row in rows if row[name] >= max(one[name] for one in rows) - 0.02 - 1e-9]
    return max(rows, key=lambda row: row["trustworthiness"] + row["continuity"])


def main(group: Literal[tuple(GROUPS)], profile: Literal["quick", "laptop"] = "laptop") -> None:
    """Try every candidate of a group and write book/results/selection/GROUP.json, under _build for quick."""
    rows = []
    for settings in progress_bar(CANDIDATES[group], name=group, total=len(CANDIDATES[group]), unit="candidate"):
        run = Aside("16_selection", changed(profiles.get(profile), group, settings))
        text = ", ".join(f"{name} {value:g}" for name, value in settings.items())
        rows.append({"candidate": text, "settings": settings, **measured(run, group)})
    record = {"group": group, "profile": profile, "rule": choose.__doc__, "chosen": choose(rows)["candidate"]}
    record |= {**run.facts, "data": run.data, "rows": rows}
    path = (BOOK / "results" if profile == "laptop" else BOOK.parent / "_build" / profile) / f"selection/{group}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{group}: {record['chosen']}, of {len(rows)} candidates -> {path}")


if __name__ == "__main__":
    typer.run(main)
