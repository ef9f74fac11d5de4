/** What the user has chosen, kept in this browser. */

/** @param {string} name @param {any} fallback @returns {any} */
export function preference(name, fallback) {
  try {
    const kept = localStorage.getItem(`tecla.${name}`);
    return kept === null ? fallback : JSON.parse(kept);
  } catch {
    return fallback; // storage may be switched off, and what lies there may be anyone's
  }
}

/** @param {string} name @param {any} value */
export function prefer(name, value) {
  try {
    localStorage.setItem(`tecla.${name}`, JSON.stringify(value));
  } catch {
    // A browser without storage forgets; nothing else is lost.
  }
}
