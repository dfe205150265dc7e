// Figure 1 with the numbers of one drawing.

import { html } from "../figures/common.js";
import { WHY } from "./digit.js";
import { paint, spectrogram } from "./view.js";

/** Blue below zero, orange above. @param {number} value */
function signed(value) {
  const t = Math.min(1, Math.abs(value) / 3);
  return value < 0 ? [240 - 225 * t, 240 - 126 * t, 240 - 62 * t] : [240 - 10 * t, 240 - 81 * t, 240 - 240 * t];
}

// Figure 1 from left to right: parts of an outcome by their names, and arrows between them
const TO_GARMENT = ["bridge →", "zGarment", "decoder →", "garment"];
const FROM_DRAWING = ["seen", "encoder →", "zDigit", "bridge →", "shared", ...TO_GARMENT];
const WAYS = {
  words: ["zWords", "bridge →", "sharedWords", "bridge →", "zGarment", "decoder →", "garment"],
  pixels: FROM_DRAWING,
  example: FROM_DRAWING,
  garment: ["chosen", "encoder →", "zChosen", "bridge →", "shared", "bridge →", "zDigit", "decoder →", "digit"],
  clip: ["mel", "← generator", "zVoice", "bridge →", "sharedVoice", "bridge →", "zDigit", "bridge →", "shared", ...TO_GARMENT],
  shared: ["digit", "← decoder", "zDigit", "← bridge", "shared", ...TO_GARMENT],
};

const SHARED = "The shared space: all that the bridge hands on. Items of one class lie together, from wherever they come.";
/** @param {string} of @returns {[string, string, string]} */
const latent = (of, size = 100) => [
  `z of ${of}`,
  `${size} numbers`,
  `A latent of the frozen model of ${of}: a place among all it can make.`,
];
/** What each part is: its name, its size, and why it is there. @type {Record<string, [string, string, string]>} */
const PARTS = {
  seen: ["drawing", "784 pixels", WHY.seen],
  digit: ["digit", "784 pixels", WHY.digit],
  garment: ["garment", "784 pixels", WHY.garment],
  chosen: ["chosen garment", "784 pixels", "A held-out garment: no model was trained on it."],
  mel: ["spoken word", "64 × 64 log-mel", WHY.mel],
  shared: ["z′", "8 shared numbers", SHARED],
  sharedWords: ["z′", "8 shared numbers of chapter 12", SHARED],
  sharedVoice: ["z′", "16 shared numbers of chapter 4", SHARED],
  zWords: latent("words", 256),
  zDigit: latent("digits"),
  zGarment: latent("garments"),
  zChosen: latent("garments"),
  zVoice: latent("speech"),
};

/** Figure 1 with the numbers of this outcome. @param {HTMLElement} box @param {Origin["kind"]} kind where it begins @param {Outcome} found */
export function flow(box, kind, found) {
  if (box.dataset.way !== kind || !box.firstChild) {
    box.replaceChildren(); // what stays is not made again: it may have the focus
    for (const name of WAYS[kind]) {
      if (!PARTS[name]) html("span", box, name);
      else {
        const figure = html("figure", box);
        figure.dataset.why = PARTS[name][2];
        const picture = html("canvas", figure);
        picture.setAttribute("role", "img");
        picture.tabIndex = 0;
        const caption = html("figcaption", figure);
        html("strong", caption, PARTS[name][0]);
        html("span", caption, PARTS[name][1]);
      }
    }
  }
  box.dataset.way = kind;
  const names = WAYS[kind].filter((name) => PARTS[name]);
  for (const [i, picture] of box.querySelectorAll("canvas").entries()) {
    const values = /** @type {Record<string, any>} */ (found)[names[i]];
    const numbers = values?.length < 20 ? Array.from(values, (value) => value.toFixed(1)).join(", ") : PARTS[names[i]][1];
    picture.setAttribute("aria-label", `${PARTS[names[i]][0]}: ${numbers}`);
    if (values?.length === 4096) spectrogram(picture, values);
    else if (values) paint(picture, values, values.length === 784 ? undefined : signed);
  }
}
