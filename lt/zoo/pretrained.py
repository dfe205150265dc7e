"""The pretrained GAN of spoken digits and its judge: files with a card that says how they were made."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from lt.cache import ASSETS, fingerprint, key_of, load_weights, save_weights, usable_cache
from lt.errors import LtError
from lt.loop import Training, default_device, initialised, named_generator
from lt.metrics import agreement
from lt.zoo.speech_gan import GANConfig, build_gan, build_generator, fit_gan, inception_score
from lt.zoo.speech_judge import Clips, SpectrogramCNN, SpeechClassifierConfig, fit_speech_classifier, log_mels


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
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LtError(f"{path} cannot be read ({error}): restore it (git checkout lt/assets) or make it: python -m lt train-gan") from error


def gan_config(facts: dict) -> GANConfig:
    """The configuration on a card."""
    training = {**facts["generator"]["training"], "betas": tuple(facts["generator"]["training"]["betas"])}  # JSON has no tuples
    return GANConfig(**{**facts["generator"], "training": Training(**training)})


def load_pretrained(folder: Path = ASSETS) -> tuple[nn.Module, SpectrogramCNN]:
    """Generator and judge of spoken digits; raises :class:`lt.LtError` when a file is missing, altered or does not fit its card."""
    facts = card(folder)
    generator = build_generator(gan_config(facts), facts["rate"], facts["samples"])
    judge = SpectrogramCNN(10, facts["judge"]["width"], facts["judge"]["kernel"])
    models = {"generator": generator, "judge": judge}
    return tuple(load_weights(m, folder / f"speech_{name}.safetensors", facts["sha256"][name]) for name, m in models.items())  # type: ignore[return-value]


def train_pretrained(
    config: GANConfig,
    features: SpeechClassifierConfig,
    judge: SpeechClassifierConfig,
    clips: Clips,
    test: Clips,
    minutes: float,
    folder: Path,
    facts: dict,
    seed: int = 0,
    watch: Callable[[Tensor, float, float], None] | None = None,
) -> dict:
    """Train a GAN and the classifiers around it, write generator, judge and their card to ``folder``, and return the card.

    Training goes on where an earlier call stopped, until it has taken ``minutes`` in all; an edit of the code or the configuration begins anew. ``facts`` are
    further lines of the card; ``watch`` as in :func:`lt.zoo.speech_gan.fit_gan`.
    """
    device = default_device()
    frozen, _ = fit_speech_classifier(features, clips, seed + 1, device)
    ear, _ = fit_speech_classifier(judge, clips, seed, device)
    with torch.no_grad():
        heard = agreement(ear(log_mels(test, device)).argmax(-1).cpu(), test.y)
    gan = initialised(lambda: build_gan(config, clips, features.width), "gan", seed, device)
    key = key_of(build_gan, train_pretrained, config, f"{clips.fingerprint} {features} {judge}", seed, device)
    history = fit_gan(
        gan,
        config,
        clips,
        frozen,
        ear,
        named_generator("gan", seed, device),
        checkpoint=usable_cache() / "checkpoints" / f"gan-{fingerprint(json.dumps(key, sort_keys=True))}.pt",
        seconds=60 * minutes,
        watch=watch,
    )
    scores = evaluate(gan.average.decode, ear, config.latent, named_generator("GAN evaluation", seed, device))  # type: ignore[arg-type]
    made = {
        "what": f"Generator of spoken digits ({config.kind}, z ~ N(0, I) of {config.latent} dimensions) and a classifier that judges it",
        **facts,
        "seed": seed,
        "hardware": torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {torch.get_num_threads()} cores",
        "minutes": round(history["seconds"][0] / 60, 1),
        "steps": history["step"][-1],
        "best_step": history["step"][max(range(len(history["score"])), key=history["score"].__getitem__)],
        "rate": clips.rate,
        "samples": clips.x.shape[1],
        "generator": asdict(config),
        "judge": asdict(judge),
        "scores": {**scores, "judge_accuracy_on_test_clips": round(heard, 4), "test_clips": len(test.y)},
        "inception_score_every_250_steps": [round(v, 3) for v in history["score"]],
        "sha256": {
            "generator": save_weights(gan.average, folder / "speech_generator.safetensors"),
            "judge": save_weights(ear, folder / "speech_judge.safetensors"),
        },
    }
    (folder / "speech.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made
