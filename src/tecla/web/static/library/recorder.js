/** Records the microphone: a meter before and while it runs, a clock, one clear way to stop, and a file at the end. */

import { h, icon } from "../element.js";
import { clock } from "../format.js";
import { hold } from "../held.js";
import { ICONS } from "../icons.js";
import { complain, say } from "../notices.js";
import { Meter } from "../sound/meter.js";
import { Microphone, wav } from "../sound/microphone.js";
import { t } from "../words.js";

/** @param {{ recorded: (file: File) => void }} hooks */
export function recorder({ recorded }) {
  const panel = h("div", { class: "recorder", hidden: true });
  const button = h("button", { class: "record", onclick: () => void start() }, icon(ICONS.record, true), t("record"));
  /** @type {Microphone | null} */
  let microphone = null;
  /** @type {Float32Array[]} */
  let blocks = [];
  let n = 0;
  let left = false;
  let release = () => {};

  const start = async () => {
    button.disabled = true;
    blocks = [];
    n = 0;
    const meter = new Meter();
    const time = h("output", { class: "clock", "aria-label": t("record.time") }, clock(0));
    const take = (/** @type {Float32Array} */ samples) => {
      blocks.push(samples);
      n += samples.length;
      meter.take(samples);
      const now = clock(n / (microphone?.sample_rate ?? 48000));
      if (time.value !== now) time.value = now;
    };
    try {
      microphone = await Microphone.open(take);
    } catch (error) {
      button.disabled = false;
      return complain(new Error(t(error instanceof DOMException && error.name === "NotAllowedError" ? "record.denied" : "record.none")));
    }
    if (left) return shut(); // while the browser asked
    release = hold();
    const stop = h("button", { class: "stop", onclick: () => void finish(true) }, icon(ICONS.stop, true), t("record.stop"));
    panel.replaceChildren(h("div", { class: "recording" }, h("span", { class: "lamp", "aria-hidden": "true" }), time, meter.element, stop, h("button", { class: "quiet", onclick: () => void finish(false) }, t("record.discard"))));
    panel.hidden = false;
    stop.focus();
  };

  const finish = async (/** @type {boolean} */ keep) => {
    const sample_rate = microphone?.sample_rate ?? 48000;
    await shut();
    if (keep && n) recorded(new File([wav(blocks, sample_rate)], `${t("record.name")} ${stamp()}.wav`, { type: "audio/wav" }));
    release();
    blocks = [];
  };

  const shut = async () => {
    const open = microphone;
    microphone = null;
    panel.hidden = true;
    button.disabled = false;
    await open?.close();
  };

  /** Leaves the view: what is being recorded ends here, and is kept. */
  const close = async () => {
    left = true;
    if (!microphone) return;
    if (n) say(t("record.kept"));
    await finish(true);
  };
  return { button, panel, close };
}

/** The moment as part of a file name: 2026-11-21 14.05.09. */
function stamp() {
  const now = new Date();
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}`;
}
