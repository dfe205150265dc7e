"""Generators and critics of spoken digits: networks only."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from lt.errors import LtError
from lt.zoo.mel import LogMel


class SpecGANGenerator(nn.Module):
    """z (n, latent) to log-mel spectrograms (n, 1, 64, 64) in [-1, 1], DCGAN-shaped (SpecGAN, Donahue et al. 2019)."""

    def __init__(self, latent: int = 100, width: int = 32, rate: int = 8_000):
        super().__init__()
        self.latent = latent
        self.start = nn.Linear(latent, 8 * width * 16)
        layers: list[nn.Module] = []
        for channels in (8 * width, 4 * width, 2 * width):
            layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1)]
        layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1), nn.Tanh()]
        self.body = nn.Sequential(*layers)
        self.mel = LogMel(rate)

    def forward(self, z: Tensor) -> Tensor:
        x = self.start(z)
        return self.body(x.view(len(z), -1, 4, 4)).float()

    decode = forward  # what a domain calls

    def waveform(self, z: Tensor) -> Tensor:
        """Sound, (n, samples), by Griffin-Lim from the spectrogram."""
        return self.mel.waveform(self(z))


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


class ProjectedCritic(nn.Module):
    """Small spectrally normalised heads on frozen feature maps, and one on the spectrogram itself (Sauer et al. 2021).

    ``forward`` gets the maps of :class:`lt.zoo.speech_judge.SpectrogramCNN` and the spectrogram, and returns one map of critic values a head.
    """

    def __init__(self, width: int):
        super().__init__()

        def conv(a, b, kernel, stride=1):
            return spectral_norm(nn.Conv2d(a, b, kernel, stride, padding=(kernel - 1) // 2))

        self.heads = nn.ModuleList(
            nn.Sequential(conv(c, 32, 1), nn.LeakyReLU(0.2), conv(32, 32, 3, 2), nn.LeakyReLU(0.2), conv(32, 1, 3))
            for c in (width, 2 * width, 4 * width)
        )
        raw: list[nn.Module] = []
        for a, b in ((1, 32), (32, 64), (64, 128)):
            raw += [conv(a, b, 4, 2), nn.LeakyReLU(0.2)]
        self.raw = nn.Sequential(*raw, conv(128, 1, 3))

    def forward(self, maps: Sequence[Tensor], x: Tensor) -> list[Tensor]:
        return [head(m) for head, m in zip(self.heads, maps, strict=False)] + [self.raw(x)]


class GAN(nn.Module):
    """A generator, its critic, and the running mean of the generator's weights."""

    def __init__(self, generator: nn.Module, critic: nn.Module, average: nn.Module):
        super().__init__()
        self.generator, self.critic, self.average = generator, critic, average.requires_grad_(False)
        self.average.load_state_dict(generator.state_dict())
        self.register_buffer("updates", torch.zeros(()))

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Move the running mean towards the generator; early on it forgets faster."""
        self.updates += 1
        weight = torch.clamp(10 / (10 + self.updates), min=1 - decay)
        for kept, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            kept.lerp_(new, weight)
        for kept, new in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            kept.copy_(new)
