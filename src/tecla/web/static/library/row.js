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

/** @param {Take} take @param {import("../api.js").Job | undefined} job its job, if one is under way */
export function takeRow(take, job) {
  const element = h("li", { class: `take ${take.status}`, "data-take": take.id });
  const title = h("h3", {}, take.status === "ready" ? h("a", { href: `#/take/${take.id}` }, take.name) : take.name);
  const rename = h("button", { class: "plain", "aria-label": t("rename.label", { name: take.name }), title: t("rename"), onclick: () => renameIn(title, take) }, icon(ICONS.pencil));
  const remove = h("button", { class: "plain", "aria-label": t("delete.label", { name: take.name }), title: t("delete"), onclick: () => void removeTake(take) }, icon(ICONS.trash));
  fill(element, picture(take), h("div", { class: "about" }, title, h("div", { class: "line" }, ...line(take, job))), h("div", { class: "deeds" }, rename, remove));
  return element;
}

/** @param {Take} take */
async function removeTake(take) {
  if (await sure(t("delete.question", { name: take.name }), t("delete.consequence"), t("delete"))) await attempt(() => api.remove(take.id));
}

/** @param {Take} take */
function picture(take) {
  const canvas = h("canvas", { class: "sketch", width: SKETCH.width * 2, height: SKETCH.height * 2, "aria-hidden": "true" });
  if (take.status === "ready" && take.latest_version !== null) {
    canvas.addEventListener("arrive", () => void drawSketch(canvas, take));
    arriving.observe(canvas);
  }
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @param {Take} take */
async function drawSketch(canvas, take) {
  const key = `${take.id}/${take.latest_version}`;
  if (!seen.has(key)) seen.set(key, (await api.version(take.id, take.latest_version ?? 1).catch(() => ({ notes: [] }))).notes);
  const notes = seen.get(key) ?? [];
  const end_sec = notes.reduce((end, note) => Math.max(end, note.offset_sec), 1);
  const drawn = sketch(notes, end_sec, SKETCH.width, SKETCH.height, getComputedStyle(canvas).color);
  canvas.getContext("2d")?.drawImage(drawn, 0, 0, canvas.width, canvas.height);
}

/** @param {Take} take @param {import("../api.js").Job | undefined} job */
function line(take, job) {
  if (take.status === "ready") {
    const facts = [take.duration_sec && clock(take.duration_sec), take.n_notes !== null && t("n.notes", { n: take.n_notes }), t(`kind.${take.kind}`), day(take.created)];
    return [h("span", { class: "facts" }, facts.filter(Boolean).join("  ·  "))];
  }
  if (take.status === "failed" || take.status === "cancelled") {
    const why = take.status === "cancelled" ? t("was.cancelled") : t(`error.${take.error?.code}`, { message: take.error?.message ?? "" }, take.error?.message);
    return [h("span", { class: "why" }, why), h("button", { class: "quiet small", onclick: () => void attempt(() => api.again(take.id)) }, t("again"))];
  }
  const running = job?.state === "running";
  const bar = h("progress", { max: 1, "aria-label": t("working.on", { name: take.name }), ...(running ? { value: job.progress } : {}) });
  const cancel = job && h("button", { class: "quiet small", "aria-label": t("cancel.label", { name: take.name }), onclick: () => void attempt(() => api.cancel(job.id)) }, t("cancel"));
  return [bar, h("span", { class: "state" }, running ? working(job) : t("queued")), cancel];
}

/** Moves a row's bar without making the row anew, so that focus stays. @param {Element} row @param {import("../api.js").Job} job @returns {boolean} whether it could */
export function showProgress(row, job) {
  const [bar, state, cancel] = [row.querySelector("progress"), row.querySelector(".state"), row.querySelector("button.small")];
  if (!bar || !state || !cancel || job.state !== "running") return false;
  bar.value = job.progress;
  state.textContent = working(job);
  return true;
}

/** @param {import("../api.js").Job} job */
const working = (job) => `${t("listening")} ${Math.round(job.progress * 100)} %`;

/** @param {HTMLElement} title @param {Take} take */
function renameIn(title, take) {
  const before = [...title.childNodes];
  const field = h("input", { value: take.name, "aria-label": t("rename.label", { name: take.name }), maxlength: 200 });
  let over = false;
  const done = async (/** @type {boolean} */ keep) => {
    if (over) return;
    over = true;
    const name = field.value.trim();
    title.replaceChildren(...before);
    if (keep && name && name !== take.name) await attempt(() => api.rename(take.id, name));
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") void done(true);
    if (event.key === "Escape") void done(false);
  });
  field.addEventListener("blur", () => void done(true));
  title.replaceChildren(field);
  field.select();
}
