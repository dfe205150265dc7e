"""What the benchmarks share: a step's own products, and timing in turns.

Products are the matrix products and convolutions that a step calls, forward and backward, replayed alone on random numbers of the
same shapes and types: what a step would cost if all else were free.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from lt.loop import default_device, fast_dtype

aten = torch.ops.aten
PRODUCTS = {aten.mm.default, aten.addmm.default, aten.bmm.default, aten.convolution.default, aten.convolution_backward.default}


class Recorder(TorchDispatchMode):
    """Keeps every product that runs inside it, with random numbers in the place of its operands."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function in PRODUCTS:
            self.calls.append((function, tree_map_only(torch.Tensor, torch.randn_like, args), kwargs or {}))
        return function(*args, **(kwargs or {}))


def synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def products(step: Callable[[], None]) -> Callable[[], None]:
    """A function that runs the products of ``step`` alone; on CUDA it replays a captured graph, as training does."""
    with torch.autocast(default_device().type, dtype=torch.bfloat16, enabled=fast_dtype(default_device()) == torch.bfloat16):
        step()  # lazy state, such as a running mean's, is made
        with Recorder() as recorder:
            step()

    def alone() -> None:
        for function, args, kwargs in recorder.calls:
            function(*args, **kwargs)

    if not torch.cuda.is_available():
        return alone
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        alone()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        alone()

    def replay() -> None:
        graph.replay()
        _ = recorder  # the graph reads these operands: they must live as long as it does

    return replay


def seconds(run: Callable[[], None]) -> float:
    synchronise()
    started = time.perf_counter()
    run()
    synchronise()
    return time.perf_counter() - started


def compare(file: str, what: str, batch: int, alone, ours, plain, steps: int, turns: int) -> None:
    """Time one run of ``steps`` steps of each, in turns, so that ratios hold when the machine's speed drifts; write medians.

    ``alone`` does one step's products, ``ours(n)`` and ``plain(n)`` train for n steps. What it takes to begin is taken off: ours is
    timed as the difference of a long and a short run.
    """

    def many() -> None:
        for _ in range(steps):
            alone()

    for warm in (alone, lambda: ours(steps), lambda: plain(3)):
        warm()
    found = []
    for _ in range(turns):
        long, short = seconds(lambda: ours(steps + 10)), seconds(lambda: ours(10))
        found.append((seconds(many) / steps, (long - short) / steps, seconds(lambda: plain(steps)) / steps))
    device = default_device()
    key = "gpu" if device.type == "cuda" else "cpu"
    path = Path(file).with_suffix(".json")
    results = json.loads(path.read_text()) if path.exists() else {}
    results[key] = {
        "what": what,
        "device": torch.cuda.get_device_name() if key == "gpu" else f"cpu, {torch.get_num_threads()} threads",
        "precision": str(fast_dtype(device)).removeprefix("torch."),
        "torch": torch.__version__,
        "batch": batch,
        "products_ms": round(1e3 * statistics.median(t[0] for t in found), 3),
        "ours_ms": round(1e3 * statistics.median(t[1] for t in found), 3),
        "plain_ms": round(1e3 * statistics.median(t[2] for t in found), 3),
        "share_of_matmul_bound": round(statistics.median(t[0] / t[1] for t in found), 3),
        "speed_up_over_plain_loop": round(statistics.median(t[2] / t[1] for t in found), 3),
    }
    path.write_text(json.dumps(results, indent=1) + "\n")
    print("\n".join(f"{name:26} {value}" for name, value in results[key].items()))
