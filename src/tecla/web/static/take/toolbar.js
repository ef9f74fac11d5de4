/** Around the roll: above it undo and redo, adding, colours, zoom; below it what can be done with the selected notes. */

import { h, icon } from "../element.js";
import { pitchName } from "../format.js";
import { ICONS } from "../icons.js";
import { hear } from "../sound/desk.js";
import { t } from "../words.js";

/**
 * @typedef {{ adding: boolean }} Mode
 * @param {import("./session.js").Session} session @param {import("../roll/roll.js").Roll} roll @param {Mode} mode
 */
export function toolbar(session, roll, mode) {
  const undo = button("undo", ICONS.undo, () => session.draft.undo(), "Ctrl+Z");
  const redo = button("redo", ICONS.redo, () => session.draft.redo(), "Ctrl+Y");
  const add = button("add", ICONS.pencil, () => {
    mode.adding = !mode.adding;
    add.setAttribute("aria-pressed", String(mode.adding));
  }, "N");
  add.setAttribute("aria-pressed", "false");
  const colouring = h("select", { "aria-label": t("colour.by"), onchange: () => roll.show({ colouring: colouring.value }) }, ...["velocity", "hand", "verdict"].map((value) => h("option", { value }, t(`colour.${value}`))));
  const verdict_option = colouring.options[2];
  const zoom_out = button("zoom.out", ICONS.zoomOut, () => roll.zoom(1 / 1.5), "−");
  const zoom_in = button("zoom.in", ICONS.zoomIn, () => roll.zoom(1.5), "+");
  session.on(["notes"], () => {
    undo.disabled = !session.draft.past.length;
    redo.disabled = !session.draft.future.length;
  });
  session.on(["verdict"], () => {
    verdict_option.hidden = verdict_option.disabled = !session.verdict;
    if (session.verdict) colouring.value = "verdict";
    else if (colouring.value === "verdict") colouring.value = "velocity";
    roll.show({ colouring: colouring.value });
  });
  return h("div", { class: "toolbar", role: "toolbar", "aria-label": t("toolbar") }, h("div", { class: "group" }, undo, redo, add), h("div", { class: "group end" }, colouring, zoom_out, zoom_in));
}

/** A bar that is always there, so that nothing moves under the hand when notes are selected. @param {import("./session.js").Session} session */
export function selectionBar(session) {
  const what = h("span", { class: "what", "aria-live": "polite" });
  const velocity = h("input", { type: "range", min: 1, max: 127, "aria-label": t("velocity") });
  const value = h("output", { class: "number" });
  const hand = h("select", { "aria-label": t("hand") }, h("option", { value: "" }, t("hand.auto")), h("option", { value: "right" }, t("hand.right")), h("option", { value: "left" }, t("hand.left")));
  const remove = button("delete.notes", ICONS.trash, () => session.draft.remove(session.selected), "Del");
  const controls = h("div", { class: "controls" }, h("label", {}, t("velocity"), velocity, value), h("label", {}, t("hand"), hand), remove);
  const element = h("div", { class: "selection" }, what, controls);
  velocity.addEventListener("input", () => (value.value = velocity.value));
  velocity.addEventListener("change", () => {
    const shift = Number(velocity.value) - mean(session.selection);
    session.draft.edit(session.selected, (note) => ({ ...note, velocity: Math.round(Math.min(127, Math.max(1, note.velocity + shift))) }));
    if (session.selection[0]) hear(session.selection[0]);
  });
  hand.addEventListener("change", () => session.draft.edit(session.selected, (note) => ({ ...note, hand: hand.value || undefined })));
  session.on(["selection"], () => {
    const notes = session.selection;
    controls.hidden = !notes.length;
    element.classList.toggle("empty", !notes.length);
    what.textContent = !notes.length ? t("select.hint") : notes.length === 1 ? `${pitchName(notes[0].pitch)}  ·  ${notes[0].onset_sec.toFixed(2)} – ${notes[0].offset_sec.toFixed(2)} s` : t("n.selected", { n: notes.length });
    if (!notes.length) return;
    velocity.value = String(Math.round(mean(notes)));
    value.value = velocity.value;
    const hands = new Set(notes.map((note) => note.hand ?? ""));
    hand.value = hands.size === 1 ? [...hands][0] : "";
  });
  return element;
}

/** @param {import("../roll/notes.js").Note[]} notes */
const mean = (notes) => notes.reduce((sum, note) => sum + note.velocity, 0) / Math.max(1, notes.length);

/** @param {string} word @param {string} path @param {() => void} act @param {string} [key] */
export function button(word, path, act, key = "") {
  return h("button", { class: "tool", type: "button", "aria-label": t(word), title: key ? `${t(word)} (${key})` : t(word), onclick: act }, icon(path));
}
