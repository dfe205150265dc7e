"""What each profile spends on what chapters share: data, base models, judges and the standard bridges."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from lt.bridge import BridgeConfig
from lt.loop import Training
from lt.models.images import JudgeConfig, VAEConfig
from lt.own.inputs import chosen


@dataclass(frozen=True)
class Profile:
    """One way to run the book. What a single chapter spends stands in that chapter."""

    name: str
    source: str  # which data: "embedded" or "full"
    vae: Mapping[str, VAEConfig]  # base model of each corpus of images
    judge: Mapping[str, JudgeConfig]  # its classifier
    second_judge: Mapping[str, JudgeConfig]  # a convolutional one, which judges what the first has judged
    bridge: BridgeConfig  # between image domains
    speech_bridge: BridgeConfig  # MNIST <-> speech
    jitter: Mapping[str, float]  # how far the copies are moved
    copies: int = 2  # jittered versions of each training image that a bridge sees beside the image itself
    sets: int = 6  # disjoint sets of base models: set s has MNIST VAEs of seeds 2s and 2s + 1, a Fashion VAE of seed s
    test_items: int | None = None  # random held-out images that measure everything; None: all
    accepted: int = 4000  # latents of speech per class that a bridge learns from
    fresh: int = 200  # latents of speech per class, of other draws, that measure it


def _corpora(mnist: Any, fashion: Any) -> Mapping[str, Any]:
    return MappingProxyType({"mnist": mnist, "fashion": fashion})


def _judges(training: Training, mnist: float, fashion: float, **sizes: Any) -> Mapping[str, JudgeConfig]:
    return _corpora(*(JudgeConfig(training, jitter=amount, **sizes) for amount in (mnist, fashion)))


def _muon(steps: int, batch: int, average: float = 0.0) -> Training:
    return Training(steps, batch, 2e-3, "onecycle", muon=0.02, average=average)


_SPEECH_TRAINING = Training(6000, 128, 4e-3, "onecycle", average=0.995)
_SPEECH = BridgeConfig(_SPEECH_TRAINING, shared=16, width=256, beta_kl=3e-4, beta_swd=3.0, beta_cls=3.0)
_VAE = VAEConfig(_muon(1000, 256), width=512)  # chosen on 5,000 training images kept aside: jitter helps neither
_LAPTOP = Profile(
    name="laptop",
    source="full",
    vae=_corpora(_VAE, replace(_VAE, training=_muon(1500, 256), warmup=0.5)),  # warm-up helps Fashion-MNIST alone
    judge=_judges(Training(4000, 256, 1.5e-3, "onecycle"), 0.7, 0.4),
    second_judge=_judges(Training(2500, 128, 2e-3, "onecycle"), 0.7, 0.4, conv=True, width=16),
    bridge=BridgeConfig(_muon(2600, 256)),
    speech_bridge=_SPEECH,
    jitter=_corpora(0.7, 0.4),
)

# with Muon, narrow networks and many small steps reach most in equal time: chosen on other training images
_QUICK_SPEECH = replace(_SPEECH_TRAINING, steps=1200, average=0.99)
_QUICK_VAE = VAEConfig(_muon(1000, 128), width=128, depth=2)
_SMALL = {"source": "embedded", "copies": 4, "sets": 1, "test_items": 1000, "accepted": 500, "fresh": 30}
_QUICK = replace(
    _LAPTOP,
    name="quick",
    vae=_corpora(replace(_QUICK_VAE, jitter=0.5), replace(_QUICK_VAE, jitter=0.25)),
    judge=_judges(_muon(900, 128), 1.0, 0.4, width=128),
    second_judge=_judges(Training(600, 64, 4e-3, "onecycle"), 0.7, 0.4, conv=True, width=8),
    bridge=BridgeConfig(_muon(800, 96, 0.99), projections=64),
    speech_bridge=replace(_SPEECH, training=_QUICK_SPEECH, width=128, beta_cls=1.0),
    **_SMALL,
)

# section B.1, and the authors' code: absolute differences in the SWD, a classifier that stays as it was drawn
BY_THE_TEXT = BridgeConfig(Training(50_000, 128), width=512, standardise=False, beta_kl=0.05, beta_cls=0.05)
BY_THE_CODE = replace(BY_THE_TEXT, training=Training(20_000, 512), beta_kl=0.005, power=1, frozen=True)
_LONG = replace(BY_THE_TEXT, training=Training(25_000, 128), shared=16, width=1024, depth=8)  # half the paper's steps
_PAPER_VAE = VAEConfig(Training(100 * 60_000 // 512, 512))  # B.1 and B.2: epochs of 60,000 items become steps
_PAPER = replace(
    _LAPTOP,
    name="paper",
    vae=_corpora(_PAPER_VAE, _PAPER_VAE),
    judge=_judges(Training(100 * 60_000 // 256, 256), 0.0, 0.0),
    bridge=BY_THE_TEXT,
    speech_bridge=replace(_LONG, beta_kl=0.01, beta_swd=3.0, beta_cls=0.3),
    jitter=_corpora(0.0, 0.0),
    copies=0,
    sets=1,
    accepted=1300,
)
PROFILES = {profile.name: profile for profile in (_QUICK, _LAPTOP, _PAPER)}


def get(name: str) -> Profile:
    """The profile of that name; raises :class:`lt.LtError` for any other."""
    chosen("profile", name, PROFILES)
    return PROFILES[name]
