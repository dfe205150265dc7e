"""Trainings computed once: a result is kept under a key of everything that it depends on, and of nothing else."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import AcquireReturnProxy, FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from lt import sources
from lt.errors import LtError
from lt.loop import History, fast_dtype, initialised, named_generator, one_thread

ASSETS = Path(__file__).parent / "assets"
stored_only: ContextVar[bool] = ContextVar("stored_only", default=False)  # whether cached() raises NotStored instead of training


class NotStored(Exception):
    """A training is not in the cache, and the caller does not want to train."""


def cache_folder() -> Path:
    """Where downloads and trained weights are kept: ``LT_CACHE`` or ``~/.cache/latent-translation``."""
    return Path(os.environ.get("LT_CACHE") or Path.home() / ".cache" / "latent-translation").expanduser()


def usable_cache() -> Path:
    """The cache folder, made if need be; raises :class:`lt.LtError` if nothing can be written there."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise LtError(f"the cache {folder} cannot be used ({error.strerror}): set LT_CACHE to a folder that can be written") from error
    return folder


def fingerprint(*arrays: Tensor | np.ndarray | str | int) -> str:
    """Twelve hex digits that change when any byte of any array does, or any text or number.

    >>> fingerprint(np.arange(3)) == fingerprint(torch.arange(3)) != fingerprint(np.arange(3), "labels")
    True
    """
    digest = hashlib.sha256()
    for array in arrays:
        plain = array.cpu().numpy() if isinstance(array, Tensor) else array
        digest.update(np.ascontiguousarray(plain).data if isinstance(plain, np.ndarray) else f"|{plain}|".encode())
    return digest.hexdigest()[:12]


@functools.cache  # once a process: sources edited during a long run must not change its keys half way
def code_version(*roots: Callable) -> dict[str, str]:
    """A hash of the code that these functions reach, ``code``, and the versions of the libraries that it uses."""
    code, packages = sources.of_functions(*roots)
    digest = hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()[:16]
    return {"code": digest} | {name: str(getattr(sys.modules[name], "__version__", "")) for name in sorted(packages | {"torch"})}


def key_of(build: Callable, train: Callable, config: Any, data_key: str, seed: int, device: torch.device) -> dict:
    """Everything that a training depends on."""
    what = {"train": f"{train.__module__}.{train.__qualname__}", "config": asdict(config), "data": data_key, "seed": seed}
    return {**what, "device": f"{device.type} {fast_dtype(device)}", **code_version(build, train)}


def cached(build: Callable, train: Callable, config: Any, data: Any, data_key: str, seed: int, device: torch.device) -> tuple[Any, History]:
    """``train(build(config, data), config, data, generator, checkpoint)`` at most once for each config, data, seed, device and code.

    ``build`` returns an untrained module, ``train`` trains it and returns its history. Initialisation and every draw come from generators
    named by the training, the data and the seed. On a CPU a training has one thread: run several side by side (:func:`lt.tools.sweeps.sweep`).
    A second process that asks for the same training waits for the first. Returns the trained module in evaluation mode and the history.
    """
    key = key_of(build, train, config, data_key, seed, device)
    name, digest, folder = f"{key['train']}:{data_key}", fingerprint(json.dumps(key, sort_keys=True)), usable_cache()
    path = folder / "models" / f"{train.__module__.rpartition('.')[2]}-{digest}.safetensors"
    path.parent.mkdir(exist_ok=True)
    if stored_only.get() and not path.exists():
        raise NotStored(path.stem)
    with _waiting_for(path):
        found = _stored(path)
        if found is None:
            with one_thread() if device.type == "cpu" else nullcontext():
                model = initialised(lambda: build(config, data), name, seed, device)
                history = train(model, config, data, named_generator(name, seed, device), folder / "checkpoints" / f"{digest}.pt")
            weights = {k: v.detach().to("cpu", copy=True).contiguous() for k, v in model.state_dict().items()}
            _write(weights, path, {"key": json.dumps(key), "history": json.dumps(history)})
            found = weights, history
    weights, history = found
    model = initialised(lambda: build(config, data), name, seed, torch.device("cpu"))  # leaves global random state alone
    model.load_state_dict(weights)
    return model.to(device).eval(), history


def _waiting_for(path: Path) -> AcquireReturnProxy:
    lock = FileLock(path.with_suffix(".lock"))
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        if sys.stderr.isatty():
            print(f"another process trains {path.stem}: waiting for it", file=sys.stderr)
        return lock.acquire()


def _stored(path: Path) -> tuple[dict[str, Tensor], History] | None:
    """Weights and history of a finished training; None if there is none that can be read."""
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["history"])  # noqa: SIM118 not a dict
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def _write(weights: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(save(weights, metadata))  # save_file would make a file that others cannot read
    os.replace(part, path)  # no reader sees a half-written file


def save_weights(model: nn.Module, path: Path, metadata: dict[str, str] | None = None, dtype: torch.dtype = torch.float16) -> str:
    """Write a model's weights as safetensors, in half precision by default; returns the file's SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().to("cpu", dtype if v.is_floating_point() else v.dtype, copy=True) for k, v in model.state_dict().items()}
    _write({k: v.contiguous() for k, v in state.items()}, path, metadata or {})
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_weights(model: nn.Module, path: Path, expected: str | None = None) -> Any:
    """Read weights written by :func:`save_weights` into ``model``.

    Raises :class:`lt.LtError` if they do not fit or cannot be read, or if the file's SHA-256 is not the ``expected`` one.
    """
    try:
        if expected and hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise LtError(f"{path} has been altered: its SHA-256 is not {expected[:12]}…; restore it (git checkout lt/assets)")
        model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()})
    except SafetensorError as error:
        raise LtError(f"{path} cannot be read: {error}; make it again") from error
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise LtError(f"{path} does not hold weights of this {type(model).__name__}: {reason}; use the sizes it was saved with") from error
    return model.eval()
