"""Profiles: the paper's numbers where the profile says so, and nothing can be changed."""

import dataclasses

import pytest

from lt.book import profiles
from lt.data import CLASSES


@pytest.mark.parametrize("corpus", ["mnist", "fashion"])
def test_the_paper_profile_has_the_base_models_of_b2(corpus):
    paper = profiles.get("paper")
    vae, judge = paper.vae[corpus], paper.judge[corpus]
    assert (vae.depth, vae.width, vae.latent, vae.beta, vae.sigma) == (3, 1024, 100, 1.0, 0.1)
    assert (vae.training.batch, judge.training.batch, judge.depth, judge.conv) == (512, 256, 4, False)
    for config in (vae, judge):
        training = config.training
        assert (training.lr, training.betas, training.schedule) == (1e-3, (0.9, 0.999), "constant")
        assert (training.muon, training.average) == (0, 0)
        assert abs(training.steps * training.batch / 60_000 - 100) < 0.01, "100 epochs of 60,000 items"
        assert config.jitter == 0, "the paper augments nothing"
    assert (vae.warmup, paper.copies) == (0, 0)


def test_the_paper_profile_has_the_bridge_of_b1():
    bridge = profiles.get("paper").bridge
    assert bridge is profiles.BY_THE_TEXT
    assert (bridge.shared, bridge.depth, bridge.width) == (8, 4, 512)
    assert (bridge.beta_kl, bridge.beta_swd, bridge.beta_cls) == (0.05, 1.0, 0.05)
    training = bridge.training
    assert (training.steps, training.batch, training.lr, training.schedule) == (50_000, 128, 1e-3, "constant")
    assert (training.muon, training.average) == (0, 0)
    assert bridge.power == 2, "the quadratic distance"
    assert (bridge.conditional, bridge.output, bridge.frozen, bridge.standardise) == (True, "gated", False, False)


def test_profiles_have_all_corpora_and_one_latent_size_and_cannot_be_changed(lt_error):
    with lt_error("'Quick'", "'quick', 'laptop', 'paper'"):
        profiles.get("Quick")
    for name, profile in profiles.PROFILES.items():
        assert profiles.get(name) is profile
        assert (profile.name, profile.source) == (name, "embedded" if name == "quick" else "full")
        images = set(CLASSES) - {"speech"}
        assert all(set(part) == images for part in (profile.vae, profile.judge, profile.second_judge, profile.jitter))
        assert all(judge.conv for judge in profile.second_judge.values()), "another kind of network than the first"
        assert len({vae.latent for vae in profile.vae.values()}) == 1
        with pytest.raises(TypeError):
            profile.vae["mnist"] = None
        with pytest.raises(dataclasses.FrozenInstanceError):
            profile.bridge.training.steps = 1
