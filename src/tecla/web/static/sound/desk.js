/** The one audio context of the page and its piano. Browsers let a page sound only after a press, so it is made with the first one. */

import { Grand } from "./grand.js";

/** @type {{ context: AudioContext, grand: Grand } | null} */
let made = null;

/** @returns {{ context: AudioContext, grand: Grand }} */
export function desk() {
  if (!made) {
    const context = new AudioContext({ latencyHint: "interactive" });
    made = { context, grand: new Grand(context) };
  }
  if (made.context.state === "suspended") void made.context.resume();
  return made;
}

/** Sounds one key at once. @param {{ pitch: number, velocity: number }} note @param {number} [long_sec] */
export function hear({ pitch, velocity }, long_sec = 0.9) {
  const { context, grand } = desk();
  void grand.prepare([{ pitch, velocity }]).then(() => grand.strike(pitch, velocity, context.currentTime, long_sec, context.destination));
}
