"""Trainings computed once: a cache keyed by configuration, data, seed, device and code."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import inspect
import json
import linecache
import operator
import os
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, load_file, save
from torch import Tensor, nn

from lt import loop, losses, networks
from lt.errors import LtError
from lt.loop import History, fast_dtype, initialised, named_generator, one_thread, progress_bar, say

ASSETS = Path(__file__).parent / "assets"
_look: ContextVar[bool] = ContextVar("look", default=False)  # whether cached() raises _Missing instead of training


class _Missing(Exception):
    """A training is not in the cache, and the caller only looks."""


@contextlib.contextmanager
def _allowed(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LtError(f"{path} cannot be used ({error.strerror}): set LT_CACHE to a folder of your own") from error


def cache_folder() -> Path:
    """Where downloads and trained weights are kept: ``LT_CACHE`` or ``~/.cache/latent-translation``."""
    try:
        return Path(os.environ.get("LT_CACHE") or "~/.cache/latent-translation").expanduser()
    except RuntimeError as error:
        raise LtError("you have no home folder for the cache: set LT_CACHE to a folder of your own") from error


def usable_cache() -> Path:
    """The cache folder, made if need be; raises :class:`lt.LtError` if nothing can be written there."""
    folder = cache_folder()
    for part in (folder, folder / "models", folder / "checkpoints"):
        with _allowed(part):
            if not part.exists():  # who may write to the cache may write to its parts
                part.mkdir(parents=True, exist_ok=True)
                part.chmod(folder.stat().st_mode & 0o777)
            tempfile.TemporaryFile(dir=part).close()
    return folder


def fingerprint(*arrays: Tensor | np.ndarray | str | int | None) -> str:
    """Twelve hex digits that change with any byte, type or shape of any array, and with any text or number.

    >>> fingerprint(np.arange(3)) == fingerprint(torch.arange(3)) != fingerprint(np.arange(3), "labels")
    True
    """
    digest = hashlib.sha256()
    for array in arrays:
        if not isinstance(array, Tensor | np.ndarray):
            digest.update(f"|{array}|".encode())
            continue
        digest.update(f"|{str(array.dtype).removeprefix('torch.')} {tuple(array.shape)}|".encode())
        if isinstance(array, Tensor):
            array = array.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]


@functools.cache  # once per process: files edited during a long run must not change its keys half way
def _code(part: Any) -> str:
    """What a module, function or class says, without comments and docstrings."""
    try:
        tree: ast.AST = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(part))))
    except (OSError, TypeError, SyntaxError) as error:  # before Python 3.13, a class of a notebook: its cell
        files = {f.__code__.co_filename for f in vars(part).values() if inspect.isfunction(f)}
        nodes = [node for file in files for node in ast.walk(ast.parse("".join(linecache.getlines(file))))]
        found = [node for node in nodes if isinstance(node, ast.ClassDef) and node.name == part.__name__]
        if not found:
            raise LtError(f"the code of {part!r} cannot be read: write def or class in a file or a cell") from error
        tree = found[-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def code_hash(*parts: Any) -> str:
    """Sixteen hex digits of the code of modules, functions and classes."""
    return hashlib.sha256("\n".join(map(_code, parts)).encode()).hexdigest()[:16]


def cached(
    training: str,
    build: Callable[[], Any],
    train: Callable[[Any, torch.Generator, Path], History],
    config: Any,
    data: str,
    domains: Sequence[str],
    seed: int,
    device: torch.device,
    code: Sequence[Any],
) -> tuple[Any, History]:
    """A trained module in evaluation mode and its history; trained once per configuration, data, seed, device and code.

    ``build()`` makes the untrained module, ``train(module, generator, checkpoint)`` its history. ``data`` is the
    fingerprint of what is learned from, ``code`` the modules, functions and classes that do it. Random streams are
    named by ``training``, ``domains`` and ``seed``: other data, or another CPU, meet the same draws. On a CPU a
    training has one thread. A second process that asks for the same training waits for the first.
    """
    stream, seed = f"{training}:{'-'.join(domains)}", operator.index(seed)
    key = {"training": stream, "config": asdict(config), "data": data, "seed": seed, "torch": torch.__version__}
    key |= {"device": f"{device.type} {fast_dtype(device)}", "code": code_hash(*code, losses, networks, loop)}
    text = json.dumps(key, sort_keys=True, default=lambda value: value.tolist())  # numbers of NumPy
    name, digest = f"{training} {'-'.join(domains)}, seed {seed}", fingerprint(text)
    path = cache_folder() / "models" / f"{training.replace(' ', '-')}-{digest}.safetensors"
    found = _stored(path)
    if found is None and _look.get():
        raise _Missing(path.stem)
    model = initialised(build, stream, seed, device)
    if found is None:
        checkpoint = usable_cache() / "checkpoints" / f"{digest}.pt"
        with _waiting_for(path.with_suffix(".lock"), name):
            found = _stored(path)
            if found is None:
                with one_thread() if device.type == "cpu" else contextlib.nullcontext():
                    history = train(model, named_generator(stream, seed, device), checkpoint)
                with _allowed(path):
                    save_weights(model, path, {"key": text, "history": json.dumps(history)}, None)
                return model.eval(), history
    elif not _look.get():
        say(f"found in the cache: {name}")
    model.load_state_dict(found[0])
    return model.eval(), found[1]


def _waiting_for(path: Path, name: str) -> Any:
    lock = FileLock(path, mode=0o666)  # another user may be the next
    with _allowed(path):
        try:
            return lock.acquire(timeout=0)
        except Timeout:
            say(f"another process trains {name}: waiting for it")
            return lock.acquire()


def _stored(path: Path) -> tuple[dict[str, Tensor], History] | None:
    """Weights and history of a finished training; None if there is none that is whole."""
    if path.exists() and not os.access(path, os.R_OK):
        raise LtError(f"{path} cannot be read: ask its owner, or set LT_CACHE to a folder of your own")
    try:
        with safe_open(path, "pt") as file:
            history = json.loads(file.metadata()["history"])
        return load_file(path), history
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def save_weights(
    model: nn.Module, path: Path, metadata: dict[str, str] | None = None, dtype: torch.dtype | None = torch.float16
) -> str:
    """Write a model's weights as safetensors, in half precision or another (None: as they are); returns the SHA-256."""
    state = {k: v.detach().to("cpu", dtype if v.is_floating_point() else None) for k, v in model.state_dict().items()}
    raw = save({k: v.clone(memory_format=torch.contiguous_format) for k, v in state.items()}, metadata or {})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    part.write_bytes(raw)  # save_file would make a file that others cannot read
    os.replace(part, path)  # no reader sees a half-written file
    return hashlib.sha256(raw).hexdigest()


def load_weights(model: nn.Module, path: Path, expected: str | None = None) -> Any:
    """Read weights written by :func:`save_weights` into ``model``, which is returned in evaluation mode.

    Raises :class:`lt.LtError` if they cannot be read or do not fit, or if the SHA-256 is not the ``expected`` one.
    """
    try:
        raw = path.read_bytes()
        if expected and hashlib.sha256(raw).hexdigest() != expected:
            raise LtError(f"{path} has been altered: its SHA-256 is not {expected[:12]}…; restore it (git checkout lt)")
        model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load(raw).items()})
    except (OSError, SafetensorError) as error:
        raise LtError(f"{path} cannot be read: {error}; make it again") from error
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise LtError(f"{path} does not hold weights of this {type(model).__name__}: {reason}") from error
    return model.eval()


def cores() -> int:
    """CPU cores that this process may use; one where a GPU does the work."""
    if torch.cuda.is_available():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(*calls: tuple[Any, ...], name: str = "training") -> None:
    """Do cached trainings before they are needed, a process per core: each call is ``(function, *arguments)``.

    Only what is not in the cache is done, and only where there are two such calls and two cores. Functions are pure,
    and of a module that workers can import.
    """
    missing = [call for call in calls if copy_context().run(_missing, call)]
    if len(missing) > 1 and cores() > 1:
        # one task at a time: each is to be kept as soon as it is done
        pool = joblib.Parallel(cores(), return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
        done = pool(joblib.delayed(_work)(call, os.getpid(), str(cache_folder())) for call in missing)
        list(progress_bar(done, name=name, total=len(missing), unit="run"))


def _missing(call: tuple[Any, ...]) -> bool:
    _look.set(True)
    try:
        call[0](*call[1:])
    except _Missing:
        return True
    return False


def _work(call: tuple[Any, ...], parent: int, folder: str) -> None:
    def watch() -> None:  # a killed parent tells nobody
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    os.environ.update(LT_CACHE=folder, TQDM_DISABLE="1")
    call[0](*call[1:])
