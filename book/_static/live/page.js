// The page "Draw a digit" around its drawing area: samples, Figure 1 with numbers, sliders, the map, a walk, the other ways, and what can be taken along.

import { COLOURS, html, marks, slider, svg } from "../figures/common.js";
import { also, ask, FIRST, having, listen, pad, page, set, start, status, voices, wave } from "./digit.js";
import { ARROWS, follow, fromText, toText } from "./drawing.js";
import { flow } from "./flow.js";
import { button, canvas, element, empty, label, largest, opinion, paint, write } from "./view.js";

also.show = (from, found) => {
  if (!page.manifest) return;
  const { classes } = page.manifest;
  if (found.digit) {
    paint(canvas("digit"), found.digit);
    label("digit", found.digitJudged, classes.mnist);
  }
  write("guess", `f(z′) reads ${opinion(found.guess, classes.fashion)}.`);
  flow(element("flow", HTMLElement), from.kind, found);
  point(found.std);
  if (!("noise" in from)) forget();
};

also.blank = () => {
  empty("digit");
  write("guess", "");
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

const move = (/** @type {Float32Array} */ value) => set({ kind: "shared", value });
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
  const taken = [...places.map(([x, y]) => [x, y, 5, 5]), ...means.map(([x, y]) => [x, y, 10, 12])];
  const grid = Array.from({ length: 85 * 85 }, (_, i) => [5 * (i % 85) - 210, 5 * Math.floor(i / 85) - 210]); // well within the map
  for (const [i, mean] of means.entries()) {
    const far = (/** @type {number[]} */ [x, y]) => Math.hypot(x - mean[0], y - mean[1]);
    const free = (/** @type {number[]} */ [u, v]) =>
      !taken.some(([x, y, w, h]) => Math.abs(u - x) <= w + THUMB && Math.abs(v - y) <= h + THUMB / 2);
    const [x, y] = grid.sort((a, b) => far(a) - far(b)).find(free) ?? mean;
    taken.push([x, y, THUMB + 2, THUMB / 2 + 2]);
    const look = { fill: "none", stroke: COLOURS[i], "stroke-width": 2 };
    chart.prepend(svg("path", { d: `M${mean}L${x} ${y}`, ...look, "stroke-opacity": 0.6 }));
    for (const [k, pictures] of [digits, garments].entries()) {
      const picture = document.createElement("canvas");
      const from = 784 * [items.examples, items.garments][k].indexOf(i);
      paint(picture, pictures.subarray(from, from + 784));
      svg("image", { href: picture.toDataURL(), x: x + (k - 1) * THUMB, y: y - THUMB / 2, width: THUMB, height: THUMB }, chart);
    }
    svg("rect", { x: x - THUMB, y: y - THUMB / 2, width: 2 * THUMB, height: THUMB, ...look }, chart);
  }
  chart.append(cross);
}

function inPlane(/** @type {Float32Array} */ shared) {
  const { centre, axes } = /** @type {Manifest} */ (page.manifest).map;
  return axes.map((axis) => axis.reduce((sum, value, i) => sum + value * (shared[i] - centre[i]), 0));
}

/** Move z' within the map's plane; what stands out of the plane stays. @param {(a: number, b: number) => number[]} to from its place there */
function drag(to) {
  if (!page.manifest || !reach) return void start();
  const from = current();
  const [a, b] = inPlane(from);
  const next = to(a, b);
  const [first, second] = page.manifest.map.axes;
  move(from.map((value, i) => value + (next[0] - a) * first[i] + (next[1] - b) * second[i]));
}

/** What needs the second file: sliders, map, garments. */
also.furnish = async () => {
  if (!page.manifest || reach) return;
  const { classes, items, map: about } = page.manifest;
  const [plane, digits, garments] = await Promise.all(["map", "examples", "garments"].map((name) => ask("items", name)));
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
    item(element("clips", HTMLElement), { kind: "clip", value: i }).textContent = `▶ ${classes.speech[its]}`;
  }
  draw(plane, digits, garments);
  point(page.outcome?.std ?? null);
};

/** No samples: they were of something else. */
function forget() {
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
  const buttons = these.map((draw) => item(element("samples", HTMLElement), draw));
  buttons[0].click();
  const names = [];
  for (const [i, one] of buttons.entries()) {
    const found = /** @type {Outcome} */ (await ask("translate", these[i], false));
    names.push(manifest.classes.fashion[largest(found.judged ?? found.guess)]);
    paint(html("canvas", one), found.garment);
    one.setAttribute("aria-label", `Sample ${i + 1}: ${names[i]}`);
  }
  if (buttons[0].isConnected) write("samples-note", `Six draws of z′ from its posterior: ${names.join(", ")}.`);
}

/** A button that shows an item, and stays pressed until something else is shown. @param {HTMLElement} box @param {Origin} origin */
function item(box, origin) {
  const one = html("button", box);
  one.type = "button";
  one.addEventListener("click", async () => {
    if (origin.kind === "clip" && !(await voices())) return;
    if (origin.kind === "example") pad.put([], false);
    set(origin);
    one.setAttribute("aria-pressed", "true");
    if (origin.kind === "clip") await listen();
  });
  one.setAttribute("aria-pressed", "false");
  return one;
}

function save(/** @type {Blob} */ file, /** @type {string} */ name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  status(`Saved as ${name}.`);
}

/** Drawing, garment and word side by side. */
async function savePicture() {
  if (!page.outcome) return status(FIRST);
  const sheet = Object.assign(document.createElement("canvas"), { width: 840, height: 280 });
  const context = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
  context.imageSmoothingEnabled = false;
  for (const [i, id] of ["pad", "garment", "mel"].entries()) context.drawImage(canvas(id), 280 * i, 0, 280, 280);
  sheet.toBlob((file) => file && save(file, "digit.png"));
}

/** The word as a WAV file of 16 bits. */
async function saveSound() {
  const samples = (await voices()) ? await wave() : null;
  if (!samples || !page.manifest) return;
  const { rate } = page.manifest.sound;
  const bytes = 2 * samples.length;
  // "RIFF", length, "WAVE", "fmt ", 16 bytes: one channel of whole numbers, samples and bytes a second, 2 bytes of 16 bits; "data", length
  const head = [0x46464952, 36 + bytes, 0x45564157, 0x20746d66, 16, 0x10001, rate, 2 * rate, 0x100002, 0x61746164, bytes];
  const numbers = Int16Array.from(samples, (value) => 32767 * value);
  save(new Blob([Uint32Array.from(head), numbers], { type: "audio/wav" }), "word.wav");
}

/** An address that carries the drawing, into the address bar and the clipboard. */
async function share() {
  if (!pad.strokes.length) return status("Draw something first.");
  history.replaceState(null, "", `#draw=${toText(pad.strokes)}`);
  navigator.clipboard?.writeText(location.href).catch(() => {});
  status("The address of this page carries the drawing now. It is copied too, where the browser lets a page do that.");
}

/** A drawing that came with the address. */
function received() {
  const strokes = fromText(location.hash.replace("#draw=", ""));
  if (strokes.length) pad.put(strokes);
}

const word = element("word", HTMLInputElement);
/** What is typed becomes a garment and a digit; what that needs is fetched, once. */
function type() {
  start();
  having(["picture", "words"], async () => {
    const text = word.value.trim();
    const value = /** @type {Float32Array | null} */ (text && (await ask("embed", text)));
    if (text && !value) status("No piece of this is known: English words in letters of a to z.");
    if (!value) return;
    pad.put([], false);
    set({ kind: "words", value });
  });
}

const WEIGHTS = [0.1, 1, 5]; // of the KL term, times that of the page's own bridge
const named = (/** @type {number} */ i) => `${WEIGHTS[i]} × that of chapter 3`;
const weight = slider(element("weight", HTMLElement), "Weight of the KL term", { min: 0, max: 2, step: 1 }, 1, named, weigh);

/** Ten held-out digits of the class that is shown, and what a bridge makes of them; two more bridges are fetched, once. @param {number} i */
function weigh(i) {
  start();
  having(["picture", "more", "weights"], async () => {
    const found = /** @type {Crowd} */ (await ask("crowd", WEIGHTS[i] === 1 ? "fashion" : `fashion.${WEIGHTS[i]}`));
    if (i !== weight.valueAsNumber) return; // it has moved on
    const box = element("crowd", HTMLElement);
    box.replaceChildren();
    for (let k = page.outcome ? largest(page.outcome.guess) : 3; k < found.seen.length; k += 10) {
      const both = html("span", box);
      for (const pixels of [found.seen[k], found.garments[k]]) paint(html("canvas", both), pixels);
    }
    const apart = `two garments of one class are ${found.apart.toFixed(2)} apart on average`;
    write("weight-note", `Of ${found.seen.length} held-out digits, ${found.kept} keep their class, and ${apart}.`);
  });
}

/** @type {Float32Array[]} the last two that were kept */
let ends = [];
const walk = element("walk", HTMLInputElement);
button("keep").addEventListener("click", () => {
  if (!page.outcome) return write("walk-note", FIRST);
  ends = [...ends, page.outcome.shared].slice(-2);
  walk.disabled = ends.length < 2;
  write("walk-note", walk.disabled ? "Kept. Now draw another, and keep it too." : "Kept. Move the slider.");
});
walk.addEventListener("input", () => ends[1] && move(ends[0].map((from, i) => from + walk.valueAsNumber * (ends[1][i] - from))));
for (let i = 0; i < 10; i++) {
  const one = item(element("examples", HTMLElement), { kind: "example", value: i });
  one.textContent = String(i);
  one.setAttribute("aria-label", `Example ${i}`);
}
for (const [id, does] of Object.entries({ again: sample, picture: savePicture, sound: saveSound, link: share })) {
  button(id).addEventListener("click", does);
}
const at = (/** @type {PointerEvent} */ { clientX, clientY }) => {
  const box = map.getBoundingClientRect();
  drag(() => [((2 * (clientX - box.left)) / box.width - 1) * reach, (1 - (2 * (clientY - box.top)) / box.height) * reach]);
};
follow(map, at, at);
map.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key];
  if (!arrow) return;
  event.preventDefault();
  drag((a, b) => [a + (arrow[0] * reach) / 30, b - (arrow[1] * reach) / 30]);
});
for (const kind of ["focus", "input"]) word.addEventListener(kind, type);
addEventListener("hashchange", received);
received();
