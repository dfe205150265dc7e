/// <reference path="./types.d.ts" />
// The page "Draw a digit" around its drawing area: samples, Figure 1 with numbers, sliders, the map, a walk, the other ways, and what can be taken along.

import { COLOURS, html, marks, slider, svg } from "../figures/common.js";
import { ask } from "./ask.js";
import { also, FIRST, listen, pad, page, result, set, start, status, voices, wave } from "./digit.js";
import { ARROWS, follow, fromText, toText } from "./drawing.js";
import { flow } from "./flow.js";
import { button, canvas, element, empty, label, largest, opinion, paint, write } from "./view.js";

const DIGIT = {
  ...{ id: "digit", size: "28", what: "Digit from z′", none: "no digit yet", name: "<strong>Digit from z′</strong>", note: "digit-judged" },
  why: "What the bridge has kept of the digit: the shared numbers, turned back into a latent of digits and drawn by their decoder.",
};

also.show = (from, found) => {
  if (!page.manifest) return;
  const { classes } = page.manifest;
  if (found.digit) {
    const name = opinion(found.digitJudged, classes.mnist);
    paint(canvas("digit"), found.digit);
    write("digit-judged", name);
    label("digit", name);
  }
  write("guess", `f(z′) reads ${opinion(found.guess, classes.fashion)}.`);
  flow(element("flow", HTMLElement), from.kind, found);
  point(found.std);
  if (page.origin && !draws.includes(page.origin)) forget();
};

also.blank = () => {
  empty("digit");
  for (const id of ["digit-judged", "guess"]) write(id, "");
  element("flow", HTMLElement).replaceChildren();
  forget();
  point(null);
};

/** The point of z' that is shown, or the centre of the map. @returns {Float32Array} */
function current() {
  return (page.origin?.kind === "shared" ? page.origin.value : page.outcome?.shared) ?? Float32Array.from(page.manifest?.map.centre ?? []);
}

/** Sliders and cross at the point that is shown. @param {Float32Array | null} std of the encoder, where the point comes from one */
function point(std) {
  if (!reach) return;
  const now = current();
  for (const [i, row] of element("sliders", HTMLFieldSetElement).querySelectorAll("label").entries()) {
    const [input, shown] = [row.querySelector("input"), row.querySelector("output")];
    if (input) input.value = String(now[i]);
    if (shown) shown.textContent = now[i].toFixed(2) + (std ? ` ± ${std[i].toFixed(2)}` : "");
  }
  const [x, y] = inPlane(now).map((value) => (value / reach) * HALF);
  cross.setAttribute("d", `M${x - 14} ${-y}h28m-14-14v28m9-14a9 9 0 1 1-18 0a9 9 0 1 1 18 0`);
}

/** @param {Float32Array} next */
function move(next) {
  set({ kind: "shared", value: next });
  point(null);
}

const HALF = 240; // of the map's side, in its own units
const THUMB = 26; // side of a thumbnail
const map = element("map", HTMLElement);
const chart = svg("svg", { viewBox: `${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`, "aria-hidden": "true" }, map); // sharp on every screen
const cross = svg("path", { fill: "none", stroke: "currentColor", "stroke-width": 3 });
let reach = 0; // where the map's plane ends; 0 until the map is there

/** The map. @param {Float32Array} plane places of its marks @param {Float32Array} digits pictures @param {Float32Array} garments */
function draw(plane, digits, garments) {
  const { map: about, classes, items } = /** @type {Manifest} */ (page.manifest);
  reach = 1.08 * plane.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  /** @type {[number, number][]} */
  const places = about.labels.map((_, i) => [(plane[2 * i] / reach) * HALF, (-plane[2 * i + 1] / reach) * HALF]);
  const means = marks(chart, places, about.labels, about.domains, classes.mnist);
  // a digit and a garment of each class stand at the free place that is nearest to its mean: they hide no mark, no number, not each other
  const beside =
    (/** @type {number[]} */ [x, y, wide, high]) =>
    (/** @type {number[]} */ [u, v]) =>
      Math.abs(u - x) > wide + THUMB || Math.abs(v - y) > high + THUMB / 2;
  const steps = Array.from({ length: 85 }, (_, i) => 5 * (i - 42)); // well within the map
  let free = steps.flatMap((x) => steps.map((y) => [x, y]));
  for (const [x, y] of places) free = free.filter(beside([x, y, 5, 5]));
  for (const [x, y] of means) free = free.filter(beside([x, y, 10, 12]));
  for (const [i, mean] of means.entries()) {
    const far = free.map(([x, y]) => Math.hypot(x - mean[0], y - mean[1]));
    const [x, y] = free[far.indexOf(Math.min(...far))] ?? mean;
    free = free.filter(beside([x, y, THUMB + 2, THUMB / 2 + 2]));
    const look = { fill: "none", stroke: COLOURS[i], "stroke-width": 2 };
    chart.prepend(svg("path", { d: `M${mean}L${x} ${y}`, ...look, "stroke-opacity": 0.6 }));
    thumbnail(digits, items.examples.indexOf(i), x - THUMB, y);
    thumbnail(garments, items.garments.indexOf(i), x, y);
    const frame = svg("rect", { x: x - THUMB, y: y - THUMB / 2, width: 2 * THUMB, height: THUMB, ...look }, chart);
    svg("title", {}, frame).textContent = `${classes.mnist[i]} · ${classes.fashion[i]}`;
  }
  chart.append(cross);
}

/** @param {Float32Array} pictures @param {number} i @param {number} left @param {number} y */
function thumbnail(pictures, i, left, y) {
  const picture = document.createElement("canvas");
  paint(picture, pictures.subarray(784 * i, 784 * (i + 1)));
  svg("image", { href: picture.toDataURL(), x: left, y: y - THUMB / 2, width: THUMB, height: THUMB }, chart);
}

/** @param {Float32Array} shared */
function inPlane(shared) {
  const { centre, axes } = /** @type {Manifest} */ (page.manifest).map;
  return axes.map((axis) => axis.reduce((sum, value, i) => sum + value * (shared[i] - centre[i]), 0));
}

/** Move z' within the map's plane; what stands out of the plane stays. @param {number} a @param {number} b */
function drag(a, b) {
  const { axes } = /** @type {Manifest} */ (page.manifest).map;
  const from = current();
  const [a0, b0] = inPlane(from);
  move(from.map((value, i) => value + (a - a0) * axes[0][i] + (b - b0) * axes[1][i]));
}

/** What needs the second file: sliders, map, garments. */
also.furnish = async () => {
  if (!page.manifest || reach) return;
  const { classes, items, map: about } = page.manifest;
  const tensors = ["map", "examples", "garments"].map((name) => ask({ ask: "tensor", name }));
  const [plane, digits, garments] = /** @type {Float32Array[]} */ (await Promise.all(tensors));
  const box = element("sliders", HTMLFieldSetElement);
  for (const [i, value] of current().entries()) {
    const range = { min: about.low[i], max: about.high[i], step: 0.01 };
    const words = (/** @type {number} */ to) => to.toFixed(2);
    slider(box, `z′${i + 1}`, range, value, words, (to) => move(current().map((from, k) => (k === i ? to : from))));
  }
  // both begin with one of each class
  for (const [i, its] of items.garments.slice(0, 20).entries()) {
    const one = item(element("garments", HTMLElement), { kind: "garment", value: i });
    paint(html("canvas", one), garments.subarray(784 * i, 784 * (i + 1)));
    one.setAttribute("aria-label", `${classes.fashion[its]} ${i < 10 ? 1 : 2}`);
  }
  for (const [i, its] of items.clips.slice(0, 10).entries()) {
    item(element("clips", HTMLElement), { kind: "clip", value: i }, voices).textContent = `▶ ${classes.speech[its]}`;
  }
  draw(plane, digits, garments);
  point(page.outcome?.std ?? null);
};

/** @type {Origin[]} draws of z' from one posterior */
let draws = [];

/** No samples: they were of something else. */
function forget() {
  draws = [];
  element("samples", HTMLElement).replaceChildren();
  write("samples-note", "");
}

/** Six garments from six draws of z', each a button; the first is shown as the result. */
async function sample() {
  const { origin, manifest } = page;
  if (!manifest || !page.outcome || !origin || origin.kind === "shared") return status(FIRST);
  forget();
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  const these = Array.from({ length: 6 }, () => ({ ...origin, noise: Float32Array.from(manifest.map.centre, normal) }));
  draws = these;
  const box = element("samples", HTMLElement);
  const buttons = these.map((draw) => item(box, draw));
  buttons[0].click();
  const counts = new Map();
  for (const [i, one] of buttons.entries()) {
    const found = /** @type {Outcome} */ (await ask({ ask: "translate", origin: these[i] }));
    const name = manifest.classes.fashion[largest(found.judged ?? found.guess)];
    paint(html("canvas", one), found.garment);
    one.setAttribute("aria-label", `Sample ${i + 1}: ${name}`);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  if (draws !== these) return; // something else has been drawn
  const judged = Array.from(counts, ([name, n]) => `${n} × ${name}`).join(", ");
  write("samples-note", `Six draws of z′ from its posterior: ${judged}.`);
}

/** A button that shows an item, and stays pressed until something else is shown. @param {HTMLElement} box @param {Origin} origin @param {() => Promise<boolean>} [before] */
function item(box, origin, before = async () => true) {
  const one = html("button", box);
  one.type = "button";
  one.addEventListener("click", async () => {
    if (!(await before())) return;
    if (origin.kind === "example") pad.put([], false);
    set(origin);
    one.setAttribute("aria-pressed", "true");
    if (origin.kind === "clip") await listen();
  });
  one.setAttribute("aria-pressed", "false");
  return one;
}

/** @param {Blob} file @param {string} name */
function save(file, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  status(`Saved as ${name}.`);
}

/** Drawing, garment and word side by side. */
async function savePicture() {
  if (!page.outcome) return status(FIRST);
  const sheet = Object.assign(document.createElement("canvas"), { width: 840, height: 280 });
  const context = sheet.getContext("2d");
  if (!context) return;
  context.imageSmoothingEnabled = false;
  for (const [i, id] of ["pad", "garment", "mel"].entries()) context.drawImage(canvas(id), 280 * i, 0, 280, 280);
  sheet.toBlob((file) => file && save(file, "digit.png"));
}

/** The word as a WAV file of 16 bits. */
async function saveSound() {
  const samples = (await voices()) ? await wave() : null;
  if (!samples || !page.manifest) return;
  const { rate } = page.manifest.sound;
  const [bytes, data] = [2 * samples.length, new DataView(new ArrayBuffer(44 + 2 * samples.length))];
  const words = { RIFF: 0, "WAVEfmt ": 8, data: 36 };
  for (const [text, at] of Object.entries(words)) for (let i = 0; i < text.length; i++) data.setUint8(at + i, text.charCodeAt(i));
  const longs = { 4: 36 + bytes, 16: 16, 24: rate, 28: 2 * rate, 40: bytes };
  for (const [at, value] of Object.entries(longs)) data.setUint32(Number(at), value, true);
  const shorts = { 20: 1, 22: 1, 32: 2, 34: 16 };
  for (const [at, value] of Object.entries(shorts)) data.setUint16(Number(at), value, true);
  for (const [i, value] of samples.entries()) data.setInt16(44 + 2 * i, 32767 * value, true);
  save(new Blob([data], { type: "audio/wav" }), "word.wav");
}

/** An address that carries the drawing, into the address bar and the clipboard. */
async function share() {
  if (!pad.strokes.length) return status("Draw something first.");
  history.replaceState(null, "", `#draw=${toText(pad.strokes)}`);
  const copied = navigator.clipboard?.writeText(location.href).then(() => true);
  status(
    (await copied?.catch(() => false))
      ? "Copied: a link that carries the drawing."
      : "The address of this page carries the drawing now: copy it.",
  );
}

/** A drawing that came with the address. */
function received() {
  const strokes = fromText(location.hash.replace("#draw=", ""));
  if (strokes.length) pad.put(strokes);
}

/** @type {{from: Float32Array | null, to: Float32Array | null}} */
const ends = { from: null, to: null };
const walk = element("walk", HTMLInputElement);
for (const end of /** @type {const} */ (["from", "to"])) {
  button(end).addEventListener("click", () => {
    if (!page.outcome) return write("walk-note", FIRST);
    ends[end] = page.outcome.shared.slice();
    const kept = `The ${end === "from" ? "start" : "end"} is kept`;
    walk.disabled = !(ends.from && ends.to);
    write("walk-note", walk.disabled ? `${kept}. Now the other.` : `${kept}. Move the slider.`);
  });
}
walk.addEventListener("input", () => {
  const { from, to } = ends;
  const t = Number(walk.value);
  if (from && to) move(from.map((value, i) => (1 - t) * value + t * to[i]));
});
element("results", HTMLElement).insertAdjacentHTML("beforeend", result(DIGIT));
for (let i = 0; i < 10; i++) {
  const one = item(element("examples", HTMLElement), { kind: "example", value: i });
  one.textContent = String(i);
  one.setAttribute("aria-label", `Example ${i}`);
}
button("again").addEventListener("click", sample);
button("picture").addEventListener("click", savePicture);
button("sound").addEventListener("click", saveSound);
button("link").addEventListener("click", share);
const at = (/** @type {PointerEvent} */ event) => {
  if (!reach) return void start();
  const box = map.getBoundingClientRect();
  drag(((2 * (event.clientX - box.left)) / box.width - 1) * reach, (1 - (2 * (event.clientY - box.top)) / box.height) * reach);
};
follow(map, at, at);
map.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key];
  if (!arrow) return;
  event.preventDefault();
  if (!reach) return void start();
  const [a, b] = inPlane(current());
  drag(a + (arrow[0] * reach) / 30, b - (arrow[1] * reach) / 30);
});
addEventListener("hashchange", received);
if (document.visibilityState === "visible") received();
else document.addEventListener("visibilitychange", received, { once: true });
