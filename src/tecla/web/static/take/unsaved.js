/** Corrections that are no version yet, kept while the window is open: over a reload, a change of language, a look at another version. */

/** @typedef {import("./draft.js").State} State */

const prefix = (/** @type {string} */ take) => `tecla.unsaved.${take}.`;

/** @param {string} take @param {number} version that they correct @param {State | null} state null forgets */
export function keepUnsaved(take, version, state) {
  const key = `${prefix(take)}${version}`;
  try {
    if (state) sessionStorage.setItem(key, JSON.stringify(state));
    else sessionStorage.removeItem(key);
  } catch {
    // No room or no storage: the window's own warning before it closes still stands.
  }
}

/** @param {string} take @param {number} version @returns {State | null} */
export function unsavedOf(take, version) {
  try {
    return JSON.parse(sessionStorage.getItem(`${prefix(take)}${version}`) ?? "null");
  } catch {
    return null;
  }
}

/** The versions of a take with such corrections, the oldest first. @param {string} take @returns {number[]} */
export function unsavedVersions(take) {
  try {
    const mine = Object.keys(sessionStorage).filter((key) => key.startsWith(prefix(take)));
    return mine.map((key) => Number(key.slice(prefix(take).length))).sort((a, b) => a - b);
  } catch {
    return [];
  }
}
