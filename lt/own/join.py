"""One more domain for a finished bridge, which stays as it was."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch

from lt.bridge import Bridge, labels_in, trained
from lt.cache import fingerprint
from lt.errors import LtError
from lt.latents import Latents, listed
from lt.loop import Training


def join(
    bridge: Bridge, new: Latents, beside: Latents | Sequence[Latents], seed: int = 0, training: Training | None = None
) -> Bridge:
    """The same bridge with one more domain. Only its own part is trained: the others stay as they were, bit for bit.
    The new points are laid over those that the domains ``beside`` (latents of any that the bridge joins) have in the
    shared space, under the bridge's own latent classifier. Raises :class:`lt.LtError` for a name that is taken."""
    if not isinstance(bridge, Bridge) or not (beside := listed(beside)):
        raise LtError("give a bridge, new latents, and latents of its domains: join(bridge, c, beside=[a, b])")
    new, *beside = (d.to(bridge.network.classifier.weight.device) for d in listed([new, *beside]))
    if new.name in bridge.names:
        raise LtError(f"{new.name!r} is joined already: name the new domain differently")
    if strange := sorted(set(labels_in([new])) - set(bridge.labels)):
        raise LtError(f"{new.name}: class {strange[0]} is not one of the bridge's {len(bridge.labels)}: use its labels")
    config = replace(bridge.config, training=bridge.config.training if training is None else training)
    with torch.no_grad():
        mean, std = (torch.cat(p) for p in zip(*[bridge.encode(d.mean, d.name) for d in beside], strict=True))
    anchor = Latents("shared space", mean, std, torch.cat([d.y for d in beside]))
    data = fingerprint(*bridge.state_dict().values(), *(marks := [d.fingerprint for d in (new, *beside)]))
    how = {"classifier": bridge.network.classifier, "anchor": anchor}  # stays as it is: fit changes the part alone
    part, history = trained("join", config, [new], bridge.labels, data, seed, **how)
    joined = Bridge(bridge.config, [*bridge.names, new.name], [*copy.deepcopy(bridge.parts), part], bridge.labels)
    joined.load_state_dict(bridge.state_dict(), strict=False)  # centres and scales
    for kept in ("domains", "scores", "portraits", "learned"):
        setattr(joined, kept, dict(getattr(bridge, kept)))
    return joined.take_in([new], marks[:1], history)
