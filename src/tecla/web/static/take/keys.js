/** The keyboard on an open take: what a hand does with the mouse, a key does too. */

import { hear } from "../sound/desk.js";
import { moving } from "./draft.js";
import { toggle } from "./player.js";

const NUDGE_SEC = 0.01;

/**
 * @param {import("./session.js").Session} session @param {import("../roll/roll.js").Roll} roll
 * @param {import("../sound/transport.js").Transport} transport
 * @param {Doings} deeds
 * @returns {(event: KeyboardEvent) => void}
 */
export function keyboard(session, roll, transport, deeds) {
  return (event) => {
    const on = /** @type {HTMLElement} */ (event.target);
    if (on.closest("input:not([type=range]), textarea, select, dialog, [contenteditable]")) return;
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key; // with Shift or Caps Lock a letter is the same key
    const act = control ? CONTROL[key] : key === " " && on.closest("button, summary, a") ? undefined : ANYWHERE[key];
    const context = { session, roll, transport, deeds, event };
    const deed = act ?? (on === roll.moving ? (control ? ROLL_CONTROL : ROLL)[event.key] : undefined);
    if (!deed || (on.matches("input[type=range]") && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    deed(context);
  };
}

/**
 * @typedef {{ save: () => void, loop: () => void, add: () => void, adding: () => boolean, place: (sec: number, pitch: number) => void }} Doings
 * @typedef {{ session: import("./session.js").Session, roll: import("../roll/roll.js").Roll, transport: import("../sound/transport.js").Transport, deeds: Doings, event: KeyboardEvent }} Context
 * @typedef {Record<string, (context: Context) => void>} Deeds
 */

/** @type {Deeds} */
const CONTROL = {
  z: ({ session, event }) => (event.shiftKey ? session.draft.redo() : session.draft.undo()),
  y: ({ session }) => session.draft.redo(),
  s: ({ deeds }) => deeds.save(),
  a: ({ session }) => session.select(session.index.notes.map((note) => note.id)),
};

/** @type {Deeds} */
const ANYWHERE = {
  " ": ({ transport }) => toggle(transport),
  l: ({ deeds }) => deeds.loop(),
  n: ({ deeds }) => deeds.add(),
  "+": ({ roll }) => roll.zoom(1.5),
  "-": ({ roll }) => roll.zoom(1 / 1.5),
  Delete: ({ session }) => session.selected.size && session.draft.remove(session.selected),
  Backspace: ({ session }) => session.selected.size && session.draft.remove(session.selected),
  Escape: ({ session }) => session.select([]),
};

/** @type {Deeds} */
const ROLL = {
  ArrowRight: (context) => step(context, 1),
  ArrowLeft: (context) => step(context, -1),
  ArrowUp: (context) => move(context, { semitones: context.event.shiftKey ? 12 : 1 }),
  ArrowDown: (context) => move(context, { semitones: context.event.shiftKey ? -12 : -1 }),
  ",": (context) => move(context, { stretch_sec: -NUDGE_SEC }),
  ".": (context) => move(context, { stretch_sec: NUDGE_SEC }),
  "[": (context) => louder(context, -4),
  "]": (context) => louder(context, 4),
  Enter: ({ session, transport, deeds }) => (deeds.adding() ? deeds.place(transport.position_sec, session.pitch) : session.selection.forEach((note) => hear(note))),
  Home: ({ transport }) => transport.seek(0),
  End: ({ transport }) => transport.seek(transport.end_sec),
};

/** @type {Deeds} */
const ROLL_CONTROL = {
  ArrowRight: (context) => move(context, { shift_sec: NUDGE_SEC }),
  ArrowLeft: (context) => move(context, { shift_sec: -NUDGE_SEC }),
};

/** Selects the next or the previous note, the first at the cursor. @param {Context} context @param {1 | -1} by */
function step({ session, roll, transport, event }, by) {
  const notes = session.index.notes;
  if (!notes.length) return;
  const chosen = notes.map((note, i) => (session.selected.has(note.id) ? i : -1)).filter((i) => i >= 0);
  const at = chosen.length ? (by > 0 ? chosen[chosen.length - 1] : chosen[0]) + by : Math.max(0, notes.findIndex((note) => note.onset_sec >= transport.position_sec));
  const note = notes[Math.min(notes.length - 1, Math.max(0, at))];
  session.select([note.id], event.shiftKey);
  roll.reveal(note);
  hear(note);
}

/** @param {Context} context @param {Partial<{ shift_sec: number, semitones: number, stretch_sec: number }>} way */
function move({ session }, way) {
  if (!session.selected.size) return;
  session.draft.edit(session.selected, moving(session.selection, { shift_sec: 0, semitones: 0, stretch_sec: 0, ...way }));
  if (way.semitones && session.selection[0]) hear(session.selection[0]);
}

/** @param {Context} context @param {number} by */
function louder({ session }, by) {
  if (session.selected.size) session.draft.edit(session.selected, (note) => ({ ...note, velocity: Math.min(127, Math.max(1, note.velocity + by)) }));
}
