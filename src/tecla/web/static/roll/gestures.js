/**
 * Hands on the roll: wheel and pinch scroll and zoom; a press on the ruler seeks, a drag there marks a passage; a press on a note selects
 * and plays it, a drag moves it, a drag at its end stretches it; a drag on empty ground selects; a double press adds a note.
 */

import { KEYBOARD_PX, RULER_PX } from "./viewport.js";

/**
 * @typedef {import("./notes.js").Note} Note
 * @typedef {object} Hooks
 * @property {(sec: number) => void} seek
 * @property {(passage: { from_sec: number, to_sec: number } | null) => void} mark
 * @property {(notes: Note[], add: boolean) => void} select
 * @property {(note: { pitch: number, velocity: number }) => void} hear
 * @property {(ids: Set<number>, move: { shift_sec: number, semitones: number, stretch_sec: number }, done: boolean) => void} move
 * @property {(sec: number, pitch: number) => void} add
 * @property {() => boolean} adding    whether a single press adds a note
 */

const MOVED_PX = 4;
const EDGE_PX = 7;

/** @param {import("./roll.js").Roll} roll @param {Hooks} hooks */
export function listen(roll, hooks) {
  const canvas = roll.moving;
  canvas.addEventListener("wheel", (/** @type {WheelEvent} */ event) => wheel(roll, event), { passive: false });
  /** @type {Map<number, PointerEvent>} */
  const fingers = new Map();
  /** @type {Drag | null} */
  let drag = null;
  canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    drag = fingers.size === 1 ? begin(roll, hooks, event) : null;
  });
  canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (fingers.size === 2 && fingers.has(event.pointerId)) pinch(roll, fingers, event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, event);
    if (drag) drag.to(event);
    else if (!fingers.size) canvas.style.cursor = cursorFor(roll, event);
  });
  const end = (/** @type {PointerEvent} */ event) => {
    fingers.delete(event.pointerId);
    drag?.end(event);
    drag = null;
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => {
    const { x, y } = place(roll, event);
    if (y > RULER_PX && x > KEYBOARD_PX && !roll.noteAt(x, y) && !hooks.adding()) hooks.add(roll.view.secAt(x), roll.view.pitchAt(y));
  });
}

/** @typedef {{ to: (event: PointerEvent) => void, end: (event: PointerEvent) => void }} Drag */

/** @param {import("./roll.js").Roll} roll @param {Hooks} hooks @param {PointerEvent} event @returns {Drag} */
function begin(roll, hooks, event) {
  const { x, y } = place(roll, event);
  if (x < KEYBOARD_PX) return keyPress(roll, hooks, y);
  if (y < RULER_PX) return rulerDrag(roll, hooks, x);
  const note = roll.noteAt(x, y);
  if (note) return noteDrag(roll, hooks, event, note);
  if (hooks.adding()) return addPress(roll, hooks, x, y);
  return event.pointerType === "touch" ? panDrag(roll, hooks, x) : rubberDrag(roll, hooks, event);
}

/** @param {import("./roll.js").Roll} roll @param {Hooks} hooks @param {number} y @returns {Drag} */
function keyPress(roll, hooks, y) {
  if (y > RULER_PX) hooks.hear({ pitch: roll.view.pitchAt(y), velocity: 72 });
  return { to: () => {}, end: () => {} };
}

/** @param {import("./roll.js").Roll} roll @param {Hooks} hooks @param {number} x @param {number} y @returns {Drag} */
function addPress(roll, hooks, x, y) {
  hooks.add(roll.view.secAt(x), roll.view.pitchAt(y));
  return { to: () => {}, end: () => {} };
}

/** @param {import("./roll.js").Roll} roll @param {Hooks} hooks @param {number} x0 @returns {Drag} */
function rulerDrag(roll, hooks, x0) {
  const from = roll.view.secAt(x0);
  let marked = false;
  return {
    to(event) {
      const { x } = place(roll, event);
      marked ||= Math.abs(x - x0) > MOVED_PX;
      const to = roll.view.secAt(x);
      if (marked) hooks.mark({ from_sec: Math.max(0, Math.min(from, to)), to_sec: Math.max(from, to) });
    },
    end() {
      if (!marked) hooks.seek(Math.max(0, from));
    },
  };
}

/** @param {import("./roll.js").Roll} roll @param {Hooks} hooks @param {number} x0 @returns {Drag} */
function panDrag(roll, hooks, x0) {
  const from_sec = roll.view.from_sec;
  let moved = false;
  return {
    to(event) {
      const { x } = place(roll, event);
      moved ||= Math.abs(x - x0) > MOVED_PX;
      if (moved) roll.scrollTo(from_sec - (x - x0) / roll.view.px_per_sec);
    },
    end() {
      if (!moved) hooks.select([], false);
      if (!moved) hooks.seek(Math.max(0, roll.view.secAt(x0)));
    },
  };
}

/** @param {import("./roll.js").Roll} roll @param {Hooks} hooks @param {PointerEvent} event @returns {Drag} */
function rubberDrag(roll, hooks, event) {
  const { x: x0, y: y0 } = place(roll, event);
  const add = event.shiftKey;
  return {
    to(event) {
      const { x, y } = place(roll, event);
      if (!roll.rubber && Math.hypot(x - x0, y - y0) < MOVED_PX) return;
      roll.rubber = { x0, y0, x1: x, y1: y };
      roll.moveCursor(roll.cursor_sec);
    },
    end() {
      const box = roll.rubber;
      roll.rubber = null;
      if (box) hooks.select(inside(roll, box), add);
      else if (!add) hooks.select([], false);
      if (!box) hooks.seek(Math.max(0, roll.view.secAt(x0)));
      roll.moveCursor(roll.cursor_sec);
    },
  };
}

/** @param {import("./roll.js").Roll} roll @param {Hooks} hooks @param {PointerEvent} event @param {Note} note @returns {Drag} */
function noteDrag(roll, hooks, event, note) {
  const { x: x0, y: y0 } = place(roll, event);
  const stretching = nearEnd(roll, note, x0);
  if (event.shiftKey || !roll.scene.selected.has(note.id)) hooks.select([note], event.shiftKey);
  hooks.hear(note);
  const ids = new Set(roll.scene.selected);
  let moved = false;
  let heard = note.pitch;
  const way = (/** @type {PointerEvent} */ event) => {
    const { x, y } = place(roll, event);
    const shift = (x - x0) / roll.view.px_per_sec;
    const semitones = roll.view.pitchAt(y) - roll.view.pitchAt(y0);
    return stretching ? { shift_sec: 0, semitones: 0, stretch_sec: shift } : { shift_sec: Math.abs(x - x0) > MOVED_PX ? shift : 0, semitones, stretch_sec: 0 };
  };
  return {
    to(event) {
      const { x, y } = place(roll, event);
      moved ||= Math.hypot(x - x0, y - y0) > MOVED_PX;
      if (!moved) return;
      const move = way(event);
      if (note.pitch + move.semitones !== heard) hooks.hear({ pitch: (heard = note.pitch + move.semitones), velocity: note.velocity });
      hooks.move(ids, move, false);
    },
    end(event) {
      if (moved) hooks.move(ids, way(event), true);
    },
  };
}

/** @param {import("./roll.js").Roll} roll @param {Note} note @param {number} x */
function nearEnd(roll, note, x) {
  const [left, right] = [roll.view.x(note.onset_sec), roll.view.x(note.offset_sec)];
  return right - x < Math.min(EDGE_PX, (right - left) / 3);
}

/** @param {import("./roll.js").Roll} roll @param {{ x0: number, y0: number, x1: number, y1: number }} box */
function inside(roll, { x0, y0, x1, y1 }) {
  const [low, high] = [roll.view.pitchAt(Math.max(y0, y1)), roll.view.pitchAt(Math.min(y0, y1))];
  const notes = roll.scene.index.between(roll.view.secAt(Math.min(x0, x1)), roll.view.secAt(Math.max(x0, x1)));
  return notes.filter((note) => note.pitch >= low && note.pitch <= high);
}

/** @param {import("./roll.js").Roll} roll @param {WheelEvent} event */
function wheel(roll, event) {
  event.preventDefault();
  const line_px = event.deltaMode === 1 ? 30 : 1;
  if (event.ctrlKey || event.metaKey) roll.zoom(Math.exp(-event.deltaY * line_px * 0.01), roll.view.secAt(place(roll, event).x));
  else roll.scrollTo(roll.view.from_sec + ((event.deltaX || event.deltaY) * line_px) / roll.view.px_per_sec);
}

/** @param {import("./roll.js").Roll} roll @param {Map<number, PointerEvent>} fingers @param {PointerEvent} event */
function pinch(roll, fingers, event) {
  const still = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
  const before = fingers.get(event.pointerId);
  if (!still || !before) return;
  const middle_sec = roll.view.secAt((place(roll, still).x + place(roll, event).x) / 2);
  const apart = (/** @type {PointerEvent} */ finger) => Math.max(20, Math.hypot(finger.clientX - still.clientX, finger.clientY - still.clientY));
  roll.zoom(apart(event) / apart(before), middle_sec);
}

/** @param {import("./roll.js").Roll} roll @param {PointerEvent} event */
function cursorFor(roll, event) {
  const { x, y } = place(roll, event);
  if (x < KEYBOARD_PX) return "pointer";
  if (y < RULER_PX) return "col-resize";
  const note = roll.noteAt(x, y);
  if (note) return nearEnd(roll, note, x) ? "ew-resize" : "grab";
  return "crosshair";
}

/** @param {import("./roll.js").Roll} roll @param {MouseEvent} event */
function place(roll, event) {
  const box = roll.moving.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
