/** Draws a roll's still picture: lanes, spectrogram, beats, notes, pedals, keyboard. Only what is visible is looked at. */

import { clock, pitchName } from "../format.js";
import { drawDense } from "./dense.js";
import { isBlack, lowerBound, pedalSpans } from "./notes.js";
import { KEYBOARD_PX, PEDALS_PX, RULER_PX } from "./viewport.js";

/**
 * @typedef {import("./colours.js").Inks} Inks
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {import("./notes.js").Note} Note
 * @typedef {object} Scene
 * @property {import("./notes.js").NoteIndex} index
 * @property {import("./notes.js").Pedal[]} pedals
 * @property {number[]} beats_sec
 * @property {number[]} downbeats_sec
 * @property {Set<number>} selected           ids
 * @property {import("./colours.js").Colouring} colouring
 * @property {Set<number>} inventions         ids, where there is a reference
 * @property {import("./notes.js").NoteIndex | null} misses
 * @property {import("./spectrogram.js").Spectrogram | null} spectrogram
 */

const DENSE_FROM = 1500;

/** @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Scene} scene @param {Inks} inks */
export function drawRoll(pen, view, scene, inks) {
  pen.fillStyle = inks.ground;
  pen.fillRect(0, 0, view.width, view.height);
  pen.save();
  pen.beginPath();
  pen.rect(KEYBOARD_PX, 0, view.width - KEYBOARD_PX, view.height);
  pen.clip();
  drawLanes(pen, view, inks);
  scene.spectrogram?.draw(pen, view);
  drawTime(pen, view, scene, inks);
  drawNotes(pen, view, scene, inks);
  drawPedals(pen, view, scene, inks);
  pen.restore();
  drawKeyboard(pen, view, inks);
}

/** @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Inks} inks */
function drawLanes(pen, view, inks) {
  pen.fillStyle = inks.black_lane;
  for (let pitch = view.low; pitch <= view.high; pitch++) {
    if (isBlack(pitch)) pen.fillRect(KEYBOARD_PX, view.y(pitch), view.music_px, view.row_px);
  }
  pen.fillStyle = inks.grid;
  for (let pitch = view.low; pitch <= view.high; pitch++) {
    if (pitch % 12 === 0) pen.fillRect(KEYBOARD_PX, Math.round(view.y(pitch) + view.row_px) - 1, view.music_px, 1);
  }
}

/** Bars and beats where they are known, seconds where not. @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Scene} scene @param {Inks} inks */
function drawTime(pen, view, scene, inks) {
  const bottom = view.height - PEDALS_PX - RULER_PX;
  const line = (/** @type {number} */ sec, /** @type {string} */ ink) => {
    pen.fillStyle = ink;
    pen.fillRect(Math.round(view.x(sec)), RULER_PX, 1, bottom);
  };
  const beats = visible(scene.beats_sec, view);
  if (beats.length && view.music_px / beats.length > 9) for (const sec of beats) line(sec, inks.grid);
  for (const sec of visible(scene.downbeats_sec, view)) line(sec, inks.bar);
  pen.fillStyle = inks.ground;
  pen.fillRect(KEYBOARD_PX, 0, view.music_px, RULER_PX);
  pen.fillStyle = inks.bar;
  pen.fillRect(KEYBOARD_PX, RULER_PX - 1, view.music_px, 1);
  drawRuler(pen, view, scene, inks);
}

/** @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Scene} scene @param {Inks} inks */
function drawRuler(pen, view, scene, inks) {
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((sec) => sec * view.px_per_sec > 70) ?? 1200;
  pen.font = `11px ${fontOf(pen)}`;
  pen.fillStyle = inks.soft_ink;
  for (let sec = Math.max(0, Math.ceil(view.from_sec / step) * step); sec < view.to_sec; sec += step) {
    pen.fillRect(Math.round(view.x(sec)), RULER_PX - 6, 1, 5);
    pen.fillText(clock(sec, step < 1), view.x(sec) + 4, RULER_PX - 8);
  }
  const bars = scene.downbeats_sec;
  const first = lowerBound(bars, view.from_sec);
  const every = Math.max(1, Math.ceil(44 / (averageStep(bars) * view.px_per_sec)));
  pen.font = `600 11px ${fontOf(pen)}`;
  pen.fillStyle = inks.ink;
  for (let i = first; i < bars.length && bars[i] < view.to_sec; i++) {
    if (i % every === 0) pen.fillText(String(i + 1), view.x(bars[i]) + 4, 9);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Scene} scene @param {Inks} inks */
function drawNotes(pen, view, scene, inks) {
  const { first, last } = scene.index.span(view.from_sec, view.to_sec);
  const notes = scene.index.notes;
  if (last - first > DENSE_FROM) drawDense(pen, view, notes, first, last, (note) => inkOf(note, scene, inks));
  else drawFew(pen, view, scene, inks, first, last);
  if (scene.colouring === "verdict" && view.row_px > 4) for (let i = first; i < last; i++) if (scene.inventions.has(notes[i].id)) cross(pen, view, notes[i], inks);
  if (scene.misses && scene.colouring === "verdict") drawMisses(pen, view, scene.misses, inks);
  if (scene.selected.size) for (let i = first; i < last; i++) if (scene.selected.has(notes[i].id)) drawSelected(pen, view, notes[i], inks);
}

/** @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Scene} scene @param {Inks} inks @param {number} first @param {number} last */
function drawFew(pen, view, scene, inks, first, last) {
  const height = Math.max(1.5, view.row_px - (view.row_px > 4 ? 1 : 0));
  let style = "";
  for (let i = first; i < last; i++) {
    const note = scene.index.notes[i];
    if (note.offset_sec < view.from_sec) continue;
    const ink = inkOf(note, scene, inks);
    if (ink !== style) pen.fillStyle = style = ink;
    pen.fillRect(view.x(note.onset_sec), view.y(note.pitch), Math.max(1.5, (note.offset_sec - note.onset_sec) * view.px_per_sec - 0.5), height);
  }
}

/** @param {Note} note @param {Scene} scene @param {Inks} inks */
function inkOf(note, scene, inks) {
  if (scene.colouring === "velocity") return inks.velocity[inks.class(note.velocity, note.confidence)];
  if (scene.colouring === "hand") return note.hand === "left" ? inks.left : note.hand === "right" ? inks.right : inks.soft_ink;
  return scene.inventions.has(note.id) ? inks.invention : inks.hit;
}

/** An invention is crossed as well as coloured. @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Note} note @param {Inks} inks */
function cross(pen, view, note, inks) {
  const [x, y, w, h] = [view.x(note.onset_sec), view.y(note.pitch), Math.min(view.row_px, (note.offset_sec - note.onset_sec) * view.px_per_sec), view.row_px - 1];
  pen.strokeStyle = inks.ground;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x + 2, y + 2);
  pen.lineTo(x + w - 2, y + h - 2);
  pen.moveTo(x + w - 2, y + 2);
  pen.lineTo(x + 2, y + h - 2);
  pen.stroke();
}

/** A missed note is hollow: it is not there. @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {import("./notes.js").NoteIndex} misses @param {Inks} inks */
function drawMisses(pen, view, misses, inks) {
  pen.strokeStyle = inks.miss;
  pen.lineWidth = 1.5;
  for (const note of misses.between(view.from_sec, view.to_sec)) {
    pen.strokeRect(view.x(note.onset_sec) + 0.75, view.y(note.pitch) + 0.75, Math.max(2, (note.offset_sec - note.onset_sec) * view.px_per_sec - 1.5), view.row_px - 2);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Note} note @param {Inks} inks */
function drawSelected(pen, view, note, inks) {
  pen.strokeStyle = inks.ink;
  pen.lineWidth = 2;
  pen.strokeRect(view.x(note.onset_sec) - 1, view.y(note.pitch) - 1, Math.max(3, (note.offset_sec - note.onset_sec) * view.px_per_sec + 1.5), view.row_px + 1);
}

/** @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Scene} scene @param {Inks} inks */
function drawPedals(pen, view, scene, inks) {
  const top = view.height - PEDALS_PX;
  pen.fillStyle = inks.ground;
  pen.fillRect(KEYBOARD_PX, top, view.music_px, PEDALS_PX);
  pen.fillStyle = inks.bar;
  pen.fillRect(KEYBOARD_PX, top, view.music_px, 1);
  pen.fillStyle = inks.pedal;
  for (const [number, y, h] of [[64, 8, 9], [67, 3, 3], [66, 19, 3]]) {
    for (const [from, to] of pedalSpans(scene.pedals, number, scene.index.end_sec)) {
      if (to > view.from_sec && from < view.to_sec) pen.fillRect(view.x(from), top + y, Math.max(1, (to - from) * view.px_per_sec - 1), h);
    }
  }
}

/** @param {CanvasRenderingContext2D} pen @param {Viewport} view @param {Inks} inks */
function drawKeyboard(pen, view, inks) {
  const bottom = view.height - PEDALS_PX;
  pen.fillStyle = inks.ivory;
  pen.fillRect(0, RULER_PX, KEYBOARD_PX, bottom - RULER_PX);
  pen.font = `10px ${fontOf(pen)}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (let pitch = view.low; pitch <= view.high; pitch++) {
    const y = view.y(pitch);
    if (isBlack(pitch)) {
      pen.fillStyle = inks.ebony;
      pen.fillRect(0, y, KEYBOARD_PX * 0.58, view.row_px);
    } else if (pitch % 12 === 0 || pitch % 12 === 5) {
      pen.fillStyle = inks.bar; // the only two borders that no black key marks
      pen.fillRect(0, Math.round(y + view.row_px) - 1, KEYBOARD_PX, 1);
    }
    if (pitch % 12 === 0) {
      pen.fillStyle = "#4d4a44";
      pen.fillText(pitchName(pitch), KEYBOARD_PX - 5, y + view.row_px / 2);
    }
  }
  pen.fillStyle = inks.ground;
  pen.fillRect(0, 0, KEYBOARD_PX, RULER_PX);
  pen.fillRect(0, bottom, KEYBOARD_PX, PEDALS_PX);
  pen.fillStyle = inks.soft_ink;
  pen.fillText("ped.", KEYBOARD_PX - 6, bottom + PEDALS_PX / 2);
  pen.fillStyle = inks.bar;
  pen.fillRect(KEYBOARD_PX - 1, 0, 1, view.height);
}

/** @param {number[]} moments_sec @param {Viewport} view */
function visible(moments_sec, view) {
  return moments_sec.slice(lowerBound(moments_sec, view.from_sec), lowerBound(moments_sec, view.to_sec));
}

/** @param {number[]} moments_sec */
function averageStep(moments_sec) {
  return moments_sec.length > 1 ? (moments_sec[moments_sec.length - 1] - moments_sec[0]) / (moments_sec.length - 1) : 1;
}

/** @param {CanvasRenderingContext2D} pen */
function fontOf(pen) {
  return getComputedStyle(pen.canvas).fontFamily;
}
