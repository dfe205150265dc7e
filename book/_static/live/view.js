// Places of the page by name, and what is shown there: pixels, classes in words.

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function element(id, kind) {
  const found = document.getElementById(`lt-${id}`);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}

export const canvas = (/** @type {string} */ id) => element(id, HTMLCanvasElement);
export const button = (/** @type {string} */ id) => element(id, HTMLButtonElement);
export const write = (/** @type {string} */ id, /** @type {string} */ text) => element(id, HTMLElement).replaceChildren(text);

export const largest = (/** @type {ArrayLike<number>} */ values) => Array.prototype.indexOf.call(values, Math.max(...Array.from(values)));

/** The likeliest class, in words. @param {ArrayLike<number> | null} probabilities @param {string[]} names */
export function opinion(probabilities, names) {
  if (!probabilities) return "";
  const best = largest(probabilities);
  return `${names[best]}, ${Math.round(100 * probabilities[best])} %`;
}

/** Pixels in [0, 1], white on black, and their words. Until then, and after `empty`, the box around a canvas shows its own note. @param {HTMLCanvasElement} where @param {ArrayLike<number>} pixels 8, 16 or 100 numbers, or a square picture @param {(value: number) => number[]} colour */
export function paint(where, pixels, colour = (value) => [255 * value, 255 * value, 255 * value]) {
  const width = pixels.length < 20 ? 4 : Math.sqrt(pixels.length);
  const image = new ImageData(width, pixels.length / width);
  for (let i = 0; i < pixels.length; i++) image.data.set([...colour(pixels[i]), 255], 4 * i);
  Object.assign(where, { width, height: image.height });
  where.dataset.full = "";
  where.getContext("2d")?.putImageData(image, 0, 0);
}

/** A spectrogram, low sounds below and loud ones light. @param {HTMLCanvasElement} where @param {Float32Array} mel */
export function spectrogram(where, mel) {
  const upright = mel.map((_, i) => (mel[(63 - Math.floor(i / 64)) * 64 + (i % 64)] + 1) / 2);
  paint(where, upright, (t) => [255 * Math.min(1, 1.6 * t), 255 * t * t, 255 * (0.25 + 0.5 * t * (1 - t)) * Math.min(1, 4 * t)]);
}

/** What a picture shows, for a screen reader, and below it: three bars, the likeliest classes. @param {string} id of its canvas @param {ArrayLike<number> | null} votes probabilities @param {string[]} names */
export function label(id, votes = null, names = []) {
  const where = canvas(id);
  where.setAttribute("aria-label", `${where.getAttribute("aria-label")?.split(":")[0]}: ${opinion(votes, names) || "none yet"}`);
  const shares = Array.from(votes ?? [], (share, i) => ({ share, name: names[i] })).sort((a, b) => b.share - a.share);
  const few = shares.filter(({ share }, i) => !i || (i < 3 && share > 0.005)); // the first, and what has at least a percent
  const bars = few.map(({ share, name }) => `<span style="--share: ${100 * share}%">${opinion([share], [name])}</span>`);
  const below = where.closest(".lt-result")?.querySelector(".lt-small");
  if (below) below.innerHTML = bars.join("");
}

/** @param {string} id of a canvas */
export function empty(id) {
  const where = canvas(id);
  where.width = where.height = 28; // setting it clears
  delete where.dataset.full;
  label(id);
}
