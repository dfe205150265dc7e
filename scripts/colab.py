"""Install the book in Google Colab: the first cell of every chapter clones the repository and runs this file."""

import importlib
import os
import subprocess
import sys
from importlib.metadata import distributions, packages_distributions
from pathlib import Path


def versions() -> dict[str, str]:
    """The version of every installed package; of two copies, that which is imported."""
    return {found.name: found.version for found in reversed([*distributions()])}


def pip(*arguments: str) -> None:
    """Run ``pip install``; end the cell with what it says if it fails."""
    done = subprocess.run([sys.executable, "-m", "pip", "install", "-q", *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pip cannot install the book:\n{done.stderr}")


def install(home: Path, foreign: bool) -> list[str]:
    """Install the book from ``home``; returns the packages that were replaced although this kernel imported them."""
    before = versions()
    names = {name for module, found in packages_distributions().items() if module in sys.modules for name in found}
    kept = [f"{name}=={before[name]}" for name in ("torch", "torchvision", "torchaudio") if name in before]
    pip("-e", f"{home}[chapters{',words,reader' * foreign}]", *kept)  # Colab's builds of PyTorch fit its GPUs
    if foreign:  # alone: what it requires beside PyTorch only its training needs
        pip("--no-deps", "gan-face-generate>=1.1; python_version < '3.13'")
    importlib.invalidate_caches()
    return sorted({name for name, _ in before.items() - versions().items()} & names)


if __name__ == "__main__":
    home, foreign = Path(__file__).resolve().parents[1], "foreign" in sys.argv[1:]
    done = Path(sys.prefix) / f".{home.name}{'-foreign' * foreign}"  # as long-lived as what is installed there
    if not done.exists():
        print("Installing the book: about a minute.", flush=True)
        if replaced := install(home, foreign):
            print(f"{', '.join(replaced)} changed: restart the session (menu Runtime), then run all cells again.")
        done.touch()
    sys.path.insert(0, str(home))  # an editable install is seen by kernels that start after it
    os.chdir(home / "book")  # results and pictures are there
