"""What each profile spends: the only place with budgets."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lt import LtError
from lt.train import BridgeConfig, ClassifierConfig, Optim, VAEConfig


@dataclass(frozen=True)
class Profile:
    """Data and budgets of one way to run the book."""

    name: str
    source: str  # which data: "embedded" or "full"
    seeds: int  # bridges per pair of domains, seeds 0 .. seeds - 1
    vae: Mapping[str, VAEConfig]  # base model of each corpus
    judge: Mapping[str, ClassifierConfig]  # classifier of each corpus
    bridge: BridgeConfig  # MNIST <-> MNIST and MNIST <-> Fashion-MNIST
    copies: int  # jittered versions of each training image that a bridge sees beside the image itself
    jitter: Mapping[str, float]  # how far they are moved
    reading_steps: int  # steps of each run that compares readings of the objective in chapter 03
    toy: BridgeConfig  # chapter 01
    toy_seeds: int  # repetitions of chapter 01
    toy_points: int  # points a domain in chapter 01


def _corpora(mnist, fashion) -> Mapping:
    return MappingProxyType({"mnist": mnist, "fashion": fashion})


def _toy(steps: int) -> BridgeConfig:
    # the authors' synthetic experiment: narrow layers and these weights
    return BridgeConfig(Optim(steps, 128), latent=2, shared=2, width=16, depth=3, classes=2, beta_kl=0.025, beta_swd=0.2, beta_cls=0.5)


_QUICK = Profile(
    name="quick",
    source="embedded",
    seeds=1,
    vae=_corpora(
        VAEConfig(Optim(1500, 128, 1.5e-3, "onecycle"), width=512, warmup=0.3, jitter=0.5),
        VAEConfig(Optim(1500, 128, 1.5e-3, "onecycle"), width=512, warmup=0.3, jitter=0.25),
    ),
    judge=_corpora(
        ClassifierConfig(Optim(1200, 128, 1e-3, "onecycle"), width=256, jitter=0.7),
        ClassifierConfig(Optim(1200, 128, 1e-3, "onecycle"), width=256, jitter=0.4),
    ),
    bridge=BridgeConfig(Optim(2500, 128, 1.5e-3, "onecycle"), width=256, beta_kl=3e-4, beta_cls=0.3),
    copies=4,
    jitter=_corpora(0.7, 0.4),
    reading_steps=500,
    toy=_toy(4000),
    toy_seeds=1,
    toy_points=2000,
)

_LAPTOP = Profile(
    name="laptop",
    source="full",
    seeds=5,
    vae=_corpora(
        VAEConfig(Optim(3750, 256, 1.5e-3, "onecycle"), warmup=0.3, jitter=0.5),
        VAEConfig(Optim(6000, 256, 1e-3, "onecycle"), warmup=0.5),  # moved clothes raised the held-out error
    ),
    judge=_corpora(
        ClassifierConfig(Optim(4000, 256, 1.5e-3, "onecycle"), jitter=0.7),
        ClassifierConfig(Optim(4000, 256, 1.5e-3, "onecycle"), jitter=0.4),
    ),
    bridge=BridgeConfig(Optim(4000, 128, 1.5e-3, "onecycle"), beta_kl=3e-4, beta_cls=0.3),
    copies=2,
    jitter=_corpora(0.7, 0.4),
    reading_steps=2000,
    toy=_toy(5000),
    toy_seeds=5,
    toy_points=5000,
)

# Sections B.1 and B.2 to the letter: epochs become steps of the 60,000 training items, the learning rate is constant
_PAPER = Profile(
    name="paper",
    source="full",
    seeds=5,
    vae=_corpora(VAEConfig(Optim(100 * 60_000 // 512, 512)), VAEConfig(Optim(100 * 60_000 // 512, 512))),
    judge=_corpora(ClassifierConfig(Optim(100 * 60_000 // 256, 256)), ClassifierConfig(Optim(100 * 60_000 // 256, 256))),
    bridge=BridgeConfig(Optim(50_000, 128)),
    copies=0,
    jitter=_corpora(0.0, 0.0),
    reading_steps=50_000,
    toy=_toy(5000),
    toy_seeds=5,
    toy_points=5000,
)

PROFILES = {profile.name: profile for profile in (_QUICK, _LAPTOP, _PAPER)}


def get(name: str) -> Profile:
    """The profile of that name; raises :class:`lt.LtError` for any other."""
    if name not in PROFILES:
        raise LtError(f"unknown profile {name!r}: choose one of {', '.join(PROFILES)}")
    return PROFILES[name]
