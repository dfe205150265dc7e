"""Latent translation: crossing modalities by bridging generative models.

What a user with models of their own needs is here by name: a :class:`~lt.latents.Domain` for each model, their
:class:`~lt.latents.Latents`, :func:`~lt.tools.checks.preflight`, :func:`~lt.bridge.fit_bridge`, and a :class:`~lt.bridge.Bridge` that
translates, scores itself and is saved. The chapters of the book are built on the same functions.
"""

import importlib
from typing import TYPE_CHECKING

from lt.errors import LtError as LtError

__version__ = "0.2.0"

if TYPE_CHECKING:
    from lt.bridge import Bridge as Bridge
    from lt.bridge import BridgeConfig as BridgeConfig
    from lt.bridge import fit_bridge as fit_bridge
    from lt.bridge import load_bridge as load_bridge
    from lt.latents import Domain as Domain
    from lt.latents import Latents as Latents
    from lt.loop import Training as Training
    from lt.loop import named_generator as named_generator
    from lt.tools.checks import diagnose as diagnose
    from lt.tools.checks import preflight as preflight
    from lt.tools.join import join as join
    from lt.tools.sweeps import fit_bridges as fit_bridges

_HOME = {
    **dict.fromkeys(("Bridge", "BridgeConfig", "fit_bridge", "load_bridge"), "lt.bridge"),
    **dict.fromkeys(("Domain", "Latents"), "lt.latents"),
    **dict.fromkeys(("Training", "named_generator"), "lt.loop"),
    **dict.fromkeys(("diagnose", "preflight"), "lt.tools.checks"),
    "join": "lt.tools.join",
    "fit_bridges": "lt.tools.sweeps",
}
__all__ = ["LtError", *sorted(_HOME)]


def __getattr__(name: str) -> object:  # PyTorch takes seconds to import: not for --help or an unknown profile
    if name not in _HOME:
        raise AttributeError(f"module 'lt' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
