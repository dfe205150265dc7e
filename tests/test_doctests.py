"""The examples in docstrings say what comes out."""

import doctest
import importlib
import pkgutil

import pytest

import lt

NAMES = [module.name for module in pkgutil.walk_packages(lt.__path__, "lt.") if not module.name.endswith("__main__")]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    assert not doctest.testmod(importlib.import_module(name)).failed


def test_what_users_need_is_there_by_name_without_pytorch():
    assert {getattr(lt, name).__name__.lstrip("_") for name in lt.__all__} == set(lt.__all__)
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        lt.absent  # noqa: B018
