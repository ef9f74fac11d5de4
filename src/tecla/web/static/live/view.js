/** Live: what is played appears in the roll while it is played, from the microphone or from a MIDI keyboard; the delay is measured and shown. */

import { fill, h, icon } from "../element.js";
import { clock } from "../format.js";
import { hold } from "../held.js";
import { ICONS } from "../icons.js";
import { outbox } from "../library/outbox.js";
import { attempt, complain, say } from "../notices.js";
import { NoteIndex } from "../roll/notes.js";
import { Roll } from "../roll/roll.js";
import { desk } from "../sound/desk.js";
import { Meter } from "../sound/meter.js";
import { Microphone, wav } from "../sound/microphone.js";
import { t } from "../words.js";
import { hasMidi, openKeyboards } from "./midi.js";
import { Played } from "./played.js";
import { Line } from "./socket.js";

const WINDOW_SEC = 10;

/**
 * Where sound or keys come from.
 * @typedef {object} Source
 * @property {() => number} now_sec       on the same clock as the notes
 * @property {() => Promise<void>} close
 * @property {() => File} file            what was played, to be kept
 * @property {HTMLElement | null} meter
 */

/** @param {HTMLElement} main @returns {() => void} leaves the view */
export function openLive(main) {
  document.title = `${t("live")} – tecla`;
  const roll = new Roll();
  roll.view.low = 28;
  roll.view.high = 96;
  roll.fitted = true;
  const latency = h("output", { class: "latency" });
  const time = h("output", { class: "clock" }, clock(0));
  const strip = h("div", { class: "live-strip" });
  const meter = h("div", { class: "live-meter" });
  /** @type {Source | null} */
  let source = null;
  let played = new Played();
  /** @type {number[]} */
  let delays_ms = [];
  let left = false;
  let release = () => {};

  const report = (/** @type {number} */ delay_ms) => {
    delays_ms.push(delay_ms);
    const sorted = delays_ms.slice(-50).sort((a, b) => a - b);
    latency.value = t("latency", { ms: Math.round(sorted[sorted.length >> 1]) });
    latency.dataset.ms = String(Math.round(sorted[sorted.length >> 1]));
  };
  const begin = async (/** @type {(played: Played, report: (ms: number) => void, broken: () => void) => Promise<Source>} */ open) => {
    played = new Played();
    delays_ms = [];
    latency.value = t("live.wait");
    const opened = await attempt(() => open(played, report, () => void stop(true)));
    if (!opened) return;
    if (left) return opened.close(); // while the browser asked
    source = opened;
    release = hold();
    meter.replaceChildren(...(opened.meter ? [opened.meter] : []));
    controls(true);
    if (!opened.meter) latency.value = ""; // keys need no network
    frame();
  };
  const stop = async (/** @type {boolean} */ keep) => {
    if (!source) return;
    const ended = source;
    source = null;
    await ended.close();
    meter.replaceChildren();
    controls(false);
    const kept = keep && played.notes.size > 0 && outbox.send(ended.file(), true); // it holds what it cannot send
    release();
    if (await kept) say(t("live.kept"));
  };
  const frame = () => {
    if (!source) return;
    const now_sec = source.now_sec();
    roll.view.end_sec = now_sec + WINDOW_SEC;
    roll.view.px_per_sec = roll.view.music_px / WINDOW_SEC;
    roll.view.from_sec = Math.max(0, now_sec - WINDOW_SEC * 0.85);
    roll.cursor_sec = now_sec;
    roll.show({ index: new NoteIndex(played.at(now_sec)), pedals: played.pedals });
    const shown = clock(now_sec);
    if (time.value !== shown) time.value = shown;
    requestAnimationFrame(frame);
  };
  const controls = (/** @type {boolean} */ running) => {
    const microphone = h("button", { class: "record", onclick: () => void begin(listenToMicrophone) }, icon(ICONS.microphone), t("live.microphone"));
    const midi = hasMidi() && h("button", { class: "quiet", onclick: () => void begin(listenToKeyboard) }, icon(ICONS.keys), t("live.keyboard"));
    const end = h("button", { class: "stop", onclick: () => void stop(true) }, icon(ICONS.stop, true), t("live.stop"));
    const discard = h("button", { class: "quiet", onclick: () => void stop(false) }, t("record.discard"));
    fill(strip, running ? [h("span", { class: "lamp", "aria-hidden": "true" }), time, end, discard] : [microphone, midi]);
    if (running) end.focus();
  };
  controls(false);
  const recolour = () => roll.recolour();
  document.addEventListener("recolour", recolour);
  fill(main, h("div", { class: "live" }, h("header", {}, h("h1", {}, t("live.title")), h("p", { class: "lead" }, t("live.lead"))), strip, meter, latency, roll.element));
  return () => {
    document.removeEventListener("recolour", recolour);
    left = true;
    void stop(true);
  };
}

/** @param {Played} played @param {(ms: number) => void} report @param {() => void} broken @returns {Promise<Source>} */
async function listenToMicrophone(played, report, broken) {
  const meter = new Meter();
  /** @type {Float32Array[]} */
  const blocks = [];
  let sent = 0;
  let last_ms = performance.now();
  /** @type {Line | null} */
  let line = null;
  let ready = false; // sound before the network is there is not sent, and not counted
  const microphone = await Microphone.open((samples) => {
    meter.take(samples);
    if (!ready) return;
    blocks.push(samples);
    sent += samples.length;
    last_ms = performance.now();
    line?.send(samples);
  }).catch((error) => {
    throw new Error(t(error.name === "NotAllowedError" ? "record.denied" : "record.none"));
  });
  const rate = microphone.sample_rate;
  // What has been sent, plus what has been played since: the moment in the sound that is now.
  const now_sec = () => (ready ? sent / rate + Math.min(0.2, (performance.now() - last_ms) / 1000) : 0);
  line = new Line(rate, {
    ready: () => {
      ready = true;
      last_ms = performance.now();
    },
    notes: ({ notes, pedals = [] }) => {
      const now = now_sec();
      for (const note of notes) {
        if (!played.notes.has(note.id)) report((now - note.onset_sec) * 1000);
        played.put(note.id, note);
      }
      played.pedals.push(...pedals);
    },
    broken: (why) => {
      complain(new Error(why || t("live.broken")));
      broken();
    },
  });
  const open = line;
  return {
    now_sec,
    meter: meter.element,
    close: async () => {
      open.close();
      await microphone.close();
    },
    file: () => new File([wav(blocks, rate)], `${t("live.name")} ${new Date().toISOString().slice(0, 16).replace(":", ".")}.wav`),
  };
}

/** @param {Played} played @returns {Promise<Source>} */
async function listenToKeyboard(played) {
  const { context, grand } = desk();
  void grand.prepare(Array.from({ length: 88 }, (_, i) => ({ pitch: 21 + i, velocity: 60 })));
  const start_ms = performance.now();
  const sec = (/** @type {number} */ time_ms) => (time_ms - start_ms) / 1000;
  /** @type {Map<number, { key: string, damp: (when_sec: number) => void }>} */
  const down = new Map();
  let n = 0;
  const keyboards = await openKeyboards({
    down: (pitch, velocity, time_ms) => {
      const key = `m${n++}`;
      down.set(pitch, { key, damp: grand.strike(pitch, velocity, context.currentTime, Infinity, context.destination) });
      played.put(key, { onset_sec: sec(time_ms), pitch, velocity });
    },
    up: (pitch, time_ms) => {
      const held = down.get(pitch);
      down.delete(pitch);
      held?.damp(context.currentTime);
      if (held) played.end(held.key, sec(time_ms));
    },
    pedal: (number, value, time_ms) => played.pedals.push({ time_sec: sec(time_ms), number, value }),
  }).catch(() => {
    throw new Error(t("live.midi.denied"));
  });
  if (!keyboards.names.length) throw new Error(t("live.midi.none"));
  say(keyboards.names.join(", "));
  return {
    now_sec: () => sec(performance.now()),
    meter: null,
    close: async () => keyboards.close(),
    file: () => new File([played.file(sec(performance.now()))], `${t("live.name")}.json`),
  };
}
