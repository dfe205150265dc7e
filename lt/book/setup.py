"""The base models of one profile, what bridges see of them, and the data that measures them, for all chapters."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lt import datasets
from lt.book.profiles import Profile
from lt.datasets.images import Images
from lt.latents import Domain, Latents
from lt.loop import History, default_device, named_generator, one_thread
from lt.tools.sweeps import ahead
from lt.zoo import pretrained, vae
from lt.zoo.augment import jitter
from lt.zoo.image_judge import fit_second_judge

KEYS = {"mnist": ("mnist", 0), "mnist_b": ("mnist", 1), "fashion": ("fashion", 0)}  # domain: corpus, seed of its VAE
TITLES = {"mnist": "MNIST", "mnist_b": "MNIST, second model", "fashion": "Fashion-MNIST", "speech": "speech"}


def corpus(key: str) -> str:
    """The corpus of a domain: ``mnist`` for both MNIST models."""
    return KEYS[key][0] if key in KEYS else key


def seed_of(profile: Profile, key: str, base: int) -> int:
    """The seed of a domain's VAE in a set of base models: with three sets, MNIST has seeds 0, 1, 2 and its second model 1, 2, 0."""
    return (KEYS[key][1] + base) % max(2, profile.base_models) if KEYS[key][0] == "mnist" else base


@dataclass(eq=False)
class Setup:
    """Base models as domains by their names, with data and latents that are made when they are asked for."""

    profile: Profile
    device: torch.device
    domains: dict[str, Domain] = field(default_factory=dict)
    modules: dict[str, nn.Module] = field(default_factory=dict)  # VAE or generator of each domain
    histories: dict[str, History] = field(default_factory=dict)  # of what was trained
    _made: dict[str, Latents] = field(default_factory=dict)

    def train(self, name: str) -> Images:
        """The training split of ``mnist`` or ``fashion``."""
        return _images(name, "train", self.profile.source)

    def test(self, name: str) -> Images:
        """The test split of ``mnist`` or ``fashion``."""
        return _images(name, "test", self.profile.source)

    def second_judge(self, name: str) -> nn.Module:
        """A convolutional judge of ``mnist`` or ``fashion``: another seed and another kind of network than the first."""
        judge, self.histories[f"second judge {name}"] = fit_second_judge(self.profile.second_judge[name], self.train(name), 1, self.device)
        return judge

    def seen(self, key: str) -> Latents:
        """What bridges see of a domain: latents of its training split and of jittered copies, or accepted samples of a GAN."""
        if key == "speech":
            return self.spoken("accepted", self.profile.accepted)[0]
        if f"seen {key}" not in self._made:
            images, amount = self.train(corpus(key)), self.profile.jitter[corpus(key)]
            generator = named_generator(f"latents {key}", 0, self.device)
            augment = functools.partial(_jittered, amount)
            with one_thread():  # the last bits of a product depend on the threads, and the cache keys of bridges on these bits
                self._made[f"seen {key}"] = self.domains[key].latents(images.x, images.y, self.profile.copies, augment, generator)
        return self._made[f"seen {key}"]

    def own(self, key: str) -> Latents:
        """Latents of the training items alone: the first rows of what bridges see."""
        return self.seen(key) if key == "speech" else self.seen(key).take(slice(len(self.train(corpus(key)))))

    def held(self, key: str) -> Latents:
        """Latents of the test split, or accepted samples of another seed."""
        if key == "speech":
            return self.spoken("accepted, held out", self.profile.fresh)[0]
        if f"held {key}" not in self._made:
            images = self.test(corpus(key))
            with one_thread():
                self._made[f"held {key}"] = self.domains[key].latents(images.x, images.y)
        return self._made[f"held {key}"]

    def spoken(self, name: str, per_class: int) -> tuple[Latents, Tensor, int]:
        """Accepted samples of the speech GAN with the panel's labels, how many of each class there were, and of how many draws."""
        z, y, count, drawn = pretrained.accepted_samples(name, per_class)
        z, y = z.to(self.device), y.to(self.device)
        return Latents("speech", z, torch.zeros_like(z), y, self.domains["speech"]), count, drawn


def models(profile: Profile, keys: Sequence[str] = tuple(KEYS), base: int = 0, device: torch.device | None = None) -> Setup:
    """The domains ``keys`` of one profile; base models that are not in the cache are trained, side by side.

    ``base`` numbers sets of base models: each VAE has another seed in another set, and the second model of MNIST is never the first.
    """
    setup = Setup(profile, device or default_device())
    wanted = [(key, KEYS[key][0], seed_of(profile, key, base)) for key in keys if key != "speech"]
    corpora = {name: setup.train(name) for _, name, _ in wanted}
    ahead(
        *[(vae.fit_vae, profile.vae[name], corpora[name], seed) for _, name, seed in wanted],
        *[(vae.fit_judge, profile.judge[name], images, 0) for name, images in corpora.items()],
        name="base models",
    )
    judges = {}
    for name, images in corpora.items():
        judges[name], setup.histories[f"judge {name}"] = vae.fit_judge(profile.judge[name], images, 0, setup.device)
    for key, name, seed in wanted:
        model, setup.histories[f"VAE {name} {seed}"] = vae.fit_vae(profile.vae[name], corpora[name], seed, setup.device)
        setup.modules[key] = model
        setup.domains[key] = Domain(key, model.encode, model.decode, judges[name], model.latent, setup.device)
    if "speech" in keys:
        speech = pretrained.load_pretrained()
        setup.modules["speech"] = generator = speech.generator.to(setup.device)
        # the panel that accepted what a bridge learns from does not score it
        setup.domains["speech"] = Domain("speech", None, generator.decode, speech.judge.to(setup.device), generator.latent, setup.device)  # type: ignore[arg-type]
    return setup


@functools.cache
def _images(name: str, split: str, source: str) -> Images:
    return datasets.images.load(name, split, source)


def _jittered(amount: float, x: Tensor, generator: torch.Generator) -> Tensor:
    return jitter(x, amount, generator)
