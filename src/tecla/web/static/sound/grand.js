/**
 * The sampled grand in the browser: tecla's own samples (Salamander, CC BY 3.0), fetched key by key when they are first needed. A key in
 * between is its neighbour at another speed. Where a browser cannot decode them, a plain struck tone stands in.
 */

const STRUCK_SEC = 5;
const QUIETEST = 0.075; // square root of the amplitude at velocity 0, as in tecla's own sampler
const LOUDNESS = 0.9;
const LAYER_VELOCITY = /** @type {Record<number, number>} */ ({ 4: 40, 8: 60, 12: 92, 16: 124 });
const DAMPER_SEC = 0.09;
const HIGHEST_DAMPED = 88; // above, a piano has no dampers

/** @typedef {{ file: string, pitch: number, layer: number, gain_db: number }} Region */

export class Grand {
  /** @param {BaseAudioContext} context */
  constructor(context) {
    this.context = context;
    /** @type {Map<string, Promise<AudioBuffer | null>>} */
    this.fetched = new Map();
    /** @type {Map<string, AudioBuffer | null>} */
    this.ready = new Map();
    /** @type {Promise<Region[]> | null} */
    this.bank = null;
    /** @type {Region[]} */
    this.regions = [];
  }

  /** Fetches what some notes need, several at a time; resolves when all of it is there. @param {{ pitch: number, velocity: number }[]} notes */
  async prepare(notes) {
    this.bank ??= fetch("/api/piano/bank.json").then(async (answer) => (answer.ok ? (await answer.json()).regions : []), () => []);
    this.regions = await this.bank;
    const wanted = new Map(notes.map((note) => this.region(note.pitch, note.velocity)).filter((region) => region !== null).map((region) => [region.file, region]));
    await Promise.all([...wanted.values()].map((region) => this.fetch(region.file)));
  }

  /** @param {string} file @returns {Promise<AudioBuffer | null>} */
  fetch(file) {
    let known = this.fetched.get(file);
    if (!known) {
      known = fetch(`/api/piano/${file}`).then(async (answer) => (answer.ok ? this.context.decodeAudioData(await answer.arrayBuffer()) : null)).catch(() => null);
      this.fetched.set(file, known);
      void known.then((sound) => this.ready.set(file, sound));
    }
    return known;
  }

  /** The nearest recorded stroke. @param {number} pitch @param {number} velocity @returns {Region | null} */
  region(pitch, velocity) {
    /** @type {Region | null} */
    let best = null;
    let least = Infinity;
    for (const region of this.regions) {
      const far = Math.abs(region.pitch - pitch) * 1000 + Math.abs(LAYER_VELOCITY[region.layer] - velocity);
      if (far < least) [best, least] = [region, far];
    }
    return best;
  }

  /**
   * Sounds a key.
   * @param {number} pitch @param {number} velocity @param {number} when_sec on the context's clock
   * @param {number} long_sec until the damper falls; Infinity for a key that is held
   * @param {AudioNode} out @returns {(when_sec: number) => void} drops the damper
   */
  strike(pitch, velocity, when_sec, long_sec, out) {
    const region = this.region(pitch, velocity);
    const sound = region && this.ready.get(region.file);
    const level = LOUDNESS * (QUIETEST + ((1 - QUIETEST) * velocity) / 127) ** 2;
    const gain = this.context.createGain();
    gain.connect(out);
    const source = sound ? this.recorded(sound, region, pitch, gain, level) : this.struck(pitch, gain, level, when_sec);
    source.start(when_sec);
    if (!sound) source.stop(when_sec + STRUCK_SEC);
    source.onended = () => gain.disconnect();
    const damp = (/** @type {number} */ at_sec) => {
      const damper_sec = pitch > HIGHEST_DAMPED ? 0.6 : DAMPER_SEC;
      const from_sec = Math.max(at_sec, this.context.currentTime);
      gain.gain.cancelScheduledValues(from_sec);
      gain.gain.setTargetAtTime(0, from_sec, damper_sec);
      source.stop(from_sec + damper_sec * 7);
    };
    if (Number.isFinite(long_sec)) damp(when_sec + long_sec);
    return damp;
  }

  /** @param {AudioBuffer} sound @param {Region} region @param {number} pitch @param {GainNode} gain @param {number} level */
  recorded(sound, region, pitch, gain, level) {
    const source = this.context.createBufferSource();
    source.buffer = sound;
    source.playbackRate.value = 2 ** ((pitch - region.pitch) / 12);
    gain.gain.value = level * 10 ** (region.gain_db / 20);
    source.connect(gain);
    return source;
  }

  /** In place of a sample that is not there yet. @param {number} pitch @param {GainNode} gain @param {number} level @param {number} when_sec */
  struck(pitch, gain, level, when_sec) {
    const source = this.context.createOscillator();
    source.type = "triangle";
    source.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
    gain.gain.setValueAtTime(0.35 * level, when_sec);
    gain.gain.setTargetAtTime(0, when_sec, 0.7);
    source.connect(gain);
    return source;
  }
}
