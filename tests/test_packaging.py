"""What is published: address and version agree everywhere, workflows call known commands, the wheel works."""

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

import pytest
import yaml

import lt

if sys.version_info < (3, 11):
    pytest.skip("reads pyproject.toml with tomllib of Python 3.11", allow_module_level=True)
import tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY, PAGES = PROJECT["urls"]["Repository"], PROJECT["urls"]["Homepage"]
OWNER, NAME = REPOSITORY.split("/")[-2:]
CORE = {"filelock", "joblib", "numpy", "safetensors", "scikit-learn", "scipy", "torch", "tqdm"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_address_branch_and_version_are_the_same_everywhere():
    config, citation = yaml.safe_load(read("_config.yml")), yaml.safe_load(read("CITATION.cff"))
    assert PAGES == f"https://{OWNER}.github.io/{NAME}/" == config["sphinx"]["config"]["ogp_site_url"]
    assert all(url.startswith((REPOSITORY, PAGES)) for url in PROJECT["urls"].values())
    assert config["repository"]["url"] == citation["repository-code"] == REPOSITORY
    newest = re.search(r"^## (\S+) \((\d{4}-\d{2}-\d{2})\)$", read("CHANGELOG.md"), flags=re.M)
    assert newest[1] == lt.__version__ == citation["version"] == json.loads(read(".zenodo.json"))["version"]
    assert newest[2] == str(citation["date-released"])
    pages = [path for kind in ("book/*.md", "book/*.py", "*.md") for path in ROOT.glob(kind)]
    for path in pages:
        for project in re.findall(r"github\.com/(?:github/)?([\w-]+/[\w-]+)", path.read_text(encoding="utf-8")):
            assert "latent-translation" not in project or project == f"{OWNER}/{NAME}", path


def test_workflows_call_targets_of_the_makefile_and_every_python_of_the_classifiers():
    targets = set(re.findall(r"^([a-z_/.]+):", read("Makefile"), flags=re.M))
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for words in re.findall(r"run: make ([^#\n]*)", path.read_text(encoding="utf-8")):
            assert {word for word in words.split() if "=" not in word} <= targets, path
    said = {name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)}
    unit = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]["unit"]
    assert said == set(unit["strategy"]["matrix"]["python"])
    assert f">={min(said, key=lambda version: int(version[2:]))}" == PROJECT["requires-python"]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with a wheel and a source distribution of the tracked files, made without a download."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    for name in filter(lambda name: name and (ROOT / name).is_file(), listed.stdout.split("\0")):
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
    inside |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "lt" / "assets").iterdir()}
    assert inside | {"lt/py.typed", *(f"lt/book/{name}" for name in ("paper.csv", "search.js", "words.json"))} <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"lt", PROJECT["name"].replace("-", "_")}, (
        "no tests, no book"
    )
    assert wheel.stat().st_size < 20e6
    with tarfile.open(source) as archive:
        inner = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "lt/__init__.py", "lt/assets/fashion_5k.npz"} <= inner


LINES = """
import sys
class Absent:  # packages of extras are not there
    names = "IPython PIL matplotlib ot papermill pocketsphinx pooch seaborn soundfile torchaudio torchvision typer"
    def find_spec(self, name, *rest):
        if name in self.names.split():
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import lt, torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
assert "site-packages" in lt.__file__, lt.__file__
x, y = load_digits(return_X_y=True)
domains = []
for name, size in (("a", 20), ("b", 12)):
    pca, judge = PCA(size, random_state=0).fit(x), LogisticRegression(max_iter=100).fit(x, y)
    domains.append(lt.Domain(name, pca.transform, pca.inverse_transform, judge.predict_proba))
latents = [domain.latents(x[:1000], y[:1000]) for domain in domains]
bridge = lt.fit_bridge(latents, lt.BridgeConfig(lt.Training(300, 128, 4e-3, "onecycle")), seed=0)
score = bridge.score(x[1000:], "a", "b", y[1000:])
print(score["transfer_accuracy"])
bridge.save("bridge.safetensors")
lt.load_bridge("bridge.safetensors", domains)
"""


@pytest.mark.slow
def test_the_wheel_makes_a_bridge_with_the_eight_packages_of_the_core(built, tmp_path):
    assert {re.split(r"[<>=]", line)[0] for line in PROJECT["dependencies"]} == CORE
    (wheel,), environment = built.glob("*.whl"), tmp_path / "python"
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    variables |= {"PIP_NO_INDEX": "1", "OMP_NUM_THREADS": "1"}
    (borrowed,) = [path for path in site.getsitepackages() if path.endswith("site-packages")]
    (packages,) = environment.rglob("site-packages")
    (packages / "borrowed.pth").write_text(borrowed + "\n")  # the libraries of this Python, not its lt
    install = ["-m", "pip", "install", "-q", "--no-deps", "--ignore-installed", str(wheel)]
    for arguments in (install, ["-c", LINES], ["-m", "lt", "--version"]):
        done = subprocess.run([python, *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        if "-c" in arguments:
            assert float(done.stdout) > 0.8
    assert done.stdout.strip() == lt.__version__
