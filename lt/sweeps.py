"""Many small trainings: one function over many configurations, on all the cores there are or on a cluster."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import joblib
import torch
from tqdm import tqdm

Config = TypeVar("Config")
Result = TypeVar("Result")


def sweep(function: Callable[[Config], Result], configs: Sequence[Config], n_jobs: int | None = None, name: str = "sweep") -> list[Result]:
    """``[function(config) for config in configs]``, in parallel, one thread a worker, with a progress bar.

    ``n_jobs`` workers; by default a core each, or one where the work is done by a GPU. ``function`` is pure, of a module that workers can import, and
    keeps what it trains with :func:`lt.train.cached`: a sweep that was killed does only what was not finished. Another backend
    of joblib changes nothing here, such as a Dask cluster::

        with joblib.parallel_config(backend="dask"):
            sweep(function, configs)
    """
    if n_jobs is None:
        n_jobs = 1 if torch.cuda.is_available() else len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    # one task at a time: tasks take seconds, and each is to be kept as soon as it is done
    pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator", batch_size=1, pre_dispatch="n_jobs")
    results = pool(joblib.delayed(_on_one_thread)(function, config) for config in configs)
    return list(tqdm(results, total=len(configs), desc=name, unit="run", disable=None, leave=False))


def _on_one_thread(function: Callable[[Config], Result], config: Config) -> Result:
    """Workers share the cores: threads of each would only get in the way. One thread also gives one result everywhere."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return function(config)
    finally:
        torch.set_num_threads(threads)
