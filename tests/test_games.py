"""Image-to-image competitors: pairs that are pairs, networks of pictures, and games computed by hand."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from toys import CPU, equal, g

from lt import loop
from lt.datasets.images import Images
from lt.loop import Training, initialised
from lt.zoo import games
from lt.zoo.image_networks import CycleGAN, ImagePool, ResNetGenerator, UNet, patch_critic
from lt.zoo.pairs import AlignedPairs, Pictures, pictures, translate

# ---------------------------------------------------------------- pairs


def test_pairs_have_one_class_and_every_item_can_be_met():
    first, second = torch.tensor([2, 0, 1, 1]), torch.tensor([1, 0, 0, 2, 1, 2, 2])
    i, j = AlignedPairs(first, second)(4000, g())
    assert torch.equal(first[i], second[j])
    share = j[first[i] == 2].bincount(minlength=7) / (first[i] == 2).sum()
    assert share[[3, 5, 6]].tolist() == pytest.approx([1 / 3] * 3, abs=0.05), "partners are uniform within their class"
    assert (i.bincount(minlength=4) / 4000).tolist() == pytest.approx([1 / 4] * 4, abs=0.03)


def test_a_class_without_partner_is_named(lt_error):
    with lt_error("class 2", "both domains"):
        AlignedPairs(torch.tensor([0, 2]), torch.tensor([0, 1]))


# ---------------------------------------------------------------- games


def test_a_pool_returns_what_it_is_given_until_it_is_full():
    pool = ImagePool(4, (1,))
    for first in (0.0, 2.0):
        batch = torch.tensor([[first], [first + 1]])
        assert torch.equal(pool(batch, g()), batch)
    assert pool.items.flatten().tolist() == [0, 1, 2, 3]


def test_a_full_pool_swaps_half_and_loses_nothing():
    pool, generator = ImagePool(4, (1,)), g()
    given, returned = [], []
    for step in range(400):
        batch = torch.tensor([[2.0 * step], [2.0 * step + 1]])
        given += batch.flatten().tolist()
        returned += pool(batch, generator).flatten().tolist()
    # what came in came out, once, or is still inside; the first four came out and were kept as well
    assert sorted(returned + pool.items.flatten().tolist()) == sorted([*given, 0.0, 1.0, 2.0, 3.0])
    fresh = np.mean([a == b for a, b in zip(given[4:], returned[4:], strict=True)])
    assert fresh == pytest.approx(0.5, abs=0.06)


def test_a_pool_smaller_than_a_batch_is_an_error(lt_error):
    with lt_error("pool of 2", "batch of 3"):
        ImagePool(2, (1,))(torch.zeros(3, 1), g())


class Times(nn.Module):
    def __init__(self, factor: float):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x):
        return self.factor * x


def test_cycle_terms_by_hand():
    """Generators times 2 and times 3, critics times 1 and times 10, on a = 1 and b = 2."""
    model = CycleGAN([Times(2.0), Times(3.0)], [Times(1.0), Times(10.0)], 2, (1,))
    terms = games.cycle_terms(model, torch.ones(2, 1), 2 * torch.ones(2, 1), with_identity=True)
    assert terms["adversarial"].item() == (10 * 2 - 1) ** 2 + (1 * 6 - 1) ** 2
    assert terms["cycle"].item() == abs(6 * 1 - 1) + abs(6 * 2 - 2)
    assert terms["identity"].item() == abs(2 * 2 - 2) + abs(3 * 1 - 1)


def test_inverse_generators_have_no_cycle_loss_whatever_they_do_to_classes():
    a, b = torch.randn(8, 3, generator=g()), torch.randn(8, 3, generator=g(1))
    model = CycleGAN([Times(-2.0), Times(-0.5)], [Times(1.0), Times(1.0)], 8, (3,))
    assert games.cycle_terms(model, a, b, False)["cycle"].item() == pytest.approx(0, abs=1e-6)


def test_no_cyclegan_term_sees_which_row_met_which():
    a, b = torch.randn(8, 3, generator=g()), torch.randn(8, 3, generator=g(1))
    model = CycleGAN([Times(0.7), Times(1.2)], [Times(1.0), Times(2.0)], 8, (3,))
    together, apart = (games.cycle_terms(model, a, b[order], True) for order in (torch.arange(8), torch.randperm(8, generator=g(2))))
    for term, value in together.items():
        torch.testing.assert_close(apart[term], value)


def test_adversarial_losses_at_known_points():
    assert games.least_squares(torch.tensor([1.0, 3.0]), 1.0).item() == 2
    assert games.cross_entropy(torch.zeros(3, 1, 2, 2), 1.0).item() == pytest.approx(np.log(2))


# ---------------------------------------------------------------- networks and training


@pytest.mark.parametrize("size", [28, 64])
def test_networks_of_pictures_keep_the_size(size):
    x = torch.rand(2, 1, size, size, generator=g()) * 2 - 1
    for network in (UNet(size, 4), ResNetGenerator(4, 1)):
        y = network(x)
        assert y.shape == x.shape
        assert y.abs().max() <= 1
    assert patch_critic(1, 4)(x).shape == (2, 1, size // 4 - 1, size // 4 - 1)


def test_every_output_pixel_of_a_unet_sees_the_whole_input():
    # with fixed weights and several inputs: one path may be closed by a ReLU, not all of them
    network = initialised(lambda: UNet(28, 8), "unet", 0, CPU).eval()
    x = (torch.rand(16, 1, 28, 28, generator=g()) * 2 - 1).requires_grad_(True)
    network(x)[:, 0, 0, 0].sum().backward()
    assert x.grad[:, 0, -1, -1].abs().max() > 0


@pytest.mark.parametrize("point", [True, False])
def test_without_its_point_a_unet_sees_patches(point):
    """Instance normalisation, which couples all pixels a little, is taken out to look at the layers alone."""
    network = initialised(lambda: UNet(28, 8, point), "unet", 0, CPU).eval()
    for module in [m for m in network.modules() if isinstance(m, nn.Sequential)]:
        for name, layer in module.named_children():
            if isinstance(layer, nn.GroupNorm):
                setattr(module, name, nn.Identity())
    x = (torch.rand(16, 1, 28, 28, generator=g()) * 2 - 1).requires_grad_(True)
    network(x)[:, 0, 0, 0].sum().backward()
    assert bool(x.grad[:, 0, -1, -1].abs().max() > 0) is point
    assert x.grad[:, 0, 0, 0].abs().max() > 0


def two_kinds(name: str, n: int, swap: bool) -> Pictures:
    """Class 0 is bright above, class 1 below; ``swap`` turns both around."""
    y = torch.arange(n) % 2
    x = torch.full((n, 1, 28, 28), -0.9) + 0.05 * torch.randn(n, 1, 28, 28, generator=g(int(swap)))
    for i, label in enumerate(y.tolist()):
        half = slice(0, 14) if (label == 0) != swap else slice(14, 28)
        x[i, :, half] += 1.7
    return Pictures(name, x.clamp(-1, 1), y)


def test_pix2pix_learns_what_pairs_of_a_class_share():
    a, b = two_kinds("a", 40, False), two_kinds("b", 40, True)
    config = games.Pix2PixConfig(Training(80, 8, 2e-3, betas=(0.5, 0.999)), width=4)
    model, history = games.fit_pix2pix(config, a, b, 0, device=CPU)
    with torch.no_grad():
        error = (model.generator(a.x) - b.x).abs().mean()
    assert error < 0.3, "two unrelated halves are 1.7 apart"
    assert history["l1"][-1] < 0.6


def test_a_latent_cyclegan_learns_to_come_back(blobs):
    a, b = blobs("a"), blobs("b", rotate=True)
    config = games.CycleGANConfig(Training(300, 32, 2e-3, betas=(0.5, 0.999)), width=32, depth=2, identity=0.0, pool=32)
    model, history = games.fit_latent_cyclegan(config, a, b, 0)
    assert history["cycle"][-1] < 0.5 * history["cycle"][0]
    assert "identity" not in history
    with torch.no_grad():
        error = (model.generators[1](model.generators[0](a.mean)) - a.mean).abs().mean()
    assert error < 0.5 * a.mean.std()


def test_a_latent_cyclegan_is_reproducible(blobs, tmp_path, monkeypatch):
    a, b = blobs("a"), blobs("b", rotate=True)
    config = games.CycleGANConfig(Training(20, 16, 2e-3), width=8, depth=1, pool=16)
    first, _ = games.fit_latent_cyclegan(config, a, b, 0)
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "other"))  # so that it is trained again
    again, _ = games.fit_latent_cyclegan(config, a, b, 0)
    other, _ = games.fit_latent_cyclegan(config, a, b, 1)
    assert equal(first, again)
    assert not equal(first, other), "another seed, another game"


def test_a_latent_cyclegan_needs_latents_of_one_size(blobs, lt_error):
    a = blobs("a")
    b = dataclasses.replace(blobs("b"), mean=a.mean[:, :3], std=a.std[:, :3])
    with lt_error("4 and 3 dimensions", "one size"):
        games.fit_latent_cyclegan(games.CycleGANConfig(Training(2, 4)), a, b, 0)


def test_a_cyclegan_of_pictures_trains_both_generators_and_both_critics():
    a, b = two_kinds("a", 20, False), two_kinds("b", 20, True)
    start, trained = (
        games.fit_cyclegan(games.CycleGANConfig(Training(steps, 4, lr), width=4, depth=1, pool=8), a, b, 0, device=CPU)
        for steps, lr in ((1, 0.0), (3, 1e-3))
    )
    assert set(trained[1]) == {"step", "loss", "adversarial", "cycle", "identity", "critic", "seconds"}
    before = start[0].state_dict()
    moved = {name for name, value in trained[0].named_parameters() if not torch.equal(value, before[name])}
    assert {".".join(name.split(".")[:2]) for name in moved} == {"generators.0", "generators.1", "critics.0", "critics.1"}
    assert trained[0].pools[0].filled == 8, "12 results in a pool of 8"


def test_images_go_through_a_generator_as_images():
    x = torch.rand(5, 784, generator=g())
    y = translate(Times(1.0), x)
    torch.testing.assert_close(y, x)
    images = Images("mnist", "train", "embedded", x, torch.arange(5))
    assert pictures(images).x.shape == (5, 1, 28, 28)


# ---------------------------------------------------------------- watching a game


def halves(x):
    """0 where a picture is brighter above, 1 below, as numbers in which picture 0 and 1 of ``two_kinds`` differ."""
    above, below = x.flatten(1).chunk(2, dim=1)
    return (below.mean(1) > above.mean(1)).long()


def aside_of(a: Pictures, b: Pictures, times: int = 10) -> games.Aside:
    # a result in b is of the class 0 that shines below, and in a of the class 0 that shines above
    return games.Aside((a.x, b.x), (a.y, b.y), (halves, lambda x: 1 - halves(x)), "halves", times)


def test_items_kept_aside_say_what_share_keeps_its_class():
    a, b = two_kinds("a", 40, False), two_kinds("b", 40, True)
    aside = aside_of(a, b)
    assert games.watched([Times(-1.0), Times(-1.0)], aside) == [[1.0, 0.5], [1.0, 0.5]], "turned around: every class is kept"
    assert games.watched([Times(1.0)], aside) == [[0.0, 0.5]]
    assert games.watched([Times(0.0)], aside)[0][1] == 1, "one picture for all is one class"
    back = aside.back()
    assert back.x[0] is b.x
    assert games.watched([Times(-1.0)], back) == [[1.0, 0.5]]
    assert len({aside.fingerprint, back.fingerprint, dataclasses.replace(aside, judges="others").fingerprint}) == 3


def test_a_watched_game_keeps_the_weights_of_the_best_look_of_its_last_third():
    a, b = two_kinds("a", 40, False), two_kinds("b", 40, True)
    config = games.Pix2PixConfig(Training(30, 8, 2e-3, betas=(0.5, 0.999)), width=4)
    aside = aside_of(a, b)
    model, history = games.fit_pix2pix(config, a, b, 0, aside, CPU)
    assert history["step"] == list(range(3, 31, 3)), "every tenth of the run"
    assert history["score"] == pytest.approx(history["accuracy 0"])
    assert len(history["most common 0"]) == 10
    assert games.watched([model.generator], aside)[0][0] == pytest.approx(max(history["score"][-3:]))
    plain, _ = games.fit_pix2pix(config, a, b, 0, None, CPU)
    assert not hasattr(plain, "curve"), "without anything to watch it is the game that it was"


def test_a_lucky_look_at_a_game_that_has_hardly_begun_is_not_kept(monkeypatch):
    a, b = two_kinds("a", 40, False), two_kinds("b", 40, True)
    config = games.Pix2PixConfig(Training(30, 8, 2e-3, betas=(0.5, 0.999)), width=4)
    shares, weights = iter([0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.2]), []

    def watched(generators, aside):
        weights.append({name: value.clone() for name, value in generators[0].state_dict().items()})
        return [[next(shares), 0.5]]

    monkeypatch.setattr(games, "watched", watched)
    data = (a, b, aside_of(a, b))
    model = initialised(lambda: games._build_pix2pix(config, data), "game", 0, CPU)
    history = games._train_pix2pix(model, config, data, g(), None)
    assert history["score"] == pytest.approx([0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.2])
    kept = model.generator.state_dict()
    assert [all(torch.equal(kept[name], look[name]) for name in kept) for look in weights] == [i == 8 for i in range(10)]


def test_a_watched_cyclegan_has_a_curve_each_way_and_few_steps_few_looks():
    a, b = two_kinds("a", 20, False), two_kinds("b", 20, True)
    config = games.CycleGANConfig(Training(3, 4, 1e-3), width=4, depth=1, pool=8)
    _, history = games.fit_cyclegan(config, a, b, 0, aside_of(a, b), CPU)
    assert [len(history[name]) for name in ("score", "accuracy 0", "accuracy 1", "most common 0", "most common 1")] == [3] * 5
    means = [(x + y) / 2 for x, y in zip(history["accuracy 0"], history["accuracy 1"], strict=True)]
    assert history["score"] == pytest.approx(means)


def test_a_curve_survives_a_run_that_was_stopped(tmp_path):
    """The looks before the stop are in the checkpoint, and the end is the same as without a stop."""
    a, b = two_kinds("a", 20, False), two_kinds("b", 20, True)
    config = games.Pix2PixConfig(Training(10, 4, 1e-3), width=4)
    data, looks = (a, b, aside_of(a, b)), []

    def played(checkpoint, stop_at=None):
        model = initialised(lambda: games._build_pix2pix(config, data), "game", 0, CPU)
        aside = data[2]
        if stop_at is not None:

            def classify(x):
                looks.append(x)
                if len(looks) > stop_at:
                    raise KeyboardInterrupt
                return aside.classify[1](x)

            aside = dataclasses.replace(aside, classify=(aside.classify[0], classify))
        return games._train_pix2pix(model, config, (a, b, aside), g(), checkpoint)

    whole = played(None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "SAVE_SECONDS", 0)
        with pytest.raises(KeyboardInterrupt):
            played(tmp_path / "game.pt", stop_at=4)
        again = played(tmp_path / "game.pt")
    for name in ("score", "accuracy 0", "most common 0"):
        assert again[name] == pytest.approx(whole[name])


def test_a_plateau_is_a_last_third_that_gains_a_hundredth_at_most():
    flat, rising = [0.5, 0.8, 0.9, 0.905, 0.9, 0.89], [0.1 * i for i in range(9)]
    assert games.plateau(flat, 1000, 1.0)
    assert not games.plateau(rising, 1000, 1.0)
    assert games.plateau([0.9, 0.9, 0.91], 1000, 1.0), "a hundredth more is within the rule"
    shares = torch.tensor([434.0, 434.0, 439.0]) / 500  # five items of 500 more, as 32-bit numbers
    assert games.plateau(shares.tolist(), 1000, 1.0), "a hundredth more is within the rule, whatever the last bit says"
    assert not games.plateau((torch.tensor([434.0, 434.0, 440.0]) / 500).tolist(), 1000, 1.0)
    assert not games.plateau([0.9, 0.9, 0.93], 1000, 1.0)
    assert games.plateau([0.1] * 10, 1000, 1.0), "a game that never left chance has a plateau there"
    assert not games.plateau([0.1] * 10, 1000, 0.9), "flat because it has not seen all items"
    assert not games.plateau([0.1] * 10, 999, 5.0), "flat because it has hardly begun, though its sets are small"
    assert not games.plateau([], 1000, 1.0), "nothing was seen"
    assert not games.plateau([0.5, 0.5], 1000, 1.0), "two looks have no third"


def test_the_search_takes_the_rate_whose_short_run_is_best():
    config = games.Pix2PixConfig(Training(200, 8, 1e-3))
    asked = []

    def fit(config, source, target, seed, aside):
        asked.append((config.training.steps, config.training.lr))
        return None, {"score": [0.2, {0.5e-3: 0.3, 1e-3: 0.6, 2e-3: 0.5}[config.training.lr]]}

    found = games.search(fit, config, (0.5, 1.0, 2.0), "a", "b", 0, None)
    assert asked == [(20, 0.5e-3), (20, 1e-3), (20, 2e-3)], "a tenth of the steps each"
    assert found == config
    assert games.search(fit, config, (2.0,), "a", "b", 0, None).training == dataclasses.replace(config.training, lr=2e-3)
    assert len(asked) == 3, "one rate needs no run"
