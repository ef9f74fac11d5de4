/** The library: bring music in, watch it being heard, find it again. */

import { api } from "../api.js";
import { fill, h, icon } from "../element.js";
import { feed, isUnderWay } from "../feed.js";
import { ICONS } from "../icons.js";
import { attempt } from "../notices.js";
import { t } from "../words.js";
import { inbox } from "./inbox.js";
import { takeRow } from "./row.js";

const TYPING_MS = 200;

/** @typedef {import("../api.js").Take} Take */

/** @param {HTMLElement} main @returns {() => void} leaves the view */
export function openLibrary(main) {
  document.title = "tecla";
  /** @type {Map<string, ReturnType<typeof takeRow>>} rows by the take's id; a take keeps its row */
  const rows = new Map();
  /** @type {Set<string>} takes of which news came while the list was being asked for */
  const fresher = new Set();
  const list = h("ul", { class: "takes" });
  const none = h("p", { class: "none", hidden: true });
  const search = h("input", { type: "search", placeholder: t("search"), "aria-label": t("search"), oninput: () => later() });
  const count = h("span", { class: "count", "aria-live": "polite" });
  const arrived = (/** @type {Take} */ take) => rows.has(take.id) || put(take); // the feed may have told more of it already
  const entrance = inbox({ arrived });
  fill(main, h("div", { class: "library" }, entrance.element, h("section", { "aria-labelledby": "takes" }, h("header", { class: "shelf" }, h("h2", { id: "takes" }, t("takes")), count, h("label", { class: "search" }, icon(ICONS.search), search)), list, none)));

  const jobOf = (/** @type {string} */ id) => [...feed.jobs.values()].find((job) => job.take === id && isUnderWay(job) && job.kind !== "continue");
  const tell = () => {
    count.textContent = rows.size ? String(rows.size) : "";
    none.hidden = rows.size > 0;
    none.textContent = search.value ? t("search.none", { text: search.value }) : t("takes.none");
  };
  const rowOf = (/** @type {Take} */ take) => {
    const row = rows.get(take.id) ?? takeRow(take, jobOf(take.id));
    rows.set(take.id, row);
    row.update({ take, job: jobOf(take.id) });
    return row;
  };
  const drop = (/** @type {string} */ id) => {
    rows.get(id)?.element.remove();
    rows.delete(id);
  };
  const put = (/** @type {any} */ take) => {
    const known = rows.has(take.id);
    fresher.add(take.id);
    if (take.deleted) drop(take.id);
    else if (known || !search.value || take.name.toLowerCase().includes(search.value.toLowerCase())) {
      const row = rowOf(take);
      if (!known) list.prepend(row.element);
    }
    tell();
  };
  let turn = 0;
  const load = () =>
    attempt(async () => {
      const mine = ++turn;
      fresher.clear();
      const answer = await api.takes(search.value);
      if (mine === turn) show(answer.takes ?? answer);
    });
  const show = (/** @type {Take[]} */ found) => {
    const there = new Set(found.map((take) => take.id));
    for (const id of [...rows.keys()]) if (!there.has(id) && !fresher.has(id)) drop(id);
    let next = list.firstElementChild;
    for (const take of found) {
      const row = fresher.has(take.id) ? rows.get(take.id) : rowOf(take);
      if (!row) continue; // deleted meanwhile
      if (row.element === next) next = next.nextElementSibling;
      else list.insertBefore(row.element, next); // only what stands elsewhere is moved: a row that moves loses the focus
    }
    tell();
  };
  /** @type {number} */
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(load, TYPING_MS);
  };
  const onTake = (/** @type {any} */ event) => put(event.detail);
  const onJob = (/** @type {any} */ event) => {
    if (isUnderWay(event.detail)) rows.get(event.detail.take)?.update({ job: jobOf(event.detail.take) }); // how it ended is told with the take
  };
  feed.addEventListener("take", onTake);
  feed.addEventListener("job", onJob);
  feed.addEventListener("caught-up", load);
  void load();
  return () => {
    feed.removeEventListener("take", onTake);
    feed.removeEventListener("job", onJob);
    feed.removeEventListener("caught-up", load);
    entrance.close();
  };
}
