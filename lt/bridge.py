"""The bridge: configuration, objective, training, translation, scores, saving and loading."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from lt import __version__, losses, metrics
from lt.cache import cached, load_weights, save_weights
from lt.errors import LtError
from lt.latents import UNKNOWN, Domain, Latents, labels_of
from lt.loop import History, Objective, Training, fit, named_generator
from lt.networks import BridgingVAE, GatedMixing, PlainOutput, sample

FORMAT = "1"  # of saved bridges
OUTPUTS: dict[str, type[nn.Module]] = {"gated": GatedMixing, "linear": PlainOutput}


@dataclass(frozen=True)
class BridgeConfig:
    """A bridging VAE and its objective (sections 3 and B.1). The defaults are the book's, in half of the steps of its profile ``laptop``, not the paper's."""

    training: Training = Training(1300, 256, 2e-3, "onecycle", muon=0.02, average=0.99)
    shared: int = 8  # dimensions of z'
    width: int = 128  # units a layer
    depth: int = 4  # layers in the encoder and in the decoder
    conditional: bool = True  # whether the networks see the domain label
    output: str = "gated"  # last layers: "gated" mixing (Figure 10), or plain "linear" ones
    frozen: bool = False  # whether the latent classifier keeps its random initial weights (the authors' code)
    standardise: bool = True  # whether each domain's latents are centred and brought to a mean variance of 1
    beta_kl: float = 2e-3  # weight of the KL term
    beta_swd: float = 1.0  # weight of the sliced Wasserstein distance
    beta_cls: float = 0.3  # weight of the classification loss
    reduction: str = "mean"  # squared error over dimensions: "mean" (the authors' code) or "sum" (the paper's text)
    projections: int = 128  # random directions a step
    power: int = 2  # 2: W_2^2 as in the paper's text, 1: absolute differences as in the authors' code


def bridge_objective(
    network: BridgingVAE,
    config: BridgeConfig,
    latents: Sequence[Latents],
    classifier: Callable[[Tensor], Tensor] | None = None,
    anchor: Latents | None = None,
) -> Objective:
    """The total loss of section 3: ELBO of every domain, SWD between domains, classification in the shared space.

    All domains go through the network as one batch. Batches are drawn uniformly: no label balances them, so the unsupervised
    terms see no labels. Where some labels are not known (-1), the classification term draws a batch of its own from the items
    whose label is; domains without a label have no such term. To join a domain to a finished bridge, ``classifier`` is the
    bridge's, and ``anchor`` the points of its shared space that the new domain's are laid over.
    """
    batch, device, domains = config.training.batch, latents[0].mean.device, len(latents)
    domain = torch.arange(domains, device=device).repeat_interleave(batch)  # (domains * batch,)
    sizes = None if len(set(network.sizes)) == 1 else torch.tensor(network.sizes, device=device)
    known = [(d.y != UNKNOWN).nonzero().flatten() for d in latents]
    complete = all(len(k) == len(d) for k, d in zip(known, latents, strict=True))
    labelled = [i for i, k in enumerate(known) if len(k)]
    of_labelled = torch.tensor(labelled, dtype=torch.int64, device=device).repeat_interleave(batch)
    classify = classifier or network.classifier

    def draw(items: Sequence[tuple[int, Tensor]], generator: torch.Generator) -> Tensor:
        """A fresh posterior sample of each item, padded to one size: (items, latent)."""
        return torch.cat([F.pad(latents[i].sample(generator, k), (0, network.latent - latents[i].size)) for i, k in items])

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        index = [torch.randint(len(d), (batch,), generator=generator, device=device) for d in latents]
        z = draw(list(enumerate(index)), generator)  # (domains * batch, latent)
        mean, std = network.encode(z, domain)
        z_shared = sample(mean, std, generator)
        z_hat = network.decode(z_shared, domain)
        if sizes is not None:  # what pads a smaller latent is not reconstructed
            z_hat = z_hat * (torch.arange(network.latent, device=device) < sizes[domain][:, None])
        terms = {
            "reconstruction": losses.squared_error(z, z_hat, config.reduction, None if sizes is None else sizes[domain]),
            "kl": losses.gaussian_kl(mean, std).mean(),
        }
        # means over the joint batch are 1/domains of the sums over domains in the paper
        loss = domains * (terms["reconstruction"] + config.beta_kl * terms["kl"])
        if config.beta_swd and (domains > 1 or anchor is not None):
            sets = z_shared.view(domains, batch, -1)
            if anchor is not None:
                i = torch.randint(len(anchor), (batch,), generator=generator, device=device)
                sets = torch.cat([sets, anchor.sample(generator, i)[None]])
            directions = losses.random_directions(config.projections, config.shared, generator)
            terms["swd"] = losses.pairwise_sliced_wasserstein(sets, directions, config.power)
            loss = loss + config.beta_swd * terms["swd"]
        if config.beta_cls and labelled:
            if not complete:
                index = [known[i][torch.randint(len(known[i]), (batch,), generator=generator, device=device)] for i in labelled]
                z_shared = sample(*network.encode(draw(list(zip(labelled, index, strict=True)), generator), of_labelled), generator)
            y = torch.cat([latents[i].y[k] for i, k in zip(labelled, index, strict=True)])
            terms["classification"] = losses.classification(classify(z_shared), y)
            loss = loss + len(labelled) * config.beta_cls * terms["classification"]
        return {"loss": loss, **terms}

    return objective


class Bridge(nn.Module):
    """A trained bridge. Domains are addressed by their names; the bridge keeps the centre and scale of each domain's latents.

    The first part serves the domains that were trained together, and each that was joined later has one of its own (:mod:`lt.tools.join`).
    """

    def __init__(self, config: BridgeConfig, names: Sequence[str], sizes: Sequence[int], classes: int):
        super().__init__()
        if config.output not in OUTPUTS:
            raise LtError(f"unknown output {config.output!r}: choose {' or '.join(OUTPUTS)}")
        self.config, self.classes = config, classes
        self.names: list[str] = []
        self.sizes: list[int] = []
        self.parts = nn.ModuleList()
        self.domains: dict[str, Domain] = {}  # the models, where they are at hand
        self.history: History = {}
        self.scores: dict[str, dict] = {}
        self.add_part(network_of(config, sizes, classes), names)

    def add_part(self, part: BridgingVAE, names: Sequence[str]) -> None:
        """Take in a network and the names of the domains that it serves, with a centre of 0 and a scale of 1."""
        self.parts.append(part)
        for name, size in zip(names, part.sizes, strict=True):
            self.register_buffer(f"shift_{len(self.names)}", torch.zeros(size))
            self.register_buffer(f"scale_{len(self.names)}", torch.ones(()))
            self.names.append(name)
            self.sizes.append(size)

    @property
    def network(self) -> BridgingVAE:
        """The network of the domains that were trained together; its classifier is that of the shared space."""
        return cast(BridgingVAE, self.parts[0])

    def _place(self, name: str) -> tuple[BridgingVAE, int, Tensor, Tensor]:
        if name not in self.names:
            raise LtError(f"unknown domain {name!r}: this bridge joins {', '.join(self.names)}")
        i, together = self.names.index(name), len(self.network.sizes)
        part, index = (0, i) if i < together else (i - together + 1, 0)
        return cast(BridgingVAE, self.parts[part]), index, getattr(self, f"shift_{i}"), getattr(self, f"scale_{i}")

    def encode(self, z: Tensor, name: str) -> tuple[Tensor, Tensor]:
        """Mean and std of ``q(z'|z, D)``: latents z (n, latent) of domain ``name`` to two of (n, shared)."""
        part, index, shift, scale = self._place(name)
        if z.shape[-1] != len(shift):
            raise LtError(f"{name}: latents have {z.shape[-1]} dimensions, this bridge expects {len(shift)}")
        return part.encode((z - shift) / scale, index)

    def decode(self, z_shared: Tensor, name: str) -> Tensor:
        """Mean of ``g(z|z', D)``: z' (n, shared) to latents (n, latent) of domain ``name``."""
        part, index, shift, scale = self._place(name)
        return part.decode(z_shared, index) * scale + shift

    def transfer(self, z: Tensor, source: str, target: str, generator: torch.Generator | None = None) -> Tensor:
        """Encode with one domain label, decode with another: (n, latent of source) to (n, latent of target) (section 3).

        With ``source == target`` this is the reconstruction. The posterior mean is used unless ``generator`` is given, which
        then draws z' from the posterior.
        """
        mean, std = self.encode(z, source)
        return self.decode(mean if generator is None else sample(mean, std, generator), target)

    def domain(self, name: str) -> Domain:
        """The model of that name; raises :class:`lt.LtError` if it is not at hand."""
        self._place(name)
        if name not in self.domains:
            raise LtError(f"the model of {name!r} is not at hand: load_bridge(path, [Domain({name!r}, ...)])")
        return self.domains[name]

    @torch.no_grad()
    def translate(self, x: Any, source: str, target: str, generator: torch.Generator | None = None) -> Tensor:
        """Items x (n, ...) of one domain to items of another: encode, transfer, decode, by posterior means."""
        z = self.domain(source).posterior(x)[0].to(self.network.classifier.weight.device)
        return self.domain(target).items(self.transfer(z, source, target, generator))

    def score(self, x: Any, source: str, target: str, y: Any = None, real: Tensor | None = None) -> dict[str, float | None]:
        """How well items x (n, ...) are translated: class, diversity and neighbourhood, as one row of numbers; kept in ``scores``.

        ``transfer_accuracy``, with a 95 % interval, compares the target judge's class of the results with labels y (n,; -1 is left out), or
        with the source judge's class. ``diversity`` is the mean distance within a class, relative to that of ``real`` items of the target if
        given. ``trustworthiness`` compares neighbours within a class before and after; None if a class has 20 items or fewer.
        """
        points = self.domain(source).posterior(x)[0]
        made = self.translate(x, source, target)
        before = (self.domain(source).classify(x) if y is None else labels_of(y)).to(made.device)
        if len(before) != len(made) or not (before != UNKNOWN).any():
            raise LtError(
                f"{source}->{target}: {len(made)} items, {int((before != UNKNOWN).sum())} known labels of {len(before)}: give one an item"
            )
        points, made, before = (part[before != UNKNOWN] for part in (points, made, before))
        value, low, high = metrics.interval([metrics.agreement(before, self.domain(target).classify(made))], len(before))
        pick = torch.cat([(before == label).nonzero().flatten()[:300] for label in before.unique()])
        fewest, own = int(before.unique(return_counts=True)[1].min()), 1.0
        if real is not None:
            some = torch.as_tensor(real)[:3000].to(made.device)
            own = metrics.diversity(some, self.domain(target).classify(some))
        varied = metrics.diversity(made[pick], before[pick]) / own if fewest > 1 else None
        ties = named_generator("ties", 0, made.device)
        near = metrics.trustworthiness(points[pick], made[pick], before[pick], ties) if fewest > 20 else None
        row = {"transfer_accuracy": value, "low": low, "high": high, "diversity": varied, "trustworthiness": near, "n": len(before)}
        self.scores[f"{source}->{target}"] = row
        return row

    def save(self, path: str | Path) -> None:
        """Write weights, configuration, names, latent statistics, versions and scores to one safetensors file (single precision)."""
        shape = {"names": self.names, "sizes": self.sizes, "together": len(self.network.sizes), "classes": self.classes}
        versions = {"latent-translation-book": __version__, "torch": torch.__version__}
        facts = {"config": asdict(self.config), **shape, "scores": self.scores, "versions": versions}
        save_weights(self, Path(path), {"format": FORMAT, "bridge": json.dumps(facts)}, torch.float32)


def load_bridge(path: str | Path, domains: Sequence[Domain] = ()) -> Bridge:
    """A bridge written by :meth:`Bridge.save`, with the models of its domains where they are given.

    Raises :class:`lt.LtError` for a file that is no bridge, for a model of a domain that it does not join, and for a model with another latent size.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise LtError(f"{path} cannot be read: {error}; give a file that Bridge.save wrote") from error
    if metadata.get("format") != FORMAT or "bridge" not in metadata:
        raise LtError(f"{path} holds no bridge of format {FORMAT}: save it again with this version")
    facts = json.loads(metadata["bridge"])
    training = {**facts["config"]["training"], "betas": tuple(facts["config"]["training"]["betas"])}
    config = BridgeConfig(**{**facts["config"], "training": Training(**training)})
    names, sizes, together = facts["names"], facts["sizes"], facts["together"]
    bridge = Bridge(config, names[:together], sizes[:together], facts["classes"])
    for name, size in zip(names[together:], sizes[together:], strict=True):
        bridge.add_part(network_of(config, [size], facts["classes"]), [name])
    load_weights(bridge, Path(path))
    bridge.scores = facts["scores"]
    for domain in [domains] if isinstance(domains, Domain) else domains:
        _, _, shift, _ = bridge._place(domain.name)
        if getattr(domain, "latent", None) not in (None, len(shift)):
            raise LtError(f"{domain.name}: its latents have {domain.latent} dimensions, those of {path} have {len(shift)}: another model")
        bridge.domains[domain.name] = domain
    return bridge


def fit_bridge(latents: Sequence[Latents], config: BridgeConfig | None = None, seed: int = 0) -> Bridge:
    """A bridge between two or more domains, on the device where their latents are, from the cache if it was trained before.

    Latent sizes may differ, and labels may be unknown (-1). Raises :class:`lt.LtError` for latents that are not finite, and for two domains of one name.
    """
    config = BridgeConfig() if config is None else config
    latents = [latents] if isinstance(latents, Latents) else latents
    if len(latents) < 2 or not all(isinstance(d, Latents) for d in latents) or not isinstance(config, BridgeConfig):
        raise LtError("give the latents of two or more domains, then a BridgeConfig: fit_bridge([a.latents(x, y), b.accept(1000)], seed=0)")
    names = [d.name for d in latents]
    if len(set(names)) < len(names):
        raise LtError(f"domains are told apart by their names, and these are {', '.join(names)}: name each differently")
    for d in latents:
        d.check()
    key = ":".join(f"{d.name} {d.fingerprint}" for d in latents)
    bridge, history = cached(_build, _train, config, tuple(latents), key, seed, latents[0].mean.device)
    return with_models(bridge, history, latents)


def network_of(config: BridgeConfig, sizes: Sequence[int], classes: int) -> BridgingVAE:
    """The untrained network of a configuration for domains of these latent sizes."""
    network = BridgingVAE(sizes, config.shared, config.width, config.depth, classes, config.conditional, OUTPUTS[config.output])
    network.classifier.requires_grad_(not config.frozen)
    return network


def with_models(bridge: Bridge, history: History, latents: Sequence[Latents]) -> Bridge:
    bridge.history = history
    bridge.domains.update({d.name: d.domain for d in latents if d.domain is not None})
    return bridge


def standardise(bridge: Bridge, i: int, latents: Latents) -> Latents:
    """Set centre and scale of the bridge's domain number i from its latents, and return the latents moved and scaled accordingly."""
    if not bridge.config.standardise:
        return latents
    shift = latents.mean.mean(0)
    scale = (latents.mean.var(0, correction=0) + (latents.std**2).mean(0)).mean().sqrt().clamp(min=1e-12)
    getattr(bridge, f"shift_{i}").copy_(shift)
    getattr(bridge, f"scale_{i}").copy_(scale)
    return replace(latents, mean=(latents.mean - shift) / scale, std=latents.std / scale)


def _build(config: BridgeConfig, latents: Sequence[Latents]) -> Bridge:
    classes = max(2, *(int(d.y.max()) + 1 for d in latents))
    return Bridge(config, [d.name for d in latents], [d.size for d in latents], classes)


def _train(bridge: Bridge, config: BridgeConfig, latents: Sequence[Latents], generator: torch.Generator, checkpoint: Path) -> History:
    moved = [standardise(bridge, i, d) for i, d in enumerate(latents)]
    objective = bridge_objective(bridge.network, config, moved)
    return fit(bridge, objective, config.training, generator, name=f"bridge {'-'.join(bridge.names)}", checkpoint=checkpoint)
