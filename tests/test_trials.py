"""Trials of chapters 7 and 10: each domain draws labels of its own, and what is measured is what the trial trained on."""

import dataclasses
from dataclasses import replace

import torch
from toys import lopsided

from lt.book import profiles, trials
from lt.bridge import BridgeConfig
from lt.latents import UNKNOWN
from lt.loop import Training
from lt.zoo.image_judge import ConvJudgeConfig


def test_two_domains_label_items_of_their_own():
    seen = [lopsided("a", 0), replace(lopsided("a", 0), name="b")]
    a, b = trials.prepared(seen, 300, 5, "few", 0)
    assert not torch.equal(a.y, b.y)


def test_an_unknown_method_is_an_error(lt_error):
    with lt_error("unknown method 'magic'", "few, spread or clusters"):
        trials.prepared([lopsided("a", 0)], 300, 1, "magic", 0)


def test_the_methods_of_a_trial_know_what_they_should():
    seen = [lopsided("a", 0, n=90), lopsided("b", 1, n=90)]
    few, every = (trials.prepared(seen, 90, labels, "few", 0) for labels in (2, None))
    assert all((d.y != UNKNOWN).sum() == 6 for d in few)
    assert all(a is b for a, b in zip(every, seen, strict=True))
    spread = trials.prepared(seen, 90, 2, "spread", 0)
    for some, all_ in zip(few, spread, strict=True):
        assert (all_.y != UNKNOWN).all()
        assert torch.equal(all_.y[some.y != UNKNOWN], some.y[some.y != UNKNOWN])


def test_a_trial_measures_held_out_items_and_the_labels_that_it_used(tiny_profile):
    trials._pair.cache_clear()
    config = BridgeConfig(Training(20, 32), shared=4, width=16, depth=1, projections=8)
    trial = trials.Trial("tiny", config, 0, 3, "spread")
    scores = trials.measure(trial)
    assert set(scores) == {
        "transfer_accuracy",
        "transfer_accuracy_true_label",
        "transfer_accuracy_sampled",
        "transfer_accuracy_paper_protocol",
        "seconds",
        "label_accuracy",
    }
    assert all(0 <= value <= 1 for name, value in scores.items() if name != "seconds")
    assert 0.1 < scores["label_accuracy"] < 1, "labels that were spread are not all true"
    again = trials.measure(trial)
    assert again == scores
    assert trials.measure(dataclasses.replace(trial, method="few"))["label_accuracy"] == 1
    assert "label_accuracy" not in trials.measure(dataclasses.replace(trial, method="few", labels=0))
    trials._pair.cache_clear()


def test_a_trial_between_unlike_domains_has_variety_and_neighbours_beside_its_accuracy(tiny_profile):
    trials._pair.cache_clear()
    config = BridgeConfig(Training(20, 32), shared=4, width=16, depth=1, projections=8)
    trial = trials.Trial("tiny", config, 0, 3, keys=("mnist", "fashion"))
    scores = trials.measure_across(trial, 30)
    assert set(scores) == {"transfer_accuracy", "diversity", "trustworthiness", "seconds", "label_accuracy"}
    assert 0 <= scores["transfer_accuracy"] <= 1
    assert scores["diversity"] > 0
    assert scores["label_accuracy"] == 1, "labels that are merely few are all true"
    assert trials.measure_across(trial, 30) == scores
    trials._pair.cache_clear()


def test_all_of_a_trial_is_its_measure_and_what_an_accuracy_leaves_out(tiny_profile, monkeypatch):
    trials._pair.cache_clear()
    trials._second_opinion.cache_clear()
    config = ConvJudgeConfig(Training(5, 32))
    small = dataclasses.replace(tiny_profile, base_models=2, second_judge=dict.fromkeys(tiny_profile.second_judge, config))
    monkeypatch.setitem(profiles.PROFILES, "tiny", small)
    trial = trials.Trial("tiny", BridgeConfig(Training(20, 32), shared=4, width=16, depth=1, projections=8), 0)
    scores, plain = trials.measure_all(trial), trials.measure(trial)
    assert {name: scores[name] for name in plain} == plain
    assert set(scores) - set(plain) == {"transfer_accuracy_second_judge", "diversity", "trustworthiness"}
    assert 0 <= scores["trustworthiness"] <= 1
    assert scores["diversity"] > 0
    # other base models: the second set joins the same two models the other way round, so another bridge
    other = trials.measure_all(dataclasses.replace(trial, base=1))
    assert other["diversity"] != scores["diversity"]
    trials._pair.cache_clear()
    trials._second_opinion.cache_clear()
