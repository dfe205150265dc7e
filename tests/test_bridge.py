"""The bridge: its objective against a plain loop, labels that are known, few or none, its variants, and what it learns in toy spaces."""

import dataclasses
import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F
from toys import CPU, TINY_BRIDGE, TOY, equal, g, longer

from lt import losses, metrics, networks
from lt.bridge import Bridge, BridgeConfig, bridge_objective, fit_bridge, network_of
from lt.latents import UNKNOWN, Domain, Latents
from lt.loop import Training, fit, initialised, named_generator
from lt.zoo.few_labels import hide_labels

WEIGHTED = replace(TINY_BRIDGE, beta_kl=0.7, beta_swd=1.3, beta_cls=0.4)
START = torch.tensor(0.0)


def judged(latents: Latents) -> Domain:
    """A domain whose items are its latent points, judged by the nearest centre of a class."""
    centres = torch.stack([latents.mean[latents.y == label].mean(0) for label in range(3)])
    return Domain(latents.name, lambda x: x, lambda z: z, lambda x: -torch.cdist(x, centres))


def network(config: BridgeConfig, latents: list[Latents], seed: int = 0) -> networks.BridgingVAE:
    return initialised(lambda: network_of(config, [d.size for d in latents], 3), "network", seed, CPU)


def trained(config: BridgeConfig, latents: list[Latents]) -> tuple[networks.BridgingVAE, dict]:
    """A network from one start and with one series of draws, whatever the latents."""
    model = network(config, latents)
    history = fit(model, bridge_objective(model, config, latents), config.training, named_generator("steps", 0))
    return model, history


def few(latents: list[Latents], per_class: int | None) -> list[Latents]:
    return [hide_labels(d, per_class, len(d), named_generator(f"labels {d.name}", 0)) for d in latents]


def resized(latents: Latents, size: int, seed: int = 5) -> Latents:
    """The same classes in a space of fewer or more dimensions, turned by the seed."""
    turn, _ = torch.linalg.qr(torch.randn(size, size, generator=g(seed)))
    if size == 2:  # three centres on a circle
        mean = latents.mean[:, :3] @ torch.tensor([[1.0, 0.0], [-0.5, 0.866], [-0.5, -0.866]])
    else:
        mean = F.pad(latents.mean, (0, 4))[:, :size]
    return replace(latents, mean=mean @ turn, std=torch.full((len(latents), size), 0.05))


# ---------------------------------------------------------------- the objective


def by_a_plain_loop(model, config: BridgeConfig, latents: list[Latents], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Section 3 term by term and domain by domain, for labels that are all known; draws in the order of the objective."""
    batch, n = config.training.batch, len(latents)
    index = [torch.randint(len(d), (batch,), generator=generator) for d in latents]
    z = [d.mean[i] + d.std[i] * torch.randn(batch, d.size, generator=generator) for d, i in zip(latents, index, strict=True)]
    noise = torch.randn(n * batch, config.shared, generator=generator).view(n, batch, -1)
    directions = torch.randn(config.projections, config.shared, generator=generator)
    directions = directions / directions.norm(dim=-1, keepdim=True)
    reconstruction = kl = classification = 0.0
    shared = []
    for k, d in enumerate(latents):
        mean, std = model.encode(z[k], k)
        shared.append(mean + std * noise[k])
        error = (z[k] - model.decode(shared[k], k)) ** 2
        reconstruction += error.sum(-1).mean() / (d.size if config.reduction == "mean" else 1)
        kl += (0.5 * (mean**2 + std**2 - 1 - (std**2).log())).sum(-1).mean()
        classification += F.cross_entropy(model.classifier(shared[k]), d.y[index[k]])
    pairs = list(itertools.combinations(range(n), 2))
    swd = 0.0
    for a, b in pairs:
        for w in directions:
            apart = (shared[a] @ w).sort().values - (shared[b] @ w).sort().values
            swd += (apart.abs() ** config.power).mean() / len(directions) / len(pairs)
    loss = reconstruction + config.beta_kl * kl + config.beta_cls * classification + config.beta_swd * swd
    return {"loss": loss, "reconstruction": reconstruction / n, "kl": kl / n, "classification": classification / n, "swd": swd}


@pytest.mark.parametrize(
    "config",
    [
        WEIGHTED,
        replace(WEIGHTED, reduction="sum"),
        replace(WEIGHTED, power=1),
        replace(WEIGHTED, conditional=False),
        replace(WEIGHTED, output="linear"),
    ],
    ids=["plain", "sum", "absolute", "unconditional", "linear"],
)
@pytest.mark.parametrize("sizes", [(4, 4), (4, 4, 4), (4, 2, 6)], ids=str)
def test_the_objective_is_a_plain_loop_over_domains(blobs, config, sizes):
    latents = [blobs(name, 60, rotate=name == "b", seed=k) for k, name in enumerate("abc"[: len(sizes)])]
    latents = [d if size == 4 else resized(d, size) for d, size in zip(latents, sizes, strict=True)]
    model = network(config, latents)
    for seed in range(3):
        model.zero_grad()
        terms = bridge_objective(model, config, latents)(g(seed), START)
        terms["loss"].backward()
        slopes = [p.grad.clone() for p in model.parameters()]
        model.zero_grad()
        expected = by_a_plain_loop(model, config, latents, g(seed))
        expected["loss"].backward()
        assert terms.keys() == expected.keys()
        for term, value in expected.items():
            torch.testing.assert_close(terms[term], value, msg=term)
        for slope, p in zip(slopes, model.parameters(), strict=True):
            torch.testing.assert_close(slope, p.grad, rtol=1e-4, atol=1e-5)


def test_the_reported_loss_is_the_weighted_sum_of_its_terms(blobs):
    """Section 3: ELBO and classification are sums over domains, the distance counts once."""
    h = fit_bridge([blobs("a"), blobs("b", rotate=True)], WEIGHTED).history
    for loss, reconstruction, kl, swd, cls in zip(h["loss"], h["reconstruction"], h["kl"], h["swd"], h["classification"], strict=True):
        assert loss == pytest.approx(2 * (reconstruction + 0.7 * kl + 0.4 * cls) + 1.3 * swd, rel=1e-4)


def test_terms_without_weight_are_left_out(blobs):
    history = fit_bridge([blobs("a"), blobs("b")], replace(TINY_BRIDGE, beta_swd=0, beta_cls=0)).history
    assert set(history) == {"step", "loss", "reconstruction", "kl", "seconds"}


@pytest.mark.parametrize("typo", [{"reduction": "men"}, {"power": 3}, {"output": "round"}])
def test_a_misspelt_reading_of_the_objective_is_an_error(blobs, typo):
    with pytest.raises(Exception, match=str(next(iter(typo.values())))):
        fit_bridge([blobs("a"), blobs("b")], replace(TINY_BRIDGE, **typo))


# ---------------------------------------------------------------- labels: all, few, none


def test_labels_reach_a_bridge_only_through_the_classification_term(blobs):
    """ "Unsupervised" means it: with beta_cls 0 other labels give the same weights, bit for bit."""
    a, b = blobs("a"), blobs("b", rotate=True)
    other = replace(a, y=a.y.roll(1))
    blind = replace(TINY_BRIDGE, beta_cls=0)
    assert equal(trained(blind, [a, b])[0], trained(blind, [other, b])[0])
    assert not equal(trained(TINY_BRIDGE, [a, b])[0], trained(TINY_BRIDGE, [other, b])[0])


def test_without_labels_there_is_no_classification_and_labels_do_not_matter(blobs):
    seen = [blobs("a"), blobs("b", rotate=True)]
    blind, history = trained(TINY_BRIDGE, few(seen, 0))
    assert "classification" not in history
    assert set(history) >= {"reconstruction", "kl", "swd"}
    assert equal(trained(replace(TINY_BRIDGE, beta_cls=0.0), seen)[0], blind), "weight 0 and no label are one thing"
    bridge = fit_bridge(few(seen, 0), TINY_BRIDGE)
    assert "classification" not in bridge.history
    assert bridge.classes == 2, "a latent classifier needs two, and is not used"


def test_few_labels_enter_the_classification_term_only(blobs):
    """The unsupervised terms of a step are those without labels, whatever is labelled."""
    seen = [blobs("a"), blobs("b", rotate=True)]
    model = network(WEIGHTED, seen)
    plain = bridge_objective(model, replace(WEIGHTED, beta_cls=0.0), seen)(g(), START)
    for labels in (2, None):
        terms = bridge_objective(model, WEIGHTED, few(seen, labels))(g(), START)
        assert all(torch.equal(terms[k], plain[k]) for k in ("reconstruction", "kl", "swd"))
        torch.testing.assert_close(terms["loss"], plain["loss"] + 2 * WEIGHTED.beta_cls * terms["classification"])


def test_items_without_a_label_are_never_classified(blobs):
    """The wrong labels of all items but two a class change nothing once they are hidden."""
    seen = [blobs("a"), blobs("b", rotate=True)]
    hidden = few(seen, 2)
    spoilt = [replace(d, y=torch.where(h.y == UNKNOWN, (d.y + 1) % 3, d.y)) for d, h in zip(seen, hidden, strict=True)]
    again = [replace(d, y=torch.where(h.y == UNKNOWN, UNKNOWN, d.y)) for d, h in zip(spoilt, hidden, strict=True)]
    model = network(WEIGHTED, seen)
    for seed in range(20):  # an item of label -1 in the term would be an error of cross_entropy
        terms, same, wrong = (bridge_objective(model, WEIGHTED, d)(g(seed), START)["classification"] for d in (hidden, again, spoilt))
        assert terms.isfinite()
        assert torch.equal(terms, same)
        assert not torch.allclose(terms, wrong)
    with pytest.raises(IndexError):
        losses.classification(torch.zeros(1, 3), torch.tensor([UNKNOWN]))


def test_the_classification_term_of_few_labels_draws_every_labelled_item_and_no_other(blobs):
    """A network that only passes z on, under a classifier that says which item it is: the term is the mean over the known items."""
    y = torch.full((12,), UNKNOWN)
    y[[1, 5, 9]] = torch.tensor([0, 1, 2])
    one = Latents("a", F.pad(torch.arange(12.0)[:, None], (0, 3)), torch.zeros(12, 4), y)
    two = replace(one, name="b")

    class Watch(networks.BridgingVAE):
        def encode(self, z, domain):
            seen.append((z[:, 0].clone(), domain))
            return super().encode(z, domain)

    seen: list = []
    config = longer(WEIGHTED, 1)
    model = Watch((4, 4), config.shared, config.width, config.depth, 3)
    objective = bridge_objective(model, config, [one, two])
    for seed in range(30):
        objective(g(seed), START)
    everything, labelled = seen[0::2], seen[1::2]
    assert {int(v) for z, _ in everything for v in z} == set(range(12))
    for z, domain in labelled:
        assert set(z.tolist()) <= {1.0, 5.0, 9.0}
        assert domain.bincount().tolist() == [16, 16]
    share = torch.cat([z for z, _ in labelled]).long().bincount(minlength=12)[[1, 5, 9]] / (30 * 32)
    assert share.tolist() == pytest.approx([1 / 3] * 3, abs=0.06)


def test_a_domain_without_a_label_has_no_classification_term(blobs):
    a, b = blobs("a"), replace(blobs("b", rotate=True), y=torch.full((300,), UNKNOWN))
    model = network(WEIGHTED, [a, b])
    plain = bridge_objective(model, replace(WEIGHTED, beta_cls=0.0), [a, b])(g(), START)
    terms = bridge_objective(model, WEIGHTED, [a, b])(g(), START)
    torch.testing.assert_close(terms["loss"], plain["loss"] + WEIGHTED.beta_cls * terms["classification"])
    assert fit_bridge([a, b], TINY_BRIDGE).classes == 3


# ---------------------------------------------------------------- variants


def test_a_frozen_classifier_stays_and_a_trained_one_moves(blobs):
    seen = [blobs("a"), blobs("b", rotate=True)]
    first = fit_bridge(seen, replace(TINY_BRIDGE, training=Training(1, 16, 0.0))).network.classifier.weight
    frozen = fit_bridge(seen, replace(TINY_BRIDGE, frozen=True))
    assert torch.equal(frozen.network.classifier.weight, first)
    assert frozen.history["classification"]
    assert not torch.equal(fit_bridge(seen, TINY_BRIDGE).network.classifier.weight, first)


def test_a_linear_output_has_no_way_around_its_hidden_layers(lt_error):
    linear, gated = (network_of(replace(TINY_BRIDGE, depth=2, output=o), [4, 4], 3) for o in ("linear", "gated"))
    assert not [m for m in linear.modules() if isinstance(m, networks.GatedMixing)]
    for model, same in ((linear, True), (gated, False)):
        for p in model.decoder[-2].parameters():  # the last hidden layer says nothing: is the input still heard?
            p.data.zero_()
        out = model.decode(torch.randn(5, 2, generator=g()), 0)
        assert torch.allclose(out, out[:1].expand_as(out)) == same


def test_an_unknown_output_is_an_error_that_lists_the_known(blobs, lt_error):
    with lt_error("unknown output 'round'", "gated or linear"):
        fit_bridge([blobs("a"), blobs("b")], replace(TINY_BRIDGE, output="round"))


# ---------------------------------------------------------------- latents of different sizes


def test_what_pads_a_smaller_latent_is_not_reconstructed(blobs):
    """Whatever the network says beyond a domain's own dimensions costs nothing, and teaches it nothing."""
    wide, small = Latents("a", torch.zeros(300, 6), torch.zeros(300, 6), blobs().y), resized(blobs("b", seed=1), 2)
    config = replace(WEIGHTED, beta_kl=0.0, beta_swd=0.0, beta_cls=0.0)
    model = network(config, [wide, small])
    with torch.no_grad():  # all outputs are 0: the wide domain is reconstructed without any error
        for p in model.output.parameters():
            p.zero_()
    objective = bridge_objective(model, config, [wide, small])
    before = objective(g(), START)["loss"]
    before.backward()
    slope = model.output.from_input.bias.grad
    assert slope[:2].abs().min() > 0
    assert not slope[2:].any()
    with torch.no_grad():
        model.output.from_input.bias[2:] += 3.0
    after = objective(g(), START)["loss"]
    # only the wide domain pays: four of its six dimensions are off by half of 3 (the gate is half open)
    assert (after - before).item() == pytest.approx(4 * 1.5**2 / 6, rel=1e-4)


def test_latents_of_different_sizes_are_joined(blobs):
    spaces = {"a": lambda seed: blobs("a", 300, seed=seed), "b": lambda seed: resized(blobs("b", 300, seed=seed), 2)}
    spaces["c"] = lambda seed: resized(blobs("c", 300, seed=seed), 6, seed=4)
    bridge = fit_bridge([make(seed) for seed, make in enumerate(spaces.values())], TOY)
    assert bridge.sizes == [4, 2, 6]
    fresh = {name: make(10 + seed) for seed, (name, make) in enumerate(spaces.items())}
    domains = {name: judged(d) for name, d in fresh.items()}
    for a, b in itertools.permutations(spaces, 2):
        assert bridge.transfer(fresh[a].mean, a, b).shape == (300, fresh[b].size)
        scores = metrics.transfer_accuracy(bridge, domains[a], domains[b], fresh[a].mean, fresh[a], g())
        assert scores["transfer_accuracy_true_label"] > 0.9, f"{a} -> {b}"


# ---------------------------------------------------------------- learning


def test_a_bridge_overfits_a_tiny_set(blobs):
    a, b = blobs("a", 6, spread=0.5), blobs("b", 6, rotate=True, spread=0.5)
    a, b = (replace(d, std=torch.zeros(6, 4)) for d in (a, b))
    config = BridgeConfig(Training(600, 32, 5e-3), shared=4, width=32, depth=2, beta_kl=1e-4, beta_swd=0.1, beta_cls=0.05, projections=8)
    bridge = fit_bridge([a, b], config)
    for latents in (a, b):
        error = ((bridge.transfer(latents.mean, latents.name, latents.name) - latents.mean) ** 2).mean()
        assert error < 0.1 * latents.mean.var()
    assert bridge.history["reconstruction"][-1] < 0.2 * bridge.history["reconstruction"][0]
    assert bridge.history["classification"][-1] < 0.2


def test_a_bridge_of_two_toy_spaces_keeps_the_class(blobs):
    """The story of the paper in four dimensions: two spaces, one a rotation of the other, joined without any pair."""
    config = BridgeConfig(Training(400, 128, 5e-3, "onecycle"), shared=3, width=64, depth=2, beta_kl=1e-3, beta_cls=1.0, projections=32)
    bridge = fit_bridge([blobs("a", 600), blobs("b", 600, rotate=True, seed=1)], config)
    fresh = {"a": blobs("a", 300, seed=8), "b": blobs("b", 300, rotate=True, seed=9)}
    for a, b in (("a", "b"), ("b", "a")):
        result = bridge.transfer(fresh[a].mean, a, b)
        centres = torch.stack([fresh[b].mean[fresh[b].y == k].mean(0) for k in range(3)])
        distance = torch.cdist(result, centres)
        assert (distance.argmin(-1) == fresh[a].y).float().mean() > 0.9
        assert distance.min(-1).values.mean() < 1, "and lands where the other domain lives (its centres are 2.8 apart)"


def test_three_domains_are_joined_by_one_bridge_in_all_six_directions(blobs):
    def spaces(seed: int) -> dict[str, Latents]:
        a, b, c = blobs("a", 300, seed=seed), blobs("b", 300, rotate=True, seed=seed + 1), blobs("c", 300, seed=seed + 2)
        # the third is turned otherwise, three times as large, and elsewhere
        return {"a": a, "b": b, "c": replace(c, mean=5 - 3 * c.mean.roll(1, -1), std=3 * c.std)}

    bridge = fit_bridge(list(spaces(0).values()), TOY)
    assert bridge.names == ["a", "b", "c"]
    fresh = spaces(10)
    domains = {name: judged(d) for name, d in fresh.items()}
    accuracy = {}
    for a, b in itertools.permutations(fresh, 2):
        scores = metrics.transfer_accuracy(bridge, domains[a], domains[b], fresh[a].mean, fresh[a], g())
        accuracy[a, b] = scores["transfer_accuracy"]
        result = bridge.transfer(fresh[a].mean, a, b)
        own = torch.pdist(fresh[b].mean[fresh[b].y == 0]).mean()
        near = torch.cdist(result, fresh[b].mean).min(-1).values.mean()
        assert near < 2 * own, f"{a} -> {b} lands where {b} lives"
    assert len(accuracy) == 6
    assert min(accuracy.values()) > 0.95, accuracy


def test_scale_and_place_of_the_latents_do_not_matter(blobs):
    """The default centres and scales what it learns from, and its results are where the target's latents are."""
    a, b = blobs("a", 300), blobs("b", 300, rotate=True, seed=1)
    far = replace(a, mean=1000 * a.mean - 5000, std=1000 * a.std)
    for latents in (a, far):
        bridge = fit_bridge([latents, b], TOY)
        torch.testing.assert_close(bridge.shift_0, latents.mean.mean(0))
        whole = latents.mean.var(0, correction=0).mean() + (latents.std**2).mean()
        torch.testing.assert_close(bridge.scale_0, whole.sqrt())
        scores = metrics.transfer_accuracy(bridge, judged(latents), judged(b), latents.mean, latents, g())
        assert scores["transfer_accuracy"] > 0.95
        back = bridge.transfer(latents.mean, "a", "a")
        assert (back - latents.mean).var() < 0.2 * latents.mean.var()
    plain = fit_bridge([a, b], replace(TINY_BRIDGE, standardise=False))
    assert not plain.shift_0.any()
    assert plain.scale_0 == 1
    assert torch.equal(plain.transfer(a.mean, "a", "b"), plain.network.decode(plain.network.encode(a.mean, 0)[0], 1))


# ---------------------------------------------------------------- transfer by name


@pytest.fixture
def untrained() -> Bridge:
    """A bridge of three domains as it begins, in evaluation mode."""
    bridge = initialised(lambda: Bridge(replace(TINY_BRIDGE, shared=3, width=16, depth=2), ["a", "b", "c"], [6, 6, 6], 4), "x", 0, CPU)
    return bridge.eval()


def test_transfer_is_the_networks_own_between_standardised_spaces(blobs):
    a, b = blobs("a"), replace(blobs("b", rotate=True), mean=3 * blobs("b", rotate=True).mean + 1)
    bridge = fit_bridge([a, b], TINY_BRIDGE)
    mean, std = bridge.network.encode((a.mean - bridge.shift_0) / bridge.scale_0, 0)
    for one, other in zip(bridge.encode(a.mean, "a"), (mean, std), strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(bridge.transfer(a.mean, "a", "b"), bridge.network.decode(mean, 1) * bridge.scale_1 + bridge.shift_1)
    sampled = bridge.network.decode(mean + std * torch.randn(mean.shape, generator=g(3)), 1) * bridge.scale_1 + bridge.shift_1
    torch.testing.assert_close(bridge.transfer(a.mean, "a", "b", g(3)), sampled)


def test_transfer_to_its_own_domain_is_the_reconstruction(untrained):
    z = torch.randn(9, 6, generator=g())
    mean, _ = untrained.encode(z, "b")
    torch.testing.assert_close(untrained.transfer(z, "b", "b"), untrained.decode(mean, "b"))
    assert not torch.allclose(untrained.transfer(z, "b", "b"), untrained.transfer(z, "b", "c"))


def test_transfer_samples_only_with_a_generator(untrained):
    z = torch.randn(1, 6, generator=g()).expand(20_000, 6)
    assert torch.equal(untrained.transfer(z[:5], "a", "b"), untrained.transfer(z[:5], "a", "b"))
    first, again, other = (untrained.transfer(z[:5], "a", "b", g(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    # with its gate shut the decoder is linear, so samples average to the transfer of the mean
    with torch.no_grad():
        untrained.network.output.from_hidden.weight.zero_()
        untrained.network.output.from_hidden.bias[6:] = -1e4
        average = untrained.transfer(z, "a", "b", g()).mean(0)
        torch.testing.assert_close(average, untrained.transfer(z[:1], "a", "b")[0], atol=0.03, rtol=0)


def test_items_go_through_both_models_and_the_bridge(blobs):
    """translate is encode, transfer, decode, each on its own side."""
    a, b = blobs("a"), blobs("b", rotate=True)
    a = replace(a, domain=Domain("a", encode=lambda x: (x / 2, torch.ones_like(x))))
    b = replace(b, domain=Domain("b", decode=lambda z: z + 100))
    bridge = fit_bridge([a, b], TINY_BRIDGE)
    x = torch.randn(7, 4, generator=g())
    with torch.no_grad():
        torch.testing.assert_close(bridge.translate(x, "a", "b"), bridge.transfer(x / 2, "a", "b") + 100)


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d.mean[4].fill_(float("nan")), ("not finite", "item 4")),
        (lambda d: d.std[4].fill_(-1.0), ("negative", "logarithms")),
        (lambda d: d.y[4].fill_(-2), ("-2", "-1 where")),
    ],
    ids=["nan", "negative std", "label below -1"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_bad_latents_never_reach_training(blobs, calls, spoil, words, place, lt_error):
    domains = [blobs("first"), blobs("second", rotate=True)]
    spoil(domains[place])
    with lt_error(("first", "second")[place], *words):
        fit_bridge(domains, TINY_BRIDGE)
    assert calls.number == 0


def test_empty_classes_and_unknown_labels_are_no_errors(blobs):
    a, b = blobs("a"), blobs("b", rotate=True)
    b.y[b.y == 1] = 2
    a.y[:10] = UNKNOWN
    bridge = fit_bridge([a, b], TINY_BRIDGE)
    assert bridge.classes == 3
    assert all(map(math.isfinite, bridge.history["classification"]))


def test_latents_of_another_dimension_are_named(blobs, lt_error):
    bridge = fit_bridge([blobs("a"), resized(blobs("b"), 3)], TINY_BRIDGE)
    with lt_error("b", "4 dimensions", "expects 3"):
        bridge.encode(torch.zeros(2, 4), "b")
    with lt_error("a", "3 dimensions", "expects 4"):
        bridge.transfer(torch.zeros(2, 3), "a", "b")


def test_a_domain_that_the_bridge_does_not_join_is_an_error_that_lists_the_known(blobs, lt_error):
    bridge = fit_bridge([blobs("a"), blobs("b")], TINY_BRIDGE)
    for ask in (lambda: bridge.encode(torch.zeros(2, 4), "c"), lambda: bridge.decode(torch.zeros(2, 2), "c"), lambda: bridge.domain("c")):
        with lt_error("unknown domain 'c'", "joins a, b"):
            ask()
    with lt_error("'a' is not at hand", "load_bridge"):
        bridge.translate(torch.zeros(2, 4), "a", "b")


@pytest.mark.parametrize("number", [0, 1])
def test_a_bridge_needs_two_sides(blobs, number, lt_error):
    with lt_error("two", str(number)):
        fit_bridge([blobs("a")][:number], TINY_BRIDGE)


def test_domains_of_one_name_are_an_error(blobs, lt_error):
    with lt_error("a, a", "name each differently"):
        fit_bridge([blobs("a"), blobs("a", seed=1)], TINY_BRIDGE)


def test_a_configuration_is_a_value_that_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TINY_BRIDGE.shared = 3
    assert replace(TINY_BRIDGE) == TINY_BRIDGE
