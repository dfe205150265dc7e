"""The command line: quick to refuse, one line for every mistake, help that fits the screen."""

import os
import re
import subprocess
import sys

import pytest

import lt
from lt.book import cli, runner

ROOT = runner.find_root()


def call(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Exit status and what was printed of ``python -m lt`` with these arguments, eighty columns wide."""
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run([sys.executable, "-m", "lt", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_version():
    assert call("--version") == (0, f"{lt.__version__}\n", "")


@pytest.mark.parametrize("verb", ["run", "build", "book", "publish", "live", "select", "train-gan"])
def test_an_unknown_profile_is_refused_before_anything_heavy_is_imported(verb):
    status, printed, error = call(verb, "--profile", "fast", PYTHONPROFILEIMPORTTIME="1")
    *imports, message = error.strip().splitlines()
    assert (status, printed, message) == (1, "", "error: unknown profile 'fast': choose one of quick, laptop, paper")
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in imports}
    assert "typer" in modules
    assert not modules & {"torch", "numpy", "matplotlib", "nbformat", "papermill"}


def test_an_unknown_profile_is_refused_within_a_second():
    script = (
        "import sys, time; from lt.__main__ import main; sys.argv = ['lt', 'run', '--profile', 'fast']\n"
        "try: main()\nexcept SystemExit: print(time.process_time())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1, "of one core, whatever else the machine does"


def test_help_is_not_cut():
    status, printed, _ = call("--help")
    assert status == 0
    assert "..." not in printed.replace("[ARGS]...", "")
    assert max(map(len, printed.splitlines())) <= 80
    commands = re.findall(r"^  ([a-z-]+)  +([A-Z].*\.)$", printed.partition("Commands:")[2], flags=re.M)
    assert {name for name, _ in commands} == {c.name or c.callback.__name__.replace("_", "-") for c in cli.app.registered_commands}
    for name, _ in commands:
        assert "…" not in call(name, "--help")[1]


def test_a_python_without_typer_gets_one_line(tmp_path):
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(\"No module named 'typer'\", name='typer')\n")
    status, printed, error = call("run", PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert (status, printed) == (1, "")
    assert error.count("\n") == 1
    assert error.startswith("error: ")
    assert "has no package typer" in error
    assert ".venv/bin/activate" in error


def test_a_mistake_in_lt_itself_is_not_taken_for_a_missing_package(tmp_path):
    script = "import sys; sys.modules['lt.book.cli'] = None; from lt.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert "Traceback" in done.stderr
