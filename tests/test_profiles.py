"""Profiles: the paper's numbers where the profile says so, and one place for budgets."""

import dataclasses

import pytest
import torch

from lt import data, profiles
from lt.train import BridgeConfig


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
    assert (vae.optim.batch, vae.optim.lr, vae.optim.schedule) == (512, 1e-3, "constant")
    assert judge.depth == 4
    assert (judge.optim.batch, judge.optim.lr, judge.optim.schedule) == (256, 1e-3, "constant")
    for config in (vae, judge):
        assert abs(config.optim.steps * config.optim.batch / 60_000 - 100) < 0.01, "100 epochs of 60,000 items"
        assert config.jitter == 0, "the paper augments nothing"
    assert vae.warmup == 0
    assert paper.copies == 0


def test_the_paper_profile_has_the_bridge_of_b1():
    bridge = profiles.get("paper").bridge
    assert (bridge.latent, bridge.shared, bridge.depth, bridge.width) == (100, 8, 4, 512)
    assert (bridge.beta_kl, bridge.beta_swd, bridge.beta_cls) == (0.05, 1.0, 0.05)
    assert (bridge.optim.steps, bridge.optim.batch, bridge.optim.lr, bridge.optim.schedule) == (50_000, 128, 1e-3, "constant")
    assert bridge.power == 2, "the quadratic distance"
    assert bridge.conditional


def test_every_bridge_of_a_profile_fits_its_base_models():
    for profile in profiles.PROFILES.values():
        assert set(profile.vae) == set(profile.judge) == set(profile.jitter) == set(data.IMAGES)
        assert {vae.latent for vae in profile.vae.values()} == {profile.bridge.latent}
        assert {len(names) for names in data.CLASSES.values()} == {profile.bridge.classes}


def test_budgets_grow_from_quick_to_paper():
    quick, laptop, paper = (profiles.get(name) for name in ("quick", "laptop", "paper"))

    def cost(profile):
        return [c.optim.steps * c.optim.batch for c in (profile.vae["mnist"], profile.judge["mnist"], profile.bridge)]

    for a, b, c in zip(cost(quick), cost(laptop), cost(paper), strict=True):
        assert a < b < c
    assert quick.seeds == 1
    assert laptop.seeds == paper.seeds == 5


@pytest.mark.parametrize("name", ["quick", "laptop", "paper"])
def test_a_profile_cannot_be_changed(name):
    profile = profiles.get(name)
    for thing in (profile, profile.bridge, profile.bridge.optim, profile.vae["mnist"], profile.judge["fashion"].optim):
        field = dataclasses.fields(thing)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, field, 1)
    with pytest.raises(TypeError):
        profile.vae["mnist"] = None


@pytest.mark.parametrize("name", ["quick", "laptop", "paper"])
def test_every_schedule_of_a_profile_can_be_built(name):
    """OneCycle divides by the length of its first phase: no budget may make that zero."""
    profile = profiles.get(name)
    configs = [*profile.vae.values(), *profile.judge.values(), profile.bridge, profile.toy]
    for config in [
        *configs,
        dataclasses.replace(profile.bridge, optim=dataclasses.replace(profile.bridge.optim, steps=profile.reading_steps)),
    ]:
        assert isinstance(config.optim.steps, int)
        if config.optim.schedule == "onecycle":
            adam = torch.optim.Adam([torch.zeros(1, requires_grad=True)])
            torch.optim.lr_scheduler.OneCycleLR(adam, config.optim.lr, total_steps=config.optim.steps, pct_start=0.1)
        else:
            assert config.optim.schedule == "constant"


def test_configs_are_values():
    """Equal configs are one cache entry: they hash and compare by content."""
    a, b = (BridgeConfig(profiles.Optim(10, 4)) for _ in range(2))
    assert a == b
    assert hash(a) == hash(b)
    assert a != dataclasses.replace(a, beta_kl=0.1)
