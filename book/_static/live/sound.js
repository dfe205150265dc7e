// From a log-mel spectrogram to a sound: what LogMel.waveform of lt/models/speech.py does, in double precision.

/** A Fourier transform of one size, a power of two, in place. */
export class FFT {
  constructor(/** @type {number} */ size) {
    this.size = size;
    this.cos = new Float64Array(size / 2).map((_, i) => Math.cos((2 * Math.PI * i) / size));
    this.sin = new Float64Array(size / 2).map((_, i) => Math.sin((2 * Math.PI * i) / size));
    this.reversed = new Uint32Array(size);
    for (let i = 1; i < size; i++) this.reversed[i] = (this.reversed[i >> 1] >> 1) | (i & 1 ? size >> 1 : 0);
  }

  forward(/** @type {Float64Array} */ re, /** @type {Float64Array} */ im) {
    const { size, cos, sin, reversed } = this;
    for (let i = 0; i < size; i++) {
      const j = reversed[i];
      if (j > i) [re[i], re[j], im[i], im[j]] = [re[j], re[i], im[j], im[i]];
    }
    for (let half = 1; half < size; half *= 2) {
      for (let i = 0; i < size / 2; i++) {
        const k = i & (half - 1);
        const [a, b, t] = [2 * i - k, 2 * i - k + half, (k * size) / (2 * half)];
        const real = re[b] * cos[t] + im[b] * sin[t];
        const imaginary = im[b] * cos[t] - re[b] * sin[t];
        re[b] = re[a] - real;
        im[b] = im[a] - imaginary;
        re[a] += real;
        im[a] += imaginary;
      }
    }
  }
}

/** The way from spectrograms to sound. */
export class Sound {
  /** @param {SoundFacts} facts @param {Float32Array} inverse pseudo-inverse of the mel filters, (bands, bins) */
  constructor(facts, inverse) {
    this.facts = facts;
    this.inverse = inverse;
    this.bins = facts.size / 2 + 1;
    this.length = facts.frames * facts.hop;
    this.fft = new FFT(facts.size);
    this.window = new Float64Array(facts.size).map((_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / facts.size));
    this.columns = facts.frames + 1; // a centred transform has one more
    const padded = this.length + facts.size;
    this.weight = new Float64Array(padded); // sum of squared windows over each sample
    for (let frame = 0; frame < this.columns; frame++) {
      for (let i = 0; i < facts.size; i++) this.weight[frame * facts.hop + i] += this.window[i] ** 2;
    }
    this.padded = new Float64Array(padded);
    this.re = new Float64Array(facts.size);
    this.im = new Float64Array(facts.size);
  }

  /** Magnitudes, frame after frame; the last frame is silent. @param {Float32Array} mel (bands, frames) in [-1, 1] */
  magnitudes(mel) {
    const { bands, frames, floor, ceiling } = this.facts;
    const [low, high] = [Math.log(floor), Math.log(ceiling)];
    const out = new Float64Array(this.columns * this.bins);
    for (let band = 0; band < bands; band++) {
      for (let frame = 0; frame < frames; frame++) {
        const magnitude = Math.exp(((mel[band * frames + frame] + 1) / 2) * (high - low) + low) - floor;
        if (magnitude <= 0) continue; // what was at the floor is silence
        for (let bin = 0; bin < this.bins; bin++) out[frame * this.bins + bin] += magnitude * this.inverse[band * this.bins + bin];
      }
    }
    return out.map((value) => Math.max(0, value));
  }

  /** Inverse short-time transform. @param {Float64Array} magnitude @param {Float64Array} re phases, of length 1 @param {Float64Array} im @returns {Float64Array} the padded signal */
  toSignal(magnitude, re, im) {
    const { size, hop } = this.facts;
    const { bins, padded, window } = this;
    padded.fill(0);
    for (let frame = 0, at = 0; frame < this.columns; frame++) {
      // a forward transform of the conjugate is the inverse one; its real part is that of the lower half, counted twice
      this.re.fill(0);
      this.im.fill(0);
      for (let k = 0; k < bins; k++, at++) {
        const much = (k % (bins - 1) ? 2 : 1) * magnitude[at];
        this.re[k] = much * re[at];
        this.im[k] = -much * im[at];
      }
      this.fft.forward(this.re, this.im);
      for (let i = 0; i < size; i++) padded[frame * hop + i] += (this.re[i] / size) * window[i];
    }
    const half = size / 2;
    for (let i = half; i < half + this.length; i++) padded[i] /= this.weight[i];
    for (let i = 0; i < half; i++) {
      padded[half - 1 - i] = padded[half + 1 + i]; // reflected at both ends
      padded[half + this.length + i] = padded[half + this.length - 2 - i];
    }
    return padded;
  }

  /** The same way back. @param {Float64Array} padded @param {Float64Array} re @param {Float64Array} im */
  toSpectrum(padded, re, im) {
    const { size, hop } = this.facts;
    for (let frame = 0; frame < this.columns; frame++) {
      for (let i = 0; i < size; i++) this.re[i] = padded[frame * hop + i] * this.window[i];
      this.im.fill(0);
      this.fft.forward(this.re, this.im);
      re.set(this.re.subarray(0, this.bins), frame * this.bins);
      im.set(this.im.subarray(0, this.bins), frame * this.bins);
    }
  }

  /** Samples in [-1, 1] of about this spectrogram, by Griffin-Lim with momentum, from zero phases. @param {Float32Array} mel (bands, frames) */
  wave(mel) {
    const magnitude = this.magnitudes(mel);
    const [n, momentum] = [magnitude.length, 0.99 / 1.99];
    const [re, im] = [new Float64Array(n).fill(1), new Float64Array(n)];
    let [newRe, newIm, oldRe, oldIm] = [0, 0, 0, 0].map(() => new Float64Array(n));
    for (let step = 0; step < this.facts.iterations; step++) {
      this.toSpectrum(this.toSignal(magnitude, re, im), newRe, newIm);
      for (let i = 0; i < n; i++) {
        const r = newRe[i] - momentum * oldRe[i];
        const m = newIm[i] - momentum * oldIm[i];
        const length = Math.sqrt(r * r + m * m) + 1e-16;
        [re[i], im[i]] = [r / length, m / length];
      }
      [newRe, newIm, oldRe, oldIm] = [oldRe, oldIm, newRe, newIm];
    }
    const half = this.facts.size / 2;
    const out = this.toSignal(magnitude, re, im).subarray(half, half + this.length);
    const peak = out.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-8);
    return Float32Array.from(out, (value) => value / peak);
  }
}
