/** Notes as they come in while someone plays, from the network or from a keyboard; those still held end where the present is. */

export class Played {
  constructor() {
    /** @type {Map<number | string, import("../roll/notes.js").Note & { held: boolean }>} */
    this.notes = new Map();
    /** @type {import("../roll/notes.js").Pedal[]} */
    this.pedals = [];
    this.next_id = 0;
  }

  /** A note begins, or is heard better. @param {number | string} key what calls it @param {{ onset_sec: number, offset_sec?: number | null, pitch: number, velocity: number, confidence?: number }} note */
  put(key, note) {
    const id = this.notes.get(key)?.id ?? this.next_id++;
    const held = note.offset_sec === null || note.offset_sec === undefined;
    this.notes.set(key, { ...note, id, held, offset_sec: note.offset_sec ?? note.onset_sec + 0.05, confidence: note.confidence ?? 1 });
  }

  /** @param {number | string} key @param {number} offset_sec */
  end(key, offset_sec) {
    const note = this.notes.get(key);
    if (note) this.notes.set(key, { ...note, held: false, offset_sec: Math.max(note.onset_sec + 0.02, offset_sec) });
  }

  /** All notes, those held reaching to now. @param {number} now_sec @returns {import("../roll/notes.js").Note[]} */
  at(now_sec) {
    return [...this.notes.values()].map((note) => (note.held ? { ...note, offset_sec: Math.max(note.offset_sec, now_sec) } : note));
  }

  /** As tecla's own JSON, a file like any other. @param {number} now_sec */
  file(now_sec) {
    const notes = this.at(now_sec).map(({ onset_sec, offset_sec, pitch, velocity, confidence }) => ({ onset_sec, offset_sec, pitch, velocity, confidence }));
    return JSON.stringify({ notes, pedals: this.pedals });
  }
}
