/** The piano roll: a still picture, redrawn when it changes, and a light layer above it for the cursor, which moves all the time. */

import { h } from "../element.js";
import { t } from "../words.js";
import { Inks } from "./colours.js";
import { drawRoll } from "./draw.js";
import { NoteIndex, isBlack } from "./notes.js";
import { KEYBOARD_PX, RULER_PX, Viewport } from "./viewport.js";

/** @typedef {import("./notes.js").Note} Note */

export class Roll {
  constructor() {
    this.still = h("canvas", { "aria-hidden": "true" });
    this.moving = h("canvas", { tabindex: "0", role: "application", "aria-roledescription": t("roll.kind"), "aria-label": t("roll.label"), "aria-describedby": "roll-keys" });
    this.element = h("div", { class: "roll" }, this.still, this.moving, h("p", { id: "roll-keys", class: "unseen" }, t("roll.keys")));
    this.view = new Viewport();
    /** @type {import("./draw.js").Scene} */
    this.scene = { index: new NoteIndex([]), pedals: [], beats_sec: [], downbeats_sec: [], selected: new Set(), colouring: "velocity", inventions: new Set(), misses: null, spectrogram: null };
    this.cursor_sec = 0;
    /** @type {{ from_sec: number, to_sec: number } | null} the passage that is looped or continued from */
    this.passage = null;
    /** @type {{ x0: number, y0: number, x1: number, y1: number } | null} a selection being drawn */
    this.rubber = null;
    this.framed = false;
    this.fitted = false;
    this.pending = 0;
    this.stale = true;
    /** @type {Inks | undefined} */
    this.inks = undefined;
    /** @type {(() => void)[]} */
    this.onview = [];
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  /** Changes what is shown. @param {Partial<import("./draw.js").Scene>} change */
  show(change) {
    Object.assign(this.scene, change);
    if (change.index) {
      this.view.end_sec = Math.max(this.view.end_sec, change.index.end_sec);
      this.keepKeysInSight();
    }
    this.redraw();
  }

  /** Shows the whole range of keys; widens, never narrows, while one take is open. */
  keepKeysInSight() {
    const { low, high } = this.scene.index.range;
    const { low: shown_low, high: shown_high } = this.view;
    if (!this.fitted && this.scene.index.notes.length) {
      this.view.fitKeys({ low, high });
      this.fitted = true;
    } else if (low < shown_low || high > shown_high) this.view.fitKeys({ low: Math.min(low, shown_low + 4), high: Math.max(high, shown_high - 4) });
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return;
    const density = window.devicePixelRatio || 1;
    for (const canvas of [this.still, this.moving]) {
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      canvas.getContext("2d").setTransform(density, 0, 0, density, 0, 0);
    }
    Object.assign(this.view, { width, height });
    if (!this.framed) this.view.px_per_sec = Math.max(width < 600 ? 55 : 70, this.view.music_px / Math.max(this.view.end_sec, 1) / 8);
    this.framed = true;
    this.view.scrollTo(this.view.from_sec);
    this.stale = true; // a canvas that changes its size is empty
    this.paint();
  }

  /** After a change of theme. */
  recolour() {
    this.inks = undefined;
    this.redraw();
  }

  /** Draws the still picture anew with the next frame. */
  redraw() {
    this.stale = true;
    this.pending ||= requestAnimationFrame(() => this.paint());
  }

  /** @param {number} sec @param {boolean} [follow] turns the page when the cursor leaves it */
  moveCursor(sec, follow = false) {
    this.cursor_sec = sec;
    const seen = this.view.music_px / this.view.px_per_sec;
    if (follow && (sec < this.view.from_sec || sec > this.view.to_sec - seen * 0.08)) this.scrollTo(sec - seen * 0.08);
    this.pending ||= requestAnimationFrame(() => this.paint());
  }

  /** @param {number} from_sec */
  scrollTo(from_sec) {
    this.view.scrollTo(from_sec);
    this.viewed();
  }

  /** @param {number} factor @param {number} [around_sec] */
  zoom(factor, around_sec) {
    this.view.zoom(factor, around_sec);
    this.viewed();
  }

  /** Scrolls only as far as needed. @param {{ onset_sec: number, offset_sec: number }} note */
  reveal(note) {
    if (note.onset_sec < this.view.from_sec || note.offset_sec > this.view.to_sec) this.scrollTo(note.onset_sec - (this.view.music_px / this.view.px_per_sec) * 0.2);
  }

  viewed() {
    this.onview.forEach((listener) => listener());
    this.redraw();
  }

  paint() {
    this.pending = 0;
    if (!this.view.width || !this.element.isConnected) return;
    this.inks ??= new Inks(this.element);
    const stale = this.stale;
    this.stale = false;
    if (stale) drawRoll(this.still.getContext("2d"), this.view, this.scene, this.inks);
    this.paintMoving();
  }

  paintMoving() {
    const pen = /** @type {CanvasRenderingContext2D} */ (this.moving.getContext("2d"));
    const { view, inks } = this;
    if (!inks) return;
    pen.clearRect(0, 0, view.width, view.height);
    this.paintKeysDown(pen, inks);
    pen.save();
    pen.beginPath();
    pen.rect(KEYBOARD_PX, 0, view.music_px, view.height);
    pen.clip();
    if (this.passage) this.paintPassage(pen, inks, this.passage);
    pen.fillStyle = inks.accent;
    const x = Math.round(view.x(this.cursor_sec));
    pen.fillRect(x - 0.5, 0, 2, view.height);
    pen.beginPath();
    pen.moveTo(x - 5, 0);
    pen.lineTo(x + 6, 0);
    pen.lineTo(x + 0.5, 8);
    pen.fill();
    if (this.rubber) this.paintRubber(pen, inks, this.rubber);
    pen.restore();
  }

  /** @param {CanvasRenderingContext2D} pen @param {Inks} inks @param {{ from_sec: number, to_sec: number }} passage */
  paintPassage(pen, inks, { from_sec, to_sec }) {
    const { view } = this;
    const [left, right] = [view.x(from_sec), view.x(to_sec)];
    pen.fillStyle = inks.accent;
    pen.globalAlpha = 0.1;
    pen.fillRect(left, RULER_PX, right - left, view.height);
    pen.globalAlpha = 0.9;
    pen.fillRect(left, RULER_PX - 4, right - left, 4);
    pen.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} pen @param {Inks} inks @param {{ x0: number, y0: number, x1: number, y1: number }} box */
  paintRubber(pen, inks, { x0, y0, x1, y1 }) {
    pen.strokeStyle = inks.ink;
    pen.lineWidth = 1;
    pen.setLineDash([4, 3]);
    pen.strokeRect(Math.min(x0, x1) + 0.5, Math.min(y0, y1) + 0.5, Math.abs(x1 - x0), Math.abs(y1 - y0));
    pen.setLineDash([]);
  }

  /** The keys that are down under the cursor, lit on the keyboard. @param {CanvasRenderingContext2D} pen @param {Inks} inks */
  paintKeysDown(pen, inks) {
    const { view } = this;
    pen.fillStyle = inks.accent;
    for (const note of this.scene.index.between(this.cursor_sec, this.cursor_sec + 0.001)) {
      if (note.pitch >= view.low && note.pitch <= view.high) pen.fillRect(0, view.y(note.pitch) + 0.5, KEYBOARD_PX * (isBlack(note.pitch) ? 0.58 : 1) - 2, view.row_px - 1);
    }
  }

  /** The note at a place on the canvas, the topmost drawn. @param {number} x @param {number} y @returns {Note | null} */
  noteAt(x, y) {
    const { view } = this;
    if (x < KEYBOARD_PX || y < RULER_PX) return null;
    const slack_sec = 3 / view.px_per_sec; // a short note must still be hit
    const pitch = view.pitchAt(y);
    const sec = view.secAt(x);
    const near = this.scene.index.between(sec - slack_sec, sec + slack_sec).filter((note) => note.pitch === pitch);
    return near.at(-1) ?? null;
  }
}
