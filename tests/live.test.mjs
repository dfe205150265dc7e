// The page's modules against numbers of PyTorch, which tests/test_live.py writes: LT_LIVE_WEIGHTS and LT_LIVE_EXPECTED are folders.
// Without them only what needs no numbers is tested: node --test tests/live.test.mjs

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { strokes } from "../benchmarks/strokes.mjs";
import { fromText, Ink, toText } from "../book/_static/live/drawing.js";
import { Models, split } from "../book/_static/live/models.js";
import { fromHalves } from "../book/_static/live/nn.js";
import { Sound } from "../book/_static/live/sound.js";

const weights = process.env.LT_LIVE_WEIGHTS ?? "";
const folder = process.env.LT_LIVE_EXPECTED ?? "";
const needsTorch = { skip: folder ? false : "numbers of PyTorch are made by pytest" };
/** @type {any} */
const expected = folder ? JSON.parse(await readFile(join(folder, "expected.json"), "utf8")) : {};

/** @param {string} path @returns {Promise<ArrayBuffer>} */
async function bytes(path) {
  const data = await readFile(path);
  return /** @type {ArrayBuffer} */ (data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function gap(a, b) {
  assert.equal(a.length, b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

/** @param {Float32Array} x */
const squared = (x) => x.reduce((sum, value) => sum + value * value, 0);

test("half precision", () => {
  const halves = new Uint16Array([0, 0x3c00, 0xc000, 0x3555, 1, 0x7bff, 0x8000]);
  assert.deepEqual([...fromHalves(halves)], [0, 1, -2, Math.fround(0.333251953125), 2 ** -24, 65504, -0]);
});

test("a drawing is as large, as thick and as central as MNIST's", () => {
  const zero = Array.from({ length: 60 }, (_, i) => ({ x: 0.2 + 0.1 * Math.cos(i / 9), y: 0.7 + 0.2 * Math.sin(i / 9) }));
  const seen = new Ink([zero]).pixels();
  const rows = Array.from({ length: 28 }, (_, y) => Math.max(...seen.subarray(28 * y, 28 * y + 28)));
  const inked = rows.filter((value) => value > 0.5).length;
  assert.ok(inked >= 19 && inked <= 21, `${inked} rows`);
  let [mass, x, y] = [0, 0, 0];
  seen.forEach((value, i) => {
    mass += value;
    x += value * (i % 28);
    y += value * Math.floor(i / 28);
  });
  assert.ok(Math.abs(x / mass - 14) < 0.2 && Math.abs(y / mass - 14) < 0.2);
  assert.ok(mass / 784 > 0.08 && mass / 784 < 0.2);
  assert.deepEqual(new Ink([]).pixels(), new Float32Array(784));
  const dot = new Ink([[{ x: 0.1, y: 0.1 }]]).pixels().filter((value) => value > 0.5).length;
  assert.ok(dot > 0 && dot < 16, "a dot stays a dot");
  const long = Array.from({ length: 200_000 }, (_, i) => ({ x: 0.5 + 0.3 * Math.cos(i / 1e4), y: 0.5 + 0.4 * Math.sin(i / 1e4) }));
  const short = long.filter((_, i) => i % 1000 === 0);
  assert.ok(gap(new Ink([long]).pixels(), new Ink([short]).pixels()) < 0.1, "a hand that takes its time draws the same");
});

test("line by line a drawing has the same pixels as at once, and those of the distance to all its lines", () => {
  const { letters, scribbles } = strokes(1);
  for (const drawing of [...letters, ...scribbles]) {
    const ink = new Ink();
    for (const stroke of drawing) for (const [i, b] of stroke.entries()) ink.add(stroke[Math.max(0, i - 1)], b);
    assert.deepEqual(ink.pixels(), new Ink(drawing).pixels());
    const { low, high } = ink;
    const pixel = Math.max(high.x - low.x, high.y - low.y) / 17.4;
    const lines = drawing.flatMap((stroke) => stroke.slice(1).map((b, i) => [stroke[i], b]));
    ink.placed(13.5, 13.5).forEach((value, i) => {
      const [x, y] = [(low.x + high.x) / 2 + pixel * ((i % 28) - 13.5), (low.y + high.y) / 2 + pixel * (Math.floor(i / 28) - 13.5)];
      const far = lines.map(([a, b]) => {
        const [dx, dy] = [b.x - a.x, b.y - a.y];
        const t = Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)));
        return Math.hypot(x - a.x - t * dx, y - a.y - t * dy);
      });
      const right = Math.min(1, Math.max(0, (1.7 - Math.min(...far) / pixel) / 0.8));
      assert.ok(Math.abs(value - right) < 0.05, `${value} at ${i}, not ${right}`);
    });
  }
});

test("a link carries a drawing", () => {
  const drawing = [Array.from({ length: 120 }, (_, i) => ({ x: 0.5 + 0.4 * Math.cos(i / 20), y: i / 119 })), [{ x: 1.2, y: -3 }]];
  const [seen, back] = [new Ink(drawing.slice(0, 1)).pixels(), fromText(toText(drawing))];
  assert.deepEqual([back.length, back[1]], [2, [{ x: 1, y: 0 }]]);
  assert.ok(gap(seen, new Ink(back.slice(0, 1)).pixels()) < 0.5);
  for (const text of ["", "0", "abcd-", "AAAA", "<i>0", "a".repeat(40_000)]) assert.deepEqual(fromText(text), []);
});

test("letters and scribbles are the same in every run, and no two are alike", () => {
  const { letters, scribbles } = strokes(2);
  assert.deepEqual(strokes(2), { letters, scribbles });
  for (const drawings of [letters, scribbles]) {
    assert.equal(new Set(drawings.map((drawing) => String(new Ink(drawing).pixels()))).size, drawings.length);
    for (const drawing of drawings) assert.ok(new Ink(drawing).pixels().reduce((a, b) => a + b) > 20);
  }
});

async function open() {
  const manifest = JSON.parse(await readFile(join(weights, "manifest.json"), "utf8"));
  return new Models(manifest, (entry) => bytes(join(weights, entry.path)));
}

test("Griffin-Lim against torch in double precision", needsTorch, async () => {
  const models = await open();
  await models.need("sound");
  const sound = new Sound(models.manifest.sound, models.tensors.get("mel.inverse"));
  for (const { mel, wave } of expected.waves) assert.ok(gap(sound.wave(Float32Array.from(mel)), wave) < 1e-6);
});

test("from pixels to garment, digit and word", needsTorch, async () => {
  const models = await open();
  await models.need("picture");
  const first = models.translate({ kind: "pixels", value: Float32Array.from(expected.cases[0].seen) }, true);
  assert.equal(first.judged, null, "no judge has been fetched");
  for (const name of ["zDigit", "mean", "std", "zGarment", "garment"]) {
    const off = gap(/** @type {any} */ (first)[name], expected.cases[0][name]);
    assert.ok(off < 1e-2, `${name}: ${off}`);
  }
  await Promise.all([models.need("more"), models.need("sound")]);
  for (const one of expected.cases) {
    const found = models.translate({ kind: "pixels", value: Float32Array.from(one.seen) }, true);
    for (const [name, value] of Object.entries(one)) {
      const off = gap(/** @type {any} */ (found)[name], value);
      assert.ok(off < (name === "mel" ? 0.05 : 1e-2), `${name}: ${off}`);
    }
  }
});

test("typed words have WordLlama's pieces, and nearly its vectors", needsTorch, async () => {
  const models = await open();
  await Promise.all([models.need("picture"), models.need("words")]);
  const known = models.pieces("words.pieces");
  const names = [...known.keys()];
  const gaps = [];
  for (const { text, pieces, shared } of expected.words) {
    assert.deepEqual(
      split(text, known).map((row) => names[row]),
      pieces,
    );
    const value = /** @type {Float32Array} */ (models.embed(`  ${text.toUpperCase().replaceAll(" ", "  ")} `));
    const found = models.translate({ kind: "words", value }, false);
    gaps.push(gap(/** @type {Float32Array} */ (found.sharedWords), shared));
    assert.deepEqual(found.zGarment, models.bridge("words").decode(/** @type {Float32Array} */ (found.sharedWords), "fashion"));
  }
  assert.ok(gaps.reduce((a, b) => a + b, 0) / gaps.length < 0.05, `${gaps}`);
  assert.deepEqual([models.embed("靴 42"), models.embed("  ")], [null, null]);
});

test("a digit that comes back whole, and is known, is doubted least", needsTorch, async () => {
  const models = await open();
  await Promise.all([models.need("picture"), models.need("more")]);
  const seen = Float32Array.from(expected.cases[0].seen);
  const { gone, lost, judged, score } = models.doubt(seen, Float32Array.from(expected.cases[0].zDigit));
  assert.ok(
    gap(gone, expected.gone) < 0.02 && Math.abs(lost - squared(gone) / squared(seen)) < 1e-4 && gap(judged, expected.judgedSeen) < 0.02,
  );
  assert.ok(Math.abs(score - lost * (1 - Math.max(...judged)) ** 0.1) < 1e-6);
});

test("weights of another format say so", () => {
  assert.throws(() => new Models(/** @type {any} */ ({ format: 9 }), async () => new ArrayBuffer(0)), /reload the page/);
});

test("the other ways", needsTorch, async () => {
  const models = await open();
  await Promise.all(["picture", "more", "sound"].map((file) => models.need(file)));
  const drawn = models.translate({ kind: "example", value: 3 }, true);
  const shared = models.translate({ kind: "shared", value: drawn.shared }, true);
  assert.ok(gap(shared.garment, drawn.garment) < 1e-6, "a point of the shared space is all that a garment needs");
  const again = models.translate({ kind: "example", value: 3, noise: new Float32Array(8).fill(1) }, true);
  assert.ok(
    gap(
      again.shared,
      drawn.mean.map((value, i) => value + (drawn.std?.[i] ?? 0)),
    ) < 1e-6,
  );
  for (const kind of /** @type {const} */ (["garment", "clip"])) {
    const found = models.translate({ kind, value: 11 }, true);
    for (const values of [found.garment, found.digit, found.mel]) assert.ok(values?.every(Number.isFinite));
    assert.equal(models.wave(/** @type {Float32Array} */ (found.mel)).length, 8192);
  }
});
