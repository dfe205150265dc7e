// Fetches and computes away from the page, so that the pen never waits. One question, one answer; progress in between.

import { Models } from "./models.js";

/** @type {Record<string, string>} */
let addresses = {}; // of files that are in the page itself

/** Where a file is: in the page itself, or in the folder beside this one. @param {string} path */
const address = (path) => addresses[path] ?? new URL(`./weights/${path}`, import.meta.url);

/** @type {Promise<Models> | null} */
let models = null;

async function open() {
  const answer = await fetch(address("manifest.json"), { cache: "no-cache" });
  if (!answer.ok)
    throw new Error(answer.status === 404 ? "this copy of the book has no weights for the page" : `the server said ${answer.status}`);
  return new Models(await answer.json(), read);
}

/** @type {Set<string>} files that have been asked for: who asks again got a bad answer, which a browser may have kept */
const tried = new Set();

/**
 * One file, checked. Its name holds its content's hash, so a browser may keep it for ever.
 * @param {import("./models.js").FileEntry} entry
 * @param {(bytes: number) => void} got
 */
async function read(entry, got) {
  const cache = tried.has(entry.path) ? "reload" : "force-cache";
  tried.add(entry.path);
  const answer = await fetch(address(entry.path), { cache });
  if (!answer.ok || !answer.body) throw new Error(`the server said ${answer.status}`);
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let bytes = 0;
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    bytes += part.value.length;
    got(bytes);
  }
  const data = await new Blob(parts).arrayBuffer();
  // a server that unpacks on the way sends other bytes; without https there is no crypto.subtle
  if (data.byteLength === entry.bytes && crypto.subtle) {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    const hex = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== entry.sha256) throw new Error("a file has been altered on its way");
  }
  return data;
}

/**
 * @param {{ask: string, file?: string, origin?: import("./models.js").Origin, speak?: boolean, mel?: Float32Array, name?: string}} question
 * @param {(bytes: number) => void} got
 */
async function answer(question, got) {
  models ??= open();
  models.catch(() => {
    models = null; // the next question tries again
  });
  const found = await models;
  if (question.ask === "manifest") return found.manifest;
  if (question.ask === "need") return found.need(question.file ?? "", got);
  if (question.ask === "tensor") return found.tensors.get(question.name ?? "");
  if (question.ask === "wave" && question.mel) return found.wave(question.mel);
  if (question.ask === "translate" && question.origin) return found.translate(question.origin, question.speak ?? false);
  throw new Error(`unknown question ${question.ask}`);
}

self.addEventListener("message", async ({ data }) => {
  if (data.addresses) {
    addresses = data.addresses;
    return;
  }
  try {
    const found = await answer(data, (bytes) => self.postMessage({ id: data.id, bytes }));
    self.postMessage({ id: data.id, found });
  } catch (error) {
    self.postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
});
