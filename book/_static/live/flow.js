/// <reference path="./types.d.ts" />
// Figure 1 with the numbers of one drawing, bars of classes, and what is lost on the way.

import { largest, loudness, made, paint, upright } from "./view.js";

/** Blue below zero, orange above. @type {Colour} */
function signed(value) {
  const t = Math.min(1, Math.abs(value) / 3);
  return value < 0 ? [240 - 225 * t, 240 - 126 * t, 240 - 62 * t] : [240 - 10 * t, 240 - 81 * t, 240 - 240 * t];
}

/** Probabilities as bars, one row per class. @param {HTMLElement} box @param {ArrayLike<number>} probabilities @param {string[]} names */
export function bars(box, probabilities, names) {
  const best = largest(probabilities);
  box.replaceChildren(
    ...names.map((name, i) => {
      const [row, bar] = [made("li", ""), made("span", "")];
      bar.style.setProperty("--share", String(probabilities[i]));
      row.append(made("span", name), bar, made("span", `${Math.round(100 * probabilities[i])} %`));
      row.classList.toggle("lt-best", i === best);
      return row;
    }),
  );
}

const DECODES = "The frozen decoder turns these 100 numbers into pixels. It was trained on its own pictures alone.";

/** The way of the numbers: from left to right, as in Figure 1. @param {Origin} from @param {Outcome} found @returns {Stage[]} */
function stages(from, found) {
  const base = (/** @type {ArrayLike<number>} */ values, /** @type {string} */ of, /** @type {string} */ arrow) => ({
    what: `z of ${of}`,
    note: `${values.length} numbers`,
    why: `A latent of the frozen model of ${of}: where the item lies among all ${of} that the model can make.`,
    ...{ values, width: 10, colour: signed, arrow },
  });
  const pixels = { note: "784 pixels", width: 28, why: DECODES };
  /** @type {Stage} */
  const middle = {
    what: "z′",
    note: `${found.shared.length} shared numbers`,
    why: "The shared space: all that the bridge hands from one model to the other. Items of one class lie together, from wherever they come.",
    ...{ values: found.shared, width: 4, colour: signed, arrow: from.kind === "shared" ? "" : "bridge →" },
  };
  const garment = { what: "garment", ...pixels, values: found.garment, arrow: "decoder →" };
  const toGarment = [base(found.zGarment, "garments", "bridge →"), garment];
  if (from.kind === "garment" && found.zChosen) {
    const why = "A held-out garment: no model was trained on it.";
    const chosen = { what: "chosen garment", ...pixels, why, values: found.chosen };
    const digit = { what: "digit", ...pixels, values: found.digit, arrow: "decoder →" };
    return [chosen, base(found.zChosen, "garments", "encoder →"), middle, base(found.zDigit, "digits", "bridge →"), digit];
  }
  if (from.kind === "clip" && found.voice && found.mel) {
    const { z, shared } = found.voice;
    const why = "What the frozen generator of speech makes of its latent: loudness of 64 pitches over half a second and more.";
    const clip = { what: "spoken word", note: "64 × 64 log-mel", why, values: upright(found.mel), width: 64, colour: loudness };
    const inSpeech = { ...middle, note: `${shared.length} shared numbers of chapter 4`, values: shared };
    return [clip, base(z, "speech", "← generator"), inSpeech, base(found.zDigit, "digits", "bridge →"), middle, ...toGarment];
  }
  if (from.kind === "shared") {
    const digit = { what: "digit", ...pixels, values: found.digit };
    return [digit, base(found.zDigit, "digits", "← decoder"), { ...middle, arrow: "← bridge" }, ...toGarment];
  }
  const why = "What the encoder sees: the strokes in a box of 20 pixels, centred by their mass, as the digits of its training are.";
  return [{ what: "drawing", ...pixels, why, values: found.seen }, base(found.zDigit, "digits", "encoder →"), middle, ...toGarment];
}

/** Figure 1 with the numbers of this outcome. @param {HTMLElement} box @param {Origin} from @param {Outcome} found */
export function flow(box, from, found) {
  const all = stages(from, found);
  if (box.querySelectorAll("figure").length !== all.length) {
    box.replaceChildren();
    for (const [i] of all.entries()) {
      if (i) box.append(made("span", ""));
      const [figure, picture] = [made("figure", ""), made("canvas", "")];
      picture.setAttribute("role", "img");
      picture.tabIndex = 0;
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
    figures[i].dataset.why = stage.why;
    caption.replaceChildren(made("strong", stage.what), made("span", stage.values ? stage.note : "on its way"));
    const few = stage.values && stage.values.length < 20 ? `: ${Array.from(stage.values, (value) => value.toFixed(1)).join(", ")}` : "";
    picture.setAttribute("aria-label", `${stage.what}, ${stage.note}${few}`);
    if (stage.values) paint(picture, stage.values, stage.width, stage.colour);
  });
}

/**
 * What came in beside what comes back: ink in both is grey, ink that is lost orange, ink that is new blue. Shares of the ink that came in.
 * @param {HTMLCanvasElement} where @param {Float32Array} before @param {Float32Array} after
 */
export function lost(where, before, after) {
  const colours = Array.from(before, (a, i) => {
    const both = Math.min(a, after[i]);
    const [gone, fresh] = [a - both, after[i] - both];
    return [150 * both + 230 * gone + 86 * fresh, 150 * both + 159 * gone + 180 * fresh, 150 * both + 233 * fresh];
  });
  const sum = (/** @type {Float32Array} */ values) => values.reduce((a, b) => a + b, 1e-6);
  const [ink, kept] = [sum(before), sum(before.map((a, i) => Math.min(a, after[i])))];
  paint(
    where,
    Float32Array.from(before, (_, i) => i),
    28,
    (i) => /** @type {[number, number, number]} */ (colours[i]),
  );
  return { kept: kept / ink, added: (sum(after) - kept) / ink };
}
