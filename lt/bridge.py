"""The bridge: configuration, objective, training, translation, scores, saving and loading."""

import json
import operator
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt import __version__, losses, metrics
from lt.cache import cached, fingerprint, save_weights, side_by_side
from lt.errors import LtError, explained
from lt.latents import Domain, Latents, listed
from lt.loop import History, Objective, Training, fit
from lt.networks import BridgingVAE, GatedMixing, PlainOutput, sample
from lt.own.inputs import UNKNOWN, as_items, chosen, labels_of, number, pairs_of, points, portrait

FORMAT = "2"  # of saved bridges
KEPT = ("history", "scores", "portraits", "learned")  # what a file holds of a bridge beside weights and configuration


@dataclass(frozen=True)
class BridgeConfig:
    """A bridging VAE and its objective (sections 3 and B.1). The book has these weights, but trains for longer."""

    training: Training = Training(700, 256, 2e-3, "onecycle", muon=0.02, average=0.99)
    shared: int = 8  #: dimensions of z'
    width: int = 128  #: units per layer
    depth: int = 4  #: layers in the encoder and in the decoder
    conditional: bool = True  #: whether the networks see the domain label
    output: str = "gated"  #: last layers, "gated" mixing (Figure 10) or plain "linear" ones
    frozen: bool = False  #: whether the latent classifier keeps its random initial weights (the authors' code)
    standardise: bool = True  #: whether each domain's latents are centred and brought to a mean variance of 1
    beta_kl: float = 2e-3  #: weight of the KL term
    beta_swd: float = 1.0  #: weight of the sliced Wasserstein distance
    beta_cls: float = 0.3  #: weight of the classification loss
    beta_pairs: float = 0.3  #: weight of the distance between pairs, where pairs are given (not in the paper)
    reduction: str = "mean"  #: of the squared error over dimensions, "mean" (the authors' code) or "sum"
    projections: int = 128  #: random directions per step
    power: int = 2  #: 2 for W_2^2 as in the paper's text, 1 for absolute differences as in the code

    def __post_init__(self) -> None:
        if not isinstance(self.training, Training):
            raise LtError(f"training={self.training!r} in BridgeConfig: give a Training(steps, batch, ...)")
        for name, known in (("output", ("gated", "linear")), ("reduction", ("mean", "sum")), ("power", (1, 2))):
            chosen(f"BridgeConfig: {name}", getattr(self, name), known)
        for name in ("shared", "width", "depth", "projections", "beta_kl", "beta_swd", "beta_cls", "beta_pairs"):
            value = number(f"BridgeConfig: {name}", getattr(self, name), 0.0 if name.startswith("beta") else 1)
            object.__setattr__(self, name, value)


def centre_and_scale(latents: Latents) -> tuple[Tensor, Tensor]:
    """Mean of the latents, (latent,), and the root of their mean variance, a scalar; 1 where all are one point."""
    shift, scale = latents.mean.mean(0), latents.variance().mean().sqrt()
    size = torch.linalg.vector_norm(latents.mean) / latents.mean.numel() ** 0.5
    return shift, torch.where(scale > 1e-6 * size, scale, torch.ones_like(scale))


def labels_in(latents: Sequence[Latents]) -> list[int]:
    """The classes that occur, in order."""
    return [label for label in torch.cat([d.y.unique() for d in latents]).unique().tolist() if label != UNKNOWN]


def bridge_objective(
    network: BridgingVAE, config: BridgeConfig, latents: Sequence[Latents],
    classifier: Callable[[Tensor], Tensor] | None = None, anchor: Latents | None = None, pairs: Tensor | None = None,
    labels: Sequence[int] | None = None
) -> Objective:  # fmt: skip
    """The total loss of section 3: ELBO of every domain, SWD between domains, classification in the shared space.
    All domains go through the network as one batch, drawn uniformly, standardised (:func:`centre_and_scale`) if
    ``config`` says so. Where some labels are unknown (-1), the classification term draws a batch of its own from the
    labelled items; domains without a label have no such term. ``labels`` are the classes in the order of the
    classifier's outputs, by default all that occur. ``pairs`` (p, 2), item numbers in two domains, add the mean squared
    distance of their shared means. To join a domain to a finished bridge, ``classifier`` is the bridge's, and
    ``anchor`` the points of its shared space that the new ones are laid over."""
    batch, device, domains = config.training.batch, latents[0].device, len(latents)
    domain = torch.arange(domains, device=device).repeat_interleave(batch)  # (domains * batch,)
    sizes = None if len(set(network.sizes)) == 1 else torch.tensor(network.sizes, device=device)
    classes = torch.tensor(labels_in(latents) if labels is None else list(labels), dtype=torch.int64, device=device)
    y = [torch.searchsorted(classes, d.y) for d in latents]  # number of each item's class
    known = [(d.y != UNKNOWN).nonzero().flatten() for d in latents]
    complete = all(len(k) == len(d) for k, d in zip(known, latents, strict=True))
    labelled = [i for i, k in enumerate(known) if len(k)]
    of_labelled = torch.tensor(labelled, dtype=torch.int64, device=device).repeat_interleave(batch)
    moments = [centre_and_scale(d) if config.standardise else (0.0, 1.0) for d in latents]

    def draw(items: Sequence[tuple[int, Tensor]], generator: torch.Generator) -> Tensor:
        """A fresh posterior sample of each item, standardised and padded to one size: (items, latent)."""
        z = [(latents[i].sample(generator, k) - moments[i][0]) / moments[i][1] for i, k in items]
        return torch.cat([F.pad(part, (0, network.latent - part.shape[1])) for part in z])

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        def some(n: int) -> Tensor:
            return torch.randint(n, (batch,), generator=generator, device=device)

        index = [some(len(d)) for d in latents]
        z = draw(list(enumerate(index)), generator)  # (domains * batch, latent)
        mean, std = network.encode(z, domain)
        z_shared = sample(mean, std, generator)
        z_hat, size = network.decode(z_shared, domain), None if sizes is None else sizes[domain]
        if size is not None:  # what pads a smaller latent is not reconstructed
            z_hat = z_hat * (torch.arange(network.latent, device=device) < size[:, None])
        terms = {"reconstruction": losses.squared_error(z, z_hat, config.reduction, size)}
        terms["kl"] = losses.gaussian_kl(mean, std).mean()
        loss = domains * (terms["reconstruction"] + config.beta_kl * terms["kl"])  # the paper sums over domains
        if config.beta_swd and (domains > 1 or anchor is not None):
            sets = z_shared.view(domains, batch, -1)
            if anchor is not None:
                sets = torch.cat([sets, anchor.sample(generator, some(len(anchor)))[None]])
            directions = losses.random_directions(config.projections, config.shared, generator)
            terms["swd"] = losses.pairwise_sliced_wasserstein(sets, directions, config.power)
            loss = loss + config.beta_swd * terms["swd"]
        if config.beta_cls and labelled:
            if not complete:
                index = [known[i][some(len(known[i]))] for i in labelled]
                z = draw(list(zip(labelled, index, strict=True)), generator)
                z_shared = sample(*network.encode(z, of_labelled), generator)
            logits = (classifier or network.classifier)(z_shared)
            wanted = torch.cat([y[i][k] for i, k in zip(labelled, index, strict=True)])
            terms["classification"] = losses.classification(logits, wanted)
            loss = loss + len(labelled) * config.beta_cls * terms["classification"]
        if config.beta_pairs and pairs is not None:
            both = pairs[some(len(pairs))]
            means, _ = network.encode(draw([(0, both[:, 0]), (1, both[:, 1])], generator), domain)
            terms["pairs"] = ((means[:batch] - means[batch:]) ** 2).mean()
            loss = loss + domains * config.beta_pairs * terms["pairs"]
        return {"loss": loss, **terms}

    return objective


def network_of(config: BridgeConfig, sizes: Sequence[int], classes: int) -> BridgingVAE:
    """The untrained network of a configuration for domains of these latent sizes."""
    output: type[nn.Module] = {"gated": GatedMixing, "linear": PlainOutput}[config.output]
    size = (config.shared, config.width, config.depth, max(2, classes))
    network = BridgingVAE(sizes, *size, config.conditional, output)
    network.classifier.requires_grad_(not config.frozen)
    return network


class Bridge(nn.Module):
    """A trained bridge. Domains are addressed by their names; it keeps the centre and scale of each domain's latents.
    The first part serves the domains that were trained together; each that was joined later has one of its own."""

    def __init__(self, config: BridgeConfig, names: Sequence[str], parts: Sequence[Any], labels: Sequence[int]):
        super().__init__()
        self.config, self.names, self.labels, self.parts = config, list(names), list(labels), nn.ModuleList(parts)
        self._where = [(part, i) for part in parts for i in range(len(part.sizes))]
        self.sizes: list[int] = [part.sizes[i] for part, i in self._where]
        for i, size in enumerate(self.sizes):
            self.register_buffer(f"shift_{i}", torch.zeros(size))
            self.register_buffer(f"scale_{i}", torch.ones(()))
        self.domains: dict[str, Domain] = {}  # the models, where they are at hand
        self.history: History = {}
        self.scores: dict[str, dict[str, float | None]] = {}
        self.portraits: dict[str, list[float]] = {}  # what each model's decoder makes of ten fixed latents
        self.learned: dict[str, str] = {}  # fingerprint of the latents that each domain was learned from

    @property
    def network(self) -> BridgingVAE:
        """The network of the domains that were trained together; its classifier is that of the shared space."""
        return cast(BridgingVAE, self.parts[0])

    def take_in(self, latents: Sequence[Latents], marks: Sequence[str], history: History) -> "Bridge":
        """Set centre and scale to those of what was learned from, and keep its fingerprints and the models."""
        self.learned |= {d.name: mark for d, mark in zip(latents, marks, strict=True)}
        for d in latents:
            moments = centre_and_scale(d) if self.config.standardise else ()
            for old, new in zip(self.place(d.name)[2:], moments, strict=False):
                old.copy_(new)
            self.domains |= {d.name: d.domain} if d.domain else {}
        self.history = history
        return self.to(latents[0].device).eval()

    def place(self, name: str) -> tuple[BridgingVAE, int, Tensor, Tensor]:
        """Network, number in it, centre and scale of a domain; raises :class:`lt.LtError` for an unknown one."""
        if not isinstance(name, str) or name not in self.names:
            raise LtError(f"unknown domain {name!r}: this bridge joins {', '.join(self.names)}")
        i = self.names.index(name)
        return *self._where[i], getattr(self, f"shift_{i}"), getattr(self, f"scale_{i}")

    def domain(self, name: str) -> Domain:
        """The model of that name; raises :class:`lt.LtError` if it is not at hand."""
        self.place(name)
        if name not in self.domains:
            raise LtError(f"the model of {name!r} is not at hand: load_bridge(path, [Domain({name!r}, ...)])")
        return self.domains[name]

    def encode(self, z: Tensor, name: str) -> tuple[Tensor, Tensor]:
        """Mean and std of ``q(z'|z, D)``: latents z (n, latent) of domain ``name`` to two of (n, shared)."""
        part, index, shift, scale = self.place(name)
        return part.encode((points(z, len(shift), f"{name}: latents").to(shift) - shift) / scale, index)

    def decode(self, z_shared: Tensor, name: str) -> Tensor:
        """Mean of ``g(z|z', D)``: z' (n, shared) to latents (n, latent) of domain ``name``."""
        part, index, shift, scale = self.place(name)
        return part.decode(points(z_shared, self.config.shared, f"{name}: z'").to(shift), index) * scale + shift

    def transfer(self, z: Tensor, source: str, target: str, generator: torch.Generator | None = None) -> Tensor:
        """Latents (n, latent) of one domain to those of another or the same; z' is drawn if ``generator`` is given."""
        z_shared, std = self.encode(z, source)
        with explained(f"generator={generator!r}, give one of named_generator"):
            z_shared = z_shared if generator is None else sample(z_shared, std, generator)
        return self.decode(z_shared, target)

    forward = transfer  # what torch.export takes of a module

    @torch.no_grad()
    def translate(self, x: Any, source: str, target: str, generator: torch.Generator | None = None) -> Tensor:
        """Items x (n, ...) of one domain to items of another: encode, transfer, decode, by posterior means."""
        a, b, part = self.domain(source), self.domain(target), 2**16  # of a million items at once: less memory
        return b.items(torch.cat([self.transfer(z, source, target, generator) for z in a.posterior(x)[0].split(part)]))

    @torch.no_grad()
    def score(self, x: Any, source: str, target: str, y: Any = None, real: Any = None) -> metrics.Score:
        """How well held-out items x (n, ...) are translated: :func:`lt.metrics.transfer_score`, kept in ``scores``.
        ``y`` (n,) are true labels, -1 left out; the target's reconstructions of ``real`` give diversity its unit."""
        a, b, x = self.domain(source), self.domain(target), as_items(x)
        z, true = a.posterior(x)[0], a.classify(x) if y is None else labels_of(y, source).to(a.device)
        judged, known = true if y is None or a.judge is None else a.classify(x), true != UNKNOWN
        if len(true) != len(z) or not bool(known.any()):
            counts = f"{len(z)} items, {len(true)} labels, {int(known.sum())} of them known"
            raise LtError(f"{source}->{target}: {counts}: give one label per item, or leave y out")
        made = b.items(self.transfer(z[known], source, target))
        own = None if real is None else b.items(b.posterior(real)[0]) if b.encode else as_items(real).to(b.device)
        more: dict[str, Any] = {} if own is None else {"own": own, "own_y": b.classify(own)}
        score = metrics.transfer_score(made, z[known], true[known], judged[known], b.classify, **more)
        self.scores[f"{source}->{target}"] = dict(score.values)
        return score

    def save(self, path: str | Path) -> None:
        """Write weights, configuration, names, statistics, history and scores to one safetensors file (float32)."""
        if not isinstance(path, str | Path) or Path(path).expanduser().is_dir():
            raise LtError(f"save to {path!r}: give the name of a file, such as 'bridge.safetensors'")
        self.portraits |= {name: portrait(model, *self.place(name)[2:]) for name, model in self.domains.items()}
        sizes = [list(cast(BridgingVAE, part).sizes) for part in self.parts]
        facts = {"config": asdict(self.config), "names": self.names, "sizes": sizes, "labels": self.labels}
        facts |= {"versions": {"latent-translation-book": __version__, "torch": torch.__version__}}
        text = json.dumps(facts | {key: getattr(self, key) for key in KEPT}, allow_nan=False, default=operator.index)
        save_weights(self, Path(path).expanduser(), {"format": FORMAT, "bridge": text}, torch.float32)


def trained(
    name: str, config: BridgeConfig, latents: Sequence[Latents], labels: list[int], data: str, seed: int, **more: Any
) -> tuple[BridgingVAE, History]:
    """The network of a bridge, or of a domain that joins one, from the cache if it was trained before."""
    names = [d.name for d in latents]

    def build() -> BridgingVAE:
        return network_of(config, [d.size for d in latents], len(labels))

    def train(network: BridgingVAE, generator: torch.Generator, checkpoint: Path) -> History:
        objective = bridge_objective(network, config, latents, labels=labels, **more)
        return fit(network, objective, config.training, generator, name="-".join(names), checkpoint=checkpoint)

    code = (bridge_objective, centre_and_scale, network_of, labels_in, Latents.sample, Latents.take, Latents.variance)
    return cached(name, build, train, config, data, names, seed, latents[0].device, (*code, trained))


def fit_bridge(
    latents: Sequence[Latents], config: BridgeConfig | None = None, seed: int = 0, *,
    steps: int | None = None, pairs: Any = None
) -> Bridge:  # fmt: skip
    """A bridge between two or more domains, on the device of their latents, from the cache if it was trained before.
    ``steps`` replaces those of the configuration; ``pairs`` (p, 2) are items of two domains that belong together."""
    config, latents = BridgeConfig() if config is None else config, listed(latents)
    if not isinstance(config, BridgeConfig):
        raise LtError(f"{config!r} is no BridgeConfig: fit_bridge([a.latents(x, y), b.accept(1000)], config, seed=0)")
    if len(names := [d.name for d in latents]) < 2 or len(set(names)) < len(names):
        raise LtError(f"a bridge between {names}: give two or more domains, each with a name of its own")
    if steps is not None:
        config = replace(config, training=replace(config.training, steps=number("steps", steps, 1)))
    if pairs is not None:
        pairs = pairs_of(pairs, [len(d) for d in latents]).to(latents[0].device)
    labels, marks = labels_in(latents), [d.fingerprint for d in latents]
    network, history = trained("bridge", config, latents, labels, fingerprint(*marks, pairs), seed, pairs=pairs)
    return Bridge(config, names, [network], labels).take_in(latents, marks, history)


def fit_bridges(latents: Sequence[Latents], config: BridgeConfig | None = None, seeds: Any = range(5)) -> list[Bridge]:
    """A bridge per seed (:func:`fit_bridge`), trained side by side where there are cores for it."""
    with explained(f"seeds={seeds!s:.20}, give a list, such as range({seeds!s:.20})"):
        seeds = list(seeds)
    plain = [replace(d, domain=None) for d in listed(latents)]
    side_by_side(*[(fit_bridge, plain, config, seed) for seed in seeds], name="bridges")
    return [fit_bridge(latents, config, seed) for seed in seeds]
