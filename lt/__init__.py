"""Latent translation: crossing modalities by bridging generative models.

Networks in :mod:`lt.models`, objectives in :mod:`lt.losses`, one training loop in :mod:`lt.train`; the chapters of the
book say what to do with them.
"""

__version__ = "0.1.0"


class LtError(Exception):
    """An error a reader can mend: its message is one line that says what is wrong and what to do."""
