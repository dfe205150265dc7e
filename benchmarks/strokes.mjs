// Drawings that are no digit: letters in many hands, and scribbles. The page's measure asks how often it says so.

/** @typedef {{x: number, y: number}} Point */

// Corners on a grid of ten, strokes apart by a space; a stroke that begins with ~ has round corners.
// Letters that have the shape of a digit (B, I, O, S, Z, b, g, l, o, q, s, z) are left out.
const LETTERS = {
  A: "19 51 99/27 77",
  C: "~82 61 31 13 17 39 69 88",
  D: "21 29/~21 61 93 97 69 29",
  E: "81 21 29 89/25 75",
  F: "81 21 29/25 75",
  G: "~82 61 31 13 17 39 69 88 86 56",
  H: "21 29/81 89/25 85",
  J: "71 76/~76 79 49 29 27",
  K: "21 29/81 25 89",
  M: "19 21 56 81 99",
  N: "29 21 89 81",
  P: "21 29/~21 71 83 75 25",
  Q: "~51 21 13 17 39 69 97 93 71 51/66 99",
  R: "21 29/~21 71 83 75 25/45 89",
  T: "11 91/51 59",
  U: "~21 27 39 69 87 81",
  V: "11 59 91",
  W: "11 39 53 79 91",
  X: "11 99/91 19",
  Y: "11 55 91/55 59",
  a: "~84 64 34 15 18 39 69 87/84 89",
  e: "~16 86 84 63 33 15 18 39 79",
  h: "31 39/~37 45 65 76 79",
  k: "31 39/75 36 79",
  m: "14 19/~17 24 44 46 49/~47 54 84 86 89",
  n: "24 29/~27 34 74 76 79",
  r: "34 39/~37 45 64 75",
  t: "~51 57 59 79 88/24 84",
  w: "~14 18 39 58 55 58 79 98 94",
  x: "24 89/84 29",
  y: "23 56/83 39",
};

/** Corners cut off, twice. @param {Point[]} line @returns {Point[]} */
function round(line) {
  const cut = (/** @type {Point[]} */ points) => [
    points[0],
    ...points
      .slice(1)
      .flatMap((b, i) => [0.25, 0.75].map((t) => ({ x: points[i].x + t * (b.x - points[i].x), y: points[i].y + t * (b.y - points[i].y) }))),
    points[points.length - 1],
  ];
  return cut(cut(line));
}

/** @param {number} hands drawings of each letter, and scribbles for each letter @returns {{letters: Point[][][], scribbles: Point[][][]}} */
export function strokes(hands = 10) {
  let state = 1;
  const random = () => {
    state = (state * 48271) % 2147483647; // Lehmer's generator: the same drawings in every run
    return state / 2147483647;
  };
  const about = (/** @type {number} */ most) => most * (2 * random() - 1);
  const letters = [];
  const scribbles = [];
  for (const drawn of Object.values(LETTERS)) {
    for (let n = 0; n < hands; n++) {
      const [slant, turn, wide, wobble] = [about(0.25), about(0.2), 0.8 + about(0.2), 0.03 * random()];
      const hand = (/** @type {string} */ corner) => {
        const [x, y] = [(Number(corner[0]) / 10 - 0.5) * wide + about(wobble), Number(corner[1]) / 10 - 0.5 + about(wobble)];
        return { x: 0.5 + x - (slant + turn) * y, y: 0.5 + y + turn * x };
      };
      letters.push(
        drawn.split("/").map((stroke) => {
          const line = stroke.replace("~", "").split(" ").map(hand);
          return stroke[0] === "~" ? round(line) : line;
        }),
      );
      const line = Array.from({ length: 6 + Math.floor(12 * random()) }, () => ({ x: random(), y: random() }));
      scribbles.push([n % 2 ? round(line) : line]);
    }
  }
  return { letters, scribbles };
}
