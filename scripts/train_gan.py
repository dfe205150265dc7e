"""Train the GAN of spoken digits of chapter 4, and the classifiers around it.

``python scripts/train_gan.py --profile laptop --minutes 100`` takes about an hour of two cores: 27 minutes for an
autoencoder of spectrograms, 14 for a GAN of its codes, the rest for classifiers and for accepting samples. It writes
six files to ``_build/gan``; with ``--to lt/assets`` they replace those of the book. A run that was stopped goes on.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from lt import losses
from lt.cache import cached, save_weights
from lt.data import Items, load
from lt.errors import LtError
from lt.loop import History, Objective, Player, Training, default_device, fit, named_generator, progress_bar
from lt.metrics import agreement
from lt.models import images, speech
from lt.networks import sample


@dataclass(frozen=True)
class ClassifierConfig:
    training: Training = Training(900, 64, 2e-3, "onecycle")
    width: int = 32  # channels of the first layer (cnn), units per layer (rnn)
    kernel: int = 3  # size of the convolutions
    kind: str = "cnn"  # or "rnn"


@dataclass(frozen=True)
class AutoencoderConfig:
    training: Training = Training(3000, 48, 2e-3, "onecycle", betas=(0.9, 0.99))
    code: int = 100  # dimensions of the code
    beta: float = 0.3  # weight of the KL term, which keeps neighbouring codes alike
    edges: float = 0.5  # weight of the errors of differences between neighbouring points


@dataclass(frozen=True)
class GANConfig:
    training: Training = Training(13_000, 128, 2e-4, betas=(0.0, 0.99), average=0.999)
    width: int = 512  # units per layer of generator and critic
    depth: int = 3  # layers of each
    latent: int = 100  # dimensions of z
    penalty: float = 1.0  # weight of the gradient penalties
    copies: int = 8  # shifted versions of each recording that the critic sees beside it
    autoencoder: AutoencoderConfig = AutoencoderConfig()  # its decoder draws the codes
    # two unlike classifiers accept samples, a third one scores them; none takes part in the game
    panel: tuple[ClassifierConfig, ...] = (
        ClassifierConfig(width=24, kernel=5),
        ClassifierConfig(width=96, kernel=5, kind="rnn"),
    )
    judge: ClassifierConfig = ClassifierConfig()


SHORT = GANConfig(Training(500, 64, 2e-4, average=0.99), autoencoder=AutoencoderConfig(Training(100, 16)))
SAMPLES = 10_000  # of which the card says how many the panel accepts
LICENCE = "CC BY-SA 4.0, Free Spoken Digit Dataset, Jakobovski et al."
PROFILES = {"quick": ("embedded", SHORT, {}), "laptop": ("full", GANConfig(), speech.ACCEPTED)}  # quick: just to try


def shift_and_gain(mel: Tensor, generator: torch.Generator, shift: int = 4, gain: float = 0.1) -> Tensor:
    """Spectrograms (n, 1, bands, frames) moved by up to ``shift`` frames, and raised or lowered by up to ``gain``."""
    n, frames = len(mel), mel.shape[-1]
    offset = torch.randint(-shift, shift + 1, (n, 1), generator=generator, device=mel.device)
    index = torch.arange(frames, device=mel.device) - offset + shift  # into the padded time axis
    moved = F.pad(mel, (shift, shift), value=-1.0).gather(-1, index[:, None, None].expand_as(mel))
    louder = gain * (2 * torch.rand(n, 1, 1, 1, generator=generator, device=mel.device) - 1)
    return moved + louder * (moved > -1)  # silence stays silent


def mask(mel: Tensor, generator: torch.Generator, widest: int = 12) -> Tensor:
    """Spectrograms (n, 1, 64, 64) with a band and a stretch of time silenced (SpecAugment, Park et al. 2019)."""
    n, place = len(mel), torch.arange(64, device=mel.device)
    for shape in ((n, 1, 64, 1), (n, 1, 1, 64)):
        width, start = torch.rand(2, n, 1, generator=generator, device=mel.device)
        inside = (place >= 64 * start) & (place < 64 * start + widest * width)  # (n, 64)
        mel = mel.masked_fill(inside.view(shape), -1.0)
    return mel


def fitted(what: str, build: Callable, train: Callable, config: Any, clips: Items, seed: int) -> tuple[Any, History]:
    code = (sys.modules[__name__], speech, images.fit_on_items)
    return cached(what, build, train, config, clips.fingerprint, ["speech"], seed, default_device(), code)


def fit_classifier(config: ClassifierConfig, clips: Items, seed: int) -> tuple[nn.Module, History]:
    """A classifier of recordings, from the cache if it was trained before. It never sees a GAN's output."""

    def augment(mel: Tensor, generator: torch.Generator) -> Tensor:
        return mask(shift_and_gain(mel, generator, shift=8, gain=0.15), generator)

    def train(network: nn.Module, generator: torch.Generator, checkpoint: Path) -> History:
        x, y = speech.log_mels(clips, generator.device), clips.y.to(generator.device)
        how = (generator, f"{config.kind} of speech", checkpoint, 100)
        return images.fit_on_items(network, config.training, x, y, augment, *how)

    def build() -> nn.Module:
        return speech.classifier(config.kind, config.width, config.kernel)

    return fitted("speech classifier", build, train, config, clips, seed)


def autoencoder_objective(network: nn.ModuleDict, config: AutoencoderConfig, x: Tensor) -> Objective:
    """Absolute error of spectrograms x (n, 1, 64, 64) and of their differences in time and frequency, and a KL term.

    The absolute error of a difference is large where an onset or a formant is blurred.
    """

    def edges(mel: Tensor) -> Tensor:
        return torch.cat([mel.diff(dim=-1).flatten(1), mel.diff(dim=-2).flatten(1)], dim=1)

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        mel = x[torch.randint(len(x), (config.training.batch,), generator=generator, device=x.device)]
        mel = shift_and_gain(mel, generator).contiguous(memory_format=torch.channels_last)
        mean, std = network["encoder"](mel)
        drawn = network["decoder"](sample(mean, std, generator))
        error = (drawn - mel).abs().flatten(1).sum(1).mean()
        blurred = (edges(drawn) - edges(mel)).abs().sum(1).mean()
        kl = losses.gaussian_kl(mean, std).mean()
        return {"loss": error + config.edges * blurred + config.beta * kl, "error": error, "edges": blurred, "kl": kl}

    return objective


def fit_autoencoder(config: AutoencoderConfig, clips: Items, seed: int) -> tuple[nn.ModuleDict, History]:
    """Encoder and decoder of recordings, from the cache if they were trained before."""

    def build() -> nn.ModuleDict:
        encoder, decoder = speech.SpectrogramEncoder(config.code), speech.SpectrogramDecoder(config.code)
        return nn.ModuleDict({"encoder": encoder, "decoder": decoder})

    def train(network: nn.ModuleDict, generator: torch.Generator, checkpoint: Path) -> History:
        network.to(memory_format=torch.channels_last)  # a fifth faster on CPUs
        objective = autoencoder_objective(network, config, speech.log_mels(clips, generator.device))
        return fit(network, objective, config.training, generator, name="autoencoder of speech", checkpoint=checkpoint)

    return fitted("speech autoencoder", build, train, config, clips, seed)


@torch.no_grad()
def codes_of(encoder: nn.Module, clips: Items, copies: int, generator: torch.Generator) -> Tensor:
    """Codes of recordings and of ``copies`` shifted, louder or softer versions of each: (n * (copies + 1), code)."""
    mel = speech.log_mels(clips, generator.device)
    versions = [mel, *(shift_and_gain(mel, generator) for _ in range(copies))]
    return torch.cat([encoder(part)[0] for version in versions for part in version.split(250)])


def relativistic_game(gan: nn.ModuleDict, config: GANConfig, codes: Tensor) -> list[Player]:
    """A relativistic pairing GAN with gradient penalties at real and made codes (n, code) (R3GAN, Huang et al. 2024).

    The critic only compares a recording with a made one: no class, no judge and no classifier's features are used.
    """
    batch, to_code, score = config.training.batch, gan["generator"].to_code, gan["critic"]
    real_codes = codes / gan["generator"].spread

    def pair(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        real = real_codes[torch.randint(len(codes), (batch,), generator=generator, device=codes.device)]
        return real, to_code(torch.randn(batch, config.latent, generator=generator, device=codes.device)).float()

    def criticise(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            points = torch.cat(pair(generator))
        values = score(points.requires_grad_(True)).float()
        (slope,) = torch.autograd.grad(values.sum(), points, create_graph=True)
        of_real, of_made = values.squeeze(1).chunk(2)
        relative = F.softplus(of_made - of_real).mean()
        penalty = slope.float().square().sum(1).mean()  # of both kinds: half of R1 + R2
        return {"loss": relative + config.penalty * penalty, "critic": relative, "penalty": penalty}

    def generate(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        real, made = pair(generator)
        with torch.no_grad():
            of_real = score(real).float()
        adversarial = F.softplus(of_real - score(made).float()).mean()
        return {"loss": adversarial, "adversarial": adversarial}

    return [Player(score, criticise), Player(to_code, generate)]


def fit_gan(config: GANConfig, clips: Items, seed: int, seconds: float) -> tuple[nn.ModuleDict, History]:
    """A generator of codes with the frozen decoder, and its critic, from the cache if they were trained before.

    Raises :class:`lt.LtError` if the game takes more than ``seconds``; a later call goes on from there.
    """
    autoencoder, _ = fit_autoencoder(config.autoencoder, clips, seed)
    code = config.autoencoder.code

    def build() -> nn.ModuleDict:
        generator = speech.CodeGenerator(config.latent, code, config.width, config.depth, clips.rate)
        critic = speech.code_mlp(code, 1, config.width, config.depth, normalised=False)
        return nn.ModuleDict({"generator": generator, "critic": critic})

    def train(gan: nn.ModuleDict, generator: torch.Generator, checkpoint: Path) -> History:
        made, copies = gan["generator"], named_generator("codes of recordings", seed, generator.device)
        codes = codes_of(autoencoder["encoder"], clips, config.copies, copies)
        made.decoder.load_state_dict(autoencoder["decoder"].state_dict())
        made.spread.copy_(codes.std(0).clamp(min=0.05))
        how = {"name": "GAN of codes", "checkpoint": checkpoint, "every": 250, "seconds": seconds}
        history = fit(gan, relativistic_game(gan, config, codes), config.training, generator, **how)
        if (done := int(history["step"][-1])) < config.training.steps:
            raise LtError(f"step {done:,} of {config.training.steps:,} when the time was up: give more --minutes")
        return history

    return fitted("speech GAN", build, train, config, clips, seed)


@torch.no_grad()
def accept(models: speech.Speech, name: str, per_class: int, budget: int = 3_000_000) -> dict[str, Tensor]:
    """Numbers of the draws of a sequence that the panel is sure of, ``per_class`` of each class (section 4.1).

    Returns ``rows``, their ``labels``, how many of each class were accepted in all, ``count``, and ``drawn``. Raises
    :class:`lt.LtError` if ``budget`` draws are not enough.
    """
    rows, labels, count, blocks = [], [], torch.zeros(10, dtype=torch.int64), budget // speech.BLOCK
    for block in progress_bar(range(blocks), name=f"accepting {name}", total=blocks, unit="thousand"):
        z = speech.draws(name, block, models.generator.latent).to(models.generator.spread.device)
        logits = torch.cat([models.panel(models.generator.decode(part)) for part in z.split(250)])
        confidence, label = logits.softmax(-1).max(-1)
        keep = (confidence >= speech.SURE).nonzero().flatten()
        rows.append(keep.cpu() + block * speech.BLOCK)
        labels.append(label[keep].cpu())
        count += labels[-1].bincount(minlength=10)
        if count.min() >= per_class:
            break
    else:
        raise LtError(f"of {budget:,} draws {count.tolist()} were accepted, {per_class} each are wanted: train longer")
    row, y, drawn = torch.cat(rows), torch.cat(labels), torch.tensor((block + 1) * speech.BLOCK)
    pick = torch.cat([(y == digit).nonzero().flatten()[:per_class] for digit in range(10)])
    return {"rows": row[pick].int(), "labels": y[pick].to(torch.uint8), "count": count, "drawn": drawn}


def train(
    config: GANConfig, source: str, folder: Path, minutes: float, accepted: Mapping[str, int], command: str
) -> dict:
    """Train everything; write weights, accepted samples and their card to ``folder``; return the card.

    The panel learns from every other recording, the judge from those between: each has all digits and speakers.
    """
    (clips, test), seed, device = (load("speech", split, source) for split in ("train", "test")), 0, default_device()
    halves = [clips.take(slice(which, None, 2)) for which in (0, 1)]
    members = [fit_classifier(member, halves[0], seed + i)[0] for i, member in enumerate(config.panel)]
    judge, _ = fit_classifier(config.judge, halves[1], seed + len(members))
    autoencoder, drawing = fit_autoencoder(config.autoencoder, clips, seed)
    gan, history = fit_gan(config, clips, seed, 60 * minutes)
    models = speech.Speech(gan["generator"], speech.Panel(members).eval(), judge)
    raw = save({f"{name}.{key}": v for name, n in accepted.items() for key, v in accept(models, name, n).items()})
    parts = {"generator": models.generator, "panel": models.panel, "judge": judge, "encoder": autoencoder["encoder"]}
    hashes = {name: save_weights(part, folder / f"speech_{name}.safetensors") for name, part in parts.items()}
    (folder / "speech_accepted.safetensors").write_bytes(raw)
    with torch.no_grad():
        z = torch.randn(
            SAMPLES, config.latent, generator=named_generator("GAN evaluation", seed, device), device=device
        )
        sure = torch.cat([models.panel(models.generator.decode(part)) for part in z.split(250)]).softmax(-1).amax(-1)
        scores = {f"acceptance_at_{least:g}": (sure >= least).double().mean().item() for least in (0.95, speech.SURE)}
        for name in ("panel", "judge"):
            right = parts[name](speech.log_mels(test, device)).argmax(-1).cpu()
            scores[f"{name}_accuracy_on_test_clips"] = agreement(right, test.y)
    card = {
        "what": "Generator of spoken digits (GAN of codes), the panel that accepts its samples, and a judge",
        "data": {"corpus": f"FSDD, {source}", "clips": len(clips), "licence": LICENCE},
        "command": command,
        "seed": seed,
        "hardware": torch.cuda.get_device_name() if device.type == "cuda" else "cpu, one thread per training",
        "minutes": round(history["seconds"][0] / 60, 1),
        "steps": int(history["step"][-1]),
        "minutes_of_the_autoencoder": round(drawing["seconds"][0] / 60, 1),
        "rate": clips.rate,
        "samples": clips.x.shape[1],
        "config": asdict(config),
        "scores": {"samples": len(z), "test_clips": len(test)} | {name: round(v, 4) for name, v in scores.items()},
        "sha256": hashes | {"accepted": hashlib.sha256(raw).hexdigest()},
    }
    (folder / "speech.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


def main(
    profile: Annotated[str, typer.Option(help="quick (300 recordings, just to try) or laptop.")] = "laptop",
    minutes: Annotated[float, typer.Option(help="Longest time of the game of codes; with more it goes on.")] = 100,
    to: Annotated[Path, typer.Option(help="Folder for weights and card.")] = Path("_build/gan"),
) -> None:
    """Train the GAN of spoken digits and the classifiers around it."""
    try:
        if profile not in PROFILES:
            raise LtError(f"unknown profile {profile!r}: choose quick or laptop")
        source, config, accepted = PROFILES[profile]
        command = f"python scripts/train_gan.py --profile {profile} --minutes {minutes:g} --to {to}"
        scores = train(config, source, to, minutes, accepted, command)["scores"]
        print("\n".join(f"{name:30} {value}" for name, value in scores.items()))
    except LtError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    typer.run(main)
