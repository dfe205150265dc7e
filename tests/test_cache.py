"""What is trained once: determinism, what a key is made of, locks, resuming, and files of weights."""

import dataclasses
import hashlib
import json
import math
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import nn
from toys import CPU, TINY_BRIDGE, TINY_JUDGE, TINY_VAE, equal, longer, made_up, without_clock

from lt import cache, loop
from lt.bridge import fit_bridge
from lt.cache import cache_folder, cached, fingerprint, load_weights, save_weights, usable_cache
from lt.errors import LtError
from lt.latents import Domain
from lt.loop import Training, fit
from lt.networks import parameter_count
from lt.zoo.vae import VAE, Judge, fit_judge, fit_vae


def entries() -> list[Path]:
    return sorted((cache_folder() / "models").glob("*.safetensors"))


# ---------------------------------------------------------------- determinism


def of_bridge(bridge):
    return bridge, bridge.history


@pytest.fixture(params=["vae", "judge", "bridge"])
def fitted(request, blobs):
    """A fit as a function of its seed, which returns a model and its history."""
    fits = {
        "vae": lambda seed: fit_vae(TINY_VAE, made_up(), seed, CPU),
        "judge": lambda seed: fit_judge(TINY_JUDGE, made_up(), seed, CPU),
        "bridge": lambda seed: of_bridge(fit_bridge([blobs("a"), blobs("b", rotate=True)], TINY_BRIDGE, seed)),
    }
    return fits[request.param]


def test_one_seed_one_result(fitted, tmp_path, monkeypatch):
    first, first_history = fitted(0)
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "other"))  # so that it is trained again
    torch.manual_seed(12345)
    again, again_history = fitted(0)
    other, _ = fitted(1)
    assert equal(first, again)
    assert without_clock(first_history) == without_clock(again_history)
    assert not equal(first, other)


def test_training_leaves_the_global_random_state_alone(fitted):
    before = torch.get_rng_state()
    fitted(0)
    assert torch.equal(before, torch.get_rng_state())
    fitted(0)  # from the cache
    assert torch.equal(before, torch.get_rng_state())


def test_what_is_fitted_comes_ready_for_use(fitted):
    for _ in range(2):  # trained, then from the cache
        model, history = fitted(0)
        assert not model.training
        assert all(p.isfinite().all() for p in model.parameters())
        assert history["seconds"][0] > 0


def test_initialisation_depends_on_the_seed_and_on_the_data():
    still = dataclasses.replace(TINY_VAE, training=Training(1, 16, 0.0))
    start, again, of_seed, of_data = (fit_vae(still, made_up(seed=data), seed, CPU)[0] for data, seed in ((0, 0), (0, 0), (0, 1), (1, 0)))
    assert equal(start, again)
    assert not equal(start, of_seed)
    assert not equal(start, of_data), "or chance would favour one domain as it does another"
    longer_one = dataclasses.replace(TINY_VAE, training=Training(2, 16, 0.0), beta=2.0)
    assert equal(start, fit_vae(longer_one, made_up(), 0, CPU)[0]), "and not on the configuration: what is compared begins at one place"


# ---------------------------------------------------------------- entries


def test_a_cache_hit_does_no_work_and_gives_the_same(blobs, calls):
    first = fit_bridge([blobs("a"), blobs("b", rotate=True)], TINY_BRIDGE)
    assert calls.number == 30
    calls.stop_at = 31  # any further step would raise
    again = fit_bridge([blobs("a"), blobs("b", rotate=True)], TINY_BRIDGE)
    assert equal(first, again)
    assert first.history == again.history, "the seconds are those of the training, not of the look-up"


def test_what_is_trained_and_what_is_looked_up_are_one_object_to_the_user(blobs):
    """Also the models that the latents bring: they are no part of the entry."""
    a, b = blobs("a"), blobs("b", rotate=True)
    trained, kept = (fit_bridge([dataclasses.replace(a, domain=Domain("a")), b], TINY_BRIDGE) for _ in range(2))
    for bridge in (trained, kept):
        assert bridge.names == ["a", "b"]
        assert set(bridge.domains) == {"a"}
        assert torch.equal(bridge.shift_1, b.mean.mean(0))
    assert len(entries()) == 1
    assert not fit_bridge([a, b], TINY_BRIDGE).domains


def test_whoever_changes_a_cached_model_does_not_change_the_cache(blobs):
    domains = [blobs("a"), blobs("b", rotate=True)]
    first = fit_bridge(domains, TINY_BRIDGE)
    with torch.no_grad():
        kept = [p.clone() for p in first.parameters()]
        for p in first.parameters():
            p.zero_()
    again = fit_bridge(domains, TINY_BRIDGE)
    assert all(torch.equal(a, b) for a, b in zip(kept, again.parameters(), strict=True))


def test_whatever_matters_to_a_bridge_makes_a_new_one(blobs, calls):
    a, b = blobs("a"), blobs("b", rotate=True)
    c = dataclasses.replace(b, name="c")
    runs = [
        (TINY_BRIDGE, [a, b], 0),
        (TINY_BRIDGE, [a, b], 1),
        (TINY_BRIDGE, [b, a], 0),
        (TINY_BRIDGE, [a, b, c], 0),
        (TINY_BRIDGE, [a, c], 0),
    ]
    runs += [
        (dataclasses.replace(TINY_BRIDGE, **{field: value}), [a, b], 0)
        for field, value in (("beta_kl", 0.1), ("power", 1), ("frozen", True), ("standardise", False), ("output", "linear"))
    ]
    runs += [
        (dataclasses.replace(TINY_BRIDGE, training=dataclasses.replace(TINY_BRIDGE.training, **change)), [a, b], 0)
        for change in ({"lr": 2e-3}, {"batch": 8}, {"muon": 0.01}, {"average": 0.9})
    ]
    runs += [
        (TINY_BRIDGE, [dataclasses.replace(a, **{f: v}), b], 0) for f, v in (("mean", a.mean + 1), ("std", a.std * 2), ("y", a.y.roll(1)))
    ]
    for done, (config, domains, seed) in enumerate(runs):
        fit_bridge(domains, config, seed)
        assert calls.number == 30 * (done + 1), f"run {done} came from the cache"
    assert len(entries()) == len(runs)


def test_whatever_matters_to_a_vae_makes_a_new_one(calls):
    images = made_up()
    other = made_up(seed=1)
    for done, (config, data, seed) in enumerate(
        [(TINY_VAE, images, 0), (TINY_VAE, images, 1), (TINY_VAE, other, 0), (dataclasses.replace(TINY_VAE, beta=2.0), images, 0)]
    ):
        fit_vae(config, data, seed, CPU)
        assert calls.number == 30 * (done + 1)
    fit_vae(TINY_VAE, images, 0, CPU)
    assert calls.number == 120


def test_an_entry_is_one_file_that_says_what_it_is(blobs):
    a, b = blobs("a"), blobs("b", rotate=True)
    bridge = fit_bridge([a, b], TINY_BRIDGE, 3)
    (path,) = entries()
    with safe_open(path, "pt") as file:
        metadata, names = file.metadata(), set(file.keys())
    key = json.loads(metadata["key"])
    assert path.name == f"bridge-{fingerprint(json.dumps(key, sort_keys=True))}.safetensors"
    assert key["train"] == "lt.bridge._train"
    assert key["config"]["training"]["steps"] == 30
    assert key["seed"] == 3
    assert all(d.name in key["data"] and d.fingerprint in key["data"] for d in (a, b))
    assert key["torch"] == torch.__version__
    assert len(key["code"]) == 16
    assert json.loads(metadata["history"]) == bridge.history
    assert names == set(bridge.state_dict())


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b"something else" * 50, None])
def test_a_damaged_entry_is_trained_again(blobs, calls, damage):
    domains = [blobs("a"), blobs("b", rotate=True)]
    first = fit_bridge(domains, TINY_BRIDGE)
    (path,) = entries()
    if damage is None:  # weights without their history
        save_weights(first, path)
    else:
        path.write_bytes(damage(path.read_bytes()))
    again = fit_bridge(domains, TINY_BRIDGE)
    assert calls.number == 60
    assert equal(first, again)
    assert without_clock(first.history) == without_clock(again.history)
    calls.stop_at = 61
    assert equal(first, fit_bridge(domains, TINY_BRIDGE)), "and it is whole again"


@contextmanager
def only_stored():
    token = cache.stored_only.set(True)
    yield
    cache.stored_only.reset(token)


def test_only_stored_trains_nothing(blobs, calls):
    domains = [blobs("a"), blobs("b", rotate=True)]
    with only_stored(), pytest.raises(cache.NotStored, match="bridge-"):
        fit_bridge(domains, TINY_BRIDGE)
    assert calls.number == 0
    first = fit_bridge(domains, TINY_BRIDGE)
    with only_stored():
        assert equal(fit_bridge(domains, TINY_BRIDGE), first)


# ---------------------------------------------------------------- a small training of the tests' own


def build_one(config, data):
    return nn.Linear(1, 1)


def train_one(model, config, data, generator, checkpoint):
    data["trained"] += 1
    data["began"].set()
    assert data["go"].wait(30)
    if data["fail"]:
        raise LtError("this data cannot be learned")
    return fit(model, lambda g, p: {"loss": (model.weight**2).sum()}, config, generator)


def work() -> dict:
    data = {"trained": 0, "began": threading.Event(), "go": threading.Event(), "fail": False}
    data["go"].set()
    return data


def one(data: dict):
    return cached(build_one, train_one, Training(5, 1), data, "one", 0, CPU)


def test_a_failed_training_is_not_kept_and_holds_no_lock(lt_error):
    data = work()
    data["fail"] = True
    with lt_error("cannot be learned") as caught:
        one(data)
    assert not entries()
    data["fail"] = False
    _, history = one(data)
    assert caught.value.__traceback__, "whoever keeps the error does not keep the lock"
    assert data["trained"] == 2
    assert math.isfinite(history["loss"][-1])


def test_who_comes_second_waits_and_takes_what_the_first_has_made():
    data, found = work(), []
    data["go"].clear()
    threads = [threading.Thread(target=lambda: found.append(one(data)), daemon=True) for _ in range(2)]
    threads[0].start()
    assert data["began"].wait(30)
    threads[1].start()
    threads[1].join(0.5)
    assert threads[1].is_alive(), "it waits"
    assert not found
    data["go"].set()
    for thread in threads:
        thread.join(30)
    assert data["trained"] == 1
    (first, first_history), (second, second_history) = found
    assert equal(first, second)
    assert first_history == second_history


# ---------------------------------------------------------------- interrupted and resumed


def test_a_user_interrupts_a_bridge_and_runs_the_cell_again(blobs, calls, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
    config, domains = longer(TINY_BRIDGE, 300, "onecycle"), [blobs("a"), blobs("b", rotate=True)]
    calls.stop_at = 251
    with pytest.raises(KeyboardInterrupt):
        fit_bridge(domains, config)
    assert calls.number == 251
    assert not entries()
    (checkpoint,) = (cache_folder() / "checkpoints").iterdir()
    assert checkpoint.suffix == ".pt"

    resumed = fit_bridge(domains, config)
    assert calls.number - 251 == 100, "200 of 300 steps were in the checkpoint"
    assert not list((cache_folder() / "checkpoints").iterdir())
    assert entries()[0].stem == f"bridge-{checkpoint.stem}", "a checkpoint has the name of the key that it was made for"
    fit_bridge(domains, config)
    assert calls.number - 251 == 100, "and now it is in the cache"

    monkeypatch.setenv("LT_CACHE", str(tmp_path / "uninterrupted"))
    whole = fit_bridge(domains, config)
    assert equal(whole, resumed)
    assert without_clock(whole.history) == without_clock(resumed.history)


def test_another_configuration_does_not_go_on_from_a_foreign_checkpoint(blobs, calls, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
    config, domains = longer(TINY_BRIDGE, 300), [blobs("a"), blobs("b", rotate=True)]
    calls.stop_at = 251
    with pytest.raises(KeyboardInterrupt):
        fit_bridge(domains, config)
    fit_bridge(domains, dataclasses.replace(config, beta_kl=0.1))
    assert calls.number - 251 == 300


def test_a_checkpoint_that_cannot_be_read_says_what_to_do(blobs, calls, monkeypatch, lt_error):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
    config, domains = longer(TINY_BRIDGE, 300), [blobs("a"), blobs("b", rotate=True)]
    calls.stop_at = 251
    with pytest.raises(KeyboardInterrupt):
        fit_bridge(domains, config)
    (checkpoint,) = (cache_folder() / "checkpoints").iterdir()
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with lt_error("bridge a-b", str(checkpoint), "delete it"):
        fit_bridge(domains, config)


# ---------------------------------------------------------------- fingerprints and folders


def test_a_fingerprint_changes_with_any_byte_and_not_with_memory_layout():
    a = np.arange(12, dtype=np.int64).reshape(3, 4)
    b = a.copy()
    b[2, 3] ^= 1
    assert fingerprint(a) != fingerprint(b)
    assert fingerprint(a) == fingerprint(np.asfortranarray(a))
    assert fingerprint(a, b) != fingerprint(b, a)
    assert fingerprint(a) == fingerprint(torch.from_numpy(a))


def test_a_fingerprint_sees_words_and_numbers():
    assert len({fingerprint("a", "b"), fingerprint("ab"), fingerprint("b", "a"), fingerprint("a", 1), fingerprint("a", 2)}) == 5


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.setenv("LT_CACHE", "~/books")
    assert cache_folder() == Path.home() / "books"
    monkeypatch.delenv("LT_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "latent-translation"


def test_a_cache_that_cannot_be_written_is_named(monkeypatch, tmp_path, lt_error):
    assert usable_cache().is_dir()
    (tmp_path / "note").write_text("a file where a folder should be")
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "note"))
    with lt_error(str(tmp_path / "note"), "LT_CACHE"):
        usable_cache()
    with lt_error("LT_CACHE"):
        fit_vae(TINY_VAE, made_up(), 0, CPU)


# ---------------------------------------------------------------- weights in files


@pytest.fixture
def weights(tmp_path):
    vae = loop.initialised(lambda: VAE(6, 2, 4, 1), "weights", 0, CPU)
    path = tmp_path / "vae.safetensors"
    digest = save_weights(vae, path)
    return vae, path, digest


def test_weights_come_back_to_half_precision(weights):
    vae, path, _ = weights
    loaded = load_weights(VAE(6, 2, 4, 1), path)
    assert not loaded.training
    for name, value in vae.state_dict().items():
        back = loaded.state_dict()[name]
        assert back.dtype == torch.float32
        torch.testing.assert_close(back, value, rtol=2**-11, atol=2**-24)
        assert torch.equal(back, value.half().float())
    assert path.stat().st_size < 2 * parameter_count(vae) + 1500, "two bytes a weight and a header"


def test_weights_in_single_precision_come_back_bit_for_bit(weights, tmp_path):
    vae, *_ = weights
    save_weights(vae, tmp_path / "single.safetensors", {"note": "of the test"}, torch.float32)
    assert equal(load_weights(VAE(6, 2, 4, 1), tmp_path / "single.safetensors"), vae)
    with safe_open(tmp_path / "single.safetensors", "pt") as file:
        assert file.metadata() == {"note": "of the test"}


def test_saving_does_not_change_the_model(weights, tmp_path):
    vae, *_ = weights
    before = {k: v.clone() for k, v in vae.state_dict().items()}
    save_weights(vae, tmp_path / "again.safetensors")
    assert all(torch.equal(v, before[k]) and v.dtype == torch.float32 for k, v in vae.state_dict().items())


def test_altered_weights_are_refused_where_their_digest_is_known(weights, lt_error):
    _, path, digest = weights
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    load_weights(VAE(6, 2, 4, 1), path, digest)
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    load_weights(VAE(6, 2, 4, 1), path)  # it can be read: only the digest tells
    with lt_error(str(path), "altered", digest[:12]):
        load_weights(VAE(6, 2, 4, 1), path, digest)


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_truncated_weights_are_named(weights, kept, lt_error):
    _, path, _ = weights
    path.write_bytes(path.read_bytes()[:kept])
    with lt_error(str(path), "cannot be read"):
        load_weights(VAE(6, 2, 4, 1), path)


def test_a_file_of_something_else_is_named(weights, lt_error):
    _, path, _ = weights
    path.write_text("no weights here" * 100)
    with lt_error(str(path)):
        load_weights(VAE(6, 2, 4, 1), path)


def test_missing_weights_are_named(tmp_path, lt_error):
    for expected in (None, "0" * 64):
        with lt_error(str(tmp_path / "none.safetensors")):
            load_weights(VAE(6, 2, 4, 1), tmp_path / "none.safetensors", expected)


@pytest.mark.parametrize("other", [lambda: VAE(6, 2, 5, 1), lambda: VAE(6, 2, 4, 2), lambda: Judge(6, 2, 4, 1)])
def test_weights_of_another_architecture_are_named(weights, other, lt_error):
    _, path, _ = weights
    with lt_error(str(path), type(other()).__name__):
        load_weights(other(), path)


def test_weights_of_another_architecture_are_explained(weights, lt_error):
    _, path, _ = weights
    with lt_error(str(path), "encoder.0.weight"):
        load_weights(VAE(6, 2, 5, 1), path)


def test_weights_go_to_a_folder_that_is_not_there_yet(tmp_path):
    vae, _ = fit_vae(TINY_VAE, made_up(), 0, CPU)
    path = tmp_path / "new" / "folder" / "vae.safetensors"
    save_weights(vae, path)
    assert path.exists()
    assert [p.name for p in path.parent.iterdir()] == [path.name], "nothing is left beside it"
