// Strokes of a pen, and the 28 x 28 pixels that the encoder sees: a box of 20 pixels, centred by mass, as MNIST's digits are.

/** @type {Record<string, [number, number]>} right and down */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SIZE = 28;
const BOX = 20; // pixels of the longer side, pen included
const PEN = 2.6; // pixels
const EDGE = 0.8; // pixels over which the pen's edge fades
const MOST = 2000; // points that are looked at, evenly chosen; a digit has a few hundred
const SMALLEST = 0.15; // of the canvas: a dot is not blown up to a whole digit
const inside = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));

/** Ink of strokes whose points are in pixels. @param {Strokes} strokes */
function ink(strokes) {
  const out = new Float32Array(SIZE * SIZE);
  const reach = (PEN + EDGE) / 2;
  for (const [a, b] of strokes.flatMap((stroke) => stroke.map((b, i) => [stroke[Math.max(0, i - 1)], b]))) {
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const length = dx * dx + dy * dy;
    const [left, right] = [Math.min(a.x, b.x) - reach, Math.max(a.x, b.x) + reach];
    const [top, bottom] = [Math.min(a.y, b.y) - reach, Math.max(a.y, b.y) + reach];
    for (let y = Math.max(0, Math.floor(top)); y <= Math.min(SIZE - 1, bottom); y++) {
      for (let x = Math.max(0, Math.floor(left)); x <= Math.min(SIZE - 1, right); x++) {
        const t = length ? inside(((x - a.x) * dx + (y - a.y) * dy) / length) : 0;
        const distance = Math.hypot(x - a.x - t * dx, y - a.y - t * dy);
        out[y * SIZE + x] = Math.max(out[y * SIZE + x], inside((reach - distance) / EDGE));
      }
    }
  }
  return out;
}

/** What the encoder sees of a drawing. @param {Strokes} drawn in units of the canvas, 0 to 1 @returns {Float32Array} 784 pixels in [0, 1] */
export function rasterise(drawn) {
  if (!drawn.length) return new Float32Array(SIZE * SIZE);
  const step = Math.ceil(drawn.flat().length / MOST);
  const strokes = drawn.map((stroke) => stroke.filter((_, i) => i % step === 0 || i === stroke.length - 1));
  const [xs, ys] = [strokes.flat().map(({ x }) => x), strokes.flat().map(({ y }) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = (BOX - PEN) / Math.max(right - left, bottom - top, SMALLEST);
  const sized = strokes.map((stroke) =>
    stroke.map(({ x, y }) => ({ x: (x - (left + right) / 2) * scale, y: (y - (top + bottom) / 2) * scale })),
  );
  /** With the middle of its box at this pixel. @param {number} u @param {number} v */
  const placed = (u, v) => ink(sized.map((stroke) => stroke.map(({ x, y }) => ({ x: u + x, y: v + y }))));
  const middle = (SIZE - 1) / 2;
  const first = placed(middle, middle);
  const sum = (/** @type {(i: number) => number} */ of) => first.reduce((all, value, i) => all + value * of(i), 0);
  const mass = sum(() => 1);
  // MNIST's centre of mass is half a pixel right of the middle and below it
  return placed(2 * middle + 0.5 - sum((i) => i % SIZE) / mass, 2 * middle + 0.5 - sum((i) => Math.floor(i / SIZE)) / mass);
}

const FINE = 36 ** 2 - 1; // steps along each side of the canvas, where strokes are text

/** Strokes as text for an address: four characters for each of at most 51 points, strokes apart by a hyphen. @param {Strokes} strokes */
export function toText(strokes) {
  const texts = strokes.map((stroke) => {
    const step = Math.ceil(stroke.length / 50);
    const few = stroke.filter((_, i) => i % step === 0 || i === stroke.length - 1);
    const steps = few.map(({ x, y }) => 36 ** 2 * Math.round(FINE * inside(x)) + Math.round(FINE * inside(y)));
    return steps.map((both) => both.toString(36).padStart(4, "0")).join("");
  });
  return texts.join("-");
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
    /** @type {Strokes} */
    this.strokes = [];
    this.shown = false; // the strokes are no drawing of the reader's, but one that shows what can be done here
    this.down = false; // a key has put the pen down
    this.cursor = { x: 0.5, y: 0.25 };
    this.keyboard = false;
    this.due = false; // a frame has been asked for
    follow(
      canvas,
      (event) => {
        this.keyboard = this.down = false;
        this.begin(this.at(event));
        this.renew();
      },
      (event) => {
        const events = event.getCoalescedEvents?.() ?? [];
        for (const one of events.length ? events : [event]) this.strokes.at(-1)?.push(this.at(one));
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
    if (this.shown) this.strokes = [];
    this.shown = false;
    this.strokes.push([point]);
  }

  /** Paint and tell what is new, once per frame however many points have come. */
  renew() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.paint();
      if (this.strokes.length) this.changed();
    });
  }

  /** @param {PointerEvent} event @returns {Point} */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? 0.1 : 0.04;
      const { x, y } = this.cursor;
      this.cursor = { x: inside(x + arrow[0] * step), y: inside(y + arrow[1] * step) };
      if (this.down) this.strokes.at(-1)?.push(this.cursor);
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
    else this.paint();
  }

  /** Other strokes in place of those that are there. @param {Strokes} strokes @param {boolean} tell whether that is a change */
  put(strokes, tell = true) {
    this.strokes = strokes;
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

  paint() {
    const { context } = this;
    const size = this.canvas.width;
    context.fillStyle = "#000";
    context.fillRect(0, 0, size, size);
    context.strokeStyle = this.shown ? "#999" : "#fff";
    context.lineWidth = size / 12;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(stroke[0].x * size, stroke[0].y * size);
      for (const point of stroke) context.lineTo(point.x * size, point.y * size);
      context.stroke();
    }
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
