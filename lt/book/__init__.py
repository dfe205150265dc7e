"""The book's own machinery: profiles, the start of a chapter, records of runs, the paper's numbers, figures, runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lt.errors import LtError

if TYPE_CHECKING:
    from lt.book.profiles import Profile
    from lt.book.records import Run

PROFILES = ("quick", "laptop", "paper")  # their names; lt.book.profiles says what they spend, and takes seconds to import


def check_profile(name: str) -> str:
    """The name of a profile; raises :class:`lt.LtError` for any other."""
    if name not in PROFILES:
        raise LtError(f"unknown profile {name!r}: choose one of {', '.join(PROFILES)}")
    return name


def start(chapter: str, profile: str) -> tuple[Run, Profile]:
    """Begin a chapter: the look of its figures, its record, and what the profile spends.

    Raises :class:`lt.LtError` for an unknown profile.
    """
    from lt.book import plots, profiles, records

    budget = profiles.get(profile)
    plots.style()
    return records.Run(chapter, budget), budget
