// Labels per class on a slider: the accuracy of each way of using them.

import { BLUE, board, label, ORANGE, scale, slider, svg, words } from "./common.js";

/**
 * @param {HTMLElement} box
 * @param {{ticks: string[], lines: Record<string, Record<string, [number, number | null, number | null]>>, paper: string, measure: string}} data
 */
export default function draw(box, { ticks, lines, paper, measure }) {
  const names = Object.keys(lines);
  const on = board(box, 600, 30 + 56 * names.length, `${measure} for a number of labels per class`);
  const x = scale(0, 1, 12, 520);
  for (const value of [0, 0.25, 0.5, 0.75, 1]) {
    svg("path", { d: `M${x(value)} 8V${56 * names.length}`, stroke: "currentColor", "stroke-opacity": 0.25 }, on);
    label(on, x(value), 56 * names.length + 18, String(value), { "text-anchor": "middle", "font-size": "0.85em" });
  }
  const rows = names.map((name, i) => {
    const y = 38 + 56 * i;
    label(on, x(0), y - 15, name); // above its bar, so that no width of the column cuts it
    const fill = name === paper ? ORANGE : BLUE;
    return {
      bar: svg("rect", { x: x(0), y: y - 11, height: 22, width: 0, fill }, on),
      interval: svg("path", { d: "", stroke: "currentColor", "stroke-width": 2 }, on),
      value: label(on, 0, y + 5, ""),
      y,
    };
  });
  /** @param {number} i */
  const show = (i) => {
    names.forEach((name, k) => {
      const found = lines[name][ticks[i]];
      const { bar, interval, value, y } = rows[k];
      bar.setAttribute("width", String(found ? x(found[0]) - x(0) : 0));
      const [middle, low, high] = found ?? [0, null, null];
      interval.setAttribute("d", low !== null && high !== null ? `M${x(low)} ${y}H${x(high)}` : "");
      value.textContent = found ? middle.toFixed(3) : "not run";
      value.setAttribute("x", String(Math.min(x(high ?? middle) + 8, 526)));
    });
    const parts = names.filter((name) => lines[name][ticks[i]]).map((name) => `${name} ${lines[name][ticks[i]][0].toFixed(3)}`);
    said.textContent = `${measure} with ${ticks[i]} label${ticks[i] === "1" ? "" : "s"} per class: ${parts.join(", ")}.`;
  };
  const start = Math.min(1, ticks.length - 1);
  slider(box, "labels per class", ticks.length - 1, start, (value) => ticks[value], show);
  const said = words(box);
  show(start);
}
