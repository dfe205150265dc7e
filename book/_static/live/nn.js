// Networks in plain JavaScript: what lt/networks.py, lt/models/images.py and lt/models/speech.py do, one item at a time.
// A weight is stored as (inputs, outputs), so every layer adds up rows of its weight; rows of inputs that are zero are skipped.

const SINGLES = new Float32Array(65536).map((_, half) => {
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
  return (half & 0x8000 ? -1 : 1) * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24); // no weight is infinite
});

/** @param {Uint16Array} halves numbers in half precision */
export const fromHalves = (halves) => new Float32Array(halves).map((half) => SINGLES[half]);

/** The bytes of a gzipped file; one that the server has unpacked on the way is returned as it is. @param {ArrayBuffer} data */
export async function unpack(data) {
  const start = new Uint8Array(data, 0, 2);
  if (start[0] !== 0x1f || start[1] !== 0x8b) return data;
  return new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Tensors by name, from files that arrive one by one. */
export class Tensors {
  constructor(/** @type {Record<string, TensorEntry>} */ entries) {
    this.entries = entries;
    this.files = /** @type {Map<string, ArrayBuffer>} */ (new Map());
  }

  /** All values, row by row. @param {string} name @returns {Float32Array} */
  get(name) {
    const entry = this.entries[name];
    const file = entry && this.files.get(entry.file);
    if (!file) throw new Error(`the tensor ${name} has not been loaded`);
    const n = entry.shape.reduce((a, b) => a * b, 1);
    const stored = new { f32: Float32Array, f16: Uint16Array, u8: Uint8Array, i8: Int8Array }[entry.dtype](file, entry.offset, n);
    if (entry.dtype === "f16") return fromHalves(/** @type {Uint16Array} */ (stored));
    const scale = entry.scale ? this.get(entry.scale) : [entry.dtype === "u8" ? 1 / 255 : 1];
    return new Float32Array(stored).map((value, i) => value * scale[i % scale.length]);
  }
}

/** out += x W, four rows of W (inputs, outputs) at a time, without those of inputs that are zero. Nearly all time is spent here. @param {Float32Array} out @param {Float32Array} x @param {Float32Array} weight */
export function addRows(out, x, weight) {
  const columns = out.length;
  const used = [];
  for (let i = 0; i < x.length; i++) if (x[i] !== 0) used.push(i);
  let k = 0;
  for (; k + 3 < used.length; k += 4) {
    const [i0, i1, i2, i3] = [used[k], used[k + 1], used[k + 2], used[k + 3]];
    const [x0, x1, x2, x3] = [x[i0], x[i1], x[i2], x[i3]];
    const [r0, r1, r2, r3] = [i0 * columns, i1 * columns, i2 * columns, i3 * columns];
    for (let j = 0; j < columns; j++) {
      out[j] += x0 * weight[r0 + j] + x1 * weight[r1 + j] + x2 * weight[r2 + j] + x3 * weight[r3 + j];
    }
  }
  for (; k < used.length; k++) for (let j = 0; j < columns; j++) out[j] += x[used[k]] * weight[used[k] * columns + j];
}

/** A fully connected layer. @param {Layer} layer @param {Tensors} tensors @returns {Step} */
function dense(layer, tensors) {
  const [weight, bias] = [tensors.get(layer.weight), tensors.get(layer.bias)];
  const out = new Float32Array(bias.length);
  return (x) => {
    out.set(bias);
    addRows(out, x, weight);
    return out;
  };
}

/** Where the values of each window lie in an image; -1 is outside. @param {Layer} layer @param {number[]} image channels, height, width @param {number[]} windows (channels), rows, columns */
function places({ kernel, stride, padding }, [channels, height, width], [, rows, columns]) {
  const each = channels * kernel * kernel;
  return new Int32Array(rows * columns * each).map((_, k) => {
    const [window, channel] = [Math.floor(k / each), Math.floor((k % each) / kernel ** 2)];
    const y = Math.floor(window / columns) * stride - padding + Math.floor((k % kernel ** 2) / kernel);
    const x = (window % columns) * stride - padding + (k % kernel);
    return y >= 0 && y < height && x >= 0 && x < width ? (channel * height + y) * width + x : -1;
  });
}

/** A convolution: every output place is a dense layer of the patch below it. @param {Layer} layer @param {Tensors} tensors @returns {Step} */
function conv(layer, tensors) {
  const [from, each] = [places(layer, layer.from, layer.to), dense(layer, tensors)]; // weight (channels * kernel * kernel, channels out)
  const [channels, windows] = [layer.to[0], layer.to[1] * layer.to[2]];
  const patch = new Float32Array(from.length / windows);
  const out = new Float32Array(channels * windows);
  return (x) => {
    for (let i = 0, k = 0; i < windows; i++) {
      for (let j = 0; j < patch.length; j++, k++) patch[j] = from[k] < 0 ? 0 : x[from[k]];
      const column = each(patch);
      for (let c = 0; c < channels; c++) out[c * windows + i] = column[c];
    }
    return out;
  };
}

/** A transposed convolution: every input place is a dense layer whose outputs are laid over the places around it, and added. @param {Layer} layer @param {Tensors} tensors @returns {Step} */
function deconv(layer, tensors) {
  const [weight, bias] = [tensors.get(layer.weight), tensors.get(layer.bias)]; // weight (channels, channels out * kernel * kernel)
  const onto = places(layer, layer.to, layer.from);
  const windows = layer.from[1] * layer.from[2];
  const pixel = new Float32Array(layer.from[0]);
  const stamp = new Float32Array(onto.length / windows);
  const out = new Float32Array(bias.length * layer.to[1] * layer.to[2]);
  return (x) => {
    for (const [c, value] of bias.entries()) out.fill(value, (c * out.length) / bias.length, ((c + 1) * out.length) / bias.length);
    for (let i = 0, k = 0; i < windows; i++) {
      for (let c = 0; c < pixel.length; c++) pixel[c] = x[c * windows + i];
      stamp.fill(0);
      addRows(stamp, pixel, weight);
      for (let j = 0; j < stamp.length; j++, k++) if (onto[k] >= 0) out[onto[k]] += stamp[j];
    }
    return out;
  };
}

/** Layer normalisation over all values. @param {Layer} layer @param {Tensors} tensors @returns {Step} */
function norm(layer, tensors) {
  const [gain, bias] = [tensors.get(layer.gain), tensors.get(layer.bias)];
  return (x) => {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
    const each = 1 / Math.sqrt(variance + layer.eps);
    return x.map((value, i) => (value - mean) * each * gain[i] + bias[i]);
  };
}

/** @type {Record<string, (layer: Layer, tensors: Tensors) => Step>} */
const LAYERS = {
  ...{ dense, conv, deconv, norm },
  relu: (layer) => (x) => x.map((value) => (value > 0 ? value : value * (layer.slope ?? 0))),
  sigmoid: () => (x) => x.map((value) => 1 / (1 + Math.exp(-value))),
  tanh: () => (x) => x.map(Math.tanh),
  mean: (layer) => (x) => {
    const last = layer.from[2]; // the axis of the mean
    return new Float32Array(x.length / last).map((_, i) => x.subarray(i * last, (i + 1) * last).reduce((a, b) => a + b, 0) / last);
  },
};

/** Layers one after the other; the output is a copy that is yours. @param {Layer[]} layers @param {Tensors} tensors @returns {Step} */
export function network(layers, tensors) {
  const steps = layers.map((layer) => LAYERS[layer.op](layer, tensors));
  return (x) => steps.reduce((value, step) => step(value), x).slice();
}

/** Probabilities of logits. @param {Float32Array} logits */
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/** The gated mixing layer of Figure 10, (1 - g) * W_z v + g * dz, of h and v. @param {MixingEntry} entry @param {Tensors} tensors */
function gatedMixing(entry, tensors) {
  const [fromHidden, fromInput] = [dense(entry.hidden, tensors), dense(entry.input, tensors)];
  return (/** @type {Float32Array} */ h, /** @type {Float32Array} */ v) => {
    const both = fromHidden(h);
    return fromInput(v).map((linear, i) => {
      const gate = 1 / (1 + Math.exp(-both[i + both.length / 2]));
      return (1 - gate) * linear + gate * both[i];
    });
  };
}

/** The bridge: q(z'|z, D) and g(z|z', D), as in lt.networks.BridgingVAE, with each domain's centre and scale. */
export class Bridge {
  constructor(/** @type {BridgeEntry} */ entry, /** @type {Tensors} */ tensors) {
    this.entry = entry;
    this.shift = entry.shift.map((name) => tensors.get(name));
    this.encoder = network(entry.encoder, tensors);
    this.decoder = network(entry.decoder, tensors);
    this.mean = gatedMixing(entry.mean, tensors);
    this.std = gatedMixing(entry.std, tensors);
    this.output = gatedMixing(entry.output, tensors);
    this.classifier = network([entry.classifier], tensors);
  }

  /** Mean and standard deviation of z'. @param {Float32Array} z @param {string} domain */
  encode(z, domain) {
    const i = this.entry.names.indexOf(domain);
    const most = Math.max(...this.entry.sizes); // smaller latents are padded
    const v = Float32Array.from({ length: most + this.entry.names.length }, (_, k) => Number(k === most + i)); // the label D, one-hot
    v.set(z.map((value, k) => (value - this.shift[i][k]) / this.entry.scale[i]));
    const h = this.encoder(v);
    const std = this.std(h, v).map((value) => (value > 20 ? value : Math.log1p(Math.exp(value))));
    return { mean: this.mean(h, v), std };
  }

  /** The latent of a domain at a point of the shared space. @param {Float32Array} shared @param {string} domain */
  decode(shared, domain) {
    const i = this.entry.names.indexOf(domain);
    const v = Float32Array.from([...shared, ...this.entry.names.map((name) => Number(name === domain))]);
    const out = this.output(this.decoder(v), v);
    return this.shift[i].map((shift, k) => out[k] * this.entry.scale[i] + shift);
  }
}
