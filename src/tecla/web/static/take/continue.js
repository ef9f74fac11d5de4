/** Goes on from the selected passage: how, how long, how bold; several answers side by side, heard before one is kept. */

import { api } from "../api.js";
import { fill, h } from "../element.js";
import { feed } from "../feed.js";
import { clock } from "../format.js";
import { attempt, reason } from "../notices.js";
import { sketch } from "../roll/overview.js";
import { Transport } from "../sound/transport.js";
import { t } from "../words.js";

/** @typedef {{ from_sec: number, to_sec: number }} Passage */

const SEAM_SEC = 2; // heard before what is new, to judge the seam

/**
 * The panel, beside the roll while it is open.
 * @param {import("./session.js").Session} session
 * @param {{ passage: () => Passage, models: { name: string, title: string, kind: string }[], open: (version: number) => void, close: () => void }} context
 */
export function continuePanel(session, context) {
  const { from_sec, to_sec } = context.passage();
  const model = h("select", {}, ...context.models.map(({ name, title }) => h("option", { value: name }, t(`model.${name}`, {}, title))));
  const seconds = slider({ min: 4, max: 60, step: 1, value: 16 }, (value) => `${value} s`);
  const temperature = slider({ min: 0.5, max: 1.5, step: 0.05, value: 0.95 }, (value) => value.toFixed(2));
  const count = slider({ min: 1, max: 4, step: 1, value: 2 }, String);
  const answers = h("ol", { class: "answers-list", "aria-live": "polite" });
  /** @type {(() => Promise<void>)[]} */
  const drops = [];
  const shut = () => {
    context.close();
    for (const drop of drops.splice(0)) void drop();
  };
  const keep = (/** @type {number} */ version) => {
    context.open(version);
    shut();
  };
  const go = h("button", { class: "primary", type: "submit" }, t("continue.go"));
  const ask = (/** @type {Event} */ event) => {
    event.preventDefault();
    for (let i = 0; i < count.value(); i++) {
      const request = { from_sec, to_sec, model: model.value, seconds: seconds.value(), temperature: temperature.value(), seed: Math.floor(Math.random() * 2 ** 31) };
      const answer = suggestion(session, request, keep);
      answers.append(answer.element);
      drops.push(answer.drop);
    }
  };
  const form = h(
    "form",
    { onsubmit: ask },
    h("p", { class: "fine" }, t("continue.from", { from: clock(from_sec, true), to: clock(to_sec, true) })),
    h("label", {}, t("continue.model"), model),
    h("label", {}, t("continue.length"), seconds.element),
    h("label", {}, t("continue.temperature"), temperature.element, h("span", { class: "ends" }, h("span", {}, t("continue.calm")), h("span", {}, t("continue.bold")))),
    h("label", {}, t("continue.count"), count.element),
    go,
  );
  const element = h("aside", { class: "continue", "aria-labelledby": "continue-title" }, h("header", {}, h("h2", { id: "continue-title", tabindex: "-1" }, t("continue")), h("button", { class: "quiet small", type: "button", onclick: shut }, t("close"))), form, answers);
  return { element, shut };
}

/**
 * One answer: waited for, then heard, kept or dropped. What is dropped is gone from the versions too; what is kept stays.
 * @param {import("./session.js").Session} session @param {any} request @param {(version: number) => void} keep
 * @returns {{ element: HTMLElement, drop: () => Promise<void> }}
 */
function suggestion(session, request, keep) {
  const body = h("div", { class: "suggestion" });
  const element = h("li", {}, body);
  const bar = h("progress", { max: 1, "aria-label": t("continuing") });
  let dropped = false;
  let undo = async () => {};
  const drop = async () => {
    const undoing = undo;
    undo = async () => {};
    dropped = true;
    element.remove();
    await attempt(undoing);
  };
  const wait = async () => {
    const answer = await api.continue(session.take.id, session.number, request);
    const job = answer.job ?? answer;
    if (!feed.jobs.has(job.id)) feed.take(job); // the feed may be ahead of the answer
    undo = () => api.cancel(job.id).catch(() => {}); // what has just ended is dropped below
    if (dropped) await undo();
    const done = await feed.ended(job.id, (now) => now.progress && (bar.value = now.progress));
    if (done.state === "cancelled") return element.remove();
    if (done.state !== "done") throw new Error(t(`error.${done.error?.code}`, { message: done.error?.message ?? "" }, done.error?.message ?? ""));
    const { version: number, new_from_sec } = done.result;
    const remove = async () => {
      await api.removeVersion(session.take.id, number);
      await session.refresh();
    };
    if (dropped) return remove();
    undo = remove;
    const version = await api.version(session.take.id, number);
    if (dropped) return;
    const player = playerOf(version, new_from_sec);
    undo = async () => {
      player.close();
      await remove();
    };
    show(body, version, new_from_sec, player, () => {
      player.close();
      undo = async () => {};
      keep(number);
    }, drop);
    return session.refresh();
  };
  fill(body, bar, h("span", { class: "state" }, t("continuing")), h("button", { class: "quiet small", type: "button", onclick: () => void drop() }, t("cancel")));
  wait().catch((error) => {
    undo = async () => {};
    fill(body, h("p", { class: "why", role: "alert" }, reason(error)), h("button", { class: "quiet small", type: "button", onclick: () => element.remove() }, t("close")));
  });
  return { element, drop };
}

/** @param {any} version @param {number} from_sec */
function playerOf(version, from_sec) {
  const player = new Transport(null);
  const end_sec = version.notes.reduce((/** @type {number} */ end, /** @type {any} */ note) => Math.max(end, note.offset_sec), 0);
  player.setNotes(version.notes, version.pedals, end_sec + 0.5);
  player.seek(Math.max(0, from_sec - SEAM_SEC));
  return player;
}

/** @param {HTMLElement} body @param {any} version @param {number} new_from_sec @param {Transport} player @param {() => void} keep @param {() => Promise<void>} drop */
function show(body, version, new_from_sec, player, keep, drop) {
  const fresh = version.notes
    .filter((/** @type {any} */ note) => note.onset_sec >= new_from_sec)
    .map((/** @type {any} */ note) => ({ ...note, onset_sec: note.onset_sec - new_from_sec, offset_sec: note.offset_sec - new_from_sec }));
  const long_sec = fresh.reduce((/** @type {number} */ end, /** @type {any} */ note) => Math.max(end, note.offset_sec), 1);
  const play = h("button", { class: "quiet small", type: "button", onclick: () => (player.playing ? player.pause() : (player.seek(Math.max(0, new_from_sec - SEAM_SEC)), void player.play())) }, t("play"));
  player.addEventListener("state", () => (play.textContent = t(player.playing ? "pause" : "play")));
  const canvas = sketch(fresh, long_sec, 236, 56, getComputedStyle(body).color);
  canvas.className = "sketch";
  canvas.setAttribute("aria-hidden", "true");
  fill(
    body,
    canvas,
    h("span", { class: "state" }, `${t("n.notes", { n: fresh.length })} · ${clock(long_sec)}`),
    h("div", { class: "group" }, play, h("button", { class: "primary small", type: "button", onclick: keep }, t("keep")), h("button", { class: "quiet small", type: "button", onclick: () => void drop() }, t("drop"))),
  );
}

/** @param {{ min: number, max: number, step: number, value: number }} range @param {(value: number) => string} say */
function slider(range, say) {
  const field = h("input", { type: "range", min: range.min, max: range.max, step: range.step, oninput: () => update() });
  const shown = h("output", { class: "number" });
  const update = () => {
    shown.value = say(Number(field.value));
    field.setAttribute("aria-valuetext", shown.value);
  };
  field.value = String(range.value);
  update();
  return { element: h("span", { class: "slider" }, field, shown), value: () => Number(field.value) };
}
