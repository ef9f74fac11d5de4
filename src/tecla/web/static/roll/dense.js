/**
 * Many notes at once: written as pixels into one picture, which is drawn as a whole. Twenty thousand calls of fillRect take longer than a
 * frame; twenty thousand short rows of pixels do not.
 */

/** @type {{ canvas: HTMLCanvasElement, image: ImageData, words: Uint32Array } | null} kept between frames: a picture is megabytes */
let plate = null;
/** @type {Map<string, number>} */
const packed = new Map();

/**
 * Draws a run of an index's notes.
 * @param {CanvasRenderingContext2D} pen @param {import("./viewport.js").Viewport} view
 * @param {import("./notes.js").Note[]} notes @param {number} first @param {number} last @param {(note: import("./notes.js").Note) => string} inkOf
 */
export function drawDense(pen, view, notes, first, last, inkOf) {
  const density = pen.canvas.width / view.width;
  const { canvas, image, words } = plateOf(pen.canvas.width, pen.canvas.height);
  words.fill(0);
  const high = Math.max(1, Math.round((view.row_px - (view.row_px > 4 ? 1 : 0)) * density));
  for (let i = first; i < last; i++) {
    const note = notes[i];
    const left = Math.max(0, Math.round(view.x(note.onset_sec) * density));
    const right = Math.min(image.width, Math.max(left + 1, Math.round(view.x(note.offset_sec) * density)));
    if (left >= right) continue;
    const ink = pack(inkOf(note));
    const top = Math.round(view.y(note.pitch) * density);
    const bottom = Math.min(image.height, top + high);
    for (let y = Math.max(0, top); y < bottom; y++) {
      const row = y * image.width;
      for (let x = left; x < right; x++) words[row + x] = ink; // most are a few pixels long: a call of fill() each takes ten times as long
    }
  }
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
  pen.drawImage(canvas, 0, 0, view.width, view.height);
}

/** @param {number} width @param {number} height */
function plateOf(width, height) {
  if (plate?.image.width === width && plate.image.height === height) return plate;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  plate = { canvas, image, words: new Uint32Array(image.data.buffer) };
  return plate;
}

/** A colour as the four bytes of a pixel, in this machine's order. @param {string} colour */
function pack(colour) {
  let word = packed.get(colour);
  if (word === undefined) {
    const dot = document.createElement("canvas");
    dot.width = dot.height = 1;
    const pen = /** @type {CanvasRenderingContext2D} */ (dot.getContext("2d"));
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    word = new Uint32Array(pen.getImageData(0, 0, 1, 1).data.buffer)[0];
    packed.set(colour, word);
  }
  return word;
}
