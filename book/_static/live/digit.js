// Draw a digit, and see and hear what it becomes: what the book's first page and the page "Draw a digit" share.
// What is drawn or chosen goes to the worker, what comes back is shown and said. It follows the pen as fast as the worker answers.

import { fromText, Pad } from "./drawing.js";
import { button, canvas, element, empty, label, opinion, paint, spectrogram, write } from "./view.js";

/** What each picture is. @type {Record<string, string>} */
export const WHY = {
  lost: "What is lost: the ink that encoder and decoder of digits do not bring back. The bar is its share, of squares.",
  seen: "What the encoder sees: your strokes in a box of 20 pixels, centred by their mass, as the digits of its training are.",
  digit: "What the bridge has kept of the digit: the shared numbers, turned back into a latent of digits and drawn by their decoder.",
  garment: "The bridge has made a latent of garments, and the frozen decoder of garments draws it. The class below is a judge’s.",
  mel: "A second bridge makes a latent of speech of a digit, and the frozen generator this spectrogram: low sounds are below.",
};
/** A picture and what stands below it. @param {string} id @param {string} what @param {string} none @param {string} name @param {string} note */
const result = (id, what, none, name, note) => `<div class="lt-result" data-why="${WHY[id]}">
<div class="lt-box" data-note="${none}"><canvas id="lt-${id}" width="28" height="28" role="img" tabindex="0" aria-label="${what}: none yet"></canvas></div>
<p class="lt-name">${name}</p><p class="lt-small" id="lt-${note}"></p></div>`;
const box = element("live", HTMLElement);
const front = box.dataset.front !== undefined; // the first page of the book, where one sentence stands above
const AREA = `<div class="lt-state"><p id="lt-status" role="status">Draw a digit in the black box.</p>
<button type="button" id="lt-retry" hidden>Try again</button></div>
<section class="lt-draw" aria-label="Draw">
<canvas id="lt-pad" width="280" height="280" tabindex="0" role="application" aria-label="Drawing area for a digit" aria-describedby="lt-keys"></canvas>
<div>${result("seen", "What the encoder sees", "nothing yet", "<strong>As seen</strong>", "shape")}
${result("lost", "What is lost of it", "nothing yet", "<strong>Lost of it</strong>", "gone")}</div>
<p><button type="button" id="lt-undo">Undo</button> <button type="button" id="lt-clear">Clear</button></p>
<p class="lt-small" id="lt-keys">With keys: arrows move (with shift further), space puts the pen down and up, control Z takes a stroke back, delete clears.</p></section>
<section class="lt-results" id="lt-results" aria-label="What it becomes">
${result("garment", "Garment", "no garment yet", "<strong>Garment</strong>", "judged")}
${result("mel", "Spectrogram", "no word yet: press ▶", '<button type="button" id="lt-play">▶ Word</button>', "heard")}
${front ? "" : result("digit", "Digit from z′", "no digit yet", "<strong>Digit from z′</strong>", "digit-judged")}</section>
<div class="lt-below"><p class="lt-small" id="lt-doubt"></p>
<p class="lt-small"><label><input type="checkbox" id="lt-aloud" autocomplete="off"> Say each drawing’s word</label></p>
<p class="lt-small" id="lt-why" role="status">Point at a picture, or focus it: its part is explained here.</p></div>
<p class="lt-visually-hidden" id="lt-said" aria-live="polite"></p>`;
const EXAMPLE = // a three, in one stroke
  "aj8lbb79cf64ds58fd4mh34cit4ekh4tm05ina6ioa7qox93p6akp1c1ojdgnneqmffskzgljch3hnhahnhajche" +
  "kyhsmhientj9oykapslgqdmqqmo3qjpgq5qspgs0oht5n9u3luuuk9vcilvmgwvnf7vedmuwc6u6axt99xs596qx";

/** What is shown now. @type {{manifest: Manifest | null, origin: Origin | null, outcome: Outcome | null}} */
export const page = { manifest: null, origin: null, outcome: null };
/** What else there is on a page, filled in by its own script. */
export const also = { show: (/** @type {Origin} */ _from, /** @type {Outcome} */ _found) => {}, blank: () => {}, furnish: async () => {} };
export const FIRST = "Draw or choose something first.";
let ready = false; // what a garment needs is there
let busy = false;
let stale = false; // the origin has changed since the worker began
let started = false;
let heard = /** @type {Origin | null} */ (null); // whose word has been played
let audio = /** @type {AudioContext | null} */ (null);
let playing = /** @type {AudioBufferSourceNode | null} */ (null);
let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
let worker = /** @type {Worker | null} */ (null);

/** Ask the worker for what a method of `Models` gives; it is started by the first question. @param {string} method @param {unknown[]} given @returns {Promise<any>} */
export function ask(method, ...given) {
  worker ??= new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ method, given }, [port2]);
  return new Promise((resolve, reject) => {
    const answered = new AbortController(); // else the worker would keep a listener per question
    const broken = () => {
      reject(new Error("this browser cannot run the page's worker. It is older than 2023, or it blocks scripts"));
      worker = null;
    };
    worker?.addEventListener("error", broken, { signal: answered.signal });
    port1.onmessage = ({ data }) => {
      answered.abort();
      port1.close();
      if ("error" in data) reject(new Error(data.error));
      else resolve(data.found);
    };
  });
}

export const status = (/** @type {string} */ text) => write("status", text);

export function trouble(/** @type {unknown} */ error, /** @type {() => void} */ again) {
  status(`Not loaded: ${error instanceof Error ? error.message : error}. Check the connection, then try again.`);
  const retry = button("retry");
  retry.hidden = false;
  retry.onclick = () => {
    retry.hidden = true;
    again();
  };
}

/** @type {Record<string, string>} */
const FILES = {
  picture: "pictures, 2 MB",
  more: "judges, 3 MB",
  sound: "the voice, 3 MB",
  weights: "bridges, 0.6 MB",
  words: "words, 1.5 MB",
};
const loads = /** @type {Map<string, Promise<void>>} */ (new Map());

/** Fetch a file, unless it is there or on its way. @param {string} file @param {boolean} early before the first touch: nothing is said of it */
function need(file, early = false) {
  const load = async () => {
    if (!early) status(`Loading ${FILES[file]} …`);
    page.manifest = /** @type {Manifest} */ (await ask("need", file));
    if (early) await ask("translate", { kind: "pixels", value: new Float32Array(784) }, false); // its networks are built now, not at the touch
    ready ||= file === "picture";
    if (!early || page.origin) status(`Ready: ${FILES[file]}.`);
    update();
  };
  const loaded = loads.get(file) ?? load();
  loads.set(file, loaded);
  loaded.catch(() => loads.delete(file));
  return loaded;
}

/** Fetch files one by one, then go on; what fails can be tried again. @param {string[]} files @param {() => unknown} then @returns {Promise<boolean>} whether all went well */
export async function having(files, then) {
  try {
    for (const file of files) await need(file);
    await then();
    return true;
  } catch (error) {
    trouble(error, () => having(files, then));
    return false;
  }
}

/** The first touch: what a garment needs, then the rest of the pictures. */
export async function start() {
  if (started || !button("retry").hidden) return; // after a failure only the reader's press asks again
  started = true;
  if (!ready) status(`Loading ${FILES.picture} …`);
  started = await having(["picture", "more"], also.furnish);
}

/** Before it: what a garment needs. What fails here the touch asks for again, and says so. */
const early = () => void need("picture", true).catch(() => {});

export function set(/** @type {Origin} */ next) {
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
  box.dataset.at = "work";
  try {
    const found = /** @type {Outcome} */ (await ask("translate", asked, true));
    if (page.origin) show(asked, found);
  } catch (error) {
    trouble(error, update);
  }
  busy = false;
  if (stale) requestAnimationFrame(update);
  else box.dataset.at = "rest";
}

function show(/** @type {Origin} */ from, /** @type {Outcome} */ found) {
  if (!page.manifest) return;
  page.outcome = found;
  const { classes } = page.manifest;
  const [judged, word] = [opinion(found.judged ?? found.guess, classes.fashion), opinion(found.word, classes.speech)];
  paint(canvas("garment"), found.garment);
  label("garment", found.judged ?? found.guess, classes.fashion);
  if (!found.seen) empty("seen");
  else if (from === page.origin) paint(canvas("seen"), found.seen);
  if (found.mel) {
    spectrogram(canvas("mel"), found.mel);
    label("mel", found.word, classes.speech);
  }
  const off = found.doubt;
  if (off) paint(canvas("lost"), off.gone, (x) => [230 * x, 159 * x, 0]);
  else empty("lost");
  label("lost", off && [off.lost], ["ink"]);
  label("seen", off?.judged, classes.mnist);
  if (from === page.origin && from.kind === "example") pad.context.drawImage(canvas("seen"), 0, 0, 280, 280);
  also.show(from, found);
  clearTimeout(timer);
  timer = setTimeout(() => {
    // it has come to rest: say in words what has come out, and aloud if that is wanted
    write("said", `Garment: ${judged}. ${word ? `Word: ${word}.` : ""} ${doubt(found.doubt)}`);
    if (word && heard !== from && aloud.checked && ["pixels", "example"].includes(from.kind)) listen();
  }, 600);
}

/** Say whether the drawing looks like a digit. @param {Doubt | null} found */
function doubt(found) {
  const most = page.manifest?.doubt;
  const no = Boolean(found && most && found.score > most);
  box.dataset.doubt = String(no);
  const why = no ? "no digit: too much of its ink is lost, or the judge of digits is in doubt" : "a digit";
  const said = found && most ? `This looks like ${why}.` : "";
  write("doubt", said);
  return said;
}

/** No results: before the first drawing, and when it is cleared. */
function blank() {
  page.origin = page.outcome = null;
  status("Draw a digit in the black box.");
  clearTimeout(timer);
  doubt(null);
  for (const id of ["seen", "lost", "garment", "mel"]) empty(id);
  write("said", "");
  also.blank();
}

/** Fetch the voice; true if it is there. @returns {Promise<boolean>} */
export async function voices() {
  audio ??= new AudioContext(); // in the click itself: browsers want a touch before sound
  start();
  return having(["picture", "sound"], () => {});
}

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Wait for the outcome that is on its way: its samples, or null where there is no word. */
export async function wave() {
  update();
  while (busy || stale) await pause(10);
  heard = page.origin;
  if (page.outcome?.mel) return /** @type {Float32Array<ArrayBuffer>} */ (await ask("wave", page.outcome.mel));
  status(FIRST);
  return null;
}

/** Play the word of what is shown, and stop what plays. */
export async function listen() {
  const samples = await wave();
  if (!samples || !page.manifest || !audio) return;
  box.dataset.samples = String(samples.length);
  await Promise.race([audio.resume(), pause(1500)]); // a browser that blocks sound may leave the first open for ever
  if (audio.state !== "running") return status("The browser blocks sound on this page. Allow it, then press again.");
  playing?.stop();
  const buffer = audio.createBuffer(1, samples.length, page.manifest.sound.rate);
  buffer.copyToChannel(samples, 0);
  playing = audio.createBufferSource();
  playing.buffer = buffer;
  playing.connect(audio.destination);
  playing.start();
  status(`Playing the word: ${opinion(page.outcome?.word ?? null, page.manifest.classes.speech)}.`);
}

box.insertAdjacentHTML(front ? "beforeend" : "afterbegin", AREA);
delete box.dataset.wait;
document.getElementById("lt-fallback")?.setAttribute("hidden", "");
const changed = () => (pad.strokes.length ? set({ kind: "pixels", value: pad.ink.pixels() }) : blank());
export const pad = new Pad(canvas("pad"), changed, (text) => write("said", text));
button("clear").addEventListener("click", () => pad.put([]));
button("undo").addEventListener("click", () => pad.put(pad.strokes.slice(0, -1)));
const aloud = element("aloud", HTMLInputElement);
button("play").addEventListener("click", async () => {
  aloud.checked = true; // sound is allowed now, and the next drawing speaks without a press
  if (await voices()) await listen();
});
aloud.addEventListener("change", async () => aloud.checked && (await voices()) && listen());
for (const kind of ["pointerover", "focusin"]) {
  box.addEventListener(kind, ({ target }) => {
    const one = target instanceof Element ? target.closest("[data-why]") : null;
    if (one instanceof HTMLElement) write(one.closest("#lt-flow") ? "flow-why" : "why", one.dataset.why ?? "");
  });
}
if (front && !matchMedia("(prefers-reduced-motion: reduce)").matches) pad.show(fromText(EXAMPLE)[0]); // before any touch
const seen = new IntersectionObserver((found) => {
  if (!found.some((one) => one.isIntersecting)) return; // nothing is fetched before the pad is seen
  seen.disconnect();
  box.addEventListener("pointerenter", early, { once: true });
  if (!(/** @type {any} */ (navigator).connection?.saveData)) (window.requestIdleCallback ?? setTimeout)(early);
});
seen.observe(pad.canvas);
