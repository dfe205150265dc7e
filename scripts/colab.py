"""Install the book in Google Colab. The first cell of every chapter clones the repository and runs this file.

It needs nothing but Python. Packages that are there, PyTorch above all, stay as they are unless the book needs a
newer one. The book itself is installed editable, so that a change in ``lt`` works after a restart of the runtime.
"""

import importlib
import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path

PROJECT = "latent-translation-book"
KEPT = ("torch", "torchvision", "torchaudio")  # Colab's builds fit its GPUs
FACES = (
    "gan-face-generate>=1.1; python_version < '3.13'"  # alone: what it requires beside PyTorch only its training needs
)


def cell(repository: str, foreign: bool = False) -> str:
    """The line that every chapter begins with; ``foreign`` also installs the models of chapter 12."""
    folder = repository.rpartition("/")[2]
    clone = f"cd; test -d {folder} || git clone -q --depth 1 {repository}"
    run = f"~/{folder}/scripts/colab.py" + " foreign" * foreign
    here = f'[get_ipython().system("{clone}"), get_ipython().run_line_magic("run", "{run}")]'
    return f'import sys; "google.colab" in sys.modules and {here};'


def installed(name: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def pip(*arguments: str) -> None:
    """Run ``pip install``; end the cell with the reason if it fails."""
    command = [sys.executable, "-m", "pip", "install", "-q", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        sys.exit(f"pip cannot install the book: {(errors or [done.stderr.strip() or 'no message'])[-1]}")


def install(home: Path, foreign: bool) -> list[str]:
    """Install the book from ``home``; returns the packages that were replaced although this kernel imported them."""
    names = {name for module, found in packages_distributions().items() if module in sys.modules for name in found}
    before = {name: installed(name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept.txt"
        kept.write_text("".join(f"{name}=={found}\n" for name in KEPT if (found := installed(name))), encoding="utf-8")
        pip("-c", str(kept), "-e", f"{home}[chapters{',words,reader' * foreign}]")
        if foreign:
            pip("--no-deps", FACES)
    importlib.invalidate_caches()
    return sorted(name for name, found in before.items() if found and installed(name) != found)


def complete(home: Path, foreign: bool) -> bool:
    """Whether the book is installed from ``home``, with the models of chapter 12 if they are asked for."""
    try:
        where = distribution(PROJECT).read_text("direct_url.json") or ""
    except PackageNotFoundError:
        return False
    return home.as_uri() in where and (
        not foreign or all(map(installed, ("wordllama", "rapidocr", "gan-face-generate")))
    )


def main() -> None:
    """Install what is missing, make ``lt`` importable at once, and go to the folder of the chapters."""
    home, foreign = Path(__file__).resolve().parents[1], "foreign" in sys.argv[1:]
    if complete(home, foreign):
        print("The book is installed.")
    else:
        print("Installing the book: about a minute.", flush=True)
        if replaced := install(home, foreign):
            print(f"{', '.join(replaced)} changed: restart the session (menu Runtime), then run all cells again.")
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))  # an editable install is seen by kernels that start after it
    os.chdir(home / "book")  # results and pictures are there


if __name__ == "__main__":
    main()
