/** Above the page: what the engraver is told. Whatever is left on "automatic" it infers from the playing. */

import { h } from "../element.js";
import { t } from "../words.js";

const TIMES = ["2/4", "3/4", "4/4", "2/2", "3/8", "6/8", "9/8", "12/8", "5/4"];
const MOST_BEATS = 16; // that bar lines move, as the studio takes them
const LEVELS = ["faithful", "clean", "easy"];

/** @param {import("./session.js").Session} session @param {string[]} levels that this engraver knows */
export function wishBar(session, levels = LEVELS) {
  const time = choice("wish.time", [["", t("auto")], ...TIMES.map((value) => [value, value])], (value) => session.draft.wish({ time: value || null }));
  const key = choice("wish.key", [["", t("auto")], ...keys()], (value) => session.draft.wish({ key_fifths: value === "" ? null : Number(value) }));
  const transpose = choice("wish.transpose", [["", t("wish.transpose.none")], ...keys()], (value) => session.draft.wish({ transposed_to: value === "" ? null : Number(value) }));
  const level = choice("wish.level", levels.map((value) => [value, t(`level.${value}`, {}, value)]), (value) => session.draft.wish({ level: value }));
  const swing = h("input", { type: "checkbox", onchange: () => session.draft.wish({ swing: swing.checked }) });
  const repeats = h("input", { type: "checkbox", onchange: () => session.draft.wish({ repeats: repeats.checked }) });
  const composer = h("input", { class: "composer", maxlength: 200, "aria-label": t("wish.composer"), onchange: () => session.draft.wish({ composer: composer.value.trim() }) });
  const shift = (/** @type {number} */ by) => within("barline_shift_beats", by, MOST_BEATS);
  const octave = (/** @type {number} */ by) => within("tempo_octave", by, 1);
  const within = (/** @type {string} */ wish, /** @type {number} */ by, /** @type {number} */ most) => {
    const now = session.draft.state.wishes[wish] ?? 0;
    const next = Math.max(-most, Math.min(most, now + by));
    if (next !== now) session.draft.wish({ [wish]: next });
  };
  const bars = pair("wish.barline", ["◂", "wish.barline.back", () => shift(-1)], ["▸", "wish.barline.on", () => shift(1)]);
  const tempo = pair("wish.tempo", ["½", "wish.tempo.half", () => octave(-1)], ["×2", "wish.tempo.double", () => octave(1)]);
  const state = h("p", { class: "engraved", "aria-live": "polite" });
  const share = h("progress", { max: 1, "aria-label": t("engraving"), hidden: true });
  const stop = h("button", { class: "quiet small", type: "button", hidden: true, onclick: () => session.stopEngraving() }, t("cancel"));
  const again = h("button", { class: "quiet small", type: "button", hidden: true, onclick: () => void session.engrave() }, t("engrave.again"));
  session.on(["notes"], () => {
    const { wishes } = session.draft.state;
    time.field.value = wishes.time ?? "";
    key.field.value = fifths(wishes.key_fifths);
    transpose.field.value = fifths(wishes.transposed_to);
    level.field.value = wishes.level ?? levels[0];
    swing.checked = wishes.swing ?? false;
    repeats.checked = wishes.repeats ?? false;
    composer.value = wishes.composer ?? "";
  });
  session.on(["engraving", "page"], () => {
    state.classList.toggle("busy", session.engraving);
    const page = session.page;
    const long = session.engraving && session.engraved_share > 0; // short work is over before it is told of
    share.hidden = stop.hidden = !long;
    if (long) share.value = session.engraved_share;
    again.hidden = !session.stopped;
    state.textContent = session.stopped ? t("engraving.stopped") : session.engraving ? t("engraving") : page ? `${page.time}  ·  ${keyName(page.key_fifths)}  ·  ♩ = ${Math.round(page.tempo_bpm)}  ·  ${t("n.bars", { n: page.n_bars })}` : "";
  });
  return h("div", { class: "wishes", role: "group", "aria-label": t("wishes") }, time.element, key.element, bars, tempo, level.element, transpose.element, h("label", { title: t("wish.swing.hint") }, swing, t("wish.swing")), h("label", { title: t("wish.repeats.hint") }, repeats, t("wish.repeats")), h("label", {}, t("wish.composer"), composer), h("div", { class: "engraved-line" }, state, share, stop, again));
}

/** @param {string} word @param {string[][]} options value and words @param {(value: string) => void} act */
function choice(word, options, act) {
  const field = h("select", { "aria-label": t(word), onchange: () => act(field.value) }, ...options.map(([value, text]) => h("option", { value }, text)));
  return { field, element: h("label", {}, t(word), field) };
}

/** @param {string} word @param {...[string, string, () => void]} sides sign, words, deed */
function pair(word, ...sides) {
  return h("div", { class: "pair", role: "group", "aria-label": t(word) }, h("span", { "aria-hidden": "true" }, t(word)), h("div", { class: "joined" }, ...sides.map(([sign, label, act]) => h("button", { class: "tool text", type: "button", "aria-label": t(label), title: t(label), onclick: act }, sign))));
}

/** A signature as a field's value; "" where none is stated. @param {number | null | undefined} value */
const fifths = (value) => String(value ?? "");

/** Key signatures by fifths, flats first. @returns {string[][]} */
function keys() {
  return Array.from({ length: 15 }, (_, i) => [String(i - 7), keyName(i - 7)]);
}

/** "2♯ D / b": how many accidentals, the major key and the minor. @param {number} fifths */
function keyName(fifths) {
  const names = t("key.names").split(" ");
  const accidentals = fifths === 0 ? "♮" : `${Math.abs(fifths)}${fifths > 0 ? "♯" : "♭"}`;
  const minor = names[fifths + 10];
  return `${accidentals} ${names[fifths + 7]} / ${minor.toLowerCase()}`;
}
