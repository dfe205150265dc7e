"""The examples in docstrings and on the page of the code say what comes out."""

import doctest
import re
from pathlib import Path

import pytest

import lt
from lt.own import estimator


def test_the_examples_run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[1] / "book" / "api.md").read_text(encoding="utf-8")
    lines = doctest.DocTestParser().get_doctest(re.sub("^```.*$", "", page, flags=re.M), {}, "api.md", None, 0)
    for ran in (doctest.testmod(estimator), doctest.DocTestRunner().run(lines)):
        assert ran.attempted > ran.failed == 0


def test_what_users_need_is_there_by_name_without_pytorch():
    assert {getattr(lt, name).__name__.lstrip("_") for name in lt.__all__} == set(lt.__all__)
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        lt.absent  # noqa: B018
