"""What every test shares: a cache of its own, no downloads where they would be tempting, and one way to expect an error."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from hypothesis import settings

from lt import loop
from lt.datasets import data_folder
from lt.datasets.images import IDX_MD5
from lt.errors import LtError
from lt.latents import Latents

settings.register_profile("lt", max_examples=25, deadline=None, derandomize=True)
settings.load_profile("lt")
torch.set_num_threads(1)  # tiny tensors: threads only get in each other's way

CORPORA = data_folder()  # read before any test changes it
OF_THE_ENVIRONMENT = {"test_browser", "test_runner", "test_notebooks"}  # tests of the book use the cache that they are given


@pytest.fixture(autouse=True)
def cache(request, tmp_path, monkeypatch) -> None:
    """A fresh LT_CACHE for every test of the library: nothing trained here outlives it, nothing trained elsewhere helps it."""
    if request.path.stem not in OF_THE_ENVIRONMENT:
        monkeypatch.setenv("LT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def lt_error():
    """``with lt_error("words", ...):`` expects an LtError whose message is one line that has all of the words."""

    @contextmanager
    def expect(*words: str):
        with pytest.raises(LtError) as caught:
            yield caught
        message = str(caught.value)
        assert message.strip()
        assert "\n" not in message, f"more than one line: {message!r}"
        missing = [word for word in words if word not in message]
        assert not missing, f"{missing} not in {message!r}"

    return expect


@pytest.fixture
def empty_data(tmp_path, monkeypatch) -> Path:
    """LT_DATA is an empty folder, and the network is down: what torchvision meets on a plane."""
    from torchvision.datasets import mnist

    def offline(*args, **kwargs):
        raise URLError("Network is unreachable")

    monkeypatch.setattr(mnist, "download_and_extract_archive", offline)
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LT_DATA", str(folder))
    return folder


@pytest.fixture
def corpora(monkeypatch) -> Path:
    """The folder of the full corpora, or a skip."""
    absent = [path for path in IDX_MD5 if not (CORPORA / path).exists()]
    if absent:
        pytest.skip(f"needs the full corpora: {absent[0]} is not under {CORPORA} (set LT_DATA)")
    monkeypatch.setenv("LT_DATA", str(CORPORA))
    return CORPORA


@pytest.fixture
def blobs():
    """``blobs(name, n, rotate, seed)``: a latent space of three well separated classes in four dimensions."""

    def make(name: str = "blobs", n: int = 300, rotate: bool = False, seed: int = 0, spread: float = 0.15) -> Latents:
        g = torch.Generator().manual_seed(seed)
        y = torch.arange(n) % 3
        mean = torch.eye(4)[y] * 2 - 0.5 + spread * torch.randn(n, 4, generator=g)
        if rotate:
            rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(99)))
            mean = mean @ rotation
        return Latents(name, mean, torch.full((n, 4), 0.05), y)

    return make


@pytest.fixture
def calls(monkeypatch):
    """Counts the steps of optimisers; ``calls.stop_at = k`` interrupts number k like a Ctrl-C."""

    class Calls:
        number, stop_at = 0, None

    def counted(self, loss, step=loop._Trainer.step):
        Calls.number += 1
        if Calls.number == Calls.stop_at:
            raise KeyboardInterrupt
        step(self, loss)

    monkeypatch.setattr(loop._Trainer, "step", counted)
    return Calls


@pytest.fixture
def tiny_profile(monkeypatch):
    """The profile quick with base models that train in a second, known by the name tiny; all in this process."""
    from lt.book import profiles
    from lt.loop import Training
    from lt.zoo.vae import JudgeConfig, VAEConfig

    quick, training = profiles.get("quick"), Training(60, 64, 2e-3)
    tiny = replace(
        quick,
        name="tiny",
        vae={name: VAEConfig(training, width=16, depth=1, latent=6) for name in quick.vae},
        judge={name: JudgeConfig(training, width=16, depth=1) for name in quick.judge},
        copies=1,
        accepted=3,
        fresh=2,
    )
    monkeypatch.setitem(profiles.PROFILES, "tiny", tiny)
    monkeypatch.setattr("lt.tools.sweeps.cores", lambda: 1)
    return tiny
