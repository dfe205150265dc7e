"""What is said in several files of the project agrees, and nothing is tracked that should not be."""

import re
import subprocess
import sys

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from lt.book import cli, runner

if sys.version_info < (3, 11):
    pytest.skip("reads pyproject.toml with tomllib of Python 3.11", allow_module_level=True)
import tomllib

ROOT = runner.find_root()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
REQUIREMENTS = [Requirement(text) for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()) for text in group]
REQUIREMENTS = [requirement for requirement in REQUIREMENTS if requirement.name != PROJECT["name"]]  # an extra made of others
MACHINE_PATH = re.compile(r"(?<![\w.:/~$}-])/(?:home|root|work|Users|mnt)/\w")
# put together here, so that this file does not name one
REGISTRY = re.compile(
    "|".join(map(re.escape, ["pypi" + ".org", "python" + "hosted", "npmjs" + ".", "deb.debian" + ".", "download.pytorch" + "."]))
)


@pytest.fixture(scope="module")
def tracked() -> list:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def texts(tracked) -> dict[str, str]:
    found = {}
    for path in tracked:
        try:
            text = path.read_text()
        except UnicodeDecodeError:  # weights, data
            continue
        # pictures and sound in notebooks are base64, in which anything can turn up
        found[str(path.relative_to(ROOT))] = re.sub(r"[A-Za-z0-9+/=\\]{200,}", "", text)
    return found


def test_no_machine_paths(texts):
    assert not [f"{name}: {match.group()}" for name, text in texts.items() for match in MACHINE_PATH.finditer(text)]


def test_no_registry_hosts(texts):
    assert not [f"{name}: {match.group()}" for name, text in texts.items() for match in REGISTRY.finditer(text)]


def test_the_tracked_tree_is_small(tracked):
    assert sum(path.stat().st_size for path in tracked) < 60e6


def test_constraints_are_pins_inside_the_ranges_of_pyproject():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    pins = {}
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+", line), f"not an exact pin: {line}"
        name, version = line.split("==")
        assert name not in pins, f"said twice: {name}"
        pins[name] = version
    for requirement in REQUIREMENTS:
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, requirement
        assert not any(part.operator in ("==", "~=") for part in requirement.specifier), (
            f"{requirement} must be a range: books rot on exact pins"
        )


def test_the_conda_environment_is_python_and_this_package():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    plain = [item for item in environment["dependencies"] if isinstance(item, str)]
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    python = next(item for item in plain if item.startswith("python"))
    assert plain == [python, "pip", "nodejs"], "libraries belong in pyproject.toml; npm comes with Node.js"
    assert python.removeprefix("python=") in SpecifierSet(PROJECT["requires-python"])
    assert pip == ["-e .[book]"], "a file named here is looked for in another folder by some tools"


def test_the_notebook_stack_is_not_needed_to_train():
    blocked = ("papermill", "jupytext", "nbformat", "nbclient", "jupyter_book", "yaml", "pytest")
    code = f"import sys; sys.modules.update(dict.fromkeys({blocked!r})); import lt.datasets, lt.bridge, lt.metrics, lt.book.profiles, lt.book.report, lt.book.plots, lt.__main__"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_commands_of_the_readme_exist():
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    verbs = {command.name or command.callback.__name__.replace("_", "-") for command in cli.app.registered_commands}
    said = {name for pair in re.findall(r"^make ([a-z]+)|`make ([a-z]+)`", readme, flags=re.M) for name in pair if name}
    assert {"book", "test"} <= said <= targets
    said = set(re.findall(r"python -m lt ([a-z][a-z-]*)", readme))
    assert said
    assert said <= verbs


def test_every_module_is_in_the_api_page():
    page = (ROOT / "book" / "api.md").read_text()
    modules = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in (ROOT / "lt").rglob("*.py")}
    modules = {name.removesuffix(".__init__") for name in modules} - {"lt.__main__"}
    said = re.findall(r"automodule:: ([\w.]+)", page)
    assert sorted(said) == sorted(set(said)), "once each"
    assert modules - set(said) <= {"lt.book", "lt.datasets", "lt.zoo", "lt.tools"}
    assert set(said) <= modules


def test_the_core_is_one_evening_and_no_file_is_long():
    lines = {path: len(path.read_text().splitlines()) for path in (ROOT / "lt").rglob("*.py")}
    method = ("losses", "networks", "latents", "bridge", "loop", "cache", "metrics")
    assert sum(lines[ROOT / "lt" / f"{name}.py"] for name in method) <= 1200
    assert max(lines.values()) <= 350, max(lines, key=lines.get)
