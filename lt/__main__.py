"""The command line: ``python -m lt`` or ``lt``. Errors that the user can fix are one line."""

import sys

from lt.errors import LtError


def main() -> None:
    """Run the command line; exit with one line when the user can fix what is wrong, a missing package included."""
    try:
        from lt.book.cli import app  # needs typer, which the system's Python does not have

        app()
    except LtError as error:
        sys.exit(f"error: {error}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "lt":
            raise
        sys.exit(
            f"error: this Python ({sys.executable}) has no package {package}: activate the environment of the book (source .venv/bin/activate), "
            "or install the book into this one (pip install -e '.[book]')"
        )


if __name__ == "__main__":
    main()
