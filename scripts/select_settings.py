"""Choose settings on training items kept aside, never on the test split: ``python scripts/select_settings.py kl``.

One group per call varies its settings, the others are the profile's. Base models, judges and bridges learn from five
sixths of the training items; :func:`lt.metrics.transfer_score` measures on the last sixth of each class, in both
directions, over two disjoint sets of base models. Each method has 30 candidates over its groups.
"""

from __future__ import annotations

import functools
import itertools
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
import typer

from lt import LtError
from lt.book import Run, profiles
from lt.data import Items, load
from lt.loop import progress_bar
from lt.maps import fit_map

FOLDER = Path(__file__).parents[1] / "book" / "results" / "selection"
SETS = (0, 1)
METRICS = ("transfer_accuracy", "diversity", "trustworthiness", "continuity")
MARGINS = {"transfer_accuracy": 0.01, "diversity": 0.02}  # about what another set of base models changes
RULE = "of those within 0.01 of the best accuracy, and of these within 0.02 of the largest diversity, the most accurate"


def grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    """Every combination of the values of some settings."""
    return [dict(zip(values, one, strict=True)) for one in itertools.product(*values.values())]


BRIDGE = {
    "kl": grid(beta_kl=(3e-4, 1e-3, 2e-3, 5e-3, 2e-2)),
    "classification": grid(beta_cls=(0.05, 0.3, 1.0, 3.0)),
    "swd": grid(beta_swd=(0.3, 1.0, 3.0, 10.0)),
    "width": grid(width=(64, 128, 256, 512)),
    "copies": grid(copies=(0, 2, 4)),
    "schedule": grid(steps=(700, 1300, 2600), average=(0.0, 0.99)),
    "muon": grid(muon=(0.0, 0.01, 0.02, 0.04)),
}
SPEECH = {"speech": grid(beta_kl=(1e-4, 3e-4, 1e-3, 5e-3, 2e-2), beta_cls=(0.3, 1.0, 3.0), beta_swd=(1.0, 3.0))}
VAE = {f"vae_{name}": grid(warmup=(0.0, 0.3, 0.5), jitter=(0.0, 0.1, 0.25, 0.5, 0.75)) for name in ("mnist", "fashion")}
GAUSSIAN = grid(ridge=(1e-4, 1e-3, 1e-2, 0.1, 0.3), shrink=(0.6, 0.8, 1.0), sure=(None, 0.9))
POINT = grid(sure=(None, *(round(0.5 + 0.49 * i / 28, 4) for i in range(29))))
MAPS = {"gaussian_ot": GAUSSIAN, "gaussian_gw": GAUSSIAN, "prototype": POINT, "medoid": POINT}
MAPS["lookup"] = grid(shrink=(0.2, 0.4, 0.6, 0.8, 1.0), sure=(None, 0.5, 0.7, 0.8, 0.9, 0.99))
MAPS["affine"] = grid(ridge=[round(10 ** (-5 + 5 * i / 29), 8) for i in range(30)])
GROUPS = BRIDGE | SPEECH | VAE | MAPS


@functools.cache
def parts(corpus: str, source: str) -> tuple[Items, Items]:
    """The training items of a corpus that are learned from, and the last sixth of each class, which is kept aside."""
    items = load(corpus, "train", source)
    aside = torch.zeros(len(items), dtype=torch.bool)
    for label in items.y.unique():
        of_class = (items.y == label).nonzero().flatten()
        aside[of_class[len(of_class) * 5 // 6 :]] = True
    return items.take(~aside), items.take(aside)


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
    if group in MAPS:
        return profile

    def renewed(config: Any) -> Any:
        of = [{name: settings[name] for name in settings if name in vars(part)} for part in (config, config.training)]
        return replace(config, training=replace(config.training, **of[1]), **of[0])

    if group in VAE:
        corpus = group.removeprefix("vae_")
        return replace(profile, vae={**profile.vae, corpus: renewed(profile.vae[corpus])})
    if group == "copies":
        return replace(profile, **settings)
    name = "speech_bridge" if group in SPEECH else "bridge"
    return replace(profile, **{name: renewed(getattr(profile, name))})


def measured(profile: profiles.Profile, group: str, settings: dict[str, Any]) -> tuple[dict[str, Any], Run]:
    """The row of a candidate, means over sets and directions (0 if nothing was transferred rightly), and its run."""
    run = Aside("15_selection", changed(profile, group, settings))
    pair, ways = ("mnist", "speech" if group in SPEECH else "fashion"), {}
    bridges = [] if group in MAPS else run.bridges(*pair, sets=SETS)

    def transfer(a: str, b: str, set: int) -> Callable:
        if group in MAPS:
            return fit_map(run.latents(a, set), run.latents(b, set), group, **settings).transfer
        return functools.partial(bridges[set].transfer, source=a, target=b)

    for a, b in (pair, pair[::-1]):
        found = [run.score(transfer(a, b, set), a, b, set).values for set in SETS]
        ways[f"{a}->{b}"] = {name: fmean(one[name] or 0.0 for one in found) for name in METRICS}
    row = {name: fmean(way[name] for way in ways.values()) for name in METRICS}
    seconds = sum(bridge.history["seconds"][0] for bridge in bridges)
    return {"settings": settings, **row, "seconds": round(seconds, 1), "directions": ways}, run


def choose(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The row that the rule takes, the first of equals."""
    for name, margin in MARGINS.items():
        best = max(row[name] for row in rows)
        rows = [row for row in rows if row[name] >= best - margin - 1e-9]
    return max(rows, key=lambda row: row["transfer_accuracy"])


def main(group: str, profile: str = "laptop") -> None:
    """Try every candidate of a group and write book/results/selection/GROUP.json, under _build for quick."""
    try:
        if group not in GROUPS or profile == "paper":
            raise LtError(f"no group {group!r} at profile {profile}: choose quick or laptop, and {', '.join(GROUPS)}")
        budget, started, rows = profiles.get(profile), time.perf_counter(), []
        for settings in progress_bar(GROUPS[group], name=group):
            row, run = measured(budget, group, settings)
            rows.append(row)
        best = choose(rows)
        record = {"group": group, "profile": profile, "rule": RULE, "chosen": best["settings"], "sets": len(SETS)}
        record |= {**run.facts, "data": run.data, "seconds": round(time.perf_counter() - started, 1), "rows": rows}
        folder = FOLDER if profile == "laptop" else FOLDER.parents[2] / "_build" / "selection" / profile
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{group}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"{group}: {best['settings']}, of {len(rows)} candidates -> {folder / group}.json")
    except LtError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    typer.run(main)
