"""The live page's models, untrained: tests of the page need no training."""

import copy
from dataclasses import replace

import torch
from torch import nn

from lt.book import live, profiles
from lt.book.pack import WIDE
from lt.book.setup import Setup
from lt.bridge import Bridge, BridgeConfig
from lt.latents import Domain, Latents
from lt.loop import Training
from lt.zoo.mel import LogMel
from lt.zoo.speech_judge import SpectrogramCNN
from lt.zoo.speech_networks import CodeGenerator
from lt.zoo.vae import VAE, Judge


def trained_a_little(model: nn.Module) -> nn.Module:
    """Weights with the variety of trained ones: layers' own, but batch and layer norms, biases and spreads are not trivial."""
    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2)
        elif value.is_floating_point() and (value.ndim == 1 or name.startswith(("shift", "scale"))):
            value += 0.2 * torch.rand_like(value)
    return model.eval()


def live_parts() -> live.Parts:
    """The page's models with their real shapes, narrow and untrained."""
    torch.manual_seed(0)
    vaes = {name: trained_a_little(VAE(width=256)) for name in ("mnist", "fashion")}
    judges = {name: trained_a_little(Judge(width=64)) for name in ("mnist", "fashion")}
    judges["speech"] = trained_a_little(SpectrogramCNN())
    config = BridgeConfig(Training(1, 8), width=64)
    bridges = {
        name: trained_a_little(Bridge(replace(config, shared=shared), ["mnist", name], [100, 100], 10))
        for name, shared in (("fashion", 8), ("speech", 16))
    }
    y = torch.arange(10).repeat_interleave(40)
    images = [(torch.rand(400, 784).mul(255).round() / 255 * (torch.rand(400, 784) > 0.7), y) for _ in range(2)]
    return live.Parts(vaes, judges, trained_a_little(CodeGenerator()), bridges, *images, (torch.randn(400, 100), y))


def live_setup(parts: live.Parts) -> Setup:
    """The same models as chapters have them."""
    base = Setup(profiles.get("quick"), torch.device("cpu"))
    base.modules = {**parts.vaes, "speech": parts.generator}
    for name, model in base.modules.items():
        encode = None if name == "speech" else model.encode
        base.domains[name] = Domain(name, encode, model.decode, parts.judges[name], 100, base.device)
    for name, (x, y) in (("mnist", parts.digits), ("fashion", parts.garments)):
        mean, std = parts.vaes[name].encode(x)
        base._made[f"held {name}"] = Latents(name, mean.detach(), std.detach(), y, base.domains[name])
    return base


def rounded(parts: live.Parts) -> live.Parts:
    """The models with their wide matrices rounded to bytes, as the files have them: what is left is half precision."""
    made = copy.deepcopy(parts)
    for module in (*made.vaes.values(), made.judges["mnist"], made.judges["fashion"], made.generator):
        for layer in module.modules():
            if isinstance(layer, nn.Linear | nn.ConvTranspose2d) and layer.weight.numel() >= WIDE:
                weight = layer.weight.detach()
                scale = weight.abs().amax(1 if isinstance(layer, nn.Linear) else (0, 2, 3), keepdim=True) / live.LEVELS
                layer.weight.data = (weight / scale).round() * scale
    return made


def wave_of(mel: torch.Tensor) -> list[float]:
    """Griffin-Lim in double precision: in single its sixty steps drift."""
    log_mel = LogMel()
    log_mel.window, log_mel.inverse = torch.hann_window(512, dtype=torch.float64), log_mel.inverse.double()
    return log_mel.waveform(_Double(mel)).flatten().tolist()


class _Double:
    """A tensor that stays in double precision."""

    def __init__(self, x: torch.Tensor):
        self.x = x.double()

    def squeeze(self, axis: int) -> "_Double":
        return _Double(self.x.squeeze(axis))

    def float(self) -> torch.Tensor:
        return self.x
