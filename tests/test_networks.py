"""The networks: their formulas, their sizes, and that the domain label is really used."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lt import networks

sizes = st.integers(1, 7)


def linear(inputs: int, outputs: int) -> int:
    """Weights and biases of one affine map."""
    return inputs * outputs + outputs


def stack(inputs: int, width: int, depth: int) -> int:
    return linear(inputs, width) + (depth - 1) * linear(width, width)


@pytest.fixture
def bridge() -> networks.BridgingVAE:
    torch.manual_seed(0)
    return networks.BridgingVAE((6, 6, 6), shared=3, width=16, depth=2, classes=4).eval()


# ---------------------------------------------------------------- gated mixing


@given(sizes, sizes, sizes)
def test_gated_mixing_is_its_formula(hidden, skip, out):
    layer = networks.GatedMixing(hidden, skip, out)
    h, v = torch.randn(5, hidden), torch.randn(5, skip)
    w_h, b_h, w_z, b_z = layer.from_hidden.weight, layer.from_hidden.bias, layer.from_input.weight, layer.from_input.bias
    raw = h @ w_h.T + b_h
    dz, g = raw[:, :out], 1 / (1 + torch.exp(-raw[:, out:]))
    torch.testing.assert_close(layer(h, v), (1 - g) * (v @ w_z.T + b_z) + g * dz)


def gated(bias: float) -> networks.GatedMixing:
    layer = networks.GatedMixing(5, 4, 3)
    with torch.no_grad():
        layer.from_hidden.bias[3:] = bias
    return layer


def test_a_shut_gate_is_a_linear_map_of_the_input():
    layer, v = gated(-1e4), torch.randn(6, 4)
    torch.testing.assert_close(layer(torch.randn(6, 5), v), layer.from_input(v))
    assert torch.equal(layer(torch.randn(6, 5), v), layer(torch.randn(6, 5), v)), "the hidden layers must not matter"


def test_an_open_gate_is_what_the_hidden_layers_say():
    layer, h = gated(1e4), torch.randn(6, 5)
    torch.testing.assert_close(layer(h, torch.randn(6, 4)), layer.from_hidden(h)[:, :3])
    assert torch.equal(layer(h, torch.randn(6, 4)), layer(h, torch.randn(6, 4))), "the input must not matter"


# ---------------------------------------------------------------- sizes of the paper


@pytest.mark.parametrize(("shared", "width", "depth", "domains"), [(8, 512, 4, 2), (16, 1024, 8, 2), (8, 512, 4, 3)])
@pytest.mark.parametrize("conditional", [True, False])
def test_the_papers_bridges_have_their_parameters(shared, width, depth, domains, conditional):
    """B.1: one encoder, one decoder; gated mixing for mean, deviation and output; a linear classifier."""
    label = domains if conditional else 0

    def gate(skip, out):
        return linear(width, 2 * out) + linear(skip, out)

    expected = stack(100 + label, width, depth) + 2 * gate(100 + label, shared)
    expected += stack(shared + label, width, depth) + gate(shared + label, 100) + linear(shared, 10)
    bridge = networks.BridgingVAE([100] * domains, shared, width, depth, conditional=conditional)
    assert networks.parameter_count(bridge) == expected


def test_frozen_weights_do_not_count_as_parameters():
    model = networks.BridgingVAE((6, 6), 3, 4, 1, classes=5)
    before = networks.parameter_count(model)
    model.classifier.requires_grad_(False)
    assert before - networks.parameter_count(model) == linear(3, 5)


# ---------------------------------------------------------------- bridge


def test_networks_give_float32_under_bfloat16_autocast(bridge):
    """Losses, logarithms and sums over thousands of items are not for eight bits of mantissa."""
    plain = networks.BridgingVAE((6, 6, 6), 3, 16, 2, output=networks.PlainOutput)
    outputs = []
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for model in (bridge, plain):
            shared = model.encode(torch.randn(3, 6), 0)
            outputs += [*shared, model.decode(shared[0], 1)]
    assert {o.dtype for o in outputs} == {torch.float32}


def test_bridge_shapes_for_three_domains(bridge):
    z, domain = torch.randn(9, 6), torch.arange(9) % 3
    mean, std = bridge.encode(z, domain)
    assert mean.shape == std.shape == (9, 3)
    assert (std > 0).all()
    assert bridge.decode(mean, domain).shape == (9, 6)
    assert bridge.classifier(mean).shape == (9, 4)


def test_permuting_domain_labels_changes_what_a_bridge_says(bridge):
    z, shared, domain = torch.randn(9, 6), torch.randn(9, 3), torch.arange(9) % 3
    (mean, std), (other_mean, other_std) = bridge.encode(z, domain), bridge.encode(z, (domain + 1) % 3)
    rows = ((mean - other_mean).abs().amax(-1) > 1e-4, (std - other_std).abs().amax(-1) > 1e-4)
    rows += ((bridge.decode(shared, domain) - bridge.decode(shared, (domain + 1) % 3)).abs().amax(-1) > 1e-4,)
    assert all(r.all() for r in rows), "mean, std and output of every row depend on its label"


def test_one_label_for_all_is_the_same_label_for_each(bridge):
    z = torch.randn(9, 6)
    for d in range(3):
        torch.testing.assert_close(bridge.encode(z, d), bridge.encode(z, torch.full((9,), d)))
        torch.testing.assert_close(bridge.decode(z[:, :3], d), bridge.decode(z[:, :3], torch.full((9,), d)))


def test_rows_of_a_batch_do_not_touch_each_other(bridge):
    z, domain = torch.randn(9, 6), torch.arange(9) % 3
    mean, std = bridge.encode(z, domain)
    alone = [bridge.encode(z[i : i + 1], int(domain[i])) for i in range(9)]
    torch.testing.assert_close(mean, torch.cat([m for m, _ in alone]))
    torch.testing.assert_close(std, torch.cat([s for _, s in alone]))


def test_an_unconditional_bridge_has_no_labels_to_see():
    plain = networks.BridgingVAE((6, 6), 3, 16, 2, conditional=False)
    labelled = networks.BridgingVAE((6, 6), 3, 16, 2)
    z = torch.randn(9, 6)
    assert all(torch.equal(a, b) for a, b in zip(plain.encode(z, 0), plain.encode(z, 1), strict=True))
    assert torch.equal(plain.decode(z[:, :3], 0), plain.decode(z[:, :3], 1))
    assert labelled.encoder[0].in_features - plain.encoder[0].in_features == 2
    assert labelled.decoder[0].in_features - plain.decoder[0].in_features == 2


@pytest.mark.parametrize("index", [-1, 3, 10])
def test_a_domain_that_is_not_there_is_an_error(bridge, index):
    z = torch.randn(9, 6)
    with pytest.raises(ValueError, match="3") as caught:
        bridge.encode(z, index)
    assert str(index) in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError):
        bridge.decode(z[:, :3], index)
    with pytest.raises((ValueError, RuntimeError)):
        bridge.encode(z, torch.full((9,), index))


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("domain", [-1, 2])
def test_a_domain_that_the_bridge_does_not_join_is_an_error(conditional, domain):
    bridge = networks.BridgingVAE((4, 4), shared=2, width=8, depth=1, classes=3, conditional=conditional)
    with pytest.raises(ValueError, match="joins 2 domains"):
        bridge.encode(torch.zeros(1, 4), domain)
    with pytest.raises(ValueError, match="joins 2 domains"):
        bridge.decode(torch.zeros(1, 2), domain)


# ---------------------------------------------------------------- latents of different sizes, and plain outputs


def test_smaller_latents_are_padded_on_the_way_in_and_cut_on_the_way_out():
    torch.manual_seed(0)
    model = networks.BridgingVAE((6, 2, 4), shared=3, width=16, depth=2, classes=4).eval()
    small = torch.randn(9, 2)
    padded = torch.cat([small, torch.zeros(9, 4)], -1)
    for one, other in zip(model.encode(small, 1), model.encode(padded, 1), strict=True):
        assert torch.equal(one, other)
    shared = torch.randn(9, 3)
    assert [model.decode(shared, d).shape for d in range(3)] == [(9, 6), (9, 2), (9, 4)]
    whole = model.decode(shared, torch.full((9,), 1))
    assert whole.shape == (9, 6), "a batch of several domains has the size of the largest"
    torch.testing.assert_close(model.decode(shared, 1), whole[:, :2])
    assert model.decode(model.encode(small, 1)[0], 2).shape == (9, 4)


def test_a_plain_output_is_linear_and_does_not_hear_its_input():
    layer, h = networks.PlainOutput(5, 4, 3), torch.randn(6, 5)
    torch.testing.assert_close(layer(h, torch.randn(6, 4)), h @ layer.linear.weight.T + layer.linear.bias)
    assert torch.equal(layer(h, torch.randn(6, 4)), layer(h, torch.randn(6, 4)))
