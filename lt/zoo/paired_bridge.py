"""A bridge between two models of the same items that is also shown a few pairs: one more term of the objective, which the paper does not have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from lt.bridge import Bridge, BridgeConfig, bridge_objective, standardise, with_models
from lt.cache import cached, fingerprint
from lt.errors import LtError
from lt.latents import Latents
from lt.loop import History, Objective, fit
from lt.networks import BridgingVAE


@dataclass(frozen=True)
class PairedBridgeConfig:
    """A bridge and the weight of its pairs."""

    bridge: BridgeConfig
    weight: float = 10.0  # of the mean squared distance in the shared space


def paired_objective(
    objective: Objective, network: BridgingVAE, latents: Sequence[Latents], pairs: Tensor, weight: float, batch: int
) -> Objective:
    """Any objective of a bridge, plus the squared distance between the two shared means of one item.

    ``|m(z_1, D_1) - m(z_2, D_2)|^2``, averaged over dimensions of z' and over a batch of the pairs (p, 2): item numbers in the first and in the second of the
    ``latents``, which are as the network sees them.
    """

    def with_pairs(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        terms = objective(generator, progress)
        some = pairs[torch.randint(len(pairs), (batch,), generator=generator, device=pairs.device)]
        means = [network.encode(d.sample(generator, some[:, i]), i)[0] for i, d in enumerate(latents)]
        terms["pairs"] = ((means[0] - means[1]) ** 2).mean()
        return {**terms, "loss": terms["loss"] + len(latents) * weight * terms["pairs"]}

    return with_pairs


def fit_paired_bridge(latents: Sequence[Latents], pairs: Tensor, config: PairedBridgeConfig, seed: int = 0) -> Bridge:
    """A bridge between two domains, with true pairs (p, 2) of item numbers; from the cache if it was trained before.

    Raises :class:`lt.LtError` for another number of domains, and for pairs that name an item that is not there.
    """
    if len(latents) != 2:
        raise LtError(f"{len(latents)} domains: pairs join two: give the latents of both")
    last = torch.tensor([len(d) for d in latents], device=pairs.device)
    if pairs.ndim != 2 or pairs.shape[-1] != 2 or not len(pairs) or bool(((pairs < 0) | (pairs >= last)).any()):
        raise LtError(
            f"pairs of shape {tuple(pairs.shape)}: give item numbers (p, 2), below {int(last[0])} in the first column and {int(last[1])} in the second"
        )
    for d in latents:
        d.check()
    data_key = fingerprint(*[d.fingerprint for d in latents], pairs)
    bridge, history = cached(_build, _train, config, (tuple(latents), pairs), data_key, seed, latents[0].mean.device)
    return with_models(bridge, history, latents)


def _build(config: PairedBridgeConfig, data: tuple) -> Bridge:
    latents, _ = data
    classes = max(2, *(int(d.y.max()) + 1 for d in latents))
    return Bridge(config.bridge, [d.name for d in latents], [d.size for d in latents], classes)


def _train(bridge: Bridge, config: PairedBridgeConfig, data: tuple, generator: torch.Generator, checkpoint: Path) -> History:
    latents, pairs = data
    moved = [replace(standardise(bridge, i, d), domain=None) for i, d in enumerate(latents)]
    network, training = cast(BridgingVAE, bridge.network), config.bridge.training
    usual = bridge_objective(network, config.bridge, moved)
    objective = paired_objective(usual, network, moved, pairs, config.weight, training.batch)
    return fit(bridge, objective, training, generator, name="bridge with pairs", checkpoint=checkpoint)
