/** Corrections that are no version yet, kept while the window is open: over a reload, a change of language, a look at the library. */

/** @typedef {{ number: number, state: import("./draft.js").State }} Unsaved */

const key = (/** @type {string} */ take) => `tecla.unsaved.${take}`;

/** @param {string} take @param {Unsaved | null} unsaved null forgets */
export function keepUnsaved(take, unsaved) {
  try {
    if (unsaved) sessionStorage.setItem(key(take), JSON.stringify(unsaved));
    else sessionStorage.removeItem(key(take));
  } catch {
    // No room or no storage: the window's own warning before it closes still stands.
  }
}

/** @param {string} take @returns {Unsaved | null} */
export function unsavedOf(take) {
  try {
    return JSON.parse(sessionStorage.getItem(key(take)) ?? "null");
  } catch {
    return null;
  }
}
