"""The networks: their formulas, their sizes, and that the domain label is really used."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toys import CPU, g, linear, weights

from lt import networks
from lt.loop import initialised

sizes = st.integers(1, 7)


@pytest.fixture
def bridge() -> networks.BridgingVAE:
    return initialised(lambda: networks.BridgingVAE((6, 2, 4), 3, 16, 2, classes=4), "networks", 0, CPU).eval()


@given(sizes, sizes, sizes)
def test_gated_mixing_is_its_formula(hidden, skip, out):
    layer = networks.GatedMixing(hidden, skip, out)
    h, v = torch.randn(5, hidden), torch.randn(5, skip)
    w_h, b_h = layer.from_hidden.weight, layer.from_hidden.bias
    w_z, b_z = layer.from_input.weight, layer.from_input.bias
    raw = h @ w_h.T + b_h
    dz, gate = raw[:, :out], 1 / (1 + torch.exp(-raw[:, out:]))
    torch.testing.assert_close(layer(h, v), (1 - gate) * (v @ w_z.T + b_z) + gate * dz)


@pytest.mark.parametrize("bias", [-1e4, 1e4])
def test_a_shut_gate_is_linear_in_the_input_and_an_open_one_does_not_see_it(bias):
    layer, h, v = networks.GatedMixing(5, 4, 3), torch.randn(6, 5), torch.randn(6, 4)
    with torch.no_grad():
        layer.from_hidden.bias[3:] = bias
    torch.testing.assert_close(layer(h, v), layer.from_input(v) if bias < 0 else layer.from_hidden(h)[:, :3])
    other = layer(torch.randn(6, 5), v) if bias < 0 else layer(h, torch.randn(6, 4))
    assert torch.equal(layer(h, v), other)


@pytest.mark.parametrize(("shared", "width", "depth", "domains"), [(8, 512, 4, 2), (16, 1024, 8, 2), (8, 512, 4, 3)])
@pytest.mark.parametrize("conditional", [True, False])
def test_the_papers_bridges_have_their_parameters(shared, width, depth, domains, conditional):
    """B.1: one encoder, one decoder; gated mixing for mean, deviation and output; a linear classifier."""
    label = domains if conditional else 0

    def stack(inputs):
        return linear(inputs, width) + (depth - 1) * linear(width, width)

    def gate(skip, out):
        return linear(width, 2 * out) + linear(skip, out)

    expected = stack(100 + label) + 2 * gate(100 + label, shared)
    expected += stack(shared + label) + gate(shared + label, 100) + linear(shared, 10)
    with torch.device("meta"):
        bridge = networks.BridgingVAE([100] * domains, shared, width, depth, conditional=conditional)
    assert weights(bridge) == expected


def test_latents_of_three_sizes_are_padded_on_the_way_in_and_cut_on_the_way_out(bridge):
    z, domain = torch.randn(9, 6), torch.arange(9) % 3
    mean, std = bridge.encode(z, domain)
    assert mean.shape == std.shape == (9, 3)
    assert (std > 0).all()
    assert bridge.classifier(mean).shape == (9, 4)
    padded = torch.cat([z[:, :2], torch.zeros(9, 4)], -1)
    assert all(torch.equal(a, b) for a, b in zip(bridge.encode(z[:, :2], 1), bridge.encode(padded, 1), strict=True))
    assert [bridge.decode(mean, d).shape for d in range(3)] == [(9, 6), (9, 2), (9, 4)]
    whole = bridge.decode(mean, torch.full((9,), 1))
    assert whole.shape == (9, 6), "a batch of several domains has the size of the largest"
    torch.testing.assert_close(bridge.decode(mean, 1), whole[:, :2])


def test_every_row_sees_its_own_label_and_no_other_row(bridge):
    z, domain = torch.randn(9, 6), torch.arange(9) % 3
    mean, std = bridge.encode(z, domain)
    decoded = bridge.decode(mean, domain)
    for i in range(9):
        one, d = slice(i, i + 1), int(domain[i])
        alone = bridge.encode(z[one], d)
        torch.testing.assert_close((mean[one], std[one]), alone)
        torch.testing.assert_close(decoded[one, : bridge.sizes[d]], bridge.decode(mean[one], d))
        other = bridge.encode(z[one], (d + 1) % 3)
        assert all((a - b).abs().max() > 1e-4 for a, b in zip(alone, other, strict=True))
        assert (bridge.decode(mean[one], 0)[:, :2] - bridge.decode(mean[one], 1)).abs().max() > 1e-4


def test_an_unconditional_bridge_has_no_labels_to_see():
    bridge = networks.BridgingVAE((6, 6), 3, 16, 2, conditional=False)
    z = torch.randn(9, 6)
    assert all(torch.equal(a, b) for a, b in zip(bridge.encode(z, 0), bridge.encode(z, 1), strict=True))
    assert torch.equal(bridge.decode(z[:, :3], 0), bridge.decode(z[:, :3], 1))


@pytest.mark.parametrize("output", [networks.GatedMixing, networks.PlainOutput])
def test_networks_give_float32_under_bfloat16_autocast(output):
    """Losses, logarithms and sums over thousands of items are not for eight bits of mantissa."""
    model = networks.BridgingVAE((6, 6), 3, 16, 2, output=output)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mean, std = model.encode(torch.randn(3, 6), 0)
        assert {mean.dtype, std.dtype, model.decode(mean, 1).dtype} == {torch.float32}


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("domain", [-1, 2])
def test_a_domain_that_is_not_there_is_an_error(conditional, domain):
    bridge = networks.BridgingVAE((4, 4), 2, 8, 1, conditional=conditional)
    for call in (lambda: bridge.encode(torch.zeros(1, 4), domain), lambda: bridge.decode(torch.zeros(1, 2), domain)):
        with pytest.raises(ValueError, match=f"domain {domain} .* 2 domains"):
            call()


def test_a_posterior_draw_has_its_mean_and_deviation():
    mean, std = torch.tensor([[1.0, -2.0]]).expand(50_000, 2), torch.tensor([[0.5, 3.0]]).expand(50_000, 2)
    z = networks.sample(mean, std, g())
    torch.testing.assert_close(z.mean(0), mean[0], atol=0.05, rtol=0)
    torch.testing.assert_close(z.std(0), std[0], atol=0, rtol=0.02)
