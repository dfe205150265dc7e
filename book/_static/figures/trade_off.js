// Accuracy against locality: point at a method, and see its transfers.

import { axes, BLUE, board, GREY, html, picture, range, svg, words } from "./common.js";

/**
 * @typedef {{method: string, accuracy: number, locality: number, diversity: number, pictures: number[], bridge: boolean}} Point
 * @param {HTMLElement} box
 * @param {{axes: [string, string], sheet: import("./common.js").Sheet, directions: {name: string, inputs: number[], points: Point[]}[]}} data
 */
export default function draw(box, data) {
  const choose = html("select", box);
  choose.setAttribute("aria-label", "direction");
  for (const { name } of data.directions) html("option", choose, name);
  const area = html("div", box);
  const strips = html("div", box);
  const said = words(box);
  const fill = () => {
    const { points, inputs } = data.directions[choose.selectedIndex];
    area.replaceChildren();
    const on = board(area, 560, 360, `${data.axes[0]} against ${data.axes[1]}, a mark for each method`);
    on.setAttribute("role", "group");
    const xs = range(points.map((point) => point.accuracy));
    const ys = range(points.map((point) => point.locality));
    const { x, y } = axes(on, xs, ys, [50, 25, 545, 315], data.axes);
    strips.replaceChildren();
    const rows = [inputs, inputs].map(() => {
      const row = html("div", strips);
      row.style.cssText = "display: flex; flex-wrap: wrap; gap: 2px; margin: 3px 0";
      return inputs.map(() => picture(row, data.sheet, 42));
    });
    /** @param {Point} point @param {SVGElement | null} mark */
    const show = (point, mark) => {
      for (const one of on.querySelectorAll("circle")) one.setAttribute("stroke-width", one === mark ? "3" : "0");
      for (const [i, one] of rows[0].entries()) one.show(inputs[i], `input ${i + 1}`);
      for (const [i, one] of rows[1].entries()) one.show(point.pictures[i], `${point.method}, result ${i + 1}`);
      said.textContent = `${point.method}: ${data.axes[0]} ${point.accuracy.toFixed(3)}, ${data.axes[1]} ${point.locality.toFixed(3)}, diversity ${point.diversity.toFixed(2)}. Above the inputs, below the results.`;
    };
    for (const point of points) {
      const colour = point.bridge ? BLUE : GREY;
      const mark = svg(
        "circle",
        {
          cx: x(point.accuracy),
          cy: y(point.locality),
          r: 5 + 6 * Math.min(1.2, point.diversity),
          fill: colour,
          "fill-opacity": 0.75,
          stroke: "currentColor",
          "stroke-width": 0,
        },
        on,
      );
      mark.setAttribute("tabindex", "0");
      mark.setAttribute("role", "button");
      mark.setAttribute("aria-label", point.method);
      for (const kind of ["pointerenter", "focus", "click"]) mark.addEventListener(kind, () => show(point, mark));
    }
    const first = points.find((point) => point.bridge) ?? points[0];
    show(first, /** @type {SVGElement} */ (on.querySelectorAll("circle")[points.indexOf(first)]));
  };
  choose.addEventListener("change", fill);
  fill();
}
