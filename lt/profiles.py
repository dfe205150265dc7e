"""What each profile spends: the only place with budgets."""

from dataclasses import dataclass

from lt import LtError
from lt.train import BridgeConfig, ClassifierConfig, Optim, VAEConfig


@dataclass(frozen=True)
class Profile:
    """Data and budgets of one way to run the book."""

    name: str
    source: str  # which data: "embedded" or "full"
    seeds: int  # bridges per pair of domains, seeds 0 .. seeds - 1
    vae_mnist: VAEConfig
    vae_fashion: VAEConfig
    classifier: ClassifierConfig
    bridge: BridgeConfig  # MNIST <-> MNIST and MNIST <-> Fashion-MNIST
    reading_steps: int  # steps of the two runs that compare readings of the objective in chapter 03
    toy: BridgeConfig  # chapter 01
    toy_seeds: int
    toy_points: int  # points a domain in chapter 01


def _toy(steps: int) -> BridgeConfig:
    # the authors' synthetic experiment: three layers of 8 units and these weights
    return BridgeConfig(Optim(steps, 128), latent=2, shared=2, width=16, depth=3, classes=2, beta_kl=0.025, beta_swd=0.2, beta_cls=0.5)


_QUICK = Profile(
    name="quick",
    source="embedded",
    seeds=1,
    vae_mnist=VAEConfig(Optim(1500, 128, 1.5e-3, "onecycle"), width=512),
    vae_fashion=VAEConfig(Optim(1500, 128, 1.5e-3, "onecycle"), width=512, warmup=0.3),
    classifier=ClassifierConfig(Optim(600, 128, 1e-3, "onecycle"), width=256),
    bridge=BridgeConfig(Optim(2500, 128, 1.5e-3, "onecycle"), width=256, beta_kl=3e-4, beta_cls=0.3),
    reading_steps=500,
    toy=_toy(1500),
    toy_seeds=1,
    toy_points=2000,
)

_LAPTOP = Profile(
    name="laptop",
    source="full",
    seeds=5,
    vae_mnist=VAEConfig(Optim(3750, 256, 1.5e-3, "onecycle"), warmup=0.3),
    vae_fashion=VAEConfig(Optim(3750, 256, 1.5e-3, "onecycle"), warmup=0.3),
    classifier=ClassifierConfig(Optim(3000, 256, 1.5e-3, "onecycle")),
    bridge=BridgeConfig(Optim(4000, 128, 1.5e-3, "onecycle"), beta_kl=3e-4, beta_cls=0.3),
    reading_steps=2500,
    toy=_toy(5000),
    toy_seeds=5,
    toy_points=5000,
)

# Sections B.1 and B.2 to the letter: epochs become steps of the 60,000 training items, the learning rate is constant
_PAPER = Profile(
    name="paper",
    source="full",
    seeds=5,
    vae_mnist=VAEConfig(Optim(100 * 60_000 // 512, 512)),
    vae_fashion=VAEConfig(Optim(100 * 60_000 // 512, 512)),
    classifier=ClassifierConfig(Optim(100 * 60_000 // 256, 256)),
    bridge=BridgeConfig(Optim(50_000, 128)),
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
