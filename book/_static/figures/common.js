// What the interactive figures share: SVG, sliders, pictures from a sheet, words for a screen reader. No library.

/** Class colours: seaborn's palette for colour-blind readers, as in the static figures. */
export const COLOURS = ["#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"];
export const BLUE = "#0173b2";
export const ORANGE = "#de8f05";
export const GREY = "#949494";

/**
 * @typedef {{src: string, columns: number, size: number}} Sheet pictures side by side in one image
 * @typedef {[number, number]} Pair
 */

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} attributes
 * @param {Element} [parent]
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, attributes, parent) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  parent?.append(made);
  return made;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Element} parent
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function html(tag, parent, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  parent.append(made);
  return made;
}

/** A drawing area as wide as the column. @param {Element} parent @param {number} width @param {number} height @param {string} label */
export function board(parent, width, height, label) {
  const made = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, parent);
  made.style.cssText = `width: 100%; max-width: ${width}px; display: block; overflow: visible; font: 13px sans-serif; touch-action: none`;
  // in a narrow column the drawing shrinks; its letters shrink less
  new ResizeObserver(() => {
    if (made.clientWidth) made.style.fontSize = `${Math.min(20, Math.max(13, (12 * width) / made.clientWidth))}px`;
  }).observe(made);
  return made;
}

/** @param {Element} parent @param {number} x @param {number} y @param {string} words @param {Record<string, string | number>} [more] */
export function label(parent, x, y, words, more = {}) {
  const made = svg("text", { x, y, fill: "currentColor", ...more }, parent);
  made.textContent = words;
  return made;
}

/**
 * A labelled slider over whole numbers.
 * @param {Element} parent
 * @param {string} name
 * @param {number} last the largest value; the smallest is 0
 * @param {number} value
 * @param {(value: number) => string} words what the value is called
 * @param {(value: number) => void} moved
 */
export function slider(parent, name, last, value, words, moved) {
  const line = html("label", parent);
  line.style.cssText = "display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: center; margin: 0.2rem 0";
  html("span", line, name).style.minWidth = "7.5rem";
  const input = html("input", line);
  Object.assign(input, { type: "range", min: "0", max: String(last), step: "1", value: String(value) });
  input.style.cssText = "flex: 1 1 8rem; accent-color: #0173b2";
  const shown = html("output", line, words(value));
  shown.style.minWidth = "2.5rem";
  const show = () => {
    shown.textContent = words(Number(input.value));
    input.setAttribute("aria-valuetext", words(Number(input.value)));
  };
  input.addEventListener("input", () => {
    show();
    moved(Number(input.value));
  });
  show();
  return input;
}

/** Words about what is shown; a screen reader says them when they have changed. @param {Element} parent */
export function words(parent) {
  const made = html("p", parent);
  made.setAttribute("aria-live", "polite");
  made.style.minHeight = "3em";
  return made;
}

/**
 * One picture of a sheet.
 * @param {Element} parent
 * @param {Sheet} sheet
 * @param {number} pixels side on the page
 */
export function picture(parent, sheet, pixels) {
  const made = html("span", parent);
  made.setAttribute("role", "img");
  made.style.cssText = `display: inline-block; width: ${pixels}px; height: ${pixels}px; background: #000 url(${sheet.src}) no-repeat; image-rendering: pixelated`;
  made.style.backgroundSize = `${sheet.columns * pixels}px auto`;
  return {
    element: made,
    /** @param {number} i @param {string} alt */
    show(i, alt) {
      made.style.backgroundPosition = `${-(i % sheet.columns) * pixels}px ${-Math.floor(i / sheet.columns) * pixels}px`;
      made.setAttribute("aria-label", alt);
    },
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

/** Three to seven round numbers within a range, each with its text. @param {Pair} range @returns {[number, string][]} */
export function ticks([from, to]) {
  const power = 10 ** Math.floor(Math.log10((to - from) / 3));
  const step = power * ([5, 2].find((times) => (to - from) / (times * power) >= 3) ?? 1);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  /** @type {[number, string][]} */
  const made = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9; i++) made.push([i * step, (i * step).toFixed(digits)]);
  return made;
}

/** Axes with a few ticks. @param {Element} on @param {Pair} xs @param {Pair} ys @param {number[]} box left, top, right, bottom @param {string[]} names */
export function axes(on, xs, ys, [left, top, right, bottom], names) {
  const [x, y] = [scale(...xs, left, right), scale(...ys, bottom, top)];
  svg("path", { d: `M${left} ${top}V${bottom}H${right}`, fill: "none", stroke: "currentColor", "stroke-opacity": 0.6 }, on);
  for (const [at, said] of ticks(xs)) label(on, x(at), bottom + 16, said, { "text-anchor": "middle", "font-size": "0.85em" });
  for (const [at, said] of ticks(ys)) label(on, left - 5, y(at) + 4, said, { "text-anchor": "end", "font-size": "0.85em" });
  label(on, (left + right) / 2, bottom + 33, names[0], { "text-anchor": "middle" });
  label(on, left, top - 7, names[1]);
  return { x, y };
}
