"""The first cell of every chapter, in a Python that has never seen the book: a new environment, a new home, a module google.colab."""

import json
import os
import re
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest

from lt.book import colab, runner

ROOT = runner.find_root()
REPOSITORY = re.search(r'^Repository = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), flags=re.M)[1]
SESSION = """
import json, os, sys, types
sys.modules["google"], sys.modules["google.colab"] = types.ModuleType("google"), types.ModuleType("google.colab")
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for _ in range(int(sys.argv[1])):
    shell.run_cell(sys.argv[2], store_history=True).raise_error()
shell.run_cell("import lt, lt.losses, torch").raise_error()
lt, torch = sys.modules["lt"], sys.modules["torch"]
print(json.dumps({"lt": lt.__file__, "torch": [torch.__file__, torch.__version__], "cwd": os.getcwd(), "prefix": sys.prefix}))
"""


@pytest.mark.parametrize("page", runner.chapters(ROOT))
def test_every_chapter_begins_with_this_line(page):
    line = colab.cell(REPOSITORY, foreign="foreign" in page)
    for path in (ROOT / f"{page}.py", ROOT / f"{page}.ipynb"):
        source = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            source = nbformat.reads(source, as_version=4)
            source = "\n".join(cell.source for cell in source.cells if cell.cell_type == "code")
        assert source.splitlines().count(line) == 1, f"{path.name} has another first cell than lt.book.colab.cell makes"
        assert source.count("google.colab") == 1


def test_elsewhere_the_line_does_nothing():
    before = set(os.listdir(Path.home()))
    exec(colab.cell(REPOSITORY), {})
    assert set(os.listdir(Path.home())) == before


@pytest.fixture
def machine(tmp_path):
    """Runs the cell a number of times in a new Python, then imports lt; returns what was printed. GitHub is a copy of this folder."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    source, home, environment = tmp_path / "github", tmp_path / "home", tmp_path / "python"
    home.mkdir()
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=source, check=True)
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (borrowed,) = [path for path in site.getsitepackages() if path.endswith("site-packages")]
    packages = subprocess.run([python, "-c", "import site; print(site.getsitepackages()[-1])"], capture_output=True, text=True, check=True)
    Path(packages.stdout.strip(), "borrowed.pth").write_text(borrowed + "\n")  # the libraries of this Python, not its lt
    variables = {
        **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LT_RESULTS", "VIRTUAL_ENV")},
        "HOME": str(home),
        "USERPROFILE": str(home),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{source.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the wrong way round: this means no isolation, so that nothing is downloaded
    }

    def session(times: int, cell: str = colab.cell(REPOSITORY)) -> tuple[str, dict]:
        command = [python, "-c", SESSION, str(times), cell]
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        *said, found = done.stdout.strip().splitlines()
        return "\n".join(said), json.loads(found)

    return session


@pytest.mark.slow
def test_in_colab(machine, tmp_path):
    import torch

    clone = tmp_path / "home" / REPOSITORY.rpartition("/")[2]
    said, found = machine(2)
    assert said.splitlines() == ["Installing the book: about a minute.", "The book is installed."], "the second time nothing is left to do"
    assert Path(found["lt"]) == clone / "lt" / "__init__.py", "editable: what is changed in the clone is what runs"
    assert Path(found["cwd"]) == clone / "book"
    assert found["torch"] == [torch.__file__, torch.__version__]
    assert found["prefix"] != sys.prefix
    assert not list((tmp_path / "python").rglob("torch")), "PyTorch is the one that was there"
    said, again = machine(1)  # the runtime has been restarted
    assert said == "The book is installed."
    assert again == found


def test_the_builds_of_pytorch_are_kept_and_a_replaced_package_asks_for_a_restart(monkeypatch, tmp_path, capsys):
    import numpy
    import torch

    asked, versions = [], {}

    def pip(*arguments: str) -> None:
        asked.append(arguments)
        if "-c" in arguments:
            asked.append(Path(arguments[1]).read_text().splitlines())
        versions["numpy"] = "999"

    real = colab.installed
    monkeypatch.setattr(colab, "pip", pip)
    monkeypatch.setattr(colab, "installed", lambda name: versions.get(name) or real(name))
    assert colab.install(tmp_path, foreign=False) == ["numpy"], f"numpy {numpy.__version__} is imported"
    assert asked[0][2:] == ("-e", str(tmp_path))
    assert f"torch=={real('torch')}" in asked[1]
    assert real("torch").split("+")[0] == torch.__version__.split("+")[0]
    asked.clear()
    colab.install(tmp_path, foreign=True)
    assert asked[0][3].endswith("[words,reader]")
    assert asked[2][0] == "--no-deps", "what a foreign model requires only for its training is left out"


def test_a_failed_installation_is_one_line(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(SystemExit, match=r"pip cannot install the book: ERROR: .*no-such-package-of-the-book"):
        colab.pip("no-such-package-of-the-book")
