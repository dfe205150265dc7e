// Strokes of a pen, and the 28 x 28 pixels that the encoder sees: a box of 20 pixels, centred by mass, as MNIST's digits are.

/** @type {Record<string, [number, number]>} right and down */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SIZE = 28;
const BOX = 20; // pixels of the longer side, pen included
const PEN = 2.6; // pixels
const EDGE = 0.8; // pixels over which the pen's edge fades
const SMALLEST = 0.15; // of the canvas: a dot is not blown up to a whole digit
const REACH = (PEN + EDGE) / 2; // pixels from a line to where its ink ends
const EDGES = 0.1; // around the canvas, in its units: the ink of a drawing as large as the canvas ends there
const GRID = 96; // cells along each side of the canvas and its edges
const CELL = (1 + 2 * EDGES) / GRID;
const inside = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));

/** How far a place is from the line between two points. @param {number} x @param {number} y @param {Point} a @param {Point} b */
function away(x, y, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length ? inside(((x - a.x) * dx + (y - a.y) * dy) / length) : 0;
  return Math.sqrt((x - a.x - t * dx) ** 2 + (y - a.y - t * dy) ** 2);
}

/** The row or column of cells at a place. @param {number} at */
const cell = (at) => Math.min(GRID - 1, Math.max(0, Math.floor((at + EDGES) / CELL)));

/** The ink of a drawing. Each cell of a grid knows the line that is nearest to its middle: a new line costs the same after any number. */
export class Ink {
  far = new Float64Array(GRID * GRID).fill(Infinity); // from the middle of each cell to its line
  near = /** @type {({a: Point, b: Point} | null)[]} */ (new Array(GRID * GRID).fill(null)); // that line
  low = { x: Infinity, y: Infinity };
  high = { x: -Infinity, y: -Infinity };

  /** @param {Strokes} strokes in units of the canvas, 0 to 1 */
  constructor(strokes = []) {
    for (const stroke of strokes) for (const [i, b] of stroke.entries()) this.add(stroke[Math.max(0, i - 1)], b);
  }

  /** One more line. @param {Point} a the point before, or the same @param {Point} b */
  add(a, b) {
    const line = { a, b };
    this.low = { x: Math.min(this.low.x, b.x), y: Math.min(this.low.y, b.y) };
    this.high = { x: Math.max(this.high.x, b.x), y: Math.max(this.high.y, b.y) };
    const reach = EDGES + 1.5 * CELL; // as far as its ink can go, and on to the middle of the next cell
    const [left, right] = [cell(Math.min(a.x, b.x) - reach), cell(Math.max(a.x, b.x) + reach)];
    const [top, bottom] = [cell(Math.min(a.y, b.y) - reach), cell(Math.max(a.y, b.y) + reach)];
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const distance = away((x + 0.5) * CELL - EDGES, (y + 0.5) * CELL - EDGES, a, b);
        if (distance >= this.far[y * GRID + x]) continue;
        this.far[y * GRID + x] = distance;
        this.near[y * GRID + x] = line;
      }
    }
  }

  /** Pixels, the middle of the drawing's box at one of them. @param {number} u @param {number} v */
  placed(u, v) {
    const { low, high, near } = this;
    const pixel = Math.max(high.x - low.x, high.y - low.y, SMALLEST) / (BOX - PEN); // in units of the canvas
    return new Float32Array(SIZE * SIZE).map((_, i) => {
      const [x, y] = [(low.x + high.x) / 2 + pixel * ((i % SIZE) - u), (low.y + high.y) / 2 + pixel * (Math.floor(i / SIZE) - v)];
      let distance = Infinity;
      for (const row of [cell(y - CELL / 2), cell(y + CELL / 2)]) {
        for (const column of [cell(x - CELL / 2), cell(x + CELL / 2)]) {
          const line = near[row * GRID + column];
          if (line) distance = Math.min(distance, away(x, y, line.a, line.b));
        }
      }
      return inside((REACH - distance / pixel) / EDGE);
    });
  }

  /** What the encoder sees. @returns {Float32Array} 784 pixels in [0, 1] */
  pixels() {
    if (this.high.x < this.low.x) return new Float32Array(SIZE * SIZE);
    const middle = (SIZE - 1) / 2;
    const first = this.placed(middle, middle);
    const sum = (/** @type {(i: number) => number} */ of) => first.reduce((all, value, i) => all + value * of(i), 0);
    const mass = sum(() => 1);
    // MNIST's centre of mass is half a pixel right of the middle and below it
    return this.placed(2 * middle + 0.5 - sum((i) => i % SIZE) / mass, 2 * middle + 0.5 - sum((i) => Math.floor(i / SIZE)) / mass);
  }
}

const FINE = 36 ** 2 - 1; // steps along each side of the canvas, where strokes are text

/** Strokes as text for an address: four characters for each of at most 51 points, strokes apart by a hyphen. @param {Strokes} strokes */
export function toText(strokes) {
  return strokes
    .map((stroke) => {
      const step = Math.ceil(stroke.length / 50);
      const few = stroke.filter((_, i) => i % step === 0 || i === stroke.length - 1);
      const steps = few.map(({ x, y }) => 36 ** 2 * Math.round(FINE * inside(x)) + Math.round(FINE * inside(y)));
      return steps.map((both) => both.toString(36).padStart(4, "0")).join("");
    })
    .join("-");
}

/** Strokes from such text; none where it is something else. @param {string} text @returns {Strokes} */
export function fromText(text) {
  if (!/^([0-9a-z]{4})+(-([0-9a-z]{4})+)*$/.test(text) || text.length > 20_000) return [];
  const at = (/** @type {string} */ digits) => Number.parseInt(digits, 36) / FINE;
  return text.split("-").map((stroke) => (stroke.match(/.{4}/g) ?? []).map((one) => ({ x: at(one.slice(0, 2)), y: at(one.slice(2)) })));
}

/** Follow one pointer from its press to its release: no second finger, and no button but the first. @param {HTMLElement} where @param {(event: PointerEvent) => void} pressed @param {(event: PointerEvent) => void} moved */
export function follow(where, pressed, moved) {
  where.addEventListener("pointerdown", (event) => {
    if (event.button || !event.isPrimary) return;
    where.setPointerCapture(event.pointerId);
    pressed(event);
  });
  where.addEventListener("pointermove", (event) => {
    if (event.isPrimary && where.hasPointerCapture(event.pointerId)) moved(event);
  });
}

/** A canvas to draw on: with a mouse, a pen, a finger, or with arrow keys and the space bar. */
export class Pad {
  /** @param {HTMLCanvasElement} canvas @param {() => void} changed called after every change, at most once per frame @param {(text: string) => void} say words for a screen reader */
  constructor(canvas, changed, say) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.context.imageSmoothingEnabled = false; // an example shows its pixels
    this.changed = changed;
    this.say = say;
    this.strokes = /** @type {Strokes} */ ([]);
    this.ink = new Ink(); // of the strokes
    this.shown = false; // the strokes are no drawing of the reader's, but one that shows what can be done here
    this.down = false; // a key has put the pen down
    this.cursor = { x: 0.5, y: 0.25 };
    this.keyboard = false;
    this.due = false; // a frame has been asked for
    follow(
      canvas,
      (event) => {
        this.down = false;
        this.begin(this.at(event));
        this.renew();
      },
      (event) => {
        const events = event.getCoalescedEvents?.() ?? [];
        for (const one of events.length ? events : [event]) this.add(this.at(one));
        this.renew();
      },
    );
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => {
      this.down = this.keyboard = false;
      this.paint();
    });
    this.paint();
  }

  /** A new stroke. @param {Point} point */
  begin(point) {
    if (this.shown) Object.assign(this, { strokes: [], ink: new Ink(), shown: false });
    const clean = this.strokes.push([]) > 1 && !this.keyboard;
    this.keyboard = false;
    if (!clean) this.paint(); // words, example or cursor go
    this.add(point);
  }

  /** One more point of the last stroke: only its own line is painted and becomes ink. @param {Point} point */
  add(point) {
    const stroke = this.strokes.at(-1);
    if (!stroke) return; // it has been cleared while the pen was down
    const from = stroke.at(-1) ?? point;
    stroke.push(point);
    this.ink.add(from, point);
    this.line(from, point);
  }

  /** Tell what is new, once per frame however many points have come. */
  renew() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      if (this.strokes.length) this.changed();
    });
  }

  /** @param {PointerEvent} event @returns {Point} */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: inside((event.clientX - box.left) / box.width), y: inside((event.clientY - box.top) / box.height) };
  }

  key(/** @type {KeyboardEvent} */ event) {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? 0.1 : 0.04;
      const { x, y } = this.cursor;
      this.cursor = { x: inside(x + arrow[0] * step), y: inside(y + arrow[1] * step) };
      if (this.down) this.add(this.cursor);
    } else if (event.key === " " || event.key === "Enter") {
      this.down = !this.down;
      if (this.down) this.begin(this.cursor);
      this.say(this.down ? "pen down" : "pen up");
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.put([]);
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      this.put(this.strokes.slice(0, -1));
    } else {
      return;
    }
    event.preventDefault();
    this.keyboard = true;
    if (this.down) this.renew();
    this.paint();
  }

  /** Other strokes in place of those that are there. @param {Strokes} strokes @param {boolean} tell whether that is a change */
  put(strokes, tell = true) {
    this.strokes = strokes;
    this.ink = new Ink(strokes);
    this.down = this.shown = false;
    this.paint();
    if (tell) this.changed();
  }

  /** Draw a stroke one point per frame, as an example; the first touch takes it away. @param {Point[]} stroke */
  show(stroke, n = 1) {
    this.shown = n === 1 || this.shown;
    if (!this.shown || n > stroke.length) return;
    this.strokes = [stroke.slice(0, n)];
    this.paint();
    requestAnimationFrame(() => this.show(stroke, n + 1));
  }

  /** Paint one line. @param {Point} a @param {Point} b */
  line(a, b) {
    const { context } = this;
    const size = this.canvas.width;
    context.strokeStyle = this.shown ? "#999" : "#fff";
    context.lineWidth = size / 12;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(a.x * size, a.y * size);
    context.lineTo(b.x * size, b.y * size);
    context.stroke();
  }

  /** Paint all anew. */
  paint() {
    const { context } = this;
    const size = this.canvas.width;
    context.fillStyle = "#000";
    context.fillRect(0, 0, size, size);
    for (const stroke of this.strokes) for (const [i, b] of stroke.entries()) this.line(stroke[Math.max(0, i - 1)], b);
    if ((this.shown || !this.strokes.length) && !this.keyboard) {
      context.font = `${size / 12}px sans-serif`;
      context.textAlign = "center";
      context.fillStyle = "#ccc";
      context.fillText("draw here", size / 2, this.shown ? 0.98 * size : size / 2);
    }
    if (this.keyboard) {
      context.strokeStyle = this.down ? "#e69f00" : "#56b4e9";
      context.lineWidth = 2;
      context.beginPath();
      context.arc(this.cursor.x * size, this.cursor.y * size, size / 24, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
