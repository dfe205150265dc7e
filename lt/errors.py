"""The one error class of the package."""


class LtError(Exception):
    """An error the user can fix: its message is one line that says what is wrong and what to do."""

    def __init__(self, message: str = ""):
        super().__init__(" ".join(message.split()))  # what was given may be written in many lines
