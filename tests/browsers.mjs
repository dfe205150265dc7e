// The page "Draw a digit" in a browser: node tests/browsers.mjs ADDRESS NAME PROGRAM. The server sends weights as /way/... says.

import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";
import { strokes } from "../benchmarks/strokes.mjs";

const [address, name, executablePath] = process.argv.slice(2);
const args = name === "chrome" ? ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] : [];
const browser = await puppeteer.launch({ browser: /** @type {"chrome" | "firefox"} */ (name), executablePath, args, timeout: 120_000 });
/** @type {string[]} */
const complaints = [];
const send = async (/** @type {string} */ way) => (await fetch(new URL(`/way/${way}`, address))).text(); // says what was asked for
const GARMENT = "document.getElementById('lt-judged').textContent";
const RETRY = "!document.getElementById('lt-retry').hidden";
const FURNISHED = "document.querySelector('#lt-clips button')";

/** A page of a phone's size, its cache empty, with `stroke(points)` in it. @param {string} way how the server sends weights */
async function open(way, hash = "") {
  await send(way);
  const page = await (await browser.createBrowserContext()).newPage();
  page.setDefaultTimeout(120_000);
  page.on("console", (line) => ["error", "warn"].includes(line.type()) && complaints.push(line.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.setViewport({ width: 390, height: 844 });
  await page.goto(`${address}${hash}`);
  await ready(page);
  return page;
}

/** @typedef {import("puppeteer-core").Page} Page */

/** @param {Page} page */
const ready = (page) =>
  page.$eval("#lt-pad", async (pad) => {
    pad.scrollIntoView({ block: "center", behavior: "instant" });
    Object.assign(pad, { setPointerCapture: () => {}, hasPointerCapture: () => true }); // no device makes the pointers below
    const here = /** @type {any} */ (window);
    here.live = await import(new URL("../_static/live/digit.js", location.href).href); // the page's own module, not a second one
    here.frame = () => new Promise(requestAnimationFrame);
    here.stroke = (/** @type {{x: number, y: number}[]} */ points) => {
      const box = pad.getBoundingClientRect();
      for (const [i, { x, y }] of points.entries()) {
        const at = { clientX: box.x + x * box.width, clientY: box.y + y * box.height, isPrimary: true };
        pad.dispatchEvent(new PointerEvent(i ? "pointermove" : "pointerdown", at));
      }
    };
  });
/** @param {Page} page @param {string} id */
const text = (page, id) => page.$eval(`#lt-${id}`, (one) => one.textContent ?? "");
/** @param {Page} page @param {string} id */
const press = (page, id) => page.$eval(`#lt-${id}`, (one) => /** @type {HTMLElement} */ (one).click());
/** Go, and be there. Firefox shows a kept page without telling its driver, which waits for ever. @param {Page} page @param {"goBack" | "goForward" | "reload"} how @param {string} to */
async function travel(page, how, to) {
  if (how === "reload") await page.evaluate("window.left = true");
  page[how]().catch(() => {});
  const there = `!window.left && location.pathname.endsWith("${to}.html") && document.readyState === "complete"`;
  for (let n = 0; !(await page.evaluate(there).catch(() => false)); n++) {
    assert.ok(n < 600, `${how}: no arrival`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
const ONE = Array.from({ length: 17 }, (_, i) => ({ x: 0.5, y: 0.1 + i / 20 }));
/** Draw a one, and wait for trousers. @param {Page} page */
async function trousers(page) {
  await press(page, "clear");
  await page.evaluate(`stroke(${JSON.stringify(ONE)})`);
  await page.waitForFunction(`${FURNISHED} && /rouser/.test(${GARMENT})`);
}

/** @type {Record<string, () => Promise<void>>} */
const tests = {
  async "a first drawing: nothing moves, and no stroke is lost"() {
    const page = await open("slow");
    const pad = await page.$eval("#lt-pad", (one) => one.getBoundingClientRect().toJSON());
    const places = await page.evaluateHandle(() => {
      const seen = [...document.querySelectorAll("main :is(p, h2, section, canvas, button, div)")].map((one) => ({
        one,
        at: one.getBoundingClientRect(),
      }));
      return seen.filter(({ at }) => at.bottom > 0 && at.top < innerHeight);
    });
    const to = (/** @type {number} */ y) => page.mouse.move(pad.x + pad.width / 2, pad.y + y * pad.height);
    await page.$eval("#lt-pad", (one) => {
      for (const its of ["setPointerCapture", "hasPointerCapture"]) delete (/** @type {any} */ (one)[its]); // a real mouse
    });
    await to(0.1);
    await page.mouse.down();
    for (let y = 2; y < 10; y++) {
      await to(y / 10);
      await new Promise((resolve) => setTimeout(resolve, 100)); // weights are arriving
    }
    await page.mouse.up();
    await page.waitForFunction(`document.getElementById('lt-digit-judged').textContent && ${FURNISHED}`);
    assert.match(`${await text(page, "digit-judged")} ${await text(page, "judged")}`, /^1, .*Trouser/);
    const ink = await page.$eval("#lt-pad", (one) => {
      const { data } = /** @type {any} */ (one).getContext("2d").getImageData(140, 0, 1, 280);
      return [30, 90, 150, 210, 240].map((y) => data[4 * y]);
    });
    assert.ok(Math.min(...ink) > 250, `the whole stroke is there: ${ink}`);
    const moved = await places.evaluate((all) => {
      const now = all.map(({ one, at }) => ({ one, from: at, to: one.getBoundingClientRect() }));
      return now
        .filter(({ one, from, to }) => one.isConnected && (from.x !== to.x || from.y !== to.y))
        .map(({ one }) => one.outerHTML.slice(0, 200));
    });
    assert.deepEqual(moved, []);
    assert.ok((await places.evaluate((all) => all.length)) > 15);
  },

  async "what was refused, cut, altered or taken away is asked for again"() {
    for (const [way, said] of Object.entries({ refused: /500/, cut: /./, altered: /checksum/, gone: /reload the page/ })) {
      const page = await open(way);
      assert.match(await text(page, "status"), /^Draw a digit/, "what fails before the first touch says nothing");
      await page.evaluate(`stroke(${JSON.stringify(ONE)})`);
      await page.waitForFunction(RETRY);
      assert.match(await text(page, "status"), said);
      await send("");
      await press(page, "retry");
      await page.waitForFunction(`/rouser/.test(${GARMENT})`);
      await page.browserContext().close();
    }
    const blamed = (/** @type {string} */ line) => /Failed to load resource|ERR_CONTENT_LENGTH/.test(line); // the browser's own words
    complaints.splice(0, Infinity, ...complaints.filter((line) => !blamed(line)));
  },

  async "line by line a drawing has the pixels of one that is loaded, also after undo"() {
    const page = await open("");
    for (const scribble of strokes(1).scribbles.slice(0, 8)) {
      const same = await page.evaluate(
        async (/** @type {any} */ lines) => {
          const { live, stroke } = /** @type {any} */ (window);
          const copy = /** @type {any} */ (new OffscreenCanvas(280, 280).getContext("2d", { willReadFrequently: true }));
          const pixels = () => {
            copy.drawImage(live.pad.canvas, 0, 0);
            return [...live.pad.ink.pixels(), ...copy.getImageData(0, 0, 280, 280).data].join();
          };
          const seen = () => {
            const drawn = pixels();
            live.pad.put(live.pad.strokes.map((/** @type {object[]} */ one) => [...one]));
            return drawn === pixels();
          };
          const found = [];
          for (const line of lines) stroke(line);
          found.push(seen());
          live.pad.put(live.pad.strokes.slice(0, -1));
          stroke(lines[0].slice(0, 5));
          found.push(seen());
          live.pad.put([]);
          return found;
        },
        [...scribble, ONE],
      );
      assert.deepEqual(same, [true, true]);
    }
  },

  async "200,000 points in one stroke, and 200 scribbles"() {
    const page = await open("");
    const scribbles = strokes(7).scribbles.slice(0, 200);
    await page.evaluate(async (/** @type {any} */ lines) => {
      const { stroke, frame, live } = /** @type {any} */ (window);
      stroke(Array.from({ length: 200_000 }, (_, i) => ({ x: 0.5 + 0.3 * Math.cos(i / 1e4), y: 0.5 + 0.4 * Math.sin(i / 1e4) })));
      await frame();
      for (const [line] of lines) {
        live.pad.put([]);
        stroke(line);
        await frame();
      }
    }, scribbles);
    await trousers(page);
  },

  async "a window that is resized while a stroke is drawn"() {
    const page = await open("");
    for (const [from, width] of [390, 1400, 700].entries()) {
      await page.setViewport({ width, height: 844 });
      // each part is pressed anew: the stroke goes on where the pad is now
      await page.evaluate(`stroke(${JSON.stringify(ONE.slice(6 * from, 6 * from + 7))})`);
    }
    await page.waitForFunction(`${FURNISHED} && /rouser/.test(${GARMENT})`);
  },

  async "two tabs, and back and forward"() {
    const page = await open("");
    const other = await page.browserContext().newPage();
    await other.goto(address);
    await other.bringToFront();
    await ready(other);
    await trousers(other);
    await page.bringToFront();
    await trousers(page);
    await press(page, "link");
    await press(page, "keep");
    await press(page, "keep");
    await page.$eval("#lt-aloud", (one) => Object.assign(one, { checked: true }));
    await page.goto(new URL("front.html", address).href);
    await travel(page, "goBack", "live");
    await travel(page, "goForward", "front");
    await travel(page, "goBack", "live");
    await ready(page);
    await trousers(page);
    await travel(page, "reload", "live");
    await ready(page);
    await page.waitForFunction(`${FURNISHED} && /rouser/.test(${GARMENT})`); // the address has it
    const walk = await page.$eval("#lt-walk", (one) => /** @type {HTMLInputElement} */ (one).disabled);
    assert.equal(walk, true, "nothing is kept, so there is no way between");
  },
};
try {
  for (const [what, test] of Object.entries(tests)) {
    const begun = Date.now();
    await test().catch((error) => {
      error.message = `${what}: ${error.message}`;
      throw error;
    });
    assert.deepEqual(complaints, [], what);
    for (const context of browser.browserContexts().slice(1)) await context.close();
    console.error(what, Date.now() - begun, "ms");
  }
  console.log(Object.keys(tests).length, "tests passed");
} finally {
  await browser.close();
}
