// The page "Draw a digit" in Firefox, by WebDriver BiDi: node tests/firefox.mjs ADDRESS FIREFOX. The server sends weights as /way/... says.

import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";

const [address, executablePath] = process.argv.slice(2);
const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
try {
  const page = await browser.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (line) => ["error", "warn"].includes(line.type()) && complaints.push(line.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const send = (/** @type {string} */ way) => fetch(new URL(`/way/${way}`, address));
  const text = (/** @type {string} */ id) => page.$eval(`#lt-${id}`, (one) => one.textContent ?? "");
  const until = (/** @type {string} */ script) => page.waitForFunction(script, { timeout: 120_000 });
  await page.setViewport({ width: 390, height: 844 }); // as wide and high as a phone
  await send("refused");
  await page.goto(address);
  await page.$eval("#lt-pad", (pad) => pad.scrollIntoView({ block: "center" }));
  const pad = await page.$eval("#lt-pad", (one) => one.getBoundingClientRect().toJSON());
  const places = await page.evaluateHandle(() => {
    const seen = [...document.querySelectorAll("main :is(p, h2, section, canvas, button, div)")].map((one) => ({
      one,
      at: one.getBoundingClientRect(),
    }));
    return seen.filter(({ at }) => at.bottom > 0 && at.top < innerHeight);
  });
  const to = (/** @type {number} */ y) => page.mouse.move(pad.x + pad.width / 2, pad.y + y * pad.height);
  await to(0.1);
  await page.mouse.down();
  await until("!document.getElementById('lt-retry').hidden");
  assert.match(await text("status"), /500/);
  await send("slow");
  await page.$eval("#lt-retry", (one) => /** @type {HTMLElement} */ (one).click());
  for (let y = 2; y < 10; y++) {
    await to(y / 10);
    await new Promise((resolve) => setTimeout(resolve, 100)); // weights are arriving
  }
  await page.mouse.up();
  await until("document.getElementById('lt-digit-judged').textContent");
  await until("document.querySelector('#lt-clips button')"); // all that comes unasked is there
  assert.match(`${await text("digit-judged")} ${await text("judged")}`, /^1, .*Trouser/);
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
  assert.deepEqual([moved, complaints], [[], []], "nothing moves, and nobody complains");
  console.log((await places.evaluate((all) => all.length)) > 15 ? "all places kept" : "too few places");
} finally {
  await browser.close();
}
