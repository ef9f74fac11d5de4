/**
 * The sound behind the notes. The server's picture is grey: rows are keys (21 at the bottom, 108 at the top, the same number of rows
 * each), columns are time, brightness is loudness. Here brightness becomes the opacity of ink, in tiles that are cut once.
 */

const TILE_PX = 1024;
const CONTRAST = 3; // what is faint goes, what sounds stays
const STRONGEST = 0.55;

export class Spectrogram {
  /** @param {HTMLCanvasElement[]} tiles @param {number} width_px of the whole picture @param {number} duration_sec */
  constructor(tiles, width_px, duration_sec) {
    this.tiles = tiles;
    this.columns_per_sec = width_px / duration_sec;
  }

  /** @param {string} url @param {number} duration_sec @param {string} ink an rgb() colour @returns {Promise<Spectrogram | null>} null where there is none */
  static async load(url, duration_sec, ink) {
    const answer = await fetch(url);
    if (!answer.ok) return null;
    const picture = await createImageBitmap(await answer.blob());
    const tiles = [];
    for (let left = 0; left < picture.width; left += TILE_PX) tiles.push(inked(picture, left, Math.min(TILE_PX, picture.width - left), ink));
    return new Spectrogram(tiles, picture.width, duration_sec);
  }

  /** @param {CanvasRenderingContext2D} pen @param {import("./viewport.js").Viewport} view */
  draw(pen, view) {
    const rows = this.tiles[0].height / 88;
    const top = (108 - view.high) * rows;
    const height = (view.high - view.low + 1) * rows;
    this.tiles.forEach((tile, i) => {
      const from_sec = (i * TILE_PX) / this.columns_per_sec;
      const width = (tile.width / this.columns_per_sec) * view.px_per_sec;
      const x = view.x(from_sec);
      if (x + width > 0 && x < view.width) pen.drawImage(tile, 0, top, tile.width, height, x, view.y(view.high), width + 0.5, view.row_px * (view.high - view.low + 1));
    });
  }
}

/** @param {ImageBitmap} picture @param {number} left @param {number} width @param {string} ink */
function inked(picture, left, width, ink) {
  const tile = document.createElement("canvas");
  tile.width = width;
  tile.height = picture.height;
  const pen = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d", { willReadFrequently: true }));
  pen.drawImage(picture, -left, 0);
  const pixels = pen.getImageData(0, 0, width, picture.height);
  const [red, green, blue] = (ink.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
  for (let i = 0; i < pixels.data.length; i += 4) {
    const loud = pixels.data[i] / 255;
    pixels.data[i] = red;
    pixels.data[i + 1] = green;
    pixels.data[i + 2] = blue;
    pixels.data[i + 3] = 255 * STRONGEST * loud ** CONTRAST;
  }
  pen.putImageData(pixels, 0, 0);
  return tile;
}
