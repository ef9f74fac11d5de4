/** Numbers and moments as a musician reads them. */

import { language } from "./words.js";

const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const NAMES_ES = ["do", "do♯", "re", "re♯", "mi", "fa", "fa♯", "sol", "sol♯", "la", "la♯", "si"];

/** `125.3` -> "2:05"; with tenths "2:05.3". @param {number} seconds @param {boolean} [tenths] */
export function clock(seconds, tenths = false) {
  const whole = Math.max(0, tenths ? Math.floor(seconds * 10) / 10 : Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const rest = whole - minutes * 60;
  return `${minutes}:${tenths ? rest.toFixed(1).padStart(4, "0") : String(Math.floor(rest)).padStart(2, "0")}`;
}

/** A key's name with its octave; C4 is middle C (MIDI 60). @param {number} pitch */
export function pitchName(pitch) {
  const names = language() === "es" ? NAMES_ES : NAMES;
  return `${names[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

/** A moment, near or far. @param {string | number} moment an ISO text, or seconds since 1970 */
export function day(moment) {
  const date = new Date(typeof moment === "number" ? moment * 1000 : moment);
  if (Number.isNaN(date.valueOf())) return "";
  const near = Date.now() - date.valueOf() < 20 * 3600 * 1000;
  const locale = navigator.languages.find((one) => one.startsWith(language())) ?? language(); // en-GB writes the hour otherwise than en-US
  return date.toLocaleString(locale, near ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short", year: "numeric" });
}

/** @param {number} part 0..1 */
export const percent = (part) => `${(part * 100).toFixed(1)} %`;
