// Fetches and computes away from the page, so that the pen never waits. One question, one answer; progress in between.

import { Models } from "./models.js";

/** @type {Record<string, string>} */
let addresses = {}; // of files that are in the page itself
/** @type {Promise<Models> | null} */
let models = null;
/** @type {Set<string>} files that have been asked for: who asks again got a bad answer, which a browser may have kept */
const tried = new Set();

/** A file in the page itself, or in the folder beside this one. @param {string} path @param {RequestCache} cache */
async function get(path, cache) {
  const how = { cache: tried.has(path) ? "reload" : cache };
  const answer = await fetch(addresses[path] ?? new URL(`./weights/${path}`, import.meta.url), /** @type {RequestInit} */ (how));
  tried.add(path);
  if (answer.ok && answer.body) return /** @type {Response & {body: ReadableStream<Uint8Array<ArrayBuffer>>}} */ (answer);
  throw new Error(answer.status === 404 ? `the server has no ${path}: reload the page` : `the server said ${answer.status}`);
}

/** One file, checked. Its name holds its content's hash, so a browser may keep it for ever. @param {FileEntry} entry @param {(bytes: number) => void} got */
async function read(entry, got) {
  const answer = await get(entry.path, "force-cache");
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
  if (new Uint8Array(data)[0] === 0x1f && crypto.subtle) {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    const hex = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== entry.sha256) throw new Error(`${entry.path} is not what the manifest says (its checksum differs)`);
  }
  return data;
}

/** @param {Question} question @param {(bytes: number) => void} got */
async function answer(question, got) {
  models ??= get("manifest.json", "no-cache").then(async (found) => new Models(await found.json(), read));
  const opened = models;
  try {
    const found = await opened;
    if (question.ask === "manifest") return found.manifest;
    if (question.ask === "need") return await found.need(question.file ?? "", got);
    if (question.ask === "tensor") return found.tensors.get(question.name ?? "");
    if (question.ask === "wave" && question.mel) return found.wave(question.mel);
    if (question.ask === "translate" && question.origin) return found.translate(question.origin, question.speak ?? false);
    throw new Error(`unknown question ${question.ask}`);
  } catch (error) {
    // before any file is there, the next question reads the manifest again: it may have been replaced with its weights
    if (models === opened && !(await opened.catch(() => null))?.tensors.files.size) models = null;
    throw error;
  }
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
