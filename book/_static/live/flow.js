// Figure 1 with the numbers of one drawing.

import { html } from "../figures/common.js";
import { paint, spectrogram } from "./view.js";

/** Blue below zero, orange above. @type {Colour} */
function signed(value) {
  const t = Math.min(1, Math.abs(value) / 3);
  return value < 0 ? [240 - 225 * t, 240 - 126 * t, 240 - 62 * t] : [240 - 10 * t, 240 - 81 * t, 240 - 240 * t];
}

// Figure 1 from left to right: parts of an outcome by their names, and arrows between them
const TO_GARMENT = ["bridge →", "zGarment", "decoder →", "garment"];
const FROM_DRAWING = ["seen", "encoder →", "zDigit", "bridge →", "shared", ...TO_GARMENT];
const WAYS = {
  pixels: FROM_DRAWING,
  example: FROM_DRAWING,
  garment: ["chosen", "encoder →", "zChosen", "bridge →", "shared", "bridge →", "zDigit", "decoder →", "digit"],
  clip: ["mel", "← generator", "zVoice", "bridge →", "sharedVoice", "bridge →", "zDigit", "bridge →", "shared", ...TO_GARMENT],
  shared: ["digit", "← decoder", "zDigit", "← bridge", "shared", ...TO_GARMENT],
};

const ENCODED = "What the encoder sees: the strokes in a box of 20 pixels, centred by their mass, as the digits of its training are.";
const DECODED = "The frozen decoder turns these 100 numbers into pixels. It was trained on its own pictures alone.";
const SPOKEN = "What the frozen generator of speech makes of its latent: loudness of 64 pitches over half a second and more.";
const SHARED =
  "The shared space: all that the bridge hands from one model to the other. Items of one class lie together, from wherever they come.";
const latent = (/** @type {string} */ of) => {
  const why = `A latent of the frozen model of ${of}: where the item lies among all ${of} that the model can make.`;
  return { what: `z of ${of}`, note: "100 numbers", why };
};
/** What each part is. @type {Record<string, {what: string, note: string, why: string}>} */
const PARTS = {
  seen: { what: "drawing", note: "784 pixels", why: ENCODED },
  digit: { what: "digit", note: "784 pixels", why: DECODED },
  garment: { what: "garment", note: "784 pixels", why: DECODED },
  chosen: { what: "chosen garment", note: "784 pixels", why: "A held-out garment: no model was trained on it." },
  mel: { what: "spoken word", note: "64 × 64 log-mel", why: SPOKEN },
  shared: { what: "z′", note: "8 shared numbers", why: SHARED },
  sharedVoice: { what: "z′", note: "16 shared numbers of chapter 4", why: SHARED },
  zDigit: latent("digits"),
  zGarment: latent("garments"),
  zChosen: latent("garments"),
  zVoice: latent("speech"),
};

/** Figure 1 with the numbers of this outcome. @param {HTMLElement} box @param {Origin["kind"]} kind where it begins @param {Outcome} found */
export function flow(box, kind, found) {
  // what stays is not made again: it may have the focus
  if (box.dataset.way !== kind || !box.firstChild) {
    box.replaceChildren();
    for (const name of WAYS[kind]) {
      if (!PARTS[name]) {
        html("span", box, name);
        continue;
      }
      const { what, note, why } = PARTS[name];
      const figure = html("figure", box);
      figure.dataset.why = why;
      const picture = html("canvas", figure);
      picture.setAttribute("role", "img");
      picture.tabIndex = 0;
      const caption = html("figcaption", figure);
      html("strong", caption, what);
      html("span", caption, note);
    }
  }
  box.dataset.way = kind;
  const names = WAYS[kind].filter((name) => PARTS[name]);
  for (const [i, picture] of box.querySelectorAll("canvas").entries()) {
    const values = /** @type {Record<string, any>} */ (found)[names[i]];
    const numbers = values?.length < 20 ? Array.from(values, (value) => value.toFixed(1)).join(", ") : PARTS[names[i]].note;
    picture.setAttribute("aria-label", `${PARTS[names[i]].what}: ${numbers}`);
    if (values?.length === 4096) spectrogram(picture, values);
    else if (values) paint(picture, values, values.length === 784 ? undefined : signed);
  }
}
