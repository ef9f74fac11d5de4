/** Sound that is nowhere but in this window: while there is any, the browser asks before the window closes. */

/** @type {Set<symbol>} */
const held = new Set();

/** Holds something until it is let go. @returns {() => void} lets it go */
export function hold() {
  const thing = Symbol();
  held.add(thing);
  return () => held.delete(thing);
}

window.addEventListener("beforeunload", (event) => held.size && event.preventDefault());
