"""The built book in Chromium: nothing fails, nothing is fetched from elsewhere, nothing is too wide, in both themes."""

import json
import os
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import ROOT, chromium, served

from lt.book import runner

HTML = ROOT / "_build" / "html"
PAGES = runner.toc(ROOT)


class Quiet(SimpleHTTPRequestHandler):
    """A server that prints nothing; weights of the live page may come from a folder of their own, or not come."""

    weights: str | None = None
    broken = ""  # "refused" or "cut": what happens to files of weights

    def translate_path(self, path):
        name = path.partition("/_static/live/weights/")[2]
        return f"{self.weights}/{name}" if name and self.weights else super().translate_path(path)

    def do_GET(self):
        if self.broken == "refused" and "/weights/" in self.path:
            self.send_error(500)
        elif self.broken == "cut" and self.path.endswith(".bin"):
            data = Path(self.translate_path(self.path)).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site():
    """The address of the built book on the loopback."""
    if not (HTML / "index.html").exists():
        pytest.fail(f"there is no {HTML.relative_to(ROOT)}/index.html: make site")
    with served(HTML, Quiet) as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One Chromium for all pages; without one a skip, or a failure where CI is true."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        if driver is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Chromium: apt-get install chromium chromium-driver")
        yield driver


def width(browser, pixels: int | None) -> None:
    """A screen of that width, or the window's own."""
    if pixels is None:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    else:
        metrics = {"width": pixels, "height": 844, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def settled(browser) -> None:
    """Wait until equations and pictures are there."""
    browser.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const images = [...document.images].map(i => { i.loading = 'eager'; return i.decode().catch(() => 0); });
        const math = document.querySelector('.math') ? [window.MathJax?.startup?.promise] : [];
        Promise.all([...images, ...math, document.fonts.ready]).then(() => setTimeout(done, 50), done);
    """)


@pytest.fixture(params=PAGES)
def page(request, browser, site) -> str:
    """A page of the book, open and settled; the logs hold only its own lines."""
    width(browser, None)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(f"{site}/{request.param}.html")
    settled(browser)
    return request.param


def events(browser) -> list[dict]:
    return [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]


def complaints(browser) -> list[str]:
    """What the console says, of anybody's code."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def requests_gone_wrong(browser, site: str) -> list[str]:
    """Requests that failed, or that went to another host."""
    found = []
    for event in events(browser):
        method, params = event["method"], event["params"]
        if method == "Network.requestWillBeSent":
            url = urlsplit(params["request"]["url"])
            if url.scheme in ("http", "https", "ws", "wss") and url.netloc != urlsplit(site).netloc:
                found.append(f"elsewhere: {params['request']['url']}")
        elif method == "Network.responseReceived" and params["response"]["status"] >= 400:
            found.append(f"{params['response']['status']}: {params['response']['url']}")
        elif method == "Network.loadingFailed" and not params.get("canceled"):
            found.append(f"failed: {params['errorText']}")
    return found


def test_page(page, browser, site):
    assert browser.title
    assert complaints(browser) == []
    assert requests_gone_wrong(browser, site) == []
    images = browser.execute_script("return [...document.images].map(i => [i.getAttribute('src'), i.getAttribute('alt'), i.naturalWidth])")
    assert [src for src, alt, pixels in images if not (alt or "").strip() or not pixels] == []
    math, drawn, wrong = browser.execute_script(
        "return ['.math', 'mjx-container', 'mjx-merror'].map(s => document.querySelectorAll('article ' + s).length)"
    )
    assert (drawn >= math, wrong) == (True, 0), "equations are not drawn"


def test_page_on_a_phone(page, browser):
    width(browser, 390)
    settled(browser)
    found = browser.execute_script("""
        const wide = document.scrollingElement.scrollWidth;
        const inside = e => e && (getComputedStyle(e).overflowX !== 'visible' || inside(e.parentElement));
        const tell = e => e.tagName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right);
        return wide <= 390 ? [] : [wide, ...[...document.querySelectorAll('main *')]
            .filter(e => e.getBoundingClientRect().right > 391 && !inside(e.parentElement)).slice(0, 5).map(tell)];
    """)
    assert found == [], "the page scrolls sideways"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_themes(theme, browser, site):
    """The theme that the reader chose shows on every page, and text stands out from its ground."""
    width(browser, None)
    browser.get(f"{site}/{PAGES[0]}.html")
    browser.execute_script("localStorage.mode = localStorage.theme = arguments[0]", theme)
    try:
        for page in PAGES:
            browser.get(f"{site}/{page}.html")
            chosen, text, ground = browser.execute_script("""
                const gray = c => c.match(/[0-9.]+/g).slice(0, 3).reduce((sum, x) => sum + x / 765, 0);
                const style = getComputedStyle(document.body);
                return [document.documentElement.dataset.theme, gray(getComputedStyle(document.querySelector('article p')).color), gray(style.backgroundColor)];
            """)
            assert chosen == theme, page
            assert (ground - text if theme == "light" else text - ground) > 0.5, page
    finally:
        browser.execute_script("localStorage.clear()")


def test_search(browser, site):
    from selenium.webdriver.support.ui import WebDriverWait

    width(browser, None)
    browser.get_log("performance")
    browser.get(f"{site}/search.html?q=Wasserstein")
    found = "return [...document.querySelectorAll('#search-results li a')].map(a => a.pathname)"
    addresses = WebDriverWait(browser, 20).until(lambda driver: driver.execute_script(found))
    assert {address.removeprefix("/").removesuffix(".html") for address in addresses} <= set(PAGES)
    assert requests_gone_wrong(browser, site) == []


def test_the_first_address_leads_to_the_introduction(browser, site):
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{site}/index.html")
    WebDriverWait(browser, 20).until(lambda driver: driver.current_url == f"{site}/{PAGES[0]}.html")
