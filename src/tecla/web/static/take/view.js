/** An open take: the roll and the page side by side, and all that is done with them. Parts are made elsewhere; here they meet. */

import { api, soundUrl, spectrogramUrl } from "../api.js";
import { sure } from "../dialog.js";
import { fill, h } from "../element.js";
import { attempt, complain, say } from "../notices.js";
import { Sheet } from "../page/sheet.js";
import { prefer, preference } from "../preferences.js";
import { Inks } from "../roll/colours.js";
import { listen } from "../roll/gestures.js";
import { NoteIndex } from "../roll/notes.js";
import { Overview } from "../roll/overview.js";
import { Roll } from "../roll/roll.js";
import { Spectrogram } from "../roll/spectrogram.js";
import { hear } from "../sound/desk.js";
import { Transport } from "../sound/transport.js";
import { t } from "../words.js";
import { chooseReference, verdictBar } from "./compare.js";
import { continuePanel } from "./continue.js";
import { edited, moving } from "./draft.js";
import { head } from "./head.js";
import { keyboard } from "./keys.js";
import { playerBar } from "./player.js";
import { Session } from "./session.js";
import { keepUnsaved, unsavedVersions } from "./unsaved.js";
import { selectionBar, toolbar } from "./toolbar.js";
import { waitFor } from "./waiting.js";
import { wishBar } from "./wishes.js";

const NEW_NOTE_SEC = 0.4;

/** @param {HTMLElement} main @param {string} id @returns {Promise<() => void>} leaves the view */
export async function openTake(main, id) {
  const take = await api.take(id);
  return take.latest_version ? openDesk(main, take) : waitFor(main, take, (heard) => openDesk(main, heard));
}

/** @param {HTMLElement} main @param {import("../api.js").Take} take that has been heard @returns {Promise<() => void>} leaves the view */
async function openDesk(main, take) {
  const { id } = take;
  const [versions, about] = await Promise.all([api.versions(id), api.about()]);
  const session = new Session(take, versions.versions ?? versions);
  const transport = new Transport(take.has_sound ? soundUrl(id) : null);
  const roll = new Roll();
  const overview = new Overview(roll);
  const mode = { adding: false };
  const sheet = new Sheet((index) => pick(session, roll, session.page_ids[index]));
  const mark = (/** @type {{ from_sec: number, to_sec: number } | null} */ passage) => {
    roll.passage = transport.passage = passage;
    roll.moveCursor(roll.cursor_sec);
  };
  const player = playerBar(transport, { mark: () => mark(passageOf(session, roll)) });
  const side = h("div", { class: "side", hidden: true });
  const save = () => void (session.draft.changed && session.save().then((saved) => saved && say(t("saved"))));
  const open = (/** @type {number} */ version) => void attempt(() => session.open(version));
  const bar = toolbar(session, roll, mode);
  const deeds = {
    open,
    save,
    removeVersion: () => void discardVersion(session),
    compare: () => void settled(session).then((ready) => ready && chooseReference(session)),
    rename: (/** @type {string} */ name) => void attempt(async () => session.learn(await api.rename(id, name))),
    continue: () => void settled(session).then((ready) => ready && going.open({ passage: () => roll.passage ?? (session.selected.size > 1 ? passageOf(session, roll) : { from_sec: 0, to_sec: session.index.end_sec }), models: about.models?.generation ?? [], open, close: () => (side.hidden = true) })),
  };
  const going = continuing(session, side);
  const panes = h("div", { class: "panes" }, h("section", { class: "pane roll-pane", "aria-label": t("roll") }, bar, verdictBar(session), roll.element, overview.element, selectionBar(session)), side, h("section", { class: "pane page-pane", "aria-label": t("page") }, wishBar(session, about.levels), sheet.element));
  const view = h("div", { class: "take-view" }, head(session, deeds), viewSwitch(panes), panes, player.element);
  fill(main, view);

  const hooks = gestureHooks(session, roll, transport, mark, mode);
  listen(roll, hooks);
  connect(session, roll, overview, sheet, transport, player);
  const keys = keyboard(session, roll, transport, { save, adding: hooks.adding, place: hooks.add, loop: () => player.loop.click(), add: () => /** @type {HTMLElement} */ (bar.querySelector("button[aria-pressed]")).click() });
  const recolour = () => {
    roll.recolour();
    overview.redraw(true);
    void behind(take, roll);
  };
  const before = (/** @type {BeforeUnloadEvent} */ event) => (session.draft.changed || unsavedVersions(id).length) && event.preventDefault();
  const print = () => sheet.drawAll();
  document.addEventListener("keydown", keys);
  window.addEventListener("beforeprint", print);
  document.addEventListener("recolour", recolour);
  window.addEventListener("beforeunload", before);
  let open_ = true;
  const frame = () => {
    if (!open_) return;
    const sec = transport.position_sec;
    if (sec !== roll.cursor_sec) {
      roll.moveCursor(sec, transport.playing);
      sheet.moveCursor(sec, transport.playing);
      player.tick(sec);
    }
    requestAnimationFrame(frame);
  };
  frame();
  void behind(take, roll);
  void attempt(() => session.begin());
  return () => {
    open_ = false;
    session.close();
    going.shut();
    window.removeEventListener("beforeprint", print);
    transport.close();
    document.removeEventListener("keydown", keys);
    document.removeEventListener("recolour", recolour);
    window.removeEventListener("beforeunload", before);
  };
}

/** Keeps the parts in step with the session. @param {Session} session @param {Roll} roll @param {Overview} overview @param {Sheet} sheet @param {Transport} transport @param {{ update: () => void }} player */
function connect(session, roll, overview, sheet, transport, player) {
  session.on(["notes"], () => {
    roll.view.end_sec = session.end_sec;
    roll.show({ index: session.index, pedals: session.draft.state.pedals });
    overview.redraw(true);
    transport.setNotes(session.index.notes, session.draft.state.pedals, session.end_sec);
    player.update();
  });
  session.on(["notes", "page"], () => {
    roll.show({ beats_sec: session.beats_sec ?? [], downbeats_sec: session.downbeats_sec ?? [] });
    transport.setBeats(session.beats_sec ?? [], session.downbeats_sec ?? []);
  });
  session.on(["page"], () => session.page && sheet.show(session.page));
  session.on(["engraving"], () => sheet.element.setAttribute("aria-busy", String(session.engraving)));
  session.on(["selection", "page"], () => {
    roll.show({ selected: session.selected });
    sheet.pick(session.page_ids.flatMap((id, i) => (session.selected.has(id) ? [i] : [])));
  });
  session.on(["verdict"], () => roll.show({ inventions: session.verdict?.inventions ?? new Set(), misses: session.verdict ? new NoteIndex(session.verdict.misses) : null }));
  session.addEventListener("gone", () => {
    complain(new Error(t("take.gone", { name: session.take.name })));
    location.hash = "#/";
  }, { once: true });
  transport.addEventListener("seek", () => {
    const sec = transport.position_sec;
    roll.reveal({ onset_sec: sec, offset_sec: sec });
    sheet.moveCursor(sec, true);
  });
  transport.addEventListener("unplayable", () => complain(new Error(t("error.unplayable"))), { once: true });
}

/** @param {Session} session @param {Roll} roll @param {Transport} transport @param {(passage: any) => void} mark @param {{ adding: boolean }} mode @returns {import("../roll/gestures.js").Hooks} */
function gestureHooks(session, roll, transport, mark, mode) {
  return {
    seek: (sec) => {
      transport.seek(sec);
      if (!transport.looping) mark(null);
    },
    mark,
    select: (notes, add) => session.select(notes.map((note) => note.id), add),
    hear: (note) => hear(note),
    move: (ids, move, done) => {
      const replace = moving(session.draft.state.notes.filter((note) => ids.has(note.id)), move);
      if (done) session.draft.edit(ids, replace);
      else roll.show({ index: new NoteIndex(edited(session.draft.state.notes, ids, replace)) });
    },
    add: (sec, pitch) => {
      const note = session.draft.add({ onset_sec: Math.max(0, sec), offset_sec: Math.max(0, sec) + NEW_NOTE_SEC, pitch, velocity: 64, confidence: 1 });
      session.select([note.id]);
      hear(note);
    },
    adding: () => mode.adding,
  };
}

/** A note pressed on the page: selected, heard, shown in the roll. @param {Session} session @param {Roll} roll @param {number} id */
function pick(session, roll, id) {
  const note = session.index.notes.find((one) => one.id === id);
  if (!note) return;
  session.select([id]);
  roll.reveal(note);
  hear(note);
}

/** What is selected; else what is in sight. @param {Session} session @param {Roll} roll */
function passageOf(session, roll) {
  const notes = session.selection;
  if (notes.length > 1) return { from_sec: Math.min(...notes.map((note) => note.onset_sec)), to_sec: Math.max(...notes.map((note) => note.offset_sec)) };
  return { from_sec: Math.max(0, roll.view.from_sec), to_sec: Math.min(session.end_sec, roll.view.to_sec) };
}

/** Lays the spectrogram behind the notes, where there is sound. @param {import("../api.js").Take} take @param {Roll} roll */
async function behind(take, roll) {
  if (!take.has_sound || !take.duration_sec) return;
  const ink = new Inks(roll.element).soft_ink;
  const spectrogram = await Spectrogram.load(spectrogramUrl(take.id), take.duration_sec, ink).catch(() => null);
  roll.show({ spectrogram });
}

/** Drops the version on the desk, and opens the newest of those left. @param {Session} session */
async function discardVersion(session) {
  if (!(await sure(t("version.delete.question", { n: session.number }), t("version.delete.consequence"), t("delete")))) return;
  session.stopEngraving(); // a page of what is no longer there cannot be made
  await attempt(async () => {
    keepUnsaved(session.take.id, session.number, null); // else they would come with the next
    await api.removeVersion(session.take.id, session.number);
    await session.refresh();
  });
}

/** Others see only versions: what is changed is saved first. @param {Session} session @returns {Promise<boolean>} whether all is saved */
async function settled(session) {
  return !session.draft.changed || session.save();
}

/** The panel that goes on playing, one at a time: what one leaves unkept is gone with it. @param {Session} session @param {HTMLElement} side */
function continuing(session, side) {
  let shut = () => {};
  const open = (/** @type {Parameters<typeof continuePanel>[1]} */ context) => {
    shut();
    const panel = continuePanel(session, context);
    shut = panel.shut;
    side.replaceChildren(panel.element);
    side.hidden = false;
    panel.element.querySelector("h2")?.focus();
  };
  return { open, shut: () => shut() };
}

/** Roll, page or both. @param {HTMLElement} panes */
function viewSwitch(panes) {
  const set = (/** @type {string} */ value) => {
    panes.dataset.show = value;
    prefer("panes", value);
  };
  const now = preference("panes", "both");
  set(now);
  return h("fieldset", { class: "segments panes-switch" }, h("legend", { class: "unseen" }, t("show")), ...["roll", "both", "page"].map((value) => h("label", { class: "segment" }, h("input", { type: "radio", name: "panes", value, ...(value === now ? { checked: true } : {}), onchange: () => set(value) }), h("span", {}, t(`show.${value}`)))));
}
