/** Which stretch of time and which keys a roll shows, and where on the canvas they lie. Pure arithmetic. */

import { HIGHEST, LOWEST } from "./notes.js";

export const KEYBOARD_PX = 58;
export const RULER_PX = 30;
export const PEDALS_PX = 24;
const CLOSEST_PX_PER_SEC = 1200;

export class Viewport {
  constructor() {
    this.width = 0;
    this.height = 0;
    this.end_sec = 1;
    this.from_sec = 0;
    this.px_per_sec = 80;
    this.low = 48;
    this.high = 72;
  }

  /** Room for music, right of the keyboard. */
  get music_px() {
    return Math.max(1, this.width - KEYBOARD_PX);
  }

  get to_sec() {
    return this.from_sec + this.music_px / this.px_per_sec;
  }

  get row_px() {
    return Math.max(1, (this.height - RULER_PX - PEDALS_PX) / (this.high - this.low + 1));
  }

  /** @param {number} sec */
  x(sec) {
    return KEYBOARD_PX + (sec - this.from_sec) * this.px_per_sec;
  }

  /** The top of a key's lane. @param {number} pitch */
  y(pitch) {
    return RULER_PX + (this.high - pitch) * this.row_px;
  }

  /** @param {number} x */
  secAt(x) {
    return this.from_sec + (x - KEYBOARD_PX) / this.px_per_sec;
  }

  /** @param {number} y */
  pitchAt(y) {
    const pitch = this.high - Math.floor((y - RULER_PX) / this.row_px);
    return Math.min(HIGHEST, Math.max(LOWEST, pitch));
  }

  /** Shows a range of keys with some air around it. @param {{ low: number, high: number }} range */
  fitKeys({ low, high }) {
    this.low = Math.max(LOWEST, low - 4);
    this.high = Math.min(HIGHEST, high + 4);
    const rows_wanted = 30;
    while (this.high - this.low + 1 < rows_wanted && (this.low > LOWEST || this.high < HIGHEST)) {
      this.low = Math.max(LOWEST, this.low - 1);
      this.high = Math.min(HIGHEST, this.high + 1);
    }
  }

  /** @param {number} sec the new left edge */
  scrollTo(sec) {
    const air_sec = 0.5 / Math.max(1, this.px_per_sec / 80);
    this.from_sec = Math.max(-air_sec, Math.min(sec, Math.max(-air_sec, this.end_sec + air_sec - this.music_px / this.px_per_sec)));
  }

  /** Zooms around a moment that stays where it is. @param {number} factor @param {number} [around_sec] */
  zoom(factor, around_sec = (this.from_sec + this.to_sec) / 2) {
    const widest = this.music_px / Math.max(2, this.end_sec + 1);
    const before = this.px_per_sec;
    this.px_per_sec = Math.min(CLOSEST_PX_PER_SEC, Math.max(widest, before * factor));
    this.scrollTo(around_sec - ((around_sec - this.from_sec) * before) / this.px_per_sec);
  }
}
