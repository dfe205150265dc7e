"""Latent translation: crossing modalities by bridging generative models.

For models of your own: a :class:`Domain` per model, their :class:`Latents`, :func:`preflight`, :func:`fit_bridge`, and
a :class:`Bridge` that translates, scores itself and is saved. The book's chapters are built on the same functions.
"""

import importlib
from typing import TYPE_CHECKING

from lt.errors import LtError as LtError

__version__ = "0.2.0"

if TYPE_CHECKING:
    from lt.bridge import Bridge as Bridge
    from lt.bridge import BridgeConfig as BridgeConfig
    from lt.bridge import fit_bridge as fit_bridge
    from lt.bridge import fit_bridges as fit_bridges
    from lt.latents import Domain as Domain
    from lt.latents import Latents as Latents
    from lt.loop import Training as Training
    from lt.loop import named_generator as named_generator
    from lt.own.checks import diagnose as diagnose
    from lt.own.checks import preflight as preflight
    from lt.own.files import load_bridge as load_bridge
    from lt.own.join import join as join

_HOME = {
    **dict.fromkeys(("Bridge", "BridgeConfig", "fit_bridge", "fit_bridges"), "lt.bridge"),
    **dict.fromkeys(("diagnose", "preflight"), "lt.own.checks"),
    **dict.fromkeys(("Domain", "Latents"), "lt.latents"),
    **dict.fromkeys(("Training", "named_generator"), "lt.loop"),
    "join": "lt.own.join",
    "load_bridge": "lt.own.files",
}
__all__ = ["LtError", *sorted(_HOME)]


def __getattr__(name: str) -> object:  # PyTorch takes seconds to import
    if name not in _HOME:
        raise AttributeError(f"module 'lt' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
