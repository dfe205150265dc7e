"""One training loop for every model of the book."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from lt.errors import LtError

Objective = Callable[[torch.Generator, Tensor], dict[str, Tensor]]
History = dict[str, list[float]]

EAGER_STEPS = 3  # steps before a CUDA graph is captured, so that lazy state exists
SAVE_SECONDS = 20  # wall time between two checkpoints
NEWTON_SCHULZ = 3  # iterations of Muon: five cost as much as forward and backward together here, and were no better
HIDDEN = 64  # Muon takes matrices of which both sides are at least this long, Adam takes the rest


@dataclass(frozen=True)
class Training:
    """How long and how fast a model is trained."""

    steps: int  # gradient steps
    batch: int  # items a step, per domain
    lr: float = 1e-3  # learning rate; its peak with "onecycle"
    schedule: str = "constant"  # or "onecycle": rises over a tenth of the steps, then a cosine to zero
    betas: tuple[float, float] = (0.9, 0.999)  # decay of Adam's two running means
    muon: float = 0.0  # learning rate of Muon (Jordan et al. 2024) for hidden matrices; 0: Adam trains them as well
    average: float = 0.0  # decay of a running mean of the weights, which is what is kept; 0: the last weights are

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1:
            raise LtError(f"steps {self.steps} and batch {self.batch}: give at least one of each")
        if self.schedule not in ("constant", "onecycle"):
            raise LtError(f"unknown schedule {self.schedule!r}: choose constant or onecycle")


@dataclass(frozen=True)
class Player:
    """One side of an adversarial game: what it minimises, over which parameters, and how often a step."""

    module: nn.Module
    objective: Objective
    updates: int = 1


def default_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it natively (CUDA from Ampere on; CPUs with AVX512-BF16 or AMX), else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device)[0] >= 8 else torch.float32
    capable = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return torch.bfloat16 if capable.get("avx512_bf16") or capable.get("amx_bf16") else torch.float32


def named_generator(name: str, seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A random generator of its own for each purpose: the same name and seed always give the same draws."""
    digest = hashlib.sha256(f"{name}:{seed}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:7], "big"))


def initialised(build: Callable[[], nn.Module], name: str, seed: int, device: torch.device) -> nn.Module:
    """``build()`` with PyTorch's default initialisation drawn from the named generator's seed, leaving global state alone."""
    with torch.random.fork_rng():
        torch.manual_seed(named_generator(f"{name}/init", seed).initial_seed())
        return build().to(device)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one CPU thread: trainings side by side do not get in each other's way, and give one result on any number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _Trainer:
    """The optimisers of one module, their schedules, and the running mean of its weights."""

    def __init__(self, module: nn.Module, training: Training, device: torch.device):
        self.parameters: list[Tensor] = [p for p in module.parameters() if p.requires_grad]
        self.decay = training.average
        self.mean = [torch.zeros_like(p) for p in self.parameters] if self.decay else []
        hidden = [p for p in self.parameters if training.muon and p.ndim == 2 and min(p.shape) >= HIDDEN]
        rest = [p for p in self.parameters if not any(p is h for h in hidden)]
        lr = torch.tensor(training.lr, device=device)  # a tensor, so that a captured CUDA graph reads the current learning rate
        made: list[tuple[torch.optim.Optimizer, float]] = []
        if rest:
            made.append((torch.optim.Adam(rest, lr=lr, betas=training.betas, fused=True, capturable=device.type == "cuda"), training.lr))
        if hidden:
            made.append((torch.optim.Muon(hidden, lr=training.muon, weight_decay=0.0, ns_steps=NEWTON_SCHULZ), training.muon))
        self.optimizers, self.schedules = [optimizer for optimizer, _ in made], []
        if training.schedule == "onecycle":
            cycle: dict[str, Any] = {"total_steps": training.steps, "pct_start": max(0.1, 2 / training.steps), "cycle_momentum": False}
            self.schedules = [torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, **cycle) for optimizer, peak in made]
        self.stateful: list[Any] = [*self.optimizers, *self.schedules]

    def step(self, loss: Tensor) -> None:
        # only the gradients of this player's parameters are needed
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward(inputs=self.parameters)
        for optimizer in self.optimizers:
            optimizer.step()
        if self.decay:
            torch._foreach_lerp_(self.mean, self.parameters, 1 - self.decay)

    @torch.no_grad()
    def keep_mean(self, steps: int) -> None:
        """Put the running mean in the place of the weights; it began at zero, which is divided out as in Adam."""
        for p, mean in zip(self.parameters, self.mean, strict=False):
            p.copy_(mean / (1 - self.decay**steps))

    def state_dict(self) -> dict:
        return {"parts": [part.state_dict() for part in self.stateful], "mean": self.mean}

    def load_state_dict(self, state: dict) -> None:
        for part, kept in zip(self.stateful, state["parts"], strict=True):
            part.load_state_dict(kept)
        for mean, kept in zip(self.mean, state["mean"], strict=True):
            mean.copy_(kept)


def fit(
    model: nn.Module,
    objective: Objective | Sequence[Player],
    training: Training,
    generator: torch.Generator,
    *,
    name: str = "fit",
    checkpoint: Path | None = None,
    validate: Callable[[], float] | None = None,
    every: int = 100,
    dtype: torch.dtype | None = None,
    seconds: float = math.inf,
) -> History:
    """Minimise ``objective(generator, progress)["loss"]`` and return its terms, averaged over every ``every`` steps.

    The objective draws its own batch from tensors on the device with the generator that it is given; ``progress`` is a scalar tensor
    that goes from 0 to 1. No step waits for the device; on CUDA the whole step is one captured graph (not with Muon). An
    adversarial game is a sequence of players, parts of ``model`` with an optimiser each, that take turns in a step. ``validate`` returns
    a score after each interval, and the weights with the best one are kept. With ``checkpoint`` the run resumes from that file if it is
    there, and removes it when it is done; after ``seconds`` of training in all it stops early and leaves the checkpoint.

    Raises :class:`lt.LtError` when a term is not finite, naming the term, the steps and the configuration.
    """
    if validate is not None and training.average:
        raise LtError(f"{name}: a validation keeps the best weights, not their running mean: set average to 0")
    players = [Player(model, objective)] if callable(objective) else list(objective)
    device = generator.device
    dtype = dtype or fast_dtype(device)
    trainers = [_Trainer(player.module, training, device) for player in players]
    progress = torch.zeros((), device=device)
    running: dict[str, Tensor] = {}
    state: dict = {"step": 0, "history": {}, "seconds": 0.0, "best": -math.inf, "best_weights": None}
    if checkpoint is not None and checkpoint.exists():
        state = _resume(checkpoint, model, trainers, generator, name)

    def step() -> None:
        for player, trainer in zip(players, trainers, strict=True):
            for _ in range(player.updates):
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16, cache_enabled=False):
                    terms = player.objective(generator, progress)
                trainer.step(terms["loss"])
                for term, value in terms.items():
                    running.setdefault(term, torch.zeros((), device=device)).add_(value.detach() / player.updates)

    graph = None
    history: History = state["history"]
    started, saved_at = time.perf_counter() - state["seconds"], time.perf_counter()
    bar = tqdm(total=training.steps, initial=state["step"], desc=name, unit="step", disable=None, leave=False)
    model.train()
    first = state["step"]
    for i in range(first, training.steps):
        progress.fill_(i / training.steps)
        if graph is not None:
            graph.replay()
        elif device.type == "cuda" and not training.muon:
            graph = _eager_then_captured(step, generator, warm=i - first < EAGER_STEPS)
        else:
            step()
        for trainer in trainers:
            for schedule in trainer.schedules:
                schedule.step()
        if (i + 1) % every and i + 1 < training.steps:
            continue
        count = (i % every) + 1
        means = {term: value.item() / count for term, value in running.items()}
        for term, value in sorted(means.items(), key=lambda item: item[0] == "loss"):  # parts first: the sum follows them
            if not math.isfinite(value):
                where = f"{name}: the term {term} is {value} in steps {i + 2 - count} to {i + 1} of {training.steps}"
                raise LtError(f"{where} ({training}): lower lr or check the data")
        for total in running.values():
            total.zero_()
        history.setdefault("step", []).append(i + 1)
        for term, value in means.items():
            history.setdefault(term, []).append(value)
        if validate is not None:
            model.eval()
            with torch.no_grad():
                score = validate()
            model.train()
            history.setdefault("score", []).append(score)
            if score > state["best"]:
                state["best"], state["best_weights"] = score, {k: v.clone() for k, v in model.state_dict().items()}
        state["seconds"], state["step"] = time.perf_counter() - started, i + 1
        bar.update(count)
        bar.set_postfix(loss=f"{means['loss']:.4g}")
        out_of_time = state["seconds"] > seconds and i + 1 < training.steps
        if checkpoint is not None and (out_of_time or time.perf_counter() - saved_at > SAVE_SECONDS):
            _save(checkpoint, model, trainers, generator, state)
            saved_at = time.perf_counter()
        if out_of_time:
            break
    bar.close()
    if state["best_weights"] is not None:
        model.load_state_dict(state["best_weights"])
    else:
        for player, trainer in zip(players, trainers, strict=True):
            trainer.keep_mean(state["step"] * player.updates)
    model.eval()
    if checkpoint is not None and state["step"] == training.steps:
        checkpoint.unlink(missing_ok=True)
    return {**history, "seconds": [state["seconds"]]}


def _save(checkpoint: Path, model: nn.Module, trainers: list[_Trainer], generator: torch.Generator, state: dict) -> None:
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    part = checkpoint.with_suffix(f".{os.getpid()}.part")
    parts = [trainer.state_dict() for trainer in trainers]
    torch.save({"state": state, "model": model.state_dict(), "trainers": parts, "generator": generator.get_state()}, part)
    os.replace(part, checkpoint)  # no reader sees a half-written file


def _resume(checkpoint: Path, model: nn.Module, trainers: list[_Trainer], generator: torch.Generator, name: str) -> dict:
    try:
        saved = torch.load(checkpoint, map_location=generator.device, weights_only=True)
    except Exception as error:  # what a damaged file raises depends on where it is damaged
        raise LtError(f"{name}: the checkpoint {checkpoint} cannot be read: delete it to start again") from error
    model.load_state_dict(saved["model"])
    for trainer, kept in zip(trainers, saved["trainers"], strict=True):
        trainer.load_state_dict(kept)
    generator.set_state(saved["generator"].cpu())
    return saved["state"]


def _eager_then_captured(step: Callable[[], None], generator: torch.Generator, warm: bool) -> torch.cuda.CUDAGraph | None:
    """Do one step on CUDA: eagerly on a side stream while warming up, then by capturing it and replaying the graph once."""
    if warm:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            step()
        torch.cuda.current_stream().wait_stream(side)
        return None
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(generator)
    with torch.cuda.graph(graph):
        step()
    graph.replay()  # capturing records the work without doing it
    return graph
