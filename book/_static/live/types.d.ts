// Types of the page's modules, for `npm run lint`; no reader fetches them.

type Point = { x: number; y: number };
type Strokes = Point[][];
type Colour = (value: number) => [number, number, number];
type Step = (x: Float32Array) => Float32Array;

type FileEntry = { path: string; bytes: number; unpacked: number; sha256: string };
type TensorEntry = { file: string; dtype: "f32" | "f16" | "u8" | "i8"; shape: number[]; offset: number; scale?: string; group?: number };
type Layer = {
  op: string;
  weight: string;
  bias: string;
  gain: string;
  eps: number;
  slope?: number;
  kernel: number;
  stride: number;
  padding: number;
  from: number[];
  to: number[];
};
type MixingEntry = { hidden: Layer; input: Layer };
type BridgeEntry = {
  names: string[];
  sizes: number[];
  latent: number;
  shared: number;
  shift: string[];
  scale: number[];
  encoder: Layer[];
  decoder: Layer[];
  mean: MixingEntry;
  std: MixingEntry;
  output: MixingEntry;
  classifier: Layer;
};
type SoundFacts = {
  rate: number;
  size: number;
  hop: number;
  bands: number;
  frames: number;
  floor: number;
  ceiling: number;
  iterations: number;
};
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
  | { kind: "pixels"; value: Float32Array; noise?: Float32Array }
  | { kind: "shared"; value: Float32Array }
  | { kind: "example" | "garment" | "clip"; value: number; noise?: Float32Array };

/** All that comes out; null is what was not asked for, or whose file is not there yet. */
type Outcome = {
  seen: Float32Array | null;
  chosen: Float32Array | null;
  zChosen: Float32Array | null;
  voice: { z: Float32Array; shared: Float32Array } | null;
  zDigit: Float32Array;
  mean: Float32Array;
  std: Float32Array | null;
  shared: Float32Array;
  votes: Float32Array;
  zGarment: Float32Array;
  garment: Float32Array;
  guess: Float32Array;
  judged: Float32Array | null;
  digit: Float32Array | null;
  digitJudged: Float32Array | null;
  mel: Float32Array | null;
  word: Float32Array | null;
  doubt: Doubt | null;
};

/** How little a drawing looks like a digit. */
type Doubt = { lost: number; judged: Float32Array; score: number };

/** One picture of Figure 1 with the numbers of a drawing. */
type Stage = { what: string; note: string; why: string; values: ArrayLike<number> | null; width: number; colour?: Colour; arrow?: string };

type Question = { ask: string; file?: string; origin?: Origin; speak?: boolean; mel?: Float32Array; name?: string };
