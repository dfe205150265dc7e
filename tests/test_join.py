"""One more domain: what was there stays as it was, bit for bit, and the new one is understood both ways."""

from dataclasses import replace

import pytest
import torch
from toys import TOY, blobs, equal, g, keeps_class

import lt
from lt.bridge import fit_bridge
from lt.own.join import join


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    """A bridge of a and b that is joined by c, then by d, which has two numbers of noise more and lacks its std."""
    d = blobs("d", seed=3)
    d = replace(d, mean=torch.cat([d.mean, 0.3 * torch.randn(300, 2, generator=g(5))], 1), std=None)
    spaces = {"a": blobs("a"), "b": blobs("b", rotate=True, seed=1), "c": blobs("c", seed=2), "d": d}
    named = {name: replace(s, y=torch.tensor([3, 900_000, 10**9])[s.y]) for name, s in spaces.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LT_CACHE", str(tmp_path_factory.mktemp("cache")))
        state = torch.get_rng_state()
        first = fit_bridge([named["a"], named["b"]], TOY)
        second = join(first, named["c"], [named["a"], named["b"]])
        third = join(second, named["d"], named["a"])
        assert torch.equal(torch.get_rng_state(), state), "no draw of the global generator"
        assert equal(join(first, named["c"], [named["a"], named["b"]]), second), "from the cache"
        return spaces, first, second, third


def test_the_old_domains_stay_bit_for_bit(joined):
    spaces, first, second, third = joined
    for source in "ab":
        for target in "ab":
            results = [bridge.transfer(spaces[source].mean, source, target) for bridge in (first, second, third)]
            assert torch.equal(results[0], results[1])
            assert torch.equal(results[0], results[2])
    assert first.names == ["a", "b"], "the bridge that was given is not changed"


def test_new_domains_are_joined_both_ways_and_may_have_another_size(joined):
    spaces, *_, bridge = joined
    assert bridge.names == list("abcd")
    assert bridge.sizes == [4, 4, 4, 6]
    scores = {(s, t): keeps_class(bridge, spaces[s], spaces[t]) for s in "abcd" for t in "abcd" if {s, t} & {"c", "d"}}
    assert min(scores.values()) > 0.9, scores


def test_a_joined_bridge_is_saved_and_loaded(joined, tmp_path):
    spaces, *_, bridge = joined
    bridge.save(tmp_path / "bridge.safetensors")
    state = torch.get_rng_state()
    again = lt.load_bridge(tmp_path / "bridge.safetensors")
    assert torch.equal(torch.get_rng_state(), state)
    assert (again.names, again.labels, again.history) == (bridge.names, [3, 900_000, 10**9], bridge.history)
    assert torch.equal(again.transfer(spaces["d"].mean, "d", "b"), bridge.transfer(spaces["d"].mean, "d", "b"))


def test_mistakes_are_one_line(joined, lt_error):
    spaces, bridge, *_ = joined
    a, c = (replace(spaces[name], y=torch.full((300,), 3)) for name in "ac")
    with lt_error("'a' is joined already"):
        join(bridge, a, [c])
    with lt_error("c", "class 0 is not one of the bridge's 3"):
        join(bridge, spaces["c"], [a])
    for wrong, words in (([], "beside=[a, b]"), ([3], "int is none")):
        with lt_error(words):
            join(bridge, c, wrong)
    with lt_error("unknown domain 'elsewhere'"):
        join(bridge, c, replace(a, name="elsewhere"))
