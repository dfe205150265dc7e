"""Base models of a profile as domains by their names, and the data and latents that belong to them."""

from dataclasses import replace

import pytest
import torch

from lt.book import setup
from lt.errors import LtError
from lt.loop import one_thread


def test_every_key_has_a_corpus_and_a_title():
    assert [setup.corpus(key) for key in ("mnist", "mnist_b", "fashion", "speech")] == ["mnist", "mnist", "fashion", "speech"]
    assert set(setup.TITLES) == {*setup.KEYS, "speech"}


def test_models_are_domains_by_their_names(tiny_profile, calls):
    ready = setup.models(tiny_profile)
    assert set(ready.domains) == set(ready.modules) == {"mnist", "mnist_b", "fashion"}
    assert calls.number == 5 * 60, "three VAEs, and a judge for each of two corpora"
    assert len(ready.histories) == 5
    for key, domain in ready.domains.items():
        assert domain.name == key
        assert domain.latent == ready.modules[key].latent == 6
    assert ready.domains["mnist"].judge is ready.domains["mnist_b"].judge
    x = ready.test("mnist").x
    assert not torch.equal(ready.domains["mnist"].posterior(x)[0], ready.domains["mnist_b"].posterior(x)[0]), "two seeds"

    seen, own, held = ready.seen("mnist"), ready.own("mnist"), ready.held("mnist")
    assert (len(seen), len(own), len(held)) == (8_000, 4_000, 1_000)
    assert ready.seen("mnist") is seen
    with one_thread():
        assert torch.equal(own.mean, ready.domains["mnist"].posterior(ready.train("mnist").x)[0])
    assert torch.equal(own.mean, seen.mean[:4_000])
    assert not torch.equal(seen.mean[:4_000], seen.mean[4_000:]), "what follows is moved a little"
    assert torch.equal(seen.y, ready.train("mnist").y.repeat(2))
    assert torch.equal(held.y, ready.test("mnist").y)
    assert seen.domain is ready.domains["mnist"]

    again = setup.models(tiny_profile, ["fashion"])
    assert set(again.domains) == {"fashion"}
    assert calls.number == 5 * 60, "the cache has them all"
    assert torch.equal(again.seen("fashion").mean, ready.seen("fashion").mean)


def test_latents_do_not_depend_on_the_number_of_threads(tiny_profile):
    """The last bits of a product do, and the keys of trained bridges depend on these bits."""
    ready, threads = setup.models(tiny_profile, ["mnist"]), []
    domain = ready.domains["mnist"]

    def encode(x):
        threads.append(torch.get_num_threads())
        return domain.encode(x)

    ready.domains["mnist"] = replace(domain, encode=encode)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        ready.seen("mnist"), ready.held("mnist")
        assert torch.get_num_threads() == 2, "left as they were"
    finally:
        torch.set_num_threads(before)
    assert set(threads) == {1}


def test_speech_is_what_its_panel_accepts(tiny_profile):
    ready = setup.models(tiny_profile, ["speech"])
    seen, held = ready.seen("speech"), ready.held("speech")
    assert seen.y.bincount().tolist() == [3] * 10
    assert held.y.bincount().tolist() == [2] * 10
    assert ready.own("speech").fingerprint == seen.fingerprint
    assert not seen.std.any()
    assert not set(map(tuple, seen.mean.tolist())) & set(map(tuple, held.mean.tolist())), "of other draws"
    with pytest.raises(LtError, match="ask for fewer"):
        ready.spoken("accepted", 10**6)
