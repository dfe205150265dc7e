// The sliced Wasserstein distance, one direction at a time: turn the line, and see shadows, pairs and their part of the distance.

import { BLUE, board, ORANGE, range, scale, slider, svg, text, words } from "./common.js";

/** @param {HTMLElement} box @param {{a: [number, number][], b: [number, number][]}} data two clouds of as many points each */
export default function draw(box, { a, b }) {
  const seen = "Two clouds of points and their shadows on a line that can be turned; beside it the distance of each direction";
  const on = board(box, 660, 330, seen);
  const reach = Math.max(...[...a, ...b].map(([x, y]) => Math.hypot(x, y))) * 1.15;
  const place = scale(-reach, reach, 15, 315);
  const down = (/** @type {number} */ value) => place(-value);
  /** @param {[number, number][]} cloud @param {number} angle */
  const shadow = (cloud, angle) => cloud.map(([x, y]) => x * Math.cos(angle) + y * Math.sin(angle)).sort((p, q) => p - q);
  const distance = (/** @type {number} */ angle) => {
    const [p, q] = [shadow(a, angle), shadow(b, angle)];
    return p.reduce((sum, value, i) => sum + (value - q[i]) ** 2, 0) / p.length;
  };
  const angles = Array.from({ length: 180 }, (_, i) => (i * Math.PI) / 180);
  const each = angles.map(distance);
  const swd = each.reduce((sum, value) => sum + value, 0) / each.length;
  const turning = svg("g", {}, on);
  const clouds = [a, b].map((cloud, i) => ({ cloud, colour: [BLUE, ORANGE][i] }));
  for (const { cloud, colour } of clouds) for (const [x, y] of cloud) svg("circle", { cx: place(x), cy: down(y), r: 4, fill: colour }, on);
  const [x, y] = [scale(0, 179, 400, 650), scale(...range([0, ...each]), 280, 30)];
  svg("path", { d: `M400 30V280H650`, fill: "none", stroke: "currentColor", "stroke-opacity": 0.6 }, on);
  svg("path", { d: `M${each.map((value, i) => `${x(i)} ${y(value)}`).join("L")}`, fill: "none", stroke: BLUE, "stroke-width": 2 }, on);
  svg("path", { d: `M400 ${y(swd)}H650`, stroke: "currentColor", "stroke-dasharray": "5 4" }, on);
  text(on, 650, y(swd) - 6, `mean: ${swd.toFixed(2)}`, { "text-anchor": "end" });
  text(on, 400, 20, "distance along the direction");
  for (const degrees of [0, 45, 90, 135, 179]) text(on, x(degrees), 296, `${degrees}°`, { "text-anchor": "middle", "font-size": "0.85em" });
  const mark = svg("circle", { r: 6, fill: "#d55e00" }, on);
  const show = (/** @type {number} */ degrees) => {
    const angle = angles[degrees];
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    turning.replaceChildren();
    const ends = `M${place(-reach * c)} ${down(-reach * s)}L${place(reach * c)} ${down(reach * s)}`;
    svg("path", { d: ends, stroke: "currentColor", "stroke-width": 1.5 }, turning);
    for (const { cloud, colour } of clouds)
      for (const [px, py] of cloud) {
        const t = px * c + py * s;
        const d = `M${place(px)} ${down(py)}L${place(t * c)} ${down(t * s)}`;
        svg("path", { d, stroke: colour, "stroke-dasharray": "2 3", "stroke-opacity": 0.7 }, turning);
      }
    const [p, q] = [shadow(a, angle), shadow(b, angle)];
    p.forEach((value, i) => {
      // pairs stand off the line a little, each at its own height, or they would hide one another
      const off = 4 + i * (18 / p.length);
      const d = `M${place(value * c) + off * s} ${down(value * s) + off * c}L${place(q[i] * c) + off * s} ${down(q[i] * s) + off * c}`;
      svg("path", { d, stroke: "#d55e00", "stroke-width": 1.5 }, turning);
    });
    mark.setAttribute("cx", String(x(degrees)));
    mark.setAttribute("cy", String(y(each[degrees])));
    note.textContent = `At ${degrees}° the sorted shadows are ${each[degrees].toFixed(2)} apart, in the mean of squares. The mean over all directions, the sliced Wasserstein distance, is ${swd.toFixed(2)}.`;
  };
  slider(box, "direction", { min: 0, max: 179, step: 1 }, 24, (value) => `${value}°`, show);
  const note = words(box);
  show(24);
}
