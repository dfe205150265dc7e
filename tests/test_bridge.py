"""The bridge: its objective against a plain loop, labels that are known, few or none, variants, what it learns."""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import functional as F
from toys import CPU, TINY_BRIDGE, TOY, blobs, equal, g, keeps_class, longer

from lt import cache
from lt.bridge import BridgeConfig, bridge_objective, centre_and_scale, fit_bridge, fit_bridges, network_of
from lt.latents import UNKNOWN, Domain, Latents
from lt.loop import Training, fit, initialised, named_generator
from lt.networks import BridgingVAE
from lt.own.join import join

WEIGHTED = replace(TINY_BRIDGE, beta_kl=0.7, beta_swd=1.3, beta_cls=0.4, beta_pairs=0.9)
START = torch.tensor(0.0)


def network(config, latents, seed=0) -> BridgingVAE:
    return initialised(lambda: network_of(config, [d.size for d in latents], 3), "network", seed, CPU)


def few(latents, per_class: int) -> list[Latents]:
    """Only the first labels of each class are known."""
    keep = [torch.cat([(d.y == c).nonzero().flatten()[:per_class] for c in range(3)]) for d in latents]
    hidden = [torch.full_like(d.y, UNKNOWN).index_copy(0, i, d.y[i]) for d, i in zip(latents, keep, strict=True)]
    return [replace(d, y=y) for d, y in zip(latents, hidden, strict=True)]


def resized(latents: Latents, size: int, seed: int = 5) -> Latents:
    """The same classes in a space of two or more dimensions, turned by the seed."""
    turn, _ = torch.linalg.qr(torch.randn(size, size, generator=g(seed)))
    circle = torch.tensor([[1.0, 0.0], [-0.5, 0.866], [-0.5, -0.866]])
    mean = latents.mean[:, :3] @ circle if size == 2 else F.pad(latents.mean, (0, 4))[:, :size]
    return replace(latents, mean=mean @ turn, std=torch.full((len(latents), size), 0.05))


# ---------------------------------------------------------------- the objective


def by_a_plain_loop(model, config, latents, generator, pairs=None) -> dict[str, torch.Tensor]:
    """Section 3 term by term and domain by domain, labels all known; draws in the order of the objective."""
    batch, n = config.training.batch, len(latents)

    def draw(k, i):
        d, noisy = latents[k], latents[k].std is not None
        z = d.mean[i] + d.std[i] * torch.randn(batch, d.size, generator=generator) if noisy else d.mean[i]
        second = (d.mean**2).mean(0) - d.mean.mean(0) ** 2 + ((d.std**2).mean(0) if noisy else 0)
        return (z - d.mean.mean(0)) / second.mean().sqrt() if config.standardise else z

    index = [torch.randint(len(d), (batch,), generator=generator) for d in latents]
    z = [draw(k, i) for k, i in enumerate(index)]
    noise = torch.randn(n * batch, config.shared, generator=generator).view(n, batch, -1)
    directions = torch.randn(config.projections, config.shared, generator=generator)
    directions = directions / directions.norm(dim=-1, keepdim=True)
    reconstruction = kl = classification = swd = 0.0
    shared = []
    for k, d in enumerate(latents):
        mean, std = model.encode(z[k], k)
        shared.append(mean + std * noise[k])
        error = (z[k] - model.decode(shared[k], k)) ** 2
        reconstruction += error.sum(-1).mean() / (d.size if config.reduction == "mean" else 1)
        kl += (0.5 * (mean**2 + std**2 - 1 - (std**2).log())).sum(-1).mean()
        classification += F.cross_entropy(model.classifier(shared[k]), d.y[index[k]])
    between = list(itertools.combinations(range(n), 2))
    for (a, b), w in itertools.product(between, directions):
        apart = (shared[a] @ w).sort().values - (shared[b] @ w).sort().values
        swd += (apart.abs() ** config.power).mean() / len(directions) / len(between)
    loss = reconstruction + config.beta_kl * kl + config.beta_cls * classification + config.beta_swd * swd
    terms = {"reconstruction": reconstruction / n, "kl": kl / n, "classification": classification / n, "swd": swd}
    if pairs is not None:
        both = pairs[torch.randint(len(pairs), (batch,), generator=generator)]
        ends = [model.encode(draw(k, both[:, k]), k)[0] for k in range(2)]
        terms["pairs"] = ((ends[0] - ends[1]) ** 2).mean()
        loss = loss + n * config.beta_pairs * terms["pairs"]
    return {"loss": loss, **terms}


CHANGES = [{}, {"reduction": "sum"}, {"power": 1}, {"conditional": False}, {"output": "linear"}, {"standardise": False}]


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("sizes", [(4, 4), (4, 2, 6)], ids=str)
def test_the_objective_is_a_plain_loop_over_domains(change, sizes):
    config = replace(WEIGHTED, **change)
    latents = [blobs(name, 60, name == "b", k) for k, name in enumerate("abc"[: len(sizes)])]
    latents = [d if size == 4 else resized(d, size) for d, size in zip(latents, sizes, strict=True)]
    latents[0] = replace(latents[0], std=None)  # exact points draw no noise
    pairs = torch.tensor([[0, 0], [7, 13], [59, 1]]) if len(sizes) == 2 else None
    model = network(config, latents)
    for seed in range(2):
        terms = bridge_objective(model, config, latents, pairs=pairs)(g(seed), START)
        slopes = torch.autograd.grad(terms["loss"], list(model.parameters()))
        expected = by_a_plain_loop(model, config, latents, g(seed), pairs)
        assert terms.keys() == expected.keys()
        for term, value in expected.items():
            torch.testing.assert_close(terms[term], value, msg=term)
        wanted = torch.autograd.grad(expected["loss"], list(model.parameters()))
        torch.testing.assert_close(slopes, wanted, rtol=1e-4, atol=1e-5)


@given(scale=some.floats(1e-6, 1e6), shift=some.floats(-100, 100))
def test_standardised_latents_have_mean_zero_and_mean_variance_one(scale, shift):
    d = blobs()
    moved = replace(d, mean=(d.mean + shift) * scale, std=d.std * scale)
    centre, size = centre_and_scale(moved)
    z = (moved.mean - centre) / size
    assert z.mean(0).abs().max() < 1e-3
    assert (z.var(0, correction=0) + ((moved.std / size) ** 2).mean(0)).mean().item() == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("value", [0.0, 1000.1])
def test_a_constant_domain_has_scale_one(value):
    constant = Latents("c", torch.full((50, 3), value), None, torch.zeros(50).long())
    assert centre_and_scale(constant)[1] == 1
    bridge = fit_bridge([constant, blobs("a")], TINY_BRIDGE, steps=2)
    assert bridge.transfer(constant.mean, "c", "c").isfinite().all()


def test_what_pads_a_smaller_latent_is_not_reconstructed():
    """Whatever the network says beyond a domain's own dimensions costs nothing, and teaches it nothing."""
    wide, small = Latents("a", torch.zeros(300, 6), None, blobs().y), resized(blobs("b", seed=1), 2)
    config = replace(WEIGHTED, beta_kl=0.0, beta_swd=0.0, beta_cls=0.0)
    model = network(config, [wide, small])
    with torch.no_grad():  # all outputs are 0: the wide domain is reconstructed without any error
        for p in model.output.parameters():
            p.zero_()
    objective, bias = bridge_objective(model, config, [wide, small]), model.output.from_input.bias
    before = objective(g(), START)["loss"]
    (slope,) = torch.autograd.grad(before, bias)
    assert slope[:2].abs().min() > 0
    assert not slope[2:].any()
    bias.data[2:] += 3.0
    # only the wide domain pays: four of its six dimensions are off by half of 3 (the gate is half open)
    assert (objective(g(), START)["loss"] - before).item() == pytest.approx(4 * 1.5**2 / 6, rel=1e-4)


# ---------------------------------------------------------------- labels: all, few, none, and of any numbers


def test_labels_reach_a_bridge_only_through_the_classification_term():
    """ "Unsupervised" means it: with beta_cls 0 other labels give the same weights, bit for bit, and so do none."""

    def trained(config, latents):
        model = network(config, latents)
        objective = bridge_objective(model, config, latents)
        return model, fit(model, objective, config.training, named_generator("steps", 0), name="t")

    a, b = blobs("a"), blobs("b", rotate=True)
    other, blind = replace(a, y=a.y.roll(1)), replace(TINY_BRIDGE, beta_cls=0, beta_pairs=0)
    plain, history = trained(blind, [a, b])
    assert set(history) == {"step", "loss", "reconstruction", "kl", "swd", "seconds"}, "no term without weight"
    assert equal(plain, trained(blind, [other, b])[0])
    assert equal(plain, trained(TINY_BRIDGE, few([a, b], 0))[0])
    assert not equal(trained(TINY_BRIDGE, [a, b])[0], trained(TINY_BRIDGE, [other, b])[0])
    assert fit_bridge(few([a, b], 0), TINY_BRIDGE).labels == []


def test_few_labels_enter_the_classification_term_only():
    seen = [blobs("a"), blobs("b", rotate=True)]
    model = network(WEIGHTED, seen)
    plain = bridge_objective(model, replace(WEIGHTED, beta_cls=0.0), seen)(g(), START)
    for latents, domains in ((few(seen, 2), 2), (seen, 2), ([seen[0], few(seen, 0)[1]], 1)):
        terms = bridge_objective(model, WEIGHTED, latents)(g(), START)
        assert all(torch.equal(terms[k], plain[k]) for k in ("reconstruction", "kl", "swd"))
        expected = plain["loss"] + domains * WEIGHTED.beta_cls * terms["classification"]
        torch.testing.assert_close(terms["loss"], expected)


def test_the_classification_term_of_few_labels_draws_every_labelled_item_and_no_other(monkeypatch):
    y = torch.full((12,), UNKNOWN)
    y[[1, 5, 9]] = torch.tensor([0, 1, 2])
    one, seen, encode = Latents("a", F.pad(torch.arange(12.0)[:, None], (0, 3)), None, y), [], BridgingVAE.encode
    monkeypatch.setattr(BridgingVAE, "encode", lambda self, z, d: seen.append((z[:, 0], d)) or encode(self, z, d))
    config = replace(WEIGHTED, standardise=False)
    objective = bridge_objective(network(config, [one, one]), config, [one, one])
    for seed in range(30):
        objective(g(seed), START)
    everything, labelled = seen[0::2], seen[1::2]
    assert {int(v) for z, _ in everything for v in z} == set(range(12))
    assert all(domain.bincount().tolist() == [16, 16] for _, domain in labelled)
    share = torch.cat([z for z, _ in labelled]).long().bincount(minlength=12) / (30 * 32)
    assert share[[1, 5, 9]].tolist() == pytest.approx([1 / 3] * 3, abs=0.06)
    assert share.sum().item() == pytest.approx(1)


@pytest.mark.parametrize("ids", [[7, 900_000, 10**9], [0, 2, 10**15]], ids=str)
def test_labels_may_be_any_numbers(ids):
    """The classes are those that occur: large ids are the same bridge as 0, 1, 2."""
    plain = [blobs("a"), blobs("b", rotate=True)]
    bridge = fit_bridge([replace(d, y=torch.tensor(ids)[d.y]) for d in plain], TINY_BRIDGE)
    assert bridge.labels == ids
    assert equal(bridge, fit_bridge(plain, TINY_BRIDGE))
    gap = replace(plain[1], y=torch.where(plain[1].y == 1, UNKNOWN, plain[1].y))  # a class that the other lacks
    assert fit_bridge([plain[0], gap], TINY_BRIDGE, steps=2).labels == [0, 1, 2]


def test_a_frozen_classifier_stays_and_a_trained_one_moves():
    seen = [blobs("a"), blobs("b", rotate=True)]
    start = initialised(lambda: network_of(TINY_BRIDGE, [4, 4], 3), "bridge:a-b", 0, CPU).classifier.weight
    frozen = fit_bridge(seen, replace(TINY_BRIDGE, frozen=True))
    assert torch.equal(frozen.network.classifier.weight, start)
    assert not torch.equal(fit_bridge(seen, TINY_BRIDGE).network.classifier.weight, start)


# ---------------------------------------------------------------- learning


def test_three_domains_of_different_sizes_are_joined_in_all_six_directions():
    def spaces(seed: int) -> list[Latents]:
        a, b, c = (blobs(name, seed=seed + i) for i, name in enumerate("abc"))
        c = resized(c, 6, seed=4)  # the third is also three times as large, and elsewhere
        return [a, resized(b, 2), replace(c, mean=5 - 3 * c.mean, std=3 * c.std)]

    bridge = fit_bridge(spaces(0), TOY)
    assert (bridge.names, bridge.sizes) == (["a", "b", "c"], [4, 2, 6])
    kept = {(a.name, b.name): keeps_class(bridge, a, b) for a, b in itertools.permutations(spaces(10), 2)}
    assert len(kept) == 6
    assert min(kept.values()) > 0.95, kept


def test_a_bridge_of_two_toy_spaces_lands_where_the_other_lives():
    """The story of the paper in four dimensions: two spaces, one a rotation of the other, joined without any pair."""
    config = replace(TOY, training=Training(400, 128, 5e-3, "onecycle"), beta_kl=1e-3, beta_cls=1.0)
    bridge = fit_bridge([blobs("a", 600), blobs("b", 600, rotate=True, seed=1)], config)
    a, b = blobs("a", seed=8), blobs("b", rotate=True, seed=9)
    for one, other in ((a, b), (b, a)):
        assert keeps_class(bridge, one, other) > 0.9
        near = torch.cdist(bridge.transfer(one.mean, one.name, other.name), other.mean).min(-1).values
        assert near.mean() < 1, "the centres are 2.8 apart"


def test_pairs_pull_the_two_ends_of_an_item_together(lt_error):
    """Two turns of the same items without labels: pairs tell which is which, nothing else can."""
    latents = few([blobs("a", seed=3), blobs("b", rotate=True, seed=3)], 0)
    config = replace(TOY, beta_pairs=3.0)
    pairs = np.stack([np.arange(40)] * 2, 1)
    with_pairs, without = fit_bridge(latents, config, pairs=pairs), fit_bridge(latents, config)
    errors = [((b.transfer(latents[0].mean, "a", "b") - latents[1].mean) ** 2).mean() for b in (with_pairs, without)]
    assert errors[0] < 0.3 * errors[1]
    assert with_pairs.history["pairs"][-1] < 0.1 * with_pairs.history["pairs"][0]
    for pairs in ([[0, 300]], [[-1, 0]], [0, 1], [[0.5, 1.0]], np.zeros((0, 2), int), [[0, 1, 2]]):
        with lt_error("pairs", "numbers (p, 2), from 0, in two domains of [300, 300]"):
            fit_bridge(latents, TINY_BRIDGE, pairs=pairs)
    with lt_error("pairs", "two domains"):
        fit_bridge([*latents, blobs("c")], TINY_BRIDGE, pairs=[[0, 1]])


# ---------------------------------------------------------------- a bridge is asked, and kept


def test_transfer_samples_only_with_a_generator_and_translate_adds_both_models():
    a = replace(blobs("a"), domain=Domain("a", encode=lambda x: (x / 2, torch.ones_like(x))))
    b = replace(blobs("b", rotate=True), domain=Domain("b", decode=lambda z: z + 100))
    bridge = fit_bridge([a, b], TINY_BRIDGE)
    z = torch.randn(5, 4, generator=g())
    plain, first, again, other = (bridge.transfer(z, "a", "b", s) for s in (None, g(1), g(1), g(2)))
    assert torch.equal(plain, bridge.decode(bridge.encode(z, "a")[0], "b"))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    torch.testing.assert_close(bridge.translate(2 * z, "a", "b"), plain + 100)


@pytest.mark.parametrize("onnx", [False, True])
@pytest.mark.filterwarnings("ignore:# ONNX model has different number of inputs")  # names of domains are none
def test_a_transfer_is_exported_for_any_number_of_latents(onnx):
    """Between latents of unlike sizes, the source joined later."""
    joined, a, b = resized(blobs("joined"), 3), resized(blobs("a"), 5), blobs("b")
    bridge = join(fit_bridge([a, b], TINY_BRIDGE), joined, [a])
    example, shapes = (joined.mean[:5], "joined", "b"), ({0: torch.export.Dim("n", min=2)}, None, None)
    if onnx:
        pytest.importorskip("onnxscript")
        pytest.importorskip("onnxruntime")
        program = torch.onnx.export(bridge, example, dynamo=True, dynamic_shapes=shapes, verbose=False)
    else:
        program = torch.export.export(bridge, example, dynamic_shapes=shapes).module()
    for z in (joined.mean[:2], joined.mean):
        made = program(z)[0] if onnx else program(z, "joined", "b")
        torch.testing.assert_close(made, bridge.transfer(z, "joined", "b"), rtol=1e-5, atol=1e-5)


def test_steps_are_a_shorthand_and_the_cache_knows_the_data(calls):
    latents = [blobs("a"), blobs("b", rotate=True)]
    bridge = fit_bridge(latents, TINY_BRIDGE, steps=7)
    assert (calls.number, bridge.config) == (7, longer(TINY_BRIDGE, 7))
    assert equal(bridge, fit_bridge(latents, longer(TINY_BRIDGE, 7)))
    assert calls.number == 7, "found in the cache"
    fit_bridge([latents[0], replace(latents[1], std=None)], TINY_BRIDGE, steps=7)
    assert calls.number == 14


def test_equal_seeds_draw_alike_whatever_the_data_and_in_any_thread(monkeypatch, tmp_path):
    """Runs are paired by their seed: the last bit of a latent changes the result a little, not the draws."""
    latents = [blobs("a"), blobs("b", rotate=True)]
    nudged = [latents[0], replace(latents[1], mean=latents[1].mean * (1 + 1e-7))]
    bridges = [fit_bridge(latents, TINY_BRIDGE, seed) for seed in range(3)]
    made = [b.transfer(latents[0].mean, "a", "b") for b in (*bridges, fit_bridge(nudged, TINY_BRIDGE))]
    assert (made[0] - made[3]).abs().max() < 1e-3 < (made[0] - made[1]).abs().max()
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "threads"))
    state = torch.get_rng_state()
    with ThreadPoolExecutor(3) as pool:
        assert all(map(equal, bridges, pool.map(lambda seed: fit_bridge(latents, TINY_BRIDGE, seed), range(3))))
    assert torch.equal(torch.get_rng_state(), state)


def test_bridges_of_several_seeds_are_those_of_each_seed(monkeypatch, lt_error):
    monkeypatch.setattr(cache, "cores", lambda: 1)
    latents = [replace(blobs(name), domain=Domain(name)) for name in "ab"]
    bridges = fit_bridges(latents, TINY_BRIDGE, np.arange(2))
    assert all(equal(bridge, fit_bridge(latents, TINY_BRIDGE, seed)) for seed, bridge in enumerate(bridges))
    assert bridges[0].domain("a") is latents[0].domain
    assert not equal(*bridges)
    with lt_error("seeds=2", "range(2)"):
        fit_bridges(latents, TINY_BRIDGE, 2)


# ---------------------------------------------------------------- what goes wrong


WRONG = {"reduction": "men", "power": 3, "output": "round", "beta_kl": -1, "beta_swd": math.nan, "beta_cls": "much"}
WRONG |= {"training": 3, "shared": 0, "depth": 0, "width": 2.5, "projections": 0, "beta_pairs": math.inf}


@pytest.mark.parametrize("name, value", WRONG.items())
def test_what_no_configuration_can_be_is_refused(name, value, lt_error):
    with lt_error(name, str(value), "BridgeConfig"):
        BridgeConfig(**{name: value})
    config = BridgeConfig(shared=np.int64(8), beta_kl=np.float32(0.5))
    assert (type(config.shared), type(config.beta_kl)) == (int, float), "a file holds plain numbers"


def test_what_a_bridge_cannot_do_is_one_line(calls, lt_error):
    a, b = blobs("a"), resized(blobs("b"), 3)
    for latents in ([], [a], a, [a, blobs("a", seed=1)]):
        with lt_error("two or more domains", "a name of its own"):
            fit_bridge(latents, TINY_BRIDGE)
    for latents in ([a, 3], [Domain("a"), Domain("b")], Domain("a")):
        with lt_error("give latents, as in [a.latents(x, y)"):
            fit_bridge(latents, TINY_BRIDGE)
    with lt_error("no BridgeConfig"):
        fit_bridge([a, b], 0)
    with lt_error("b", "not finite", "item 4"):
        fit_bridge([a, replace(b, mean=b.mean.clone().index_fill_(0, torch.tensor(4), math.nan))], TINY_BRIDGE)
    assert calls.number == 0
    bridge = fit_bridge([a, b], TINY_BRIDGE, steps=1)
    for z in (torch.zeros(2, 3), torch.zeros(4)):
        with lt_error("a", "shape", "give (n, 4)"):
            bridge.transfer(z, "a", "b")
    for ask in (lambda: bridge.encode(torch.zeros(2, 4), "c"), lambda: bridge.decode(torch.zeros(2, 2), "c")):
        with lt_error("unknown domain 'c'", "joins a, b"):
            ask()
    with lt_error("'a' is not at hand", "load_bridge"):
        bridge.translate(torch.zeros(2, 4), "a", "b")
