"""The pretrained GAN of spoken digits, the panel that accepts its samples and the judge that scores: files with a card that says how they were made."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from tqdm import tqdm

from lt.cache import ASSETS, fingerprint, key_of, load_weights, save_weights, usable_cache
from lt.errors import LtError
from lt.loop import Training, default_device, initialised, named_generator
from lt.metrics import agreement
from lt.tools.sweeps import ahead, sweep
from lt.zoo.speech_gan import AutoencoderConfig, GANConfig, build_gan, build_generator, fit_autoencoder, fit_gan, inception_score
from lt.zoo.speech_judge import Clips, Panel, SpeechClassifierConfig, classifier_of, fit_speech_classifier, log_mels
from lt.zoo.speech_networks import SpectrogramEncoder

SURE = 0.999  # softmax of the panel from which a sample is accepted
ACCEPTED: Mapping[str, int] = MappingProxyType(
    {"accepted": 4_000, "accepted, held out": 250, "accepted, kept aside": 100}
)  # samples a class: what bridges learn from, what measures them, what settings are chosen by
BLOCK = 1_000  # draws of the prior that share a generator


@dataclass(frozen=True)
class Speech:
    """A generator of spoken digits and the classifiers around it."""

    generator: nn.Module  # z (n, latent) to log-mel spectrograms (n, 1, 64, 64) by ``decode``, to sound by ``waveform``
    panel: Panel  # accepts and labels what a bridge learns from; learned from one half of the recordings
    judge: nn.Module  # scores; learned from the other half, and takes part in nothing else


def load_encoder(folder: Path = ASSETS) -> SpectrogramEncoder:
    """The encoder that was trained with the generator's decoder: log-mel spectrograms (n, 1, 64, 64) to mean and std of codes."""
    facts = card(folder)
    return load_weights(
        SpectrogramEncoder(gan_config(facts).autoencoder.code), folder / "speech_encoder.safetensors", facts["sha256"]["encoder"]
    )


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


def draws(name: str, start: int, stop: int, latent: int) -> Tensor:
    """Points of the prior, rows ``start`` to ``stop`` of the endless sequence ``name``: the same on every machine, (stop - start, latent).

    Each block of 1,000 rows has a generator of its own, so that blocks can be drawn in any order.
    """
    blocks = range(start // BLOCK, -(-stop // BLOCK))
    rows = torch.cat([torch.randn(BLOCK, latent, generator=named_generator(f"{name} {block}", 0)) for block in blocks])
    return rows[start - blocks[0] * BLOCK : stop - blocks[0] * BLOCK]


@torch.no_grad()
def accept_blocks(task: tuple[Speech, str, range]) -> tuple[Tensor, Tensor]:
    """Row numbers and classes of the draws of some blocks whose samples the panel is sure of, (m,) each: section 4.1's rejection."""
    speech, name, blocks = task
    rows, classes = [], []
    for block in blocks:
        z = draws(name, block * BLOCK, (block + 1) * BLOCK, speech.generator.latent)  # type: ignore[arg-type]
        logits = torch.cat([speech.panel(speech.generator.decode(part)) for part in z.split(250)])  # type: ignore[operator]
        confidence, label = logits.softmax(-1).max(-1)
        keep = (confidence >= SURE).nonzero().flatten()
        rows.append(keep + block * BLOCK)
        classes.append(label[keep])
    return torch.cat(rows), torch.cat(classes)


def accept(speech: Speech, name: str, per_class: int, budget: int = 3_000_000) -> dict[str, Tensor]:
    """Draws of the sequence ``name`` until each class has ``per_class`` accepted samples: ``rows`` of the accepted draws, the first
    ``per_class`` of each class, their ``labels``, how many of each class there were in all, ``count``, and ``drawn``.

    Raises :class:`lt.LtError` if ``budget`` draws are not enough.
    """
    speech = Speech(*[copy.deepcopy(network).cpu().eval() for network in (speech.generator, speech.panel, speech.judge)])
    rows, labels, blocks, at_once = [], [], 0, 40
    count = torch.zeros(10, dtype=torch.int64)
    bar = tqdm(total=per_class, desc=f"accepting {name}", unit="of the rarest digit", disable=None, leave=False)
    while count.min() < per_class:
        if blocks * BLOCK >= budget:
            short = ", ".join(f"{label} ({int(n)})" for label, n in enumerate(count) if n < per_class)
            raise LtError(
                f"of {blocks * BLOCK:,} samples too few were accepted at {SURE} to have {per_class} of class {short}: train the GAN for longer"
            )
        parts = [range(block, block + at_once // 4) for block in range(blocks, blocks + at_once, at_once // 4)]
        for found, classes in sweep(accept_blocks, [(speech, name, part) for part in parts], name="accepting"):
            rows.append(found)
            labels.append(classes)
        blocks += at_once
        before, count = int(count.min()), torch.cat(labels).bincount(minlength=10)
        bar.update(min(per_class, int(count.min())) - before)
    bar.close()
    row, y = torch.cat(rows), torch.cat(labels)
    pick = torch.cat([(y == label).nonzero().flatten()[:per_class] for label in range(10)])
    return {"rows": row[pick].int(), "labels": y[pick].to(torch.uint8), "count": count, "drawn": torch.tensor(blocks * BLOCK)}


def accepted_samples(name: str, per_class: int, folder: Path = ASSETS) -> tuple[Tensor, Tensor, Tensor, int]:
    """The first ``per_class`` accepted draws of each class: z (n, latent), labels (n,), accepted of each class (10,), and draws in all.

    The file holds row numbers of draws, not draws: a thousandth of the size. Raises :class:`lt.LtError` for an altered file or if it has fewer.
    """
    path, facts = folder / "speech_accepted.safetensors", card(folder)
    try:
        raw = path.read_bytes()
        stored = load(raw)
    except (OSError, SafetensorError) as error:
        raise LtError(f"{path} cannot be read ({error}): restore it (git checkout lt/assets) or make it: python -m lt train-gan") from error
    if hashlib.sha256(raw).hexdigest() != facts["sha256"]["accepted"]:
        raise LtError(f"{path} has been altered: restore it (git checkout lt/assets)")
    rows, labels = stored[f"{name}.rows"].long(), stored[f"{name}.labels"].long()
    fewest = int(labels.bincount(minlength=10).min())
    if fewest < per_class:
        raise LtError(f"{path} holds {fewest:,} accepted samples a class, {per_class:,} are asked for: ask for fewer, or accept more")
    pick = torch.cat([(labels == label).nonzero().flatten()[:per_class] for label in range(10)])
    rows, labels = rows[pick], labels[pick]
    z = torch.empty(len(rows), facts["generator"]["latent"])
    for block in (rows // BLOCK).unique().tolist():
        of_block = rows // BLOCK == block
        z[of_block] = draws(name, block * BLOCK, (block + 1) * BLOCK, z.shape[1])[rows[of_block] - block * BLOCK]
    return z, labels, stored[f"{name}.count"], int(stored[f"{name}.drawn"])


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
    accepted: Mapping[str, int] = ACCEPTED,
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
    kept = {f"{name}.{part}": value for name, n in accepted.items() for part, value in accept(speech, name, n).items()}
    raw = save(kept)
    (folder / "speech_accepted.safetensors").write_bytes(raw)
    encoder, drawing_minutes = {}, 0.0
    if config.kind == "codes":
        autoencoder, drawing = fit_autoencoder(config.autoencoder, clips, seed, device)
        encoder, drawing_minutes = (
            {"encoder": save_weights(autoencoder.encoder, folder / "speech_encoder.safetensors")},
            drawing["seconds"][0] / 60,
        )
    with torch.no_grad():
        heard = {name: agreement(getattr(speech, name)(log_mels(test, device)).argmax(-1).cpu(), test.y) for name in ("panel", "judge")}
    made = {
        "what": f"Generator of spoken digits (GAN of {config.kind}, z ~ N(0, I) of {config.latent} dimensions), the panel that accepts its samples, and a judge",
        **facts,
        "seed": seed,
        "hardware": torch.cuda.get_device_name() if device.type == "cuda" else "cpu, one thread a training",
        "minutes": round(history["seconds"][0] / 60, 1),
        "steps": history["step"][-1],
        "minutes_of_the_autoencoder": round(drawing_minutes, 1),
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
            **{
                name: save_weights(getattr(speech, name), folder / f"speech_{name}.safetensors") for name in ("generator", "panel", "judge")
            },
            "accepted": hashlib.sha256(raw).hexdigest(),
            **encoder,
        },
    }
    (folder / "speech.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made
