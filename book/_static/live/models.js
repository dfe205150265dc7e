// The frozen models and the two bridges between them. It runs in a worker of the page, and under Node.js where the page is measured.

import { Bridge, network, softmax, Tensors, unpack } from "./nn.js";
import { Sound } from "./sound.js";

/**
 * @typedef {{path: string, bytes: number, unpacked: number, sha256: string}} FileEntry
 * @typedef {{format: number, files: Record<string, FileEntry>, tensors: Record<string, import("./nn.js").TensorEntry>,
 *   networks: Record<string, import("./nn.js").Layer[]>, bridges: Record<string, import("./nn.js").BridgeEntry>,
 *   classes: {mnist: string[], fashion: string[], speech: string[]}, items: {examples: number[], garments: number[], clips: number[]},
 *   sound: import("./sound.js").Facts,
 *   map: {centre: number[], axes: number[][], low: number[], high: number[], labels: number[], domains: number[]}}} Manifest
 * @typedef {{kind: "pixels", value: Float32Array, noise?: Float32Array} | {kind: "shared", value: Float32Array}
 *   | {kind: "example" | "garment" | "clip", value: number, noise?: Float32Array}} Origin
 * @typedef {{seen: Float32Array | null, chosen: Float32Array | null, zChosen: Float32Array | null,
 *   voice: {z: Float32Array, shared: Float32Array} | null, zDigit: Float32Array, mean: Float32Array, std: Float32Array | null,
 *   shared: Float32Array, votes: Float32Array, zGarment: Float32Array, garment: Float32Array, guess: Float32Array, judged: Float32Array | null, digit: Float32Array | null,
 *   digitJudged: Float32Array | null, mel: Float32Array | null, word: Float32Array | null}} Outcome
 */

const FORMAT = 1;

/** Everything that can be asked of the models. */
export class Models {
  /**
   * @param {Manifest} manifest
   * @param {(entry: FileEntry, got: (bytes: number) => void) => Promise<ArrayBuffer>} read fetches one file
   */
  constructor(manifest, read) {
    if (manifest.format !== FORMAT) throw new Error("this page and its weights do not fit together: reload the page");
    this.manifest = manifest;
    this.read = read;
    this.tensors = new Tensors(manifest.tensors);
    /** @type {Map<string, Promise<void>>} */
    this.wanted = new Map();
    /** @type {Map<string, import("./nn.js").Step>} */
    this.networks = new Map();
    /** @type {Map<string, Bridge>} */
    this.bridges = new Map();
    /** @type {Map<string, Float32Array>} */
    this.items = new Map();
    /** @type {Sound | null} */
    this.sound = null;
  }

  /**
   * Fetch a file if it has not been fetched; after a failure the next call tries again.
   * @param {string} file
   * @param {(bytes: number) => void} got
   */
  need(file, got = () => {}) {
    let wanted = this.wanted.get(file);
    if (!wanted) {
      wanted = this.read(this.manifest.files[file], got)
        .then(unpack)
        .then((data) => {
          if (data.byteLength !== this.manifest.files[file].unpacked) throw new Error(`${file}: not all of it has arrived`);
          this.tensors.files.set(file, data);
        });
      this.wanted.set(file, wanted);
      wanted.catch(() => this.wanted.delete(file));
    }
    return wanted;
  }

  /** @param {string} file */
  has(file) {
    return this.tensors.files.has(file);
  }

  /** @param {string} name @param {Float32Array} x */
  run(name, x) {
    let found = this.networks.get(name);
    if (!found) {
      found = network(this.manifest.networks[name], this.tensors);
      this.networks.set(name, found);
    }
    return found(x);
  }

  /** @param {"fashion" | "speech"} name */
  bridge(name) {
    let found = this.bridges.get(name);
    if (!found) {
      found = new Bridge(this.manifest.bridges[name], this.tensors);
      this.bridges.set(name, found);
    }
    return found;
  }

  /** One row of a tensor of items. @param {string} name @param {number} i */
  item(name, i) {
    let all = this.items.get(name);
    if (!all) {
      all = this.tensors.get(name);
      this.items.set(name, all);
    }
    const size = this.manifest.tensors[name].shape[1];
    return all.slice(i * size, (i + 1) * size);
  }

  /**
   * A garment, and all else whose files are there. The word follows only if `speak`.
   * @param {Origin} origin
   * @param {boolean} speak
   * @returns {Outcome}
   */
  translate(origin, speak) {
    const bridge = this.bridge("fashion");
    /** @type {Pick<Outcome, "seen" | "chosen" | "zChosen" | "voice" | "mel">} */
    const from = { seen: null, chosen: null, zChosen: null, voice: null, mel: null };
    /** @type {Float32Array | null} */
    let zDigit = null;
    /** @type {{mean: Float32Array, std: Float32Array | null}} */
    let posterior;
    if (origin.kind === "shared") {
      posterior = { mean: origin.value, std: null };
    } else if (origin.kind === "garment") {
      from.chosen = this.item("garments", origin.value);
      from.zChosen = this.item("garments.z", origin.value);
      posterior = bridge.encode(from.zChosen, "fashion");
    } else {
      if (origin.kind === "clip") {
        const z = this.item("clips.z", origin.value);
        const voices = this.bridge("speech");
        from.mel = this.run("speech.generator", z);
        from.voice = { z, shared: voices.encode(z, "speech").mean };
        zDigit = voices.decode(from.voice.shared, "mnist");
      } else {
        from.seen = origin.kind === "pixels" ? origin.value : this.item("examples", origin.value);
        zDigit = this.run("mnist.encoder", from.seen);
      }
      posterior = bridge.encode(zDigit, "mnist");
    }
    const { mean, std } = posterior;
    const noise = origin.kind === "shared" ? undefined : origin.noise;
    const shared = noise && std ? mean.map((value, i) => value + std[i] * noise[i]) : mean;
    const back = bridge.decode(shared, "mnist");
    // a drawing speaks for itself; after a draw of z', or from a garment, its way through z' does
    const speaks = zDigit && !noise ? zDigit : back;
    const zGarment = bridge.decode(shared, "fashion");
    const garment = this.run("fashion.decoder", zGarment);
    const more = this.has("more");
    const digit = more ? this.run("mnist.decoder", back) : null;
    if (speak && this.has("sound")) from.mel ??= this.speak(speaks);
    const guess = bridge.classify(shared);
    return {
      ...from,
      zDigit: speaks,
      mean,
      std,
      shared,
      votes: bridge.votes(shared, guess.indexOf(Math.max(...guess))),
      zGarment,
      garment,
      guess,
      judged: more ? softmax(this.run("fashion.judge", garment)) : null,
      digit,
      digitJudged: digit ? softmax(this.run("mnist.judge", digit)) : null,
      word: from.mel ? softmax(this.run("speech.judge", from.mel)) : null,
    };
  }

  /** The spectrogram that an MNIST latent becomes. @param {Float32Array} z */
  speak(z) {
    const voices = this.bridge("speech");
    return this.run("speech.generator", voices.decode(voices.encode(z, "mnist").mean, "speech"));
  }

  /** @param {Float32Array} mel */
  wave(mel) {
    this.sound ??= new Sound(this.manifest.sound, this.tensors.get("mel.inverse"));
    return this.sound.wave(mel);
  }
}
