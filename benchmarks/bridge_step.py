"""One training step of a bridge as a ratio: ours against its own matrix products and a naive loop.

``python benchmarks/bridge_step.py [WIDTH]`` prints a table; with ``ATEN_CPU_CAPABILITY=avx2
ONEDNN_MAX_CPU_ISA=AVX2`` it shows a laptop without bf16. The products are replayed alone on random numbers of
the same shapes and types: what a step would cost if all else were free. The naive loop has a DataLoader per
domain, float32 and plain Adam.
"""

import statistics
import sys
import time

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.data import DataLoader, TensorDataset

from lt import losses
from lt.bridge import BridgeConfig, bridge_objective
from lt.latents import Latents
from lt.loop import Training, fast_dtype, fit, named_generator
from lt.networks import BridgingVAE

BATCH, ITEMS, STEPS, TURNS = 256, 20_000, 40, 5
aten = torch.ops.aten
PRODUCTS = {aten.mm.default, aten.addmm.default, aten.bmm.default}


class Recorder(TorchDispatchMode):
    """Keeps every matrix product that runs inside it, with random numbers in the place of its operands."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function in PRODUCTS:
            self.calls.append((function, tree_map_only(torch.Tensor, torch.randn_like, args), kwargs or {}))
        return function(*args, **(kwargs or {}))


def seconds(run) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) / STEPS


def main() -> None:
    width, cpu = int(sys.argv[1]) if sys.argv[1:] else 128, torch.device("cpu")
    torch.set_num_threads(1)
    draw = named_generator("benchmark data", 0)
    domains = [
        Latents(
            name,
            torch.randn(ITEMS, 100, generator=draw),
            torch.rand(ITEMS, 100, generator=draw),
            torch.randint(10, (ITEMS,), generator=draw),
        )
        for name in ("a", "b")
    ]
    training = Training(STEPS, BATCH, 2e-3, muon=0.02)
    config = BridgeConfig(training, width=width)
    network, generator = BridgingVAE((100, 100), width=width), named_generator("benchmark", 0)
    objective = bridge_objective(network, config, domains)
    with torch.autocast("cpu", torch.bfloat16, enabled=fast_dtype(cpu) == torch.bfloat16), Recorder() as recorder:
        objective(generator, torch.zeros(()))["loss"].backward()

    def products() -> None:
        for _ in range(STEPS):
            for function, args, kwargs in recorder.calls:
                function(*args, **kwargs)

    def naive() -> None:
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, foreach=False, fused=False)
        loaders = [iter(DataLoader(TensorDataset(d.mean, d.std, d.y), batch_size=BATCH, shuffle=True)) for d in domains]
        for _ in range(STEPS):
            shared, loss = [], torch.zeros(())
            for i, loader in enumerate(loaders):
                mean, std, y = next(loader)
                z = mean + std * torch.randn_like(mean)
                mean, std = network.encode(z, i)
                shared.append(mean + std * torch.randn_like(mean))
                loss = loss + losses.squared_error(z, network.decode(shared[-1], i))
                loss = loss + config.beta_kl * losses.gaussian_kl(mean, std).mean()
                loss = loss + config.beta_cls * losses.classification(network.classifier(shared[-1]), y)
            directions = losses.random_directions(config.projections, config.shared, generator)
            loss = loss + config.beta_swd * losses.sliced_wasserstein(*shared, directions)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def ours() -> None:
        fit(network, objective, training, generator)

    found = []
    for turn in range(TURNS + 1):  # in turns, so that ratios hold when the machine's speed drifts; the first warms up
        times = [seconds(run) for run in (products, ours, naive)]
        found += [times] if turn else []
    bound, mine, plain = (1e3 * statistics.median(column) for column in zip(*found, strict=True))
    print(f"{torch.backends.cpu.get_cpu_capability()}, {fast_dtype(cpu)}, width {width}, batch {BATCH}, one core")
    print(f"products of forward and backward alone {bound:6.1f} ms per step")
    print(f"ours, with Muon                        {mine:6.1f} ms per step, {bound / mine:.2f} of the bound")
    print(f"naive loop, Adam                       {plain:6.1f} ms per step, {mine / plain:.2f} of it is ours")


if __name__ == "__main__":
    main()
