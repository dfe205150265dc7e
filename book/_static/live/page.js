// The page: what is drawn or chosen goes to the worker, what comes back is shown and said. It follows the pen as fast as the worker answers.

import { ask } from "./ask.js";
import { ARROWS, follow, Pad, rasterise } from "./drawing.js";
import { play } from "./sound.js";
import { bars, button, canvas, element, empty, flow, lost, loudness, made, opinion, paint, upright, write } from "./view.js";

/**
 * @typedef {import("./models.js").Manifest} Manifest
 * @typedef {import("./models.js").Origin} Origin
 * @typedef {import("./models.js").Outcome} Outcome
 */

// Paul Tol's "muted" and a gray: ten colours that colour-blind readers can tell apart; numbers stand beside them
const COLOURS = ["#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499", "#777777"];

/** @type {Manifest | null} */
let manifest = null;
/** @type {Origin | null} */
let origin = null; // what the outcome comes from
/** @type {Outcome | null} */
let outcome = null;
/** @type {Pad | null} */
let pad = null;
const FIRST = "Draw or choose something first.";
let ready = false; // what a garment needs is there
let speaking = false; // whether words are wanted
let busy = false;
let stale = false; // the origin has changed since the worker began
/** @type {{from: Float32Array | null, to: Float32Array | null}} */
const ends = { from: null, to: null };
/** @type {AudioContext | null} */
let audio = null;

/** @param {string} text */
const status = (text) => write("status", text);
/** @param {string} text */
const say = (text) => write("said", text);

/** @param {unknown} error @param {() => void} again */
function trouble(error, again) {
  status(`Not loaded: ${error instanceof Error ? error.message : error}. Check the connection, then try again.`);
  element("bar", HTMLElement).hidden = true;
  const retry = button("retry");
  retry.hidden = false;
  retry.onclick = () => {
    retry.hidden = true;
    again();
  };
}

/** @type {Map<string, Promise<void>>} */
const loads = new Map();

/**
 * Fetch a file, with a progress line.
 * @param {string} file
 * @param {string} what
 * @returns {Promise<void>}
 */
function need(file, what) {
  const before = loads.get(file);
  if (before) return before;
  const load = async () => {
    manifest ??= /** @type {Manifest} */ (await ask({ ask: "manifest" }));
    const { bytes } = manifest.files[file];
    const bar = element("bar", HTMLProgressElement);
    bar.hidden = false;
    status(`Loading ${what}, ${(bytes / 1e6).toFixed(1)} MB`);
    await ask({ ask: "need", file }, (got) => {
      bar.value = got / bytes;
    });
    bar.hidden = true;
    ready ||= file === "picture";
    status(`Ready: ${what}.`);
  };
  const loaded = load();
  loads.set(file, loaded);
  loaded.catch(() => loads.delete(file));
  return loaded;
}

let started = false;
/** The first touch: what a garment needs, then the rest of the pictures. */
async function start() {
  if (started || !button("retry").hidden) return; // after a failure only the reader's press asks again
  started = true;
  try {
    await need("picture", "digits and garments");
    update();
    await need("more", "judges and the ways back");
    await furnish();
    update();
  } catch (error) {
    started = false;
    trouble(error, start);
  }
}

/** @param {Origin | null} next */
function set(next) {
  origin = next;
  start();
  update();
}

/** Ask for the outcome of what is newest; while the worker is busy, only remember that something is new. */
async function update() {
  if (busy) {
    stale = true;
    return;
  }
  if (!origin || !ready) return;
  busy = true;
  stale = false;
  const { dataset } = element("live", HTMLElement);
  dataset.at = "work";
  const asked = origin;
  const began = performance.now();
  try {
    const found = /** @type {Outcome} */ (await ask({ ask: "translate", origin: asked, speak: speaking }));
    if (origin) {
      outcome = found;
      show(asked, found);
      write("speed", `The last answer took ${Math.max(1, Math.round(performance.now() - began))} ms on this device.`);
    }
  } catch (error) {
    trouble(error, update);
  }
  busy = false;
  if (stale) requestAnimationFrame(update);
  else dataset.at = "rest";
}

/** @param {Origin} from @param {Outcome} found */
function show(from, found) {
  if (!manifest) return;
  const { classes } = manifest;
  const judged = opinion(found.judged ?? found.guess, classes.fashion);
  paint(canvas("garment"), found.garment, 28);
  write("judged", judged);
  canvas("garment").setAttribute("aria-label", `Garment: ${judged}`);
  bars(
    element("bars", HTMLElement),
    found.guess,
    classes.mnist.map((digit, i) => `${digit} · ${classes.fashion[i]}`),
  );
  if (found.digit) {
    const name = opinion(found.digitJudged, classes.mnist);
    paint(canvas("digit"), found.digit, 28);
    write("digit-judged", name);
    canvas("digit").setAttribute("aria-label", `Digit from z′: ${name}`);
  }
  loss(found);
  if (found.mel) {
    const word = opinion(found.word, classes.speech);
    paint(canvas("mel"), upright(found.mel), 64, loudness);
    write("heard", word);
    canvas("mel").setAttribute("aria-label", `Spectrogram: ${word}`);
  }
  if (from === origin && from.kind === "example" && found.seen) pad?.picture(found.seen);
  flow(element("flow", HTMLElement), from, found);
  const votes = Array.from(found.votes).sort((a, b) => Math.abs(b) - Math.abs(a));
  const total = votes.reduce((a, b) => a + b, 0);
  let few = 1;
  for (let sum = votes[0]; few < votes.length && sum < 0.9 * total; few++) sum += votes[few];
  write("votes-note", `Here ${few} of the ${votes.length} numbers give nine tenths of the votes for the guessed class.`);
  sliders(found.shared, found.std, found.votes, from.kind === "shared");
  map(found.shared);
  later();
}

/** No results: before the first drawing, and when it is cleared. */
function blank() {
  origin = outcome = null;
  clearTimeout(timer);
  for (const id of ["garment", "mel", "digit", "lost"]) empty(canvas(id));
  for (const id of ["judged", "heard", "digit-judged", "loss-note", "votes-note", "speed", "said"]) write(id, "");
  for (const id of ["flow", "bars"]) element(id, HTMLElement).replaceChildren();
  sliders(current(), null, new Float32Array(current().length), false);
  map(null);
}

/** What z' does not keep of the drawing, or of the garment that was chosen. @param {Outcome} found */
function loss(found) {
  const [before, after, what] = found.chosen ? [found.chosen, found.garment, "garment"] : [found.seen, found.digit, "drawing"];
  element("loss", HTMLElement).dataset.empty = String(!before || !after);
  if (!before || !after) return;
  const { kept, added } = lost(canvas("lost"), before, after);
  const text = `Of the ${what}’s ink, ${Math.round(100 * kept)} % comes back at its place; ${Math.round(100 * added)} % is new.`;
  write("loss-note", text);
  canvas("lost").setAttribute("aria-label", `What z′ does not keep: ${text}`);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Say in words what has come out, when it has come to rest. */
function later() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (!outcome || !manifest) return;
    const { classes } = manifest;
    const garment = opinion(outcome.judged ?? outcome.guess, classes.fashion);
    say(`Garment: ${garment}. ${outcome.word ? `Word: ${opinion(outcome.word, classes.speech)}.` : ""}`);
  }, 600);
}

/**
 * Each number of z', its standard deviation where it comes from an encoder, and its vote for the guessed class.
 * @param {Float32Array} shared
 * @param {Float32Array | null} std
 * @param {Float32Array} votes
 * @param {boolean} dragged whether the sliders already stand where the reader put them
 */
function sliders(shared, std, votes, dragged) {
  const most = votes.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-6);
  for (const [i, label] of element("sliders", HTMLFieldSetElement).querySelectorAll("label").entries()) {
    const [input, shown, vote] = [label.querySelector("input"), label.querySelector("output"), label.querySelector("i")];
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
  return (origin?.kind === "shared" ? origin.value : outcome?.shared) ?? Float32Array.from(manifest?.map.centre ?? []);
}

/** @type {Float32Array | null} */
let places = null;

/** Where the map's plane ends: what is farthest out, and a margin. */
function reach() {
  return 1.08 * (places?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 1);
}

/** @param {Float32Array} shared @returns {[number, number]} */
function inPlane(shared) {
  const { centre, axes } = /** @type {Manifest} */ (manifest).map;
  const along = axes.map((axis) => axis.reduce((sum, value, i) => sum + value * (shared[i] - centre[i]), 0));
  return [along[0], along[1]];
}

/** @type {HTMLCanvasElement | null} */
let ground = null;

/** The map, with a cross where z' is. @param {Float32Array | null} shared */
function map(shared) {
  if (!manifest || !places) return;
  const where = canvas("map");
  const size = where.width;
  const far = reach();
  /** @param {number} value */
  const x = (value) => (size / 2) * (1 + value / far);
  /** @param {number} value */
  const y = (value) => (size / 2) * (1 - value / far);
  if (!ground) {
    ground = document.createElement("canvas");
    ground.width = ground.height = size;
    const below = ground.getContext("2d");
    if (!below) return;
    below.fillStyle = "#fff";
    below.fillRect(0, 0, size, size);
    const sums = COLOURS.map(() => [0, 0, 0]);
    manifest.map.labels.forEach((label, i) => {
      const [a, b] = /** @type {Float32Array} */ (places).subarray(2 * i, 2 * i + 2);
      below.fillStyle = COLOURS[label];
      below.beginPath();
      if (manifest?.map.domains[i]) below.arc(x(a), y(b), 5, 0, 7);
      else below.rect(x(a) - 4.5, y(b) - 4.5, 9, 9);
      below.fill();
      sums[label] = [sums[label][0] + a, sums[label][1] + b, sums[label][2] + 1];
    });
    below.font = "bold 34px sans-serif";
    below.textAlign = "center";
    below.textBaseline = "middle";
    sums.forEach(([a, b, n], label) => {
      below.lineWidth = 8;
      below.strokeStyle = "#fff";
      below.fillStyle = "#000";
      const name = manifest?.classes.mnist[label] ?? "";
      below.strokeText(name, x(a / n), y(b / n));
      below.fillText(name, x(a / n), y(b / n));
    });
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
  if (!manifest || !places) return;
  const { axes } = manifest.map;
  const from = current();
  const [a0, b0] = inPlane(from);
  move(from.map((value, i) => value + (a - a0) * axes[0][i] + (b - b0) * axes[1][i]));
}

/** What needs the second file: sliders, map, garments. */
async function furnish() {
  if (!manifest || places) return;
  places = /** @type {Float32Array} */ (await ask({ ask: "tensor", name: "map" }));
  const box = element("sliders", HTMLFieldSetElement);
  manifest.map.centre.forEach((centre, i) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const { low, high } = /** @type {Manifest} */ (manifest).map;
    Object.assign(input, { type: "range", min: String(low[i]), max: String(high[i]), step: "0.01" });
    input.value = String(outcome?.shared[i] ?? centre);
    input.addEventListener("input", () => {
      const next = current().slice();
      next[i] = Number(input.value);
      move(next);
    });
    const vote = made("i", "");
    vote.setAttribute("aria-hidden", "true");
    label.append(made("span", `z′${i + 1}`), input, made("output", Number(input.value).toFixed(2)), vote);
    box.append(label);
  });
  const pictures = /** @type {Float32Array} */ (await ask({ ask: "tensor", name: "garments" }));
  choose("garment", manifest.items.garments, manifest.classes.fashion, (one, name, i) => {
    const picture = document.createElement("canvas");
    paint(picture, pictures.subarray(784 * i, 784 * (i + 1)), 28);
    one.append(picture);
    one.setAttribute("aria-label", name);
  });
  choose("clip", manifest.items.clips, manifest.classes.speech, (one, name) => one.append(`▶ ${name}`));
  map(outcome?.shared ?? null);
}

/**
 * A list of classes, and a button for each item of the one that is chosen.
 * @param {"garment" | "clip"} kind
 * @param {number[]} labels
 * @param {string[]} names
 * @param {(one: HTMLButtonElement, name: string, i: number) => void} dress gives a button its content
 */
function choose(kind, labels, names, dress) {
  const select = element(`${kind}-class`, HTMLSelectElement);
  names.forEach((name, label) => {
    const option = made("option", name);
    option.setAttribute("value", String(label));
    select.append(option);
  });
  const fill = () => {
    const box = element(`${kind}s`, HTMLElement);
    box.replaceChildren();
    labels.forEach((label, i) => {
      if (label !== Number(select.value)) return;
      const one = document.createElement("button");
      one.type = "button";
      dress(one, `${names[label]} ${box.childElementCount + 1}`, i);
      one.addEventListener("click", async () => {
        if (kind === "clip" && !(await voices())) return;
        set({ kind, value: i });
        if (kind === "clip") await listen();
      });
      box.append(one);
    });
  };
  select.addEventListener("change", fill);
  fill();
}

/** Fetch the voices; true if they are there. @returns {Promise<boolean>} */
async function voices() {
  try {
    if ("AudioContext" in window) audio ??= new AudioContext(); // in the click itself: browsers want a touch before sound
    await need("picture", "digits and garments");
    await need("sound", "the voice");
    speaking = true;
    return true;
  } catch (error) {
    trouble(error, () => {
      start();
      voices();
    });
    return false;
  }
}

/** Wait for the outcome that is on its way, and play it. */
async function listen() {
  if (!manifest) return;
  update();
  while (busy || stale) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!outcome?.mel) return status(FIRST);
  const wave = /** @type {Float32Array} */ (await ask({ ask: "wave", mel: outcome.mel }));
  element("live", HTMLElement).dataset.samples = String(wave.length);
  try {
    if (!audio) throw new Error("This browser cannot play sound from a page");
    await play(audio, wave, manifest.sound.rate);
  } catch (error) {
    status(`${error instanceof Error ? error.message : error}. Allow sound for this page, then press again.`);
  }
}

/** @returns {Float32Array} one draw of the standard normal for each shared dimension */
function noise() {
  const size = manifest?.map.centre.length ?? 8;
  return Float32Array.from({ length: size }, () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
}

function begin() {
  element("fallback", HTMLElement).hidden = true;
  element("live", HTMLElement).hidden = false;
  blank();
  const drawing = new Pad(
    canvas("pad"),
    () => {
      if (drawing.strokes.length) set({ kind: "pixels", value: rasterise(drawing.strokes) });
      else blank();
    },
    say,
  );
  pad = drawing;
  button("clear").addEventListener("click", () => {
    drawing.clear();
    say("cleared");
  });
  button("again").addEventListener("click", () => {
    if (!origin || origin.kind === "shared") status(FIRST);
    else set({ ...origin, noise: noise() });
  });
  const examples = element("examples", HTMLElement);
  for (let i = 0; i < 10; i++) {
    const one = /** @type {HTMLButtonElement} */ (made("button", String(i)));
    one.type = "button";
    one.setAttribute("aria-label", `Example ${i}`);
    one.addEventListener("click", () => {
      drawing.strokes = [];
      drawing.paint();
      set({ kind: "example", value: i });
    });
    examples.append(one);
  }
  button("play").addEventListener("click", async () => {
    start();
    if (await voices()) await listen();
  });
  const where = canvas("map");
  /** @param {PointerEvent} event */
  const at = (event) => {
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
  const walk = element("walk", HTMLInputElement);
  for (const end of /** @type {const} */ (["from", "to"])) {
    button(end).addEventListener("click", () => {
      if (!outcome) return write("walk-note", FIRST);
      ends[end] = outcome.shared.slice();
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
}

begin();
