"""The one error class of the package."""


class LtError(Exception):
    """An error the user can fix: its message is one line that says what is wrong and what to do."""
