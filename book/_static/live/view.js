// What the page shows: pixels, bars, and Figure 1 with the numbers of one drawing.

/**
 * @typedef {import("./models.js").Manifest} Manifest
 * @typedef {import("./models.js").Origin} Origin
 * @typedef {import("./models.js").Outcome} Outcome
 * @typedef {(value: number) => [number, number, number]} Colour
 * @typedef {{what: string, note: string, values: ArrayLike<number> | null, width: number, colour?: Colour, arrow?: string}} Stage
 */

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function element(id, kind) {
  const found = document.getElementById(`lt-${id}`);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}

/** @param {string} id */
export const canvas = (id) => element(id, HTMLCanvasElement);
/** @param {string} id */
export const button = (id) => element(id, HTMLButtonElement);
/** @param {string} id @param {string} text */
export const write = (id, text) => {
  element(id, HTMLElement).textContent = text;
};

/** @param {string} tag @param {string} text @returns {HTMLElement} */
export function made(tag, text) {
  const found = document.createElement(tag);
  found.textContent = text;
  return found;
}

/** @param {ArrayLike<number>} values */
export const largest = (values) => Array.prototype.indexOf.call(values, Math.max(...Array.from(values)));

/**
 * The likeliest class, in words.
 * @param {ArrayLike<number> | null} probabilities
 * @param {string[]} names
 */
export function opinion(probabilities, names) {
  if (!probabilities) return "";
  const best = largest(probabilities);
  return `${names[best]}, ${Math.round(100 * probabilities[best])} %`;
}

/**
 * Pixels in [0, 1], white on black. Until then, and after `empty`, the box around a canvas shows its own note.
 * @param {HTMLCanvasElement} where
 * @param {ArrayLike<number>} pixels
 * @param {number} width
 * @param {(value: number) => [number, number, number]} colour
 */
export function paint(where, pixels, width, colour = (value) => [255 * value, 255 * value, 255 * value]) {
  const height = pixels.length / width;
  where.width = width;
  where.height = height;
  where.dataset.full = "";
  const image = new ImageData(width, height);
  for (let i = 0; i < pixels.length; i++) image.data.set([...colour(pixels[i]), 255], 4 * i);
  where.getContext("2d")?.putImageData(image, 0, 0);
}

/** @param {HTMLCanvasElement} where with a label that begins with what it shows, and a colon */
export function empty(where) {
  where.width = Number(where.width); // setting it clears
  delete where.dataset.full;
  where.setAttribute("aria-label", `${where.getAttribute("aria-label")?.split(":")[0]}: none yet`);
}

/** Blue below zero, orange above. @param {number} value @returns {[number, number, number]} */
export function signed(value) {
  const t = Math.min(1, Math.abs(value) / 3);
  return value < 0 ? [240 - 225 * t, 240 - 126 * t, 240 - 62 * t] : [240 - 10 * t, 240 - 81 * t, 240 - 240 * t];
}

/** Loudness, from dark to light. @param {number} value @returns {[number, number, number]} */
export function loudness(value) {
  const t = (value + 1) / 2;
  return [255 * Math.min(1, 1.6 * t), 255 * t * t, 255 * (0.25 + 0.5 * t * (1 - t)) * Math.min(1, 4 * t)];
}

/** Low sounds below. @param {Float32Array} mel */
export const upright = (mel) => Float32Array.from(mel, (_, i) => mel[(63 - Math.floor(i / 64)) * 64 + (i % 64)]);

/**
 * Probabilities as bars, one row per class.
 * @param {HTMLElement} box
 * @param {ArrayLike<number>} probabilities
 * @param {string[]} names
 */
export function bars(box, probabilities, names) {
  const best = largest(probabilities);
  box.replaceChildren(
    ...names.map((name, i) => {
      const row = made("li", "");
      const bar = made("span", "");
      bar.style.setProperty("--share", String(probabilities[i]));
      row.append(made("span", name), bar, made("span", `${Math.round(100 * probabilities[i])} %`));
      row.classList.toggle("lt-best", i === best);
      return row;
    }),
  );
}

/**
 * The way of the numbers: from left to right, as in Figure 1.
 * @param {Origin} from
 * @param {Outcome} found
 * @returns {Stage[]}
 */
function stages(from, found) {
  /** @param {ArrayLike<number>} values @param {string} of @param {string} arrow @returns {Stage} */
  const base = (values, of, arrow) => ({ what: `z of ${of}`, note: `${values.length} numbers`, values, width: 10, colour: signed, arrow });
  const pixels = { note: "784 pixels", width: 28 };
  /** @type {Stage} */
  const middle = {
    what: "z′",
    note: `${found.shared.length} shared numbers`,
    values: found.shared,
    width: 4,
    colour: signed,
    arrow: from.kind === "shared" ? "" : "bridge →",
  };
  const garment = { what: "garment", ...pixels, values: found.garment, arrow: "decoder →" };
  const toGarment = [base(found.zGarment, "garments", "bridge →"), garment];
  if (from.kind === "garment" && found.zChosen) {
    const chosen = { what: "chosen garment", ...pixels, values: found.chosen };
    const digit = { what: "digit", ...pixels, values: found.digit, arrow: "decoder →" };
    return [chosen, base(found.zChosen, "garments", "encoder →"), middle, base(found.zDigit, "digits", "bridge →"), digit];
  }
  if (from.kind === "clip" && found.voice && found.mel) {
    const { z, shared } = found.voice;
    const clip = { what: "spoken word", note: "64 × 64 log-mel", values: upright(found.mel), width: 64, colour: loudness };
    const inSpeech = { ...middle, note: `${shared.length} shared numbers of chapter 4`, values: shared };
    return [clip, base(z, "speech", "← generator"), inSpeech, base(found.zDigit, "digits", "bridge →"), middle, ...toGarment];
  }
  if (from.kind === "shared") {
    const digit = { what: "digit", ...pixels, values: found.digit };
    return [digit, base(found.zDigit, "digits", "← decoder"), { ...middle, arrow: "← bridge" }, ...toGarment];
  }
  return [{ what: "drawing", ...pixels, values: found.seen }, base(found.zDigit, "digits", "encoder →"), middle, ...toGarment];
}

/**
 * Figure 1 with the numbers of this outcome.
 * @param {HTMLElement} box
 * @param {Origin} from
 * @param {Outcome} found
 */
export function flow(box, from, found) {
  const all = stages(from, found);
  if (box.querySelectorAll("figure").length !== all.length) {
    box.replaceChildren();
    for (const [i] of all.entries()) {
      if (i) box.append(made("span", ""));
      const figure = made("figure", "");
      const picture = made("canvas", "");
      picture.setAttribute("role", "img");
      figure.append(picture, made("figcaption", ""));
      box.append(figure);
    }
  }
  const figures = box.querySelectorAll("figure");
  const arrows = box.querySelectorAll(":scope > span");
  all.forEach((stage, i) => {
    const picture = figures[i].querySelector("canvas");
    const caption = figures[i].querySelector("figcaption");
    if (i) arrows[i - 1].textContent = stage.arrow ?? "";
    if (!picture || !caption) return;
    caption.replaceChildren(made("strong", stage.what), made("span", stage.values ? stage.note : "on its way"));
    const few = stage.values && stage.values.length < 20 ? `: ${Array.from(stage.values, (value) => value.toFixed(1)).join(", ")}` : "";
    picture.setAttribute("aria-label", `${stage.what}, ${stage.note}${few}`);
    if (stage.values) paint(picture, stage.values, stage.width, stage.colour);
  });
}

/**
 * What came in beside what comes back from z': ink in both is grey, ink that is lost orange, ink that is new blue.
 * @param {HTMLCanvasElement} where
 * @param {ArrayLike<number>} before
 * @param {ArrayLike<number>} after
 * @returns {{kept: number, added: number}} shares of the ink that came in
 */
export function lost(where, before, after) {
  const image = new ImageData(28, 28);
  let [ink, kept, added] = [0, 0, 0];
  for (let i = 0; i < before.length; i++) {
    const [a, b] = [before[i], after[i]];
    const both = Math.min(a, b);
    ink += a;
    kept += both;
    added += b - both;
    const [gone, fresh] = [a - both, b - both];
    image.data.set([150 * both + 230 * gone + 86 * fresh, 150 * both + 159 * gone + 180 * fresh, 150 * both + 233 * fresh, 255], 4 * i);
  }
  where.width = where.height = 28;
  where.dataset.full = "";
  where.getContext("2d")?.putImageData(image, 0, 0);
  return { kept: kept / Math.max(ink, 1e-6), added: added / Math.max(ink, 1e-6) };
}
