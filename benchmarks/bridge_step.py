"""One step of a bridge of the paper's size, against its own products alone and against the loop that a reader would write.

``python benchmarks/bridge_step.py`` prints a table and writes benchmarks/bridge_step.json.
"""

import torch
from common import compare, products
from torch.utils.data import DataLoader, TensorDataset

from lt import losses
from lt.bridge import BridgeConfig, bridge_objective, network_of
from lt.latents import Latents
from lt.loop import Training, default_device, fit, named_generator

BATCH, ITEMS, STEPS, TURNS = 128, 20_000, 100, 7
CONFIG = BridgeConfig(Training(STEPS, BATCH), width=512)


def main():
    device = default_device()
    draw = named_generator("benchmark data", 0)
    domains = [
        Latents(
            name,
            torch.randn(ITEMS, 100, generator=draw).to(device),
            torch.rand(ITEMS, 100, generator=draw).to(device),
            torch.randint(10, (ITEMS,), generator=draw).to(device),
        )
        for name in ("a", "b")
    ]
    bridge = network_of(CONFIG, [d.size for d in domains], 10).to(device)
    generator = named_generator("benchmark", 0, device)
    objective = bridge_objective(bridge, CONFIG, domains)

    def ours(steps: int) -> None:
        fit(bridge, objective, Training(steps, BATCH), generator)

    def plain(steps: int) -> None:
        """A DataLoader a domain, each domain on its own, float32, Adam without fusion, the loss read each step."""
        optimizer = torch.optim.Adam(bridge.parameters(), lr=1e-3, foreach=False, fused=False)
        loaders = [DataLoader(TensorDataset(d.mean.cpu(), d.std.cpu(), d.y.cpu()), batch_size=BATCH, shuffle=True) for d in domains]
        iterators = [iter(loader) for loader in loaders]
        for _ in range(steps):
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

    alone = products(lambda: objective(generator, torch.zeros((), device=device))["loss"].backward())
    compare(__file__, "bridge, 4 x 512", BATCH, alone, ours, plain, STEPS, TURNS)


if __name__ == "__main__":
    main()
