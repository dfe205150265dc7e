"""One training loop, and what each kind of model trains on top of it.

Training is a pure function of (config, data, seed): its result is kept under ``LT_CACHE`` and computed once. A run that was
stopped goes on from its last checkpoint and ends with the same weights, bit for bit.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from lt import LtError, losses, models
from lt.data import Images, cache_folder, jitter

if TYPE_CHECKING:
    from lt.domains import Latents

Objective = Callable[[torch.Generator, Tensor], dict[str, Tensor]]
History = dict[str, list[float]]

EAGER_STEPS = 3  # steps before a CUDA graph is captured, so that lazy state exists
SAVE_SECONDS = 20  # wall time between two checkpoints
VALIDATION_SHARE = 12  # one training item in twelve chooses a classifier's best epoch


@dataclass(frozen=True)
class Optim:
    """How long and how fast Adam goes."""

    steps: int  # gradient steps
    batch: int  # items a step, per domain
    lr: float = 1e-3  # learning rate; its peak with "onecycle"
    schedule: str = "constant"  # or "onecycle": rises over a tenth of the steps, then a cosine to zero
    betas: tuple[float, float] = (0.9, 0.999)  # decay of Adam's two running means

    def __post_init__(self):
        if self.steps < 1 or self.batch < 1:
            raise LtError(f"steps {self.steps} and batch {self.batch}: give at least one of each")


@dataclass(frozen=True)
class VAEConfig:
    """A base VAE (section B.2)."""

    optim: Optim
    width: int = 1024  # units a layer
    depth: int = 3  # layers in the encoder and in the decoder
    latent: int = 100  # dimensions of z
    beta: float = 1.0  # weight of the KL term
    sigma: float = 0.1  # standard deviation of the pixel likelihood, pixels in [0, 1]
    warmup: float = 0.0  # share of the steps over which beta rises from zero
    jitter: float = 0.0  # amount of random rotation, scaling and shift of training images (lt.data.jitter)


@dataclass(frozen=True)
class ClassifierConfig:
    """A judge (section B.2)."""

    optim: Optim
    width: int = 512  # units a layer
    depth: int = 4  # layers before the read-out
    jitter: float = 0.0  # amount of random rotation, scaling and shift of training images (lt.data.jitter)


@dataclass(frozen=True)
class BridgeConfig:
    """A bridging VAE and its objective (sections 3 and B.1)."""

    optim: Optim
    latent: int = 100  # dimensions of the base latent spaces
    shared: int = 8  # dimensions of z'
    width: int = 512  # units a layer
    depth: int = 4  # layers in the encoder and in the decoder
    classes: int = 10  # attribute labels
    conditional: bool = True  # whether the networks see the domain label
    beta_kl: float = 0.05  # weight of the KL term
    beta_swd: float = 1.0  # weight of the sliced Wasserstein distance
    beta_cls: float = 0.05  # weight of the classification loss
    reduction: str = "mean"  # squared error over dimensions: "mean" (the authors' code) or "sum" (the paper's text)
    projections: int = 128  # random directions a step
    power: int = 2  # 2: W_2^2 as in the paper's text, 1: absolute differences as in the authors' code


@dataclass(frozen=True)
class Player:
    """One side of an adversarial game: what it minimises, over which parameters, and how often a step."""

    module: nn.Module
    objective: Objective
    updates: int = 1


def default_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it natively (CUDA; CPUs with AVX512-BF16 or AMX), else float32."""
    if device.type == "cuda":
        return torch.bfloat16
    capable = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return torch.bfloat16 if capable.get("avx512_bf16") or capable.get("amx_bf16") else torch.float32


def named_generator(name: str, seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A random generator of its own for each purpose: the same name and seed always give the same draws."""
    digest = hashlib.sha256(f"{name}:{seed}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:7], "big"))


def initialised(build: Callable[[], nn.Module], name: str, seed: int, device: torch.device) -> nn.Module:
    """``build()`` with PyTorch's default initialisation drawn from the named generator's seed, leaving global state alone."""
    with torch.random.fork_rng():
        torch.manual_seed(named_generator(f"{name}/init", seed).initial_seed())
        return build().to(device)


def fit(
    model: nn.Module,
    objective: Objective | Sequence[Player],
    optim: Optim,
    generator: torch.Generator,
    *,
    name: str = "fit",
    checkpoint: Path | None = None,
    validate: Callable[[], float] | None = None,
    every: int = 100,
    dtype: torch.dtype | None = None,
    seconds: float = math.inf,
) -> History:
    """Minimise ``objective(generator, progress)["loss"]`` and return its terms, averaged over every ``every`` steps.

    The objective draws its own batch from tensors on the device with the generator that it is given; ``progress`` is a
    scalar tensor that goes from 0 to 1. Nothing in a step waits for the device; on CUDA the whole step is one captured
    graph. An adversarial game is a sequence of players, parts of ``model`` with an optimiser each, that take turns in a step.
    ``validate`` returns a score after each interval, and the weights with the best one are kept. With ``checkpoint`` the run
    resumes from that file if it is there, and removes it when it is done; after ``seconds`` of training in all it stops
    early and leaves the checkpoint, to be resumed with more.

    Raises :class:`lt.LtError` when a term is not finite, naming the term, the steps and the configuration.
    """
    players = [Player(model, objective)] if callable(objective) else list(objective)
    device = generator.device
    on_cuda = device.type == "cuda"
    dtype = dtype or fast_dtype(device)
    # lr is a tensor so that a captured step sees the schedule
    optimizers = [
        torch.optim.Adam(
            player.module.parameters(), lr=torch.tensor(optim.lr, device=device), betas=optim.betas, fused=True, capturable=on_cuda
        )
        for player in players
    ]
    schedules = []
    if optim.schedule == "onecycle":
        rise = max(0.1, 2 / optim.steps)  # OneCycleLR needs a step on the way up
        schedules = [
            torch.optim.lr_scheduler.OneCycleLR(o, optim.lr, total_steps=optim.steps, pct_start=rise, cycle_momentum=False)
            for o in optimizers
        ]
    elif optim.schedule != "constant":
        raise LtError(f"unknown schedule {optim.schedule!r}: choose constant or onecycle")
    progress = torch.zeros((), device=device)
    running: dict[str, Tensor] = {}
    state: dict = {"step": 0, "history": {}, "seconds": 0.0, "best": -math.inf, "best_weights": None}

    if checkpoint is not None and checkpoint.exists():
        try:
            saved = torch.load(checkpoint, map_location=device, weights_only=True)
        except Exception as error:  # what a damaged file raises depends on where it is damaged
            raise LtError(f"{name}: the checkpoint {checkpoint} cannot be read: delete it to start again") from error
        state = saved["state"]
        model.load_state_dict(saved["model"])
        for part, kept in zip(optimizers + schedules, saved["optimizers"] + saved["schedules"], strict=True):
            part.load_state_dict(kept)
        generator.set_state(saved["generator"].cpu())

    def save() -> None:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        part = checkpoint.with_suffix(".part")
        torch.save(
            {
                "state": state,
                "model": model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                "schedules": [schedule.state_dict() for schedule in schedules],
                "generator": generator.get_state(),
            },
            part,
        )
        os.replace(part, checkpoint)  # a reader never meets half a file

    def step() -> None:
        for player, optimizer in zip(players, optimizers, strict=True):
            for _ in range(player.updates):
                optimizer.zero_grad(set_to_none=True)
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16, cache_enabled=False):
                    terms = player.objective(generator, progress)
                # only this player's gradients: what flows on into another's would be wasted work
                terms["loss"].backward(inputs=list(player.module.parameters()))
                optimizer.step()
                for term, value in terms.items():
                    running.setdefault(term, torch.zeros((), device=device)).add_(value.detach() / player.updates)

    graph = None
    history: History = state["history"]
    started, saved_at = time.perf_counter() - state["seconds"], time.perf_counter()
    bar = tqdm(total=optim.steps, initial=state["step"], desc=name, unit="step", disable=None, leave=False)
    model.train()
    first = state["step"]
    for i in range(first, optim.steps):
        progress.fill_(i / optim.steps)
        if graph is not None:
            graph.replay()
        elif on_cuda:
            graph = _eager_then_captured(step, generator, warm=i - first < EAGER_STEPS)
        else:
            step()
        for schedule in schedules:
            schedule.step()
        if (i + 1) % every and i + 1 < optim.steps:
            continue
        count = (i % every) + 1
        means = {term: value.item() / count for term, value in running.items()}
        for term, value in sorted(means.items(), key=lambda item: item[0] == "loss"):  # parts first: the sum follows them
            if not math.isfinite(value):
                raise LtError(
                    f"{name}: the term {term} is {value} in steps {i + 2 - count} to {i + 1} of {optim.steps} ({optim}): lower lr or check the data"
                )
        for value in running.values():
            value.zero_()
        history.setdefault("step", []).append(i + 1)
        for term, value in means.items():
            history.setdefault(term, []).append(value)
        if validate is not None:
            model.eval()
            with torch.no_grad():
                score = validate()
            model.train()
            history.setdefault("score", []).append(score)
            if score > state["best"]:
                state["best"], state["best_weights"] = score, {k: v.clone() for k, v in model.state_dict().items()}
        state["seconds"] = time.perf_counter() - started
        bar.update(count)
        bar.set_postfix(loss=f"{means['loss']:.4g}")
        state["step"] = i + 1
        out_of_time = state["seconds"] > seconds and i + 1 < optim.steps
        if checkpoint is not None and (out_of_time or time.perf_counter() - saved_at > SAVE_SECONDS):
            save()
            saved_at = time.perf_counter()
        if out_of_time:
            break
    bar.close()
    if state["best_weights"] is not None:
        model.load_state_dict(state["best_weights"])
    model.eval()
    if checkpoint is not None and state["step"] == optim.steps:
        checkpoint.unlink(missing_ok=True)
    return {**history, "seconds": [state["seconds"]]}


def _eager_then_captured(step: Callable[[], None], generator: torch.Generator, warm: bool) -> torch.cuda.CUDAGraph | None:
    """Do one step on CUDA: eagerly on a side stream while warming up, then by capturing it and replaying the graph once."""
    if warm:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            step()
        torch.cuda.current_stream().wait_stream(side)
        return None
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(generator)
    with torch.cuda.graph(graph):
        step()
    graph.replay()  # capturing records the work without doing it
    return graph


# ------------------------------------------------------------------------------------------------ what is trained


def vae_objective(vae: models.VAE, config: VAEConfig, x: Tensor) -> Objective:
    """Negative ELBO of section B.2 on batches of x (n, pixels), with beta rising over the warm-up."""

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        batch = x[torch.randint(len(x), (config.optim.batch,), generator=generator, device=x.device)]
        if config.jitter:
            batch = jitter(batch, config.jitter, generator)
        mean, std = vae.encode(batch)
        z = mean + std * torch.randn(mean.shape, generator=generator, device=x.device)
        nll = losses.gaussian_nll(batch, vae.decode(z), config.sigma).mean()
        kl = losses.gaussian_kl(mean, std).mean()
        beta = config.beta * (progress / config.warmup).clamp(max=1) if config.warmup else config.beta
        return {"loss": nll + beta * kl, "nll": nll, "kl": kl}

    return objective


def classifier_objective(classifier: models.Classifier, config: ClassifierConfig, x: Tensor, y: Tensor) -> Objective:
    """Cross entropy on batches of x (n, pixels), y (n,)."""

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        i = torch.randint(len(x), (config.optim.batch,), generator=generator, device=x.device)
        batch = jitter(x[i], config.jitter, generator) if config.jitter else x[i]
        return {"loss": losses.classification(classifier(batch), y[i])}

    return objective


def bridge_objective(bridge: models.BridgingVAE, config: BridgeConfig, domains: Sequence[Latents]) -> Objective:
    """The total loss of section 3: ELBO of every domain, SWD between domains, classification in the shared space.

    All domains go through the networks as one batch. Batches are drawn uniformly: no label balances them, so the
    unsupervised terms see no labels.
    """
    batch, device = config.optim.batch, domains[0].mean.device
    domain = torch.arange(len(domains), device=device).repeat_interleave(batch)  # (domains * batch,)

    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        index = [torch.randint(len(d.y), (batch,), generator=generator, device=device) for d in domains]
        mean = torch.cat([d.mean[i] for d, i in zip(domains, index, strict=True)])  # (domains * batch, latent)
        std = torch.cat([d.std[i] for d, i in zip(domains, index, strict=True)])
        z = mean + std * torch.randn(mean.shape, generator=generator, device=device)  # a fresh posterior sample each time

        mean, std = bridge.encode(z, domain)
        z_shared = mean + std * torch.randn(mean.shape, generator=generator, device=device)
        terms = {
            "reconstruction": losses.squared_error(z, bridge.decode(z_shared, domain), config.reduction),
            "kl": losses.gaussian_kl(mean, std).mean(),
        }
        # means over the joint batch are 1/domains of the sums over domains in the paper
        loss = len(domains) * (terms["reconstruction"] + config.beta_kl * terms["kl"])
        if config.beta_swd:
            directions = losses.random_directions(config.projections, config.shared, generator)
            terms["swd"] = losses.pairwise_sliced_wasserstein(z_shared.view(len(domains), batch, -1), directions, config.power)
            loss = loss + config.beta_swd * terms["swd"]
        if config.beta_cls:
            y = torch.cat([d.y[i] for d, i in zip(domains, index, strict=True)])
            terms["classification"] = losses.classification(bridge.classifier(z_shared), y)
            loss = loss + len(domains) * config.beta_cls * terms["classification"]
        return {"loss": loss, **terms}

    return objective


def fit_vae(config: VAEConfig, data: Images, seed: int, device: torch.device | None = None) -> tuple[models.VAE, History]:
    """A base VAE of one corpus, from the cache if it was trained before."""
    return cached(_build_vae, _train_vae, config, data, data.fingerprint, seed, device or default_device())


def fit_classifier(
    config: ClassifierConfig, data: Images, seed: int, device: torch.device | None = None
) -> tuple[models.Classifier, History]:
    """A judge of one corpus: the best interval by its accuracy on training items set aside, never on the test split."""
    return cached(_build_classifier, _train_classifier, config, data, data.fingerprint, seed, device or default_device())


def fit_bridge(config: BridgeConfig, domains: Sequence[Latents], seed: int) -> tuple[models.BridgingVAE, History]:
    """A bridge between two or more latent spaces, on the device where the latents are.

    Raises :class:`lt.LtError` for latents that are not finite, labels out of range or classes without items.
    """
    if len(domains) < 2:
        raise LtError(f"a bridge joins two or more domains, not {len(domains)}")
    for latents in domains:
        latents.check(config.classes)
        if latents.mean.shape[-1] != config.latent:
            raise LtError(
                f"{latents.name}: latents have {latents.mean.shape[-1]} dimensions, the bridge expects {config.latent}: set BridgeConfig.latent"
            )
    fingerprints = ":".join(d.fingerprint for d in domains)
    return cached(_build_bridge, _train_bridge, config, tuple(domains), fingerprints, seed, domains[0].mean.device)


def _build_vae(config: VAEConfig, data: Images) -> models.VAE:
    return models.VAE(data.x.shape[1], config.latent, config.width, config.depth)


def _build_classifier(config: ClassifierConfig, data: Images) -> models.Classifier:
    return models.Classifier(data.x.shape[1], 10, config.width, config.depth)


def _build_bridge(config: BridgeConfig, domains: Sequence[Latents]) -> models.BridgingVAE:
    return models.BridgingVAE(config.latent, config.shared, config.width, config.depth, len(domains), config.classes, config.conditional)


def _train_vae(vae, config, data, generator, checkpoint) -> History:
    objective = vae_objective(vae, config, data.x.to(generator.device))
    return fit(vae, objective, config.optim, generator, name=f"VAE {data.name}", checkpoint=checkpoint)


def _train_classifier(classifier, config, data, generator, checkpoint) -> History:
    x, y = data.x.to(generator.device), data.y.to(generator.device)
    order = torch.randperm(len(x), generator=generator, device=x.device)
    held, kept = order[: len(x) // VALIDATION_SHARE], order[len(x) // VALIDATION_SHARE :]
    epoch = max(1, len(kept) // config.optim.batch)
    return fit(
        classifier,
        classifier_objective(classifier, config, x[kept], y[kept]),
        config.optim,
        generator,
        name=f"classifier {data.name}",
        checkpoint=checkpoint,
        validate=lambda: (classifier(x[held]).argmax(-1) == y[held]).double().mean().item(),
        every=epoch,
    )


def _train_bridge(bridge, config, domains, generator, checkpoint) -> History:
    name = "bridge " + "-".join(d.name for d in domains)
    return fit(bridge, bridge_objective(bridge, config, domains), config.optim, generator, name=name, checkpoint=checkpoint)


# ------------------------------------------------------------------------------------------------ caching and weights


@functools.cache  # once a process: sources edited during a long run must not change its keys half way
def code_version(*sources) -> str:
    """Changes when the code behind trained weights, this module and ``sources``, changes, but not with its comments or docstrings."""
    digest = hashlib.sha256()
    for source in (models, losses, inspect.getmodule(fit), jitter, *sources):
        tree = ast.parse(inspect.getsource(source))
        for node in ast.walk(tree):
            if ast.get_docstring(node, clean=False) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) else False:
                node.body = node.body[1:]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()[:12]


def cached(build, train, config, data, data_key: str, seed: int, device: torch.device):
    """``train(build(config, data), config, data, generator, checkpoint)`` at most once for each config, data, seed, device and code.

    Returns the trained model in evaluation mode and the history that ``train`` gave.
    """
    key = {
        "train": train.__name__,
        "config": asdict(config),
        "data": data_key,
        "seed": seed,
        "device": f"{device.type} {fast_dtype(device)}",
        "torch": torch.__version__,
        "code": code_version(inspect.getmodule(train)),
    }
    memory = joblib.Memory(cache_folder(), verbose=0)
    weights, history = memory.cache(_trained, ignore=["build", "train", "config", "data", "device"])(
        key, build, train, config, data, device
    )
    model = initialised(lambda: build(config, data), train.__name__, seed, torch.device("cpu"))  # leaves global random state alone
    model.load_state_dict(weights)
    return model.to(device).eval(), history


def _trained(key: dict, build, train, config, data, device: torch.device) -> tuple[dict[str, Tensor], History]:
    name, seed = key["train"], key["seed"]
    model = initialised(lambda: build(config, data), name, seed, device)
    checkpoint = cache_folder() / "checkpoints" / f"{joblib.hash(key)}.pt"
    history = train(model, config, data, named_generator(name, seed, device), checkpoint)
    return {k: v.cpu() for k, v in model.state_dict().items()}, history


def save_weights(model: nn.Module, path: Path) -> None:
    """Write a model's weights as float16 safetensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().to("cpu", torch.float16).contiguous() for k, v in model.state_dict().items()}, path)


def load_weights(model: nn.Module, path: Path) -> nn.Module:
    """Read weights written by :func:`save_weights` into ``model``; raises :class:`lt.LtError` if they do not fit or cannot be read."""
    try:
        model.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    except (OSError, RuntimeError, ValueError) as error:
        raise LtError(
            f"{path} does not hold weights of this {type(model).__name__}: {' '.join(str(error).split())}; build the model with the sizes it was saved with"
        ) from error
    except Exception as error:  # safetensors raises a class of its own for a damaged file
        raise LtError(f"{path} cannot be read: {error}; make it again") from error
    return model.eval()
