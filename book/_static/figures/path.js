// Along a path: one slider moves the source path, the target path and the transfer together.

import { html, picture, slider, words } from "./common.js";

/** @param {HTMLElement} box @param {{paths: {name: string, steps: number, rows: {name: string, sheet: import("./common.js").Sheet, said: string[]}[]}[]}} data `said` is the judge's class at each step */
export default function draw(box, { paths }) {
  const choose = html("select", box);
  choose.setAttribute("aria-label", "path");
  for (const { name } of paths) html("option", choose, name);
  const area = html("div", box);
  const fill = () => {
    const { steps, rows } = paths[choose.selectedIndex];
    area.replaceChildren();
    const line = html("div", area);
    line.style.cssText = "display: flex; flex-wrap: wrap; gap: 1rem; margin: 0.5rem 0";
    const shown = rows.map((row) => {
      const one = html("div", line);
      const made = picture(one, row.sheet, 112);
      html("div", one, row.name);
      return { made, note: html("div", one), row };
    });
    const show = (/** @type {number} */ i) => {
      for (const { made, note, row } of shown) {
        made(i, `${row.name}, step ${i + 1}: ${row.said[i]}`);
        note.textContent = row.said[i];
      }
      said.textContent = `Step ${i + 1} of ${steps}, as the judges see it: ${rows.map((row) => `${row.name}, ${row.said[i]}`).join("; ")}.`;
    };
    slider(area, "along the path", { min: 0, max: steps - 1, step: 1 }, 0, (value) => `step ${value + 1}`, show);
    const said = words(area);
    show(0);
  };
  choose.addEventListener("change", fill);
  fill();
}
