"""Profiles: the paper's numbers where the profile says so, and one place for budgets."""

import dataclasses
from collections.abc import Mapping

import pytest
from torch import nn
from toys import CPU

from lt import loop
from lt.book import profiles
from lt.bridge import BridgeConfig
from lt.datasets import CLASSES, images
from lt.loop import Training


def test_there_are_three_profiles_by_name():
    assert set(profiles.PROFILES) == {"quick", "laptop", "paper"}
    for name, profile in profiles.PROFILES.items():
        assert profiles.get(name) is profile
        assert profile.name == name


@pytest.mark.parametrize("name", ["fast", "", "Quick", "paper "])
def test_an_unknown_profile_is_an_error_that_lists_the_known(name, lt_error):
    with lt_error(repr(name), "quick", "laptop", "paper"):
        profiles.get(name)


def test_only_quick_reads_the_embedded_data():
    assert {p.name: p.source for p in profiles.PROFILES.values()} == {"quick": "embedded", "laptop": "full", "paper": "full"}


@pytest.mark.parametrize("corpus", ["mnist", "fashion"])
def test_the_paper_profile_has_the_base_models_of_b2(corpus):
    paper = profiles.get("paper")
    vae, judge = paper.vae[corpus], paper.judge[corpus]
    assert (vae.depth, vae.width, vae.latent, vae.beta, vae.sigma) == (3, 1024, 100, 1.0, 0.1)
    assert (vae.training.batch, vae.training.lr, vae.training.schedule) == (512, 1e-3, "constant")
    assert judge.depth == 4
    assert (judge.training.batch, judge.training.lr, judge.training.schedule) == (256, 1e-3, "constant")
    for config in (vae, judge):
        assert abs(config.training.steps * config.training.batch / 60_000 - 100) < 0.01, "100 epochs of 60,000 items"
        assert config.jitter == 0, "the paper augments nothing"
    assert vae.warmup == 0
    assert paper.copies == 0


def test_the_paper_profile_has_the_bridge_of_b1():
    bridge = profiles.get("paper").bridge
    assert (bridge.shared, bridge.depth, bridge.width) == (8, 4, 512)
    assert (bridge.beta_kl, bridge.beta_swd, bridge.beta_cls) == (0.05, 1.0, 0.05)
    assert (bridge.training.steps, bridge.training.batch, bridge.training.lr, bridge.training.schedule) == (50_000, 128, 1e-3, "constant")
    assert bridge.power == 2, "the quadratic distance"
    assert bridge.conditional
    assert (bridge.output, bridge.frozen, bridge.standardise) == ("gated", False, False)
    assert (bridge.training.muon, bridge.training.average) == (0, 0)


def test_every_corpus_has_its_base_model_and_all_have_one_latent_size():
    for profile in profiles.PROFILES.values():
        assert set(profile.vae) == set(profile.judge) == set(profile.second_judge) == set(profile.jitter) == set(images.CORPORA)
        assert len({vae.latent for vae in profile.vae.values()}) == 1, "a latent CycleGAN needs one size"
    assert {len(names) for names in CLASSES.values()} == {10}


def test_budgets_grow_from_quick_to_paper():
    quick, laptop, paper = (profiles.get(name) for name in ("quick", "laptop", "paper"))

    def cost(profile):
        return [c.training.steps * c.training.batch for c in (profile.vae["mnist"], profile.judge["mnist"], profile.bridge)]

    for a, b, c in zip(cost(quick), cost(laptop), cost(paper), strict=True):
        assert a < b < c
    assert quick.seeds == 1
    assert laptop.seeds >= 3
    assert paper.seeds == 5


@pytest.mark.parametrize("name", ["laptop", "paper"])
def test_competitors_see_every_training_image(name):
    profile = profiles.get(name)
    for game in (profile.pix2pix, profile.cyclegan, profile.latent_cyclegan):
        assert game.training.steps * game.training.batch >= 60_000
    assert len(profile.game_rates) == 3
    assert 1.0 in profile.game_rates, "the papers' own rate is one of those that are tried"


@pytest.mark.parametrize("name", ["quick", "laptop", "paper"])
def test_a_profile_cannot_be_changed(name):
    profile = profiles.get(name)
    for thing in (profile, profile.bridge, profile.bridge.training, profile.vae["mnist"], profile.judge["fashion"].training):
        field = dataclasses.fields(thing)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, field, 1)
    with pytest.raises(TypeError):
        profile.vae["mnist"] = None


def trainings(thing) -> list[Training]:
    """Every training anywhere in a profile, each once."""
    if isinstance(thing, Training):
        return [thing]
    if dataclasses.is_dataclass(thing):
        parts = [getattr(thing, field.name) for field in dataclasses.fields(thing)]
    else:
        parts = list(thing.values()) if isinstance(thing, Mapping) else []
    return list(dict.fromkeys(training for part in parts for training in trainings(part)))


@pytest.mark.parametrize("name", ["quick", "laptop", "paper"])
def test_every_schedule_of_a_profile_is_what_it_says(name):
    """As the loop builds it: rates rise over a tenth of the steps to the peak that is asked for, and end near zero."""
    profile = profiles.get(name)
    found = trainings(profile)
    assert {profile.bridge.training, profile.toy.training, profile.gan.training, *(c.training for c in profile.vae.values())} <= set(found)
    found.append(dataclasses.replace(profile.bridge.training, steps=profile.reading_steps))
    for training in [*found, *(member.training for member in profiles.SPEECH_PANEL), profiles.SPEECH_JUDGE.training]:
        assert isinstance(training.steps, int)
        trainer = loop._Trainer(nn.Linear(loop.HIDDEN, loop.HIDDEN), training, CPU)
        assert len(trainer.optimizers) == (2 if training.muon else 1)
        assert len(trainer.schedules) == (len(trainer.optimizers) if training.schedule == "onecycle" else 0)
        for optimizer, schedule, peak in zip(trainer.optimizers, trainer.schedules, (training.lr, training.muon), strict=False):
            optimizer.step()  # or the schedule would warn
            rates = []
            for _ in range(training.steps):
                rates.append(float(optimizer.param_groups[0]["lr"]))
                schedule.step()
            top = rates.index(max(rates))
            assert max(rates) == pytest.approx(peak, rel=1e-2)
            assert top / training.steps == pytest.approx(0.1, abs=0.01)
            assert rates[0] < 0.1 * peak
            assert rates[-1] < 1e-3 * peak
            assert rates[: top + 1] == sorted(rates[: top + 1])
            assert rates[top:] == sorted(rates[top:], reverse=True)


def test_configs_are_values():
    """Equal configs are one cache entry: they hash and compare by content."""
    a, b = (BridgeConfig(Training(10, 4)) for _ in range(2))
    assert a == b
    assert hash(a) == hash(b)
    assert a != dataclasses.replace(a, beta_kl=0.1)
