"""The command line: ``python -m lt`` or ``lt``, in a clone of the book. Errors that the user can fix are one line."""

import runpy
import sys
from pathlib import Path

from lt import __version__
from lt.errors import LtError


def main() -> None:
    """Run ``scripts/pipeline.py`` of the book, here or above; exit with one line when the user can mend it."""
    if sys.argv[1:] == ["--version"]:
        sys.exit(print(__version__))
    try:
        found = (folder / "scripts" / "pipeline.py" for folder in (Path.cwd(), *Path.cwd().parents))
        pipeline = next((path for path in found if path.exists()), None)
        if pipeline is None:
            raise LtError(f"no book in {Path.cwd()} or above: go to the folder of its repository")
        runpy.run_path(str(pipeline))["app"](prog_name="python -m lt")
    except LtError as error:
        sys.exit(f"error: {error}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("lt"):
            raise
        where = "activate the environment of the book (source .venv/bin/activate)"
        fix = f"{where}, or install it into this one (pip install -e '.[book]')"
        sys.exit(f"error: this Python ({sys.executable}) has no package {error.name}: {fix}")


if __name__ == "__main__":
    main()
