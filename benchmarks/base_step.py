"""One step of a base VAE of the paper's size, against its own products alone and against the loop that a reader would write.

``python benchmarks/base_step.py`` prints a table and writes benchmarks/base_step.json.
"""

import torch
from common import compare, products
from torch.utils.data import DataLoader, TensorDataset

from lt import losses
from lt.loop import Training, default_device, fit, named_generator
from lt.zoo.vae import VAE, VAEConfig, vae_objective

BATCH, ITEMS, STEPS, TURNS = 512, 60_000, 20, 5
CONFIG = VAEConfig(Training(STEPS, BATCH))


def main():
    device = default_device()
    images = torch.rand(ITEMS, 784, generator=named_generator("benchmark data", 0))
    vae = VAE().to(device)
    generator = named_generator("benchmark", 0, device)
    objective = vae_objective(vae, CONFIG, images.to(device))

    def ours(steps: int) -> None:
        fit(vae, objective, Training(steps, BATCH), generator)

    def plain(steps: int) -> None:
        """A DataLoader, float32, Adam without fusion, the loss read each step."""
        optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3, foreach=False, fused=False)
        batches = iter(DataLoader(TensorDataset(images), batch_size=BATCH, shuffle=True))
        for _ in range(steps):
            x = next(batches)[0].to(device)
            mean, std = vae.encode(x)
            made = vae.decode(mean + std * torch.randn_like(mean))
            loss = losses.gaussian_nll(x, made, CONFIG.sigma).mean() + losses.gaussian_kl(mean, std).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()

    alone = products(lambda: objective(generator, torch.zeros((), device=device))["loss"].backward())
    compare(__file__, "base VAE, 3 x 1024", BATCH, alone, ours, plain, STEPS, TURNS)


if __name__ == "__main__":
    main()
