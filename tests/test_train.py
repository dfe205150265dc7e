"""The training loop and what is trained on it: learning, determinism, resuming, caching, and what is said when it goes wrong."""

import dataclasses
import inspect
import itertools
import math
import re

import pytest
import torch
from torch import nn

from lt import data, losses, models, train
from lt.train import BridgeConfig, ClassifierConfig, Optim, VAEConfig, fit, fit_bridge, fit_classifier, fit_vae

CPU = torch.device("cpu")
TINY_VAE = VAEConfig(Optim(30, 16), width=8, depth=1, latent=3)
TINY_JUDGE = ClassifierConfig(Optim(30, 16), width=8, depth=1)
TINY_BRIDGE = BridgeConfig(Optim(30, 16), latent=4, shared=2, width=8, depth=1, classes=3, projections=8)


def longer(config, steps: int, schedule: str = "constant"):
    return dataclasses.replace(config, optim=dataclasses.replace(config.optim, steps=steps, schedule=schedule))


def made_up(n: int = 60, pixels: int = 12, seed: int = 0) -> data.Images:
    """Ten prototypes of twelve pixels with a little noise."""
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 10
    prototypes = torch.rand(10, pixels, generator=torch.Generator().manual_seed(7)).round() * 0.8 + 0.1
    x = (prototypes[y] + 0.02 * torch.randn(n, pixels, generator=g)).clamp(0, 1)
    return data.Images("mnist", "train", "embedded", x, y)


def equal(a: nn.Module, b: nn.Module) -> bool:
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def without_clock(history: dict) -> dict:
    return {k: v for k, v in history.items() if k != "seconds"}


@pytest.fixture
def calls(monkeypatch):
    """Counts the evaluations of objectives of VAEs and bridges; ``calls.stop_at = k`` interrupts number k like a Ctrl-C."""

    class Calls:
        number, stop_at = 0, None

    def counted(mean, std, kl=losses.gaussian_kl):
        Calls.number += 1
        if Calls.number == Calls.stop_at:
            raise KeyboardInterrupt
        return kl(mean, std)

    monkeypatch.setattr(losses, "gaussian_kl", counted)
    return Calls


# ---------------------------------------------------------------- learning


def test_a_vae_overfits_a_tiny_set():
    images = made_up(10)
    config = VAEConfig(Optim(400, 32, 5e-3), width=64, depth=2, latent=5)
    vae, history = fit_vae(config, images, 0, CPU)
    with torch.no_grad():
        error = ((vae.decode(vae.encode(images.x)[0]) - images.x) ** 2).mean()
    assert error < 0.01 * images.x.var() * 10
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    assert len(history["loss"]) == len(history["step"])
    assert history["step"][-1] == 400


def test_a_vae_with_much_beta_tells_nothing_of_its_input():
    """The KL term pulls the posterior to the prior: at a great weight it collapses, whatever the data."""
    loose, tight = (
        fit_vae(dataclasses.replace(TINY_VAE, optim=Optim(300, 32, 1e-2), beta=beta), made_up(), 0, CPU)[1]["kl"][-1] for beta in (0.1, 1e4)
    )
    assert tight < 0.01 < 1 < loose


def test_warm_up_lets_the_kl_term_in_slowly():
    """With beta rising over all steps, the loss of the first interval is nearly the likelihood alone."""
    _, history = fit_vae(dataclasses.replace(longer(TINY_VAE, 400), warmup=1.0, beta=1000.0), made_up(), 0, CPU)
    weights = [(loss - nll) / kl / 1000 for loss, nll, kl in zip(history["loss"], history["nll"], history["kl"], strict=True)]
    assert all(a < b for a, b in itertools.pairwise(weights))
    # the mean of progress over each hundred of 400 steps is near 1/8, 3/8, ...; later steps have a smaller KL, so only bounds
    assert 0 < weights[0] < 0.25
    assert 0.75 < weights[-1] < 1


def test_a_classifier_learns_what_can_be_learned():
    images = made_up(240)
    judge, history = fit_classifier(ClassifierConfig(Optim(300, 32, 1e-2), width=32, depth=1), images, 0, CPU)
    fresh = made_up(100, seed=5)
    assert (judge(fresh.x).argmax(-1) == fresh.y).float().mean() > 0.95
    assert max(history["score"]) > 0.9


def test_a_bridge_overfits_a_tiny_set(blobs):
    a, b = blobs("a", 6, spread=0.5), blobs("b", 6, rotate=True, spread=0.5)
    a, b = (dataclasses.replace(d, std=torch.zeros(6, 4)) for d in (a, b))
    config = BridgeConfig(Optim(600, 32, 5e-3), latent=4, shared=4, width=32, depth=2, classes=3, beta_kl=1e-4, beta_swd=0.1, projections=8)
    bridge, history = fit_bridge(config, [a, b], 0)
    for index, latents in enumerate((a, b)):
        error = ((bridge.transfer(latents.mean, index, index) - latents.mean) ** 2).mean()
        assert error < 0.1 * latents.mean.var()
    assert history["reconstruction"][-1] < 0.2 * history["reconstruction"][0]
    assert history["classification"][-1] < 0.2


def test_the_reported_loss_is_the_weighted_sum_of_its_terms(blobs):
    """Section 3: ELBO and classification are sums over domains, the distance counts once."""
    config = dataclasses.replace(TINY_BRIDGE, beta_kl=0.7, beta_swd=1.3, beta_cls=0.4)
    _, h = fit_bridge(config, [blobs("a"), blobs("b", rotate=True)], 0)
    for loss, reconstruction, kl, swd, cls in zip(h["loss"], h["reconstruction"], h["kl"], h["swd"], h["classification"], strict=True):
        assert loss == pytest.approx(2 * (reconstruction + 0.7 * kl + 0.4 * cls) + 1.3 * swd, rel=1e-4)


def test_terms_without_weight_are_left_out(blobs):
    _, history = fit_bridge(dataclasses.replace(TINY_BRIDGE, beta_swd=0, beta_cls=0), [blobs("a"), blobs("b")], 0)
    assert set(history) == {"step", "loss", "reconstruction", "kl", "seconds"}


def test_labels_reach_a_bridge_only_through_the_classification_term(blobs):
    """ "Unsupervised" means it: with beta_cls 0 other labels give the same weights, bit for bit."""
    a, b = blobs("a"), blobs("b", rotate=True)
    other = dataclasses.replace(a, y=a.y.roll(1))
    blind = dataclasses.replace(TINY_BRIDGE, beta_cls=0)
    assert equal(fit_bridge(blind, [a, b], 0)[0], fit_bridge(blind, [other, b], 0)[0])
    assert not equal(fit_bridge(TINY_BRIDGE, [a, b], 0)[0], fit_bridge(TINY_BRIDGE, [other, b], 0)[0])


def test_three_domains_are_bridged(blobs):
    bridge, history = fit_bridge(TINY_BRIDGE, [blobs("a"), blobs("b", rotate=True), blobs("c", seed=3)], 0)
    assert bridge.domains == 3
    assert bridge.transfer(blobs().mean, 2, 0).shape == (300, 4)
    assert history["swd"][-1] > 0


def test_a_bridge_of_two_toy_spaces_keeps_the_class(blobs):
    """The story of the paper in four dimensions: two spaces, one a rotation of the other, joined without any pair."""
    a, b = blobs("a", 600), blobs("b", 600, rotate=True, seed=1)
    config = BridgeConfig(
        Optim(400, 128, 5e-3, "onecycle"), latent=4, shared=3, width=64, depth=2, classes=3, beta_kl=1e-3, beta_cls=0.3, projections=32
    )
    bridge, _ = fit_bridge(config, [a, b], 0)
    fresh = blobs("a", 300, seed=8), blobs("b", 300, rotate=True, seed=9)
    for i, j in ((0, 1), (1, 0)):
        result = bridge.transfer(fresh[i].mean, i, j)
        centres = torch.stack([fresh[j].mean[fresh[j].y == k].mean(0) for k in range(3)])
        distance = torch.cdist(result, centres)
        assert (distance.argmin(-1) == fresh[i].y).float().mean() > 0.9
        assert distance.min(-1).values.mean() < 1, "and lands where the other domain lives (its centres are 2.8 apart)"


# ---------------------------------------------------------------- the loop itself


def slope(generator, progress):
    """A model of one weight whose loss is the weight: Adam moves it by lr a step."""
    return {"loss": slope.model.weight.sum()}


def linear(value: float = 0.0) -> nn.Linear:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, value)
    return model


def test_history_holds_means_over_intervals():
    slope.model = linear(1.0)
    history = fit(slope.model, slope, Optim(5, 1, 0.1), torch.Generator(), every=2, dtype=torch.float32)
    # the weight goes 1, 0.9, 0.8, 0.7, 0.6: Adam's first steps on a constant gradient are lr each
    assert history["step"] == [2, 4, 5]
    assert history["loss"] == pytest.approx([0.95, 0.75, 0.6], abs=1e-5)
    assert slope.model.weight.item() == pytest.approx(0.5, abs=1e-5)


def test_progress_runs_from_zero_towards_one():
    model, seen = linear(), []

    def objective(generator, progress):
        seen.append(progress.item())
        return {"loss": model.weight.sum()}

    fit(model, objective, Optim(4, 1), torch.Generator())
    assert seen == [0, 0.25, 0.5, 0.75]


def paces(schedule: str, steps: int = 100, lr: float = 0.01) -> list[float]:
    """How far each step moved a weight of constant gradient, in units of lr: the schedule as Adam saw it."""
    model, seen = linear(), []

    def objective(generator, progress):
        seen.append(model.weight.item())
        return {"loss": model.weight.sum()}

    fit(model, objective, Optim(steps, 1, lr, schedule), torch.Generator(), dtype=torch.float32)
    seen.append(model.weight.item())
    return [(a - b) / lr for a, b in itertools.pairwise(seen)]


def test_constant_schedule_is_constant():
    assert paces("constant") == pytest.approx([1] * 100, abs=1e-2)


def test_onecycle_rises_for_a_tenth_and_ends_near_zero():
    pace = paces("onecycle")
    peak = pace.index(max(pace))
    assert 8 <= peak <= 11
    assert max(pace) == pytest.approx(1, abs=1e-2)
    assert pace[0] < 0.1
    assert pace[-1] < 1e-3
    assert all(a >= b - 1e-3 for a, b in zip(pace[peak:], pace[peak + 1 :], strict=False)), "falls steadily"


def test_onecycle_of_ten_steps_works():
    assert max(paces("onecycle", 10)) == pytest.approx(1, abs=1e-2)


def test_an_unknown_schedule_is_an_error_that_lists_the_known(lt_error):
    with lt_error("'cosine'", "constant", "onecycle"):
        fit(linear(), slope, Optim(3, 1, schedule="cosine"), torch.Generator())


def test_validation_keeps_the_best_weights():
    model = linear(0.0)
    slope.model = model
    # the weight falls by 0.1 a step; the score is best at -0.5
    history = fit(
        model,
        slope,
        Optim(20, 1, 0.1),
        torch.Generator(),
        every=1,
        dtype=torch.float32,
        validate=lambda: -abs(model.weight.item() + 0.5),
    )
    assert model.weight.item() == pytest.approx(-0.5, abs=1e-4)
    assert len(history["score"]) == 20
    assert history["score"].index(max(history["score"])) == 4


def test_validation_runs_in_evaluation_mode_and_training_in_training_mode():
    model = nn.Sequential(nn.Linear(1, 1), nn.Dropout())
    modes = {"train": set(), "validate": set()}

    def objective(generator, progress):
        modes["train"].add(model.training)
        return {"loss": model[0].weight.sum()}

    def validate():
        modes["validate"].add(model.training)
        return 0.0

    fit(model, objective, Optim(4, 1), torch.Generator(), every=1, validate=validate)
    assert modes == {"train": {True}, "validate": {False}}
    assert not model.training


# ---------------------------------------------------------------- determinism


FITS = {
    "vae": lambda seed: fit_vae(TINY_VAE, made_up(), seed, CPU),
    "classifier": lambda seed: fit_classifier(TINY_JUDGE, made_up(), seed, CPU),
}


@pytest.fixture(params=["vae", "classifier", "bridge"])
def fitted(request, blobs):
    return FITS.get(request.param, lambda seed: fit_bridge(TINY_BRIDGE, [blobs("a"), blobs("b", rotate=True)], seed))


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


def test_generators_are_told_apart_by_name_and_seed():
    draws = {key: torch.rand(4, generator=train.named_generator(*key)).tolist() for key in [("a", 0), ("a", 1), ("b", 0)]}
    assert len({tuple(d) for d in draws.values()}) == 3
    assert torch.rand(4, generator=train.named_generator("a", 0)).tolist() == draws["a", 0]


def test_initialisation_depends_on_the_seed_and_is_pytorchs_own():
    built = [train.initialised(lambda: nn.Linear(100, 50), "x", seed, CPU) for seed in (0, 0, 1)]
    assert equal(built[0], built[1])
    assert not equal(built[0], built[2])
    assert built[0].weight.detach().abs().max() == pytest.approx(0.1, rel=0.01), "uniform up to 1 / sqrt(fan in)"


# ---------------------------------------------------------------- interrupted and resumed


@pytest.mark.parametrize("schedule", ["constant", "onecycle"])
@pytest.mark.parametrize("validated", [False, True])
def test_a_resumed_fit_equals_an_uninterrupted_one(tmp_path, monkeypatch, schedule, validated):
    monkeypatch.setattr(train, "SAVE_SECONDS", -1)
    x = torch.rand(50, 4, generator=torch.Generator().manual_seed(0))
    checkpoint = tmp_path / "deep" / "run.pt"

    def run(stop_at: int | None, checkpoint=None):
        model = train.initialised(lambda: nn.Linear(4, 4), "resume", 0, CPU)
        generator, steps = torch.Generator().manual_seed(1), []

        def objective(generator, progress):
            steps.append(round(progress.item() * 50))
            if stop_at is not None and steps[-1] == stop_at:
                raise KeyboardInterrupt
            batch = x[torch.randint(50, (8,), generator=generator)]
            return {"loss": ((model(batch) - batch) ** 2).mean()}

        validate = (lambda: -model.weight.abs().sum().item()) if validated else None
        optim = Optim(50, 8, 0.05, schedule)
        try:
            history = fit(model, objective, optim, generator, every=10, checkpoint=checkpoint, validate=validate)
        except KeyboardInterrupt:
            history = None
        return model, history, steps

    whole, whole_history, _ = run(None)
    _, stopped, _ = run(27, checkpoint)
    assert stopped is None
    assert checkpoint.exists()
    resumed, resumed_history, steps = run(None, checkpoint)
    assert steps == list(range(20, 50)), "it goes on from the checkpoint and not from the start"
    assert equal(whole, resumed)
    assert without_clock(whole_history) == without_clock(resumed_history)
    assert not list(checkpoint.parent.iterdir()), "nothing is left behind"


def test_a_fit_can_be_interrupted_again_and_again(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "SAVE_SECONDS", -1)
    models_, counts = [], []
    for stops in ([], [13, 24, 25, 41]):
        checkpoint = tmp_path / f"{len(stops)}.pt"
        for stop in [*stops, None]:
            model, count = linear(1.0), 0

            def objective(generator, progress, model=model, stop=stop):
                nonlocal count
                count += 1
                if stop is not None and round(progress.item() * 50) == stop:
                    raise KeyboardInterrupt
                return {"loss": (model.weight * torch.randn((), generator=generator)).sum()}

            try:
                fit(model, objective, Optim(50, 1), torch.Generator().manual_seed(0), every=5, checkpoint=checkpoint)
            except KeyboardInterrupt:
                counts.append(count)
        models_.append(model)
    assert counts == [14, 15, 6, 17], "from steps 0, 10, 20 and 25"
    assert equal(*models_)


def test_a_user_interrupts_a_bridge_and_runs_the_cell_again(blobs, calls, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "SAVE_SECONDS", 0)
    config, domains = longer(TINY_BRIDGE, 300, "onecycle"), [blobs("a"), blobs("b", rotate=True)]
    calls.stop_at = 251
    with pytest.raises(KeyboardInterrupt):
        fit_bridge(config, domains, 0)
    assert calls.number == 251
    (checkpoint,) = (data.cache_folder() / "checkpoints").iterdir()
    assert checkpoint.suffix == ".pt"

    resumed, history = fit_bridge(config, domains, 0)
    assert calls.number - 251 == 100, "200 of 300 steps were in the checkpoint"
    assert not list((data.cache_folder() / "checkpoints").iterdir())
    fit_bridge(config, domains, 0)
    assert calls.number - 251 == 100, "and now it is in the cache"

    monkeypatch.setenv("LT_CACHE", str(tmp_path / "uninterrupted"))
    whole, whole_history = fit_bridge(config, domains, 0)
    assert equal(whole, resumed)
    assert without_clock(whole_history) == without_clock(history)


def test_an_interrupted_classifier_remembers_its_best_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "SAVE_SECONDS", 0)
    config, images, original, count = longer(TINY_JUDGE, 60), made_up(), losses.classification, [0]

    def stop(logits, labels):
        count[0] += 1
        if count[0] == 41:
            raise KeyboardInterrupt
        return original(logits, labels)

    monkeypatch.setattr(losses, "classification", stop)
    with pytest.raises(KeyboardInterrupt):
        fit_classifier(config, images, 0, CPU)
    resumed, history = fit_classifier(config, images, 0, CPU)
    assert count[0] < 41 + 60 - 30, "it resumed"
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "uninterrupted"))
    whole, whole_history = fit_classifier(config, images, 0, CPU)
    assert equal(whole, resumed)
    assert without_clock(history) == without_clock(whole_history)


# ---------------------------------------------------------------- the cache


def test_a_cache_hit_does_no_work_and_gives_the_same(blobs, calls):
    domains = [blobs("a"), blobs("b", rotate=True)]
    first, history = fit_bridge(TINY_BRIDGE, domains, 0)
    assert calls.number == 30
    calls.stop_at = 31  # any further step would raise
    again, again_history = fit_bridge(TINY_BRIDGE, [blobs("a"), blobs("b", rotate=True)], 0)
    assert equal(first, again)
    assert history == again_history, "the seconds are those of the training, not of the look-up"


def test_whoever_changes_a_cached_model_does_not_change_the_cache(blobs):
    domains = [blobs("a"), blobs("b", rotate=True)]
    first, _ = fit_bridge(TINY_BRIDGE, domains, 0)
    with torch.no_grad():
        kept = [p.clone() for p in first.parameters()]
        for p in first.parameters():
            p.zero_()
    again, _ = fit_bridge(TINY_BRIDGE, domains, 0)
    assert all(torch.equal(a, b) for a, b in zip(kept, again.parameters(), strict=True))


def test_whatever_matters_to_a_bridge_makes_a_new_one(blobs, calls):
    a, b = blobs("a"), blobs("b", rotate=True)
    runs = [(TINY_BRIDGE, [a, b], 0), (TINY_BRIDGE, [a, b], 1), (TINY_BRIDGE, [b, a], 0), (TINY_BRIDGE, [a, b, b], 0)]
    runs += [(dataclasses.replace(TINY_BRIDGE, **{field: value}), [a, b], 0) for field, value in (("beta_kl", 0.1), ("power", 1))]
    runs += [
        (dataclasses.replace(TINY_BRIDGE, optim=dataclasses.replace(TINY_BRIDGE.optim, **o)), [a, b], 0)
        for o in ({"lr": 2e-3}, {"batch": 8})
    ]
    runs += [
        (TINY_BRIDGE, [dataclasses.replace(a, **{f: v}), b], 0) for f, v in (("mean", a.mean + 1), ("std", a.std * 2), ("y", a.y.roll(1)))
    ]
    for done, (config, domains, seed) in enumerate(runs):
        fit_bridge(config, domains, seed)
        assert calls.number == 30 * (done + 1), f"run {done} came from the cache"


def test_whatever_matters_to_a_vae_makes_a_new_one(calls):
    images = made_up()
    other = made_up(seed=1)
    for done, (config, data_, seed) in enumerate(
        [(TINY_VAE, images, 0), (TINY_VAE, images, 1), (TINY_VAE, other, 0), (dataclasses.replace(TINY_VAE, beta=2.0), images, 0)]
    ):
        fit_vae(config, data_, seed, CPU)
        assert calls.number == 30 * (done + 1)
    fit_vae(TINY_VAE, images, 0, CPU)
    assert calls.number == 120


def test_new_code_makes_a_new_model(calls, monkeypatch):
    fit_vae(TINY_VAE, made_up(), 0, CPU)
    monkeypatch.setattr(train, "code_version", lambda *_: "a later version")
    fit_vae(TINY_VAE, made_up(), 0, CPU)
    assert calls.number == 60


def edited(monkeypatch, module, edit) -> str:
    """The code version if ``module`` had the source ``edit(source)``."""
    original = inspect.getsource
    with monkeypatch.context() as patch:
        patch.setattr(inspect, "getsource", lambda thing: edit(original(thing)) if thing is module else original(thing))
        return train.code_version.__wrapped__()


@pytest.mark.parametrize("module", [models, losses, train], ids=lambda m: m.__name__)
def test_code_version_is_blind_to_words_and_sees_code(monkeypatch, module):
    source = inspect.getsource(module)
    first_line = source.splitlines()[0]
    assert re.search(r'^    """.*"""$', source, re.M)
    version = train.code_version.__wrapped__()
    assert edited(monkeypatch, module, lambda s: "# a remark\n\n" + s + "\n# another\n") == version
    assert (
        edited(monkeypatch, module, lambda s: s.replace(first_line, '"""Something else entirely.' + '"""' * first_line.endswith('"""')))
        == version
    )
    assert edited(monkeypatch, module, lambda s: re.sub(r'^    """.*"""$', '    """Other words."""', s, flags=re.M)) == version
    assert edited(monkeypatch, module, lambda s: s + "\nCONSTANT = 1\n") != version
    assert edited(monkeypatch, module, lambda s: re.sub(r"\b2\b", "3", s)) != version


# ---------------------------------------------------------------- what goes wrong


def test_data_that_are_not_numbers_stop_the_fit_with_term_steps_and_config(lt_error):
    images = made_up()
    images.x[:, 3] = float("nan")
    with lt_error("mnist", "nll is nan", "to 30 of 30", "Optim(steps=30, batch=16"):
        fit_vae(TINY_VAE, images, 0, CPU)


def test_a_fit_that_diverges_says_when(lt_error):
    model = linear(1.0)

    def objective(generator, progress):
        distance = model.weight.sum() * torch.where(progress >= 0.5, math.inf, 1.0)
        return {"loss": distance, "distance": distance}

    with lt_error("my fit", "the term distance is", "to 60 of 100", "lr=0.25", "lower lr"):
        fit(model, objective, Optim(100, 1, lr=0.25), torch.Generator(), name="my fit", every=10)


def test_the_steps_that_an_error_names_are_those_of_the_interval(lt_error):
    with lt_error("steps 1 to 30 of 30"):
        fit(linear(math.nan), lambda g, p: {"loss": torch.full((), math.nan, requires_grad=True)}, Optim(30, 1), torch.Generator())


def test_a_failed_fit_is_not_cached(lt_error):
    broken, images = made_up(), made_up()
    broken.x[:] = float("nan")
    with lt_error("nan"):
        fit_vae(TINY_VAE, broken, 0, CPU)
    _, history = fit_vae(TINY_VAE, images, 0, CPU)  # same fingerprint
    assert math.isfinite(history["loss"][-1])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d.mean[4].fill_(float("nan")), ("not finite", "item 4")),
        (lambda d: d.y[4].fill_(3), ("labels", "3 classes")),
        (lambda d: d.y[4].fill_(-1), ("labels", "-1")),
        (lambda d: d.y.masked_fill_(d.y == 2, 0), ("class 2",)),
    ],
    ids=["nan", "label too high", "label negative", "empty class"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_bad_latents_never_reach_training(blobs, calls, spoil, words, place, lt_error):
    domains = [blobs("first"), blobs("second", rotate=True)]
    spoil(domains[place])
    with lt_error(("first", "second")[place], *words):
        fit_bridge(TINY_BRIDGE, domains, 0)
    assert calls.number == 0


def test_latents_of_another_dimension_are_named(blobs, lt_error):
    with lt_error("a", "4 dimensions", "expects 100", "BridgeConfig.latent"):
        fit_bridge(dataclasses.replace(TINY_BRIDGE, latent=100), [blobs("a"), blobs("b")], 0)


@pytest.mark.parametrize("number", [0, 1])
def test_a_bridge_needs_two_sides(blobs, number, lt_error):
    with lt_error("two"):
        fit_bridge(TINY_BRIDGE, [blobs("a")][:number], 0)


@pytest.mark.parametrize("typo", [{"reduction": "men"}, {"power": 3}])
def test_a_misspelt_reading_of_the_objective_is_an_error(blobs, typo):
    with pytest.raises(Exception, match=str(next(iter(typo.values())))):
        fit_bridge(dataclasses.replace(TINY_BRIDGE, **typo), [blobs("a"), blobs("b")], 0)


# ---------------------------------------------------------------- weights in files


@pytest.fixture
def weights(tmp_path):
    vae = train.initialised(lambda: models.VAE(6, 2, 4, 1), "weights", 0, CPU)
    path = tmp_path / "vae.safetensors"
    train.save_weights(vae, path)
    return vae, path


def test_weights_come_back_to_half_precision(weights):
    vae, path = weights
    loaded = train.load_weights(models.VAE(6, 2, 4, 1), path)
    assert not loaded.training
    for name, value in vae.state_dict().items():
        back = loaded.state_dict()[name]
        assert back.dtype == torch.float32
        torch.testing.assert_close(back, value, rtol=2**-11, atol=2**-24)
        assert torch.equal(back, value.half().float())
    assert path.stat().st_size < 2 * models.parameters(vae) + 1500, "two bytes a weight and a header"


def test_saving_does_not_change_the_model(weights, tmp_path):
    vae, _ = weights
    before = {k: v.clone() for k, v in vae.state_dict().items()}
    train.save_weights(vae, tmp_path / "again.safetensors")
    assert all(torch.equal(v, before[k]) and v.dtype == torch.float32 for k, v in vae.state_dict().items())


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_truncated_weights_are_named(weights, kept, lt_error):
    _, path = weights
    path.write_bytes(path.read_bytes()[:kept])
    with lt_error(str(path), "cannot be read"):
        train.load_weights(models.VAE(6, 2, 4, 1), path)


def test_a_file_of_something_else_is_named(weights, lt_error):
    _, path = weights
    path.write_text("no weights here" * 100)
    with lt_error(str(path)):
        train.load_weights(models.VAE(6, 2, 4, 1), path)


def test_missing_weights_are_named(tmp_path, lt_error):
    with lt_error(str(tmp_path / "none.safetensors")):
        train.load_weights(models.VAE(6, 2, 4, 1), tmp_path / "none.safetensors")


@pytest.mark.parametrize("other", [lambda: models.VAE(6, 2, 5, 1), lambda: models.VAE(6, 2, 4, 2), lambda: models.Classifier(6, 2, 4, 1)])
def test_weights_of_another_architecture_are_named(weights, other, lt_error):
    _, path = weights
    with lt_error(str(path), type(other()).__name__):
        train.load_weights(other(), path)


def test_weights_of_another_architecture_are_explained(weights, lt_error):
    _, path = weights
    with lt_error(str(path), "encoder.0.weight"):
        train.load_weights(models.VAE(6, 2, 5, 1), path)


def test_a_fit_without_steps_is_an_error_before_anything_is_cached(lt_error):
    for steps, batch in ((0, 8), (8, 0), (-1, 8)):
        with lt_error(f"steps {steps}", f"batch {batch}"):
            Optim(steps, batch)


def test_weights_go_to_a_folder_that_is_not_there_yet(tmp_path):
    vae, _ = fit_vae(TINY_VAE, made_up(), 0, CPU)
    path = tmp_path / "new" / "folder" / "vae.safetensors"
    train.save_weights(vae, path)
    assert path.exists()


# ---------------------------------------------------------------- games, and runs on a clock


class Pair(nn.Module):
    """Two numbers whose players pull at the same product in opposite directions."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)


def game(pair: Pair, updates: int, seen: list):
    def first(generator, progress):
        seen.append("a")
        return {"loss": (pair.a.weight * pair.b.weight).sum() + 0 * torch.rand(1, generator=generator).sum()}

    def second(generator, progress):
        seen.append("b")
        return {"loss": -(pair.a.weight * pair.b.weight).sum()}

    return [train.Player(pair.a, first, updates), train.Player(pair.b, second)]


def test_players_take_turns_and_move_only_their_own_weights():
    pair, seen = Pair(), []
    nn.init.constant_(pair.a.weight, 1.0)
    nn.init.constant_(pair.b.weight, 1.0)
    fit(pair, game(pair, 3, seen), Optim(2, 1, lr=0.1), torch.Generator().manual_seed(0))
    assert seen == ["a", "a", "a", "b"] * 2
    # Adam's first updates are lr times the sign of the gradient: a falls by b's sign, b rises by a's
    assert pair.a.weight.item() == pytest.approx(1 - 6 * 0.1, abs=0.05)
    assert pair.b.weight.item() == pytest.approx(1 + 2 * 0.1, abs=0.05)


def test_a_run_out_of_time_keeps_its_checkpoint_and_ends_as_if_it_had_never_stopped(tmp_path):
    def run(path, *seconds):
        pair = Pair()
        nn.init.constant_(pair.a.weight, 1.0)
        nn.init.constant_(pair.b.weight, 1.0)
        generator = torch.Generator().manual_seed(0)
        for limit in seconds:
            history = fit(pair, game(pair, 2, []), Optim(40, 1, lr=0.01), generator, every=5, checkpoint=path, seconds=limit)
            yield pair, history, path.exists()

    ((whole, history, kept),) = run(tmp_path / "whole.pt", math.inf)
    assert not kept
    (_, early, kept_early), (resumed, later, kept_later) = run(tmp_path / "parts.pt", 0.0, math.inf)
    assert kept_early
    assert not kept_later
    assert early["step"] == [5]
    assert without_clock(later) == without_clock(history)
    assert equal(whole, resumed)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_captured_steps_are_the_eager_ones(monkeypatch):
    def trained(captured):
        device = torch.device("cuda")
        if not captured:
            real = train._eager_then_captured
            monkeypatch.setattr(train, "_eager_then_captured", lambda step, generator, warm: real(step, generator, True))
        x = torch.rand(512, 784, generator=train.named_generator("x", 0)).to(device)
        config = VAEConfig(Optim(40, 64, schedule="onecycle"), width=64, latent=8, warmup=0.5, jitter=0.5)
        vae = train.initialised(lambda: models.VAE(784, 8, 64, 2), "vae", 0, device)
        fit(vae, train.vae_objective(vae, config, x), config.optim, train.named_generator("steps", 0, device), every=10)
        return torch.cat([p.flatten() for p in vae.parameters()])

    torch.testing.assert_close(trained(captured=True), trained(captured=False))
