/** One take in the library: what it looks like, what it is called, how far its work is, what can be done with it. */

import { api } from "../api.js";
import { sure } from "../dialog.js";
import { fill, h, icon } from "../element.js";
import { clock, day } from "../format.js";
import { ICONS } from "../icons.js";
import { attempt } from "../notices.js";
import { sketch } from "../roll/overview.js";
import { t } from "../words.js";

/** @typedef {import("../api.js").Take} Take */

const SKETCH = { width: 168, height: 56 };
/** @type {Map<string, import("../roll/notes.js").Note[]>} notes by take and version, so that a list drawn again asks for nothing */
const seen = new Map();

const arriving = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    arriving.unobserve(entry.target);
    entry.target.dispatchEvent(new Event("arrive"));
  }
});

/** @typedef {import("../api.js").Job} Job */
/** @typedef {{ take: Take, job: Job | undefined }} State */

/**
 * A row that is made once and then kept up to date: what is pressed, typed or focused in it stays what it is while news comes in.
 * @param {Take} take @param {Job | undefined} job its job, if one is under way
 */
export function takeRow(take, job) {
  const state = /** @type {State} */ ({ take, job });
  const title = titleOf(state);
  const rename = h("button", { class: "plain", title: t("rename"), onclick: () => title.rename() }, icon(ICONS.pencil));
  const remove = h("button", { class: "plain", title: t("delete"), onclick: () => void removeTake(state.take) }, icon(ICONS.trash));
  const [canvas, progress] = [pictureOf(state), lineOf(state)];
  const element = h("li", { "data-take": take.id }, canvas.element, h("div", { class: "about" }, title.element, progress.element), h("div", { class: "deeds" }, rename, remove));
  const show = () => {
    element.className = `take ${state.take.status}`;
    rename.setAttribute("aria-label", t("rename.label", { name: state.take.name }));
    remove.setAttribute("aria-label", t("delete.label", { name: state.take.name }));
    title.show();
    canvas.show();
    const focused = progress.element.contains(document.activeElement);
    progress.show();
    if (focused && document.activeElement === document.body) (element.querySelector("h3 a, .line button") ?? rename).focus();
  };
  const update = (/** @type {Partial<State>} */ news) => {
    Object.assign(state, news);
    show();
  };
  show();
  return { element, update, state };
}

/** What the row is called; where it leads, once it leads anywhere. @param {State} state */
function titleOf(state) {
  const element = h("h3");
  let shown = "";
  let renaming = false;
  const show = () => {
    const { id, name, status } = state.take;
    const wanted = `${status === "ready"} ${name}`;
    if (renaming || wanted === shown) return;
    shown = wanted;
    const focused = element.contains(document.activeElement);
    fill(element, status === "ready" ? h("a", { href: `#/take/${id}` }, name) : name);
    if (focused) element.querySelector("a")?.focus();
  };
  const rename = () => {
    if (renaming) return;
    renaming = true;
    fill(element, nameField(state.take, (name) => {
      renaming = false;
      shown = "";
      const told = name && name !== state.take.name ? attempt(() => api.rename(state.take.id, name)) : null;
      show();
      void told;
    }));
    element.querySelector("input")?.select();
  };
  return { element, show, rename };
}

/** @param {Take} take @param {(name: string | null) => void} done is told the new name, once; null is none */
function nameField(take, done) {
  const field = h("input", { value: take.name, "aria-label": t("rename.label", { name: take.name }), maxlength: 200 });
  let over = false;
  const end = (/** @type {boolean} */ keep) => {
    if (over) return;
    over = true;
    done(keep ? field.value.trim() : null);
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") end(true);
    if (event.key === "Escape") end(false);
  });
  field.addEventListener("blur", () => end(true));
  return field;
}

/** @param {Take} take */
async function removeTake(take) {
  if (await sure(t("delete.question", { name: take.name }), t("delete.consequence"), t("delete"))) await attempt(() => api.remove(take.id));
}

/** @param {State} state */
function pictureOf(state) {
  const element = h("canvas", { class: "sketch", width: SKETCH.width * 2, height: SKETCH.height * 2, "aria-hidden": "true" });
  /** @type {number | null} */
  let drawn = null;
  element.addEventListener("arrive", () => void drawSketch(element, state.take));
  const show = () => {
    const { status, latest_version } = state.take;
    if (status !== "ready" || latest_version === drawn) return;
    drawn = latest_version;
    arriving.observe(element);
  };
  return { element, show };
}

/** @param {HTMLCanvasElement} canvas @param {Take} take */
async function drawSketch(canvas, take) {
  const key = `${take.id}/${take.latest_version}`;
  if (!seen.has(key)) seen.set(key, (await api.version(take.id, take.latest_version ?? 1).catch(() => ({ notes: [] }))).notes);
  const notes = seen.get(key) ?? [];
  const end_sec = notes.reduce((end, note) => Math.max(end, note.offset_sec), 1);
  const drawn = sketch(notes, end_sec, SKETCH.width, SKETCH.height, getComputedStyle(canvas).color);
  const pen = canvas.getContext("2d");
  pen?.clearRect(0, 0, canvas.width, canvas.height);
  pen?.drawImage(drawn, 0, 0, canvas.width, canvas.height);
}

/** How it stands with a take: facts, a reason, or a bar that moves. What is drawn anew is only what has become another thing. @param {State} state */
function lineOf(state) {
  const element = h("div", { class: "line" });
  let kind = "";
  const show = () => {
    const { take, job } = state;
    const wanted = isBusy(take) ? `busy ${job?.id}` : JSON.stringify([take.status, take.duration_sec, take.n_notes, take.error]);
    if (wanted !== kind) fill(element, ...(isBusy(take) ? working(take, job) : settled(take)));
    kind = wanted;
    if (isBusy(take)) showProgress(element, job);
  };
  return { element, show };
}

/** @param {Take} take */
const isBusy = (take) => take.status === "waiting" || take.status === "working";

/** @param {Take} take */
function settled(take) {
  if (take.status === "ready") {
    const facts = [take.duration_sec && clock(take.duration_sec), take.n_notes !== null && t("n.notes", { n: take.n_notes }), t(`kind.${take.kind}`), day(take.created)];
    return [h("span", { class: "facts" }, facts.filter(Boolean).join("  ·  "))];
  }
  const why = take.status === "cancelled" ? t("was.cancelled") : t(`error.${take.error?.code}`, { message: take.error?.message ?? "" }, take.error?.message);
  return [h("span", { class: "why" }, why), h("button", { class: "quiet small", onclick: () => void attempt(() => api.again(take.id)) }, t("again"))];
}

/** @param {Take} take @param {Job | undefined} job */
function working(take, job) {
  const bar = h("progress", { max: 1, "aria-label": t("working.on", { name: take.name }) });
  const cancel = job && h("button", { class: "quiet small", "aria-label": t("cancel.label", { name: take.name }), onclick: () => void attempt(() => api.cancel(job.id)) }, t("cancel"));
  return [bar, h("span", { class: "state" }), cancel];
}

/** @param {HTMLElement} line @param {Job | undefined} job */
function showProgress(line, job) {
  const [bar, state] = [line.querySelector("progress"), line.querySelector(".state")];
  if (!bar || !state) return;
  if (job?.state === "running") bar.value = job.progress;
  else bar.removeAttribute("value");
  state.textContent = job?.state === "running" ? `${t("listening")} ${Math.round(job.progress * 100)} %` : t("queued");
}
