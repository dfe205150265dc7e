"""One training loop for every model of the book."""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from tqdm.auto import tqdm

from lt.errors import LtError

Objective = Callable[[torch.Generator, Tensor], dict[str, Tensor]]
History = dict[str, list[float]]

EAGER_STEPS = 3  # steps before a CUDA graph is captured, so that lazy state exists
SAVE_SECONDS = 20  # wall time between two checkpoints
NEWTON_SCHULZ = 3  # iterations of Muon: five cost as much as forward and backward together here, and were no better
HIDDEN = 64  # smallest side of a matrix that Muon optimises; Adam takes the rest
RANDOM = re.compile(
    "randn?|randint|randperm|multinomial|bernoulli_?|((kaiming_|trunc_)?(normal|uniform)|random)_|normal"
)


@dataclass(frozen=True)
class Training:
    """How long and how fast a model is trained."""

    steps: int  #: gradient steps
    batch: int  #: items per step and domain
    lr: float = 1e-3  #: learning rate of Adam; its peak with "onecycle"
    schedule: str = "constant"  #: or "onecycle", which rises over a tenth of the steps and falls as a cosine
    betas: tuple[float, float] = (0.9, 0.999)  #: decay of Adam's two running means
    muon: float = 0.0  #: learning rate of Muon for hidden matrices; at 0 Adam trains them as well
    average: float = 0.0  #: decay of a running mean of the weights, which is kept; at 0 the last weights are

    def __post_init__(self) -> None:
        whole = all(isinstance(number, Integral) and number >= 1 for number in (self.steps, self.batch))
        decays = (*self.betas, self.average) if isinstance(self.betas, Sequence) else (None,)
        real = all(isinstance(number, Real) for number in (*decays, self.lr, self.muon))
        sound = real and all(0 <= decay < 1 for decay in decays) and self.lr > 0 and self.muon >= 0
        if not (whole and sound and isinstance(self.schedule, str) and self.schedule in ("constant", "onecycle")):
            wanted = "whole steps and batch from 1, lr above 0, muon from 0, betas and average from 0 to below 1"
            raise LtError(f"{' '.join(str(self).split())}: give {wanted}, schedule constant or onecycle")


@dataclass(frozen=True)
class Player:
    """One side of an adversarial game: what it minimises, over which parameters, and how often per step."""

    module: nn.Module
    objective: Objective
    updates: int = 1


def default_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it natively (CUDA from Ampere on, AVX512-BF16, AMX), else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device)[0] >= 8 else torch.float32
    has: dict = getattr(torch.cpu, "get_capabilities", dict)()
    used = "AVX512" in torch.backends.cpu.get_cpu_capability()  # not with ATEN_CPU_CAPABILITY=avx2
    return torch.bfloat16 if used and (has.get("avx512_bf16") or has.get("amx_bf16")) else torch.float32


def quiet() -> bool:
    """Whether TQDM_DISABLE=1 asks for no bars and no lines."""
    return os.environ.get("TQDM_DISABLE", "0") not in ("", "0")


def progress_bar(iterable: Any = None, *, name: str, total: int, unit: str, initial: int = 0) -> tqdm:
    """A bar for a terminal or a notebook; none in a log."""
    off = quiet() or (False if hasattr(builtins, "__IPYTHON__") else None)
    return tqdm(iterable, desc=name, total=total, unit=unit, initial=initial, disable=off, leave=False)


def say(line: str) -> None:
    """Tell the user one line beside the results, on stderr."""
    if not quiet():
        print(line, file=sys.stderr, flush=True)


def named_generator(name: str, seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A random generator of its own for each purpose: the same name and seed always give the same draws."""
    digest = hashlib.sha256(f"{name}:{seed}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:7], "big"))


class _Drawing(TorchFunctionMode):
    """Inside ``with``, in this thread only, PyTorch's random functions draw from one generator."""

    def __init__(self, generator: torch.Generator):
        self.generator = generator

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("generator") is None and RANDOM.fullmatch(func.__name__):
            kwargs = {**kwargs, "generator": self.generator}
        return func(*args, **kwargs)


def initialised(build: Callable[[], nn.Module], name: str, seed: int, device: torch.device) -> nn.Module:
    """``build()`` with PyTorch's default initialisation drawn from a named generator; global generators do not move."""
    with torch.device("cpu"), _Drawing(named_generator(f"{name}/init", seed)):
        return build().to(device)


_threads: list[int] = []  # the number of threads before, per user of one_thread
_threads_lock = threading.Lock()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one CPU thread, until the last user of this leaves: one result on any number of cores."""
    with _threads_lock:
        _threads.append(torch.get_num_threads())
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _threads_lock:
            before = _threads.pop()
            torch.set_num_threads(1 if _threads else before)


class Muon(torch.optim.Optimizer):
    """Momentum whose matrices are made orthogonal by Newton-Schulz iterations (Jordan et al. 2024), in a "dtype".
    ``torch.optim.Muon`` iterates in bfloat16 everywhere, where a CPU without it spends most of its time."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in [p for p in group["params"] if p.grad is not None]:
                tall = p.shape[0] > p.shape[1]
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p)).lerp_(p.grad, 0.05)
                x = p.grad.lerp(momentum, 0.95).to(group["dtype"])  # Nesterov
                x = (x.mT if tall else x) / x.norm().clamp(min=1e-7)
                for _ in range(NEWTON_SCHULZ):
                    gram = x @ x.mT
                    x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=-4.775, alpha=2.0315), x, beta=3.4445)
                scale = max(1, p.shape[0] / p.shape[1]) ** 0.5
                p.addcmul_((x.mT if tall else x).to(p.dtype), group["lr"], value=-scale)


def pace(step: int, training: Training) -> float:
    """The learning rates of a step as a share of their peaks; "onecycle" is PyTorch's, also for a step or two."""
    rise = max(0.1 * training.steps, 2) - 1
    if training.schedule == "constant":
        return 1.0
    start, end, way = (0.04, 1, step / rise) if step <= rise else (1, 4e-6, (step - rise) / (training.steps - 1 - rise))
    return end + (start - end) / 2 * (1 + math.cos(math.pi * way))


class _Trainer:
    """The optimisers of one module, and the running mean of its weights."""

    def __init__(self, module: nn.Module, training: Training, device: torch.device, dtype: torch.dtype):
        self.parameters: list[Tensor] = [p for p in module.parameters() if p.requires_grad]
        self.decay = training.average
        self.mean = [torch.zeros_like(p) for p in self.parameters] if self.decay else []
        hidden = [p for p in self.parameters if training.muon and p.ndim == 2 and min(p.shape) >= HIDDEN]
        rest = [p for p in self.parameters if not any(p is h for h in hidden)]
        lr, muon = torch.tensor([training.lr, training.muon], device=device)  # a captured graph reads the current ones
        self.optimizers: list[torch.optim.Optimizer] = []
        if rest:
            groups, graph = [{"params": rest, "peak": training.lr}], device.type == "cuda"
            self.optimizers += [torch.optim.Adam(groups, lr, training.betas, fused=True, capturable=graph)]
        if hidden:
            self.optimizers += [Muon([{"params": hidden, "peak": training.muon}], {"lr": muon, "dtype": dtype})]

    def step(self, loss: Tensor) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward(inputs=self.parameters)  # only the gradients of this player's parameters are needed
        for optimizer in self.optimizers:
            optimizer.step()
        with torch.no_grad():
            if self.decay:
                torch._foreach_lerp_(self.mean, self.parameters, 1 - self.decay)


@torch.enable_grad()
def fit(
    model: nn.Module, objective: Objective | Sequence[Player], training: Training, generator: torch.Generator, *,
    name: str = "fit", checkpoint: Path | None = None, validate: Callable[[], float] | None = None, every: int = 100,
    dtype: torch.dtype | None = None, seconds: float = math.inf
) -> History:  # fmt: skip
    """Minimise ``objective(generator, progress)["loss"]`` and return its terms, averaged over every ``every`` steps.
    The objective draws its own batch on the device; ``progress`` is a scalar tensor from 0 to 1. No step waits for the
    device; on CUDA a step is one captured graph (not with Muon). Players are parts of ``model`` and take turns within a
    step. ``validate`` returns a score after each interval: the weights with the best one are kept. The run resumes from
    ``checkpoint`` if it is there, and removes it when done; after ``seconds`` in all it stops early and leaves it.
    Raises :class:`lt.LtError` when a term is not finite, naming the term, the steps and the configuration."""
    if validate is not None and training.average:
        raise LtError(f"{name}: a validation keeps the best weights, not their running mean: set average to 0")
    players = [Player(model, objective)] if callable(objective) else list(objective)
    device, steps = generator.device, training.steps
    dtype = dtype or fast_dtype(device)
    trainers = [_Trainer(player.module, training, device, dtype) for player in players]
    optimizers = [optimizer for trainer in trainers for optimizer in trainer.optimizers]
    parts: list[Any] = [model, *optimizers]
    progress = torch.zeros((), device=device)
    running: dict[str, Tensor] = {}
    state: dict = {"step": 0, "history": {}, "seconds": 0.0, "best": -math.inf, "best_weights": None}
    state["means"] = [trainer.mean for trainer in trainers]
    if checkpoint is not None and checkpoint.exists():
        try:
            state, kept, draws = torch.load(checkpoint, map_location=device, weights_only=True)
        except Exception as error:  # what a damaged file raises depends on where it is damaged
            raise LtError(f"{name}: the checkpoint {checkpoint} cannot be read: delete it to start again") from error
        for part, own in zip(parts, kept, strict=True):
            part.load_state_dict(own)
        for trainer, mean in zip(trainers, state["means"], strict=True):
            trainer.mean = mean
        generator.set_state(draws.cpu())
        say(f"{name}: goes on at step {state['step']} of {steps}")

    def step() -> None:
        for player, trainer in zip(players, trainers, strict=True):
            for _ in range(player.updates):
                with torch.autocast(device.type, torch.bfloat16, dtype == torch.bfloat16, cache_enabled=False):
                    terms = player.objective(generator, progress)
                trainer.step(terms["loss"])
                for term, value in terms.items():
                    running.setdefault(term, torch.zeros((), device=device)).add_(value.detach() / player.updates)

    model.train()
    graph, first = None, state["step"]
    history: History = state["history"]
    started, saved_at = time.perf_counter() - state["seconds"], time.perf_counter()
    bar = progress_bar(name=name, total=steps, unit="step", initial=first)
    for i in range(first, steps):
        progress.fill_(i / steps)
        for group in [group for optimizer in optimizers for group in optimizer.param_groups]:
            group["lr"].fill_(group["peak"] * pace(i, training))
        if graph is not None:
            graph.replay()
        elif device.type == "cuda" and not training.muon:
            graph = _eager_or_captured(step, generator, warm=i - first < EAGER_STEPS)
        else:
            step()
        if (i + 1) % every and i + 1 < steps:
            continue
        count = i + 1 - state["step"]
        means = {term: value.item() / count for term, value in running.items()}
        for term, value in sorted(means.items(), key=lambda item: item[0] == "loss"):  # parts first: the sum follows
            if not math.isfinite(value):
                where = f"{name}: the term {term} is {value} in steps {i + 2 - count} to {i + 1} of {steps}"
                raise LtError(f"{where} ({training}): lower lr or check the data")
            running[term].zero_()
        if validate is not None:
            model.eval()
            with torch.no_grad():
                means["score"] = float(validate())
            model.train()
            if means["score"] > state["best"]:
                weights = {k: v.clone() for k, v in model.state_dict().items()}
                state.update(best=means["score"], best_weights=weights)
        for term, value in {"step": i + 1, **means}.items():
            history.setdefault(term, []).append(value)
        state.update(seconds=time.perf_counter() - started, step=i + 1)
        bar.update(count)
        bar.set_postfix(loss=f"{means['loss']:.4g}")
        out_of_time = state["seconds"] > seconds and i + 1 < steps
        if checkpoint is not None and (out_of_time or time.perf_counter() - saved_at > SAVE_SECONDS):
            checkpoint.parent.mkdir(parents=True, exist_ok=True)
            beside = checkpoint.with_suffix(f".{os.getpid()}.part")
            torch.save((state, [part.state_dict() for part in parts], generator.get_state()), beside)
            os.replace(beside, checkpoint)  # no reader sees a half-written file
            saved_at = time.perf_counter()
        if out_of_time:
            break
    bar.close()
    if state["best_weights"] is not None:
        model.load_state_dict(state["best_weights"])
    for player, trainer in zip(players, trainers, strict=True):
        for p, mean in zip(trainer.parameters, trainer.mean, strict=False):  # it began at zero: divided out as in Adam
            p.data.copy_(mean / (1 - training.average ** (state["step"] * player.updates)))
    if checkpoint is not None and state["step"] == steps:
        checkpoint.unlink(missing_ok=True)
    model.eval()
    return {**history, "seconds": [state["seconds"]]}


def _eager_or_captured(step: Callable[[], None], generator: torch.Generator, warm: bool) -> torch.cuda.CUDAGraph | None:
    """One step on CUDA: eagerly on a side stream while warming up, then by capturing it and replaying it once."""
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
