"""The live page in a real browser: it draws, speaks and computes what PyTorch does, by mouse and by keyboard, and fails in clear words."""

import base64
import functools
import json
import os
import shutil
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from live_strokes import STYLES, drawing
from live_toys import live_setup, rounded, wave_of
from marionette import Firefox
from test_browser import HTML, Quiet, browser, complaints, events, requests_gone_wrong, settled, site, width  # noqa: F401

from lt import losses
from lt.book import live, live_numbers, profiles, touch, widgets_live
from lt.bridge import Bridge, BridgeConfig
from lt.loop import Training

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
INK = "(id => [...document.getElementById(id).getContext('2d').getImageData(0, 0, 28, 28).data].filter((v, i) => i % 4 === 0).reduce((a, b) => a + b, 0))"
OUTCOMES = "Number(document.getElementById('lt-live').dataset.outcomes ?? 0)"
# drawings go through the pen's own events; pointers that no device makes cannot be captured
DRAW = """
    const pad = document.getElementById('lt-pad');
    pad.setPointerCapture = () => {};
    pad.hasPointerCapture = () => true;
    window.drawn = (strokes) => {
        const box = pad.getBoundingClientRect();
        document.getElementById('lt-clear').click();
        for (const stroke of strokes) stroke.forEach((point, i) => pad.dispatchEvent(new PointerEvent(i ? 'pointermove' : 'pointerdown',
            {clientX: box.left + point.x * box.width, clientY: box.top + point.y * box.height, pointerId: 1})));
    };
    window.rested = async () => {
        const page = document.getElementById('lt-live').dataset;
        do await new Promise(r => setTimeout(r, 20)); while (page.at !== 'rest');
    };
"""


def missing(what: str) -> None:
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(what)


@pytest.fixture(scope="module")
def parts() -> live.Parts:
    """The models of profile quick, trained: from the cache after chapters 3 and 4 have been run."""
    return live.collect(profiles.get("quick"))


@pytest.fixture(scope="module")
def weights(site, parts, tmp_path_factory) -> None:  # noqa: F811
    made = tmp_path_factory.mktemp("live") / "weights"
    live.export(parts, made, {"profile": "quick", "commit": "none", "chapters": {}, "accuracy": {}})
    Quiet.weights = str(made)
    yield
    Quiet.weights = None


@pytest.fixture
def live_page(browser, site, weights):  # noqa: F811
    """The live page, open and untouched; the logs hold only its own lines."""
    width(browser, None)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(f"{site}/book/live.html")
    settled(browser)
    return browser


def waited(browser, script: str):  # noqa: F811
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 90, 0.1).until(lambda driver: driver.execute_script(f"return {script}"))


def text_of(browser, name: str) -> str:  # noqa: F811
    return browser.execute_script("return document.getElementById(arguments[0]).textContent", name)


def fetched(browser, part: str) -> list[str]:  # noqa: F811
    """Addresses with that part that the page has asked for since its logs were read."""
    asked = [event["params"]["request"]["url"] for event in events(browser) if event["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if part in url]


def test_draw_a_digit_and_hear_it(live_page, site):  # noqa: F811
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    browser = live_page  # noqa: F811
    assert fetched(browser, "/weights/") == [], "nothing before the first touch"
    browser.execute_script(
        "window.contexts = 0; window.AudioContext = class extends AudioContext { constructor() { super(); window.contexts++; } }"
    )
    pad = browser.find_element(By.ID, "lt-pad")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", pad)
    pen = ActionChains(browser, duration=20).move_to_element_with_offset(pad, 0, -80).click_and_hold()
    for _ in range(8):
        pen = pen.move_by_offset(0, 20)
    pen.release().perform()
    waited(browser, OUTCOMES)
    assert waited(browser, f"{INK}('lt-garment') > 0"), "there is a garment"
    waited(browser, "document.querySelectorAll('#lt-sliders input').length === 8")
    assert waited(browser, "/%/.test(document.getElementById('lt-judged').textContent)")
    assert browser.execute_script("return document.querySelectorAll('#lt-flow figure').length") == 5
    assert browser.execute_script("return document.querySelectorAll('#lt-bars li').length") == 10
    assert "trouser" in text_of(browser, "lt-judged").lower(), "a one becomes trousers"
    assert "%" in waited(browser, "document.getElementById('lt-loss-note').textContent")
    assert browser.execute_script("return [window.contexts, document.getAnimations().length]") == [0, 0], "no sound, no motion unasked"
    before = browser.execute_script("return document.getElementById('lt-garment').toDataURL()")
    browser.find_element(By.ID, "lt-again").click()
    assert waited(browser, f"document.getElementById('lt-garment').toDataURL() !== {json.dumps(before)}"), "another draw of z'"
    browser.find_element(By.ID, "lt-play").click()
    waited(browser, "document.getElementById('lt-live').dataset.samples === '8192'")
    assert "%" in text_of(browser, "lt-heard")
    assert complaints(browser) == []
    assert requests_gone_wrong(browser, site) == []


def test_the_live_page_by_keyboard(live_page):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser = live_page  # noqa: F811
    browser.find_element(By.ID, "lt-pad").send_keys(" ", *[Keys.ARROW_DOWN] * 12, " ")
    waited(browser, OUTCOMES)
    waited(browser, "/Garment/.test(document.getElementById('lt-said').textContent)")
    waited(browser, "document.querySelectorAll('#lt-garments button').length === 20")
    picture = "document.getElementById('lt-garment').toDataURL()"
    for name, keys in (("lt-map", [Keys.ARROW_LEFT] * 10), ("lt-sliders input", [Keys.ARROW_RIGHT] * 80)):
        before = browser.execute_script(f"return {picture}")
        browser.find_element(By.CSS_SELECTOR, f"#{name}").send_keys(*keys)
        assert waited(browser, f"{picture} !== {json.dumps(before)}"), f"{name} moves the garment"
    width(browser, 390)
    assert browser.execute_script("return document.scrollingElement.scrollWidth") <= 390
    width(browser, None)
    assert complaints(browser) == []


def test_the_other_ways_and_a_walk(live_page):
    from selenium.webdriver.common.by import By

    browser = live_page  # noqa: F811
    press = lambda css, n=0: browser.execute_script("document.querySelectorAll(arguments[0])[arguments[1]].click()", css, n)  # noqa: E731
    shown = "document.querySelector('#lt-flow figure:nth-of-type(1) figcaption strong')?.textContent"
    press("#lt-examples button", 3)
    waited(browser, f"{shown} === 'drawing'")
    waited(browser, "document.querySelectorAll('#lt-garments button').length === 20")
    press("#lt-from")
    press("#lt-garments button", 2)
    waited(browser, f"{shown} === 'chosen garment'")
    press("#lt-to")
    end = browser.execute_script("return document.getElementById('lt-garment').toDataURL()")
    walk = browser.find_element(By.ID, "lt-walk")
    assert walk.is_enabled()
    browser.execute_script("arguments[0].value = 0; arguments[0].dispatchEvent(new Event('input'))", walk)
    waited(browser, f"document.getElementById('lt-garment').toDataURL() !== {json.dumps(end)}")
    browser.execute_script("arguments[0].value = 1; arguments[0].dispatchEvent(new Event('input'))", walk)
    waited(browser, f"document.getElementById('lt-garment').toDataURL() === {json.dumps(end)}")
    browser.find_elements(By.CSS_SELECTOR, "#lt-clips button")[1].click()  # a real touch: sound needs one
    waited(browser, f"{shown} === 'spoken word'")
    assert browser.execute_script("return document.querySelectorAll('#lt-flow figure').length") == 7
    waited(browser, "document.getElementById('lt-live').dataset.samples === '8192'")
    assert complaints(browser) == []


@torch.no_grad()
def test_ten_digits_in_three_hands_are_what_pytorch_makes_of_them(live_page, parts):
    browser = live_page  # noqa: F811
    drawings = [drawing(digit, style) for style in STYLES for digit in range(10)]
    browser.execute_script(DRAW)
    browser.execute_script("window.drawn(arguments[0])", drawings[0])
    waited(browser, OUTCOMES)
    browser.execute_script("document.getElementById('lt-play').click()")
    waited(browser, "document.getElementById('lt-live').dataset.samples")
    found = browser.execute_async_script(
        """
        const [drawings, done] = arguments;
        const { rasterise } = await import('../_static/live/drawing.js');
        const { ask } = await import('../_static/live/ask.js');
        const packed = (values) => btoa(String.fromCharCode(...new Uint8Array(Float32Array.from(values).buffer)));
        const out = [];
        for (const strokes of drawings) {
            window.drawn(strokes);
            await window.rested();
            const canvas = document.getElementById('lt-garment');
            const pixels = [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0);
            const made = await ask({ask: 'translate', origin: {kind: 'pixels', value: rasterise(strokes)}, speak: true});
            const wave = await ask({ask: 'wave', mel: made.mel});
            const { milliseconds, soundMilliseconds } = document.getElementById('lt-live').dataset;
            out.push({shown: pixels, milliseconds: Number(milliseconds), sound: Number(soundMilliseconds),
                ...Object.fromEntries(['seen', 'garment', 'mel', 'judged', 'word'].map(name => [name, packed(made[name])])), wave: packed(wave)});
        }
        done(out);
        """,
        drawings,
    )
    read = lambda name: torch.tensor(np.stack([np.frombuffer(base64.b64decode(one[name]), np.float32) for one in found]))  # noqa: E731
    seen, garment, mel = read("seen"), read("garment"), read("mel").view(-1, 1, 64, 64)
    shown = torch.tensor([one["shown"] for one in found])
    assert (shown / 255 - garment).abs().max() < 0.05, "the page shows what the last event of a drawing gave"
    stored = rounded(parts)
    z = stored.vaes["mnist"].encode(seen)[0]
    assert (stored.vaes["fashion"].decode(stored.bridges["fashion"].transfer(z, "mnist", "fashion")) - garment).abs().max() < 0.02
    assert (stored.generator.decode(stored.bridges["speech"].transfer(z, "mnist", "speech")) - mel).abs().max() < 0.05
    waves = torch.stack([torch.tensor(wave_of(one[None])) for one in mel])
    assert (waves - read("wave")).abs().max() < 1e-6
    assert (read("wave").abs().amax(1) > 0.99).all(), "a sound, not silence"
    of_torch = live_numbers.by_torch(parts, seen)
    digits = torch.arange(10).repeat(3)
    for name, classes in (("fashion", read("judged").argmax(1)), ("speech", read("word").argmax(1))):
        assert (classes == torch.tensor(of_torch[name])).float().mean() > 0.95, name
        assert (classes == digits).float().mean() >= 0.8, name
    times = [np.median([one[name] for one in found[1:]]) for name in ("milliseconds", "sound")]
    print(f"benchmark, not a limit: stroke to garment and word {times[0]:.0f} ms, sound {times[1]:.0f} ms")


def test_five_hundred_drawings_leave_nothing_behind(live_page):
    browser = live_page  # noqa: F811
    browser.execute_script(DRAW)

    def heap(n: int) -> float:
        """Bytes in use by the page after n more drawings."""
        browser.execute_async_script(
            """
            const [n, strokes, done] = arguments;
            for (let i = 0; i < n; i++) {
                window.drawn(strokes[i % strokes.length]);
                await new Promise(r => setTimeout(r, 5));
            }
            await window.rested();
            setTimeout(done, 800);
            """,
            n,
            [drawing(digit, "upright") for digit in range(10)],
        )
        browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        return browser.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"]

    first = heap(30)
    assert heap(500) - first < 1e6


@pytest.mark.parametrize("way", ["refused", "cut"])
def test_weights_that_do_not_arrive_can_be_asked_for_again(way, live_page, monkeypatch):
    browser = live_page  # noqa: F811
    monkeypatch.setattr(Quiet, "broken", way)
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.execute_script("document.querySelector('#lt-examples button').click()")
    waited(browser, "!document.getElementById('lt-retry').hidden")
    assert "try again" in text_of(browser, "lt-status")
    monkeypatch.setattr(Quiet, "broken", "")
    browser.execute_script("document.getElementById('lt-retry').click()")
    waited(browser, OUTCOMES)
    assert browser.execute_script("return document.getElementById('lt-retry').hidden")
    browser.get_log("browser")  # Chromium has logged the failure


def test_blocked_sound_is_said(live_page):
    browser = live_page  # noqa: F811
    browser.execute_script("""
        Object.defineProperty(AudioContext.prototype, 'state', {get: () => 'suspended'});
        AudioContext.prototype.resume = () => new Promise(() => {});
        document.querySelector('#lt-examples button').click();
        document.getElementById('lt-play').click();
    """)
    assert waited(browser, "/blocks sound/.test(document.getElementById('lt-status').textContent)")


def test_old_browsers_and_files_are_told_what_to_do(browser, live_page):  # noqa: F811
    assert browser.execute_script("return document.getElementById('lt-fallback').hidden")
    browser.get((HTML / "book" / "live.html").as_uri())
    settled(browser)
    visible = browser.execute_script("return ['lt-fallback', 'lt-live'].map(id => document.getElementById(id).checkVisibility())")
    assert visible == [True, False]
    assert "http.server" in text_of(browser, "lt-fallback")
    browser.get_log("browser")  # it has logged the module that it refused


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_a_screen_reader(theme, live_page):
    if not AXE.exists():
        missing("no axe-core: npm install")
    browser = live_page  # noqa: F811
    browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    browser.execute_script("document.querySelector('#lt-examples button').click()")
    waited(browser, "document.querySelectorAll('#lt-garments button').length === 20")
    browser.execute_script("document.getElementById('lt-play').click()")
    waited(browser, "document.getElementById('lt-live').dataset.samples")
    browser.execute_script(AXE.read_text())
    found = browser.execute_async_script("axe.run('#lt-live').then(arguments[0])")
    assert [(one["id"], one["impact"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found["violations"]] == []
    assert len(found["passes"]) > 10


def test_the_live_page_in_firefox(site, weights, tmp_path):  # noqa: F811
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        missing("no Firefox: apt-get install firefox-esr")
    with Firefox(program, tmp_path) as firefox:
        firefox.open(f"{site}/book/live.html")
        firefox.run(DRAW)
        firefox.run("window.drawn(arguments[0])", drawing(1, "upright"))
        firefox.wait(f"return {OUTCOMES}")
        assert "rouser" in firefox.wait(
            "return /%/.test(document.getElementById('lt-judged').textContent) && document.getElementById('lt-judged').textContent"
        )
        firefox.run("document.getElementById('lt-play').click()")
        assert "%" in firefox.wait(
            "return document.getElementById('lt-live').dataset.samples === '8192' && document.getElementById('lt-heard').textContent"
        )


@pytest.fixture
def place(tmp_path):
    """A folder and the address under which a server shows it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def moved(browser, figure: str, nth: int, value: int) -> str:  # noqa: F811
    """What a figure says after one of its sliders has been moved."""
    script = """
        const box = document.getElementById('lt-figure-' + arguments[0]);
        const slider = box.querySelectorAll('input')[arguments[1]];
        slider.value = arguments[2];
        slider.dispatchEvent(new Event('input'));
        return box.querySelector('[aria-live]').textContent;
    """
    return browser.execute_script(script, figure, nth, value)


@torch.no_grad()
def test_interactive_figures(browser, place, parts):  # noqa: F811
    folder, address = place
    base, bridge = live_setup(parts), parts.bridges["fashion"]
    torch.manual_seed(0)
    a, b = torch.randn(8, 2), torch.randn(8, 2) + 1
    grid = {"SWD weight": (0.0, 1.0), "classifier weight": (0.0, 0.5, 2.0)}
    keys = [(s, c) for s in grid["SWD weight"] for c in grid["classifier weight"]]
    toys = {key: Bridge(BridgeConfig(Training(1, 8), shared=2, width=8), ["one", "two"], [2, 2], 2).eval() for key in keys}
    clouds = [(torch.randn(20, 2), torch.arange(20) % 2) for _ in range(2)]
    digits = parts.digits[0][:12]
    made = {"bridging_vae": bridge_of(parts, digits), "copy": digits}
    names = ("transfer_accuracy", "trustworthiness", "diversity")
    methods = [
        {"method": name, "name": name, "results": widgets_live.sheet(made[name], 12)["src"]} | {m: [0.5 + i / 10, 0.4, None] for m in names}
        for i, name in enumerate(made)
    ]
    points = {"mnist->fashion": {"title": "there", "inputs": widgets_live.sheet(digits, 12)["src"], "points": methods}}
    start, end = (base.held("mnist").mean[i] for i in (3, 40))
    path = torch.stack([start + t * (end - start) for t in torch.linspace(0, 1, 6)])
    ways = {
        "source": ("mnist", path),
        "transfer": ("speech", parts.bridges["speech"].transfer(path, "mnist", "speech")),
    }
    figures = [
        touch.swd_angle(a, b),
        touch.weights(grid, toys, clouds, {key: {"class_kept": i / 10} for i, key in enumerate(keys)}, start=keys[-1]),
        touch.shared_map(bridge, base),
        touch.trade_off(points),
        touch.path(base, {"a path": ways}, 8000),
        touch.labels(
            {"the paper": {"1": (0.4, None, None)}, "the same method": {"1": (0.5, 0.4, 0.6), "all": (0.9, 0.85, 0.95)}}, ["1", "all"]
        ),
    ]
    body = "\n".join(figure.data for figure in figures)
    (folder / "figures.html").write_text(
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Figures</title><main>{body}</main></html>"
    )
    browser.get_log("browser")
    browser.get_log("performance")
    width(browser, 390)
    browser.get(f"{address}/figures.html")
    assert waited(browser, "[...document.querySelectorAll('.lt-figure')].every(box => box.checkVisibility() && box.childElementCount)")
    angles = torch.arange(180) * torch.pi / 180
    swd = losses.sliced_wasserstein(a, b, torch.stack([angles.cos(), angles.sin()], 1)).item()
    one = losses.sliced_wasserstein(a, b, torch.tensor([[0.0, 1.0]])).item()
    said = moved(browser, "swd_angle", 0, 90)
    assert f"{one:.2f}" in said
    assert f"{swd:.2f}" in said
    moved(browser, "weights", 0, 0)
    assert "class kept 0.10" in moved(browser, "weights", 1, 1)
    assert base.domains["mnist"].classify(base.domains["mnist"].items(path))[5] == int(moved(browser, "path", 0, 5).split("digit, ")[1][0])
    assert "0.900" in moved(browser, "labels", 0, 1)
    browser.execute_script("document.querySelectorAll('#lt-figure-trade_off circle')[1].dispatchEvent(new Event('focus'))")
    said = browser.execute_script("return document.querySelector('#lt-figure-trade_off [aria-live]').textContent")
    assert said == "2, copy: transfer accuracy 0.600, trustworthiness 0.600, diversity 0.60."
    browser.execute_script(
        "document.querySelector('#lt-figure-shared_map svg').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', cancelable: true}))"
    )
    assert "Ankle boot" in browser.execute_script("return document.querySelector('#lt-figure-shared_map [aria-live]').textContent")
    assert browser.execute_script("return document.scrollingElement.scrollWidth") <= 390
    width(browser, None)
    if AXE.exists():
        browser.execute_script(AXE.read_text())
        found = browser.execute_async_script("axe.run('main').then(arguments[0])")
        bad = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        assert [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in bad] == []
    assert [line for line in complaints(browser) if "favicon" not in line] == []
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.execute_script("return [...document.querySelectorAll('.lt-figure')].some(box => box.checkVisibility())"), (
        "print has the static ones"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def bridge_of(parts: live.Parts, x: torch.Tensor) -> torch.Tensor:
    """Garments (n, 784) of digits (n, 784)."""
    return parts.vaes["fashion"].decode(parts.bridges["fashion"].transfer(parts.vaes["mnist"].encode(x)[0], "mnist", "fashion"))


def test_the_page_works_inside_a_notebook(browser, place, parts):  # noqa: F811
    """All in one output: no file beside it is asked for."""
    folder, address = place
    weights = folder / "elsewhere"
    live.export(parts, weights, {"profile": "quick", "commit": "none", "chapters": {}, "accuracy": {}})
    (folder / "output.html").write_text(f"<!DOCTYPE html><meta charset=utf-8>{widgets_live.inlined(weights).data}")
    shutil.rmtree(weights)
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(f"{address}/output.html")
    assert waited(browser, "!document.getElementById('lt-live').hidden")
    browser.execute_script("document.querySelectorAll('#lt-examples button')[1].click()")
    assert waited(browser, "/rouser/.test(document.getElementById('lt-judged').textContent)")
    asked = [url for url in fetched(browser, address) if not url.startswith("blob:") and "favicon" not in url]
    assert asked == [f"{address}/output.html"]
    assert [line for line in complaints(browser) if "favicon" not in line] == []
