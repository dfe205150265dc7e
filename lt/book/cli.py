"""The command line: ``python -m lt`` or ``lt``."""

import sys
from typing import Annotated

import typer

from lt import __version__
from lt.book import runner
from lt.errors import LtError

app = typer.Typer(
    help="Run, build and publish the book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    pass


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
def live(
    profile: Profile = "laptop",
    digits: Annotated[int, typer.Option(help="Test digits that the page is measured on.")] = 10_000,
) -> None:
    """Export the live page's weights from trained models, and measure the page under Node.js; publish does it too."""
    from lt.book import live as page
    from lt.book import live_numbers, profiles

    root = runner.find_root()
    page.renew(root, profile, page.collect(profiles.get(profile)), digits)
    print(live_numbers.summary(root))


@app.command()
def select(
    groups: Annotated[list[str] | None, typer.Argument(help="Such as kl or width; all if none is named.")] = None,
    profile: Annotated[str, typer.Option(help="Data and budgets: quick or laptop.")] = "laptop",
) -> None:
    """Choose settings on training items kept aside, never on the test split."""
    from lt.book import select as selecting

    selecting.run(runner.find_root(), groups or [], profile)


@app.command()
def train_gan(
    profile: Profile = "laptop",
    minutes: Annotated[float | None, typer.Option(help="Training time in all; the profile's if not given. More minutes go on.")] = None,
    corpus: Annotated[str, typer.Option(help="fsdd (8 kHz) or sc09 (16 kHz).")] = "fsdd",
) -> None:
    """Train the GAN of spoken digits and put it into lt/assets."""
    from lt.book import profiles
    from lt.cache import ASSETS
    from lt.datasets import recordings
    from lt.zoo import pretrained

    budget = profiles.get(profile)
    minutes = budget.gan_minutes if minutes is None else minutes
    clips, test = recordings.load("train", corpus), recordings.load("test", corpus)
    facts = {
        "data": {"corpus": corpus, "clips": len(clips), "fingerprint": clips.fingerprint, "licence": recordings.LICENCES[corpus]},
        "command": f"python -m lt train-gan --profile {profile} --corpus {corpus} --minutes {minutes:g}",
    }
    card = pretrained.train_pretrained(budget.gan, profiles.SPEECH_PANEL, profiles.SPEECH_JUDGE, clips, test, minutes, ASSETS, facts)
    print("\n".join(f"{key:28} {value}" for key, value in card["scores"].items()))


@app.command()
def status() -> None:
    """Show where each published page comes from, and what has changed since."""
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
