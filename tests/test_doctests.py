"""The examples in docstrings say what comes out."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["lt.cache", "lt.losses", "lt.metrics", "lt.networks", "lt.tools.intervals"])
def test_examples(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed
