// The live page in Chromium, at 10 Mbit/s and with a slowed processor: node benchmarks/browser.mjs, after `python -m lt build`.
// Prints a table: the first garment after the first touch, what moves, the longest wait between two frames, what memory stays.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { loadavg } from "node:os";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";
import puppeteer from "puppeteer-core";
import { strokes } from "./strokes.mjs";

const SITE = new URL("../_build/html", import.meta.url).pathname;
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml" };
const LINE = { download: 10e6 / 8, upload: 10e6 / 8, latency: 40 };
const SCREENS = { phone: { width: 390, height: 844, isMobile: true, hasTouch: true }, desktop: { width: 1400, height: 900 } };

const server = createServer(async ({ url }, answer) => {
  const path = normalize(new URL(url ?? "", "http://site").pathname);
  const type = /** @type {Record<string, string>} */ (TYPES)[extname(path)];
  const body = await readFile(join(SITE, path)).catch(() => Buffer.from("")); // what is not there is empty
  answer.writeHead(200, type ? { "Content-Type": type, "Content-Encoding": "gzip" } : {}).end(type ? gzipSync(new Uint8Array(body)) : body);
}).listen(0);
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const browser = await puppeteer.launch({ executablePath: process.argv[2] ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const one = Array.from({ length: 30 }, (_, i) => ({ x: 0.5, y: 0.1 + (0.8 * i) / 29 }));

/** A fresh page, its cache empty; in it `stroke(points)` draws one, a point per frame, `moved` adds up layout shifts. @param {import("puppeteer-core").Viewport} screen */
async function open(screen, slow = 1) {
  const page = await (await browser.createBrowserContext()).newPage();
  await page.setViewport(screen);
  await (slow === 1 ? page.emulateNetworkConditions(LINE) : page.emulateCPUThrottling(slow));
  await page.evaluateOnNewDocument(() => {
    const here = /** @type {any} */ (window);
    here.moved = 0;
    new PerformanceObserver((list) => {
      for (const shift of /** @type {any[]} */ (list.getEntries())) here.moved += shift.value;
    }).observe({ type: "layout-shift" });
    here.stroke = async (/** @type {{x: number, y: number}[]} */ points, whole = false) => {
      const pad = Object.assign(/** @type {HTMLElement} */ (document.getElementById("lt-pad")), {
        setPointerCapture() {},
        hasPointerCapture: () => true,
      });
      const box = pad.getBoundingClientRect();
      const times = /** @type {number[]} */ ([]);
      for (const [i, { x, y }] of points.entries()) {
        const [clientX, clientY] = [box.x + x * box.width, box.y + y * box.height];
        pad.dispatchEvent(new PointerEvent(i ? "pointermove" : "pointerdown", { clientX, clientY, isPrimary: true }));
        if (!whole) times.push(await new Promise(requestAnimationFrame));
      }
      return times.slice(1).map((time, i) => time - times[i]);
    };
  });
  await page.goto(`http://localhost:${port}/book/live.html`, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("#lt-pad");
  await page.$eval("#lt-pad", (pad) => pad.scrollIntoView({ block: "center", behavior: "instant" }));
  return page;
}
const row = (/** @type {string} */ what, /** @type {unknown} */ value) => console.log(what.padEnd(72), value);
for (const [name, screen] of Object.entries(SCREENS)) {
  for (const wait of [0, 1000]) {
    const page = await open(screen);
    await new Promise((resolve) => setTimeout(resolve, wait));
    const took = await page.evaluate(async (points) => {
      const begun = performance.now();
      Object.assign(window, { moved: 0 }, /** @type {any} */ (window).stroke(points));
      const garment = /** @type {HTMLElement} */ (document.getElementById("lt-garment"));
      while (garment.dataset.full === undefined) await new Promise(requestAnimationFrame);
      return performance.now() - begun;
    }, one);
    row(`ms to the first garment, ${name}, touched ${wait} ms after the pad is there`, Math.round(took));
    await page.waitForSelector("#lt-clips button");
    row(`layout shift from then on, ${name}`, await page.evaluate("moved"));
    await page.browserContext().close();
  }
}
const page = await open(SCREENS.phone, 4);
await page.evaluate((points) => /** @type {any} */ (window).stroke(points), one);
await page.waitForSelector("#lt-clips button");
const gaps = await page.evaluate((points) => /** @type {any} */ (window).stroke(points), Array(5).fill(one).flat());
gaps.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
row("ms between two frames of drawing, processor slowed 4 times: median", Math.round(gaps[gaps.length >> 1]));
row(`the same: longest of ${gaps.length}`, Math.round(gaps[gaps.length - 1]));
await page.emulateCPUThrottling(null);
const [heaps, devtools] = [/** @type {string[]} */ ([]), await page.createCDPSession()];
for (const lines of [strokes(2).scribbles.slice(0, 50), strokes(33).scribbles.slice(0, 950)]) {
  await page.evaluate(async (all) => {
    for (const [points] of all) {
      await /** @type {any} */ (window).stroke(points, true);
      await new Promise(requestAnimationFrame);
      document.getElementById("lt-clear")?.click();
    }
  }, lines);
  await devtools.send("HeapProfiler.collectGarbage");
  heaps.push(((await devtools.send("Runtime.getHeapUsage")).usedSize / 1e6).toFixed(2));
}
row("MB of heap after 50 scribbles, and after 1,000", heaps.join(", "));
console.log(`load of this machine: ${loadavg()[0].toFixed(1)}`);
await browser.close();
server.close();
