"""One step of the spectrogram GAN of profile laptop, against its own products alone and against a plain loop over both players.

``python benchmarks/gan_step.py`` prints a table and writes benchmarks/gan_step.json.
"""

import torch
from common import compare, products

from lt.book.profiles import get
from lt.datasets.recordings import Clips
from lt.loop import Training, default_device, fit, named_generator
from lt.zoo.speech_gan import build_gan, projected_game
from lt.zoo.speech_judge import SpectrogramCNN, log_mels

CONFIG, STEPS, TURNS = get("laptop").gan, 10, 5


def main():
    device = default_device()
    draw = named_generator("benchmark data", 0)
    clips = Clips("speech", "train", "noise", 8_000, torch.rand(2_700, 8_192, generator=draw), torch.zeros(2_700), torch.zeros(2_700))
    features = SpectrogramCNN(60).to(device).requires_grad_(False).eval()
    gan = build_gan(CONFIG, clips, 32).to(device)
    generator = named_generator("benchmark", 0, device)
    players = projected_game(gan, CONFIG, features, log_mels(clips, device))
    progress = torch.zeros((), device=device)

    def channels_last(wanted: bool) -> None:
        for network in (gan, features):
            network.to(memory_format=torch.channels_last if wanted else torch.contiguous_format)

    def ours(steps: int) -> None:
        channels_last(True)
        fit(gan, players, Training(steps, CONFIG.training.batch), generator)

    def plain(steps: int) -> None:
        """Gradients for every network that a loss touches, float32, Adam without fusion, losses read each step."""
        channels_last(False)
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

    channels_last(True)
    compare(__file__, "GAN of spectrograms, both players", CONFIG.training.batch, products(step), ours, plain, STEPS, TURNS)


if __name__ == "__main__":
    main()
