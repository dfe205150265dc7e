"""One more domain: what was there stays as it was, bit for bit, and the new one is understood both ways."""

from dataclasses import replace

import pytest
import torch

import lt
from lt.bridge import BridgeConfig, fit_bridge
from lt.loop import Training
from lt.metrics import agreement
from lt.tools.join import join

FAST = BridgeConfig(Training(300, 64, 5e-3, "onecycle"), shared=3, width=32, depth=2, beta_cls=1.0)


@pytest.fixture
def three(blobs):
    return blobs("a"), blobs("b", rotate=True, seed=1), blobs("c", seed=2)


@pytest.fixture
def wide(blobs):
    """A domain of six dimensions: four that tell, two of noise."""
    d = blobs("d", seed=3)
    extra = 0.3 * torch.randn(len(d), 2, generator=torch.Generator().manual_seed(5))
    return replace(d, mean=torch.cat([d.mean, extra], 1), std=torch.full((len(d), 6), 0.05))


def kept(bridge, source, target, true) -> float:
    """Share of the source's items that come out nearest to the centre of their class in the target."""
    centres = torch.stack([true[target].mean[true[target].y == k].mean(0) for k in range(3)])
    with torch.no_grad():
        made = bridge.transfer(true[source].mean, source, target)
    return agreement(torch.cdist(made, centres).argmin(-1), true[source].y)


def test_the_old_domains_stay_bit_for_bit(three):
    a, b, c = three
    bridge = fit_bridge([a, b], FAST)
    joined = join(bridge, c, [a, b])
    assert joined.names == ["a", "b", "c"]
    for source in "ab":
        for target in "ab":
            z = {"a": a, "b": b}[source].mean
            assert torch.equal(joined.transfer(z, source, target), bridge.transfer(z, source, target))
    assert bridge.names == ["a", "b"], "the bridge that was given is not changed"


def test_the_new_domain_is_joined_both_ways_and_another_size_may_follow(three, wide):
    a, b, c = three
    joined = join(join(fit_bridge([a, b], FAST), c, [a, b]), wide, [a, c])
    assert joined.sizes == [4, 4, 4, 6]
    true = {"a": a, "b": b, "c": c, "d": wide}
    scores = {(s, t): kept(joined, s, t, true) for s in "abcd" for t in "abcd" if "c" in (s, t) or "d" in (s, t)}
    assert min(scores.values()) > 0.9, scores


def test_a_joined_bridge_is_saved_and_joined_again_from_its_file(three, wide, tmp_path):
    a, b, c = three
    joined = join(fit_bridge([a, b], FAST), c, [a, b])
    joined.save(tmp_path / "bridge.safetensors")
    again = lt.load_bridge(tmp_path / "bridge.safetensors")
    assert again.names == joined.names
    assert torch.equal(again.transfer(c.mean, "c", "b"), joined.transfer(c.mean, "c", "b"))
    assert kept(join(again, wide, [a, b, c]), "d", "a", {"a": a, "d": wide}) > 0.9


def test_mistakes_are_one_line(three, blobs, lt_error):
    a, b, _ = three
    bridge = fit_bridge([a, b], FAST)
    with lt_error("'a' is joined already"):
        join(bridge, a, [a, b])
    far = blobs("e")
    with lt_error("e", "labels run to 9", "3 classes"):
        join(bridge, replace(far, y=torch.full_like(far.y, 9)), [a, b])
    with lt_error("e", "beside"):
        join(bridge, far, [])
    with lt_error("unknown domain"):
        join(bridge, blobs("f"), [blobs("elsewhere")])
