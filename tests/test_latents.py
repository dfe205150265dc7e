"""Latents and domains: what is refused, what is mended, functions of batches, judges, labels, rejection sampling."""

import functools
import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from torch import nn
from torch.distributions import Normal
from torch.utils.data import DataLoader, TensorDataset
from toys import blobs, g

from lt import latents as module
from lt.latents import Domain, Latents, accepted
from lt.own.inputs import NAMED, UNKNOWN, as_items, labels_of

X, Y = torch.rand(11, 6, generator=g()), torch.arange(11) % 10
W = torch.randn(6, 8, generator=g(1))


def encode(x):
    return (x @ W)[:, :4], (x @ W)[:, 4:].exp()


DIGITS = Domain("digits", encode, lambda z: z @ W[:, :4].T, lambda x: x @ torch.randn(6, 10, generator=g(2)), 4)


# ---------------------------------------------------------------- latents


def spoilt(part: str, *where, value: float):
    changed = getattr(blobs(n=12), part).clone()
    changed[where] = value
    return {part: changed}


def test_what_no_bridge_can_learn_from_is_one_line(lt_error):
    for parts, *words in (
        (spoilt("mean", [5, 7], 2, value=float("nan")), "2 of 12", "item 5"),
        (spoilt("std", [5], 2, value=float("inf")), "1 of 12", "item 5"),
        (spoilt("std", 3, [1, 2], value=-0.5), "2 stds", "logarithms"),
        (spoilt("y", 4, value=-2), "a label is -2", "-1 where"),
        ({"y": torch.arange(9)}, "labels torch.int64 (9,)", "one int64 label per item"),
        ({"std": torch.ones(12, 5)}, "stds torch.float32 (12, 5)"),
        ({"y": torch.zeros(12)}, "labels torch.float32"),
        ({"mean": torch.zeros(12, 4).double()}, "means torch.float64", "float32"),
        ({"mean": np.zeros((12, 4))}, "means float64", "float32 tensors"),
        ({"mean": torch.zeros(12), "std": None}, "means torch.float32 (12,)", "(n, latent)"),
        ({"mean": torch.zeros(0, 4), "std": None, "y": torch.zeros(0).long()}, "no items"),
    ):
        with lt_error("blobs", *words):
            replace(blobs(n=12), **parts).check()
    replace(blobs(n=12), std=None, y=torch.tensor([0, UNKNOWN, 3] * 4)).check()


def test_latents_are_taken_compared_and_fingerprinted():
    one, index = blobs(n=12), torch.tensor([7, 3, 3])
    assert (len(one), one.size, one.device.type) == (12, 4, "cpu")
    assert one in [blobs(), one], "latents compare by identity, and never raise"
    assert one != blobs(n=12)
    taken = one.take(index)
    assert all(torch.equal(getattr(taken, part), getattr(one, part)[index]) for part in ("mean", "std", "y"))
    assert torch.equal(one.sample(g(3), index), taken.sample(g(3)))
    exact = replace(one, std=None)
    assert torch.equal(exact.take(slice(5)).sample(g()), one.mean[:5]), "exact points, as a GAN gives them"
    others = [replace(one, mean=one.mean + 1e-6), exact, replace(one, y=one.y.flip(0))]
    assert one.fingerprint == blobs(n=12).fingerprint
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_samples_follow_the_posterior_of_each_item_and_the_generator():
    n, before = 5000, torch.get_rng_state()
    mean, std = torch.tensor([[1.0, -2.0]]).repeat(n, 1), torch.tensor([[0.5, 0.0]]).repeat(n, 1)
    latents = Latents("digits", mean, std, torch.zeros(n).long())
    draw, again, other = (latents.sample(g(seed)) for seed in (0, 0, 1))
    assert torch.equal(draw, again)
    assert not torch.equal(draw, other)
    assert torch.equal(before, torch.get_rng_state())
    torch.testing.assert_close(draw.var(0), latents.variance(), rtol=0.08, atol=0)
    assert draw.mean(0).tolist() == pytest.approx([1, -2], abs=0.04)


def test_the_variance_of_many_numbers_is_taken_in_parts(monkeypatch):
    latents = Latents("large", 100 + torch.randn(25_003, 3, generator=g()), None, torch.zeros(25_003).long())
    whole = latents.variance()
    monkeypatch.setattr("lt.latents.LARGE", 1)
    torch.testing.assert_close(latents.variance(), whole)


# ---------------------------------------------------------------- items of any kind

A = np.arange(12.0).reshape(3, 4)
KINDS = [(A[::-1, ::-1], A[::-1, ::-1]), (A.T, A.T), (np.broadcast_to(A[0], (3, 4)), A[[0, 0, 0]])]
KINDS += [(A.astype(kind), A) for kind in (">f8", ">i4", "u1", "u2", "u8", "i2", "f2", "O")]
KINDS += [(sparse.csr_matrix(A), A), (pd.DataFrame(A), A), (A.tolist(), A), (list(A), A), (torch.from_numpy(A), A)]
KINDS += [(list(torch.from_numpy(A)), A), (torch.from_numpy(A).to_sparse(), A), (TensorDataset(torch.from_numpy(A)), A)]


@pytest.mark.parametrize("x, expected", KINDS, ids=lambda x: f"{type(x).__name__} {getattr(x, 'dtype', '')}")
def test_what_numpy_would_mend_is_mended(x, expected):
    items = as_items(x)
    assert items.tolist() == expected.tolist()
    assert items.dtype == torch.float32 or not items.is_floating_point()
    assert torch.equal(Domain("d", lambda z: z.float().cumsum(1)).posterior(x)[0], items.float().cumsum(1))


def test_texts_stay_a_list():
    assert as_items(["a", "bb"]) == as_items(np.array(["a", "bb"])) == as_items(pd.Series(["a", "bb"])) == ["a", "bb"]
    assert Domain("w", lambda words: [[len(w)] for w in words]).posterior(["a", "bb"])[0].tolist() == [[1], [2]]


def test_datasets_and_loaders_bring_their_labels():
    pairs, before, expected = TensorDataset(X, Y), torch.get_rng_state(), DIGITS.latents(X, Y)
    DIGITS.latents(pairs)
    assert torch.equal(torch.get_rng_state(), before), "no draw of the global generator"
    batches = DataLoader([(X[:5], Y[:5]), (X[5:], Y[5:])], batch_size=None)
    for data in (pairs, DataLoader(pairs, 4), batches):
        found = DIGITS.latents(data)
        assert torch.equal(found.mean, expected.mean)
        assert torch.equal(found.y, Y)
        assert torch.equal(DIGITS.classify(data), DIGITS.classify(X))
    assert torch.equal(DIGITS.latents(TensorDataset(X), Y).y, Y)


def test_labels_are_whole_numbers_of_any_kind(lt_error):
    plain = np.array([0, 1, 1, 0])
    kinds = [plain.astype(kind) for kind in ("i4", "u1", ">i8", "u2", "u8", "f8", "bool")]
    for y in (*kinds, plain.tolist(), torch.tensor(plain), torch.tensor(plain).bfloat16(), pd.Series(plain)):
        assert torch.equal(labels_of(y), torch.tensor([0, 1, 1, 0]))
    for y in (np.eye(2)[plain], pd.get_dummies(plain), sparse.csr_matrix(np.eye(2)[plain])):
        with pytest.warns(UserWarning, match="one-hot"):
            assert labels_of(y).tolist() == plain.tolist()
    names, c = np.array(["cat", "dog", "dog", "cat"]), NAMED + int(hashlib.sha256(b"cat").hexdigest()[:12], 16)
    for y in (names, names.astype("S"), names.tolist(), pd.Categorical(names), [b"cat", None, "e", "cat"]):
        with pytest.warns(UserWarning, match="labels are names"):
            found = labels_of(y)
        assert found[[0, 3]].tolist() == [c, c] != [found[1], found[2]]
    missing = ([None, 1, np.nan], pd.Categorical([None, 1, None]), np.ma.masked_array([3, 1, 3], [1, 0, 1]))
    assert all(labels_of(y).tolist() == [-1, 1, -1] for y in missing)
    assert labels_of([10**9, -1, 2**62]).tolist() == [10**9, -1, 2**62]
    for wrong, words in ((["a", 3], "neither whole numbers"), ([-2, 0], "one integer per item")):
        with lt_error("digits", words):
            labels_of(wrong, "digits")
    with lt_error("digits", "11 items, 4 labels"):
        DIGITS.latents(X, Y[:4])


# ---------------------------------------------------------------- what functions return


def test_chunks_give_what_one_pass_gives(monkeypatch):
    def ask():
        return (*DIGITS.posterior(X), DIGITS.items(torch.ones(11, 4)), DIGITS.classify(X))

    whole = ask()
    monkeypatch.setattr(module, "CHUNK", 4)  # 4 + 4 + 3
    for one, many in zip(whole, ask(), strict=True):
        torch.testing.assert_close(one, many)
        assert not many.requires_grad


FORMS = [lambda m, s: (m, s), lambda m, s: [m, s], Normal, lambda m, s: (m.double().numpy(), s.numpy())]
POINTS = [lambda x: x, lambda x: x.numpy(), lambda x: x.tolist(), lambda x: list(x.numpy())]


@pytest.mark.parametrize("n", [1, 2, 3, 600])
def test_a_posterior_may_come_in_any_form(n):
    x = torch.randn(n, 3, generator=g())
    for form in FORMS:
        mean, std = Domain("a", lambda x, form=form: form(x[:, :2], x[:, 1:].abs() + 1)).posterior(x)
        assert torch.equal(mean, x[:, :2])
        assert torch.equal(std, x[:, 1:].abs() + 1)
    for points in POINTS:
        mean, std = Domain("a", points).posterior(x)
        assert torch.equal(mean, x)
        assert std is None


def test_what_cannot_be_asked_or_answered_is_one_line(lt_error):
    for encode, *words in (
        (lambda x: x[:1], "shape (1, 6) for 11 items", "one row per item"),
        (lambda x: (x, -x), "stds", "the smallest -0.9", "logvar"),
        (lambda x: x @ torch.ones(5, 2), "encode failed on shape (11, 6)", "RuntimeError", "x[None]"),
    ):
        with lt_error("digits", *words):
            Domain("digits", encode).posterior(X)
    with lt_error("shape (1, 2) for 1 items after (1,) each"):
        Domain("a", decode=lambda z: z[:, : len(z) // 500 or 2]).items(torch.zeros(513, 4))
    for what, ask in (("encode", "posterior"), ("decode", "items"), ("judge", "classify")):
        with lt_error(f"digits has no {what}", f"Domain('digits', {what}=...)"):
            getattr(Domain("digits"), ask)(torch.zeros(3, 4))
    with lt_error("(n, 7)"):
        replace(DIGITS, latent=7).posterior(X)
    with lt_error("judge_gives='maybe'", "probabilities"):
        Domain("a", judge_gives="maybe")


def test_a_module_in_training_mode_is_used_in_evaluation_mode_and_left_as_it_was():
    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(0.5))

        def encode(self, x):
            return self.body(x)

    vae = VAE()
    vae.body[0].eval()
    for encode in (vae.encode, lambda x: vae.encode(x), vae.body, functools.partial(vae.encode)):
        with pytest.warns(UserWarning, match=r"digits: .* is in training mode.*\.eval\(\)"):
            mean, _ = Domain("digits", encode).posterior(X)
        torch.testing.assert_close(mean, X, rtol=1e-4, atol=1e-5)
        assert [m.training for m in vae.modules()] == [True, True, False, True]
    assert vae.body[0].num_batches_tracked == 0


def test_copies_follow_the_items_and_keep_their_labels(lt_error):
    def noisy(x, generator):
        return x + torch.randn(x.shape, generator=generator)

    latents = DIGITS.latents(X, Y, copies=2, augment=noisy, generator=g())
    first, second, third = latents.mean.split(11)
    assert torch.equal(first, DIGITS.posterior(X)[0])
    assert torch.equal(second, DIGITS.posterior(noisy(X, g()))[0])
    assert not torch.equal(second, third)
    assert torch.equal(latents.y, torch.cat([Y] * 3))
    assert latents.domain is DIGITS
    assert (DIGITS.latents(X).y == UNKNOWN).all(), "labels that are not given are not known"
    for missing in ({"augment": noisy}, {"generator": g()}):
        with lt_error("copies need augment", "generator"):
            DIGITS.latents(X, Y, copies=1, **missing)


# ---------------------------------------------------------------- judges


def said(scores, **more) -> torch.Tensor:
    return Domain("digits", judge=lambda x: x, **more).probabilities(scores)


LOGITS = 3 * torch.randn(600, 10, generator=g())
P = LOGITS.softmax(-1)
GIVEN = [(P, 0), (P.bfloat16(), 5e-3), (P.half(), 1e-3), (P.bfloat16().float(), 5e-3), (P.double(), 0)]
GIVEN += [(P.mul(10**d).round() / 10**d, 10**-d) for d in (2, 3, 4)]
GIVEN += [(LOGITS, 1e-6), (LOGITS.double().numpy(), 1e-6), (LOGITS - 100, 1e-5), (P.log(), 1e-6)]


@pytest.mark.parametrize("given, error", GIVEN)
def test_probabilities_are_left_as_they_are_and_logits_are_not(given, error):
    assert (said(given) - P).abs().max() <= error


def test_the_judges_word_counts(lt_error):
    torch.testing.assert_close(said(P, judge_gives="logits"), P.softmax(-1))
    for gives in (None, "probabilities"):
        with lt_error("67% of the judge's rows are probabilities", "judge_gives"):
            said(torch.cat([P, P[:300] * 0.9]), judge_gives=gives)
    with lt_error("100% percentages"):
        said(100 * P)
    with lt_error("0% of the judge's rows"):
        said(LOGITS, judge_gives="probabilities")
    two = torch.randn(10_000, 2, generator=g(1))  # logits of two classes: some rows sum to one by chance
    two[7] = torch.tensor([0.25, 0.75])
    torch.testing.assert_close(said(two), two.softmax(-1))


def test_labels_are_classes_and_no_probabilities(lt_error):
    for labels in (torch.arange(9), np.arange(9, dtype=np.uint64), list(range(9))):
        judge = Domain("digits", judge=lambda x, labels=labels: labels)
        assert judge.classify(torch.zeros(9, 1)).tolist() == list(range(9))
    assert Domain("d", judge=lambda x: x[:, 0], judge_gives="labels").classify(torch.ones(2, 1)).tolist() == [1, 1]
    with lt_error("gives labels", "give logits or probabilities"):
        judge.probabilities(torch.zeros(9, 1))


# ---------------------------------------------------------------- rejection sampling


def halves(classes: int = 2) -> Domain:
    """Items are latent points; the judge is sure of their class, the sign of z1, where z2 is positive."""

    def judge(z):
        sure = 20.0 * (z[:, 1:] > 0)
        return nn.functional.pad(torch.cat([z[:, :1] < 0, z[:, :1] >= 0], 1) * sure, (0, classes - 2))

    return Domain("toy", decode=lambda z: z, judge=judge, latent=2)


def test_accepted_points_are_the_first_of_the_prior_that_pass():
    """By hand: draws in chunks from the generator, filtered, the first of each class."""
    generator = g(5)
    z = torch.cat([torch.randn(module.CHUNK, 2, generator=generator) for _ in range(2)])
    z = z[z[:, 1] > 0]
    latents, count, drawn = accepted(halves(), 20, g(5))
    assert torch.equal(latents.mean, torch.cat([z[z[:, 0] < 0][:20], z[z[:, 0] >= 0][:20]]))
    assert latents.y.tolist() == [0] * 20 + [1] * 20
    assert (latents.std, latents.domain.name) == (None, "toy")
    assert count.sum().item() / drawn == pytest.approx(0.5, abs=0.08)
    first, again, other = (halves().accept(10, seed).mean for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    own = replace(halves(), latent=None).accept(9, prior=lambda n, draw: torch.rand(n, 2, generator=draw) - 0.5)
    assert own.mean.abs().max() <= 0.5


def test_what_is_never_accepted_is_named_and_the_search_ends(lt_error):
    with lt_error("toy", "3,000 samples", "class 2 (0)", "budget"):
        accepted(halves(3), 5, g(), budget=3_000)
    with lt_error("class 0 (0), 1 (0)"):
        accepted(replace(halves(), judge=torch.zeros_like), 5, g(), budget=600)
    with lt_error("toy", "latent=..."):
        accepted(replace(halves(), latent=None), 5, g())
