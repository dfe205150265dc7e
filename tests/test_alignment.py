"""Maps between two spaces of the same items: a rotated copy is found again, with pairs exactly, without any nearly so."""

import pytest
import torch
from toys import TINY_BRIDGE, g, longer, lopsided

from lt.bridge import BridgeConfig, fit_bridge
from lt.latents import Latents
from lt.loop import Training
from lt.zoo import alignment, paired_bridge
from lt.zoo.retrieval import retrieval


def rotated(n: int = 400, d: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Points with a different spread along every axis, and a copy of them, turned, three times as large, and moved."""
    x = torch.randn(n, d, generator=g(seed)) * torch.linspace(1, 2, d) + 0.5
    rotation, _ = torch.linalg.qr(torch.randn(d, d, generator=g(seed + 1)))
    return x, 3 * x @ rotation - 2


def test_procrustes_recovers_a_rotated_copy():
    x, y = rotated()
    torch.testing.assert_close(alignment.procrustes(x[:20], y[:20])(x), y, atol=1e-4, rtol=1e-4)


def test_one_pair_can_only_shift():
    x, y = rotated()
    moved = alignment.procrustes(x[:1], y[:1])(x)
    torch.testing.assert_close(moved[0], y[0])
    assert moved.isfinite().all()


def test_an_affine_map_recovers_what_no_rotation_does():
    x, y = rotated()
    stretched = y * torch.linspace(0.2, 3, 6)
    torch.testing.assert_close(alignment.affine(x, stretched, ridge=1e-9)(x), stretched, atol=1e-3, rtol=1e-3)
    assert (alignment.procrustes(x, stretched)(x) - stretched).abs().mean() > 0.3


def test_relative_representations_of_a_rotated_copy_are_the_same():
    x, y = rotated()
    anchored, centre = (x[:30], y[:30]), (x.mean(0), y.mean(0))
    a, b = (alignment.relative(z, points, at) for z, points, at in zip((x, y), anchored, centre, strict=True))
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
    assert retrieval(a, b)["top1"] == 1
    torch.testing.assert_close(alignment.relative_map(*anchored, *centre)(x), y, atol=1e-3, rtol=1e-3)


def test_anchors_that_are_not_there_are_an_error(lt_error):
    latents = Latents("digits", torch.randn(5, 2), torch.zeros(5, 2), torch.arange(5))
    assert len(alignment.anchors(latents, torch.tensor([4, 0]))) == 2
    for index in ([0, 5], [-1, 2]):
        with lt_error("digits", "of 5 items", "from 0 to 4"):
            alignment.anchors(latents, torch.tensor(index))
    with lt_error("0 anchors of 5 items"):
        alignment.anchors(latents, torch.tensor([], dtype=torch.int64))


@pytest.mark.parametrize("fit", [alignment.procrustes, alignment.affine])
def test_pairs_of_unequal_length_are_an_error(fit, lt_error):
    with lt_error("(3, 2) and (4, 2)", "row i is one item in both"):
        fit(torch.zeros(3, 2), torch.zeros(4, 2))


def unlike(seed: int, turn: bool) -> torch.Tensor:
    """Four clouds of unlike size and distance in eight dimensions; other points for another seed, turned or not."""
    generator = g(seed)
    centres = torch.zeros(4, 8)
    centres[1, 0], centres[2, :2], centres[3, 1:3] = 3.0, torch.tensor([-1.0, 4.0]), torch.tensor([-2.0, 7.0])
    x = centres[torch.arange(400) % 4] + torch.linspace(1.2, 0.3, 8) * torch.randn(400, 8, generator=generator)
    rotation, _ = torch.linalg.qr(torch.randn(8, 8, generator=g(5)))
    return x @ rotation if turn else x


@pytest.mark.parametrize("start", ["clusters", "kmeans", "gromov_wasserstein"])
def test_without_a_pair_a_turned_copy_is_found_again(start):
    a, b = unlike(0, False), unlike(1, True)  # no item is in both
    makes = {
        "clusters": lambda: [alignment.by_clusters(a, b, number) for number in (3, 4)],
        "kmeans": lambda: [alignment.by_kmeans(a, b, g(), 4, 5, 10)],
        "gromov_wasserstein": lambda: [alignment.by_gromov_wasserstein(a, b, g(), 150)],
    }
    latent_map = alignment.refined(a, b, makes[start](), alignment.Refinement(neighbours=5, affine=5))
    fresh, answer = unlike(2, False), unlike(2, True)
    assert ((latent_map(fresh) - answer) ** 2).mean() < 0.3 * (answer - answer.mean(0)).var()
    assert retrieval(latent_map(fresh), answer)["top1"] > 0.1  # chance: 0.0025


def test_a_map_needs_a_guess(lt_error):
    with lt_error("no guess to start from"):
        alignment.refined(torch.zeros(3, 2), torch.zeros(3, 2), [])


def test_a_turned_domain_turns_back():
    latents = lopsided("a", 0)
    turned, back = alignment.turned(latents, "b", g(3))
    assert turned.name == "b"
    torch.testing.assert_close(back(turned.mean), latents.mean)
    torch.testing.assert_close(turned.mean @ turned.mean.T, latents.mean @ latents.mean.T, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(turned.std.sort(-1).values, latents.std.sort(-1).values)


# ---------------------------------------------------------------- the bridge that is shown pairs


def test_pairs_bring_the_shared_means_of_an_item_together():
    a = lopsided("a", 0)
    b, _ = alignment.turned(a, "b", g(1))
    config = BridgeConfig(Training(300, 64, 1e-2, "onecycle"), shared=3, width=64, depth=2, beta_kl=1e-3, projections=16)
    item = torch.arange(200)
    plain = fit_bridge([a, b], config)
    shown = paired_bridge.fit_paired_bridge([a, b], torch.stack([item, item], 1), paired_bridge.PairedBridgeConfig(config))
    with torch.no_grad():
        apart = [(x.encode(a.mean, "a")[0] - x.encode(b.mean, "b")[0])[200:].norm(dim=-1).mean() for x in (plain, shown)]
        scores = [retrieval(x.transfer(a.mean, "a", "b"), b.mean)["mrr"] for x in (plain, shown)]
    assert apart[1] < 0.5 * apart[0]
    assert scores[1] > scores[0]
    assert "pairs" in shown.history


def test_pairs_that_name_no_item_are_an_error(lt_error):
    a, b = lopsided("a", 0), lopsided("b", 1, n=90)
    config = paired_bridge.PairedBridgeConfig(longer(TINY_BRIDGE, 2))
    for pairs in (torch.tensor([[0, 90]]), torch.tensor([[-1, 0]]), torch.zeros(0, 2, dtype=torch.int64), torch.arange(3)):
        with lt_error("below 300 in the first column and 90 in the second"):
            paired_bridge.fit_paired_bridge([a, b], pairs, config)
    with lt_error("3 domains", "pairs join two"):
        paired_bridge.fit_paired_bridge([a, b, lopsided("c", 2)], torch.tensor([[0, 0]]), config)
