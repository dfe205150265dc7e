// A map of the shared space: point at an item, and see what its place becomes in both domains.

import { board, html, marks, picture, range, scale, svg, words } from "./common.js";

/** @param {HTMLElement} box @param {{places: [number, number][], labels: number[], domains: number[], classes: string[][], names: string[], sheets: import("./common.js").Sheet[]}} data one sheet for each domain; a picture for each place */
export default function draw(box, { places, labels, domains, classes, names, sheets }) {
  const on = board(box, 560, 420, `Map of ${places.length} items in the shared space; arrow keys go from item to item`);
  on.setAttribute("tabindex", "0");
  on.setAttribute("role", "application");
  const x = scale(...range(places.map(([a]) => a)), 10, 550);
  const y = scale(...range(places.map(([, b]) => b)), 410, 10);
  const spots = places.map(([a, b]) => /** @type {import("./common.js").Pair} */ ([x(a), y(b)]));
  marks(on, spots, labels, domains, classes[0]);
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
  const show = (/** @type {number} */ i) => {
    at = i;
    ring.setAttribute("transform", `translate(${spots[i]})`);
    for (const [d, one] of pictures.entries()) one(i, `the place as ${names[d]}`);
    said.textContent = `Held out: ${names[domains[i]]}, ${classes[domains[i]][labels[i]]}. The pictures are its point of z′, decoded with the label of each domain.`;
  };
  const nearest = (/** @type {PointerEvent} */ event) => {
    const area = on.getBoundingClientRect();
    const [px, py] = [((event.clientX - area.left) / area.width) * 560, ((event.clientY - area.top) / area.height) * 420];
    const far = spots.map(([a, b]) => Math.hypot(a - px, b - py));
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
