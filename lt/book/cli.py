"""The commands of ``python -m lt``. Each imports what it needs when it runs: ``--help`` and a wrong name take no time."""

from typing import Annotated

import typer

from lt import __version__
from lt.book import check_profile, runner

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


def _known(profile: str | None) -> str | None:
    return profile if profile is None else check_profile(profile)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    pass


Chapters = Annotated[list[str] | None, typer.Argument(help="Such as 3, 03 or 03_bridging. Default: all.")]
Profile = Annotated[str, typer.Option(callback=_known, help="Data and budgets: quick, laptop or paper.")]


@app.command()
def run(chapters: Chapters = None, profile: Profile = "quick") -> None:
    """Execute chapters; published notebooks stay as they are.

    The executed notebooks are in _build/run/PROFILE. Base models that are not in the cache are trained on the way.
    """
    runner.run(runner.find_root(), chapters or [], profile)


@app.command()
def build(
    profile: Annotated[str | None, typer.Option(callback=_known, help="Build what was run at this profile, not what is published.")] = None,
) -> None:
    """Compile the published notebooks into _build/html."""
    runner.build(runner.find_root(), profile)


@app.command()
def book(profile: Profile = "quick") -> None:
    """Execute every chapter, then compile the book."""
    root = runner.find_root()
    runner.run(root, [], profile)
    runner.build(root, profile)


@app.command()
def publish(chapters: Chapters = None, profile: Profile = "laptop") -> None:
    """Replace published chapters by executed ones.

    Their numbers in book/results, the live page's weights, and the table, times and picture of README.md are renewed with them.
    """
    runner.publish(runner.find_root(), profile, chapters)


@app.command()
def live(
    profile: Profile = "laptop",
    digits: Annotated[int, typer.Option(help="Test digits that the page is measured on.")] = 10_000,
) -> None:
    """Renew the live page's weights and the README's picture.

    They are made from trained models, and the page is measured under Node.js. publish does it too.
    """
    from lt.book import live as page
    from lt.book import live_numbers, profiles, readme

    root = runner.find_root()
    parts = page.collect(profiles.get(profile))
    page.renew(root, profile, parts, digits)
    readme.renew_picture(root, parts)
    print(live_numbers.summary(root))


@app.command()
def select(
    groups: Annotated[list[str] | None, typer.Argument(help="Such as kl or width. Default: all.")] = None,
    profile: Annotated[str, typer.Option(callback=_known, help="Data and budgets: quick or laptop.")] = "laptop",
) -> None:
    """Choose settings on training items kept aside.

    The test split is never read. Chapter 13 shows what was chosen.
    """
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
    """Show where published pages come from.

    For each page: profile, device, seconds, commit, what has changed since it was run, and the command that renews it.
    """
    print(runner.status(runner.find_root()))
