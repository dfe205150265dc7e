"""One bridge step at batch 128 against its own matrix products alone, and against the plain loop a reader would write.

``python benchmarks/bridge_step.py`` prints a table and writes benchmarks/bridge_step.json. All three are timed in turns in one
run, so their ratios hold when the machine's speed drifts; the median of the turns counts.
"""

import json
import statistics
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset

from lt import losses
from lt.domains import Latents
from lt.models import BridgingVAE
from lt.train import BridgeConfig, Optim, bridge_objective, default_device, fast_dtype, fit, named_generator

BATCH, ITEMS, STEPS, TURNS = 128, 20_000, 100, 7
CONFIG = BridgeConfig(Optim(STEPS, BATCH))


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def matmul_shapes(config: BridgeConfig) -> list[tuple[int, int, int]]:
    """Every product of a step as (rows, inner, columns): forward, gradient of the weights, gradient of the inputs."""
    rows, label, width = 2 * config.optim.batch, 2, config.width
    layers = []
    for inputs, outputs in ((config.latent + label, (2 * config.shared, 2 * config.shared)), (config.shared + label, (2 * config.latent,))):
        layers += (
            [(inputs, width)] + [(width, width)] * (config.depth - 1) + [(width, o) for o in outputs] + [(inputs, o // 2) for o in outputs]
        )
    layers.append((config.shared, config.classes))
    shapes = []
    for i, (fan_in, fan_out) in enumerate(layers):
        shapes += [(rows, fan_in, fan_out), (fan_in, rows, fan_out)]
        if i:  # the first layer's input needs no gradient
            shapes.append((rows, fan_out, fan_in))
    return shapes


def time_products(device, dtype) -> float:
    """Seconds a step of the matrix products alone."""
    pairs = [
        (torch.randn(m, k, device=device, dtype=dtype), torch.randn(k, n, device=device, dtype=dtype)) for m, k, n in matmul_shapes(CONFIG)
    ]
    for a, b in pairs:
        a @ b
    synchronise(device)
    started = time.perf_counter()
    for _ in range(STEPS):
        for a, b in pairs:
            a @ b
    synchronise(device)
    return (time.perf_counter() - started) / STEPS


def time_ours(domains, device) -> float:
    """Seconds a step of :func:`lt.train.fit`."""
    bridge = BridgingVAE().to(device)
    generator = named_generator("benchmark", 0, device)
    objective = bridge_objective(bridge, CONFIG, domains)
    fit(bridge, objective, Optim(10, BATCH), generator)  # allocate, and capture once
    synchronise(device)
    started = time.perf_counter()
    fit(bridge, objective, CONFIG.optim, generator)
    synchronise(device)
    return (time.perf_counter() - started) / STEPS


def time_plain(domains, device) -> float:
    """Seconds a step of the plain loop: a DataLoader a domain, each domain on its own, float32, Adam without fusion, losses read each step."""
    bridge = BridgingVAE().to(device)
    optimizer = torch.optim.Adam(bridge.parameters(), lr=1e-3, foreach=False, fused=False)
    loaders = [DataLoader(TensorDataset(d.mean.cpu(), d.std.cpu(), d.y.cpu()), batch_size=BATCH, shuffle=True) for d in domains]
    iterators = [iter(loader) for loader in loaders]
    started = time.perf_counter()
    for _ in range(STEPS):
        shared, loss = [], 0
        for i, iterator in enumerate(iterators):
            mean, std, y = (t.to(device) for t in next(iterator))
            z = mean + std * torch.randn_like(mean)
            mean, std = bridge.encode(z, i)
            z_shared = mean + std * torch.randn_like(mean)
            shared.append(z_shared)
            loss = loss + losses.squared_error(z, bridge.decode(z_shared, i)) + CONFIG.beta_kl * losses.gaussian_kl(mean, std).mean()
            loss = loss + CONFIG.beta_cls * losses.classification(bridge.classifier(z_shared), y)
        directions = torch.nn.functional.normalize(torch.randn(CONFIG.projections, CONFIG.shared, device=device), dim=-1)
        loss = loss + CONFIG.beta_swd * losses.sliced_wasserstein(*shared, directions)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
    return (time.perf_counter() - started) / STEPS


def main():
    device = default_device()
    dtype = fast_dtype(device)
    generator = named_generator("benchmark data", 0)
    domains = [
        Latents(
            name,
            torch.randn(ITEMS, 100, generator=generator).to(device),
            torch.rand(ITEMS, 100, generator=generator).to(device),
            torch.randint(10, (ITEMS,), generator=generator).to(device),
        )
        for name in ("a", "b")
    ]
    turns = [(time_products(device, dtype), time_ours(domains, device), time_plain(domains, device)) for _ in range(TURNS)]
    result = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads",
        "precision": str(dtype),
        "torch": torch.__version__,
        "batch": BATCH,
        "shapes": matmul_shapes(CONFIG),
        "products_ms": round(1e3 * statistics.median(t[0] for t in turns), 2),
        "ours_ms": round(1e3 * statistics.median(t[1] for t in turns), 2),
        "plain_ms": round(1e3 * statistics.median(t[2] for t in turns), 2),
        "share_of_matmul_bound": round(statistics.median(t[0] / t[1] for t in turns), 3),
        "speed_up_over_plain_loop": round(statistics.median(t[2] / t[1] for t in turns), 3),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result) + "\n")
    print("\n".join(f"{key:26} {value}" for key, value in result.items() if key != "shapes"))


if __name__ == "__main__":
    main()
