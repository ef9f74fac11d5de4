/**
 * One open take: its versions, the draft on the desk, what is selected, the page that belongs to it. The parts of the view listen to it;
 * none of them knows another.
 *
 * Events: "notes" (notes, wishes or saved state changed), "selection", "page" (an engraving came), "engraving" (one is under way),
 * "versions" (or the take's name), "verdict" (a comparison came or went), "gone" (the take was deleted).
 */

import { api } from "../api.js";
import { feed } from "../feed.js";
import { NoteIndex } from "../roll/notes.js";
import { attempt } from "../notices.js";
import { Draft } from "./draft.js";
import { keepUnsaved, unsavedOf, unsavedVersions } from "./unsaved.js";

/**
 * @typedef {import("../roll/notes.js").Note} Note
 * @typedef {{ inventions: Set<number>, misses: Note[], metrics: Record<string, number>, name: string }} Verdict
 */

const ENGRAVE_AFTER_MS = 500;

export class Session extends EventTarget {
  /** @param {import("../api.js").Take} take @param {import("../api.js").VersionName[]} versions */
  constructor(take, versions) {
    super();
    this.take = take;
    this.versions = versions;
    this.number = 0;
    this.draft = new Draft({ notes: [], pedals: [], wishes: {} });
    this.index = new NoteIndex([]);
    /** @type {Set<number>} ids */
    this.selected = new Set();
    this.pitch = 60; // of the note that was selected last
    /** @type {any} the last engraving */
    this.page = null;
    this.page_ids = /** @type {number[]} */ ([]); // the ids of the notes, in the order that the page counts them
    this.engraving = false;
    this.engraved_share = 0; // how far it is
    this.stopped = false; // whether the user has given it up
    this.asked = new AbortController(); // for the page that is being waited for
    this.onpage = (/** @type {any} */ event) => this.tellProgress(event.detail);
    this.ontake = (/** @type {any} */ event) => event.detail.id === take.id && void this.learn(event.detail);
    this.oncaughtup = () => void this.lookAgain();
    feed.addEventListener("page", this.onpage);
    feed.addEventListener("take", this.ontake);
    feed.addEventListener("caught-up", this.oncaughtup);
    this.closed = false;
    this.turn = 0;
    /** @type {Verdict | null} */
    this.verdict = null;
    this.duration_sec = take.duration_sec ?? 0;
  }

  /** Puts on the desk what was there: the version with corrections that are not saved, else the latest. */
  async begin() {
    const there = unsavedVersions(this.take.id).filter((number) => this.has(number));
    await this.open(there.at(-1) ?? this.latest);
  }

  /** Puts a version on the desk, with its corrections that are not saved. Those of versions that are gone come with it. @param {number} number */
  async open(number) {
    const version = await api.version(this.take.id, number);
    this.number = number;
    const notes = version.notes.map((/** @type {Note} */ note, /** @type {number} */ id) => ({ ...note, id, hand: note.hand ?? undefined }));
    this.draft = new Draft({ notes, pedals: version.pedals, wishes: version.wishes ?? {} });
    this.draft.addEventListener("change", () => this.changed());
    this.new_from_sec = version.new_from_sec;
    this.duration_sec = Math.max(this.take.duration_sec ?? 0, version.duration_sec ?? 0);
    this.beats_sec = version.beats_sec;
    this.downbeats_sec = version.downbeats_sec;
    this.selected = new Set();
    this.verdict = null;
    this.arrange();
    const gone = unsavedVersions(this.take.id).filter((one) => !this.has(one));
    const left = [number, ...gone].map((one) => unsavedOf(this.take.id, one)).filter((state) => state !== null);
    for (const state of left) this.draft.step(state);
    for (const one of gone) keepUnsaved(this.take.id, one, null);
    if (!left.length) this.tell("notes", "selection");
    this.tell("versions", "verdict");
    await this.engrave();
  }

  /** @param {number} number */
  has(number) {
    return this.versions.some((name) => name.version === number);
  }

  get latest() {
    return Math.max(...this.versions.map((name) => name.version));
  }

  /** How long it lasts, recording or notes, whichever is longer. */
  get end_sec() {
    return Math.max(this.duration_sec, this.index.end_sec, 1);
  }

  /** @returns {Note[]} */
  get selection() {
    return this.index.notes.filter((note) => this.selected.has(note.id));
  }

  /** @param {Iterable<number>} ids @param {boolean} [add] toggles them among those selected */
  select(ids, add = false) {
    const next = new Set(add ? this.selected : []);
    for (const id of ids) add && next.has(id) ? next.delete(id) : next.add(id);
    this.selected = next;
    this.pitch = this.selection.at(-1)?.pitch ?? this.pitch;
    this.tell("selection");
  }

  /** Saves the draft as a new version and puts that on the desk. @param {string} [what] @returns {Promise<boolean>} whether it was saved */
  async save(what = "edit") {
    const { draft, number } = this;
    const { state } = draft;
    const saved = await attempt(() => api.save(this.take.id, { ...this.content(), parent: number, what }));
    if (!saved) return false;
    keepUnsaved(this.take.id, number, null);
    if (draft === this.draft) this.number = saved.version;
    draft.markSaved(state);
    await attempt(() => this.refresh());
    return true;
  }

  /** Asks for the versions anew. Where the one on the desk is gone, the latest takes its place. */
  async refresh() {
    const mine = ++this.turn;
    const answer = await api.versions(this.take.id);
    if (mine !== this.turn || this.closed) return;
    this.versions = answer.versions ?? answer;
    this.tell("versions");
    if (this.number && !this.has(this.number)) await this.open(this.latest);
  }

  /** What happened to the take, here or in another window. @param {import("../api.js").Take & { deleted?: boolean }} news */
  async learn(news) {
    if (news.deleted) return this.tell("gone");
    const renamed = news.name !== this.take.name;
    Object.assign(this.take, news);
    await attempt(() => this.refresh());
    if (renamed && this.number && !this.closed) await this.engrave(); // its title is the take's name
  }

  /** After a time without news. */
  async lookAgain() {
    const take = await api.take(this.take.id).catch((error) => (error.code === "no-take" ? { deleted: true } : null));
    if (take && !this.closed) await this.learn(take);
  }

  /** The draft as the server takes it, notes in order. */
  content() {
    const { wishes } = this.draft.state;
    const pedals = this.draft.state.pedals.map((pedal) => ({ ...pedal, time_sec: Math.max(0, pedal.time_sec) })); // down before the first sound

    const notes = this.index.notes.map(({ id, hand, ...note }) => (hand ? { ...note, hand } : note));
    return { notes, pedals, wishes };
  }

  changed() {
    this.arrange();
    keepUnsaved(this.take.id, this.number, this.draft.changed ? this.draft.state : null);
    const there = new Set(this.draft.state.notes.map((note) => note.id));
    this.selected = new Set([...this.selected].filter((id) => there.has(id)));
    this.pitch = this.selection.at(-1)?.pitch ?? this.pitch;
    this.engraving = true; // from now on the page is behind the notes
    this.tell("notes", "selection", "engraving");
    clearTimeout(this.soon);
    this.soon = setTimeout(() => void this.engrave(), ENGRAVE_AFTER_MS);
  }

  arrange() {
    this.index = new NoteIndex(this.draft.state.notes);
  }

  /** Waits no longer for a page: the user has had enough, or what it was asked for is going to be deleted. The server gives it up, too. */
  stopEngraving() {
    clearTimeout(this.soon);
    this.asked.abort();
    this.stopped = this.engraving;
    this.engraving = false;
    this.tell("engraving");
  }

  close() {
    this.stopEngraving();
    this.closed = true;
    feed.removeEventListener("page", this.onpage);
    feed.removeEventListener("take", this.ontake);
    feed.removeEventListener("caught-up", this.oncaughtup);
  }

  /** @param {{ take: string, version: number | null, progress: number }} news */
  tellProgress({ take, version, progress }) {
    if (!this.engraving || take !== this.take.id || version !== (this.draft.changed ? null : this.number)) return;
    this.engraved_share = progress;
    this.tell("engraving");
  }

  /** Has the page engraved as the draft stands; one that a later change has overtaken is no longer waited for. */
  async engrave() {
    const ids = this.index.notes.map((note) => note.id);
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    this.engraving = true;
    this.engraved_share = 0;
    this.stopped = false;
    this.tell("engraving");
    const asking = this.draft.changed ? api.draftPage(this.take.id, this.content(), signal) : api.page(this.take.id, this.number, signal);
    const page = await attempt(() => asking.catch((error) => (signal.aborted ? null : Promise.reject(error))));
    if (signal.aborted) return;
    this.engraving = false;
    this.tell("engraving");
    if (!page) return;
    this.page = page;
    this.page_ids = ids;
    this.beats_sec = page.beats_sec;
    this.downbeats_sec = page.downbeats_sec;
    this.tell("page");
  }

  /** Compares what is on the desk, as saved, with another take. @param {string} take @param {number} version @param {string} name */
  async compare(take, version, name) {
    const found = await attempt(() => api.compare(this.take.id, this.number, take, version));
    if (!found) return;
    const reference = found.reference_notes.map((/** @type {Note} */ note, /** @type {number} */ id) => ({ ...note, id }));
    const ids = this.index.notes.map((note) => note.id);
    this.verdict = {
      inventions: new Set(found.inventions.map((/** @type {number} */ i) => ids[i])),
      misses: found.misses.map((/** @type {number} */ i) => shifted(reference[i], found.shift_sec ?? 0)),
      metrics: found.metrics,
      name,
    };
    this.tell("verdict");
  }

  endComparison() {
    this.verdict = null;
    this.tell("verdict");
  }

  /** @param {...string} events */
  tell(...events) {
    for (const event of events) this.dispatchEvent(new Event(event));
  }

  /** @param {string[]} events @param {() => void} act at once, and whenever one of them happens */
  on(events, act) {
    for (const event of events) this.addEventListener(event, act);
    act();
  }
}

/** @param {Note} note @param {number} shift_sec */
const shifted = (note, shift_sec) => ({ ...note, onset_sec: note.onset_sec + shift_sec, offset_sec: note.offset_sec + shift_sec });
