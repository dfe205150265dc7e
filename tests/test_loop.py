"""The training loop: histories, schedules, averages, Muon, games, determinism, resuming, and what is said of errors."""

import itertools
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from toys import CPU, equal, g, without_clock

from lt import loop
from lt.loop import Training, fit

# ---------------------------------------------------------------- the loop itself


def linear(value: float = 0.0) -> nn.Linear:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, value)
    return model


def weights_of(training: Training, noise: float = 0.0) -> list[float]:
    """The only weight of a model before each step and at the end; its gradient is one, with or without noise."""
    model, seen = linear(), []

    def objective(generator, progress):
        seen.append(model.weight.item())
        assert progress.item() == pytest.approx((len(seen) - 1) / training.steps)
        return {"loss": (model.weight * (1 + noise * torch.randn(1, generator=generator))).sum()}

    fit(model, objective, training, g(), dtype=torch.float32)
    return [*seen, model.weight.item()]


def test_history_holds_means_over_intervals():
    model = linear(1.0)
    how = {"every": 2, "dtype": torch.float32}
    history = fit(model, lambda *_: {"loss": model.weight.sum()}, Training(5, 1, 0.1), g(), **how)
    # the weight goes 1, 0.9, 0.8, 0.7, 0.6: Adam's steps on a constant gradient are lr each
    assert history["step"] == [2, 4, 5]
    assert history["loss"] == pytest.approx([0.95, 0.75, 0.6], abs=1e-5)
    assert model.weight.item() == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 100])
def test_rates_are_those_of_the_schedule(steps):
    def moved(schedule):
        return [(a - b) / 0.01 for a, b in itertools.pairwise(weights_of(Training(steps, 1, 0.01, schedule)))]

    assert moved("constant") == pytest.approx([1] * steps, abs=1e-2)
    expected = [0.04, 1][:steps]  # a step or two: more than PyTorch's own can do
    if steps > 2:
        optimizer = torch.optim.SGD([torch.zeros(1)], 1)
        cycle = {"pct_start": max(0.1, 2 / steps), "cycle_momentum": False}
        scheduler, expected = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1, steps, **cycle), []
        for _ in range(steps):
            expected.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
    assert moved("onecycle") == pytest.approx(expected, abs=1e-2)


def test_validation_keeps_the_best_weights_and_sees_evaluation_mode_without_gradients():
    model, modes = linear(), set()

    def validate():  # the weight falls by 0.1 per step; the score is best at -0.5
        modes.add((model.training, torch.is_grad_enabled()))
        return np.float32(-abs(model.weight.item() + 0.5))

    def objective(generator, progress):
        assert model.training
        return {"loss": model.weight.sum()}

    history = fit(model, objective, Training(20, 1, 0.1), g(), every=1, dtype=torch.float32, validate=validate)
    assert model.weight.item() == pytest.approx(-0.5, abs=1e-4)
    assert history["score"].index(max(history["score"])) == 4
    assert type(history["score"][0]) is float
    assert modes == {(False, False)}
    assert not model.training


def test_a_fit_works_where_gradients_are_switched_off():
    with torch.no_grad():
        assert weights_of(Training(3, 1, 0.1)) == pytest.approx([0, -0.1, -0.2, -0.3], abs=1e-4)
        assert not torch.is_grad_enabled()


@pytest.mark.parametrize("steps", [1, 7, 60])
def test_what_is_kept_is_the_running_mean_of_the_weights(steps):
    """As in Adam: an exponential mean that began at zero, with the share of that beginning divided out."""
    training, decay, mean = Training(steps, 1, 0.1), 0.9, 0.0
    path = weights_of(training, 3)
    for weight in path[1:]:
        mean = decay * mean + (1 - decay) * weight
    averaged = weights_of(replace(training, average=decay), 3)
    assert averaged[:-1] == path[:-1], "training itself is not touched"
    assert averaged[-1] == pytest.approx(mean / (1 - decay**steps), rel=1e-5)


# ---------------------------------------------------------------- randomness and threads


def zoo() -> nn.Module:
    """Layers that draw their first weights in all the ways that PyTorch has."""
    normal = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))
    parts = [nn.Linear(100, 50), nn.Conv2d(3, 4, 3), nn.GRU(3, 5), nn.Embedding(7, 2), nn.MultiheadAttention(8, 2)]
    own = nn.ParameterList([torch.randn(3), torch.rand(2), nn.init.trunc_normal_(torch.empty(9))])
    return nn.ModuleList(
        [*parts, nn.TransformerEncoderLayer(8, 2, 4), normal, own, nn.init.orthogonal_(nn.Linear(3, 3).weight)][:-1]
    )


def test_initialisation_is_pytorchs_own_and_moves_no_global_generator():
    before = torch.get_rng_state()
    built = [loop.initialised(zoo, "x", seed, CPU) for seed in (0, 0, 1)]
    assert torch.equal(before, torch.get_rng_state())
    assert equal(built[0], built[1])
    drawn = [k for k, v in built[0].state_dict().items() if v.unique().numel() > 1]
    assert len(drawn) > 15
    assert not any(torch.equal(built[0].state_dict()[k], built[2].state_dict()[k]) for k in drawn)
    with torch.random.fork_rng():
        torch.manual_seed(loop.named_generator("x/init", 0).initial_seed())
        assert equal(loop.initialised(zoo, "x", 0, CPU), zoo()), "the draws that a global seed would give"


def test_one_thread_lasts_until_its_last_user_leaves(monkeypatch):
    number = [2]
    monkeypatch.setattr(torch, "get_num_threads", lambda: number[-1])
    monkeypatch.setattr(torch, "set_num_threads", number.append)
    first, second = loop.one_thread(), loop.one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert number[-1] == 1
    second.__exit__(None, None, None)
    assert number[-1] == 2


def test_an_avx2_laptop_computes_in_single_precision():
    code = "import torch; from lt.loop import fast_dtype; print(fast_dtype(torch.device('cpu')))"
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "torch.float32"


# ---------------------------------------------------------------- Muon


def mixed() -> nn.Sequential:
    """One square hidden matrix and one tall one for Muon, and others that are too narrow for it."""

    def build():
        shapes = [(4, 64), (64, 64), (64, 96), (96, 4)]
        return nn.Sequential(*[layer for shape in shapes for layer in (nn.Linear(*shape), nn.ReLU())][:-1])

    return loop.initialised(build, "mixed", 0, CPU)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 1e-6), (torch.float32, 2e-3)])
@pytest.mark.parametrize("shape", [(64, 64), (200, 128), (64, 200)])
def test_muon_is_pytorchs_and_in_single_precision_within_its_rounding(dtype, tolerance, shape):
    ours, theirs = nn.Parameter(torch.zeros(shape)), nn.Parameter(torch.zeros(shape))
    mine = loop.Muon([ours], {"lr": torch.tensor(0.02), "dtype": dtype})
    reference = torch.optim.Muon([theirs], 0.02, weight_decay=0.0, ns_steps=3, adjust_lr_fn="original")
    for step in range(10):
        ours.grad = torch.randn(shape, generator=g(step))
        theirs.grad = ours.grad.clone()
        mine.step()
        reference.step()
    assert (ours - theirs).abs().max() <= tolerance
    assert ours.abs().max() > 0.02


def test_muon_moves_hidden_matrices_and_adam_the_rest():
    x = torch.rand(50, 4, generator=g())
    hidden, before = {"2.weight", "4.weight"}, mixed().state_dict()
    for lr, muon, moved in ((1e-12, 0.02, hidden), (0.01, 1e-12, before.keys() - hidden), (0.01, 0.0, before.keys())):
        model = mixed()
        fit(model, lambda *_, m=model: {"loss": ((m(x) - x) ** 2).mean()}, Training(3, 50, lr, muon=muon), g())
        after = model.state_dict()
        assert {name for name in after if (after[name] - before[name]).abs().max() > 1e-9} == moved


# ---------------------------------------------------------------- interrupted and resumed

MODES = [{}, {"validated": True}, {"muon": 0.02}, {"muon": 0.02, "average": 0.9}]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: "-".join(mode) or "plain")
@pytest.mark.parametrize("schedule", ["constant", "onecycle"])
def test_a_fit_resumes_bit_for_bit_however_often_it_stops(tmp_path, monkeypatch, capsys, schedule, mode):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    x, checkpoint, mode = torch.rand(50, 4, generator=g()), tmp_path / "deep" / "run.pt", dict(mode)
    validated = mode.pop("validated", False)

    def run(stop: int | None, path=checkpoint, every=5):
        model, steps = mixed(), []

        def objective(generator, progress):
            steps.append(round(progress.item() * 40))
            if steps[-1] == stop:
                raise KeyboardInterrupt
            batch = x[torch.randint(50, (8,), generator=generator)]
            return {"loss": ((model(batch) - batch) ** 2).mean()}

        validate = (lambda: -model[2].weight.abs().sum().item()) if validated else None
        try:
            training = Training(40, 8, 0.01, schedule, **mode)
            return model, fit(model, objective, training, g(1), every=every, checkpoint=path, validate=validate), steps
        except KeyboardInterrupt:
            return model, None, steps

    whole, history, _ = run(None, None)
    assert [run(stop)[2][0] for stop in (22, 23, 31)] == [0, 20, 20]
    assert "goes on at step 20 of 40" in capsys.readouterr().err
    resumed, again, steps = run(None)
    assert steps == list(range(30, 40)), "from the checkpoint and not from the start"
    assert equal(whole, resumed)
    assert without_clock(history) == without_clock(again)
    assert not list(checkpoint.parent.iterdir()), "nothing is left behind"
    run(22)
    _, other, _ = run(None, every=7)
    assert other["step"] == [5, 10, 15, 20, 21, 28, 35, 40], "with other intervals it goes on as well"
    if not validated:
        pairs = zip(history["step"], history["loss"], strict=True)
        total = sum(a * b for a, b in zip(np.diff([0, *other["step"]]), other["loss"], strict=True))
        assert total == pytest.approx(sum(5 * loss for _, loss in pairs), rel=1e-5), "each interval has its own mean"


# ---------------------------------------------------------------- what goes wrong


def test_a_fit_that_diverges_says_which_term_and_when(lt_error):
    model = linear(1.0)

    def objective(generator, progress):
        distance = model.weight.sum() * torch.where(progress >= 0.5, math.inf, 1.0)
        return {"loss": distance, "distance": distance}

    with lt_error("my fit", "the term distance is", "in steps 51 to 60 of 100", "lr=0.25", "lower lr"):
        fit(model, objective, Training(100, 1, lr=0.25), g(), name="my fit", every=10)


def test_a_training_that_cannot_be_is_an_error_before_anything_runs(lt_error):
    wrong = [("steps", 0), ("steps", 1e3), ("batch", -8), ("lr", 0.0), ("lr", math.nan), ("schedule", "cosine")]
    for name, value in [*wrong, ("muon", -0.1), ("average", 1.0), ("betas", (0.9, 1.0))]:
        with lt_error(f"{name}={value!r}", "give", name):
            Training(**{"steps": 5, "batch": 8, name: value})
    assert Training(np.int64(5), np.int32(8)).steps == 5


# ---------------------------------------------------------------- games, and runs on a clock


def game(seen: list) -> tuple[nn.ModuleDict, list[loop.Player]]:
    """Two numbers whose players pull at the same product in opposite directions."""
    pair = nn.ModuleDict({"a": linear(1.0), "b": linear(1.0)})

    def pull(name, sign):
        def objective(generator, progress):
            seen.append((name, pair["a"].weight.item()))
            noise = 0 * torch.rand(1, generator=generator).sum()
            return {"loss": sign * (pair["a"].weight * pair["b"].weight).sum() + noise}

        return objective

    return pair, [loop.Player(pair["a"], pull("a", 1), 3), loop.Player(pair["b"], pull("b", -1))]


def test_players_take_turns_move_only_their_own_weights_and_average_every_update():
    (pair, players), (averaged, again) = game(seen := []), game([])
    fit(pair, players, Training(2, 1, lr=0.1), g(), dtype=torch.float32)
    assert [name for name, _ in seen] == ["a", "a", "a", "b"] * 2
    # Adam's first updates are lr times the sign of the gradient: a falls by b's sign, b rises by a's
    assert pair["a"].weight.item() == pytest.approx(1 - 6 * 0.1, abs=0.05)
    assert pair["b"].weight.item() == pytest.approx(1 + 2 * 0.1, abs=0.05)
    fit(averaged, again, Training(2, 1, lr=0.1, average=0.5), g(), dtype=torch.float32)
    mean, path = 0.0, [weight for name, weight in seen if name == "a"]
    for weight in [*path[1:], pair["a"].weight.item()]:
        mean = 0.5 * mean + 0.5 * weight
    assert averaged["a"].weight.item() == pytest.approx(mean / (1 - 0.5**6), rel=1e-5)


def test_a_run_out_of_time_keeps_its_checkpoint_and_ends_as_if_it_had_never_stopped(tmp_path):
    (whole, players), path = game([]), tmp_path / "run.pt"
    history = fit(whole, players, Training(40, 1, lr=0.01), g(), every=5)
    pair, players = game([])
    early = fit(pair, players, Training(40, 1, lr=0.01), g(), every=5, checkpoint=path, seconds=0.0)
    assert path.exists()
    assert early["step"] == [5]
    later = fit(pair, players, Training(40, 1, lr=0.01), g(), every=5, checkpoint=path)
    assert not path.exists()
    assert without_clock(later) == without_clock(history)
    assert equal(whole, pair)
