/**
 * Notes, and finding those of a stretch of time without looking at the others.
 *
 * @typedef {object} Note
 * @property {number} id          the same through every edit
 * @property {number} onset_sec
 * @property {number} offset_sec
 * @property {number} pitch       MIDI, 21..108
 * @property {number} velocity    1..127
 * @property {number} confidence  0..1
 * @property {"left" | "right" | undefined} [hand]
 *
 * @typedef {{ time_sec: number, number: number, value: number }} Pedal
 */

export const LOWEST = 21;
export const HIGHEST = 108;

/** Notes in order of onset, with the furthest offset so far beside each: both are searched by halves. */
export class NoteIndex {
  /** @param {Note[]} notes in any order */
  constructor(notes) {
    this.notes = [...notes].sort((a, b) => a.onset_sec - b.onset_sec || a.pitch - b.pitch);
    this.onsets = Float64Array.from(this.notes, (note) => note.onset_sec);
    this.reach = new Float64Array(this.notes.length);
    let furthest = 0;
    this.notes.forEach((note, i) => (this.reach[i] = furthest = Math.max(furthest, note.offset_sec)));
    this.end_sec = furthest;
  }

  /** Where the notes that may sound between two moments begin and end: `notes.slice(first, last)`. @param {number} from_sec @param {number} to_sec */
  span(from_sec, to_sec) {
    return { first: lowerBound(this.reach, from_sec), last: lowerBound(this.onsets, to_sec) };
  }

  /** The notes that sound between two moments. @param {number} from_sec @param {number} to_sec @returns {Note[]} */
  between(from_sec, to_sec) {
    const { first, last } = this.span(from_sec, to_sec);
    return this.notes.slice(first, last).filter((note) => note.offset_sec > from_sec);
  }

  /** The lowest and highest pitch, or the middle of the keyboard where there are no notes. */
  get range() {
    if (!this.notes.length) return { low: 48, high: 72 };
    let low = HIGHEST;
    let high = LOWEST;
    for (const { pitch } of this.notes) {
      if (pitch < low) low = pitch;
      if (pitch > high) high = pitch;
    }
    return { low, high };
  }
}

/** The first index whose value is not below `wanted`. @param {ArrayLike<number>} sorted @param {number} wanted */
export function lowerBound(sorted, wanted) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * When a pedal is down, as [from_sec, to_sec].
 * @param {Pedal[]} pedals @param {number} number 64 sustain, 66 sostenuto, 67 soft @param {number} end_sec
 */
export function pedalSpans(pedals, number, end_sec) {
  /** @type {[number, number][]} */
  const spans = [];
  let since = -1;
  for (const pedal of pedals) {
    if (pedal.number !== number) continue;
    const down = pedal.value >= 64;
    if (down && since < 0) since = pedal.time_sec;
    if (!down && since >= 0) spans.push([since, pedal.time_sec]);
    if (!down) since = -1;
  }
  if (since >= 0) spans.push([since, Math.max(end_sec, since)]);
  return spans;
}

/** @param {number} pitch */
export const isBlack = (pitch) => [1, 3, 6, 8, 10].includes(pitch % 12);
