// Fetches and computes away from the page, so that the pen never waits. One question, one answer.

import { Models } from "./models.js";
import "./nn.js"; // what the models import is asked for with them, not after them
import "./sound.js";

let models = /** @type {Promise<Models> | null} */ (null);
/** @type {Set<string>} files that have been asked for: who asks again got a bad answer, which a browser may have kept */
const tried = new Set();

/** A file in the folder beside this one. @param {string} path @param {RequestCache} cache */
async function get(path, cache) {
  const how = { cache: tried.has(path) ? "reload" : cache };
  const answer = await fetch(new URL(`./weights/${path}`, import.meta.url), how);
  tried.add(path);
  if (answer.ok) return answer;
  throw new Error(answer.status === 404 ? `the server has no ${path}: reload the page` : `the server said ${answer.status}`);
}

/** One file, checked. Its name holds its content's hash, so a browser may keep it for ever. @param {FileEntry} entry */
async function read(entry) {
  const data = await (await get(entry.path, "force-cache")).arrayBuffer();
  // a server that unpacks on the way sends other bytes; without https there is no crypto.subtle
  if (new Uint8Array(data)[0] === 0x1f && crypto.subtle) {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    const hex = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== entry.sha256) throw new Error(`${entry.path} is not what the manifest says (its checksum differs)`);
  }
  return data;
}

const open = async () => new Models(await (await get("manifest.json", "no-cache")).json(), read);

self.addEventListener("message", async ({ data: { method, given }, ports: [port] }) => {
  models ??= open().catch((error) => {
    models = null; // the manifest is asked for again
    throw error;
  });
  try {
    port.postMessage({ found: await /** @type {any} */ (await models)[method](...given) });
  } catch (error) {
    port.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
