/**
 * What is being corrected: notes, pedals and wishes, every state of them kept, so that any step can be undone. Nothing here touches a
 * page or a network; a draft becomes a version only when it is saved.
 */

import { HIGHEST, LOWEST } from "../roll/notes.js";

/**
 * @typedef {import("../roll/notes.js").Note} Note
 * @typedef {{ notes: Note[], pedals: import("../roll/notes.js").Pedal[], wishes: Record<string, any> }} State
 */

const SHORTEST_SEC = 0.02;
const KEPT_STATES = 500;

export class Draft extends EventTarget {
  /** @param {State} state */
  constructor(state) {
    super();
    this.past = /** @type {State[]} */ ([]);
    this.future = /** @type {State[]} */ ([]);
    this.state = state;
    this.saved = state;
    this.next_id = state.notes.reduce((most, note) => Math.max(most, note.id), -1) + 1;
  }

  get changed() {
    return this.state !== this.saved;
  }

  /** Takes a step that can be undone. @param {Partial<State>} change */
  step(change) {
    this.past.push(this.state);
    if (this.past.length > KEPT_STATES) this.past.shift();
    this.future = [];
    this.become({ ...this.state, ...change });
  }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    this.future.push(this.state);
    this.become(before);
  }

  redo() {
    const after = this.future.pop();
    if (!after) return;
    this.past.push(this.state);
    this.become(after);
  }

  /** A state is a version now. @param {State} state */
  markSaved(state) {
    this.saved = state;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {State} state */
  become(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }

  /** Replaces some notes. @param {Set<number>} ids @param {(note: Note) => Note} replace */
  edit(ids, replace) {
    this.step({ notes: edited(this.state.notes, ids, replace) });
  }

  /** @param {Set<number>} ids */
  remove(ids) {
    this.step({ notes: this.state.notes.filter((note) => !ids.has(note.id)) });
  }

  /** @param {Omit<Note, "id">} note @returns {Note} */
  add(note) {
    const id = this.state.notes.reduce((next, one) => Math.max(next, one.id + 1), this.next_id); // what was kept over a reload has ids, too
    const whole = { ...note, id };
    this.next_id = id + 1;
    this.step({ notes: [...this.state.notes, whole] });
    return whole;
  }

  /** @param {Record<string, any>} wishes */
  wish(wishes) {
    this.step({ wishes: { ...this.state.wishes, ...wishes } });
  }
}

/** @param {Note[]} notes @param {Set<number>} ids @param {(note: Note) => Note} replace */
export function edited(notes, ids, replace) {
  return notes.map((note) => (ids.has(note.id) ? replace(note) : note));
}

/**
 * Moves notes in time and pitch, or stretches them: all alike, and as far as all of them stay on the keyboard and within the recording.
 * @param {Note[]} notes @param {{ shift_sec: number, semitones: number, stretch_sec: number }} move @returns {(note: Note) => Note}
 */
export function moving(notes, { shift_sec, semitones, stretch_sec }) {
  const least = (/** @type {(note: Note) => number} */ room) => notes.reduce((most, note) => Math.max(0, Math.min(most, room(note))), Infinity);
  const shift = Math.max(shift_sec, -least((note) => note.onset_sec));
  const steps = Math.min(least((note) => HIGHEST - note.pitch), Math.max(-least((note) => note.pitch - LOWEST), semitones));
  return (note) => ({
    ...note,
    onset_sec: note.onset_sec + shift,
    offset_sec: Math.max(note.onset_sec + shift + SHORTEST_SEC, note.offset_sec + shift + stretch_sec),
    pitch: note.pitch + steps,
    confidence: 1, // a person has looked at it
  });
}
