/**
 * The roll's colours, after tecla's own palette: velocity runs along a path in OKLCH whose contrast with the ground grows evenly from
 * soft to loud, so it reads in grey and to every kind of eye; the hue only helps. Confidence is opacity.
 */

const HUES = [95, 55, 15, -30, -70];
const LIGHT = { lightness: [0.8, 0.71, 0.6, 0.46, 0.32], chroma: [0.1, 0.13, 0.17, 0.17, 0.14] };
const DARK = { lightness: [0.5, 0.6, 0.68, 0.76, 0.85], chroma: [0.07, 0.1, 0.14, 0.13, 0.09] };
const VELOCITY_STEPS = 32;
const OPACITY_STEPS = 8;

/** @typedef {"velocity" | "hand" | "verdict"} Colouring */

/** Fill styles by class of note; one number a class, so that notes can be drawn class by class. */
export class Inks {
  /** @param {HTMLElement} element where the theme's custom properties are read */
  constructor(element) {
    this.dark = getComputedStyle(element).colorScheme.trim() === "dark" || isDark(element);
    /** @type {string[]} */
    this.velocity = [];
    for (let v = 0; v < VELOCITY_STEPS; v++) {
      for (let o = 0; o < OPACITY_STEPS; o++) this.velocity.push(velocityColour((v + 0.5) / VELOCITY_STEPS, 0.3 + (0.7 * o) / (OPACITY_STEPS - 1), this.dark));
    }
    const named = (/** @type {string} */ name) => resolved(element, name);
    this.ground = named("--roll-white");
    this.black_lane = named("--roll-black");
    this.grid = named("--roll-grid");
    this.bar = named("--roll-bar");
    this.ink = named("--ink");
    this.soft_ink = named("--ink-soft");
    this.accent = named("--accent");
    this.pedal = named("--roll-pedal");
    this.ivory = named("--ivory");
    this.ebony = named("--ebony");
    this.hit = named("--hit");
    this.miss = named("--miss");
    this.invention = named("--invention");
    this.right = named("--hand-right");
    this.left = named("--hand-left");
  }

  /** The class of a note among `velocity`. @param {number} velocity @param {number} confidence */
  class(velocity, confidence) {
    const v = Math.min(VELOCITY_STEPS - 1, (velocity * VELOCITY_STEPS) >> 7);
    const o = Math.min(OPACITY_STEPS - 1, Math.floor(confidence * OPACITY_STEPS));
    return v * OPACITY_STEPS + o;
  }
}

/** @param {number} part 0 softest .. 1 loudest @param {number} opacity @param {boolean} dark */
export function velocityColour(part, opacity, dark) {
  const path = dark ? DARK : LIGHT;
  const at = Math.min(0.9999, Math.max(0, part)) * (HUES.length - 1);
  const i = Math.floor(at);
  const between = (/** @type {number[]} */ stops) => stops[i] + (stops[i + 1] - stops[i]) * (at - i);
  return `oklch(${between(path.lightness).toFixed(3)} ${between(path.chroma).toFixed(3)} ${between(HUES).toFixed(1)} / ${opacity.toFixed(2)})`;
}

/** A custom property as the browser resolves it for this theme. @param {HTMLElement} element @param {string} name */
function resolved(element, name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** @param {HTMLElement} element */
function isDark(element) {
  const [red, green, blue] = (resolved(element, "--paper").match(/[\d.]+/g) ?? ["255", "255", "255"]).map(Number);
  return red + green + blue < 3 * 128;
}
