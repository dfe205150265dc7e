"""The page "Draw a digit" in Firefox: nothing moves, no stroke is lost, weights that failed are fetched again."""

import shutil
import subprocess

from browsing import ROOT, missing, place  # noqa: F401


def test_a_first_drawing_on_a_phone_s_window(place):  # noqa: F811
    node, firefox = shutil.which("node"), shutil.which("firefox-esr") or shutil.which("firefox")
    if not (node and firefox and (ROOT / "node_modules" / "puppeteer-core").exists()):
        missing("no Firefox that can be driven: apt-get install firefox-esr npm, then npm install")
    command = [node, "tests/firefox.mjs", place[1], firefox]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (0, "all places kept\n"), done.stderr[-4000:]
