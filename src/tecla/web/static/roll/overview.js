/** The whole take in one strip: where its notes lie and which part the roll shows; press or drag to go there. */

import { h } from "../element.js";
import { HIGHEST, LOWEST } from "./notes.js";

export class Overview {
  /** @param {import("./roll.js").Roll} roll */
  constructor(roll) {
    this.roll = roll;
    this.element = h("canvas", { class: "overview", "aria-hidden": "true" });
    this.element.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      this.element.setPointerCapture(event.pointerId);
      this.go(event);
    });
    this.element.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => event.buttons && this.go(event));
    roll.onview.push(() => this.redraw());
    new ResizeObserver(() => this.redraw(true)).observe(this.element);
    this.pending = 0;
    this.stale = true;
  }

  /** @param {PointerEvent} event */
  go(event) {
    const { view } = this.roll;
    const box = this.element.getBoundingClientRect();
    const sec = ((event.clientX - box.left) / box.width) * view.end_sec;
    this.roll.scrollTo(sec - view.music_px / view.px_per_sec / 2);
  }

  /** Draws it with the next frame. @param {boolean} [anew] the notes, the size or the colours have changed */
  redraw(anew = false) {
    this.stale ||= anew;
    this.pending ||= requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.pending = 0;
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width) return;
    if (this.stale) this.prepare(width, height);
    const { view } = this.roll;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.element.getContext("2d"));
    pen.clearRect(0, 0, width, height);
    pen.drawImage(this.notes, 0, 0, width, height);
    const [left, right] = [view.from_sec, view.to_sec].map((sec) => (sec / view.end_sec) * width);
    pen.strokeStyle = this.accent;
    pen.lineWidth = 1.5;
    pen.strokeRect(Math.max(1, left), 1, Math.min(width, right) - Math.max(1, left) - 1, height - 2);
  }

  /** What stays the same from one frame to the next: the notes' picture, the colours, the size. @param {number} width @param {number} height */
  prepare(width, height) {
    this.stale = false;
    const density = window.devicePixelRatio || 1;
    this.element.width = width * density;
    this.element.height = height * density;
    this.element.getContext("2d").scale(density, density);
    this.accent = this.colour("--accent");
    this.notes = sketch(this.roll.scene.index.notes, this.roll.view.end_sec, width, height, this.colour("--ink-soft"));
  }

  /** @param {string} name */
  colour(name) {
    this.element.style.color = `var(${name})`;
    return getComputedStyle(this.element).color;
  }
}

/**
 * A take's notes in a few pixels.
 * @param {import("./notes.js").Note[]} notes @param {number} end_sec @param {number} width @param {number} height @param {string} ink
 */
export function sketch(notes, end_sec, width, height, ink) {
  const density = window.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, width * density);
  canvas.height = Math.max(1, height * density);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(density, density);
  pen.fillStyle = ink;
  pen.globalAlpha = 0.75;
  let [low, high] = [HIGHEST, LOWEST];
  for (const { pitch } of notes) [low, high] = [Math.min(low, pitch), Math.max(high, pitch)];
  const row = (height - 6) / Math.max(24, high - low + 1);
  for (const note of notes) {
    const x = (note.onset_sec / end_sec) * width;
    const long = Math.max(1, ((note.offset_sec - note.onset_sec) / end_sec) * width - 0.3);
    pen.fillRect(x, 3 + (high - note.pitch) * row, long, Math.max(1, row));
  }
  return canvas;
}
