"""GANs of spoken digits: generators, critics, the classifiers around them, and what trains each."""

import itertools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import joblib
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from lt import LtError, losses
from lt.audio import LICENCES, Clips, LogMel, load
from lt.data import ASSETS, cache_folder
from lt.train import (
    VALIDATION_SHARE,
    History,
    Optim,
    Player,
    cached,
    code_version,
    default_device,
    fit,
    initialised,
    load_weights,
    named_generator,
    save_weights,
)

Players = Sequence[Player]


@dataclass(frozen=True)
class GANConfig:
    """A generator of spoken digits and the game that trains it."""

    optim: Optim  # a step is one update of the generator
    kind: str = "specgan"  # "specgan": log-mel spectrograms, projected critic; "wavegan": waveforms, WGAN-GP
    width: int = 32  # channels of the generator's last hidden layer (specgan), d of Donahue et al. (wavegan)
    latent: int = 100  # dimensions of z
    critic_updates: int = 1  # updates of the critic a step
    average: float = 0.999  # decay of the running mean of the generator's weights, which is what is kept
    information: float = 0.0  # weight of the mutual information between a sample and its class by the frozen features (specgan)
    penalty: float = 10.0  # weight of the gradient penalty (wavegan)
    shuffle: int = 2  # radius of phase shuffle (wavegan)


@dataclass(frozen=True)
class SpeechClassifierConfig:
    """A classifier of spoken digits on log-mel spectrograms."""

    optim: Optim
    width: int = 32  # channels of the first layer
    kernel: int = 3  # size of the convolutions
    speakers: int = 0  # number of speakers to tell apart besides the digit, 0 for the digit alone


# ------------------------------------------------------------------------------------------------ networks


class SpectrogramCNN(nn.Module):
    """Log-mel spectrograms (n, 1, 64, 64) to logits (n, classes): four strided convolutions, a mean over time, an affine read-out."""

    def __init__(self, classes: int = 10, width: int = 32, kernel: int = 3):
        super().__init__()
        channels = [1, width, 2 * width, 4 * width, 4 * width]
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, kernel, stride=2, padding=kernel // 2), nn.BatchNorm2d(b), nn.LeakyReLU(0.1))
            for a, b in itertools.pairwise(channels)
        )
        self.head = nn.Linear(channels[-1] * 4, classes)

    def maps(self, x: Tensor) -> list[Tensor]:
        """What each block makes of its input: resolutions 32, 16, 8 and 4."""
        maps = []
        for block in self.blocks:
            x = block(x)
            maps.append(x)
        return maps

    def read(self, last: Tensor) -> Tensor:
        """Logits from the last map."""
        return self.head(last.mean(-1).flatten(1))  # frequency is a place, time is not

    def features(self, x: Tensor) -> Tensor:
        """Activations before the read-out, (n, features): what a Fréchet distance compares."""
        return self.maps(x)[-1].mean(-1).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.maps(x)[-1])


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

    ``forward`` gets the maps of :class:`SpectrogramCNN` and the spectrogram, and returns one map of critic values a head.
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


# ------------------------------------------------------------------------------------------------ objectives


def augment(mel: Tensor, generator: torch.Generator, shift: int = 4, gain: float = 0.1) -> Tensor:
    """Spectrograms (n, 1, bands, frames) shifted in time by up to ``shift`` frames and raised or lowered by up to ``gain``."""
    n, frames = len(mel), mel.shape[-1]
    offset = torch.randint(-shift, shift + 1, (n, 1), generator=generator, device=mel.device)
    index = torch.arange(frames, device=mel.device) - offset + shift  # into the padded time axis
    padded = F.pad(mel, (shift, shift), value=-1.0)
    moved = padded.gather(-1, index.clamp(0, frames + 2 * shift - 1)[:, None, None].expand_as(mel))
    louder = gain * (2 * torch.rand(n, 1, 1, 1, generator=generator, device=mel.device) - 1)
    return moved + louder * (moved > -1)  # silence stays silent


def mutual_information(logits: Tensor) -> Tensor:
    """Mutual information, in nats, between items and their predicted classes: (n, classes) to a scalar. High if every item is
    clearly of one class and the classes are even."""
    p = logits.softmax(-1)
    entropy = -(p * logits.log_softmax(-1)).sum(-1).mean()
    mean = p.mean(0)
    return -(mean * mean.clamp(min=1e-12).log()).sum() - entropy


def projected_game(gan: GAN, config: GANConfig, features: SpectrogramCNN, x: Tensor) -> Players:
    """Hinge losses of a projected critic on spectrograms x (n, 1, 64, 64) (Sauer et al. 2021)."""
    batch = config.optim.batch

    def judge(mel: Tensor) -> tuple[list[Tensor], Tensor]:
        maps = features.maps(mel)
        return gan.critic(maps, mel), maps[-1]

    def critic(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        real = x[torch.randint(len(x), (batch,), generator=generator, device=x.device)]
        z = torch.randn(batch, config.latent, generator=generator, device=x.device)
        with torch.no_grad():
            fake = gan.generator(z)
            both = augment(torch.cat([real, fake]), generator)
            maps = features.maps(both)
        values = [v.float().chunk(2) for v in gan.critic(maps, both)]
        loss = torch.stack([F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in values]).mean()
        return {"loss": loss, "critic": loss}

    def generator(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        z = torch.randn(batch, config.latent, generator=generator, device=x.device)
        values, last = judge(augment(gan.generator(z), generator))
        adversarial = -torch.stack([v.float().mean() for v in values]).mean()
        information = mutual_information(features.read(last).float())
        gan.follow(config.average)
        return {"loss": adversarial - config.information * information, "adversarial": adversarial, "information": information}

    return [Player(gan.critic, critic, config.critic_updates), Player(gan.generator, generator)]


def wasserstein_game(gan: GAN, config: GANConfig, x: Tensor) -> Players:
    """WGAN-GP on waveforms x (n, samples) (Gulrajani et al. 2017; Donahue et al. 2019)."""
    batch = config.optim.batch

    def critic(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        real = x[torch.randint(len(x), (batch,), generator=generator, device=x.device)]
        with torch.no_grad():
            fake = gan.generator(torch.randn(batch, config.latent, generator=generator, device=x.device))
        penalty = gradient_penalty(lambda wave: gan.critic(wave, generator), real, fake, generator)
        distance = gan.critic(real, generator).mean() - gan.critic(fake, generator).mean()
        return {"loss": config.penalty * penalty - distance, "wasserstein": distance, "penalty": penalty}

    def generator(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        z = torch.randn(batch, config.latent, generator=generator, device=x.device)
        adversarial = -gan.critic(gan.generator(z), generator).mean()
        gan.follow(config.average)
        return {"loss": adversarial, "adversarial": adversarial}

    return [Player(gan.critic, critic, config.critic_updates), Player(gan.generator, generator)]


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """Mean of ``(|grad critic| - 1)^2`` at random points between real and fake items (n, d) (Gulrajani et al. 2017)."""
    share = torch.rand(len(real), 1, generator=generator, device=real.device)
    between = (share * real + (1 - share) * fake).requires_grad_(True)
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return ((slope.float().flatten(1).norm(dim=-1) - 1) ** 2).mean()


def inception_score(logits: Tensor) -> float:
    """exp of the mutual information between samples and the judge's classes, 1 to the number of classes (Salimans et al. 2016)."""
    return mutual_information(logits.double()).exp().item()


# ------------------------------------------------------------------------------------------------ training


def fit_speech_classifier(
    config: SpeechClassifierConfig, clips: Clips, seed: int, device: torch.device | None = None
) -> tuple[SpectrogramCNN, History]:
    """A classifier of the digit, or of digit and speaker, from the cache if it was trained before. It never sees a GAN's output."""
    return cached(_build_classifier, _train_classifier, config, clips, clips.fingerprint, seed, device or default_device())


def _build_classifier(config: SpeechClassifierConfig, clips: Clips) -> SpectrogramCNN:
    return SpectrogramCNN(10 * max(1, config.speakers), config.width, config.kernel)


@torch.no_grad()
def log_mels(clips: Clips, device: torch.device) -> Tensor:
    """Spectrograms of all clips, (n, 1, 64, 64)."""
    mel = LogMel(clips.rate).to(device)
    return torch.cat([mel(part.to(device)) for part in clips.x.split(512)])


def _mask(mel: Tensor, generator: torch.Generator, widest: int = 12) -> Tensor:
    """Spectrograms with one band of frequencies and one stretch of time silenced (SpecAugment, Park et al. 2019)."""
    n, device = len(mel), mel.device
    place = torch.arange(64, device=device)
    for shape in ((n, 1, 64, 1), (n, 1, 1, 64)):
        width, start = torch.rand(2, n, 1, generator=generator, device=device)
        start, width = start * 64, width * widest
        inside = (place >= start) & (place < start + width)  # (n, 64)
        mel = mel.masked_fill(inside.view(shape), -1.0)
    return mel


def _train_classifier(classifier, config, clips, generator, checkpoint) -> History:
    device = generator.device
    x, y = log_mels(clips, device), clips.y.to(device)
    if config.speakers:
        y = y * config.speakers + clips.speaker.to(device)
    order = torch.randperm(len(x), generator=generator, device=device)
    held, kept = order[: len(x) // VALIDATION_SHARE], order[len(x) // VALIDATION_SHARE :]

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        i = kept[torch.randint(len(kept), (config.optim.batch,), generator=generator, device=device)]
        mel = _mask(augment(x[i], generator, shift=8, gain=0.15), generator)
        return {"loss": losses.classification(classifier(mel), y[i])}

    return fit(
        classifier,
        objective,
        config.optim,
        generator,
        name="speech classifier",
        checkpoint=checkpoint,
        validate=lambda: (classifier(x[held]).argmax(-1) == y[held]).double().mean().item(),
    )


def build_generator(config: GANConfig, rate: int, samples: int) -> nn.Module:
    """The generator of a configuration, untrained."""
    if config.kind == "specgan":
        return SpecGANGenerator(config.latent, config.width, rate)
    if config.kind == "wavegan":
        return WaveGANGenerator(config.latent, config.width, samples, rate)
    raise LtError(f"unknown kind of GAN {config.kind!r}: choose specgan or wavegan")


def build_gan(config: GANConfig, clips: Clips, features_width: int) -> GAN:
    """Generator, critic and running mean, untrained."""
    samples = clips.x.shape[1]
    generator, average = (build_generator(config, clips.rate, samples) for _ in range(2))
    critic = ProjectedCritic(features_width) if config.kind == "specgan" else WaveGANDiscriminator(config.width, samples, config.shuffle)
    return GAN(generator, critic, average)


def fit_gan(
    gan: GAN,
    config: GANConfig,
    clips: Clips,
    features: SpectrogramCNN,
    judge: SpectrogramCNN,
    generator: torch.Generator,
    *,
    checkpoint: Path | None = None,
    seconds: float = math.inf,
    every: int = 250,
    watch: Callable[[Tensor, float, float], None] | None = None,
) -> History:
    """Train ``gan`` on clips, in place, and keep the weights with the best inception score by ``judge``.

    ``features`` (frozen) carries the critic of a specgan; ``judge`` never enters a loss. ``watch`` gets spectrograms of 2,000
    samples (n, 1, 64, 64), their inception score and the share that the judge accepts at 0.95, every ``every`` steps.
    """
    device = generator.device
    z = torch.randn(2_000, config.latent, generator=named_generator("GAN validation", 0, device), device=device)
    features.requires_grad_(False).eval()
    for network in (gan, features, judge):
        network.to(memory_format=torch.channels_last)  # a fifth faster on CPUs
    if config.kind == "specgan":
        players = projected_game(gan, config, features, log_mels(clips, device))
    else:
        players = wasserstein_game(gan, config, clips.x.to(device))

    def validate() -> float:
        mel = torch.cat([gan.average.decode(part) for part in z.split(250)])
        logits = torch.cat([judge(part) for part in mel.split(250)])
        score, accepted = inception_score(logits), (logits.softmax(-1).amax(-1) >= 0.95).double().mean().item()
        if watch is not None:
            watch(mel, score, accepted)
        return score

    return fit(
        gan,
        players,
        config.optim,
        generator,
        name=f"GAN {config.kind}",
        checkpoint=checkpoint,
        validate=validate,
        every=every,
        seconds=seconds,
    )


# ------------------------------------------------------------------------------------------------ the pretrained GAN


def evaluate(decode: Callable[[Tensor], Tensor], judge: SpectrogramCNN, latent: int, generator: torch.Generator, n: int = 10_000) -> dict:
    """Scores of a generator by the judge on n fresh samples: inception score, share accepted at 0.95, and its shares of each digit."""
    with torch.no_grad():
        z = torch.randn(n, latent, generator=generator, device=generator.device)
        logits = torch.cat([judge(decode(part)) for part in z.split(250)])
    confidence, label = logits.softmax(-1).max(-1)
    accepted = label[confidence >= 0.95].bincount(minlength=logits.shape[1])
    return {
        "samples": n,
        "inception_score": round(inception_score(logits), 3),
        "acceptance": round(accepted.sum().item() / n, 4),
        "share_of_each_digit": [round(v, 4) for v in (accepted / accepted.sum().clamp(min=1)).tolist()],
    }


def card(folder: Path = ASSETS) -> dict:
    """Configuration, provenance and scores of the pretrained GAN; raises :class:`lt.LtError` if it cannot be read."""
    path = folder / "speech.json"
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise LtError(f"{path} cannot be read ({error}): restore it (git checkout lt/assets) or make it: python -m lt train-gan") from error


def load_pretrained(folder: Path = ASSETS) -> tuple[nn.Module, SpectrogramCNN]:
    """Generator and judge of spoken digits; raises :class:`lt.LtError` when a file is missing or does not fit its card."""
    facts = card(folder)
    config = GANConfig(**{**facts["generator"], "optim": Optim(**facts["generator"]["optim"])})
    generator = build_generator(config, facts["rate"], facts["samples"])
    judge = SpectrogramCNN(10, facts["judge"]["width"], facts["judge"]["kernel"])
    return load_weights(generator, folder / "speech_generator.safetensors"), load_weights(judge, folder / "speech_judge.safetensors")


def train_pretrained(
    config: GANConfig,
    features: SpeechClassifierConfig,
    judge: SpeechClassifierConfig,
    corpus: str,
    minutes: float,
    folder: Path,
    log: Path,
    seed: int = 0,
) -> dict:
    """Train a GAN and the classifiers around it, write generator, judge and their card to ``folder``, and return the card.

    Training goes on where an earlier call stopped, until it has taken ``minutes`` in all. ``log`` gets ``curves.csv`` and
    ``samples.png`` on the way.
    """
    device = default_device()
    clips, test = load("train", corpus), load("test", corpus)
    if features.speakers:
        features = replace(features, speakers=int(clips.speaker.max()) + 1)
    frozen, _ = fit_speech_classifier(features, clips, seed + 1, device)
    ear, _ = fit_speech_classifier(judge, clips, seed, device)
    with torch.no_grad():
        heard = (ear(log_mels(test, device)).argmax(-1).cpu() == test.y).double().mean().item()

    gan = initialised(lambda: build_gan(config, clips, features.width), "gan", seed, device)

    def watch(mel: Tensor, score: float, accepted: float) -> None:
        from lt import plots  # training does not need seaborn otherwise

        log.mkdir(parents=True, exist_ok=True)
        with (log / "curves.csv").open("a") as file:
            file.write(f"{score:.3f},{accepted:.3f}\n")  # inception score and share accepted
        plots.spectrograms({"samples": mel[:40].squeeze(1)}, columns=10).savefig(log / "samples.png")

    history = fit_gan(
        gan,
        config,
        clips,
        frozen,
        ear,
        named_generator("gan", seed, device),
        checkpoint=cache_folder() / "checkpoints" / f"gan-{joblib.hash((config, corpus, seed, code_version()))}.pt",
        seconds=60 * minutes,
        watch=watch,
    )
    scores = evaluate(gan.average.decode, ear, config.latent, named_generator("GAN evaluation", seed, device))
    facts = {
        "what": f"Generator of spoken digits ({config.kind}, z ~ N(0, I) of {config.latent} dimensions) and a classifier that judges it",
        "data": {"corpus": corpus, "clips": len(clips), "fingerprint": clips.fingerprint, "licence": LICENCES[corpus]},
        "command": f"python -m lt train-gan --corpus {corpus} --minutes {minutes:g}",
        "seed": seed,
        "hardware": torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {torch.get_num_threads()} cores",
        "minutes": round(history["seconds"][0] / 60, 1),
        "steps": history["step"][-1],
        "best_step": history["step"][max(range(len(history["score"])), key=history["score"].__getitem__)],
        "rate": clips.rate,
        "samples": clips.x.shape[1],
        "generator": asdict(config),
        "judge": asdict(judge),
        "scores": {**scores, "judge_accuracy_on_test_clips": round(heard, 4), "test_clips": len(test)},
        "inception_score_every_250_steps": [round(v, 3) for v in history["score"]],
    }
    save_weights(gan.average, folder / "speech_generator.safetensors")
    save_weights(ear, folder / "speech_judge.safetensors")
    (folder / "speech.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts
