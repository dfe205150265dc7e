"""The pretrained GAN of spoken digits, the panel that accepts its samples and the judge that scores: files with a card that says how they were made."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn

from lt.cache import ASSETS, fingerprint, key_of, load_weights, save_weights, usable_cache
from lt.errors import LtError
from lt.loop import Training, default_device, initialised, named_generator
from lt.metrics import agreement
from lt.tools.sweeps import ahead
from lt.zoo.speech_gan import AutoencoderConfig, GANConfig, build_gan, build_generator, fit_autoencoder, fit_gan, inception_score
from lt.zoo.speech_judge import Clips, Panel, SpeechClassifierConfig, classifier_of, fit_speech_classifier, log_mels

SURE = 0.999  # softmax of the panel from which a sample is accepted


@dataclass(frozen=True)
class Speech:
    """A generator of spoken digits and the classifiers around it."""

    generator: nn.Module  # z (n, latent) to log-mel spectrograms (n, 1, 64, 64) by ``decode``, to sound by ``waveform``
    panel: Panel  # accepts and labels what a bridge learns from; learned from one half of the recordings
    judge: nn.Module  # scores; learned from the other half, and takes part in nothing else


def half(clips: Clips, which: int) -> Clips:
    """Every other recording, from the first (0) or from the second (1) on. Sorted by digit, speaker and take, each half has all digits and speakers."""
    pick = slice(which, None, 2)
    return replace(clips, x=clips.x[pick], y=clips.y[pick], speaker=clips.speaker[pick])  # type: ignore[type-var]


def evaluate(speech: Speech, generator: torch.Generator, n: int = 10_000) -> dict:
    """Scores of a generator on n fresh samples: inception score by the judge; by the panel the share accepted at 0.95 and 0.999, and the shares of each digit."""
    with torch.no_grad():
        z = torch.randn(n, speech.generator.latent, generator=generator, device=generator.device)
        mels = [speech.generator.decode(part) for part in z.split(250)]
        judged, logits = (torch.cat([network(mel) for mel in mels]) for network in (speech.judge, speech.panel))
    confidence, label = logits.softmax(-1).max(-1)
    accepted = label[confidence >= SURE].bincount(minlength=logits.shape[1])
    return {
        "samples": n,
        "inception_score": round(inception_score(judged), 3),
        "acceptance_at_0.95": round((confidence >= 0.95).double().mean().item(), 4),
        f"acceptance_at_{SURE:g}": round(accepted.sum().item() / n, 4),
        "share_of_each_digit": [round(v, 4) for v in (accepted / accepted.sum().clamp(min=1)).tolist()],
    }


def card(folder: Path = ASSETS) -> dict:
    """Configuration, provenance and scores of the pretrained GAN; raises :class:`lt.LtError` if it cannot be read."""
    path = folder / "speech.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LtError(f"{path} cannot be read ({error}): restore it (git checkout lt/assets) or make it: python -m lt train-gan") from error


def _training(facts: dict) -> Training:
    return Training(**{**facts, "betas": tuple(facts["betas"])})  # JSON has no tuples


def gan_config(facts: dict) -> GANConfig:
    """The configuration on a card."""
    found = dict(facts["generator"])
    drawing = AutoencoderConfig(**{**found.pop("autoencoder"), "training": _training(facts["generator"]["autoencoder"]["training"])})
    return GANConfig(**{**found, "training": _training(found["training"]), "autoencoder": drawing})


def classifier_config(facts: dict) -> SpeechClassifierConfig:
    """The configuration of a classifier on a card."""
    return SpeechClassifierConfig(**{**facts, "training": _training(facts["training"])})


def load_pretrained(folder: Path = ASSETS) -> Speech:
    """The pretrained models of spoken digits; raises :class:`lt.LtError` when a file is missing, altered or does not fit its card."""
    facts = card(folder)
    generator = build_generator(gan_config(facts), facts["rate"], facts["samples"])
    panel = Panel([classifier_of(classifier_config(member)) for member in facts["panel"]])
    models = {"generator": generator, "panel": panel, "judge": classifier_of(classifier_config(facts["judge"]))}
    return Speech(**{name: load_weights(m, folder / f"speech_{name}.safetensors", facts["sha256"][name]) for name, m in models.items()})


def train_pretrained(
    config: GANConfig,
    panel: Sequence[SpeechClassifierConfig],
    judge: SpeechClassifierConfig,
    clips: Clips,
    test: Clips,
    minutes: float,
    folder: Path,
    facts: dict,
    seed: int = 0,
    every: int = 250,
    samples: int = 10_000,
) -> dict:
    """Train a GAN and the classifiers around it, write their weights and their card to ``folder``, and return the card.

    The panel learns from every other recording, the judge from those between. No classifier takes part in the GAN's game, and the last step's
    running mean is kept: nothing is picked. Training goes on where an earlier call stopped, until the game has taken ``minutes`` in all or
    has done its steps; an edit of the code or the configuration begins anew. ``facts`` are further lines of the card.
    """
    device = default_device()
    halves = [half(clips, 0), half(clips, 1)]
    calls = [*[(fit_speech_classifier, member, halves[0], seed + i, device) for i, member in enumerate(panel)]]
    calls += [(fit_speech_classifier, judge, halves[1], seed + len(panel), device)]
    if config.kind == "codes":
        calls += [(fit_autoencoder, config.autoencoder, clips, seed, device)]
    ahead(*calls, name="around the GAN")
    fitted = [fit(*arguments)[0] for fit, *arguments in calls[: len(panel) + 1]]
    gan = initialised(lambda: build_gan(config, clips), "gan", seed, device)
    key = key_of(build_gan, fit_gan, config, clips.fingerprint, seed, device)
    history = fit_gan(
        gan,
        config,
        clips,
        named_generator("gan", seed, device),
        seed=seed,
        checkpoint=usable_cache() / "checkpoints" / f"gan-{fingerprint(json.dumps(key, sort_keys=True))}.pt",
        seconds=60 * minutes,
        every=every,
    )
    speech = Speech(gan.generator, Panel(fitted[:-1]).eval(), fitted[-1])  # type: ignore[arg-type]
    with torch.no_grad():
        heard = {name: agreement(getattr(speech, name)(log_mels(test, device)).argmax(-1).cpu(), test.y) for name in ("panel", "judge")}
    made = {
        "what": f"Generator of spoken digits (GAN of {config.kind}, z ~ N(0, I) of {config.latent} dimensions), the panel that accepts its samples, and a judge",
        **facts,
        "seed": seed,
        "hardware": torch.cuda.get_device_name() if device.type == "cuda" else "cpu, one thread a training",
        "minutes": round(history["seconds"][0] / 60, 1),
        "steps": history["step"][-1],
        "minutes_of_the_autoencoder": round(fit_autoencoder(config.autoencoder, clips, seed, device)[1]["seconds"][0] / 60, 1)
        if config.kind == "codes"
        else 0.0,
        "rate": clips.rate,
        "samples": clips.x.shape[1],
        "generator": asdict(config),
        "panel": [asdict(member) for member in panel],
        "judge": asdict(judge),
        "scores": {
            **evaluate(speech, named_generator("GAN evaluation", seed, device), samples),
            **{f"{name}_accuracy_on_test_clips": round(value, 4) for name, value in heard.items()},
            "test_clips": len(test.y),
        },
        "sha256": {
            name: save_weights(getattr(speech, name), folder / f"speech_{name}.safetensors") for name in ("generator", "panel", "judge")
        },
    }
    (folder / "speech.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made
