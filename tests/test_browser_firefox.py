"""The page "Draw a digit" in Chromium and in Firefox: what may happen to it, as tests/browsers.mjs does it."""

import shutil
import subprocess

import pytest
from browsing import ROOT, missing, place  # noqa: F401


@pytest.mark.parametrize("name", ["chrome", "firefox"])
def test_whatever_happens_to_the_page(place, name):  # noqa: F811
    node, names = shutil.which("node"), {"chrome": ("chromium",), "firefox": ("firefox-esr", "firefox")}[name]
    program = next(filter(None, map(shutil.which, names)), None)
    if not (node and program and (ROOT / "node_modules" / "puppeteer-core").exists()):
        missing(f"no {names[0]} that can be driven: apt-get install {names[0]} npm, then npm install")
    command = [node, "tests/browsers.mjs", place[1], name, program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (0, "6 tests passed\n"), done.stderr[-4000:]
