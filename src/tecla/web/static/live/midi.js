/** A keyboard on the MIDI port, where the browser has Web MIDI: its keys sound, and are written down as they are played. */

/**
 * @typedef {object} Ear
 * @property {(pitch: number, velocity: number, time_ms: number) => void} down
 * @property {(pitch: number, time_ms: number) => void} up
 * @property {(number: number, value: number, time_ms: number) => void} pedal
 */

const NOTE_OFF = 0x80;
const NOTE_ON = 0x90;
const CONTROL = 0xb0;
const PEDALS = new Set([64, 66, 67]);

export const hasMidi = () => "requestMIDIAccess" in navigator;

/** @param {Ear} ear @returns {Promise<{ names: string[], close: () => void }>} the keyboards that are there */
export async function openKeyboards(ear) {
  const access = await navigator.requestMIDIAccess();
  const inputs = [...access.inputs.values()];
  for (const input of inputs) input.onmidimessage = (event) => event.data && read(ear, event.data, event.timeStamp);
  return { names: inputs.map((input) => input.name ?? "MIDI"), close: () => inputs.forEach((input) => (input.onmidimessage = null)) };
}

/** @param {Ear} ear @param {Uint8Array} message @param {number} time_ms */
export function read(ear, [status, first, second], time_ms) {
  const kind = status & 0xf0;
  if (kind === NOTE_ON && second > 0) ear.down(first, second, time_ms);
  else if (kind === NOTE_OFF || kind === NOTE_ON) ear.up(first, time_ms);
  else if (kind === CONTROL && PEDALS.has(first)) ear.pedal(first, second, time_ms);
}
