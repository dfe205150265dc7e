"""The built book in Chromium: nothing fails, nothing is fetched from elsewhere, nothing is too wide, in both themes."""

from urllib.parse import urlsplit

import pytest
import yaml
from browsing import ROOT, browser, complaints, events, missing, opened, screen, served, violations, waited  # noqa: F401

HTML = ROOT / "_build" / "html"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"], *(chapter["file"] for part in TOC.get("parts", [TOC]) for chapter in part["chapters"])]


@pytest.fixture(scope="module")
def site():
    """The address of the built book on the loopback."""
    if not (HTML / "index.html").exists():
        missing(f"there is no {HTML.relative_to(ROOT)}/index.html: make site")
    with served(HTML) as address:
        yield address


def traffic(browser, site: str) -> tuple[float, list[str]]:  # noqa: F811
    """Bytes on the line since the log was read, and requests that failed or went to another host."""
    size, wrong = 0.0, []
    for params in [event["params"] for event in events(browser) if event["method"].startswith("Network.")]:
        url = (params.get("response") or params.get("request") or {}).get("url", site)
        elsewhere = urlsplit(url).scheme in ("http", "https", "ws") and urlsplit(url).netloc != urlsplit(site).netloc
        failed = params.get("response", {}).get("status", 0) >= 400 or not params.get("canceled", True)
        wrong += [str(params)[:300]] * (elsewhere or failed)
        if "dataLength" not in params:  # of whole answers, not of their parts
            size += params.get("encodedDataLength", 0)
    return size, wrong


@pytest.mark.parametrize("name", PAGES)
def test_page(name, browser, site):  # noqa: F811
    screen(browser)
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    opened(browser, f"{site}/{name}.html")
    size, wrong = traffic(browser, site)
    assert (complaints(browser), wrong) == ([], [])
    assert size <= 2.5e6 or name != PAGES[0], "the introduction is light"
    pictures = "return [...document.images].filter(i => !i.alt.trim() || !i.naturalWidth).map(i => i.src.slice(0, 99))"
    assert browser.execute_script(pictures) == [], "pictures that are broken, or have no words"
    equations = "return [...document.querySelectorAll('.katex-error, mjx-merror')].map(e => e.title)"
    assert browser.execute_script(equations) == []
    for theme in ("light", "dark"):
        browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
        assert violations(browser, "article") == [], theme
    screen(browser, 390, phone=True)
    wide = """
        const inside = e => e && (getComputedStyle(e).overflowX !== 'visible' || inside(e.parentElement));
        return document.scrollingElement.scrollWidth <= 390 ? [] : [...document.querySelectorAll('main *')]
            .filter(e => e.getBoundingClientRect().right > 391 && !inside(e.parentElement)).slice(0, 5)
            .map(e => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`);
    """
    assert browser.execute_script(wide) == [], "the page scrolls sideways"


@pytest.mark.parametrize("name", [name for name in PAGES if name[5:7] < "15"])  # not of the reference
def test_the_lead_figure_stands_below_the_answer_and_above_all_code(name, browser, site):  # noqa: F811
    opened(browser, f"{site}/{name}.html")
    for pixels, phone in ((1280, False), (390, True)):
        screen(browser, pixels, phone)
        places = "[...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect().top)"
        tops = [browser.execute_script(f"return {places}", f"article {part}") for part in ("p", ".cell_input")]
        first = "article :is(#lt-live canvas, .lt-lead figure, .lt-lead .lt-table)"  # the front page has a drawing area
        assert tops[0][1] < browser.execute_script(f"return {places}", first)[0] < min(720, *tops[1])


def test_search_finds_chapters_and_asks_nobody_else(browser, site):  # noqa: F811
    screen(browser)
    opened(browser, f"{site}/search.html?q=Wasserstein")
    hits = "[...document.querySelectorAll('#search-results li a')].map(a => a.pathname)"
    found = {path.removeprefix("/").removesuffix(".html") for path in waited(browser, f"({hits}).length && {hits}")}
    assert found <= set(PAGES)
    assert traffic(browser, site)[1] == []


def test_the_first_address_leads_to_the_introduction(browser, site):  # noqa: F811
    browser.get(f"{site}/index.html")
    waited(browser, f"location.pathname === '/{PAGES[0]}.html'")
