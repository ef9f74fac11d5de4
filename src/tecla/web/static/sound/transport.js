/**
 * Plays a take: the recording, what was heard in it on the sampled grand, or one in each ear; a metronome; loops; slower without being
 * lower. The recording's own clock leads where there is one, so that notes never drift from it.
 */

import { lowerBound, pedalSpans } from "../roll/notes.js";
import { desk } from "./desk.js";

/**
 * @typedef {import("../roll/notes.js").Note} Note
 * @typedef {"both" | "original" | "heard"} Listening
 */

const AHEAD_SEC = 0.25;
const TICK_MS = 60;
const FIRST_SAMPLES_SEC = 8;

export class Transport extends EventTarget {
  /** @param {string | null} sound_url the recording, or null where a take has none */
  constructor(sound_url) {
    super();
    this.media = sound_url ? Object.assign(new Audio(), { src: sound_url, preload: "metadata", preservesPitch: true }) : null;
    this.playing = false;
    this.rate = 1;
    /** @type {{ from_sec: number, to_sec: number } | null} */
    this.passage = null;
    this.looping = false;
    /** @type {Listening} */
    this.listening = this.media ? "original" : "heard";
    this.volumes = { original: 0.9, heard: 0.9, metronome: 0.6 };
    this.metronome = false;
    /** @type {Note[]} */
    this.notes = [];
    this.onsets = new Float64Array();
    this.ends = new Float64Array();
    this.beats_sec = /** @type {number[]} */ ([]);
    this.downbeats = new Set();
    this.end_sec = 0;
    this.at_sec = 0; // where a pause stands, or where the present stretch of playing began ...
    this.since_sec = 0; // ... on the context's clock
    this.planned_sec = 0;
    /** @type {((when_sec: number) => void)[]} */
    this.sounding = [];
    this.media?.addEventListener("error", () => this.dispatchEvent(new Event("unplayable")));
  }

  /** @param {Note[]} notes in order of onset @param {import("../roll/notes.js").Pedal[]} pedals @param {number} end_sec */
  setNotes(notes, pedals, end_sec) {
    this.notes = notes;
    this.onsets = Float64Array.from(notes, (note) => note.onset_sec);
    const spans = pedalSpans(pedals, 64, end_sec);
    const rises = spans.map(([, to]) => to);
    this.ends = Float64Array.from(notes, (note) => {
      const span = spans[lowerBound(rises, note.offset_sec)];
      return span && span[0] <= note.offset_sec ? span[1] : note.offset_sec;
    });
    this.end_sec = end_sec;
  }

  /** @param {number[]} beats_sec @param {number[]} downbeats_sec */
  setBeats(beats_sec, downbeats_sec) {
    this.beats_sec = beats_sec;
    this.downbeats = new Set(downbeats_sec.map((sec) => Math.round(sec * 1000)));
  }

  /** Where the music is, in seconds. */
  get position_sec() {
    if (!this.playing) return this.at_sec;
    if (this.media) return this.media.currentTime;
    return this.at_sec + (desk().context.currentTime - this.since_sec) * this.rate;
  }

  async play() {
    if (this.playing) return;
    const { context, grand } = desk();
    this.wire(context);
    if (this.at_sec >= this.end_sec - 0.05) this.at_sec = this.passage && this.looping ? this.passage.from_sec : 0;
    const first = lowerBound(this.onsets, this.at_sec);
    const soon = lowerBound(this.onsets, this.at_sec + FIRST_SAMPLES_SEC);
    if (this.listening !== "original") await grand.prepare(this.notes.slice(first, soon));
    void grand.prepare(this.notes.slice(soon)).then(() => grand.prepare(this.notes.slice(0, first)));
    await this.start();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.dispatchEvent(new Event("state"));
  }

  pause() {
    if (!this.playing) return;
    this.at_sec = this.position_sec;
    this.playing = false;
    this.media?.pause();
    clearInterval(this.timer);
    this.silence();
    this.dispatchEvent(new Event("state"));
  }

  /** @param {number} sec */
  seek(sec) {
    this.at_sec = Math.max(0, Math.min(sec, this.end_sec));
    if (this.media) this.media.currentTime = this.at_sec;
    if (this.playing) this.restart();
    this.dispatchEvent(new Event("seek"));
  }

  /** @param {number} rate 1 is as played */
  setRate(rate) {
    this.at_sec = this.position_sec;
    this.rate = rate;
    if (this.media) this.media.playbackRate = rate;
    if (this.playing) this.restart();
  }

  /** @param {Listening} listening */
  setListening(listening) {
    this.listening = listening;
    this.mix();
    if (this.playing) this.restart();
  }

  /** Sets levels and sides. */
  mix() {
    if (!this.strips) return;
    const { original, heard, metronome } = this.strips;
    const both = this.listening === "both";
    original.gain.gain.value = this.listening === "heard" ? 0 : this.volumes.original;
    heard.gain.gain.value = this.listening === "original" ? 0 : this.volumes.heard;
    metronome.gain.gain.value = this.volumes.metronome;
    original.side.pan.value = both ? -1 : 0;
    heard.side.pan.value = both ? 1 : 0;
  }

  close() {
    this.pause();
    this.media?.removeAttribute("src");
    this.media?.load();
    if (this.strips) for (const { side } of Object.values(this.strips)) side.disconnect();
  }

  /** @param {AudioContext} context */
  wire(context) {
    if (this.strips) return;
    const strip = () => {
      const gain = context.createGain();
      const side = context.createStereoPanner();
      gain.connect(side).connect(context.destination);
      return { gain, side };
    };
    this.strips = { original: strip(), heard: strip(), metronome: strip() };
    if (this.media) context.createMediaElementSource(this.media).connect(this.strips.original.gain);
    this.mix();
  }

  async start() {
    this.planned_sec = this.at_sec;
    if (this.media) {
      this.media.playbackRate = this.rate;
      if (Math.abs(this.media.currentTime - this.at_sec) > 0.005) this.media.currentTime = this.at_sec;
      await this.media.play();
    }
    this.since_sec = desk().context.currentTime;
    this.playing = true;
  }

  restart() {
    this.silence();
    this.planned_sec = this.at_sec;
    this.since_sec = desk().context.currentTime;
  }

  /** Plans what sounds next, a little ahead of time. */
  tick() {
    const now_sec = this.position_sec;
    const turn_sec = this.looping && this.passage ? this.passage.to_sec : Infinity;
    if (now_sec >= turn_sec) return this.seek(this.passage?.from_sec ?? 0);
    if (now_sec >= this.end_sec || this.media?.ended) {
      this.pause();
      return this.seek(0);
    }
    this.plan(now_sec, Math.min(now_sec + AHEAD_SEC * this.rate, turn_sec));
  }

  /** @param {number} now_sec @param {number} until_sec */
  plan(now_sec, until_sec) {
    const { context, grand } = desk();
    const clock = (/** @type {number} */ sec) => context.currentTime + Math.max(0, (sec - now_sec) / this.rate);
    const from_sec = Math.max(this.planned_sec, now_sec - 0.05);
    if (until_sec <= from_sec || !this.strips) return;
    if (this.listening !== "original") {
      for (let i = lowerBound(this.onsets, from_sec); i < this.onsets.length && this.onsets[i] < until_sec; i++) {
        const { pitch, velocity } = this.notes[i];
        this.sounding.push(grand.strike(pitch, velocity, clock(this.onsets[i]), Math.max(0.04, (this.ends[i] - this.onsets[i]) / this.rate), this.strips.heard.gain));
      }
    }
    if (this.metronome) {
      for (let i = lowerBound(this.beats_sec, from_sec); i < this.beats_sec.length && this.beats_sec[i] < until_sec; i++) {
        click(context, clock(this.beats_sec[i]), this.downbeats.has(Math.round(this.beats_sec[i] * 1000)), this.strips.metronome.gain);
      }
    }
    this.planned_sec = until_sec;
    if (this.sounding.length > 600) this.sounding.splice(0, 300);
  }

  silence() {
    const now_sec = desk().context.currentTime;
    for (const damp of this.sounding) damp(now_sec);
    this.sounding = [];
  }
}

/** A wooden tick, higher on the first beat. @param {AudioContext} context @param {number} when_sec @param {boolean} first @param {AudioNode} out */
function click(context, when_sec, first, out) {
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.frequency.value = first ? 1760 : 1175;
  gain.gain.setValueAtTime(0.5, when_sec);
  gain.gain.exponentialRampToValueAtTime(0.001, when_sec + 0.05);
  tone.connect(gain).connect(out);
  tone.start(when_sec);
  tone.stop(when_sec + 0.06);
}
