// The frozen models and the two bridges between them. It runs in a worker of the page, and under Node.js where the page is measured.

import { addRows, Bridge, network, softmax, Tensors, unpack } from "./nn.js";
import { Sound } from "./sound.js";

/** What is made once, from its name, when it is first asked for. @template T @param {(name: string) => T} make */
function once(make) {
  const made = /** @type {Map<string, T>} */ (new Map());
  return (/** @type {string} */ name) => {
    const found = made.get(name) ?? make(name);
    made.set(name, found);
    return found;
  };
}

/** Rows of the pieces of a text: of all neighbours, the two whose sum stands first in the list are joined, again and again. @param {string} text @param {Map<string, number>} known */
export function split(text, known) {
  const parts = [...` ${text}`].filter((one) => known.has(one));
  for (;;) {
    const joined = parts.map((one, i) => known.get(one + (parts[i + 1] ?? "?")) ?? Infinity);
    const first = Math.min(...joined);
    if (first === Infinity) return parts.map((one) => /** @type {number} */ (known.get(one)));
    const i = joined.indexOf(first);
    parts.splice(i, 2, parts[i] + parts[i + 1]);
  }
}

/** Everything that can be asked of the models. */
export class Models {
  /** @param {Manifest} manifest @param {(entry: FileEntry) => Promise<ArrayBuffer>} read fetches one file */
  constructor(manifest, read) {
    if (manifest.format !== 1) throw new Error("this page and its weights do not fit together: reload the page");
    this.manifest = manifest;
    this.read = read;
    this.tensors = new Tensors(manifest.tensors);
    this.network = once((name) => network(manifest.networks[name], this.tensors));
    this.bridge = once((name) => new Bridge(manifest.bridges[name], this.tensors));
    this.items = once((name) => this.tensors.get(name));
    this.pieces = once((name) => {
      const text = new TextDecoder().decode(Uint8Array.from(this.items(name)));
      return new Map(text.split("\n").map((piece, i) => [piece, i]));
    });
    this.crowd = once((name) => this.compare(this.bridge(name)));
    this.sound = once((name) => new Sound(manifest.sound, this.tensors.get(name)));
  }

  /** Fetch a file, and say what is known of all. @param {string} file */
  async need(file) {
    this.tensors.files.set(file, await unpack(await this.read(this.manifest.files[file])));
    return this.manifest;
  }

  run(/** @type {string} */ name, /** @type {Float32Array} */ x) {
    return this.network(name)(x);
  }

  /** One row of a tensor of items. @param {string} name @param {number} i */
  item(name, i) {
    const size = this.manifest.tensors[name].shape[1];
    return this.items(name).slice(i * size, (i + 1) * size);
  }

  /** A text's vector: as WordLlama makes it, in the directions that move its bridge. Null where it has no letter of ours. @param {string} text */
  embed(text) {
    const plain = text.normalize("NFD").toLowerCase().trim().replace(/\s+/g, " ");
    if (!/[a-z]/.test(plain)) return null;
    const known = this.pieces("words.pieces");
    const counts = new Float32Array(known.size);
    for (const row of split(plain, known)) counts[row]++;
    const [sum, z] = [new Float32Array(129), new Float32Array(256)]; // the last number is the square of what the others leave out
    addRows(sum, counts, this.items("words.vectors"));
    addRows(z, sum.subarray(0, 128), this.items("words.axes"));
    const length = Math.sqrt(z.reduce((all, value) => all + value * value, sum[128]));
    return z.map((value) => value / length);
  }

  // How little a picture looks like a digit: the share of it that the digits' own encoder and decoder lose (of the squared ink),
  // times the tenth root of their judge's doubt. Above `doubt` in the manifest, a drawing looks like no digit.
  /** @param {Float32Array} seen @param {Float32Array} z its latent @returns {Doubt} */
  doubt(seen, z) {
    const back = this.run("mnist.decoder", z);
    const gone = seen.map((x, i) => x - back[i]);
    const lost = gone.reduce((sum, x) => sum + x * x, 0) / seen.reduce((sum, x) => sum + x * x, 1e-6);
    const judged = softmax(this.run("mnist.judge", seen));
    return { gone, lost, judged, score: lost * Math.max(1e-6, 1 - Math.max(...judged)) ** 0.1 };
  }

  /** A garment, and all else whose files are there. The word follows only if `speak`. @param {Origin} origin @param {boolean} speak @returns {Outcome} */
  translate(origin, speak) {
    const bridge = this.bridge("fashion");
    /** @type {Pick<Outcome, "seen" | "chosen" | "zChosen" | "zVoice" | "sharedVoice" | "mel" | "zWords" | "sharedWords">} */
    const from = { seen: null, chosen: null, zChosen: null, zVoice: null, sharedVoice: null, mel: null, zWords: null, sharedWords: null };
    let zDigit = /** @type {Float32Array | null} */ (null);
    if (origin.kind === "garment") {
      from.chosen = this.item("garments", origin.value);
      from.zChosen = this.item("garments.z", origin.value);
    } else if (origin.kind === "words") {
      const names = this.bridge("words");
      from.zWords = origin.value;
      from.sharedWords = names.encode(origin.value, "words").mean;
      from.zChosen = names.decode(from.sharedWords, "fashion");
    } else if (origin.kind === "clip") {
      const voices = this.bridge("speech");
      from.zVoice = this.item("clips.z", origin.value);
      from.mel = this.run("speech.generator", from.zVoice);
      from.sharedVoice = voices.encode(from.zVoice, "speech").mean;
      zDigit = voices.decode(from.sharedVoice, "mnist");
    } else if (origin.kind !== "shared") {
      from.seen = origin.kind === "example" ? this.item("examples", origin.value) : /** @type {Float32Array} */ (origin.value);
      zDigit = this.run("mnist.encoder", from.seen);
    }
    const chosen = from.zChosen ? bridge.encode(from.zChosen, "fashion") : null;
    const { mean, std } = zDigit ? bridge.encode(zDigit, "mnist") : (chosen ?? { mean: /** @type {any} */ (origin).value, std: null });
    const noise = origin.kind === "shared" ? undefined : origin.noise;
    const shared = noise && std ? mean.map((value, i) => value + std[i] * noise[i]) : mean;
    const back = bridge.decode(shared, "mnist");
    // a drawing speaks for itself; after a draw of z', or from a garment, its way through z' does
    const speaks = zDigit && !noise ? zDigit : back;
    const zGarment = from.zWords && from.zChosen && !noise ? from.zChosen : bridge.decode(shared, "fashion");
    const garment = this.run("fashion.decoder", zGarment);
    const more = this.tensors.files.has("more");
    const digit = more ? this.run("mnist.decoder", back) : null;
    if (speak && this.tensors.files.has("sound")) from.mel ??= this.speak(speaks);
    return {
      ...from,
      ...{ zDigit: speaks, mean, std, shared, zGarment, garment, digit },
      guess: softmax(bridge.classifier(shared)),
      judged: more ? softmax(this.run("fashion.judge", garment)) : null,
      digitJudged: digit ? softmax(this.run("mnist.judge", digit)) : null,
      word: from.mel ? softmax(this.run("speech.judge", from.mel)) : null,
      doubt: more && from.seen && zDigit ? this.doubt(from.seen, zDigit) : null,
    };
  }

  /** Held-out digits, class after class and again, and what a bridge makes of them. @param {Bridge} bridge @returns {Crowd} */
  compare(bridge) {
    const seen = Array.from({ length: this.manifest.tensors.crowd.shape[0] }, (_, i) => this.item("crowd", i));
    const shared = seen.map((x) => bridge.encode(this.run("mnist.encoder", x), "mnist").mean);
    const garments = shared.map((value) => this.run("fashion.decoder", bridge.decode(value, "fashion")));
    const judged = garments.map((garment) => this.run("fashion.judge", garment)).map((logits) => logits.indexOf(Math.max(...logits)));
    const far = garments.flatMap((a, i) => {
      const others = garments.filter((_, k) => k > i && k % 10 === i % 10);
      return others.map((b) => Math.sqrt(a.reduce((sum, x, at) => sum + (x - b[at]) ** 2, 0)));
    });
    const apart = far.reduce((a, b) => a + b, 0) / far.length;
    return { seen, garments, kept: judged.filter((label, i) => label === i % 10).length, apart };
  }

  /** The spectrogram that an MNIST latent becomes. @param {Float32Array} z */
  speak(z) {
    const voices = this.bridge("speech");
    return this.run("speech.generator", voices.decode(voices.encode(z, "mnist").mean, "speech"));
  }

  wave(/** @type {Float32Array} */ mel) {
    return this.sound("mel.inverse").wave(mel);
  }
}
