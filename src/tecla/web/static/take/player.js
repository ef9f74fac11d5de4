/** The bar at the foot: play, seek, loop, slow down, what to listen to and how loud. */

import { h, icon } from "../element.js";
import { clock } from "../format.js";
import { ICONS } from "../icons.js";
import { prefer, preference } from "../preferences.js";
import { t } from "../words.js";

/** @param {import("../sound/transport.js").Transport} transport @param {{ mark: () => void }} hooks `mark` gives a loop a passage where it has none */
export function playerBar(transport, { mark }) {
  const play = h("button", { class: "play", type: "button", "aria-label": t("play"), title: `${t("play")} (${t("space")})`, onclick: () => toggle(transport) }, icon(ICONS.play, true));
  const start = h("button", { class: "tool", type: "button", "aria-label": t("to.start"), title: t("to.start"), onclick: () => transport.seek(transport.looping && transport.passage ? transport.passage.from_sec : 0) }, icon(ICONS.start));
  const time = h("span", { class: "clock" }, clock(0, true));
  const total = h("span", { class: "clock total" });
  const seek = h("input", { type: "range", class: "seek", min: 0, max: 1, step: 0.01, value: 0, "aria-label": t("position"), oninput: () => transport.seek(Number(seek.value)) });
  const loop = pressable("loop", ICONS.loop, (on) => {
    transport.looping = on;
    if (on && !transport.passage) mark();
  });
  const metronome = pressable("metronome", ICONS.metronome, (on) => (transport.metronome = on));
  const update = () => {
    total.textContent = clock(transport.end_sec);
    seek.max = String(transport.end_sec);
  };
  const tick = (/** @type {number} */ sec) => {
    const now = clock(sec, true);
    if (time.textContent !== now) {
      time.textContent = now;
      seek.value = String(sec);
      seek.setAttribute("aria-valuetext", `${clock(sec)} / ${clock(transport.end_sec)}`);
    }
  };
  transport.addEventListener("state", () => {
    play.replaceChildren(icon(transport.playing ? ICONS.pause : ICONS.play, !transport.playing));
    play.setAttribute("aria-label", t(transport.playing ? "pause" : "play"));
  });
  const element = h(
    "section",
    { class: "player", "aria-label": t("player") },
    h("div", { class: "group" }, start, play, time),
    seek,
    total,
    h("div", { class: "group" }, loop, metronome, speed(transport)),
    sources(transport),
  );
  return { element, tick, update, loop };
}

/** @param {import("../sound/transport.js").Transport} transport */
export function toggle(transport) {
  if (transport.playing) transport.pause();
  else void transport.play();
}

/** @param {import("../sound/transport.js").Transport} transport */
function speed(transport) {
  const rates = [0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5];
  const field = h("select", { "aria-label": t("speed"), title: t("speed.hint"), onchange: () => transport.setRate(Number(field.value)) }, ...rates.map((rate) => h("option", { value: rate, ...(rate === 1 ? { selected: true } : {}) }, `${Math.round(rate * 100)} %`)));
  return field;
}

/** @param {import("../sound/transport.js").Transport} transport */
function sources(transport) {
  Object.assign(transport.volumes, preference("volumes", {}));
  const volume = (/** @type {"original" | "heard" | "metronome"} */ track) =>
    h("label", { class: "volume" }, t(`track.${track}`), h("input", {
      type: "range", min: 0, max: 1, step: 0.01, value: transport.volumes[track], "aria-label": t("volume.of", { track: t(`track.${track}`) }),
      oninput: (/** @type {any} */ event) => {
        transport.volumes[track] = Number(event.target.value);
        transport.mix();
        prefer("volumes", transport.volumes);
      },
    }));
  const levels = h("details", { class: "levels" }, h("summary", {}, t("volumes")), h("div", { class: "sliders" }, ...(transport.media ? [volume("original")] : []), volume("heard"), volume("metronome")));
  if (!transport.media) return levels;
  const choices = /** @type {const} */ (["original", "heard", "both"]).map((value) =>
    h("label", { class: "segment", title: t(`listen.${value}.hint`) }, h("input", { type: "radio", name: "listen", value, ...(value === transport.listening ? { checked: true } : {}), onchange: () => transport.setListening(value) }), h("span", {}, t(`listen.${value}`))));
  return h("div", { class: "group" }, h("fieldset", { class: "segments" }, h("legend", { class: "unseen" }, t("listen")), ...choices), levels);
}

/** @param {string} word @param {string} path @param {(on: boolean) => void} act */
function pressable(word, path, act) {
  const element = h("button", { class: "tool", type: "button", "aria-pressed": "false", "aria-label": t(word), title: t(word), onclick: () => {
    const on = element.getAttribute("aria-pressed") !== "true";
    element.setAttribute("aria-pressed", String(on));
    act(on);
  } }, icon(path));
  return element;
}
