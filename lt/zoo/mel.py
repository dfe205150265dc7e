"""Log-mel spectrograms and the way back to sound, and a recogniser that has no weights."""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torchaudio import functional as F


class LogMel(nn.Module):
    """Log-mel spectrograms of clips of 1.024 s and their approximate inverse.

    64 ms windows, 16 ms apart, 64 mel bands: (n, samples) to (n, 1, 64 bands, 64 frames), magnitudes from ``FLOOR`` up
    (60 dB) mapped linearly in their logarithm to [-1, 1].
    """

    BANDS, FRAMES, FLOOR, CEILING = 64, 64, 0.04, 40.0

    def __init__(self, rate: int = 8_000, iterations: int = 60):
        super().__init__()
        self.size, self.hop, self.iterations = rate * 64 // 1000, rate * 16 // 1000, iterations
        filters = F.melscale_fbanks(self.size // 2 + 1, 0.0, rate / 2, self.BANDS, rate)  # (bins, bands)
        # not persistent: they are made from the rate, and weights are stored in half precision
        self.register_buffer("window", torch.hann_window(self.size), persistent=False)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("inverse", torch.linalg.pinv(filters), persistent=False)  # (bands, bins)

    def forward(self, wave: Tensor) -> Tensor:
        magnitude = F.spectrogram(wave.float(), 0, self.window, self.size, self.hop, self.size, power=1, normalized=False)
        mel = (magnitude[..., : self.FRAMES].transpose(-1, -2) @ self.filters).transpose(-1, -2)  # a centred transform has a frame too many
        low, high = math.log(self.FLOOR), math.log(self.CEILING)
        return (2 * (mel.clamp(self.FLOOR, self.CEILING).log() - low) / (high - low) - 1).unsqueeze(1)

    @torch.no_grad()
    def waveform(self, mel: Tensor) -> Tensor:
        """Sound with about this spectrogram, by the pseudo-inverse of the mel filters and Griffin-Lim: (n, 1, 64, 64) to (n, samples)."""
        low, high = math.log(self.FLOOR), math.log(self.CEILING)
        magnitude = ((mel.squeeze(1).float() + 1) / 2 * (high - low) + low).exp()
        magnitude = (magnitude - self.FLOOR).clamp(min=0)  # values at the floor become silence
        linear = (magnitude.transpose(1, 2) @ self.inverse).clamp(min=0).transpose(1, 2)
        samples = self.FRAMES * self.hop
        wave = F.griffinlim(
            nn.functional.pad(linear, (0, 1)),  # the frame that forward() cut off
            self.window,
            self.size,
            self.hop,
            self.size,
            power=1,
            n_iter=self.iterations,
            momentum=0.99,
            length=samples,
            rand_init=False,  # zero phases to begin with: no random number
        )
        return wave / wave.abs().amax(-1, keepdim=True).clamp(min=1e-8)


def mfcc(mel: Tensor) -> list[np.ndarray]:
    """Cepstral coefficients 1 to 12 of log-mel spectrograms (n, 1, 64, 64), a frame a row, from the first to the last frame with sound."""
    coefficients = mel.squeeze(1).transpose(1, 2) @ F.create_dct(13, mel.shape[-2], "ortho").to(mel)  # (n, frames, 13)
    sequences = []
    for item, loud in zip(coefficients[..., 1:].double().cpu().numpy(), (mel.squeeze(1).amax(1) > -0.5).cpu().numpy(), strict=True):
        frames = np.flatnonzero(loud)
        sequences.append(np.ascontiguousarray(item[frames[0] : frames[-1] + 1] if len(frames) else item[:1]))
    return sequences


def nearest_by_dtw(templates: Tensor, labels: Tensor, mel: Tensor) -> Tensor:
    """Classes of spectrograms mel (n, 1, 64, 64): that of the template with the nearest MFCC sequence by dynamic time warping.

    It shares no weights, no training and no features with the judge (Sakoe & Chiba 1978).
    """
    from dtaidistance import dtw_ndim

    known, asked = mfcc(templates), mfcc(mel)
    distances = dtw_ndim.distance_matrix_fast(asked + known, block=((0, len(asked)), (len(asked), len(asked) + len(known))))
    nearest = distances[: len(asked), len(asked) :].argmin(1)
    return labels.cpu()[torch.from_numpy(nearest)]
