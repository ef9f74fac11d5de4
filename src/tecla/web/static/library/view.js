/** The library: bring music in, watch it being heard, find it again. */

import { api } from "../api.js";
import { fill, h, icon } from "../element.js";
import { feed, isUnderWay } from "../feed.js";
import { ICONS } from "../icons.js";
import { attempt } from "../notices.js";
import { t } from "../words.js";
import { inbox } from "./inbox.js";
import { showProgress, takeRow } from "./row.js";

const TYPING_MS = 200;

/** @param {HTMLElement} main @returns {() => void} leaves the view */
export function openLibrary(main) {
  document.title = "tecla";
  /** @type {Map<string, import("../api.js").Take>} */
  let takes = new Map();
  const list = h("ul", { class: "takes" });
  const none = h("p", { class: "none", hidden: true });
  const search = h("input", { type: "search", placeholder: t("search"), "aria-label": t("search"), oninput: () => later() });
  const count = h("span", { class: "count", "aria-live": "polite" });
  const arrived = (/** @type {import("../api.js").Take} */ take) => put(take);
  const entrance = inbox({ arrived });
  fill(main, h("div", { class: "library" }, entrance.element, h("section", { "aria-labelledby": "takes" }, h("header", { class: "shelf" }, h("h2", { id: "takes" }, t("takes")), count, h("label", { class: "search" }, icon(ICONS.search), search)), list, none)));

  const jobOf = (/** @type {string} */ id) => [...feed.jobs.values()].find((job) => job.take === id && isUnderWay(job) && job.kind !== "continue");
  const tell = () => {
    count.textContent = takes.size ? String(takes.size) : "";
    none.hidden = takes.size > 0;
    none.textContent = search.value ? t("search.none", { text: search.value }) : t("takes.none");
  };
  const put = (/** @type {any} */ take) => {
    const old = list.querySelector(`[data-take="${CSS.escape(take.id)}"]`);
    if (take.deleted) {
      takes.delete(take.id);
      old?.remove();
      return tell();
    }
    if (!old && search.value && !take.name.toLowerCase().includes(search.value.toLowerCase())) return;
    takes.set(take.id, take);
    const row = takeRow(take, jobOf(take.id));
    if (!old) list.prepend(row);
    else if (!old.contains(document.activeElement) || document.activeElement?.tagName !== "INPUT") old.replaceWith(row);
    tell();
  };
  const load = () =>
    attempt(async () => {
      const answer = await api.takes(search.value);
      const found = answer.takes ?? answer;
      takes = new Map(found.map((/** @type {import("../api.js").Take} */ take) => [take.id, take]));
      list.replaceChildren(...found.map((/** @type {import("../api.js").Take} */ take) => takeRow(take, jobOf(take.id))));
      tell();
    });
  /** @type {number} */
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(load, TYPING_MS);
  };
  const onTake = (/** @type {any} */ event) => put(event.detail);
  const onJob = (/** @type {any} */ event) => {
    const take = takes.get(event.detail.take);
    if (!take || take.status === "ready") return;
    const row = list.querySelector(`[data-take="${CSS.escape(take.id)}"]`);
    if (!row || !showProgress(row, event.detail)) put(take);
  };
  feed.addEventListener("take", onTake);
  feed.addEventListener("job", onJob);
  feed.addEventListener("caught-up", load);
  void load();
  return () => {
    feed.removeEventListener("take", onTake);
    feed.removeEventListener("job", onJob);
    feed.removeEventListener("caught-up", load);
    void entrance.close();
  };
}
