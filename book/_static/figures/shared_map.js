// A map of the shared space: point at an item, and see what its place becomes in both domains.

import { board, COLOURS, html, label, picture, range, scale, svg, words } from "./common.js";

/**
 * @param {HTMLElement} box
 * @param {{places: [number, number][], labels: number[], domains: number[], classes: string[][], names: string[],
 *   sheets: import("./common.js").Sheet[]}} data one sheet for each domain; a picture for each place
 */
export default function draw(box, { places, labels, domains, classes, names, sheets }) {
  const on = board(box, 560, 420, `Map of ${places.length} items in the shared space; arrow keys go from item to item`);
  on.setAttribute("tabindex", "0");
  on.setAttribute("role", "application");
  const x = scale(...range(places.map(([a]) => a)), 10, 550);
  const y = scale(...range(places.map(([, b]) => b)), 410, 10);
  const sums = COLOURS.map(() => [0, 0, 0]);
  places.forEach(([a, b], i) => {
    const fill = COLOURS[labels[i]];
    if (domains[i]) svg("circle", { cx: x(a), cy: y(b), r: 4.5, fill, stroke: "#fff", "stroke-width": 0.5 }, on);
    else svg("rect", { x: x(a) - 4, y: y(b) - 4, width: 8, height: 8, fill, stroke: "#fff", "stroke-width": 0.5 }, on);
    const sum = sums[labels[i]];
    sums[labels[i]] = [sum[0] + a, sum[1] + b, sum[2] + 1];
  });
  sums.forEach(([a, b, n], i) => {
    if (n)
      label(on, x(a / n), y(b / n), classes[0][i], {
        "text-anchor": "middle",
        "font-weight": "bold",
        "font-size": 17,
        fill: "#000",
        stroke: "#fff",
        "stroke-width": 4,
        "paint-order": "stroke",
      });
  });
  const ring = svg("circle", { r: 9, fill: "none", stroke: "currentColor", "stroke-width": 3 }, on);
  const line = html("div", box);
  line.style.cssText = "display: flex; gap: 1rem; margin: 0.5rem 0";
  const pictures = sheets.map((sheet, d) => {
    const one = html("div", line);
    const made = picture(one, sheet, 112);
    html("div", one, `as ${names[d]}`);
    return made;
  });
  const said = words(box);
  let at = 0;
  /** @param {number} i */
  const show = (i) => {
    at = i;
    ring.setAttribute("cx", String(x(places[i][0])));
    ring.setAttribute("cy", String(y(places[i][1])));
    for (const [d, one] of pictures.entries()) one.show(i, `the place as ${names[d]}`);
    said.textContent = `Held out: ${names[domains[i]]}, ${classes[domains[i]][labels[i]]}. The pictures are its point of z′, decoded with the label of each domain.`;
  };
  /** @param {PointerEvent} event */
  const nearest = (event) => {
    const area = on.getBoundingClientRect();
    const [px, py] = [((event.clientX - area.left) / area.width) * 560, ((event.clientY - area.top) / area.height) * 420];
    const far = places.map(([a, b]) => Math.hypot(x(a) - px, y(b) - py));
    show(far.indexOf(Math.min(...far)));
  };
  on.addEventListener("pointermove", nearest);
  on.addEventListener("pointerdown", nearest);
  on.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show((at + step + places.length) % places.length);
  });
  show(0);
}
