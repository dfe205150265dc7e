// The page: what is drawn or chosen goes to the worker, what comes back is shown and said. It follows the pen as fast as the worker answers.

import { Pad, rasterise } from "./drawing.js";
import { play } from "./sound.js";

/**
 * @typedef {import("./models.js").Manifest} Manifest
 * @typedef {import("./models.js").Origin} Origin
 * @typedef {import("./models.js").Outcome} Outcome
 */

// Paul Tol's "muted" and a gray: ten colours that colour-blind readers can tell apart; numbers stand beside them
const COLOURS = ["#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499", "#777777"];

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
function element(id, kind) {
  const found = document.getElementById(`lt-${id}`);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}

/** @param {string} id */
const canvas = (id) => element(id, HTMLCanvasElement);
/** @param {string} id */
const button = (id) => element(id, HTMLButtonElement);
/** @param {string} id @param {string} text */
const write = (id, text) => {
  element(id, HTMLElement).textContent = text;
};

/** @type {Worker | null} */
let worker = null;
/** @type {Map<number, {resolve: (found: any) => void, reject: (error: Error) => void, got: (bytes: number) => void}>} */
const waiting = new Map();
let questions = 0;

/**
 * Ask the worker; it is started by the first question.
 * @param {Record<string, unknown>} question
 * @param {(bytes: number) => void} got
 * @returns {Promise<any>}
 */
function ask(question, got = () => {}) {
  if (!worker) {
    worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      const asked = waiting.get(data.id);
      if ("bytes" in data) {
        asked?.got(data.bytes);
        return;
      }
      waiting.delete(data.id);
      if ("error" in data) asked?.reject(new Error(data.error));
      else asked?.resolve(data.found);
    });
    worker.addEventListener("error", () => {
      for (const asked of waiting.values())
        asked.reject(new Error("this browser cannot start the page's worker: it is too old, or blocks scripts"));
      waiting.clear();
      worker = null;
    });
  }
  const id = questions++;
  const running = worker;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject, got });
    running.postMessage({ ...question, id });
  });
}

/** @type {Manifest | null} */
let manifest = null;
/** @type {Origin | null} */
let origin = null; // what the outcome comes from
/** @type {Outcome | null} */
let outcome = null;
/** @type {Pad | null} */
let pad = null;
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
  status(`Something is missing: ${error instanceof Error ? error.message : error}. Check the connection.`);
  element("progress", HTMLElement).hidden = true;
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
    const megabytes = (bytes / 1e6).toFixed(1);
    const bar = element("bar", HTMLProgressElement);
    element("progress", HTMLElement).hidden = false;
    status(`Loading ${what}, ${megabytes} MB`);
    await ask({ ask: "need", file }, (got) => {
      bar.value = got / bytes;
    });
    element("progress", HTMLElement).hidden = true;
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
  if (started) return;
  started = true;
  try {
    await need("picture", "the models of digits and garments");
    update();
    await need("more", "judges, garments and the way back");
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
  if (!origin || !loads.has("picture") || !manifest) return;
  busy = true;
  stale = false;
  const asked = origin;
  const began = performance.now();
  try {
    await loads.get("picture");
    const found = /** @type {Outcome} */ (await ask({ ask: "translate", origin: asked, speak: speaking }));
    if (origin) {
      outcome = found;
      show(asked, found);
      const page = element("live", HTMLElement);
      page.dataset.milliseconds = (performance.now() - began).toFixed(1);
      page.dataset.outcomes = String(Number(page.dataset.outcomes ?? 0) + 1);
    }
  } catch (error) {
    if (loads.get("picture")) trouble(error, update);
  }
  busy = false;
  if (stale) requestAnimationFrame(update);
}

/** @param {ArrayLike<number>} values */
const largest = (values) => Array.prototype.indexOf.call(values, Math.max(...Array.from(values)));

/**
 * The likeliest class, in words.
 * @param {ArrayLike<number> | null} probabilities
 * @param {string[]} names
 */
function opinion(probabilities, names) {
  if (!probabilities) return "";
  const best = largest(probabilities);
  return `${names[best]}, ${Math.round(100 * probabilities[best])} %`;
}

/**
 * Pixels in [0, 1], white on black.
 * @param {HTMLCanvasElement} where
 * @param {ArrayLike<number>} pixels
 * @param {number} width
 * @param {(value: number) => [number, number, number]} colour
 */
function paint(where, pixels, width, colour = (value) => [255 * value, 255 * value, 255 * value]) {
  const height = pixels.length / width;
  where.width = width;
  where.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < pixels.length; i++) image.data.set([...colour(pixels[i]), 255], 4 * i);
  where.getContext("2d")?.putImageData(image, 0, 0);
}

/** Blue below zero, orange above. @param {number} value @returns {[number, number, number]} */
function signed(value) {
  const t = Math.min(1, Math.abs(value) / 3);
  return value < 0 ? [240 - 225 * t, 240 - 126 * t, 240 - 62 * t] : [240 - 10 * t, 240 - 81 * t, 240 - 240 * t];
}

/** Loudness, from dark to light. @param {number} value @returns {[number, number, number]} */
function loudness(value) {
  const t = (value + 1) / 2;
  return [255 * Math.min(1, 1.6 * t), 255 * t * t, 255 * (0.25 + 0.5 * t * (1 - t)) * Math.min(1, 4 * t)];
}

/** @param {Origin} from @param {Outcome} found */
function show(from, found) {
  if (!manifest) return;
  const { classes } = manifest;
  const guess = opinion(found.guess, classes.fashion);
  paint(canvas("garment"), found.garment, 28);
  const judged = opinion(found.judged, classes.fashion);
  write("garment-name", found.judged ? classes.fashion[largest(found.judged)] : "");
  write("judged", judged || "on its way");
  write("guess", `${guess} (digit ${classes.mnist[largest(found.guess)]})`);
  canvas("garment").setAttribute("aria-label", `Garment: ${judged || guess}`);
  if (found.digit) {
    const name = opinion(found.digitJudged, classes.mnist);
    paint(canvas("digit"), found.digit, 28);
    write("digit-name", found.digitJudged ? classes.mnist[largest(found.digitJudged)] : "");
    canvas("digit").setAttribute("aria-label", `Digit on the way back: ${name}`);
  }
  if (found.mel) {
    const word = opinion(found.word, classes.speech);
    const rows = Float32Array.from(found.mel, (_, i) => /** @type {Float32Array} */ (found.mel)[(63 - Math.floor(i / 64)) * 64 + (i % 64)]);
    paint(canvas("mel"), rows, 64, loudness); // low sounds below
    write("word-name", found.word ? classes.speech[largest(found.word)] : "");
    write("heard", word);
    canvas("mel").setAttribute("aria-label", `Spectrogram: ${word}`);
  } else {
    write("heard", speaking ? "on its way" : "press “Hear it” first");
  }
  if (from.kind === "example" && found.seen) pad?.picture(found.seen);
  flow(found);
  if (from.kind !== "shared") sliders(found.shared);
  map(found.shared);
  later();
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

/** @param {Outcome} found */
function flow(found) {
  const stages = [
    { name: "x", note: "784 pixels", values: found.seen ?? found.digit, width: 28, colour: undefined },
    { name: "z", note: `${found.zDigit.length} latents`, values: found.zDigit, width: 10, colour: signed },
    { name: "z′", note: `${found.shared.length} shared numbers`, values: found.shared, width: 4, colour: signed },
    { name: "z", note: `${found.zGarment.length} latents`, values: found.zGarment, width: 10, colour: signed },
    { name: "x", note: "784 pixels", values: found.garment, width: 28, colour: undefined },
  ];
  const arrows = ["→ encoder →", "→ bridge →", "→ bridge →", "→ decoder →"];
  const box = element("flow", HTMLElement);
  if (!box.childElementCount) {
    stages.forEach((_, i) => {
      const figure = document.createElement("figure");
      const picture = document.createElement("canvas");
      picture.setAttribute("role", "img");
      const caption = document.createElement("figcaption");
      figure.append(picture, caption);
      box.append(figure);
      if (i < arrows.length) {
        const arrow = document.createElement("span");
        arrow.textContent = arrows[i];
        box.append(arrow);
      }
    });
  }
  const figures = box.querySelectorAll("figure");
  stages.forEach((stage, i) => {
    const picture = figures[i].querySelector("canvas");
    const caption = figures[i].querySelector("figcaption");
    if (!picture || !caption || !stage.values) return;
    paint(picture, stage.values, stage.width, stage.colour);
    caption.textContent = `${stage.name}: ${stage.note}`;
    const few = Array.from(stage.values.slice(0, 8), (value) => value.toFixed(1)).join(", ");
    picture.setAttribute("aria-label", stage.values.length > 8 ? `${stage.note}` : `${stage.note}: ${few}`);
  });
}

/** @param {Float32Array} shared */
function sliders(shared) {
  for (const [i, input] of element("sliders", HTMLFieldSetElement).querySelectorAll("input").entries()) {
    input.value = String(shared[i]);
    const shown = input.parentElement?.querySelector("output");
    if (shown) shown.textContent = shared[i].toFixed(2);
  }
}

/** @param {Float32Array} next */
function move(next) {
  sliders(next);
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

/** @param {Float32Array} shared */
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
      if (manifest?.map.domains[i]) below.arc(x(a), y(b), 2.5, 0, 7);
      else below.rect(x(a) - 2.2, y(b) - 2.2, 4.4, 4.4);
      below.fill();
      sums[label] = [sums[label][0] + a, sums[label][1] + b, sums[label][2] + 1];
    });
    below.font = "bold 17px sans-serif";
    below.textAlign = "center";
    below.textBaseline = "middle";
    sums.forEach(([a, b, n], label) => {
      below.lineWidth = 4;
      below.strokeStyle = "#fff";
      below.fillStyle = "#000";
      const name = manifest?.classes.mnist[label] ?? "";
      below.strokeText(name, x(a / n), y(b / n));
      below.fillText(name, x(a / n), y(b / n));
    });
  }
  const context = where.getContext("2d");
  if (!context) return;
  context.drawImage(ground, 0, 0);
  const [a, b] = inPlane(shared);
  context.strokeStyle = "#000";
  context.lineWidth = 3;
  context.beginPath();
  context.arc(x(a), y(b), 9, 0, 7);
  context.moveTo(x(a) - 14, y(b));
  context.lineTo(x(a) + 14, y(b));
  context.moveTo(x(a), y(b) - 14);
  context.lineTo(x(a), y(b) + 14);
  context.stroke();
}

/** Move z' within the map's plane; what stands out of the plane stays. @param {number} a @param {number} b */
function drag(a, b) {
  if (!manifest || !places) return;
  const { axes } = manifest.map;
  const from = current();
  const [a0, b0] = inPlane(from);
  move(from.map((value, i) => value + (a - a0) * axes[0][i] + (b - b0) * axes[1][i]));
}

/** @param {string} tag @param {string} text @returns {HTMLElement} */
function made(tag, text) {
  const found = document.createElement(tag);
  found.textContent = text;
  return found;
}

/** What needs the second file: sliders, map, garments, numbers. */
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
    label.append(made("span", `z′${i + 1}`), input, made("output", Number(input.value).toFixed(2)));
    box.append(label);
  });
  const { garments, clips } = manifest.items;
  const pictures = /** @type {Float32Array} */ (await ask({ ask: "tensor", name: "garments" }));
  choose("garment", garments, manifest.classes.fashion, (i, name, nth) => {
    const one = document.createElement("button");
    one.type = "button";
    one.setAttribute("aria-label", `${name} ${nth}`);
    const picture = document.createElement("canvas");
    paint(picture, pictures.subarray(784 * i, 784 * (i + 1)), 28);
    one.append(picture);
    return one;
  });
  choose("clip", clips, manifest.classes.speech, (_, name, nth) => {
    const one = /** @type {HTMLButtonElement} */ (made("button", `▶ ${name} ${nth}`));
    one.type = "button";
    return one;
  });
  numbers();
  map(current());
}

/**
 * A list of classes, and a button for each item of the one that is chosen.
 * @param {"garment" | "clip"} kind
 * @param {number[]} labels
 * @param {string[]} names
 * @param {(i: number, name: string, nth: number) => HTMLButtonElement} make
 */
function choose(kind, labels, names, make) {
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
      const one = make(i, names[label], box.childElementCount + 1);
      one.addEventListener("click", async () => {
        if (kind === "clip") {
          if (!(await voices())) return;
          set({ kind, value: i });
          await listen();
        } else {
          set({ kind, value: i });
        }
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
    audio ??= new AudioContext(); // in the click itself: browsers want a touch before sound
    await need("picture", "the models of digits and garments");
    await need("sound", "the bridge to speech and the voice");
    speaking = true;
    return true;
  } catch (error) {
    trouble(error, voices);
    return false;
  }
}

/** Wait for the outcome that is on its way, and play it. */
async function listen() {
  if (!audio || !manifest) return;
  update();
  while (busy || stale) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!outcome?.mel) {
    say("Draw or choose something first.");
    status("Draw or choose something first.");
    return;
  }
  const wave = /** @type {Float32Array} */ (await ask({ ask: "wave", mel: outcome.mel }));
  element("live", HTMLElement).dataset.samples = String(wave.length);
  try {
    await play(audio, wave, manifest.sound.rate);
  } catch {
    status("The browser does not let this page make sounds: allow it, then press the button again.");
  }
}

/** The page's own numbers, as a table. */
function numbers() {
  if (!manifest) return;
  const box = element("numbers", HTMLElement);
  const megabytes = Object.entries(manifest.files).map(([name, { bytes }]) => `${name} ${(bytes / 1e6).toFixed(1)} MB`);
  const note = made("p", `Profile ${manifest.profile}, commit ${manifest.commit}. Files: ${megabytes.join(", ")}.`);
  box.replaceChildren(note);
  if (!manifest.numbers?.length) {
    box.append(made("p", "These weights have not been measured."));
    return;
  }
  const table = document.createElement("table");
  const head = document.createElement("tr");
  for (const text of ["From → to", "Number", "Value", "Note"]) {
    const cell = made("th", text);
    cell.setAttribute("scope", "col");
    head.append(cell);
  }
  table.append(head);
  for (const row of manifest.numbers) {
    const line = document.createElement("tr");
    const value = row.value >= 1000 ? row.value.toLocaleString("en") : String(Math.round(row.value * 1e4) / 1e4);
    const note = [row.n ? `${row.n.toLocaleString("en")} digits` : "", row.note].filter(Boolean).join(", ");
    for (const text of [row.setting.replace("->", " → "), row.metric.replaceAll("_", " "), value, note]) line.append(made("td", text));
    table.append(line);
  }
  box.append(table);
}

/** @returns {Float32Array} one draw of the standard normal for each shared dimension */
function noise() {
  const size = manifest?.map.centre.length ?? 8;
  return Float32Array.from({ length: size }, () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
}

function begin() {
  element("fallback", HTMLElement).hidden = true;
  element("live", HTMLElement).hidden = false;
  const drawing = new Pad(
    canvas("pad"),
    () => {
      if (drawing.strokes.length) set({ kind: "pixels", value: rasterise(drawing.strokes) });
      else origin = null;
    },
    say,
  );
  pad = drawing;
  button("clear").addEventListener("click", () => {
    drawing.clear();
    say("cleared");
  });
  button("again").addEventListener("click", () => {
    if (!origin || origin.kind === "shared") say("Draw or choose something first.");
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
  where.addEventListener("pointerdown", (event) => {
    where.setPointerCapture(event.pointerId);
    if (places) at(event);
    else start();
  });
  where.addEventListener("pointermove", (event) => {
    if (where.hasPointerCapture(event.pointerId)) at(event);
  });
  where.addEventListener("keydown", (event) => {
    /** @type {Record<string, [number, number]>} */
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const arrow = arrows[event.key];
    if (!arrow) return;
    event.preventDefault();
    if (!places) {
      start();
      return;
    }
    const [a, b] = inPlane(current());
    const step = reach() / 30;
    drag(a + arrow[0] * step, b + arrow[1] * step);
  });
  const walk = element("walk", HTMLInputElement);
  for (const end of /** @type {const} */ (["from", "to"])) {
    button(end).addEventListener("click", () => {
      if (!outcome) {
        say("Draw or choose something first.");
        return;
      }
      ends[end] = outcome.shared.slice();
      say(end === "from" ? "kept as start" : "kept as end");
      const ready = ends.from && ends.to;
      walk.disabled = !ready;
      write("walk-note", ready ? "" : `${ends.from ? "The start" : "The end"} is kept. Now the other.`);
    });
  }
  walk.addEventListener("input", () => {
    const { from, to } = ends;
    const t = Number(walk.value);
    if (from && to) move(from.map((value, i) => (1 - t) * value + t * to[i]));
  });
}

begin();
