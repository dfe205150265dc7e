// Types of the page's modules, for `npm run lint`; no reader fetches them.
type Point = { x: number; y: number };
type Strokes = Point[][];
type Step = (x: Float32Array) => Float32Array;
type FileEntry = { path: string; bytes: number; sha256: string };
type TensorEntry = { file: string; dtype: "f32" | "f16" | "u8" | "i8"; shape: number[]; offset: number; scale?: string };
type Layer = { op: string; from: number[]; to: number[]; slope?: number } & Record<"weight" | "bias" | "gain", string> &
  Record<"eps" | "kernel" | "stride" | "padding", number>;
type MixingEntry = { hidden: Layer; input: Layer };
type BridgeEntry = { names: string[]; sizes: number[]; shift: string[]; scale: number[]; classifier: Layer } &
  Record<"encoder" | "decoder", Layer[]> &
  Record<"mean" | "std" | "output", MixingEntry>;
type SoundFacts = Record<"rate" | "size" | "hop" | "bands" | "frames" | "floor" | "ceiling" | "iterations", number>;
type Manifest = {
  format: number;
  files: Record<string, FileEntry>;
  tensors: Record<string, TensorEntry>;
  networks: Record<string, Layer[]>;
  bridges: Record<string, BridgeEntry>;
  classes: { mnist: string[]; fashion: string[]; speech: string[] };
  items: { examples: number[]; garments: number[]; clips: number[] };
  sound: SoundFacts;
  map: { centre: number[]; axes: number[][]; low: number[]; high: number[]; labels: number[]; domains: number[] };
  doubt?: number; // above it a drawing looks like no digit; measured after packing
};

/** Where an outcome begins. */
type Origin =
  | { kind: "pixels" | "words"; value: Float32Array; noise?: Float32Array }
  | { kind: "shared"; value: Float32Array }
  | { kind: "example" | "garment" | "clip"; value: number; noise?: Float32Array };

/** All that comes out; null is what was not asked for, or whose file is not there yet. */
type Outcome = Record<"zDigit" | "mean" | "shared" | "zGarment" | "garment" | "guess", Float32Array> &
  Record<"seen" | "chosen" | "zChosen" | "zVoice" | "sharedVoice" | "std" | "mel" | "word", Float32Array | null> &
  Record<"judged" | "digit" | "digitJudged" | "zWords" | "sharedWords", Float32Array | null> & { doubt: Doubt | null };

/** How little a drawing looks like a digit, and the ink that is gone. */
type Doubt = { gone: Float32Array; lost: number; judged: Float32Array; score: number };

/** Held-out digits and their garments, how many of these are of the right class, and how far two of one class lie apart. */
type Crowd = { seen: Float32Array[]; garments: Float32Array[]; kept: number; apart: number };
