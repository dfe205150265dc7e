"""A recogniser that nobody here trained hears recordings, and says so when it hears nothing or is missing."""

import sys
from importlib.util import find_spec

import pytest
import torch

from lt.datasets import load
from lt.zoo.mel import LogMel
from lt.zoo.stranger import NOTHING, hear

listening = pytest.mark.skipif(find_spec("pocketsphinx") is None, reason="needs pocketsphinx, which has no wheels for Python 3.14")


@listening
def test_it_hears_recordings_and_spectrograms_of_them():
    clips = load("speech", "test")
    straight = (hear(clips.x, clips.rate) == clips.y).double().mean()
    log_mel = LogMel(clips.rate)
    again = (hear(log_mel.waveform(log_mel(clips.x)), clips.rate) == clips.y).double().mean()
    assert straight > 0.6, "ten words: chance is 0.1"
    assert again > 0.5


@listening
def test_it_does_not_depend_on_loudness_or_on_the_other_clips():
    clips = load("speech", "test")
    together = hear(clips.x[:6], clips.rate)
    assert together.tolist() == [hear(0.1 * clip[None], clips.rate).item() for clip in clips.x[:6]]


@listening
def test_it_hears_no_word_in_silence():
    assert hear(torch.zeros(2, 8_192), 8_000).tolist() == [NOTHING] * 2


def test_a_missing_package_is_one_line(monkeypatch, lt_error):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with lt_error("pocketsphinx is missing", "pip install"):
        hear(torch.zeros(1, 8_192), 8_000)
