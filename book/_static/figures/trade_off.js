// Accuracy against locality: point at a method, and see its transfers.

import { axes, BLUE, board, GREY, html, label, range, svg, words } from "./common.js";

/**
 * @typedef {[number, number | null, number | null]} Measured value, and its interval
 * @typedef {{method: string, name: string, transfer_accuracy: Measured, trustworthiness: Measured, diversity: Measured, results: string}} Point
 * @param {HTMLElement} box
 * @param {Record<string, {title: string, inputs: string, points: Point[]}>} data a direction each; pictures stand side by side in one image
 */
export default function draw(box, data) {
  const directions = Object.values(data);
  const choose = html("select", box);
  choose.setAttribute("aria-label", "direction");
  for (const { title } of directions) html("option", choose, title);
  const area = html("div", box);
  const strips = ["inputs", "results"].map((name) => {
    html("div", box, name);
    const made = html("img", box);
    made.style.cssText = "width: 100%; max-width: 560px; image-rendering: pixelated; display: block";
    return made;
  });
  const said = words(box);
  const names = html("p", box);
  const fill = () => {
    const { points, inputs } = directions[choose.selectedIndex];
    area.replaceChildren();
    const on = board(area, 560, 360, "accuracy against trustworthiness, a mark for each method");
    on.setAttribute("role", "group");
    const xs = range(points.map((point) => point.transfer_accuracy[0]));
    const ys = range(points.map((point) => point.trustworthiness[0]));
    const { x, y } = axes(on, xs, ys, [50, 25, 545, 315], ["transfer accuracy", "trustworthiness within a class"]);
    strips[0].src = inputs;
    strips[0].alt = "held-out inputs";
    /** @param {Point} point @param {Element} mark */
    const show = (point, mark) => {
      for (const one of on.querySelectorAll("circle")) one.setAttribute("stroke-width", one === mark ? "3" : "0");
      strips[1].src = point.results;
      strips[1].alt = `what ${point.name} makes of them`;
      const [accuracy, locality, variety] = [point.transfer_accuracy, point.trustworthiness, point.diversity].map(
        (measured) => measured[0],
      );
      said.textContent = `${points.indexOf(point) + 1}, ${point.name}: transfer accuracy ${accuracy.toFixed(3)}, trustworthiness ${locality.toFixed(3)}, diversity ${variety.toFixed(2)}.`;
    };
    const marks = points.map((point, i) => {
      const mark = svg(
        "circle",
        {
          cx: x(point.transfer_accuracy[0]),
          cy: y(point.trustworthiness[0]),
          r: 5 + 6 * Math.min(1.2, point.diversity[0]),
          fill: point.method === "bridging_vae" ? BLUE : GREY,
          "fill-opacity": 0.75,
          stroke: "currentColor",
          "stroke-width": 0,
          tabindex: 0,
          role: "button",
          "aria-label": point.name,
        },
        on,
      );
      for (const kind of ["pointerenter", "focus", "click"]) mark.addEventListener(kind, () => show(point, mark));
      label(on, x(point.transfer_accuracy[0]) + 12, y(point.trustworthiness[0]) - 6, String(i + 1), {
        "font-weight": "bold",
        "pointer-events": "none",
        "aria-hidden": "true",
      });
      return mark;
    });
    names.textContent = points.map((point, i) => `${i + 1} ${point.name}`).join(" · ");
    const first = Math.max(
      0,
      points.findIndex((point) => point.method === "bridging_vae"),
    );
    show(points[first], marks[first]);
  };
  choose.addEventListener("change", fill);
  fill();
}
