// What each weight of the loss does: sliders choose one of many bridges that were trained beforehand.

import { BLUE, board, label, ORANGE, scale, slider, svg, words } from "./common.js";

/**
 * @param {HTMLElement} box
 * @param {{weights: Record<string, number[]>, start: number[], targets: [number, number][][], names: string[],
 *   bridges: {transfer: [number, number][][], labels: number[][], measured: Record<string, number>}[]}} data
 *   `bridges` runs through the weights, the last one fastest; `transfer[d]` are points that came from the other domain into d
 */
export default function draw(box, { weights, start, targets, names, bridges }) {
  const on = board(box, 660, 300, "Transferred points on their target ellipses, for the weights that the sliders choose");
  const panels = targets.map((target, d) => {
    const all = bridges.flatMap((bridge) => bridge.transfer[d]).concat(target);
    const clip = target.map(([x]) => x).concat(target.map(([, y]) => y));
    const far = Math.max(...clip.map(Math.abs)) * 1.3;
    const limit = Math.min(far, Math.max(...all.flat().map(Math.abs)));
    const [x, y] = [scale(-limit, limit, 20 + 330 * d, 300 + 330 * d), scale(-limit, limit, 290, 10)];
    for (const [a, b] of target) svg("circle", { cx: x(a), cy: y(b), r: 3, fill: "#999999", "fill-opacity": 0.5 }, on);
    label(on, 20 + 330 * d, 14, names[d]);
    return { x, y, points: svg("g", {}, on), limit };
  });
  const at = [...start];
  const lists = Object.values(weights);
  const show = () => {
    const bridge = bridges[at.reduce((sum, value, i) => sum * lists[i].length + value, 0)];
    panels.forEach(({ x, y, points, limit }, d) => {
      points.replaceChildren();
      bridge.transfer[d].forEach(([a, b], i) => {
        if (Math.max(Math.abs(a), Math.abs(b)) > limit * 1.05) return; // outside the picture
        const [cx, cy] = [x(a), y(b)];
        if (bridge.labels[d][i]) svg("path", { d: `M${cx - 4} ${cy - 4}l8 8m0 -8l-8 8`, stroke: ORANGE, "stroke-width": 2 }, points);
        else svg("circle", { cx, cy, r: 4, fill: BLUE }, points);
      });
    });
    said.textContent = Object.entries(bridge.measured)
      .map(([name, value]) => `${name} ${value.toFixed(2)}`)
      .join(", ");
  };
  Object.keys(weights).forEach((name, i) => {
    slider(
      box,
      name,
      lists[i].length - 1,
      at[i],
      (value) => String(lists[i][value]),
      (value) => {
        at[i] = value;
        show();
      },
    );
  });
  const said = words(box);
  show();
}
