// Networks in plain JavaScript: what lt/networks.py, lt/models/images.py and lt/models/speech.py do, one item at a time.
// A weight is stored as (inputs, outputs), so every layer adds up rows of its weight; rows of inputs that are zero are skipped.

/**
 * @typedef {{file: string, dtype: "f32"|"f16"|"u8"|"i8", shape: number[], offset: number, scale?: string, group?: number}} TensorEntry
 * @typedef {{op: string, weight: string, bias: string, gain: string, eps: number, slope?: number, kernel: number, stride: number,
 *   padding: number, from: number[], to: number[]}} Layer
 * @typedef {{hidden: Layer, input: Layer}} MixingEntry
 * @typedef {{names: string[], sizes: number[], latent: number, shared: number, shift: string[], scale: number[], encoder: Layer[],
 *   decoder: Layer[], mean: MixingEntry, std: MixingEntry, output: MixingEntry, classifier: Layer}} BridgeEntry
 * @typedef {(x: Float32Array) => Float32Array} Step
 */

/** @type {Float32Array | null} every half there is, as a single */
let halvesAsSingles = null;

/**
 * Half precision to single.
 * @param {Uint16Array} halves
 * @returns {Float32Array}
 */
export function fromHalves(halves) {
  halvesAsSingles ??= new Float32Array(65536).map((_, half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  });
  const out = new Float32Array(halves.length);
  for (let i = 0; i < out.length; i++) out[i] = halvesAsSingles[halves[i]];
  return out;
}

/**
 * The bytes of a gzipped file. A server may have unpacked them on the way: then they are returned as they are.
 * @param {ArrayBuffer} data
 * @returns {Promise<ArrayBuffer>}
 */
export async function unpack(data) {
  const start = new Uint8Array(data, 0, 2);
  if (start[0] !== 0x1f || start[1] !== 0x8b) return data;
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** Tensors by name, from files that arrive one by one. */
export class Tensors {
  /** @param {Record<string, TensorEntry>} entries */
  constructor(entries) {
    this.entries = entries;
    /** @type {Map<string, ArrayBuffer>} */
    this.files = new Map();
  }

  /**
   * @param {string} name
   * @returns {Float32Array} all values, row by row
   */
  get(name) {
    const entry = this.entries[name];
    const file = entry && this.files.get(entry.file);
    if (!file) throw new Error(`the tensor ${name} has not been loaded`);
    const n = entry.shape.reduce((a, b) => a * b, 1);
    if (entry.dtype === "f32") return new Float32Array(file, entry.offset, n).slice();
    if (entry.dtype === "f16") return fromHalves(new Uint16Array(file, entry.offset, n));
    const out = new Float32Array(n);
    if (entry.dtype === "u8") {
      const bytes = new Uint8Array(file, entry.offset, n);
      for (let i = 0; i < n; i++) out[i] = bytes[i] / 255;
      return out;
    }
    const bytes = new Int8Array(file, entry.offset, n);
    const scale = this.get(entry.scale ?? "");
    const columns = entry.shape[1];
    const group = entry.group ?? 1;
    for (let row = 0; row < n; row += columns) {
      for (let j = 0; j < columns; j++) out[row + j] = bytes[row + j] * scale[(j / group) | 0];
    }
    return out;
  }
}

/**
 * out += x W, four rows of W (inputs, outputs) at a time, without those of inputs that are zero. Nearly all time is spent here.
 * @param {Float32Array} out
 * @param {Float32Array} x
 * @param {Float32Array} weight
 */
function addRows(out, x, weight) {
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
  for (; k < used.length; k++) {
    const value = x[used[k]];
    const row = used[k] * columns;
    for (let j = 0; j < columns; j++) out[j] += value * weight[row + j];
  }
}

/**
 * A fully connected layer.
 * @param {Layer} layer
 * @param {Tensors} tensors
 * @returns {Step}
 */
export function dense(layer, tensors) {
  const weight = tensors.get(layer.weight);
  const bias = tensors.get(layer.bias);
  const out = new Float32Array(bias.length);
  return (x) => {
    out.set(bias);
    addRows(out, x, weight);
    return out;
  };
}

/**
 * A convolution of square images, (channels, height, width): every output place is a dense layer of the patch below it.
 * @param {Layer} layer
 * @param {Tensors} tensors
 * @returns {Step}
 */
function conv(layer, tensors) {
  const { kernel, stride, padding, from, to } = layer;
  const weight = tensors.get(layer.weight); // (channels * kernel * kernel, channels out)
  const bias = tensors.get(layer.bias);
  const [channels, height, width] = from;
  const [outChannels, outHeight, outWidth] = to;
  const patch = new Float32Array(channels * kernel * kernel);
  const column = new Float32Array(outChannels);
  const out = new Float32Array(outChannels * outHeight * outWidth);
  return (x) => {
    for (let place = 0; place < outHeight * outWidth; place++) {
      const top = ((place / outWidth) | 0) * stride - padding;
      const left = (place % outWidth) * stride - padding;
      let k = 0;
      for (let c = 0; c < channels; c++) {
        for (let row = top; row < top + kernel; row++) {
          for (let at = left; at < left + kernel; at++) {
            const inside = row >= 0 && row < height && at >= 0 && at < width;
            patch[k++] = inside ? x[(c * height + row) * width + at] : 0;
          }
        }
      }
      column.set(bias);
      addRows(column, patch, weight);
      for (let c = 0; c < outChannels; c++) out[c * outHeight * outWidth + place] = column[c];
    }
    return out;
  };
}

/**
 * A transposed convolution: every input place is a dense layer whose outputs are laid over the places around it, and added.
 * @param {Layer} layer
 * @param {Tensors} tensors
 * @returns {Step}
 */
function deconv(layer, tensors) {
  const { kernel, stride, padding, from, to } = layer;
  const weight = tensors.get(layer.weight); // (channels, channels out * kernel * kernel)
  const bias = tensors.get(layer.bias);
  const [channels, height, width] = from;
  const [outChannels, outHeight, outWidth] = to;
  const pixel = new Float32Array(channels);
  const stamp = new Float32Array(outChannels * kernel * kernel);
  const out = new Float32Array(outChannels * outHeight * outWidth);
  return (x) => {
    for (let c = 0; c < outChannels; c++) out.fill(bias[c], c * outHeight * outWidth, (c + 1) * outHeight * outWidth);
    for (let place = 0; place < height * width; place++) {
      const top = ((place / width) | 0) * stride - padding;
      const left = (place % width) * stride - padding;
      for (let c = 0; c < channels; c++) pixel[c] = x[c * height * width + place];
      stamp.fill(0);
      addRows(stamp, pixel, weight);
      let k = 0;
      for (let c = 0; c < outChannels; c++) {
        for (let row = top; row < top + kernel; row++) {
          for (let at = left; at < left + kernel; at++, k++) {
            if (row >= 0 && row < outHeight && at >= 0 && at < outWidth) out[(c * outHeight + row) * outWidth + at] += stamp[k];
          }
        }
      }
    }
    return out;
  };
}

/**
 * Layer normalisation over all values.
 * @param {Layer} layer
 * @param {Tensors} tensors
 * @returns {Step}
 */
function norm(layer, tensors) {
  const gain = tensors.get(layer.gain);
  const bias = tensors.get(layer.bias);
  return (x) => {
    let mean = 0;
    for (const value of x) mean += value / x.length;
    let variance = 0;
    for (const value of x) variance += (value - mean) ** 2 / x.length;
    const each = 1 / Math.sqrt(variance + layer.eps);
    return x.map((value, i) => (value - mean) * each * gain[i] + bias[i]);
  };
}

/** @type {Record<string, (layer: Layer, tensors: Tensors) => Step>} */
const LAYERS = {
  dense,
  conv,
  deconv,
  norm,
  relu: (layer) => (x) => x.map((value) => (value > 0 ? value : value * (layer.slope ?? 0))),
  sigmoid: () => (x) => x.map((value) => 1 / (1 + Math.exp(-value))),
  tanh: () => (x) => x.map(Math.tanh),
  // over the last axis
  mean: (layer) => (x) => {
    const last = layer.from[2];
    return new Float32Array(x.length / last).map((_, i) => x.subarray(i * last, (i + 1) * last).reduce((a, b) => a + b, 0) / last);
  },
};

/**
 * A network: layers one after the other.
 * @param {Layer[]} layers
 * @param {Tensors} tensors
 * @returns {Step} its output is a copy that is yours
 */
export function network(layers, tensors) {
  const steps = layers.map((layer) => {
    if (!LAYERS[layer.op]) throw new Error(`this page knows no layer ${layer.op}`);
    return LAYERS[layer.op](layer, tensors);
  });
  return (x) => steps.reduce((value, step) => step(value), x).slice();
}

/**
 * Probabilities of logits.
 * @param {Float32Array} logits
 */
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/**
 * The gated mixing layer of Figure 10: (1 - g) * W_z v + g * dz.
 * @param {MixingEntry} entry
 * @param {Tensors} tensors
 * @returns {(h: Float32Array, v: Float32Array) => Float32Array}
 */
function gatedMixing(entry, tensors) {
  const fromHidden = dense(entry.hidden, tensors);
  const fromInput = dense(entry.input, tensors);
  return (h, v) => {
    const both = fromHidden(h);
    return fromInput(v).map((linear, i) => {
      const gate = 1 / (1 + Math.exp(-both[i + both.length / 2]));
      return (1 - gate) * linear + gate * both[i];
    });
  };
}

/** The bridge: q(z'|z, D) and g(z|z', D), as in lt.networks.BridgingVAE, with each domain's centre and scale. */
export class Bridge {
  /**
   * @param {BridgeEntry} entry
   * @param {Tensors} tensors
   */
  constructor(entry, tensors) {
    this.entry = entry;
    this.shift = entry.shift.map((name) => tensors.get(name));
    this.encoder = network(entry.encoder, tensors);
    this.decoder = network(entry.decoder, tensors);
    this.mean = gatedMixing(entry.mean, tensors);
    this.std = gatedMixing(entry.std, tensors);
    this.output = gatedMixing(entry.output, tensors);
    this.classifier = network([entry.classifier], tensors);
    this.weight = tensors.get(entry.classifier.weight);
  }

  /**
   * Append the domain label D as a one-hot vector.
   * @param {ArrayLike<number>} v
   * @param {number} size
   * @param {string} domain
   */
  label(v, size, domain) {
    const out = new Float32Array(size + this.entry.names.length);
    out.set(v);
    out[size + this.place(domain)] = 1;
    return out;
  }

  /** @param {string} domain */
  place(domain) {
    const i = this.entry.names.indexOf(domain);
    if (i < 0) throw new Error(`this bridge joins ${this.entry.names.join(", ")}, not ${domain}`);
    return i;
  }

  /**
   * Mean and standard deviation of z'.
   * @param {Float32Array} z
   * @param {string} domain
   */
  encode(z, domain) {
    const i = this.place(domain);
    const v = this.label(
      z.map((value, k) => (value - this.shift[i][k]) / this.entry.scale[i]),
      this.entry.latent,
      domain,
    );
    const h = this.encoder(v);
    const std = this.std(h, v).map((value) => (value > 20 ? value : Math.log1p(Math.exp(value))));
    return { mean: this.mean(h, v), std };
  }

  /**
   * The latent of a domain at a point of the shared space.
   * @param {Float32Array} shared
   * @param {string} domain
   */
  decode(shared, domain) {
    const i = this.place(domain);
    const v = this.label(shared, this.entry.shared, domain);
    const z = this.output(this.decoder(v), v).subarray(0, this.entry.sizes[i]);
    return z.map((value, k) => value * this.entry.scale[i] + this.shift[i][k]);
  }

  /**
   * What the linear classifier f(z') makes of a point: probabilities.
   * @param {Float32Array} shared
   */
  classify(shared) {
    return softmax(this.classifier(shared));
  }
  /**
   * How much each number of z' speaks for a class, against the mean over all classes: the terms of the linear classifier's logit.
   * @param {Float32Array} shared
   * @param {number} label
   */
  votes(shared, label) {
    const weight = this.weight; // (shared, classes)
    const classes = weight.length / shared.length;
    return shared.map((value, i) => {
      const row = weight.subarray(i * classes, (i + 1) * classes);
      return value * (row[label] - row.reduce((a, b) => a + b, 0) / classes);
    });
  }
}
