/// <reference path="./types.d.ts" />
// The page "Draw a digit" around its drawing area: Figure 1 with numbers, sliders, the map, a walk, the other ways, and what can be taken along.

import { ask } from "./ask.js";
import { also, FIRST, listen, pad, page, result, set, start, status, voices, wave } from "./digit.js";
import { ARROWS, follow, fromText, toText } from "./drawing.js";
import { bars, flow, lost } from "./flow.js";
import { button, canvas, element, empty, label, made, opinion, paint, write } from "./view.js";

// Paul Tol's "muted" and a gray: ten colours that colour-blind readers can tell apart; numbers stand beside them
const COLOURS = ["#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499", "#777777"];
const DIGIT = {
  ...{ id: "digit", size: "28", what: "Digit from z′", none: "no digit yet", name: "<strong>Digit from z′</strong>", note: "digit-judged" },
  why: "What the bridge has kept of the digit: the shared numbers, turned back into a latent of digits and drawn by their decoder.",
};

also.show = (from, found) => {
  if (!page.manifest) return;
  const { classes } = page.manifest;
  if (found.digit) {
    const name = opinion(found.digitJudged, classes.mnist);
    paint(canvas("digit"), found.digit, 28);
    write("digit-judged", name);
    label("digit", name);
  }
  bars(
    element("bars", HTMLElement),
    found.guess,
    classes.mnist.map((digit, i) => `${digit} · ${classes.fashion[i]}`),
  );
  loss(found);
  flow(element("flow", HTMLElement), from, found);
  const votes = Array.from(found.votes).sort((a, b) => Math.abs(b) - Math.abs(a));
  const total = votes.reduce((a, b) => a + b, 0);
  let few = 1;
  for (let sum = votes[0]; few < votes.length && sum < 0.9 * total; few++) sum += votes[few];
  write("votes-note", `Here ${few} of the ${votes.length} numbers give nine tenths of the votes for the guessed class.`);
  write("speed", `The last answer took ${element("live", HTMLElement).dataset.took} ms on this device.`);
  sliders(found.shared, found.std, found.votes, from.kind === "shared");
  map(found.shared);
};

also.blank = () => {
  for (const id of ["digit", "lost"]) empty(id);
  for (const id of ["digit-judged", "loss-note", "votes-note", "speed"]) write(id, "");
  for (const id of ["flow", "bars"]) element(id, HTMLElement).replaceChildren();
  sliders(current(), null, new Float32Array(current().length), false);
  map(null);
};

/** What z' does not keep of the drawing, or of the garment that was chosen. @param {Outcome} found */
function loss(found) {
  const [before, after, what] = found.chosen ? [found.chosen, found.garment, "garment"] : [found.seen, found.digit, "drawing"];
  element("loss", HTMLElement).dataset.empty = String(!before || !after);
  if (!before || !after) return;
  const { kept, added } = lost(canvas("lost"), before, after);
  const text = `Of the ${what}’s ink, ${Math.round(100 * kept)} % comes back at its place; ${Math.round(100 * added)} % is new.`;
  write("loss-note", text);
  label("lost", text);
}

/**
 * Each number of z', its standard deviation where it comes from an encoder, and its vote for the guessed class.
 * @param {Float32Array} shared @param {Float32Array | null} std @param {Float32Array} votes
 * @param {boolean} dragged whether the sliders already stand where the reader put them
 */
function sliders(shared, std, votes, dragged) {
  const most = votes.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-6);
  for (const [i, row] of element("sliders", HTMLFieldSetElement).querySelectorAll("label").entries()) {
    const [input, shown, vote] = [row.querySelector("input"), row.querySelector("output"), row.querySelector("i")];
    if (input && !dragged) input.value = String(shared[i]);
    if (shown) shown.textContent = shared[i].toFixed(2) + (std ? ` ± ${std[i].toFixed(2)}` : "");
    vote?.style.setProperty("--vote", String(votes[i] / most));
  }
}

/** @param {Float32Array} next */
function move(next) {
  for (const [i, input] of element("sliders", HTMLFieldSetElement).querySelectorAll("input").entries()) input.value = String(next[i]);
  set({ kind: "shared", value: next });
}

/** The point of z' that is shown, or the centre of the map. @returns {Float32Array} */
function current() {
  return (page.origin?.kind === "shared" ? page.origin.value : page.outcome?.shared) ?? Float32Array.from(page.manifest?.map.centre ?? []);
}

/** @type {Float32Array | null} */
let places = null;

/** Where the map's plane ends: what is farthest out, and a margin. */
const reach = () => 1.08 * (places?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 1);

/** @param {Float32Array} shared */
function inPlane(shared) {
  const { centre, axes } = /** @type {Manifest} */ (page.manifest).map;
  return axes.map((axis) => axis.reduce((sum, value, i) => sum + value * (shared[i] - centre[i]), 0));
}

/** @type {HTMLCanvasElement | null} */
let ground = null;

/** The map, with a cross where z' is. @param {Float32Array | null} shared */
function map(shared) {
  if (!page.manifest || !places) return;
  const where = canvas("map");
  const size = where.width;
  const far = reach();
  const x = (/** @type {number} */ value) => (size / 2) * (1 + value / far);
  const y = (/** @type {number} */ value) => (size / 2) * (1 - value / far);
  if (!ground) {
    ground = document.createElement("canvas");
    ground.width = ground.height = size;
    const below = ground.getContext("2d");
    if (!below) return;
    const { labels, domains } = page.manifest.map;
    below.fillStyle = "#fff";
    below.fillRect(0, 0, size, size);
    const sums = COLOURS.map(() => [0, 0, 0]);
    for (const [i, name] of labels.entries()) {
      const [a, b] = places.subarray(2 * i, 2 * i + 2);
      below.fillStyle = COLOURS[name];
      below.beginPath();
      if (domains[i]) below.arc(x(a), y(b), 5, 0, 7);
      else below.rect(x(a) - 4.5, y(b) - 4.5, 9, 9);
      below.fill();
      sums[name] = [sums[name][0] + a, sums[name][1] + b, sums[name][2] + 1];
    }
    Object.assign(below, { font: "bold 34px sans-serif", textAlign: "center", textBaseline: "middle" });
    Object.assign(below, { lineWidth: 8, strokeStyle: "#fff", fillStyle: "#000" });
    for (const [i, [a, b, n]] of sums.entries()) {
      below.strokeText(page.manifest.classes.mnist[i], x(a / n), y(b / n));
      below.fillText(page.manifest.classes.mnist[i], x(a / n), y(b / n));
    }
  }
  const context = where.getContext("2d");
  context?.drawImage(ground, 0, 0);
  if (!context || !shared) return;
  const [a, b] = inPlane(shared);
  context.lineWidth = 6;
  context.stroke(new Path2D(`M${x(a) - 28} ${y(b)}h56m-28-28v56m18-28a18 18 0 1 1-36 0a18 18 0 1 1 36 0`));
}

/** Move z' within the map's plane; what stands out of the plane stays. @param {number} a @param {number} b */
function drag(a, b) {
  if (!page.manifest || !places) return;
  const { axes } = page.manifest.map;
  const from = current();
  const [a0, b0] = inPlane(from);
  move(from.map((value, i) => value + (a - a0) * axes[0][i] + (b - b0) * axes[1][i]));
}

/** What needs the second file: sliders, map, garments. */
also.furnish = async () => {
  if (!page.manifest || places) return;
  const { classes, items, map: about } = page.manifest;
  places = /** @type {Float32Array} */ (await ask({ ask: "tensor", name: "map" }));
  for (const [i, centre] of about.centre.entries()) {
    const [row, input] = [document.createElement("label"), document.createElement("input")];
    Object.assign(input, { type: "range", min: String(about.low[i]), max: String(about.high[i]), step: "0.01" });
    input.value = String(page.outcome?.shared[i] ?? centre);
    input.addEventListener("input", () => move(current().map((value, k) => (k === i ? Number(input.value) : value))));
    const vote = made("i", "");
    vote.setAttribute("aria-hidden", "true");
    row.append(made("span", `z′${i + 1}`), input, made("output", Number(input.value).toFixed(2)), vote);
    element("sliders", HTMLFieldSetElement).append(row);
  }
  const pictures = /** @type {Float32Array} */ (await ask({ ask: "tensor", name: "garments" }));
  choose("garment", items.garments, classes.fashion, (one, name, i) => {
    const picture = document.createElement("canvas");
    paint(picture, pictures.subarray(784 * i, 784 * (i + 1)), 28);
    one.append(picture);
    one.setAttribute("aria-label", name);
  });
  choose("clip", items.clips, classes.speech, (one, name) => one.append(`▶ ${name}`));
  map(page.outcome?.shared ?? null);
};

/** A button that shows an item, and stays pressed until something else is shown. @param {HTMLElement} box @param {Origin} origin @param {() => Promise<boolean>} [before] */
function item(box, origin, before = async () => true) {
  const one = document.createElement("button");
  one.type = "button";
  one.addEventListener("click", async () => {
    if (!(await before())) return;
    if (origin.kind === "example") pad.put([], false);
    set(origin);
    one.setAttribute("aria-pressed", "true");
    if (origin.kind === "clip") await listen();
  });
  one.setAttribute("aria-pressed", "false");
  box.append(one);
  return one;
}

/**
 * A list of classes, and a button for each item of the one that is chosen.
 * @param {"garment" | "clip"} kind @param {number[]} labels @param {string[]} names
 * @param {(one: HTMLButtonElement, name: string, i: number) => void} dress gives a button its content
 */
function choose(kind, labels, names, dress) {
  const select = element(`${kind}-class`, HTMLSelectElement);
  for (const [i, name] of names.entries()) select.append(new Option(name, String(i)));
  const fill = () => {
    const box = element(`${kind}s`, HTMLElement);
    box.replaceChildren();
    for (const [i, its] of labels.entries()) {
      if (its !== Number(select.value)) continue;
      dress(item(box, { kind, value: i }, kind === "clip" ? voices : undefined), `${names[its]} ${box.childElementCount}`, i);
    }
  };
  select.addEventListener("change", fill);
  fill();
}

/** One draw of the standard normal for each shared dimension. */
const noise = () =>
  Float32Array.from(
    page.manifest?.map.centre ?? [],
    () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()),
  );

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
button("again").addEventListener("click", () => {
  const { origin } = page;
  if (!origin || origin.kind === "shared") return status(FIRST);
  set({ ...origin, noise: noise() });
  status("Another sample of z′.");
});
button("picture").addEventListener("click", savePicture);
button("sound").addEventListener("click", saveSound);
button("link").addEventListener("click", share);
const where = canvas("map");
const at = (/** @type {PointerEvent} */ event) => {
  const box = where.getBoundingClientRect();
  const far = reach();
  drag(((2 * (event.clientX - box.left)) / box.width - 1) * far, (1 - (2 * (event.clientY - box.top)) / box.height) * far);
};
follow(where, (event) => (places ? at(event) : start()), at);
where.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key];
  if (!arrow) return;
  event.preventDefault();
  if (!places) return void start();
  const [a, b] = inPlane(current());
  const step = reach() / 30;
  drag(a + arrow[0] * step, b - arrow[1] * step);
});
addEventListener("hashchange", received);
if (document.visibilityState === "visible") received();
else document.addEventListener("visibilitychange", received, { once: true });
