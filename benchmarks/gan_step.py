"""One step of the speech GAN of profile laptop, against its own products alone and against a plain loop over both players.

``python benchmarks/gan_step.py`` prints a table and writes benchmarks/gan_step.json.
"""

import torch
from common import compare, products

from lt.book.profiles import get
from lt.datasets.recordings import Clips
from lt.loop import Training, default_device, fit, named_generator
from lt.zoo.speech_gan import build_gan, relativistic_game

CONFIG, STEPS, TURNS = get("laptop").gan, 10, 5


def main():
    device = default_device()
    draw = named_generator("benchmark data", 0)
    clips = Clips("speech", "train", "noise", 8_000, torch.rand(2_700, 8_192, generator=draw), torch.zeros(2_700), torch.zeros(2_700))
    gan = build_gan(CONFIG, clips).to(device)
    generator = named_generator("benchmark", 0, device)
    players = relativistic_game(gan, CONFIG, torch.randn(20_000, CONFIG.autoencoder.code, generator=draw).to(device))
    progress = torch.zeros((), device=device)

    def ours(steps: int) -> None:
        fit(gan, players, Training(steps, CONFIG.training.batch), generator)

    def plain(steps: int) -> None:
        """Gradients for every network that a loss touches, float32, Adam without fusion, losses read each step."""
        gan.train()
        optimizers = [torch.optim.Adam(p.module.parameters(), lr=2e-4, foreach=False, fused=False) for p in players]
        for _ in range(steps):
            for player, optimizer in zip(players, optimizers, strict=True):
                loss = player.objective(generator, progress)["loss"]
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                loss.item()

    def step() -> None:
        for player in players:
            player.objective(generator, progress)["loss"].backward(inputs=list(player.module.parameters()))

    compare(__file__, "GAN of codes, both players", CONFIG.training.batch, products(step), ours, plain, STEPS, TURNS)


if __name__ == "__main__":
    main()
