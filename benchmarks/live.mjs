// The live page's own code under Node.js: node benchmarks/live.mjs WEIGHTS COUNT TEXTS < DIGITS. Writes one JSON object. Digits after the
// first COUNT are asked for one thing alone: how far they look like none.
// `python book/live/measure.py` calls it and compares the classes with PyTorch's.

import { readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Ink } from "../book/_static/live/drawing.js";
import { Models } from "../book/_static/live/models.js";
import { strokes } from "./strokes.mjs";

const [folder, count, texts] = process.argv.slice(2);
const manifest = join(folder, "manifest.json");

/** @param {FileEntry} entry */
async function read(entry) {
  const data = await readFile(join(folder, entry.path));
  return /** @type {ArrayBuffer} */ (data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
}

const pixels = Float32Array.from(readFileSync(0), (value) => value / 255);
/** @param {number} i */
const digit = (i) => pixels.slice(784 * i, 784 * (i + 1));
/** @param {Float32Array} values */
const largest = (values) => values.indexOf(Math.max(...values));
/** @type {Record<string, any>} */
const out = { node: process.version };

let started = performance.now();
const models = new Models(JSON.parse(await readFile(manifest, "utf8")), read);
await models.need("picture");
models.translate({ kind: "pixels", value: digit(0) }, false);
out.fashion = { cold_ms: performance.now() - started };

let spent = 0;
const n = Number(count);
/** @type {Float32Array[]} */
const garments = [];
for (let i = 0; i < n; i++) {
  started = performance.now();
  const { garment } = models.translate({ kind: "pixels", value: digit(i) }, false);
  spent += performance.now() - started;
  garments.push(garment);
}
out.fashion.warm_ms = spent / n;
await models.need("more");
out.fashion.classes = garments.map((garment) => largest(models.run("fashion.judge", garment)));
const doubt = (/** @type {Float32Array} */ seen) => models.doubt(seen, models.run("mnist.encoder", seen)).score;
const doubts = Array.from({ length: pixels.length / 784 }, (_, i) => doubt(digit(i)));
out.doubt = { digits: doubts.slice(0, n), training: doubts.slice(n) };
for (const [kind, drawings] of Object.entries(strokes(10))) out.doubt[kind] = drawings.map((drawing) => doubt(new Ink(drawing).pixels()));

started = performance.now();
await models.need("sound");
const first = models.wave(models.speak(models.run("mnist.encoder", digit(0))));
out.speech = { cold_ms: performance.now() - started, classes: [], samples: first.length };
spent = 0;
let waves = 0;
for (let i = 0; i < n; i++) {
  started = performance.now();
  const mel = models.speak(models.run("mnist.encoder", digit(i)));
  spent += performance.now() - started;
  out.speech.classes.push(largest(models.run("speech.judge", mel)));
  if (i >= 10) continue;
  started = performance.now();
  models.wave(mel);
  waves += (performance.now() - started) / Math.min(n, 10);
}
out.speech.warm_ms = spent / n;
out.speech.wave_ms = waves;
out.fashion.megabytes = (models.manifest.files.picture.bytes + (await stat(manifest)).size) / 1e6; // compressed, with the manifest
out.speech.megabytes = models.manifest.files.sound.bytes / 1e6;

await models.need("words");
for (const [setting, names] of Object.entries(JSON.parse(texts ?? "{}"))) {
  const classes = names.map((/** @type {string} */ name) => {
    const value = models.embed(name);
    return value ? largest(models.run("fashion.judge", models.translate({ kind: "words", value }, false).garment)) : -1;
  });
  out[setting] = { classes };
}
if (out["words->fashion"]) out["words->fashion"].megabytes = models.manifest.files.words.bytes / 1e6;
process.stdout.write(JSON.stringify(out));
