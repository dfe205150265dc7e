"""Many trainings: one function over many configurations, a process a core with one thread each, or on a cluster."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import joblib
import torch
from tqdm import tqdm

from lt import cache
from lt.bridge import Bridge, BridgeConfig, fit_bridge
from lt.latents import Latents
from lt.loop import one_thread

Config = TypeVar("Config")
Result = TypeVar("Result")


def cores() -> int:
    """CPU cores that this process may use; one where a GPU does the work."""
    if torch.cuda.is_available():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def sweep(function: Callable[[Config], Result], configs: Sequence[Config], n_jobs: int | None = None, name: str = "sweep") -> list[Result]:
    """``[function(config) for config in configs]``, in parallel, one thread a worker, with a progress bar.

    ``n_jobs`` workers, by default :func:`cores`. ``function`` is pure, of a module that workers can import, and
    keeps what it trains with :func:`lt.cache.cached`: a sweep that was killed does only what was not finished. Another backend
    of joblib changes nothing here, such as a Dask cluster::

        with joblib.parallel_config(backend="dask"):
            sweep(function, configs)
    """
    # one task at a time: tasks take seconds, and each is to be kept as soon as it is done
    pool = joblib.Parallel(n_jobs=n_jobs or cores(), return_as="generator", batch_size=1, pre_dispatch="n_jobs")
    results = pool(joblib.delayed(_on_one_thread)(function, config) for config in configs)
    return list(tqdm(results, total=len(configs), desc=name, unit="run", disable=None, leave=False))


def ahead(*calls: tuple[Any, ...], name: str = "training") -> None:
    """Do cached trainings side by side before they are needed: each call is ``(function, *arguments)``.

    Only what is not in the cache is done; nothing happens where there is one core, or one training, or a GPU: the later call does it.
    """
    missing = [call for call in calls if not _is_cached(call)]
    if len(missing) > 1 and cores() > 1:
        sweep(_call, missing, name=name)


def _is_cached(call: tuple[Any, ...]) -> bool:
    function, *arguments = call
    token = cache.stored_only.set(True)
    try:
        function(*arguments)
    except cache.NotStored:
        return False
    finally:
        cache.stored_only.reset(token)
    return True


def _call(call: tuple[Any, ...]) -> None:
    function, *arguments = call
    function(*arguments)


def _on_one_thread(function: Callable[[Config], Result], config: Config) -> Result:
    with one_thread():
        return function(config)


def fit_bridges(latents: Sequence[Latents], config: BridgeConfig | None = None, seeds: Sequence[int] = range(5)) -> list[Bridge]:
    """A bridge for each seed (:func:`lt.bridge.fit_bridge`), trained side by side where there are cores for it."""
    plain = [replace(d, domain=None) for d in latents]
    ahead(*[(fit_bridge, plain, config, seed) for seed in seeds], name="bridges " + "-".join(d.name for d in latents))
    return [fit_bridge(latents, config, seed) for seed in seeds]
