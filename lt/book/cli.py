"""The command line: ``python -m lt`` or ``lt``."""

import sys
from typing import Annotated

import typer

from lt import LtError, runner

app = typer.Typer(
    help="Run, build and publish the book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Profile = Annotated[str, typer.Option(help="Data and budgets: quick, laptop or paper.")]


@app.command()
def run(
    chapters: Annotated[list[str] | None, typer.Argument(help="Such as 3, 03 or 03_bridging; all if none is named.")] = None,
    profile: Profile = "quick",
) -> None:
    """Execute chapters, without touching the published notebooks."""
    runner.run(runner.find_root(), chapters or [], profile)


@app.command()
def build(profile: Annotated[str | None, typer.Option(help="Build what was run at this profile, not what is published.")] = None) -> None:
    """Compile the notebooks as they are into _build/html."""
    runner.build(runner.find_root(), profile)


@app.command()
def book(profile: Profile = "quick") -> None:
    """Execute every chapter, then compile the book."""
    root = runner.find_root()
    runner.run(root, [], profile)
    runner.build(root, profile)


@app.command()
def publish(
    chapters: Annotated[list[str] | None, typer.Argument(help="Such as 3, 03 or 03_bridging; all if none is named.")] = None,
    profile: Profile = "laptop",
) -> None:
    """Put the executed chapters and their numbers in the place of the published ones."""
    runner.publish(runner.find_root(), profile, chapters)


@app.command()
def train_gan(
    profile: Profile = "laptop",
    minutes: Annotated[float | None, typer.Option(help="Training time in all; the profile's if not given. More minutes go on.")] = None,
    corpus: Annotated[str, typer.Option(help="fsdd (8 kHz) or sc09 (16 kHz).")] = "fsdd",
) -> None:
    """Train the GAN of spoken digits and put it into lt/assets."""
    from lt import data, gan, profiles

    budget = profiles.get(profile)
    log = data.cache_folder() / "gan" / f"{profile}-{corpus}"
    card = gan.train_pretrained(
        budget.gan,
        profiles.SPEECH_FEATURES,
        profiles.SPEECH_JUDGE,
        corpus,
        budget.gan_minutes if minutes is None else minutes,
        data.ASSETS,
        log,
    )
    print("\n".join(f"{key:28} {value}" for key, value in card["scores"].items()), f"curves and samples: {log}", sep="\n")


@app.command()
def status() -> None:
    """Show which profile, device and time the published numbers come from."""
    print(runner.status(runner.find_root()))


def main() -> None:
    try:
        app()
    except LtError as error:
        sys.exit(f"error: {error}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "lt":
            raise
        sys.exit(f"error: the package {error.name} is missing: pip install -e '.[book]'")


if __name__ == "__main__":
    main()
