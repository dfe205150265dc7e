"""Executable claims: a sentence, what was measured, what it asks for, and the verdict of the whole interval."""

import operator
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lt.book import tables
from lt.errors import LtError
from lt.metrics import Estimate

VERDICTS = ("holds", "fails", "open")
BOUNDS = {"at_least": operator.ge, "at_most": operator.le, "above": operator.gt, "below": operator.lt}
KEYS = re.compile(r"\w+(->\w+)+|\w+_\w+|\b(mnist|fashion)\b")  # of settings and methods, in the text of a claim


def verdict(low: float | None, high: float | None, kind: str, bound: float) -> str:
    """``holds`` if the whole interval is on the right side of a bound, ``fails`` if on the wrong one, else ``open``.
    Without an interval nothing is decided. An interval that contains another never has a more definite verdict."""
    if low is None or high is None or not low <= high:
        return "open"
    right = {BOUNDS[kind](end, bound) for end in (low, high)}
    return "open" if len(right) > 1 else "holds" if right == {True} else "fails"


def claim(
    text: str, what: Estimate | float, *, paper: float | None = None, margin: float = 0.02, exact: bool = False,
    source: str = "ours", expect: str = "holds", **bound: float
) -> dict:  # fmt: skip
    """A claim for the results file. It asks for ``at_least``, ``at_most``, ``above``, ``below`` or ``paper - margin``.
    ``what`` is an estimate, or with ``exact`` a number without error: a count, a closed form. ``source`` is where the
    paper says it; ``expect`` is the verdict that the prose states. Raises :class:`lt.LtError` for anything else."""
    if paper is not None and not bound:
        bound = {"at_least": round(paper - margin, 9)}
    if len(bound) != 1 or not set(bound) <= set(BOUNDS) or expect not in VERDICTS:
        choices = f"paper= or one of {', '.join(BOUNDS)}, and expect= one of {', '.join(VERDICTS)}"
        raise LtError(f"claim {text!r} asks for {bound or 'nothing'} and expects {expect!r}: give {choices}")
    if not isinstance(what, Estimate):
        if not exact:
            raise LtError(f"claim {text!r} has the number {what}: give an Estimate, or exact=True if it has no error")
        what = Estimate(value=float(what), low=float(what), high=float(what), values=(float(what),))
    ((kind, limit),) = bound.items()
    made: dict[str, Any] = {"text": text, "source": source, "values": list(what.values), "value": what.value}
    made |= {"low": what.low, "high": what.high, "bound": {kind: limit}, "paper": paper, "expect": expect}
    return made | {"verdict": verdict(what.low, what.high, kind, limit)}


def shown(claims: Sequence[Mapping], caption: str) -> tables.Table:
    """Records of claims as a table: claim, ours with interval, what is asked, verdict; and ``kind`` if they have it."""
    lines, index = [], ["kind", "claim"] if any("kind" in one for one in claims) else ["claim"]
    for one in claims:
        ((kind, limit),) = one["bound"].items()
        beside = "" if pd.isna(one["paper"]) else f" (paper: {one['paper']:g})"
        unlike = "" if one["verdict"] == one["expect"] else f" (the prose: {one['expect']})"
        text = KEYS.sub(lambda key: tables.words(key[0]), one["text"])
        text += "" if one["source"] == "ours" else f" ({one['source']})"
        ours, asked = tables.interval(one["value"], one["low"], one["high"]), kind.replace("_", " ")
        lines.append([one.get("kind"), text, ours, f"{asked} {limit:.4g}{beside}", one["verdict"] + unlike])
    frame = pd.DataFrame(lines, columns=["kind", "claim", "ours [95 %]", "asked", "verdict"]).set_index(index)
    return tables.table(frame[["ours [95 %]", "asked", "verdict"]], caption)
