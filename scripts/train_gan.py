"""Train the GAN of spoken digits of chapter 4, and the classifiers around it.

``python scripts/train_gan.py --profile laptop --minutes 100`` takes an hour: 27 minutes for an autoencoder, 14 for a
GAN of its codes. It writes six files to ``_build/gan``, or ``--to lt/assets``. A run that was stopped goes on.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
import typer
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from lt import losses
from lt.cache import cached, save_weights
from lt.data import Items, load
from lt.errors import LtError
from lt.loop import History, Player, Training, default_device, fit, named_generator, progress_bar
from lt.metrics import agreement
from lt.models import images, speech
from lt.networks import sample


@dataclass(frozen=True)
class ClassifierConfig:
    width: int = 32  # channels of the first layer (cnn), units per layer (rnn)
    kernel: int = 3  # size of the convolutions
    kind: str = "cnn"  # or "rnn"
    training: Training = Training(900, 64, 2e-3, "onecycle")


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
    panel: tuple[ClassifierConfig, ...] = (ClassifierConfig(24, 5), ClassifierConfig(96, 5, "rnn"))
    judge: ClassifierConfig = ClassifierConfig()


SAMPLES = 10_000  # of which the card says how many the panel accepts
SHORT = GANConfig(Training(500, 64, 2e-4, average=0.99), autoencoder=AutoencoderConfig(Training(100, 16)))
PROFILES = {"quick": ("embedded", SHORT, {}), "laptop": ("full", GANConfig(), speech.ACCEPTED)}  # quick: just to try


def shift_and_gain(mel: Tensor, generator: torch.Generator, shift: int = 4, gain: float = 0.1) -> Tensor:
    """Spectrograms (n, 1, bands, frames) moved by up to ``shift`` frames, and raised or lowered by up to ``gain``."""
    one, frame = (len(mel), 1, 1, 1), torch.arange(mel.shape[-1], device=mel.device)
    first = torch.randint(2 * shift + 1, one, generator=generator, device=mel.device)  # in the padded time axis
    moved = F.pad(mel, (shift, shift), value=-1.0).gather(-1, (first + frame).expand_as(mel))
    louder = gain * (2 * torch.rand(one, generator=generator, device=mel.device) - 1)
    return moved + louder * (moved > -1)  # silence stays silent


def augment(mel: Tensor, generator: torch.Generator) -> Tensor:
    """Moved spectrograms (n, 1, 64, 64) with a band and a stretch of time silenced (SpecAugment, Park et al. 2019)."""
    width, start = torch.rand(2, 2, len(mel), 1, generator=generator, device=mel.device)
    place = torch.arange(64, device=mel.device) - 64 * start
    band, stretch = (place >= 0) & (place < 12 * width)  # (n, 64) each
    return shift_and_gain(mel, generator, 8, 0.15).masked_fill(band[:, None, :, None] | stretch[:, None, None], -1.0)


def fitted(what: str, build: Callable, learn: Callable, config: Any, clips: Items, seed: int = 0) -> tuple:
    """What ``learn(config, clips, network, generator, checkpoint)`` makes of ``build()``, now or before."""
    code = (sys.modules[__name__], speech, images.fit_on_items)
    data, device = clips.fingerprint, default_device()
    return cached(what, build, partial(learn, config, clips), config, data, ["speech"], seed, device, code)


def learn_digits(config: ClassifierConfig, clips: Items, network, generator, checkpoint) -> History:
    """Learn the digits of recordings. No classifier sees a GAN's output."""
    x, y = speech.log_mels(clips, generator.device), clips.y.to(generator.device)
    name = f"{config.kind} of speech"
    return images.fit_on_items(network, config.training, x, y, augment, generator, name, checkpoint, 100)


def learn_codes(config: AutoencoderConfig, clips: Items, network, generator, checkpoint) -> History:
    """Minimise absolute errors of spectrograms and of their differences, large where an onset is blurred, and a KL."""
    x = speech.log_mels(clips, generator.device)
    network.to(memory_format=torch.channels_last)  # a fifth faster on CPUs

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        i = torch.randint(len(x), (config.training.batch,), generator=generator, device=x.device)
        mel = shift_and_gain(x[i], generator)
        mean, std = network["encoder"](mel.contiguous(memory_format=torch.channels_last))
        off = network["decoder"](sample(mean, std, generator)) - mel
        error, *edges = (part.abs().sum() / len(mel) for part in (off, off.diff(dim=-1), off.diff(dim=-2)))
        edges, kl = sum(edges), losses.gaussian_kl(mean, std).mean()
        return {"loss": error + config.edges * edges + config.beta * kl, "error": error, "edges": edges, "kl": kl}

    return fit(network, objective, config.training, generator, name="autoencoder of speech", checkpoint=checkpoint)


def relativistic_game(gan: nn.ModuleDict, config: GANConfig, codes: Tensor) -> list[Player]:
    """A relativistic pairing GAN with gradient penalties at real and made codes (n, code) (R3GAN, Huang et al. 2024).
    The critic only compares a recording with a made one: no class, no judge and no classifier's features are used."""
    to_code, critic, real_codes = gan["generator"].to_code, gan["critic"], codes / gan["generator"].spread

    def pair(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i = torch.randint(len(codes), (config.training.batch,), generator=generator, device=codes.device)
        z = torch.randn(len(i), config.latent, generator=generator, device=codes.device)
        return real_codes[i], to_code(z).float()

    def criticise(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            points = torch.cat(pair(generator))
        values = critic(points.requires_grad_(True)).float()
        (slope,) = torch.autograd.grad(values.sum(), points, create_graph=True)
        of_real, of_made = values.chunk(2)
        relative = F.softplus(of_made - of_real).mean()
        penalty = slope.float().square().sum(1).mean()  # of both kinds: half of R1 + R2
        return {"loss": relative + config.penalty * penalty, "critic": relative, "penalty": penalty}

    def generate(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        of_real, of_made = (critic(part).float() for part in pair(generator))
        return {"loss": F.softplus(of_real - of_made).mean()}

    return [Player(critic, criticise), Player(to_code, generate)]


@torch.no_grad()
def play(drawing, seconds: float, config: GANConfig, clips: Items, gan, generator, checkpoint) -> History:
    """Play the game for an autoencoder's codes; raises :class:`lt.LtError` if it takes more than ``seconds`` in all."""
    mel, draws = speech.log_mels(clips, generator.device), named_generator("codes of recordings", 0, generator.device)
    versions = [mel, *(shift_and_gain(mel, draws) for _ in range(config.copies))]
    codes = torch.cat([drawing["encoder"](part)[0] for mel in versions for part in mel.split(250)])
    gan["generator"].decoder.load_state_dict(drawing["decoder"].state_dict())
    gan["generator"].spread.copy_(codes.std(0).clamp(min=0.05))
    how = {"name": "GAN of codes", "checkpoint": checkpoint, "every": 250, "seconds": seconds}
    history = fit(gan, relativistic_game(gan, config, codes), config.training, generator, **how)
    if (done := int(history["step"][-1])) < config.training.steps:
        raise LtError(f"step {done:,} of {config.training.steps:,} when the time was up: give more --minutes")
    return history


@torch.no_grad()
def predicted(model: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """The softmax of the likeliest class of each of x (n, ...), and that class: two of (n,)."""
    return torch.cat([model(part) for part in x.split(250)]).cpu().softmax(-1).max(-1)


def accept(models: speech.Speech, name: str, per_class: int, budget: int = 3_000_000) -> dict[str, Tensor]:
    """The first draws of a sequence that the panel is sure of, ``per_class`` of each class (section 4.1).
    ``count`` is of all accepted. Raises :class:`lt.LtError` if ``budget`` draws are not enough."""
    labels, blocks = torch.empty(0, dtype=torch.int64), budget // speech.BLOCK  # of all draws, -1 if not accepted
    for block in progress_bar(range(blocks), name=f"accepting {name}", total=blocks, unit="thousand"):
        z = speech.draws(name, block, models.generator.latent).to(models.generator.spread.device)
        confidence, label = predicted(lambda z: models.panel(models.generator.decode(z)), z)
        labels = torch.cat([labels, label.where(confidence >= speech.SURE, -1)])
        count = labels[labels >= 0].bincount(minlength=10)
        if count.min() >= per_class:
            rows = torch.cat([(labels == digit).nonzero().flatten()[:per_class] for digit in range(10)])
            found = {"rows": rows.int(), "labels": labels[rows].to(torch.uint8), "count": count}
            return {**found, "drawn": torch.tensor(len(labels))}
    raise LtError(f"of {budget:,} draws {count.tolist()} were accepted, {per_class} each are wanted: train longer")


def main(profile: Literal["quick", "laptop"] = "laptop", minutes: float = 100, to: Path = Path("_build/gan")) -> None:
    """Train the GAN of spoken digits and the classifiers around it; write weights, accepted samples and their card.
    The game of codes takes at most so many minutes; with more it goes on."""
    (source, config, accepted), device = PROFILES[profile], default_device()
    clips, test = (load("speech", split, source) for split in ("train", "test"))
    members = []
    for seed, one in enumerate((*config.panel, config.judge)):  # the panel learns from every other recording,
        half = clips.take(slice(int(seed == len(config.panel)), None, 2))  # the judge from those between
        build = partial(speech.classifier, one.kind, one.width, one.kernel)
        members.append(fitted("speech classifier", build, learn_digits, one, half, seed)[0])
    code, size = config.autoencoder.code, (config.width, config.depth)

    def autoencoder() -> nn.ModuleDict:
        return nn.ModuleDict({"encoder": speech.SpectrogramEncoder(code), "decoder": speech.SpectrogramDecoder(code)})

    def both_players() -> nn.ModuleDict:
        generator = speech.CodeGenerator(config.latent, code, *size, clips.rate)
        return nn.ModuleDict({"generator": generator, "critic": speech.code_mlp(code, 1, *size, normalised=False)})

    drawing, drawn = fitted("speech autoencoder", autoencoder, learn_codes, config.autoencoder, clips)
    gan, played = fitted("speech GAN", both_players, partial(play, drawing, 60 * minutes), config, clips)
    models = speech.Speech(gan["generator"], speech.Panel(members[:-1]).eval(), members[-1])
    parts = vars(models)
    hashes = {name: save_weights(part, to / f"speech_{name}.safetensors") for name, part in parts.items()}
    raw = save({f"{name}.{key}": v for name, n in accepted.items() for key, v in accept(models, name, n).items()})
    (to / "speech_accepted.safetensors").write_bytes(raw)
    z = torch.randn(SAMPLES, config.latent, generator=named_generator("GAN evaluation", 0)).to(device)
    sure, _ = predicted(lambda z: models.panel(models.generator.decode(z)), z)
    scores = {f"acceptance_at_{least:g}": (sure >= least).double().mean().item() for least in (0.95, speech.SURE)}
    heard = {name: predicted(parts[name], speech.log_mels(test, device))[1] for name in ("panel", "judge")}
    scores |= {f"{name}_accuracy_on_test_clips": agreement(label, test.y) for name, label in heard.items()}
    scores = {"samples": SAMPLES, "test_clips": len(test)} | {name: round(v, 4) for name, v in scores.items()}
    licence = "CC BY-SA 4.0, Free Spoken Digit Dataset, Jakobovski et al."
    card = {"what": "Generator of spoken digits (GAN of codes), the panel that accepts its samples, and a judge"}
    card["data"] = {"corpus": f"FSDD, {source}", "clips": len(clips), "licence": licence}
    card |= {"command": f"python scripts/train_gan.py --profile {profile} --minutes {minutes:g} --to {to}", "seed": 0}
    card["hardware"] = torch.cuda.get_device_name() if device.type == "cuda" else "cpu, one thread per training"
    card |= {"minutes": round(played["seconds"][0] / 60, 1), "steps": int(played["step"][-1])}
    card["minutes_of_the_autoencoder"] = round(drawn["seconds"][0] / 60, 1)
    card |= {"rate": clips.rate, "samples": clips.x.shape[1], "config": asdict(config)}
    card |= {"scores": scores, "sha256": hashes | {"accepted": hashlib.sha256(raw).hexdigest()}}
    (to / "speech.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(scores, indent=1))


if __name__ == "__main__":
    typer.run(main)
