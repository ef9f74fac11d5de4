/** A take that has not been heard yet has nothing to open: how far it is, and then the take itself. */

import { api } from "../api.js";
import { fill, h } from "../element.js";
import { feed, isUnderWay } from "../feed.js";
import { takeRow } from "../library/row.js";
import { attempt, complain } from "../notices.js";
import { t } from "../words.js";

/** @typedef {import("../api.js").Take} Take */

/** @param {HTMLElement} main @param {Take} take @param {(take: Take) => Promise<() => void>} open @returns {() => void} leaves the view */
export function waitFor(main, take, open) {
  const job = () => [...feed.jobs.values()].find((one) => one.take === take.id && isUnderWay(one));
  const row = takeRow(take, job());
  let waiting = true;
  let left = false;
  let leave = () => {};
  const show = async (/** @type {any} */ now) => {
    if (!waiting) return;
    if (now.deleted) {
      complain(new Error(t("take.gone", { name: take.name })));
      location.hash = "#/";
    } else row.update({ take: now, job: job() });
    if (!now.latest_version) return;
    waiting = false;
    await attempt(async () => (leave = await open(now)));
    if (left) leave();
  };
  const look = () => void attempt(async () => show(await api.take(take.id)));
  const ontake = (/** @type {any} */ event) => event.detail.id === take.id && void show(event.detail);
  const onjob = (/** @type {any} */ event) => event.detail.take === take.id && waiting && row.update({ job: job() });
  feed.addEventListener("take", ontake);
  feed.addEventListener("job", onjob);
  feed.addEventListener("caught-up", look);
  document.title = `${take.name} – tecla`;
  fill(main, h("div", { class: "library" }, h("h1", { class: "unseen" }, take.name), h("ul", { class: "takes" }, row.element)));
  look(); // it may have been heard since it was asked for
  return () => {
    left = true;
    waiting = false;
    feed.removeEventListener("take", ontake);
    feed.removeEventListener("job", onjob);
    feed.removeEventListener("caught-up", look);
    leave();
  };
}
