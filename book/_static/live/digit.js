// Draw a digit, and see and hear what it becomes: what the book's first page and the page "Draw a digit" share.
// What is drawn or chosen goes to the worker, what comes back is shown and said. It follows the pen as fast as the worker answers.

import { ask } from "./ask.js";
import { fromText, Pad, rasterise } from "./drawing.js";
import { button, canvas, element, empty, label, opinion, paint, spectrogram, write } from "./view.js";

/** A picture and what stands below it. @param {Record<"id" | "size" | "what" | "none" | "why" | "name" | "note", string>} of */
export const result = ({ id, size, what, none, why, name, note }) => `<div class="lt-result" data-why="${why}">
<div class="lt-box" data-note="${none}"><canvas id="lt-${id}" width="${size}" height="${size}" role="img" tabindex="0" aria-label="${what}: none yet"></canvas></div>
<p class="lt-name">${name}</p><p class="lt-small" id="lt-${note}"></p></div>`;

const SEEN = {
  ...{ id: "seen", size: "28", what: "What the encoder sees", none: "nothing yet", name: "<strong>As seen</strong>", note: "shape" },
  why: "What the encoder sees: your strokes in a box of 20 pixels, centred by their mass, as the digits of its training are.",
};
const GARMENT = {
  ...{ id: "garment", size: "28", what: "Garment", none: "no garment yet", name: "<strong>Garment</strong>", note: "judged" },
  why: "The bridge turns the digit’s latent into one of garments, and the frozen decoder of garments draws it. The class below is a judge’s.",
};
const WORD = {
  ...{ id: "mel", size: "64", what: "Spectrogram", none: "no word yet: press ▶", note: "heard" },
  name: '<button type="button" id="lt-play">▶ Word</button>',
  why: "A second bridge turns the digit’s latent into one of speech, and the frozen generator makes this spectrogram: low sounds are below.",
};
const AREA = `<div class="lt-state">
<p id="lt-status" role="status">Draw a digit in the black box.</p>
<button type="button" id="lt-retry" hidden>Try again</button>
<progress id="lt-bar" max="1" value="0" aria-label="Weights loaded" hidden></progress>
</div>
<section class="lt-draw" aria-label="Draw">
<canvas id="lt-pad" width="280" height="280" tabindex="0" role="application" aria-label="Drawing area for a digit" aria-describedby="lt-keys"></canvas>
${result(SEEN)}
<p><button type="button" id="lt-undo">Undo</button> <button type="button" id="lt-clear">Clear</button></p>
<p class="lt-small" id="lt-keys">With keys: arrows move (with shift further), space puts the pen down and up, control Z takes a stroke back, delete clears.</p>
</section>
<section class="lt-results" id="lt-results" aria-label="What it becomes">${result(GARMENT)}${result(WORD)}</section>
<div class="lt-below">
<p class="lt-small" id="lt-doubt"></p>
<p class="lt-small"><label><input type="checkbox" id="lt-aloud"> Say each drawing’s word</label></p>
<p class="lt-small" id="lt-why" role="status">Point at a picture, or focus it: its part is explained here.</p>
</div>
<p class="lt-visually-hidden" id="lt-said" aria-live="polite"></p>`;
const EXAMPLE = // a three, in one stroke
  "aj8lbb79cf64ds58fd4mh34cit4ekh4tm05ina6ioa7qox93p6akp1c1ojdgnneqmffskzgljch3hnhahnhajche" +
  "kyhsmhientj9oykapslgqdmqqmo3qjpgq5qspgs0oht5n9u3luuuk9vcilvmgwvnf7vedmuwc6u6axt99xs596qx";

/** What is shown now. @type {{manifest: Manifest | null, origin: Origin | null, outcome: Outcome | null}} */
export const page = { manifest: null, origin: null, outcome: null };
/** What else there is on a page, filled in by its own script. */
export const also = {
  show: (/** @type {Origin} */ _from, /** @type {Outcome} */ _found) => {},
  blank: () => {},
  furnish: async () => {},
};
export const FIRST = "Draw or choose something first.";
const NO = "This looks like no digit.";
let ready = false; // what a garment needs is there
let speaking = false; // the voice is there
let busy = false;
let stale = false; // the origin has changed since the worker began
/** @type {Origin | null} */
let heard = null; // whose word has been played
/** @type {Origin | null} */
let told = null; // whose looks have been told
/** @type {AudioContext | null} */
let audio = null;
/** @type {AudioBufferSourceNode | null} */
let playing = null;

/** @param {string} text */
export const status = (text) => write("status", text);

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

/** Fetch a file, with a progress line. @param {string} file @param {string} what @returns {Promise<void>} */
function need(file, what) {
  const before = loads.get(file);
  if (before) return before;
  const load = async () => {
    const manifest = /** @type {Manifest} */ (await ask({ ask: "manifest" }));
    page.manifest = manifest;
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
export async function start() {
  if (started || !button("retry").hidden) return; // after a failure only the reader's press asks again
  started = true;
  try {
    await need("picture", "digits and garments");
    update();
    await need("more", "judges and the ways back");
    await also.furnish();
    update();
  } catch (error) {
    started = false;
    trouble(error, start);
  }
}

/** @param {Origin} next */
export function set(next) {
  page.origin = next;
  for (const one of document.querySelectorAll("#lt-live [aria-pressed]")) one.setAttribute("aria-pressed", "false");
  if (next.kind === "pixels") paint(canvas("seen"), next.value);
  start();
  update();
}

/** Ask for the outcome of what is newest; while the worker is busy, only remember that something is new. */
async function update() {
  const asked = page.origin;
  stale = busy;
  if (busy || !asked || !ready) return;
  busy = true;
  const { dataset } = element("live", HTMLElement);
  dataset.at = "work";
  try {
    const found = /** @type {Outcome} */ (await ask({ ask: "translate", origin: asked, speak: speaking }));
    if (page.origin) show(asked, found);
  } catch (error) {
    trouble(error, update);
  }
  busy = false;
  if (stale) requestAnimationFrame(update);
  else dataset.at = "rest";
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {Origin} from @param {Outcome} found */
function show(from, found) {
  if (!page.manifest) return;
  page.outcome = found;
  const { classes } = page.manifest;
  const judged = opinion(found.judged ?? found.guess, classes.fashion);
  paint(canvas("garment"), found.garment);
  write("judged", judged);
  label("garment", judged);
  if (!found.seen) empty("seen");
  else if (from === page.origin) paint(canvas("seen"), found.seen);
  const word = opinion(found.word, classes.speech);
  if (found.mel) {
    spectrogram(canvas("mel"), found.mel);
    write("heard", word);
    label("mel", word);
  }
  if (from === page.origin && from.kind === "example") pad.picture(canvas("seen"));
  also.show(from, found);
  clearTimeout(timer);
  timer = setTimeout(() => {
    // it has come to rest: say in words what has come out, and aloud if that is wanted
    write("said", `Garment: ${judged}. ${word ? `Word: ${word}.` : ""}`);
    doubt(found.doubt, from !== told);
    told = from;
    const drawn = from.kind === "pixels" || from.kind === "example";
    if (drawn && speaking && heard !== from && element("aloud", HTMLInputElement).checked) listen();
  }, 600);
}

/** Whether the drawing looks like a digit. @param {Doubt | null} found @param {boolean} tell whether the line of status says so too */
function doubt(found, tell) {
  const { doubt: most, classes } = page.manifest ?? {};
  const known = found && most && classes;
  const no = Boolean(known && found.score > most);
  element("live", HTMLElement).dataset.doubt = String(no);
  if (no && tell) status(NO);
  else if (known && !no && element("status", HTMLElement).textContent === NO) status("This looks like a digit.");
  const lost = `Encoder and decoder of digits lose ${Math.round(100 * (found?.lost ?? 0))} % of it, and their judge says`;
  write("doubt", known ? `${no ? NO : "This looks like a digit."} ${lost} ${opinion(found.judged, classes.mnist)}.` : "");
}

/** No results: before the first drawing, and when it is cleared. */
function blank() {
  page.origin = page.outcome = null;
  clearTimeout(timer);
  doubt(null, false);
  for (const id of ["seen", "garment", "mel"]) empty(id);
  for (const id of ["judged", "heard", "said"]) write(id, "");
  also.blank();
}

/** Fetch the voice; true if it is there. @returns {Promise<boolean>} */
export async function voices() {
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

/** Wait for the outcome that is on its way: its samples, or null where there is no word. */
export async function wave() {
  update();
  while (busy || stale) await new Promise((resolve) => setTimeout(resolve, 10));
  heard = page.origin;
  if (page.outcome?.mel) return /** @type {Float32Array<ArrayBuffer>} */ (await ask({ ask: "wave", mel: page.outcome.mel }));
  status(FIRST);
  return null;
}

/** Play the word of what is shown, and stop what plays. */
export async function listen() {
  const samples = await wave();
  if (!samples || !page.manifest) return;
  element("live", HTMLElement).dataset.samples = String(samples.length);
  try {
    if (!audio) throw new Error("This browser cannot play sound from a page");
    // a browser that blocks sound may leave this promise open for ever
    if (audio.state !== "running") await Promise.race([audio.resume(), new Promise((resolve) => setTimeout(resolve, 1500))]);
    if (audio.state !== "running") throw new Error("The browser blocks sound on this page");
    playing?.stop();
    const buffer = audio.createBuffer(1, samples.length, page.manifest.sound.rate);
    buffer.getChannelData(0).set(samples);
    playing = audio.createBufferSource();
    playing.buffer = buffer;
    playing.connect(audio.destination);
    playing.start();
    status(`Playing the word: ${opinion(page.outcome?.word ?? null, page.manifest.classes.speech)}.`);
  } catch (error) {
    status(`${error instanceof Error ? error.message : error}. Allow sound for this page, then press again.`);
  }
}

const box = element("live", HTMLElement);
const front = box.dataset.front !== undefined; // the first page of the book, where one sentence stands above
box.insertAdjacentHTML(front ? "beforeend" : "afterbegin", AREA);
delete box.dataset.wait;
document.getElementById("lt-fallback")?.setAttribute("hidden", "");
export const pad = new Pad(
  canvas("pad"),
  () => {
    if (pad.strokes.length) set({ kind: "pixels", value: rasterise(pad.strokes) });
    else blank();
  },
  (text) => write("said", text),
);
button("clear").addEventListener("click", () => {
  pad.put([]);
  status("Cleared.");
});
button("undo").addEventListener("click", () => {
  if (!pad.strokes.length || pad.shown) return status(FIRST);
  pad.put(pad.strokes.slice(0, -1));
  status("The last stroke is taken back.");
});
const aloud = element("aloud", HTMLInputElement);
const speak = async () => {
  start();
  if (await voices()) await listen();
};
button("play").addEventListener("click", () => {
  aloud.checked = true; // sound is allowed now, and the next drawing speaks without a press
  speak();
});
aloud.addEventListener("change", () => {
  status(aloud.checked ? "Each drawing’s word will be said." : "Words are said at a press only.");
  if (aloud.checked) speak();
});
for (const kind of ["pointerover", "focusin"]) {
  box.addEventListener(kind, ({ target }) => {
    const one = target instanceof Element ? target.closest("[data-why]") : null;
    if (one instanceof HTMLElement) write(one.closest("#lt-flow") ? "flow-why" : "why", one.dataset.why ?? "");
  });
}
if (front && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
  const seen = new IntersectionObserver(([{ isIntersecting }]) => {
    if (!isIntersecting) return;
    seen.disconnect();
    if (!pad.strokes.length) pad.show(fromText(EXAMPLE)); // once, before any touch
  });
  seen.observe(canvas("pad"));
}
