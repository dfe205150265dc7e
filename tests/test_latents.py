"""Latents and domains: what is said of latents that cannot be used, functions of batches, labels that are not known, a judge's choice."""

import dataclasses

import numpy as np
import pytest
import torch
from toys import g

from lt import latents as latents_module
from lt.latents import UNKNOWN, Domain, Latents, accepted
from lt.zoo.augment import jitter
from lt.zoo.vae import VAE, Judge


def points(n: int = 12, classes: int = 3) -> Latents:
    return Latents("digits", torch.randn(n, 4, generator=g(n)), torch.ones(n, 4), torch.arange(n) % classes)


def change(latents: Latents, **parts) -> Latents:
    return dataclasses.replace(latents, **parts)


@pytest.fixture
def domain() -> Domain:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vae, judge = VAE(784, 4, 8, 1), Judge(784, 10, 8, 1)
    return Domain("digits", vae.encode, vae.decode, judge, vae.latent)


X, Y = torch.rand(11, 784, generator=g()), torch.arange(11) % 10


# ---------------------------------------------------------------- latents


def test_sound_latents_pass():
    points().check()


def test_unknown_labels_and_empty_classes_are_sound():
    """A class that a domain lacks is a matter for :func:`lt.preflight`, not an error."""
    change(points(), y=torch.tensor([0, 2, 3] * 4)).check()
    change(points(), y=torch.full((12,), UNKNOWN)).check()


@pytest.mark.parametrize("part", ["mean", "std"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_latents_that_are_not_finite_are_counted_and_the_first_is_named(part, value, lt_error):
    damaged = getattr(points(), part).clone()
    damaged[[5, 7], 2] = value
    with lt_error("digits", "2 of 12", "item 5"):
        change(points(), **{part: damaged}).check()


def test_negative_deviations_are_counted(lt_error):
    std = points().std.clone()
    std[3, 1:3] = -0.5
    with lt_error("digits", "2 standard deviations"):
        change(points(), std=std).check()


def test_labels_below_unknown_are_named(lt_error):
    y = points().y.clone()
    y[4] = -2
    with lt_error("digits", "a label is -2", "-1 where the class is not known"):
        change(points(), y=y).check()


@pytest.mark.parametrize("parts, words", [({"y": torch.arange(9) % 3}, "9 labels"), ({"std": torch.ones(13, 4)}, "stds (13, 4)")])
def test_parts_of_unequal_length_are_counted(parts, words, lt_error):
    with lt_error("digits", "means (12, 4)", words, "one of each"):
        change(points(), **parts).check()


def test_no_latents_at_all_is_an_error(lt_error):
    with lt_error("digits", "no items"):
        Latents("digits", torch.zeros(0, 4), torch.zeros(0, 4), torch.zeros(0).long()).check()


@pytest.mark.parametrize("parts", [{"y": (torch.arange(12) % 3).float()}, {"std": torch.ones(12, 5)}], ids=["float labels", "wide stds"])
def test_parts_of_another_kind_are_errors(parts, lt_error):
    with lt_error("digits"):
        change(points(), **parts).check()


def test_latents_know_their_size_and_what_is_taken_of_them():
    one, index = points(), torch.tensor([7, 3, 3])
    assert (len(one), one.size) == (12, 4)
    taken = one.take(index)
    assert taken.name == "digits"
    for part in ("mean", "std", "y"):
        assert torch.equal(getattr(taken, part), getattr(one, part)[index])
    assert len(one.take(slice(5))) == 5
    noisy = change(one, std=0.5 * one.std)
    assert torch.equal(noisy.sample(g(3), index), noisy.take(index).sample(g(3)))


def test_a_fingerprint_sees_means_stds_and_labels():
    one = points()
    others = [change(one, mean=one.mean + 1e-6), change(one, std=one.std * 2), change(one, y=one.y.flip(0))]
    assert one.fingerprint == points().fingerprint
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_samples_follow_the_posterior_of_each_item_and_the_generator():
    n = 5000
    latents = Latents("digits", torch.tensor([[1.0, -2.0]]).repeat(n, 1), torch.tensor([[0.5, 0.0]]).repeat(n, 1), torch.zeros(n).long())
    before = torch.get_rng_state()
    draw, again, other = (latents.sample(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(draw, again)
    assert not torch.equal(draw, other)
    assert (draw[:, 1] == -2).all()  # exact points, as a GAN gives them
    assert draw[:, 0].mean().item() == pytest.approx(1, abs=0.04)
    assert draw[:, 0].std().item() == pytest.approx(0.5, rel=0.05)


# ---------------------------------------------------------------- domains


def test_chunks_give_what_one_pass_gives(domain, monkeypatch):
    whole = (*domain.posterior(X), domain.items(torch.ones(11, 4)), domain.classify(X))
    monkeypatch.setattr(latents_module, "CHUNK", 4)  # 4 + 4 + 3
    parts = (*domain.posterior(X), domain.items(torch.ones(11, 4)), domain.classify(X))
    for one, many in zip(whole, parts, strict=True):
        assert len(many) == 11
        torch.testing.assert_close(one, many)
        assert not many.requires_grad


def test_latents_are_the_posteriors_of_the_items_with_their_labels(domain):
    latents = domain.latents(X, Y)
    mean, std = domain.posterior(X)
    assert latents.name == "digits"
    assert latents.domain is domain
    assert torch.equal(latents.mean, mean)
    assert torch.equal(latents.std, std)
    assert torch.equal(latents.y, Y)
    assert (domain.latents(X).y == UNKNOWN).all(), "labels that are not given are not known"


def jittered(x, generator):
    return jitter(x, 1.0, generator)


def test_copies_follow_the_items_and_keep_their_labels(domain):
    generator = g()
    latents = domain.latents(X, Y, copies=2, augment=jittered, generator=generator)
    assert latents.mean.shape == latents.std.shape == (33, 4)
    first, second, third = latents.mean.split(11)
    assert torch.equal(first, domain.posterior(X)[0])
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    assert torch.equal(latents.y, torch.cat([Y] * 3))
    still = domain.latents(X, Y, 1, lambda x, generator: jitter(x, 0.0, generator), generator)
    torch.testing.assert_close(still.mean[:11], still.mean[11:], atol=1e-3, rtol=0)


def test_copies_never_draw_from_the_global_generator(domain, lt_error):
    for missing in ({"augment": jittered}, {"generator": g()}):
        with lt_error("digits", "generator", "augmentation"):
            domain.latents(X, Y, copies=1, **missing)


def test_labels_of_another_number_are_counted(domain, lt_error):
    with lt_error("digits", "11 items, 11 latents and 4 labels"):
        domain.latents(X, Y[:4])


def test_functions_may_speak_numpy_and_exact_points():
    """Whatever framework a model is of: arrays in, arrays out; an encoder without a posterior gives a deviation of 0."""
    domain = Domain(
        "foreign", lambda x: x.numpy()[:, :2] * 2, lambda z: np.hstack([z.numpy(), z.numpy()]), lambda x: x.numpy().astype(np.float64)
    )
    x = np.random.default_rng(0).normal(size=(7, 3))
    mean, std = domain.posterior(x)
    torch.testing.assert_close(mean, torch.from_numpy(2 * x[:, :2]).float())
    assert mean.dtype == torch.float32
    assert not std.any()
    assert domain.items(mean).shape == (7, 4)
    assert domain.classify(x).tolist() == x.argmax(1).tolist()


def test_items_of_any_kind_go_to_the_encoder_in_slices():
    domain = Domain("words", lambda words: torch.tensor([[float(len(w))] for w in words]))
    assert domain.posterior(["a", "bb", "cccc"])[0].tolist() == [[1.0], [2.0], [4.0]]


def test_logits_and_probabilities_give_the_same_probabilities():
    logits = torch.randn(9, 5, generator=g())
    for scores in (logits, logits.softmax(-1)):
        found = Domain("a", judge=lambda x, scores=scores: scores).probabilities(torch.zeros(9, 1))
        torch.testing.assert_close(found, logits.softmax(-1))


def test_a_judge_that_names_classes_only_is_an_error(lt_error):
    with lt_error("digits", "(9,)", "(n, classes)"):
        Domain("digits", judge=lambda x: torch.zeros(len(x))).classify(torch.zeros(9, 1))


@pytest.mark.parametrize("what, ask", [("encode", "posterior"), ("decode", "items"), ("judge", "classify")])
def test_what_a_domain_lacks_is_named(what, ask, lt_error):
    with lt_error("digits has no " + what, f"Domain('digits', {what}=...)"):
        getattr(Domain("digits"), ask)(torch.zeros(3, 4))


def test_no_items_are_an_error(domain, lt_error):
    with lt_error("digits", "nothing to encode", "at least one"):
        domain.posterior(X[:0])


# ---------------------------------------------------------------- rejection sampling


def halves(classes: int = 2) -> Domain:
    """A 'GAN' whose item is its latent point, and a judge that is sure of class 0 or 1, by the sign of the first coordinate, where
    the second is positive."""

    def judge(z):
        sure = 20.0 * (z[:, 1] > 0)
        logits = torch.zeros(len(z), classes)
        logits[:, 0], logits[:, 1] = sure * (z[:, 0] < 0), sure * (z[:, 0] >= 0)
        return logits

    return Domain("toy", decode=lambda z: z, judge=judge, latent=2)


def test_rejection_keeps_what_the_judge_is_sure_of():
    latents, count, drawn = accepted(halves(), 100, g())
    assert latents.y.bincount().tolist() == [100, 100]
    assert (latents.mean[:, 1] > 0).all()
    assert ((latents.mean[:, 0] >= 0) == (latents.y == 1)).all()
    assert not latents.std.any()
    assert latents.domain.name == "toy"
    assert count.sum().item() / drawn == pytest.approx(0.5, abs=0.08)
    again, *_ = accepted(halves(), 100, g())
    other, *_ = accepted(halves(), 100, g(1))
    assert torch.equal(again.mean, latents.mean)
    assert not torch.equal(other.mean, latents.mean)


def test_accepted_points_are_the_first_of_the_prior_that_pass():
    """By hand: draws in chunks from the generator, filtered, the first of each class."""
    generator = g(5)
    z = torch.cat([torch.randn(latents_module.CHUNK, 2, generator=generator) for _ in range(2)])
    z = z[z[:, 1] > 0]
    expected = torch.cat([z[z[:, 0] < 0][:20], z[z[:, 0] >= 0][:20]])
    assert torch.equal(accepted(halves(), 20, g(5))[0].mean, expected)


def test_a_domain_accepts_by_itself_with_a_seed():
    first, again, other = (halves().accept(10, seed) for seed in (0, 0, 1))
    first.check()
    assert first.y.bincount().tolist() == [10, 10]
    assert torch.equal(first.mean, again.mean)
    assert not torch.equal(first.mean, other.mean)


def test_a_class_that_never_comes_is_named_and_the_search_ends(lt_error):
    with lt_error("toy", "3,000 samples", "class 2 (0)", "budget"):
        accepted(halves(3), 5, g(), budget=3_000)


def test_nothing_accepted_at_all_is_the_same_error(lt_error):
    with lt_error("class 0 (0), 1 (0)"):
        accepted(halves(), 5, g(), threshold=1.1, budget=600)


def test_a_latent_space_of_unknown_size_is_an_error(lt_error):
    with lt_error("toy", "latent=..."):
        accepted(dataclasses.replace(halves(), latent=None), 5, g())
