"""The live page's models, untrained: tests of the page need no training."""

from dataclasses import replace

import torch
from torch import nn

from lt.book import live
from lt.bridge import Bridge, BridgeConfig
from lt.loop import Training
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
