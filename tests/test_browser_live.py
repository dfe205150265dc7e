"""The page "Draw a digit" in Chromium, with the published weights: nothing moves, nothing is lost."""

import json
import shutil
import subprocess
import time

import pytest
from browsing import ROOT, Weights, browser, complaints, missing, opened, place, screen, violations, waited  # noqa: F401
from live_strokes import STYLES, drawing

FURNISHED = "document.querySelectorAll('#lt-sliders input').length === 8 && document.querySelector('#lt-clips button')"
HEARD = "document.getElementById('lt-live').dataset.samples === '8192'"
GARMENT = "document.getElementById('lt-garment').toDataURL()"
SAID = "['judged', 'digit-judged'].map((id) => document.getElementById(`lt-${id}`).textContent).join()"
TROUSERS = "/rouser/.test(document.getElementById('lt-judged').textContent)"
NAMES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle")
# the pen's own events; a pointer that no device makes cannot be captured
DRAW = """
    const pad = document.getElementById('lt-pad'), page = document.getElementById('lt-live').dataset;
    pad.setPointerCapture = () => {}; pad.hasPointerCapture = () => true;
    window.found = async (drawings, out = []) => {
        for (const strokes of drawings) {
            const box = pad.getBoundingClientRect();
            document.getElementById('lt-clear').click();
            for (const stroke of strokes) for (const [i, point] of [...stroke, stroke.at(-1)].entries())
                pad.dispatchEvent(new PointerEvent(`pointer${i === stroke.length ? 'up' : i ? 'move' : 'down'}`,
                    {clientX: box.x + point.x * box.width, clientY: box.y + point.y * box.height, isPrimary: true}));
            do for (let n = 2; n; n--) await new Promise(requestAnimationFrame); while (page.at === 'work');
            out.push(['digit-judged', 'judged'].map((name) => document.getElementById(`lt-${name}`)?.textContent));
        }
        return out;
    };
"""


@pytest.fixture
def page(browser, place):  # noqa: F811
    """The page, open and untouched, from an empty cache."""
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    Weights.asked, Weights.way = (), ""
    screen(browser)
    opened(browser, place[1])
    return browser


def text(page, *names: str) -> str:
    script = "return arguments[0].map((name) => document.getElementById(`lt-${name}`).textContent).join('')"
    return page.execute_script(script, names)


def press(page, selector: str, n: int = 0) -> None:
    page.execute_script("document.querySelectorAll(arguments[0])[arguments[1]].click()", selector, n)


def finger(page, places: list[tuple[str, float, float]], pause: float = 0) -> None:
    """A finger of the device itself: ("Start", "Move" or "End", and a place of the pad, 0 to 1) one by one."""
    for kind, x, y in places:
        box = page.execute_script("return document.getElementById('lt-pad').getBoundingClientRect().toJSON()")
        at = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}] * (kind != "End")
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": at})
        time.sleep(pause)


def shifts(page, since: float = 0) -> list:
    """Layout shifts since that time on the page's clock."""
    return page.execute_async_script(f"""
        new PerformanceObserver((list) => arguments[0](list.getEntries().filter((one) => one.startTime > {since})
            .map((one) => one.value))).observe({{type: 'layout-shift', buffered: true}});
        setTimeout(arguments[0], 300, []);
    """)


def slide(page, selector: str, value: float) -> None:
    code = "Object.assign(arguments[0], {value: arguments[1]}).dispatchEvent(new Event('input'))"
    page.execute_script(code, page.find_element("css selector", selector), value)


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_nothing_moves_while_weights_arrive(page, place, phone):  # noqa: F811
    wide = 390 if phone else 1400
    screen(page, wide, phone, 40)
    page.get("about:blank")
    time.sleep(0.5)  # the page before has asked for its last
    page.execute_cdp_cmd("Network.clearBrowserCache", {})
    Weights.asked, Weights.way = (), "slow"
    opened(page, place[1])
    time.sleep(0.3)
    assert Weights.asked == (), "nothing is fetched before the drawing area is seen"
    screen(page, wide, phone)
    page.execute_script("document.getElementById('lt-pad').scrollIntoView({block: 'center'})")
    time.sleep(0.3)
    begun = page.execute_script("return performance.now()")
    finger(page, [("Start", 0.5, 0.1), *(("Move", 0.5, step / 10) for step in range(2, 10)), ("End", 0.5, 0.9)], 0.1)
    assert waited(page, f"{TROUSERS} && {FURNISHED}"), "a one becomes trousers"
    assert shifts(page, begun) == []
    assert page.execute_script("return document.scrollingElement.scrollWidth") <= wide


def test_ten_first_drawings_on_a_phone_from_an_empty_cache(page, place):  # noqa: F811
    screen(page, 390, True)
    for digit, name in enumerate(NAMES):
        page.execute_cdp_cmd("Network.clearBrowserCache", {})
        opened(page, place[1])
        page.execute_script(f"{DRAW} window.found([arguments[0]])", drawing(digit, "upright"))
        assert waited(page, f"/^{name}.*,{digit}, /.test({SAID})")


def test_draw_hear_and_clear(page):
    pictures = "return ['pad', 'garment', 'mel', 'digit'].map((id) => document.getElementById(`lt-${id}`).toDataURL())"
    other = """
        for (const kind of ['down', 'move', 'up']) document.getElementById('lt-pad').dispatchEvent(
            new PointerEvent(`pointer${kind}`, {pointerId: 77, clientX: 9, clientY: 9, button: arguments[0]}));
        requestAnimationFrame(arguments[1]);
    """
    page.execute_script("window.sound = AudioContext; delete window.AudioContext")  # who makes one gets an error
    untouched = page.execute_script(pictures)
    page.execute_async_script(other, 2)
    assert page.execute_script(pictures) == untouched, "the right button does not draw"
    finger(page, [("Start", 0.5, 0.1), *(("Move", 0.5, step / 10) for step in range(2, 10))])
    waited(page, TROUSERS)
    page.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")  # it is drawn
    stroke = page.execute_script(pictures)[0]
    page.execute_async_script(other, 0)
    assert page.execute_script(pictures)[0] == stroke, "nor does a second finger"
    finger(page, [("End", 0.5, 0.9)])
    waited(page, "/%/.test(document.getElementById('lt-digit-judged').textContent)")
    assert page.execute_script("window.AudioContext = sound; return document.getAnimations()") == [], "nothing unasked"
    page.find_element("id", "lt-play").click()
    waited(page, HEARD)
    assert "%" in text(page, "heard")
    press(page, "#lt-clear")
    time.sleep(0.2)
    assert page.execute_script(pictures) == untouched
    assert text(page, "judged", "heard", "digit-judged", "samples-note", "flow", "guess") == ""
    page.execute_script("""
        Object.defineProperty(AudioContext.prototype, 'state', {get: () => 'suspended'});
        AudioContext.prototype.resume = () => new Promise(() => {});
    """)
    press(page, "#lt-examples button")
    press(page, "#lt-play")
    assert waited(page, "/blocks sound/.test(document.getElementById('lt-status').textContent)")
    assert complaints(page) == []


def test_the_first_page_draws_by_itself_and_speaks_once_sound_is_allowed(browser, place):  # noqa: F811
    grey = """
        const copy = new OffscreenCanvas(280, 240).getContext('2d');
        copy.drawImage(document.getElementById('lt-pad'), 0, 0);
        return copy.getImageData(0, 0, 280, 240).data.filter((x) => x === 153).length > 6000;
    """
    moves = {"name": "prefers-reduced-motion", "value": "reduce"}
    for still in (True, False):
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [moves] if still else []})
        browser.execute_cdp_cmd("Network.clearBrowserCache", {})
        Weights.asked, Weights.way = (), ""
        screen(browser)
        opened(browser, place[1].replace("live.html", "front.html"))
        time.sleep(1.2)
        assert browser.execute_script(grey) is not still
    assert len(Weights.asked) == 2, "manifest and pictures: no more is fetched before the first touch"
    assert shifts(browser) == []
    browser.execute_script(DRAW)
    sevens = [drawing(7, style) for style in STYLES]
    draws = "window.found([arguments[0]]).then(arguments[1])"
    browser.execute_async_script(draws, sevens[0])
    assert browser.execute_script(grey) is False, "the first touch takes the example away"
    assert waited(browser, "/neaker/.test(document.getElementById('lt-judged').textContent)")
    browser.find_element("id", "lt-play").click()
    waited(browser, HEARD)
    browser.execute_script("delete document.getElementById('lt-live').dataset.samples")
    browser.execute_async_script(draws, sevens[1])
    assert waited(browser, HEARD), "no second press"
    assert (violations(browser, "#lt-live"), complaints(browser)) == ([], [])


@pytest.mark.parametrize("wide", [390, 1400])
def test_a_typed_word_becomes_a_garment_and_a_digit(page, wide):
    screen(page, wide, wide == 390)
    press(page, "#lt-examples button", 1)
    waited(page, f"{TROUSERS} && {FURNISHED}")
    assert not [path for path in Weights.asked if "words-" in path], "words are fetched when the field is reached"
    field = page.find_element("id", "lt-word")
    field.send_keys("x")
    time.sleep(0.5)  # it has scrolled there
    begun = page.execute_script("return performance.now()")
    for typed, right in (("moon boots", "Ankle boot.*,9"), ("Party  dress", "Dress.*,3"), ("golf trousers", "Tr.*,1")):
        field.clear()
        field.send_keys(typed)
        assert waited(page, f"/^{right}/.test({SAID}) && document.querySelectorAll('#lt-flow canvas').length === 4")
    field.clear()
    field.send_keys("靴 42")
    waited(page, "/No piece of this is known/.test(document.getElementById('lt-status').textContent)")
    assert (shifts(page, begun), violations(page, "#lt-live"), complaints(page)) == ([], [], [])
    assert page.execute_script("return document.scrollingElement.scrollWidth") <= wide


def test_what_is_no_digit_is_said_and_what_was_drawn_can_be_taken_along(page):
    page.execute_script(DRAW)
    lost, cross = [], [[{"x": 0.1, "y": 0.1}, {"x": 0.9, "y": 0.9}], [{"x": 0.9, "y": 0.1}, {"x": 0.1, "y": 0.9}]]
    for strokes, said in ((drawing(7, "upright"), "looks like a digit"), (cross, "looks like no digit")):
        page.execute_async_script("window.found([arguments[0]]).then(arguments[1])", strokes)
        waited(page, f"/{said}/.test(document.getElementById('lt-doubt').textContent)")
        lost.append(int(text(page, "gone").split(", ")[1][:-2]))
        ink = "[...document.getElementById('lt-lost').getContext('2d').getImageData(0, 0, 28, 28).data]"
        assert page.execute_script(f"return {ink}.some((x) => x > 60 && x < 255)"), "it is seen"
        bars = "[...document.querySelectorAll('#lt-shape span')].map((one) => one.style.getPropertyValue('--share'))"
        shares = [float(share[:-1]) for share in page.execute_script(f"return {bars}")]
        assert shares == sorted(shares, reverse=True)[:3]
    assert lost[0] < 10 < lost[1], "of a cross more is lost"
    stroke = page.execute_script(f"return {GARMENT}")
    press(page, "#lt-link")
    waited(page, "/link|address/.test(document.getElementById('lt-status').textContent)")
    link = page.execute_script("return location.href")
    press(page, "#lt-undo")
    waited(page, f"{GARMENT} !== {json.dumps(stroke)}")
    page.get("about:blank")
    opened(page, link)
    waited(page, "/no digit/.test(document.getElementById('lt-doubt').textContent)")
    page.execute_script("""
        window.files = [];
        const made = URL.createObjectURL;
        URL.createObjectURL = (file) => { window.files.push([file.type, file.size]); return made(file); };
    """)
    for name, file in (("picture", "digit.png"), ("sound", "word.wav")):
        press(page, f"#lt-{name}")
        waited(page, f"document.getElementById('lt-status').textContent === 'Saved as {file}.'")
    (png, size), wav = page.execute_script("return window.files")
    assert (png, size > 1000, wav) == ("image/png", True, ["audio/wav", 44 + 2 * 8192])
    page.execute_script("for (const part of ['flow canvas', 'garment']) document.querySelector(`#lt-${part}`).focus()")
    assert all(part in text(page, "flow-why", "why") for part in ("box of 20 pixels", "decoder of garments"))


def test_by_keyboard_and_for_a_screen_reader(page):
    from selenium.webdriver.common.keys import Keys

    page.find_element("id", "lt-pad").send_keys(" ", *[Keys.ARROW_DOWN] * 12, " ")
    waited(page, "/Garment/.test(document.getElementById('lt-said').textContent)")
    waited(page, FURNISHED)
    for name, keys in (("#lt-map", [Keys.ARROW_LEFT] * 10), ("#lt-sliders input", [Keys.ARROW_RIGHT] * 80)):
        before = page.execute_script(f"return {GARMENT}")
        page.find_element("css selector", name).send_keys(*keys)
        waited(page, f"{GARMENT} !== {json.dumps(before)}")
    assert (violations(page, "#lt-live"), complaints(page)) == ([], [])


def test_the_map_has_a_dark_ground_and_its_thumbnails_hide_no_mark(page):
    press(page, "#lt-examples button", 3)
    waited(page, FURNISHED)
    page.execute_script("document.documentElement.style.setProperty('--pst-color-background', '#121212')")
    style = "getComputedStyle(document.getElementById('lt-map')).backgroundColor"
    assert page.execute_script(f"return {style}") == "rgb(18, 18, 18)", "the theme's own ground"
    marks, pictures = page.execute_script("""
        const box = ({x, y, width, height}) => [x, y, x + width, y + height];
        return ['circle, rect[stroke-width="0.5"]', 'image'].map((which) =>
            [...document.querySelectorAll(`#lt-map svg :is(${which})`)].map((one) => box(one.getBBox())));
    """)
    assert (len(marks), len(pictures)) == (800, 20), "a digit and a garment of each class"
    for i, (left, top, right, bottom) in enumerate(pictures):
        others = marks + pictures[:i]
        assert not [b for b in others if b[0] < right and b[2] > left and b[1] < bottom and b[3] > top]


def test_six_samples_of_one_posterior_stand_in_a_row(page):
    samples = "[...document.querySelectorAll('#lt-samples [aria-label^=Sample]')]"
    press(page, "#lt-again")
    assert "first" in text(page, "status")
    press(page, "#lt-examples button", 3)
    waited(page, FURNISHED)
    press(page, "#lt-again")
    assert waited(page, "/^Six draws/.test(document.getElementById('lt-samples-note').textContent)")
    pictures = page.execute_script(f"return {samples}.map((one) => one.firstChild.toDataURL())")
    assert len(set(pictures)) == 6, "no two are alike"
    for i in (0, 4):  # the first is shown unasked
        press(page, "#lt-samples button", 4) if i else None
        assert waited(page, f"{GARMENT} === {json.dumps(pictures[i])}")
        assert page.execute_script(f"return {samples}[{i}].ariaPressed") == "true"
    press(page, "#lt-examples button", 1)
    assert waited(page, f"!{samples}.length"), "they were of something else"
    assert complaints(page) == []


def test_the_other_ways_and_a_walk(page):
    first = "document.querySelector('#lt-flow figcaption strong')?.textContent"
    press(page, "#lt-examples button", 3)
    waited(page, f"{first} === 'drawing' && {FURNISHED}")
    press(page, "#lt-keep")
    press(page, "#lt-garments button", 2)
    waited(page, f"{first} === 'chosen garment'")
    press(page, "#lt-keep")
    end = page.execute_script(f"return {GARMENT}")
    for value, same in ((0, "!=="), (1, "===")):
        slide(page, "#lt-walk", value)
        waited(page, f"{GARMENT} {same} {json.dumps(end)}")
    assert not [path for path in Weights.asked if "weights-" in path], "more bridges are fetched when they are wanted"
    for value, apart in ((0, "5"), (2, "4")):
        slide(page, "#lt-weight input", value)
        note = "document.getElementById('lt-weight-note').textContent"
        assert waited(page, f"/^Of 100.* 9. keep.* {apart}... apart/.test({note})")
    page.find_elements("css selector", "#lt-clips button")[1].click()  # a real touch: sound needs one
    waited(page, f"{first} === 'spoken word' && {HEARD}")
    assert complaints(page) == []


def test_thirty_drawings_are_recognised_and_leave_nothing_behind(page):
    page.execute_script(DRAW)
    press(page, "#lt-examples button")
    waited(page, FURNISHED)
    drawings, heaps = [drawing(digit, style) for style in STYLES for digit in range(10)], []
    for _ in range(4):
        found = page.execute_async_script("window.found(arguments[0]).then(arguments[1])", drawings)
        page.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        heaps.append(page.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"])
    right = [said[0][0] == str(i % 10) and said[1].startswith(NAMES[i % 10]) for i, said in enumerate(found)]
    assert sum(right) >= 28
    assert heaps[-1] - heaps[0] < 1e6


def test_a_file_cannot_fetch_and_the_page_says_so(page, place):  # noqa: F811
    page.get((place[0] / "book" / "live.html").as_uri())
    script = "return document.getElementById(arguments[0]).checkVisibility({visibilityProperty: true})"
    assert [page.execute_script(script, name) for name in ("lt-fallback", "lt-live")] == [True, False]
    assert "http.server" in text(page, "fallback")


@pytest.mark.parametrize("name", ["chrome", "firefox"])
def test_whatever_happens_to_the_page(place, name):  # noqa: F811
    node, names = shutil.which("node"), {"chrome": ("chromium",), "firefox": ("firefox-esr", "firefox")}[name]
    binary = next(filter(None, map(shutil.which, names)), None)
    if not (node and binary and (ROOT / "node_modules" / "puppeteer-core").exists()):
        missing(f"no {names[0]} that can be driven: apt-get install {names[0]} npm, then npm install")
    ran = subprocess.run([node, "tests/browsers.mjs", place[1], name, binary], cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "6 tests passed\n"), ran.stderr[-4000:]
