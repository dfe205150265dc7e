"""Metrics: closed forms, scikit-learn, known limits, and protocols on models whose answer is known beforehand."""

import json
import math
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from sklearn import manifold
from torch.nn.functional import one_hot
from toys import g

from lt import metrics
from lt.latents import Domain, Latents
from lt.metrics import estimate, floor, locality, paper_protocol_accuracy, transfer_score

N, K = 100, 5  # items per class and neighbours, in most tests
Y = torch.arange(3 * N) % 3
Z = 4 * one_hot(Y, 6) + torch.randn(3 * N, 6, generator=g())


def by_chance(n: int, k: int) -> float:
    """Mean trustworthiness when the k neighbours of each of n items are drawn at random."""
    return 1 - (n - 1 - k) * (n - k) / ((n - 1) * (2 * n - 3 * k - 1))


def score(made: torch.Tensor, judged: torch.Tensor = Y, after: torch.Tensor = Y, **more) -> metrics.Score:
    """The score of results that the target's judge calls ``after``; the target's own are a copy of the latents."""
    return transfer_score(made, Z, Y, judged, lambda _: after, **{"own": Z, "own_y": Y, "k": K} | more)


def both(before: torch.Tensor, after: torch.Tensor, **more) -> list[float | None]:
    return list(locality(before, after, torch.zeros(len(before)).long(), **more).values.values())


@pytest.mark.parametrize("n, k", [(21, 10), (50, 5), (150, 10), (151, 1)])
def test_locality_is_scikit_learns_averaged_over_classes(n, k):
    a, b = torch.randn(2 * n, 7, generator=g()), torch.rand(2 * n, 2, 3, generator=g(1))
    b[:, 0] += a[:, :3]
    y, flat = torch.arange(2 * n) % 2, b.flatten(1)
    pairs = [[(a[y == c], flat[y == c]), (flat[y == c], a[y == c])] for c in (0, 1)]
    expected = np.mean([[manifold.trustworthiness(*pair, n_neighbors=k) for pair in of] for of in pairs], 0)
    assert list(locality(a, b, y, k).values.values()) == pytest.approx(expected.tolist(), abs=1e-12)


def test_a_copy_and_a_rotation_keep_all_neighbours_noise_some_and_a_shuffle_none():
    a, noise = torch.randn(2, 200, 5, generator=g())
    turn, _ = torch.linalg.qr(torch.randn(5, 5, generator=g(1)))
    assert both(a, a) == [1, 1]
    assert both(a, 3 * a @ turn + 5) == pytest.approx([1, 1], abs=1e-6)
    assert (np.diff([both(a, a + s * noise) for s in (0, 0.3, 1, 20)], axis=0) < 0).all()
    assert both(a, a[torch.randperm(200, generator=g(2))]) == pytest.approx([by_chance(200, 10)] * 2, abs=0.03)


def test_a_tear_is_trustworthy_and_not_continuous_and_glue_is_the_reverse():
    """A line in pieces of 15 that change places: neighbours in a piece were near, but those across a cut are lost."""
    line = torch.arange(300.0)[:, None]
    pieces = line % 15 + 1000 * torch.randperm(20, generator=g())[torch.arange(300) // 15][:, None]
    trustworthiness, continuity = both(line, pieces)
    assert trustworthiness > 0.98
    assert continuity < 0.92
    assert both(pieces, line) == pytest.approx([continuity, trustworthiness], abs=0.01)


def test_copies_are_at_chance_whatever_their_order():
    """Equal distances in the order of the items would make neighbours of items that stand together."""
    line = torch.arange(200.0)[:, None]
    for prototype in (torch.zeros(200, 3), torch.full((200, 784), 0.3), torch.full((200, 2), -1e6)):
        found = [both(line, prototype, seed=seed) for seed in range(6)]
        assert np.mean(found, 0) == pytest.approx([by_chance(200, 10)] * 2, abs=0.015)
    assert both(line, torch.randn(4, 5, generator=g())[torch.arange(200) // 50])[0] < 0.95, "copies of four items"


def test_small_classes_are_left_out_and_without_any_nothing_is_measured():
    y = torch.tensor([0] * 50 + [1] * 20 + [-1] * 30)
    a = torch.randn(100, 3, generator=g())
    found, nothing = locality(a, a.roll(1, 0), y), locality(a, a, y, k=40)
    assert np.isfinite(found.items["continuity"]).tolist() == [True] * 50 + [False] * 50
    assert nothing.values == {"trustworthiness": None, "continuity": None}
    assert np.isnan(nothing.items["continuity"]).all()
    assert estimate([nothing, found], "continuity").value is None


def test_the_same_random_items_of_each_class_are_looked_at_for_every_method():
    found = [locality(Z, made, Y, K, 40, seed) for made, seed in ((Z, 0), (Z.roll(1, -1), 0), (Z, 1))]
    seen = [np.isfinite(one.items["trustworthiness"]) for one in found]
    assert (seen[0] == seen[1]).all()
    assert (seen[0] != seen[2]).any()
    assert [int(seen[0][c == Y.numpy()].sum()) for c in range(3)] == [40] * 3


def test_random_linear_maps_lie_above_chance_and_below_one_and_rise_with_dimensions():
    found = [floor(Z, Y, dimensions, k=K, draws=3) for dimensions in (1, 3, 60)]
    for name in ("trustworthiness", "continuity"):
        values = [by_chance(N, K) + 0.05, *(one[name] for one in found), 0.999]
        assert values == sorted(values)
    assert found[1].values == floor(Z, Y, 3, k=K, draws=3).values
    assert np.nanmean(found[1].items["continuity"]) == pytest.approx(found[1]["continuity"]), "items carry the value"


def test_diversity_by_hand_and_of_gaussians(lt_error):
    """The mean distance of two Gaussian draws in d dimensions is 2 gamma((d + 1) / 2) / gamma(d / 2)."""
    x = torch.tensor([[0.0, 0], [3, 4], [1, 1], [1, 1]])
    assert metrics.diversity(x, torch.tensor([0, 0, 1, 1])) == pytest.approx(2.5), "5 in one class, 0 in the other"
    assert metrics.diversity(x, torch.tensor([0, 0, 1, 7])) == pytest.approx(5), "a class of one has no distance"
    x = torch.randn(2000, 3, generator=g())
    assert metrics.diversity(x, torch.zeros(2000)) == pytest.approx(2 / math.gamma(1.5), rel=0.02)
    with lt_error("2000 items", "give more"):
        metrics.diversity(x, torch.arange(2000))


def test_a_copy_has_every_score_one():
    found = score(Z, second=lambda _: Y)
    shares = ["transfer_accuracy", "transfer_accuracy_true_label", "transfer_accuracy_second_judge"]
    assert list(found.values) == [*shares, "diversity", "trustworthiness", "continuity"]
    assert found.values == pytest.approx(dict.fromkeys(found.values, 1.0))
    assert [name for name, row in found.items.items() if row.dtype == bool] == shares
    assert repr(found).startswith("Score({'transfer_accuracy': 1.0, ")


def test_every_judge_is_compared_with_its_own_label():
    judged = Y.where(torch.arange(len(Y)) % 10 > 0, 2)  # the source's judge calls a tenth of the items 2
    found = score(Z, judged, second=lambda x: torch.zeros(len(x)).long())
    assert found["transfer_accuracy"] == pytest.approx(metrics.agreement(judged, Y))
    assert found["transfer_accuracy_true_label"] == 1
    assert found["transfer_accuracy_second_judge"] == pytest.approx(1 / 3)


def test_diversity_is_relative_to_the_targets_own_and_a_prototype_has_none():
    assert score(Z / 2)["diversity"] == pytest.approx(0.5)
    assert score(Z, own=Z.double() * 4)["diversity"] == pytest.approx(0.25)
    found = score(torch.stack([Z[c == Y].mean(0) for c in range(3)])[Y])
    assert found["transfer_accuracy"] == 1
    assert found["diversity"] == 0
    assert found["continuity"] == pytest.approx(by_chance(N, K), abs=0.05)


def test_wrong_results_do_not_add_to_diversity():
    wrong = torch.arange(len(Z)) % 7 == 0
    found = score(Z.where(~wrong[:, None], 1000 * torch.randn(Z.shape, generator=g(3))), after=Y.where(~wrong, 99))
    assert found["transfer_accuracy"] == pytest.approx(1 - wrong.double().mean().item())
    assert found["diversity"] == pytest.approx(1, abs=0.03)
    assert np.isnan(found.items["diversity"][: len(Z)]).tolist() == wrong.tolist()


def test_a_class_that_is_rarely_right_is_left_out_on_both_sides():
    rare = (Y == 2) & (torch.arange(len(Z)) >= 6 * K)  # only 2 K of class 2 are right
    own = Z.where(Y[:, None] < 2, 1000 * Z)  # would make diversity small
    assert score(Z, after=Y.where(~rare, 0), own=own)["diversity"] == pytest.approx(1)
    never = score(Z, after=Y + 1)
    assert never["diversity"] is None
    assert never["continuity"] == 1, "locality is that of all items"
    assert estimate([never], "diversity") == metrics.Estimate(None, None, None, (None,), 0)


def test_identical_items_are_no_error_and_nothing_saved_is_nan():
    same = torch.ones_like(Z)
    assert score(same)["diversity"] == 0
    found = score(same, own=same)
    assert found["diversity"] is None, "there is nothing to compare with"
    json.dumps(found.values, allow_nan=False)
    assert "diversity" not in score(Z, own=None).values


def test_what_cannot_be_scored_is_named(lt_error):
    with lt_error("299 results", "300 latents"):
        score(Z[1:])
    with lt_error("finite"):
        score(Z.where(Z < 5, math.nan))


def test_ten_thousand_items_take_less_than_two_seconds_of_one_core():
    y, z = torch.arange(10_000) % 10, torch.randn(10_000, 100, generator=g())
    made = (z @ torch.randn(100, 784, generator=g(1))).tanh()
    begun = time.process_time()
    transfer_score(made, z, y, y, lambda _: y, own=made[:3000], own_y=y[:3000], second=lambda _: y)
    assert time.process_time() - begun < 2


@given(st.permutations(range(3)), st.integers(0, 5))
def test_neither_the_order_of_items_nor_the_names_of_classes_matter(names, seed):
    made, found = Z + torch.randn(Z.shape, generator=g(1)), []
    judged, after = Z[:, :3].argmax(-1), made[:, :3].argmax(-1)
    for i, new in (
        (torch.arange(len(Z)), torch.arange(3)),
        (torch.randperm(len(Z), generator=g(seed)), 1000 * torch.tensor(names)),
    ):
        judge = lambda _, classes=new[after[i]]: classes  # noqa: E731
        given = (made[i], Z[i], new[Y[i]], new[judged[i]], judge)
        found.append(transfer_score(*given, own=Z[i], own_y=new[Y[i]], second=judge, k=K).values)
    assert found[0] == pytest.approx(found[1], abs=1e-9)


# ---------------------------------------------------------------- shares, the paper's protocol, Fréchet distances

X = torch.eye(3)[torch.arange(60) % 3]  # a model's latents are its data, three numbers: the class is the largest
A, B, CONSTANT = (
    Domain(name, lambda x: (x, torch.zeros_like(x)), decode, lambda x: x.argmax(-1))
    for name, decode in (("a", lambda z: z), ("b", lambda z: z), ("b", lambda z: X[:1].expand(len(z), 3)))
)


class Rolling:
    """Rolls classes by ``shift``, and records how it was asked."""

    def __init__(self, shift: int = 0):
        self.shift, self.asked = shift, []

    def transfer(self, z, source, target, generator):
        self.asked.append((source, target, z))
        return z.roll(self.shift, -1)


def test_agreement_is_a_share():
    assert metrics.agreement(torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 0])) == 0.75


def test_paper_protocol_balances_classes():
    """One class is rare in the latents but weighs as much as the others, up to what there is of it."""
    y = torch.tensor([0] * 500 + [1] * 50 + [2] * 50)
    latents, bridge = Latents("a", torch.eye(3)[y], torch.zeros(600, 3), y), Rolling()
    assert paper_protocol_accuracy(bridge.transfer, A, B, latents, g(), per_class=50) == 1
    assert bridge.asked[0][:2] == ("a", "b")
    assert paper_protocol_accuracy(Rolling(1).transfer, A, B, latents, g(), per_class=50) == 0
    found = paper_protocol_accuracy(bridge.transfer, A, CONSTANT, latents, g(), per_class=50)
    assert found == pytest.approx(1 / 3), "unbalanced latents would give 500 / 600"


def test_paper_protocol_takes_items_at_random_each_once_and_draws_z():
    mean, y = torch.cat([torch.arange(300.0).view(-1, 1), torch.zeros(300, 2)], -1), torch.arange(300) % 3
    bridge = Rolling()
    for seed in (0, 0, 1):
        paper_protocol_accuracy(bridge.transfer, A, B, Latents("a", mean, None, y), g(seed), per_class=20)
    picks = [set(z[:, 0].tolist()) for *_, z in bridge.asked]
    assert [len(pick) for pick in picks] == [60, 60, 60]
    assert picks[0] == picks[1] != picks[2]
    noisy = Latents("a", X, torch.full_like(X, 3.0), X.argmax(-1))
    assert paper_protocol_accuracy(bridge.transfer, A, B, noisy, g()) == 1, "noise of z alone costs nothing"
    assert bridge.asked[-1][2].std() > 2


def test_fid_is_zero_for_the_same_items_and_the_closed_form_for_gaussians():
    judge = torch.nn.Flatten()
    judge.features = judge.forward
    x, y = torch.randn(500, 4, generator=g()), torch.randn(300, 4, generator=g(1)) * torch.arange(1, 5) + 1
    assert metrics.fid(judge, x, x) == pytest.approx(0, abs=1e-6)
    a, b = np.cov(x.T.double()), np.cov(y.T.double())
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert metrics.fid(judge, x, y) == pytest.approx(float(expected), rel=1e-5)
