"""A server of built pages as a host publishes them, and a Chromium that looks at them."""

import functools
import gzip
import json
import os
import re
import shutil
import threading
import time
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLAGS = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-dev-shm-usage"


class Zipped(SimpleHTTPRequestHandler):
    """A server that prints nothing and packs texts, as GitHub Pages does."""

    def answer(self, body: bytes, **headers: str) -> None:
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if path.is_file() and path.suffix in (".html", ".css", ".js", ".json", ".svg"):
            body = gzip.compress(path.read_bytes(), mtime=0)
            self.answer(body, Content_Type=self.guess_type(path), Content_Encoding="gzip")
            self.wfile.write(body)
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


class Weights(Zipped):
    """The same, but weights may be refused, gone, cut, altered or slow; browsers may keep them for ever."""

    way = ""
    asked: tuple[str, ...] = ()  # paths of weights, in the order of the requests

    def do_GET(self):
        Weights.asked += (self.path,) * ("/weights/" in self.path)
        if self.path.startswith("/way/"):  # from a test in another process
            Weights.way = self.path[5:]
            self.answer(b"")
        elif "/weights/" in self.path and self.way in (codes := {"refused": 500, "gone": 404}):
            self.send_error(codes[self.way])
        elif self.path.endswith(".bin") and self.way:
            data = Path(self.translate_path(self.path)).read_bytes()
            self.answer(data, Cache_Control="max-age=86400, immutable")
            sent = {"cut": data[: len(data) // 2], "altered": data[:-100] + bytes(100)}.get(self.way, data)
            for start in range(0, len(sent), 2**19):
                self.wfile.write(sent[start : start + 2**19])
                time.sleep(0.1 * (self.way == "slow"))
            self.close_connection = True
        else:
            super().do_GET()


@contextmanager
def served(html: Path, handler=Zipped):
    """The address of the pages in ``html`` on the loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(html))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def chromium(profile: Path):
    """A Chromium with its logs; None where there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        yield None
        return
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS.split(), f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as made:
        made.set_page_load_timeout(120)
        made.set_script_timeout(120)
        yield made


def missing(what: str) -> None:
    """Skip a test for want of a program, or fail where CI is true."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(what)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One Chromium for all pages of a module."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver or missing("no Chromium: apt-get install chromium chromium-driver")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the page as live.md has it, without the theme, and its address."""
    folder, text = tmp_path_factory.mktemp("site"), (ROOT / "book" / "live.md").read_text(encoding="utf-8")
    body = "".join(re.findall(r"```\{raw\} html\n(.*?)```", text, re.DOTALL))
    (folder / "_static").symlink_to(ROOT / "book" / "_static")
    (folder / "book").mkdir()
    head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    icon = '<link rel="icon" href="data:,"><title>Page</title>'
    (folder / "book" / "live.html").write_text(f"{head}{icon}<main>{body}</main>", encoding="utf-8")
    cell = (ROOT / "book" / "00_introduction.py").read_text(encoding="utf-8")
    block = re.search('# <link rel="stylesheet".*?</script>', cell, re.DOTALL)[0].replace("\n# ", "\n")
    (folder / "book" / "front.html").write_text(f"{head}{icon}<main>{block}<p>After.</main>", encoding="utf-8")
    with served(folder, Weights) as address:
        yield folder, f"{address}/book/live.html"


def screen(browser, pixels: int = 1400, phone: bool = False, height: int = 0) -> None:
    """A screen of that width; a phone's has fingers."""
    metrics = {"width": pixels, "height": height or (844 if phone else 900), "deviceScaleFactor": 1, "mobile": phone}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": phone})


def opened(browser, address: str) -> None:
    """Open a page and wait for its equations and pictures; the logs hold only its own lines."""
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    browser.execute_async_script("""
        for (const image of document.images) image.loading = 'eager';
        const pictures = [...document.images].map((image) => image.decode().catch(() => 0));
        Promise.all([...pictures, document.fonts.ready, window.MathJax?.startup?.promise])
            .then(() => setTimeout(arguments[0], 50));
    """)


def waited(browser, script: str, seconds: float = 60):
    """The first value of an expression in the page that counts as true."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, seconds, 0.05).until(lambda driver: driver.execute_script(f"return {script}"))


def events(browser) -> list[dict]:
    """What the browser did since its log was read."""
    return [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]


def complaints(browser) -> list[str]:
    """What the console says, of anybody's code."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def violations(browser, part: str) -> list:
    """What axe-core finds serious or critical in a part of the page; a skip where it was not installed with npm."""
    path = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    browser.execute_script(path.read_text(encoding="utf-8") if path.exists() else missing("no axe-core: npm install"))
    where = {"include": [[part]], "exclude": [["summary"], [".citation-list"]]}  # the theme's own markup
    found = browser.execute_async_script("axe.run(arguments[0]).then(arguments[1])", where)["violations"]
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
