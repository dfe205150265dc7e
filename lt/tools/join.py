"""One more domain for a finished bridge, which stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch

from lt.bridge import Bridge, BridgeConfig, bridge_objective, network_of, standardise, with_models
from lt.cache import cached, fingerprint
from lt.errors import LtError
from lt.latents import Latents
from lt.loop import History, Training, fit
from lt.networks import BridgingVAE


def join(bridge: Bridge, new: Latents, beside: Sequence[Latents], seed: int = 0, training: Training | None = None) -> Bridge:
    """The same bridge with one more domain. Only the new domain's own part is trained: the others stay as they were, bit for bit.

    The new points are laid over those that the domains ``beside`` (latents of any that the bridge joins) have in the shared
    space, under the bridge's own latent classifier. Raises :class:`lt.LtError` for a name that is taken.
    """
    if new.name in bridge.names:
        raise LtError(f"{new.name!r} is joined already: name the new domain differently")
    if not beside:
        raise LtError(f"{new.name}: give latents of one or more domains that the bridge joins already, to lay the new ones beside")
    for d in (new, *beside):
        d.check()
    if int(new.y.max()) >= bridge.classes:
        raise LtError(
            f"{new.name}: labels run to {int(new.y.max())}, this bridge knows {bridge.classes} classes: use labels 0 to {bridge.classes - 1}"
        )
    config = bridge.config if training is None else replace(bridge.config, training=training)
    key = fingerprint(*bridge.state_dict().values(), *(d.fingerprint for d in (new, *beside)))
    data = (bridge, new, tuple(beside))
    part, history = cached(_build_part, _train_part, config, data, f"{new.name} {key}", seed, new.mean.device)
    joined = Bridge(bridge.config, bridge.names[: len(bridge.network.sizes)], bridge.network.sizes, bridge.classes)
    for old, name in zip(list(bridge.parts)[1:], bridge.names[len(joined.names) :], strict=True):
        joined.add_part(network_of(bridge.config, cast(BridgingVAE, old).sizes, bridge.classes), [name])
    joined.load_state_dict(bridge.state_dict())
    joined.add_part(part, [new.name])
    standardise(joined, len(joined.names) - 1, new)
    joined.domains, joined.scores = dict(bridge.domains), dict(bridge.scores)
    return with_models(joined.to(new.mean.device).eval(), history, [new])


def _build_part(config: BridgeConfig, data: tuple[Bridge, Latents, tuple]) -> BridgingVAE:
    return network_of(config, [data[1].size], data[0].classes)


def _train_part(part: BridgingVAE, config: BridgeConfig, data: tuple, generator: torch.Generator, checkpoint: Path) -> History:
    bridge, new, beside = data
    with torch.no_grad():
        mean, std = (torch.cat(parts) for parts in zip(*[bridge.encode(d.mean, d.name) for d in beside], strict=True))
    anchor = Latents("shared space", mean, std, torch.cat([d.y for d in beside]))
    moved = standardise(Bridge(config, [new.name], [new.size], bridge.classes).to(new.mean.device), 0, new)
    # the bridge's classifier stays as it is: fit changes the weights of the part alone
    objective = bridge_objective(part, config, [moved], bridge.network.classifier, anchor)
    return fit(part, objective, config.training, generator, name=f"joining {new.name}", checkpoint=checkpoint)
