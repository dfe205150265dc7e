// Questions to the worker, and its answers.

/** @type {Worker | null} */
let worker = null;
/** @type {Map<number, {resolve: (found: any) => void, reject: (error: Error) => void}>} */
const waiting = new Map();
let questions = 0;

/** Ask the worker for what a method of `Models` gives; it is started by the first question. @param {string} method @param {unknown[]} given @returns {Promise<any>} */
export function ask(method, ...given) {
  if (!worker) {
    const { worker: script, addresses } = document.getElementById("lt-live")?.dataset ?? {}; // set where all is in one file
    worker = new Worker(script ?? new URL("./worker.js", import.meta.url), { type: "module" });
    if (addresses) worker.postMessage({ addresses: JSON.parse(addresses) });
    worker.addEventListener("message", ({ data }) => {
      const asked = waiting.get(data.id);
      waiting.delete(data.id);
      if ("error" in data) asked?.reject(new Error(data.error));
      else asked?.resolve(data.found);
    });
    worker.addEventListener("error", () => {
      const error = new Error("this browser cannot run the page's worker. It is older than 2023, or it blocks scripts");
      for (const asked of waiting.values()) asked.reject(error);
      waiting.clear();
      worker = null;
    });
  }
  const id = questions++;
  worker.postMessage({ id, method, given });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}
