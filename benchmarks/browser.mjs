// The live page in Chromium, over a line of 10 Mbit/s and with a slowed processor: node benchmarks/browser.mjs, after `python -m lt build`.
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
const SCREENS = { phone: { width: 390, height: 844, isMobile: true, hasTouch: true }, desktop: { width: 1400, height: 900 } };
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
// The server is the line: not all that a worker fetches goes through what DevTools slows.
let free = 0; // when all that was sent has gone through
const server = createServer(async ({ url }, answer) => {
  const path = normalize(new URL(url ?? "", "http://site").pathname);
  const type = /** @type {Record<string, string>} */ (TYPES)[extname(path)];
  const found = await readFile(join(SITE, path)).catch(() => Buffer.from("")); // what is not there is empty
  const body = new Uint8Array(type ? gzipSync(new Uint8Array(found)) : found);
  await pause(40); // ms on the way
  answer.writeHead(200, { "Cache-Control": "max-age=600", ...(type && { "Content-Type": type, "Content-Encoding": "gzip" }) });
  for (let at = 0; at < body.length && !answer.destroyed; at += 8192) {
    const piece = body.subarray(at, at + 8192);
    free = Math.max(free, performance.now()) + piece.length / 1250; // bytes per ms
    await pause(free - performance.now());
    answer.write(piece);
  }
  answer.end();
}).listen(0);
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const browser = await puppeteer.launch({ executablePath: process.argv[2] ?? "/usr/bin/chromium", args: ["--no-sandbox"], timeout: 0 });

/** A fresh page, its cache empty, its pad in view. @param {import("puppeteer-core").Viewport} screen */
async function open(screen) {
  const page = await (await browser.createBrowserContext()).newPage(); // an answer that takes three minutes is an error
  await page.setViewport(screen);
  await page.goto(`http://localhost:${port}/book/live.html`, { waitUntil: "domcontentloaded", timeout: 120_000 });
  await page.evaluate(`
    const pad = Object.assign(document.getElementById("lt-pad"), { setPointerCapture() {}, hasPointerCapture: () => true });
    pad.scrollIntoView({ block: "center", behavior: "instant" });
    const frame = () => new Promise(requestAnimationFrame);
    let moved = 0;
    new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (moved += value))).observe({ type: "layout-shift" });
    const until = async (selector) => { while (!document.querySelector(selector)) await frame(); };
    async function stroke(points, each = 1) { // a frame after so many points; returns ms between two frames
      const [{ x: left, y: top, width, height }, times] = [pad.getBoundingClientRect(), []];
      for (const [i, { x, y }] of points.entries()) {
        const at = { clientX: left + x * width, clientY: top + y * height, isPrimary: true };
        pad.dispatchEvent(new PointerEvent(i ? "pointermove" : "pointerdown", at));
        if (i % each === 0) times.push(await frame());
      }
      return times.slice(1).map((time, i) => time - times[i]);
    }
    const one = Array.from({ length: 30 }, (_, i) => ({ x: 0.5, y: 0.1 + (0.8 * i) / 29 }));`);
  return page;
}
const row = (/** @type {string} */ what, /** @type {unknown} */ value) => console.log(what.padEnd(72), value);
const GARMENT = "(async (t) => (stroke(one), await until('#lt-garment[data-full]'), Math.round(performance.now() - t)))(performance.now())";
for (const [name, screen] of Object.entries(SCREENS)) {
  for (const wait of [0, 1000]) {
    const page = await open(screen);
    await pause(wait);
    row(`ms to the first garment, ${name}, touched ${wait} ms after the pad is there`, await page.evaluate(GARMENT));
    row(`layout shift until all is there, ${name}`, await page.evaluate("until('#lt-clips button').then(() => moved)"));
    await page.browserContext().close();
  }
}
const page = await open(SCREENS.phone);
await page.evaluate("stroke(one).then(() => until('#lt-clips button'))");
await page.emulateCPUThrottling(4);
const gaps = /** @type {number[]} */ (await page.evaluate("stroke(Array(5).fill(one).flat())")).sort((a, b) => a - b);
const [median, longest] = [gaps[gaps.length >> 1], gaps[gaps.length - 1]];
row("ms between two frames, processor slowed 4 times: median, longest", `${median.toFixed(0)}, ${longest.toFixed(0)}`);
await page.emulateCPUThrottling(null);
const lines = strokes(40).scribbles.slice(0, 1000).flat();
for (let i = 0; i < 1000; i += 50) {
  await page.evaluate(`(async (clear) => { for (const line of ${JSON.stringify(lines.slice(i, i + 50))}) clear.click(), await stroke(line, 99); }
  )(document.getElementById("lt-clear"))`);
  if (i && i < 950) continue;
  const devtools = await page.createCDPSession();
  await devtools.send("HeapProfiler.collectGarbage");
  row(`MB of heap after ${i + 50} scribbles`, (((await page.metrics()).JSHeapUsedSize ?? NaN) / 1e6).toFixed(2));
}
console.log(`load of this machine: ${loadavg()[0].toFixed(1)}`);
await browser.close();
server.close();
