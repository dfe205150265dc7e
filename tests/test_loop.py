"""The training loop: histories, schedules, averages, Muon, games, determinism, resuming, and what is said when it goes wrong."""

import itertools
import math

import pytest
import torch
from torch import nn
from toys import CPU, equal, g, without_clock

from lt import loop
from lt.loop import Training, fit

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
    history = fit(slope.model, slope, Training(5, 1, 0.1), torch.Generator(), every=2, dtype=torch.float32)
    # the weight goes 1, 0.9, 0.8, 0.7, 0.6: Adam's first steps on a constant gradient are lr each
    assert history["step"] == [2, 4, 5]
    assert history["loss"] == pytest.approx([0.95, 0.75, 0.6], abs=1e-5)
    assert slope.model.weight.item() == pytest.approx(0.5, abs=1e-5)


def test_progress_runs_from_zero_towards_one():
    model, seen = linear(), []

    def objective(generator, progress):
        seen.append(progress.item())
        return {"loss": model.weight.sum()}

    fit(model, objective, Training(4, 1), torch.Generator())
    assert seen == [0, 0.25, 0.5, 0.75]


def paces(schedule: str, steps: int = 100, lr: float = 0.01) -> list[float]:
    """How far each step moved a weight of constant gradient, in units of lr: the schedule as Adam saw it."""
    model, seen = linear(), []

    def objective(generator, progress):
        seen.append(model.weight.item())
        return {"loss": model.weight.sum()}

    fit(model, objective, Training(steps, 1, lr, schedule), torch.Generator(), dtype=torch.float32)
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
        fit(linear(), slope, Training(3, 1, schedule="cosine"), torch.Generator())


def test_validation_keeps_the_best_weights():
    model = linear(0.0)
    slope.model = model
    # the weight falls by 0.1 a step; the score is best at -0.5
    history = fit(
        model,
        slope,
        Training(20, 1, 0.1),
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

    fit(model, objective, Training(4, 1), torch.Generator(), every=1, validate=validate)
    assert modes == {"train": {True}, "validate": {False}}
    assert not model.training


# ---------------------------------------------------------------- determinism


def test_generators_are_told_apart_by_name_and_seed():
    draws = {key: torch.rand(4, generator=loop.named_generator(*key)).tolist() for key in [("a", 0), ("a", 1), ("b", 0)]}
    assert len({tuple(d) for d in draws.values()}) == 3
    assert torch.rand(4, generator=loop.named_generator("a", 0)).tolist() == draws["a", 0]


def test_initialisation_depends_on_the_seed_and_is_pytorchs_own():
    built = [loop.initialised(lambda: nn.Linear(100, 50), "x", seed, CPU) for seed in (0, 0, 1)]
    assert equal(built[0], built[1])
    assert not equal(built[0], built[2])
    assert built[0].weight.detach().abs().max() == pytest.approx(0.1, rel=0.01), "uniform up to 1 / sqrt(fan in)"


# ---------------------------------------------------------------- interrupted and resumed


@pytest.mark.parametrize("schedule", ["constant", "onecycle"])
@pytest.mark.parametrize("validated", [False, True])
def test_a_resumed_fit_equals_an_uninterrupted_one(tmp_path, monkeypatch, schedule, validated):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
    x = torch.rand(50, 4, generator=torch.Generator().manual_seed(0))
    checkpoint = tmp_path / "deep" / "run.pt"

    def run(stop_at: int | None, checkpoint=None):
        model = loop.initialised(lambda: nn.Linear(4, 4), "resume", 0, CPU)
        generator, steps = torch.Generator().manual_seed(1), []

        def objective(generator, progress):
            steps.append(round(progress.item() * 50))
            if stop_at is not None and steps[-1] == stop_at:
                raise KeyboardInterrupt
            batch = x[torch.randint(50, (8,), generator=generator)]
            return {"loss": ((model(batch) - batch) ** 2).mean()}

        validate = (lambda: -model.weight.abs().sum().item()) if validated else None
        training = Training(50, 8, 0.05, schedule)
        try:
            history = fit(model, objective, training, generator, every=10, checkpoint=checkpoint, validate=validate)
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
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
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
                fit(model, objective, Training(50, 1), torch.Generator().manual_seed(0), every=5, checkpoint=checkpoint)
            except KeyboardInterrupt:
                counts.append(count)
        models_.append(model)
    assert counts == [14, 15, 6, 17], "from steps 0, 10, 20 and 25"
    assert equal(*models_)


def mixed() -> nn.Sequential:
    """One hidden matrix that Muon takes, and others that are too narrow for it."""
    return loop.initialised(
        lambda: nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4)), "mixed", 0, CPU
    )


@pytest.mark.parametrize("more", [{"muon": 0.02}, {"average": 0.9}, {"muon": 0.02, "average": 0.9}], ids="-".join)
@pytest.mark.parametrize("schedule", ["constant", "onecycle"])
def test_muon_and_running_means_resume_bit_for_bit(tmp_path, monkeypatch, schedule, more):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1)
    x, training = torch.rand(50, 4, generator=g()), Training(40, 8, 0.01, schedule, **more)
    checkpoint = tmp_path / "run.pt"

    def run(stop_at: int | None, checkpoint=None):
        model, generator, steps = mixed(), g(1), []

        def objective(generator, progress):
            steps.append(round(progress.item() * 40))
            if steps[-1] == stop_at:
                raise KeyboardInterrupt
            batch = x[torch.randint(50, (8,), generator=generator)]
            return {"loss": ((model(batch) - batch) ** 2).mean()}

        return model, steps, lambda: fit(model, objective, training, generator, every=5, checkpoint=checkpoint)

    whole, _, train = run(None)
    history = train()
    _, _, train = run(22, checkpoint)
    with pytest.raises(KeyboardInterrupt):
        train()
    resumed, steps, train = run(None, checkpoint)
    resumed_history = train()
    assert steps == list(range(20, 40))
    assert equal(whole, resumed)
    assert without_clock(history) == without_clock(resumed_history)


# ---------------------------------------------------------------- running means of weights


def path_of(training: Training) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The weights after each step of a noisy descent, and what is kept at its end."""
    model, seen = linear(1.0), []

    def objective(generator, progress):
        seen.append(model.weight.detach().clone())
        return {"loss": ((model.weight - torch.randn(1, generator=generator)) ** 2).sum()}

    fit(model, objective, training, g(), dtype=torch.float32)
    return seen[1:], model.weight.detach()


@pytest.mark.parametrize("steps", [1, 7, 60])
def test_what_is_kept_is_the_running_mean_of_the_weights(steps):
    """As in Adam: an exponential mean that began at zero, with the share of that beginning divided out."""
    decay = 0.9
    path, last = path_of(Training(steps, 1, 0.1))
    mean = torch.zeros_like(last)
    for weight in [*path, last]:
        mean = decay * mean + (1 - decay) * weight
    same_path, kept = path_of(Training(steps, 1, 0.1, average=decay))
    assert all(torch.equal(a, b) for a, b in zip(path, same_path, strict=True)), "training itself is not touched"
    torch.testing.assert_close(kept, mean / (1 - decay**steps))
    if steps > 1:
        assert not torch.allclose(kept, last)


def test_weights_that_stand_still_are_their_own_mean():
    model = linear(3.0)
    fit(model, lambda *_: {"loss": 0 * model.weight.sum()}, Training(5, 1, average=0.99), g())
    assert model.weight.item() == pytest.approx(3.0, rel=1e-5)


# ---------------------------------------------------------------- Muon


def test_muon_moves_hidden_matrices_and_adam_the_rest():
    x = torch.rand(50, 4, generator=g())
    for lr, muon, moved in (
        (0.0, 0.02, {"2.weight"}),
        (0.01, 1e-12, {"0.weight", "0.bias", "2.bias", "4.weight", "4.bias"}),
        (0.01, 0.0, {"0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"}),
    ):
        model = mixed()
        fit(model, lambda *_, model=model: {"loss": ((model(x) - x) ** 2).mean()}, Training(3, 50, lr, muon=muon), g())
        before = mixed().state_dict()
        assert {name for name, value in model.state_dict().items() if (value - before[name]).abs().max() > 1e-9} == moved


def test_a_step_of_muon_turns_all_directions_alike():
    """Its update is the gradient with all singular values brought near one (Jordan et al. 2024), whatever they were."""
    left, right = (torch.linalg.qr(torch.randn(64, 64, generator=g(seed)))[0] for seed in (0, 1))
    gradient = left @ torch.diag(torch.linspace(0.1, 1, 64)) @ right
    model = nn.Linear(64, 64)
    before = model.weight.detach().clone()
    fit(model, lambda *_: {"loss": (model.weight * gradient).sum()}, Training(1, 1, 0.0, muon=0.1), g(), dtype=torch.float32)
    step = (before - model.weight.detach()) / 0.1
    values = torch.linalg.svdvals(step)
    assert values.min() > 0.5
    assert values.max() < 1.5
    assert torch.nn.functional.cosine_similarity(step.flatten(), (left @ right).flatten(), 0) > 0.9


def test_muon_follows_the_schedule_with_its_own_peak():
    trainer = loop._Trainer(mixed(), Training(100, 1, 0.01, "onecycle", muon=0.05), CPU)
    rates = []
    for _ in range(100):
        rates.append([float(optimizer.param_groups[0]["lr"]) for optimizer in trainer.optimizers])
        for part in trainer.optimizers + trainer.schedules:
            part.step()
    assert max(adam for adam, _ in rates) == pytest.approx(0.01, rel=1e-3)
    assert [b / a for a, b in rates] == pytest.approx([5.0] * 100, rel=1e-4)


# ---------------------------------------------------------------- what goes wrong


def test_a_fit_that_diverges_says_when(lt_error):
    model = linear(1.0)

    def objective(generator, progress):
        distance = model.weight.sum() * torch.where(progress >= 0.5, math.inf, 1.0)
        return {"loss": distance, "distance": distance}

    with lt_error("my fit", "the term distance is", "to 60 of 100", "lr=0.25", "lower lr"):
        fit(model, objective, Training(100, 1, lr=0.25), torch.Generator(), name="my fit", every=10)


def test_the_steps_that_an_error_names_are_those_of_the_interval(lt_error):
    with lt_error("steps 1 to 30 of 30"):
        fit(linear(math.nan), lambda g, p: {"loss": torch.full((), math.nan, requires_grad=True)}, Training(30, 1), torch.Generator())


def test_a_fit_without_steps_is_an_error_before_anything_is_cached(lt_error):
    for steps, batch in ((0, 8), (8, 0), (-1, 8)):
        with lt_error(f"steps {steps}", f"batch {batch}"):
            Training(steps, batch)


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

    return [loop.Player(pair.a, first, updates), loop.Player(pair.b, second)]


def test_players_take_turns_and_move_only_their_own_weights():
    pair, seen = Pair(), []
    nn.init.constant_(pair.a.weight, 1.0)
    nn.init.constant_(pair.b.weight, 1.0)
    fit(pair, game(pair, 3, seen), Training(2, 1, lr=0.1), torch.Generator().manual_seed(0))
    assert seen == ["a", "a", "a", "b"] * 2
    # Adam's first updates are lr times the sign of the gradient: a falls by b's sign, b rises by a's
    assert pair.a.weight.item() == pytest.approx(1 - 6 * 0.1, abs=0.05)
    assert pair.b.weight.item() == pytest.approx(1 + 2 * 0.1, abs=0.05)


def test_the_running_mean_of_a_player_counts_every_update():
    """A player with three updates a step has three weights a step in its mean."""

    def path_of(average):
        pair, seen = Pair(), []
        nn.init.constant_(pair.a.weight, 1.0)
        nn.init.constant_(pair.b.weight, 1.0)
        first, second = game(pair, 3, [])

        def watched(generator, progress):
            seen.append(pair.a.weight.item())
            return first.objective(generator, progress)

        fit(pair, [loop.Player(pair.a, watched, 3), second], Training(2, 1, lr=0.1, average=average), g())
        return [*seen[1:], pair.a.weight.item()]

    mean = 0.0
    for weight in path_of(0.0):
        mean = 0.5 * mean + 0.5 * weight
    assert path_of(0.5)[-1] == pytest.approx(mean / (1 - 0.5**6), rel=1e-5)


def test_a_run_out_of_time_keeps_its_checkpoint_and_ends_as_if_it_had_never_stopped(tmp_path):
    def run(path, *seconds):
        pair = Pair()
        nn.init.constant_(pair.a.weight, 1.0)
        nn.init.constant_(pair.b.weight, 1.0)
        generator = torch.Generator().manual_seed(0)
        for limit in seconds:
            history = fit(pair, game(pair, 2, []), Training(40, 1, lr=0.01), generator, every=5, checkpoint=path, seconds=limit)
            yield pair, history, path.exists()

    ((whole, history, kept),) = run(tmp_path / "whole.pt", math.inf)
    assert not kept
    (_, early, kept_early), (resumed, later, kept_later) = run(tmp_path / "parts.pt", 0.0, math.inf)
    assert kept_early
    assert not kept_later
    assert early["step"] == [5]
    assert without_clock(later) == without_clock(history)
    assert equal(whole, resumed)
