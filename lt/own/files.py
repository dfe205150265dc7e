"""Reading a bridge that was saved, with the models that it was trained for."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open

from lt.bridge import FORMAT, KEPT, Bridge, BridgeConfig, network_of
from lt.cache import load_weights
from lt.errors import LtError, explained
from lt.latents import Domain
from lt.loop import Training, initialised
from lt.own.inputs import points, portrait


@explained("load_bridge(path, [a, b]): give a file of Bridge.save, and the models of its domains", SafetensorError)
def load_bridge(path: str | Path, domains: Domain | Sequence[Domain] = ()) -> Bridge:
    """A bridge written by ``Bridge.save``, with the models of its domains where they are given."""
    with safe_open(path := Path(path).expanduser(), "pt") as file:
        metadata = file.metadata() or {}
    if metadata.get("format") != FORMAT or "bridge" not in metadata:
        raise LtError(f"{path} holds no bridge of format {FORMAT}: save it again with this version")
    with explained(f"{path}: damaged or of another version, save it again", LtError):
        facts = json.loads(metadata["bridge"])
        settings: dict[str, Any] = facts["config"]["training"]
        training = Training(**settings | {"betas": tuple(settings["betas"])})
        config, labels = BridgeConfig(**facts["config"] | {"training": training}), facts["labels"]

        def build() -> Bridge:
            return Bridge(config, facts["names"], [network_of(config, s, len(labels)) for s in facts["sizes"]], labels)

        bridge = cast(Bridge, initialised(build, "load", 0, torch.device("cpu")))  # no draw of the global generator
        for key in KEPT:
            setattr(bridge, key, dict(facts[key]))
    load_weights(bridge, path)
    models = list(domains) if isinstance(domains, Sequence) else [domains]
    for model, (*_, shift, scale) in [(model, bridge.place(model.name)) for model in models]:
        points(torch.empty(0, len(shift)), model.latent, f"{model.name}: latents")
        old, new = (torch.tensor(p) for p in (bridge.portraits.get(model.name, []), portrait(model, shift, scale)))
        if len(old) == len(new) and not (old - new).norm() <= 0.01 * old.norm() + 1e-6:
            raise LtError(f"{model.name}: its decoder makes other items than the bridge's model did: give that model")
        bridge.domains[model.name] = model
    return bridge
