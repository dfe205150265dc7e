"""The pages as readers meet them: their accessibility, their layout, their players, links and search, and what they weigh."""

import functools
import json
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browsing import ROOT, axe, chromium, served
from test_browser import HTML, PAGES, complaints, events, settled, width

from lt.book.pages import soup_of

sys.path.insert(0, str(ROOT / "benchmarks"))
SCREENS = [(pixels, theme) for pixels in (1400, 390) for theme in ("light", "dark")]


@pytest.fixture(scope="module")
def site():
    if not (HTML / "index.html").exists():
        pytest.fail("there is no built book: make site")
    with served(HTML) as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    import os

    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        if driver is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Chromium: apt-get install chromium chromium-driver")
        yield driver


@pytest.fixture(scope="module")
def checker() -> str:
    script = axe()
    return script or pytest.skip("axe-core cannot be fetched: npm is missing or has no registry")


def shown(browser, site: str, page: str, pixels: int, theme: str = "light") -> None:
    """Open a page on a screen of that width and in that theme."""
    width(browser, pixels)
    browser.get(f"{site}/{page}.html")
    browser.execute_script("for (const name of ['theme', 'mode']) document.documentElement.dataset[name] = arguments[0]", theme)
    settled(browser)


def look(browser, pixels: int, theme: str) -> None:
    """The page that is open, on another screen."""
    width(browser, pixels)
    browser.execute_script("for (const name of ['theme', 'mode']) document.documentElement.dataset[name] = arguments[0]", theme)
    browser.execute_async_script("const done = arguments[0]; dispatchEvent(new Event('resize')); setTimeout(done, 400)")


AXE = """
    const done = arguments[arguments.length - 1];
    axe.run(document, {resultTypes: ['violations'], rules: {'label-content-name-mismatch': {enabled: true}}}).then(found => done(
        found.violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 150)])));
"""


@pytest.mark.slow
@pytest.mark.parametrize("page", [*PAGES, "../search"])
def test_accessible(page, browser, site, checker):
    address = page.removeprefix("../")
    shown(browser, site, address, 1400)
    browser.execute_script(checker)
    found = {}
    for pixels, theme in SCREENS:
        look(browser, pixels, theme)
        found[pixels, theme] = browser.execute_async_script(AXE)
    assert {screen: wrong for screen, wrong in found.items() if wrong} == {}


LAYOUT = """
    const wrong = [];
    const tell = (what, e) => wrong.push(what + ': ' + e.tagName + ' ' + (e.textContent || e.src).trim().slice(0, 40));
    const seen = e => e.checkVisibility() && !e.closest('details:not([open])');
    for (const cell of [...document.querySelectorAll('article :is(td, th)')].filter(seen)) {
        const box = cell.getBoundingClientRect(), text = cell.textContent.trim();
        if (cell.scrollWidth > cell.clientWidth + 1) tell('a clipped cell', cell);
        if (text.length > 12 && text.includes(' ') && box.width < 45) tell('a collapsed column', cell);
    }
    for (const table of [...document.querySelectorAll('article table')].filter(seen)) {
        if (getComputedStyle(table).display !== 'table') tell('no table any more', table);
        const box = table.closest('.lt-scroll');
        if (!box) tell('no box', table);
        else if (box.scrollWidth > box.clientWidth + 1 && box.tabIndex < 0) tell('cannot be focused', table);
    }
    for (const picture of [...document.querySelectorAll('article img')].filter(seen)) {
        const box = picture.getBoundingClientRect();
        if (box.width < 10 || box.height < 10) tell('a collapsed picture', picture);
        const pad = 2 * parseFloat(getComputedStyle(picture).paddingLeft);
        const shape = (box.width - pad) / (box.height - pad) / (picture.naturalWidth / picture.naturalHeight);
        if (shape < 0.93 || shape > 1.07) tell('a stretched picture ' + shape.toFixed(2), picture);
    }
    for (const equation of document.querySelectorAll('article div.math')) {
        if (equation.scrollWidth > equation.clientWidth + 1 && equation.tabIndex < 0) tell('an equation that no key reaches', equation);
    }
    if (document.documentElement.dataset.theme === 'dark') {
        for (const e of [...document.querySelectorAll('article *:not(img, canvas, svg *)')].filter(seen)) {
            const colour = getComputedStyle(e).backgroundColor.match(/[0-9.]+/g).map(Number);
            const box = e.getBoundingClientRect();
            const light = (colour[0] + colour[1] + colour[2]) / 765 * (colour[3] ?? 1) > 0.6;
            if (light && box.width > 60 && box.height > 30 && !e.closest('#lt-live')) tell('a light box in the dark', e);
        }
    }
    if (document.scrollingElement.scrollWidth > innerWidth) wrong.push('the page scrolls sideways');
    return wrong;
"""


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_layout(page, browser, site):
    shown(browser, site, page, 1400)
    found = {}
    for pixels, theme in SCREENS:
        look(browser, pixels, theme)
        found[pixels, theme] = browser.execute_script(LAYOUT)
    assert {screen: wrong[:5] for screen, wrong in found.items() if wrong} == {}


def test_links_and_anchors_lead_somewhere():
    trees = {
        path: soup_of(path.read_text(encoding="utf-8")) for path in HTML.rglob("*.html") if "_static" not in path.relative_to(HTML).parts
    }
    names = {path: {node.get("id") or node.get("name") for node in tree.select("[id], a[name]")} for path, tree in trees.items()}
    broken = []
    for path, tree in trees.items():
        for node in tree.select("[href], [src]"):
            url = urlsplit(node.get("href") or node.get("src"))
            if url.scheme or url.netloc:
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not target.exists():
                broken.append(f"{path.name}: {url.path}")
            elif target in names and url.fragment and unquote(url.fragment) not in names[target]:
                broken.append(f"{path.name}: {url.path}#{url.fragment}")
    assert len(trees) > len(PAGES)
    assert sorted(set(broken)) == []


def hits(browser, site: str, words: str) -> list[list[str]]:
    """What a search finds: page, anchor and excerpt, in the order shown, when every excerpt is there."""
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"{site}/search.html?q={words}")
    script = """
        if (!document.querySelector('#search-results .search-summary')?.textContent) return null;
        const found = [...document.querySelectorAll('#search-results ul.search > li')];
        return found.every(li => li.querySelector('p.context') || li.querySelector('span'))
            ? found.map(li => [li.querySelector('a').pathname, li.querySelector('a').hash, li.textContent]) : null;
    """
    return WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(script))


def test_a_phrase_leads_to_its_section(browser, site):
    """Search for the words of a section's first sentence: the hit of that page leads to the section, and its excerpt is prose."""
    page = "book/14_related"
    tree = soup_of((HTML / f"{page}.html").read_text(encoding="utf-8"))
    section = tree.select("article section section")[-1]
    paragraph = section.find("p").get_text(" ", strip=True)
    words = [word for word in paragraph.split() if word.isalpha() and word.isascii() and len(word) > 5][:4]
    found = {path: (anchor, text) for path, anchor, text in hits(browser, site, "+".join(words))}
    anchor, text = found[f"/{page}.html"]
    assert anchor == f"#{section['id']}"
    assert words[0] in text
    assert complaints(browser) == []


def test_chapters_rank_before_functions_and_excerpts_are_prose(browser, site):
    found = hits(browser, site, "wasserstein")
    functions = [i for i, (path, _, _) in enumerate(found) if path.endswith("/api.html")]
    chapters = [i for i, (path, _, _) in enumerate(found) if not path.endswith("/api.html")]
    assert chapters
    assert functions
    assert max(chapters) < min(functions)
    assert not [text for _, _, text in found if "\\\\" in text or "import " in text]
    assert complaints(browser) == []


@functools.cache
def pages_with(selector: str) -> list[str]:
    return [page for page in PAGES if soup_of((HTML / f"{page}.html").read_text(encoding="utf-8")).select_one(selector)]


def test_players_have_names_and_play_one_at_a_time(browser, site):
    from selenium.webdriver.support.ui import WebDriverWait

    page = pages_with("article audio[aria-label]")[0]
    shown(browser, site, page, 1400)
    browser.get_log("performance")
    players = browser.execute_script(
        "return [...document.querySelectorAll('.lt-player')].map(b => [b.getAttribute('aria-label'), b.textContent])"
    )
    assert len(players) > 1
    assert not [name for name, seen in players if seen not in name or len(name) <= len(seen)]
    assert [name for name, _ in players if name.startswith("sound")] == []
    assert browser.execute_script("return document.querySelectorAll('article audio[controls]').length") == 0, "one stop of the tab key each"
    playing = "return [...document.querySelectorAll('article audio')].map((a, i) => a.paused ? -1 : i).filter(i => i >= 0)"
    for i in (0, 1):
        button = browser.find_elements("css selector", ".lt-player")[i]
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()  # a real one: browsers play nothing that nobody asked for
        WebDriverWait(browser, 10, 0.05).until(lambda driver, i=i: driver.execute_script(playing) == [i])
    fetched = {event["params"]["request"]["url"] for event in events(browser) if event["method"] == "Network.requestWillBeSent"}
    assert len([url for url in fetched if url.endswith(".wav")]) <= 2, "a sound is fetched when it is played"
    assert browser.execute_script("return document.querySelectorAll('.lt-player[aria-pressed=true]').length") <= 1
    assert complaints(browser) == []


def test_players_without_scripts(browser, site):
    page = pages_with("article audio[aria-label]")[0]
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{site}/{page}.html")
        audio = browser.find_elements("css selector", "article audio[controls]")
        assert audio
        assert audio[0].rect["width"] > 100
        assert not browser.find_elements("css selector", ".lt-player")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("page", PAGES)
def test_card_and_description(page):
    tree = soup_of((HTML / f"{page}.html").read_text(encoding="utf-8"))
    tags = {meta.get("property") or meta.get("name"): meta.get("content") for meta in tree.select("meta[content]")}
    assert len(tags["description"]) > 40
    assert tags["og:description"] == tags["description"]
    assert not tags["description"].startswith(("Open in Colab", "Profile"))
    assert (HTML / tags["og:image"].partition("latent-translation-book/")[2]).is_file()
    assert tags["og:site_name"] == "Latent translation, reproduced"


@pytest.mark.slow
def test_the_introduction_is_light(browser, site):
    """At most 1.5 MB on the line; the seconds are those of the machine too, and are measured by benchmarks/pages.py."""
    from pages import visit

    try:
        found = visit(browser, f"{site}/{PAGES[0]}.html")
    finally:
        browser.execute_cdp_cmd(
            "Network.emulateNetworkConditions", {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        )
    print(json.dumps(found))
    assert found["bytes"] < 1.5e6
    assert found["first_content_ms"] < found["loaded_ms"] + 1000


def test_the_built_folder_is_ready_for_github_pages():
    assert (HTML / ".nojekyll").is_file()
    assert not list(HTML.rglob("fontawesome.js"))
    for page in PAGES:
        source = HTML / "_sources" / f"{page}.ipynb"
        if source.exists():
            assert source.read_bytes() == (Path(ROOT) / f"{page}.ipynb").read_bytes(), "a reader downloads the chapter in its own order"
