"""Generators and critics of spoken digits: networks only."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt.errors import LtError
from lt.zoo.mel import LogMel


class SpectrogramEncoder(nn.Module):
    """Log-mel spectrograms (n, 1, 64, 64) to mean and standard deviation of a code, two of (n, code). It is needed in training alone."""

    def __init__(self, code: int = 100, width: int = 32):
        super().__init__()
        channels = [1, width, 2 * width, 4 * width, 8 * width]
        self.body = nn.Sequential(
            *[
                nn.Sequential(nn.Conv2d(a, b, 4, stride=2, padding=1), nn.BatchNorm2d(b), nn.LeakyReLU(0.1))
                for a, b in itertools.pairwise(channels)
            ]
        )
        self.posterior = nn.Linear(8 * width * 16, 2 * code)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = self.posterior(self.body(mel).flatten(1)).float().chunk(2, dim=-1)
        return mean, F.softplus(raw) + 1e-4


class SpectrogramDecoder(nn.Module):
    """Codes (n, code) to log-mel spectrograms (n, 1, 64, 64) in [-1, 1], in the shape of the generator of SpecGAN (Donahue et al. 2019)."""

    def __init__(self, code: int = 100, width: int = 32):
        super().__init__()
        self.start = nn.Linear(code, 8 * width * 16)
        layers: list[nn.Module] = []
        for channels in (8 * width, 4 * width, 2 * width):
            layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1)]
        layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1), nn.Tanh()]
        self.body = nn.Sequential(*layers)

    def forward(self, code: Tensor) -> Tensor:
        x = self.start(code)
        return self.body(x.view(len(code), -1, 4, 4)).float()


class CodeGenerator(nn.Module):
    """z (n, latent) to log-mel spectrograms (n, 1, 64, 64): a small network makes a code, and the decoder of an autoencoder makes a spectrogram of it."""

    def __init__(self, latent: int = 100, code: int = 100, width: int = 512, depth: int = 3, rate: int = 8_000):
        super().__init__()
        self.latent = latent
        self.to_code = code_mlp(latent, code, width, depth, normalised=True)
        self.register_buffer("spread", torch.ones(code))  # standard deviation of each dimension of the codes of recordings
        self.decoder = SpectrogramDecoder(code)
        self.mel = LogMel(rate)

    def forward(self, z: Tensor) -> Tensor:
        return self.decoder(self.to_code(z) * self.spread)

    decode = forward  # what a domain calls

    def waveform(self, z: Tensor) -> Tensor:
        """Sound, (n, samples), by Griffin-Lim from the spectrogram."""
        return self.mel.waveform(self(z))


def code_mlp(size: int, out: int, width: int, depth: int, normalised: bool) -> nn.Sequential:
    """``depth`` layers of ``width`` units between (n, size) and (n, out): the generator of codes, normalised, or their critic, which is not."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(size, width), *([nn.LayerNorm(width)] if normalised else []), nn.LeakyReLU(0.2)]
        size = width
    return nn.Sequential(*layers, nn.Linear(size, out))


class WaveGANGenerator(nn.Module):
    """z (n, latent) to waveforms (n, samples) in [-1, 1]: transposed convolutions of 25 taps and stride 4 (Donahue et al. 2019, table 3)."""

    def __init__(self, latent: int = 100, width: int = 64, samples: int = 8_192, rate: int = 8_000):
        super().__init__()
        self.latent, self.layers = latent, 5
        self.length = samples // 4**self.layers
        if self.length * 4**self.layers != samples or self.length < 1:
            raise LtError(f"a WaveGAN of stride 4 cannot make {samples} samples: choose a multiple of {4**self.layers}")
        channels = [16 * width, 8 * width, 4 * width, 2 * width, width, 1]
        self.start = nn.Linear(latent, self.length * channels[0])
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(a, b, 25, stride=4, padding=11, output_padding=1) for a, b in itertools.pairwise(channels)
        )
        self.mel = LogMel(rate)

    def forward(self, z: Tensor) -> Tensor:
        x = self.start(z).view(len(z), -1, self.length)
        for layer in self.up:
            x = layer(F.relu(x))
        return torch.tanh(x.float()).squeeze(1)

    waveform = forward

    def decode(self, z: Tensor) -> Tensor:
        """Log-mel spectrograms of the waveforms, (n, 1, 64, 64), each with a peak of 1 like the data."""
        wave = self(z)
        return self.mel(wave / wave.abs().amax(-1, keepdim=True).clamp(min=1e-8))


class WaveGANDiscriminator(nn.Module):
    """Waveforms (n, samples) to critic values (n,): the generator's mirror image with phase shuffle (Donahue et al. 2019, table 4)."""

    def __init__(self, width: int = 64, samples: int = 8_192, shuffle: int = 2):
        super().__init__()
        self.shuffle = shuffle
        channels = [1, width, 2 * width, 4 * width, 8 * width, 16 * width]
        self.down = nn.ModuleList(nn.Conv1d(a, b, 25, stride=4, padding=11) for a, b in itertools.pairwise(channels))
        self.read = nn.Linear(channels[-1] * (samples // 4**5), 1)

    def forward(self, wave: Tensor, generator: torch.Generator) -> Tensor:
        x = wave.unsqueeze(1)
        for i, layer in enumerate(self.down):
            x = F.leaky_relu(layer(x), 0.2)
            if i < len(self.down) - 1:
                x = phase_shuffle(x, self.shuffle, generator)
        return self.read(x.flatten(1)).squeeze(1)


def phase_shuffle(x: Tensor, radius: int, generator: torch.Generator) -> Tensor:
    """Each item of (n, channels, time) shifted by its own -radius .. radius samples, filled by reflection (Donahue et al. 2019, 3.3)."""
    if not radius:
        return x
    shift = torch.randint(-radius, radius + 1, (len(x), 1), generator=generator, device=x.device)
    last = x.shape[-1] - 1
    index = (torch.arange(last + 1, device=x.device) - shift).abs()  # (n, time), reflected at the start
    index = last - (last - index).abs()  # and at the end
    return x.gather(-1, index.unsqueeze(1).expand_as(x))


class GAN(nn.Module):
    """A generator and its critic."""

    def __init__(self, generator: nn.Module, critic: nn.Module):
        super().__init__()
        self.generator, self.critic = generator, critic
