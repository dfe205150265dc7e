"""What two chapters of the book or more share: a chapter's run, claims, tables, figures, widgets, the commands."""

import importlib
from typing import Any

PROFILES = ("quick", "laptop", "paper")


def __getattr__(name: str) -> Any:  # PyTorch takes seconds to import: not for --help
    if name in ("Results", "Run", "read", "start"):
        return getattr(importlib.import_module("lt.book.run"), name)
    raise AttributeError(f"module 'lt.book' has no attribute {name!r}")
