"""Latent translation: crossing modalities by bridging generative models.

For models of your own: a :class:`~lt.latents.Domain` per model, their :class:`~lt.latents.Latents`,
:func:`~lt.own.checks.preflight`, :func:`~lt.bridge.fit_bridge`, and a :class:`~lt.bridge.Bridge` that translates,
scores itself and is saved. The book's chapters are built on the same functions."""
# ruff: noqa: F401

import importlib
from typing import TYPE_CHECKING

from lt.errors import LtError

__version__ = "0.3.0"

if TYPE_CHECKING:
    from lt.alignment import spread_labels
    from lt.bridge import Bridge, BridgeConfig, fit_bridge, fit_bridges
    from lt.latents import Domain, Latents
    from lt.loop import Training, named_generator
    from lt.maps import fit_map
    from lt.own.checks import compare, diagnose, preflight
    from lt.own.estimator import BridgeEstimator
    from lt.own.files import load_bridge
    from lt.own.join import join

_HOME = {
    **dict.fromkeys(("Bridge", "BridgeConfig", "fit_bridge", "fit_bridges"), "lt.bridge"),
    **dict.fromkeys(("compare", "diagnose", "preflight"), "lt.own.checks"),
    **dict.fromkeys(("Domain", "Latents"), "lt.latents"),
    **dict.fromkeys(("Training", "named_generator"), "lt.loop"),
    "BridgeEstimator": "lt.own.estimator",
    **{"fit_map": "lt.maps", "join": "lt.own.join", "load_bridge": "lt.own.files", "spread_labels": "lt.alignment"},
}
__all__ = ["LtError", *sorted(_HOME)]


def __getattr__(name: str) -> object:  # PyTorch takes seconds to import
    if name not in _HOME:
        raise AttributeError(f"module 'lt' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
