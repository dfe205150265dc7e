"""The first cell of every chapter, in a Python that has never seen the book: a new environment and a new home."""

import json
import os
import re
import shutil
import site
import subprocess
import venv
from importlib.metadata import version
from pathlib import Path

import pytest

import colab

ROOT = Path(__file__).parents[1]
REPOSITORY = re.search(r'^Repository = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)[1]
SESSION = """
import json, os, sys, types
sys.modules["google"], sys.modules["google.colab"] = types.ModuleType("google"), types.ModuleType("google.colab")
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for _ in range(int(sys.argv[1])):
    shell.run_cell(sys.argv[2], store_history=True).raise_error()
shell.run_cell("import lt, lt.losses, torch").raise_error()
lt, torch = sys.modules["lt"], sys.modules["torch"]
print(json.dumps({"lt": lt.__file__, "torch": [torch.__file__, torch.__version__], "cwd": os.getcwd()}))
"""


def first_cell(foreign: bool = False) -> str:
    """The line that every chapter begins with; ``foreign`` also installs the models of chapter 12."""
    folder = REPOSITORY.rpartition("/")[2]
    clone = f"cd; test -d {folder} || git clone -q --depth 1 {REPOSITORY}"
    run = f"~/{folder}/scripts/colab.py" + " foreign" * foreign
    here = f'[get_ipython().system("{clone}"), get_ipython().run_line_magic("run", "{run}")]'
    return f'import sys; "google.colab" in sys.modules and {here};'


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("[0-9]*.py")), ids=lambda path: path.stem)
def test_every_chapter_begins_with_this_line(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines.count(first_cell("foreign" in path.stem)) == 1
    assert sum("google.colab" in line for line in lines) == 1


def test_elsewhere_the_line_does_nothing():
    before = set(os.listdir(Path.home()))
    exec(first_cell(), {})
    assert set(os.listdir(Path.home())) == before


@pytest.mark.slow
def test_in_colab(tmp_path):
    """The cell, twice, then an import; GitHub is a copy of this folder."""
    import torch

    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    source, home, environment = tmp_path / "github", tmp_path / "home", tmp_path / "python"
    home.mkdir()
    for name in filter(lambda name: name and (ROOT / name).is_file(), listed.stdout.split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", *words], cwd=source, check=True)
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (borrowed,) = [path for path in site.getsitepackages() if path.endswith("site-packages")]
    (packages,) = environment.rglob("site-packages")
    (packages / "borrowed.pth").write_text(borrowed + "\n")  # the libraries of this Python, not its lt
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LT_RESULTS", "VIRTUAL_ENV")}
    github = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{source.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }
    # pip reads the last one the wrong way round: this means no isolation, so that nothing is downloaded
    offline = {"HOME": str(home), "USERPROFILE": str(home), "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}

    def session(times: int) -> tuple[list[str], dict]:
        command = [python, "-c", SESSION, str(times), first_cell()]
        done = subprocess.run(command, cwd=tmp_path, env=kept | github | offline, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        *said, found = done.stdout.strip().splitlines()
        return said, json.loads(found)

    clone = home / REPOSITORY.rpartition("/")[2]
    said, found = session(2)
    assert said == ["Installing the book: about a minute."], "the second time nothing is left to do"
    assert Path(found["lt"]) == clone / "lt" / "__init__.py", "editable: what is changed in the clone is what runs"
    assert Path(found["cwd"]) == clone / "book"
    assert found["torch"] == [torch.__file__, torch.__version__], "PyTorch is the one that was there"
    assert session(1) == ([], found), "the runtime has been restarted"


def test_the_builds_of_pytorch_are_kept_and_a_replaced_package_asks_for_a_restart(monkeypatch, tmp_path):
    asked, found = [], colab.versions()

    def pip(*arguments: str) -> None:
        asked.append(arguments)
        found["numpy"] = "999"

    monkeypatch.setattr(colab, "pip", pip)
    monkeypatch.setattr(colab, "versions", lambda: dict(found))
    import numpy as np

    assert colab.install(tmp_path, foreign=False) == ["numpy"], f"numpy {np.__version__} is imported"
    assert asked[0][:2] == ("-e", f"{tmp_path}[chapters]")
    assert f"torch=={version('torch')}" in asked[0]
    colab.install(tmp_path, foreign=True)
    assert asked[1][1] == f"{tmp_path}[chapters,words,reader]"
    assert asked[2][0] == "--no-deps", "what a foreign model requires only for its training is left out"


def test_a_failed_installation_says_why(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(SystemExit, match=r"pip cannot install the book:\nERROR: .*\n*.*no-such-package-of-the-book"):
        colab.pip("no-such-package-of-the-book")
