"""Settings are chosen on training items that nothing has learned from, among as many candidates for every method."""

import pytest
import torch

import select_settings as selection
from lt.book import profiles
from lt.data import load


def test_every_method_has_as_many_candidates():
    tried = {group: len(some) for group, some in selection.CANDIDATES.items()}
    assert tried.pop("speech") == tried.pop("vae_mnist") + tried.pop("vae_fashion") == sum(tried.values()) == 30
    for group, tried in selection.CANDIDATES.items():
        assert len({repr(one) for one in tried}) == len(tried), group


def test_kept_aside_items_are_training_items_of_all_classes_and_are_not_learned():
    learned, aside = selection.parts("mnist", "embedded")
    both = torch.cat([learned.x, aside.x])
    assert torch.equal(both.sum(1).sort()[0], load("mnist", "train", "embedded").x.sum(1).sort()[0])
    assert aside.y.unique().tolist() == list(range(10))
    assert len(aside) / len(both) == pytest.approx(1 / 6, abs=0.005)


def test_a_candidate_changes_its_settings_alone():
    quick = profiles.get("quick")
    assert selection.changed(quick, "muon", {"muon": 0.5}).bridge.training.muon == 0.5
    made = selection.changed(quick, "vae_mnist", {"jitter": 0.9})
    assert (made.vae["mnist"].jitter, made.bridge, made.vae["fashion"]) == (0.9, quick.bridge, quick.vae["fashion"])


def test_the_rule_takes_the_most_local_of_the_varied_of_the_accurate():
    names = ("accuracy", "diversity", "trustworthiness", "continuity")
    table = [(0.95, 0.5, 1, 1), (0.945, 0.7, 0.8, 0.8), (0.935, 0.71, 0.9, 0.8), (0.92, 0.9, 1, 1)]
    rows = [dict(zip(names, row, strict=True)) for row in table]
    assert selection.choose(rows) is rows[2]
