"""Trainings computed once: a cache keyed by configuration, data, seed, device and code."""

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import asdict
from numbers import Integral
from pathlib import Path
from typing import Any

import joblib
import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from torch import Tensor

from lt import loop, losses, networks
from lt.errors import LtError, explained
from lt.loop import History, fast_dtype, initialised, named_generator, one_thread, progress_bar, say
from lt.own.stored import code_hash, fingerprint, load_weights, read_weights, save_weights  # noqa: F401

ASSETS = Path(__file__).parent / "assets"
_look: ContextVar[bool] = ContextVar("look", default=False)  # whether cached() raises _Missing instead of training


class _Missing(Exception):
    pass


def cache_folder() -> Path:
    """Where downloads and trained weights are kept: ``LT_CACHE`` or ``~/.cache/latent-translation``."""
    with explained("you have no home folder for the cache, set LT_CACHE to a folder of your own"):
        return Path(os.environ.get("LT_CACHE") or "~/.cache/latent-translation").expanduser()


def usable_cache() -> Path:
    """The cache folder, made if need be; raises :class:`lt.LtError` if nothing can be written there."""
    folder = cache_folder()
    for part in (folder, folder / "models", folder / "checkpoints"):
        with explained(f"{part} cannot be used, set LT_CACHE to a folder of your own"):
            if not part.exists():  # who may write to the cache may write to its parts
                part.mkdir(parents=True, exist_ok=True)
                part.chmod(folder.stat().st_mode & 0o777)
            tempfile.TemporaryFile(dir=part).close()
    return folder


def cached(
    training: str, build: Callable[[], Any], train: Callable[[Any, torch.Generator, Path], History], config: Any,
    data: str, domains: Sequence[str], seed: int, device: torch.device, code: Sequence[Any]
) -> tuple[Any, History]:  # fmt: skip
    """A trained module in evaluation mode and its history; trained once per configuration, data, seed, device and code.
    ``data`` is the fingerprint of what is learned from, ``code`` the modules, functions and classes that do it. Random
    streams are named by ``training``, ``domains`` and ``seed``: other data meet the same draws. CPUs use one thread."""
    if not isinstance(seed, Integral):
        raise LtError(f"a seed of type {type(seed).__name__}: give a whole number, such as 0")
    stream, seed = f"{training}:{'-'.join(domains)}", int(seed)
    key = {"training": stream, "config": asdict(config), "data": data, "seed": seed, "torch": torch.__version__}
    key |= {"device": f"{device.type} {fast_dtype(device)}", "code": code_hash(*code, losses, networks, loop)}
    text = json.dumps(key, sort_keys=True, default=lambda value: value.tolist())  # numbers of NumPy
    name, digest = f"{training} {'-'.join(domains)}, seed {seed}", fingerprint(text)
    path = cache_folder() / "models" / f"{training.replace(' ', '-')}-{digest}.safetensors"
    found, looking = _stored(path), _look.get()
    if found is None and looking:
        raise _Missing
    model = initialised(build, stream, seed, device)
    if found is None:
        checkpoint = usable_cache() / "checkpoints" / f"{digest}.pt"
        with _turn(path.with_suffix(".lock"), name), one_thread():
            found = _stored(path)
            if found is None:
                history = train(model, named_generator(stream, seed, device), checkpoint)
                save_weights(model, path, {"key": text, "history": json.dumps(history)}, None)
                return model.eval(), history
    elif not looking:
        say(f"found in the cache: {name}")
    model.load_state_dict(found[0])
    return model.eval(), found[1]


def _turn(path: Path, name: str) -> Any:
    lock = FileLock(path, mode=0o666)  # another user may be the next
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
            return {name: file.get_tensor(name) for name in file.keys()}, history  # noqa: SIM118 not a dict
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def cores() -> int:
    """CPU cores that this process may use; one where a GPU does the work."""
    return 1 if torch.cuda.is_available() else joblib.cpu_count()


def side_by_side(*calls: tuple[Any, ...], name: str = "training") -> None:
    """Do cached trainings before they are needed, a process per core: each call is ``(function, *arguments)``.
    Only what the cache lacks, where there are two such calls and two cores; workers must be able to import them."""
    missing = [call for call in calls if copy_context().run(_missing, *call)]
    if len(missing) > 1 and cores() > 1:
        # one task at a time: each is to be kept as soon as it is done
        pool = joblib.Parallel(cores(), return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
        done = pool(joblib.delayed(_work)(os.getpid(), str(cache_folder()), *call) for call in missing)
        list(progress_bar(done, name=name, total=len(missing), unit="run"))


def _missing(function: Callable, *arguments: Any) -> bool:
    _look.set(True)
    try:
        function(*arguments)
    except _Missing:
        return True
    return False


def _work(parent: int, folder: str, function: Callable, *arguments: Any) -> None:
    def watch() -> None:  # a killed parent tells nobody
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    os.environ.update(LT_CACHE=folder, TQDM_DISABLE="1")
    function(*arguments)
