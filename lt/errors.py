"""The one error class of the package, and how errors of other packages become one."""

import contextlib
from collections.abc import Iterator

FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError, RuntimeError,
            StopIteration, TypeError, ValueError)  # of functions that get unexpected input  # fmt: skip


class LtError(Exception):
    """An error the user can fix: its message is one line that says what is wrong and what to do."""

    def __init__(self, message: str = ""):
        super().__init__(" ".join(message.split()))  # what was given may be written in many lines


@contextlib.contextmanager
def explained(what: str, *more: type[Exception]) -> Iterator[None]:
    """Around a block or a function: what fails in it is an :class:`LtError`, ``what`` and how the error begins."""
    try:
        yield
    except FAILURES + more as error:
        raise LtError(f"{what}: {type(error).__name__}: {str(error)[:200]}") from error
