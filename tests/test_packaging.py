"""What is published: address and branch agree everywhere, workflows call documented commands, the wheel works by itself."""

import json
import os
import re
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml

import lt
from lt.book import PROFILES, profiles, readme, runner

if sys.version_info < (3, 11):
    pytest.skip("reads pyproject.toml with tomllib of Python 3.11", allow_module_level=True)
import tomllib

ROOT = runner.find_root()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY, PAGES = PROJECT["urls"]["Repository"], PROJECT["urls"]["Homepage"]
OWNER, NAME = REPOSITORY.split("/")[-2:]
BRANCH = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["branch"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ENGLISH = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def yaml_of(name: str) -> dict:
    return yaml.safe_load(read(name))


def test_address_and_branch_are_the_same_everywhere():
    assert f"https://{OWNER}.github.io/{NAME}/" == PAGES
    assert all(url.startswith((REPOSITORY, PAGES)) for url in PROJECT["urls"].values())
    assert PROJECT["urls"]["Changelog"] == f"{REPOSITORY}/blob/{BRANCH}/CHANGELOG.md"
    assert yaml_of("_config.yml")["repository"]["url"] == REPOSITORY
    citation, zenodo = yaml_of("CITATION.cff"), json.loads(read(".zenodo.json"))
    assert (citation["repository-code"], citation["url"]) == (REPOSITORY, PAGES)
    assert {REPOSITORY, PAGES} <= {item["identifier"] for item in zenodo["related_identifiers"]}
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        pushed = (workflow[True] if True in workflow else workflow["on"]).get("push") or {}  # YAML 1.1 reads `on` as true
        assert pushed.get("branches", [BRANCH]) == [BRANCH], path.name
        assert all(name == BRANCH for name in re.findall(r"refs/heads/([\w/-]+)", path.read_text(encoding="utf-8")))


def test_every_link_to_this_project_uses_that_address_and_branch():
    texts = {name: read(name) for name in (*ENGLISH, "book/api.md", "book/14_related.md", "book/live.md", "_config.yml")}
    for page in runner.chapters(ROOT):
        cells = nbformat.read(ROOT / f"{page}.ipynb", as_version=4).cells if (ROOT / f"{page}.ipynb").exists() else []
        texts[page] = read(f"{page}.py") + "\n".join(cell.source for cell in cells)
    found = [(name, url) for name, text in texts.items() for url in re.findall(r"https://[^\s\"')>\]]+", text)]
    for name, url in found:
        if match := re.match(
            r"https://(?:github\.com|colab\.research\.google\.com/github|img\.shields\.io/github/\w+)/([\w-]+/[\w.-]+)(.*)", url
        ):
            project, rest = match.groups()
            if "latent-translation" in project:
                assert project.removesuffix(".git") == f"{OWNER}/{NAME}", f"{name}: {url}"
                branch = re.match(r"/(?:blob|tree|raw|edit)/([^/]+)", rest)
                assert branch is None or branch[1] == BRANCH, f"{name}: {url}"
        if "github.io" in url and "latent-translation" in url:
            assert url.startswith(PAGES.rstrip("/")), f"{name}: {url}"
    assert len(found) > 20


def test_what_is_cited_is_this_version_and_the_paper():
    citation, zenodo = yaml_of("CITATION.cff"), json.loads(read(".zenodo.json"))
    newest = re.search(r"^## (\S+) \((\d{4}-\d{2}-\d{2})\)$", read("CHANGELOG.md"), flags=re.M)
    assert newest[1] == lt.__version__ == citation["version"] == zenodo["version"]
    assert newest[2] == str(citation["date-released"])
    assert citation["title"] == zenodo["title"]
    assert citation["keywords"] == zenodo["keywords"] == PROJECT["keywords"]
    assert citation["license"] == zenodo["license"] == PROJECT["license"]
    paper = citation["preferred-citation"]
    assert (paper["year"], paper["authors"][0]["family-names"]) == (2019, "Tian")
    assert {"arXiv:1902.08261"} <= {item["identifier"] for item in zenodo["related_identifiers"]}
    assert "1902.08261" in paper["doi"] + paper["url"]


def test_workflows_call_the_commands_of_the_makefile_or_of_the_guides():
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.M))
    said = " ".join(f"{read('README.md')} {read('CONTRIBUTING.md')}".split())
    preparing = ("git config --global --add safe.directory",)
    commands = []
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            assert job["timeout-minutes"] <= 150
            commands += [line.strip() for step in job["steps"] for line in step.get("run", "").splitlines()]
    assert len(commands) > 8
    for command in filter(None, commands):
        if command.startswith("make "):
            assert {word for word in command.split()[1:] if "=" not in word} <= targets, command
        elif not command.startswith(preparing):
            assert command in said, f"neither README.md nor CONTRIBUTING.md has: {command}"


def test_every_python_of_the_classifiers_is_tested():
    (workflow,) = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in WORKFLOWS if path.stem == "test"]
    said = {name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)}
    assert said == set(workflow["jobs"]["unit"]["strategy"]["matrix"]["python"])
    assert f">={min(said, key=lambda version: int(version[2:]))}" == PROJECT["requires-python"]


def test_names_of_profiles_are_those_that_exist():
    assert tuple(profiles.PROFILES) == PROFILES


def test_the_moving_picture_of_the_readme_is_small_and_moves():
    from PIL import Image

    path = ROOT / readme.PICTURE
    assert readme.PICTURE in read("README.md")
    assert path.stat().st_size < 1e6
    with Image.open(path) as image:
        assert image.n_frames > 50


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with a wheel and a source distribution of the tracked files, made without a download."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.mark.slow
def test_wheel_and_source_distribution_hold_what_they_should(built):
    (wheel,), (source,) = built.glob("*.whl"), built.glob("*.tar.gz")
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lt").rglob("*.py")}
    inside |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "lt" / "assets").iterdir()} | {"lt/py.typed"}
    assert inside <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"lt", PROJECT["name"].replace("-", "_")}, "no tests, no book"
    assert wheel.stat().st_size < 20e6
    with tarfile.open(source) as archive:
        inner = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "lt/__init__.py", "lt/assets/fashion_5k.npz"} <= inner


FIVE_LINES = """
import sys, warnings
for name in ("papermill", "jupytext", "nbformat", "nbclient", "jupyter_book", "yaml", "pocketsphinx", "ipykernel", "pytest"):
    sys.modules[name] = None  # the extras of the book are not there
import lt, numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
assert "site-packages" in lt.__file__, lt.__file__
x, y = load_digits(return_X_y=True)
x = x / 16
y_new, x_new, x, y = y[1400:], x[1400:], x[:1400], y[:1400]
class vae:
    pca = PCA(20, random_state=0).fit(x)
    encode, decode = pca.transform, pca.inverse_transform
classifier = LogisticRegression(max_iter=300).fit(x, y).predict_proba
scale = vae.encode(x).std(0)
gan = lambda z: vae.decode(np.asarray(z)[:, :20] * scale)
other_classifier = lambda x: 4 * classifier(x)
"""


@pytest.mark.slow
def test_the_wheel_runs_the_lines_of_the_readme_in_a_new_environment(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    environment = tmp_path / "python"
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PIP_NO_INDEX": "1", "OMP_NUM_THREADS": "1"}

    def run(*arguments: str) -> str:
        done = subprocess.run([python, *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (borrowed,) = [path for path in site.getsitepackages() if path.endswith("site-packages")]
    packages = run("-c", "import site; print(site.getsitepackages()[-1])").strip()
    Path(packages, "borrowed.pth").write_text(borrowed + "\n")  # the libraries of this Python, not its lt
    run("-m", "pip", "install", "-q", "--no-deps", "--ignore-installed", str(wheel))
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", read("README.md"), flags=re.S) if "lt.Domain" in block]
    code = code.replace("b.accept(1000)", "b.accept(30, threshold=0.5)")
    small = "lt.fit_bridge(latents, lt.BridgeConfig(lt.Training(200, 128, 2e-3)), seed=0)"
    assert "lt.fit_bridge(latents, seed=0)" in code
    printed = run("-c", FIVE_LINES + code.replace("lt.fit_bridge(latents, seed=0)", small))
    assert "transfer_accuracy" in printed
    assert (tmp_path / "bridge.safetensors").exists()
    assert run("-m", "lt", "--version").strip() == lt.__version__
