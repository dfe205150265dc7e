"""The models behind the page "Draw a digit", untrained: its tests need no training."""

import sys
from pathlib import Path
from unittest import mock

import torch
from torch import nn

from lt.book import Run, profiles
from lt.bridge import Bridge, BridgeConfig, network_of
from lt.data import Items
from lt.latents import Latents
from lt.loop import Training
from lt.models.images import VAE, Judge
from lt.models.speech import CodeGenerator, LogMel, SpectrogramCNN

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "live"))

import measure as measure
import pack as pack

pack.words = lambda run: run.between["words"]


def trained_a_little(model: nn.Module) -> nn.Module:
    """Weights with the variety of trained ones: norms, biases, spreads, centres and scales are not trivial."""
    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2)
        elif value.is_floating_point() and (value.ndim == 1 or name.startswith(("shift", "scale"))):
            value += 0.2 * torch.rand_like(value)
    return model.eval()


class Toy(Run):
    """A run whose models have their real shapes, narrow and untrained, and whose items are noise."""

    def __init__(self) -> None:
        super().__init__("live", profiles.get("quick"))
        torch.manual_seed(0)
        self.models = {name: trained_a_little(VAE(width=256)) for name in ("mnist", "fashion")}
        self.judges = {name: trained_a_little(Judge(width=64)) for name in ("mnist", "fashion")}
        self.models["speech"], self.judges["speech"] = map(trained_a_little, (CodeGenerator(), SpectrogramCNN()))
        self.between, y = {}, torch.arange(10).repeat_interleave(40)
        for names, shared in ((["mnist", "fashion"], 8), (["mnist", "speech"], 16), (["words", "fashion"], 8)):
            config, sizes = (
                BridgeConfig(Training(1, 8), width=64, shared=shared),
                [256 if names[0] == "words" else 100, 100],
            )
            made = Bridge(config, names, [network_of(config, sizes, 10)], range(10))
            self.between[names[names[0] == "mnist"]] = trained_a_little(made)
        noise = [torch.rand(400, 784).mul(255).round() / 255 * (torch.rand(400, 784) > 0.7) for _ in range(2)]
        self.items = {name: Items(name, "test", "embedded", x, y) for name, x in zip(self.judges, noise, strict=False)}
        self.items["speech"] = Items("speech", "test", "embedded", torch.randn(400, 100), y)  # latents of clips
        self.images = lambda corpus, split="test": self.items[corpus]
        self.vae = lambda name, set=0: self.models[name]
        self.judge = lambda name: self.judges[name]
        self.bridge = lambda source, target, *_: self.between[target]

    def held(self, name, set=0):
        x, y = self.items[name].x, self.items[name].y
        return Latents(name, x, None, y) if name == "speech" else self.domain(name).latents(x, y)


def rounded() -> Toy:
    """A toy run with wide matrices rounded to bytes, as the page's files have them: the rest is float16 there."""
    made = Toy()
    for module in (*made.models.values(), made.judges["mnist"], made.judges["fashion"]):
        for layer in module.modules():
            if isinstance(layer, nn.Linear | nn.ConvTranspose2d) and layer.weight.numel() >= pack.WIDE:
                weight = layer.weight.detach()
                scale = weight.abs().amax(int(isinstance(layer, nn.Linear)), keepdim=True) / pack.LEVELS
                layer.weight.data = (weight / scale).round() * scale
    return made


def wave_of(mel: torch.Tensor) -> list[float]:
    """Griffin-Lim in double precision: in single its sixty steps drift."""
    log_mel = LogMel()
    log_mel.window, log_mel.inverse = torch.hann_window(512, dtype=torch.float64), log_mel.inverse.double()
    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
        return log_mel.waveform(mel).flatten().tolist()
