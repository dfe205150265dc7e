// What the interactive figures and the page "Draw a digit" share: SVG, marks of a map, sliders, pictures, words for a screen reader. No library.

/** Class colours: seaborn's palette for colour-blind readers, as in the static figures. */
export const COLOURS = ["#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"];
export const BLUE = "#0173b2";
export const ORANGE = "#de8f05";
/** What lies below a figure, in the light and in the dark theme. */
export const GROUND = "var(--pst-color-background, #fff)";

/** @typedef {{src: string, columns: number, size: number}} Sheet pictures side by side in one image */
/** @typedef {[number, number]} Pair */

/** @template {keyof SVGElementTagNameMap} K @param {K} tag @param {Record<string, string | number>} attributes @param {Element} [parent] @returns {SVGElementTagNameMap[K]} */
export function svg(tag, attributes, parent) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  parent?.append(made);
  return made;
}

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {Element} parent @param {string} [text] @returns {HTMLElementTagNameMap[K]} */
export function html(tag, parent, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  parent.append(made);
  return made;
}

/** A drawing area as wide as the column. @param {Element} parent @param {number} width @param {number} height @param {string} label */
export function board(parent, width, height, label) {
  const made = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, parent);
  made.style.cssText = `width: 100%; max-width: ${width}px; display: block; overflow: visible; font: 13px sans-serif`;
  // in a narrow column the drawing shrinks; its letters shrink less
  new ResizeObserver(() => {
    if (made.clientWidth) made.style.fontSize = `${Math.min(20, Math.max(13, (12 * width) / made.clientWidth))}px`;
  }).observe(made);
  return made;
}

/** @param {Element} parent @param {number} x @param {number} y @param {string} words @param {Record<string, string | number>} [more] */
export function text(parent, x, y, words, more = {}) {
  const made = svg("text", { x, y, fill: "currentColor", ...more }, parent);
  made.textContent = words;
  return made;
}

/** A labelled slider; what its value is called stands behind it. @param {Element} parent @param {string} name @param {{min: number, max: number, step: number}} range @param {number} value @param {(value: number) => string} words what a value is called @param {(value: number) => void} moved */
export function slider(parent, name, { min, max, step }, value, words, moved) {
  const line = html("label", parent, name);
  line.style.cssText = "display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: center; margin: 0.2rem 0";
  const input = html("input", line);
  Object.assign(input, { type: "range", min, max, step, value });
  input.style.cssText = "flex: 1 1 6rem; accent-color: #0173b2";
  const shown = html("output", line, words(value));
  shown.style.minWidth = "6.5rem";
  input.addEventListener("input", () => {
    shown.textContent = words(input.valueAsNumber);
    input.setAttribute("aria-valuetext", words(input.valueAsNumber));
    moved(input.valueAsNumber);
  });
  return input;
}

/** Words about what is shown; a screen reader says them when they have changed. @param {Element} parent */
export function words(parent) {
  const made = html("p", parent);
  made.setAttribute("aria-live", "polite");
  made.style.minHeight = "3em";
  return made;
}

/** One picture of a sheet; what is returned shows another. @param {Element} parent @param {Sheet} sheet @param {number} pixels side on the page */
export function picture(parent, sheet, pixels) {
  const made = html("span", parent);
  made.setAttribute("role", "img");
  made.style.cssText = `display: inline-block; width: ${pixels}px; height: ${pixels}px; background: #000 url(${sheet.src}) no-repeat; image-rendering: pixelated`;
  made.style.backgroundSize = `${sheet.columns * pixels}px auto`;
  return (/** @type {number} */ i, /** @type {string} */ alt) => {
    made.style.backgroundPosition = `${-(i % sheet.columns) * pixels}px ${-Math.floor(i / sheet.columns) * pixels}px`;
    made.setAttribute("aria-label", alt);
  };
}

/** A scale from values to places. @param {number} from @param {number} to @param {number} start @param {number} end */
export const scale = (from, to, start, end) => /** @param {number} value */ (value) =>
  start + ((value - from) / (to - from)) * (end - start);

/** The smallest and the largest, with a margin. @param {number[]} values @param {number} margin @returns {Pair} */
export function range(values, margin = 0.06) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const more = margin * (high - low || 1);
  return [low - more, high + more];
}

/** Items of a map: squares of the first domain, circles of the second; the name of each class stands at its mean. @param {Element} on @param {Pair[]} places @param {number[]} labels @param {number[]} domains @param {string[]} names @returns {Pair[]} the means */
export function marks(on, places, labels, domains, names) {
  for (const [i, [x, y]] of places.entries()) {
    const look = { fill: COLOURS[labels[i]], stroke: GROUND, "stroke-width": 0.5 };
    if (domains[i]) svg("circle", { cx: x, cy: y, r: 3.5, ...look }, on);
    else svg("rect", { x: x - 3, y: y - 3, width: 6, height: 6, ...look }, on);
  }
  return names.map((name, label) => {
    const its = places.filter((_, i) => labels[i] === label);
    const [x, y] = [0, 1].map((axis) => its.reduce((sum, place) => sum + place[axis], 0) / its.length);
    const look = { "text-anchor": "middle", "dominant-baseline": "central", "font-weight": "bold", "font-size": 17 };
    if (its.length) text(on, x, y, name, { ...look, stroke: GROUND, "stroke-width": 4, "paint-order": "stroke" });
    return [x, y];
  });
}
