"""What every test shares: a cache of its own, no downloads where they would tempt, and one way to expect an error."""

from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from hypothesis import settings

from lt import loop
from lt.data import IDX_MD5, data_folder
from lt.errors import LtError

settings.register_profile("lt", max_examples=25, deadline=None, derandomize=True)
settings.load_profile("lt")
torch.set_num_threads(1)  # tiny tensors: threads only compete for cores

CORPORA = data_folder()  # read before any test changes it


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    """A fresh LT_CACHE for every test: nothing trained here outlives it, nothing trained elsewhere helps it."""
    monkeypatch.setenv("LT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LT_RESULTS", raising=False)


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
