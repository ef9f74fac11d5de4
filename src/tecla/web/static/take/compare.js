/** Lays a reference beside the take: another take of the library, and what of it was heard, missed and made up. */

import { api } from "../api.js";
import { sheetDialog } from "../dialog.js";
import { h } from "../element.js";
import { attempt } from "../notices.js";
import { percent } from "../format.js";
import { t } from "../words.js";

/** @param {import("./session.js").Session} session */
export async function chooseReference(session) {
  const answer = await attempt(() => api.takes());
  if (!answer) return;
  const takes = (answer.takes ?? answer).filter((/** @type {import("../api.js").Take} */ take) => take.status === "ready");
  const choose = (/** @type {string} */ id, /** @type {number} */ version, /** @type {string} */ name) => {
    dialog.close();
    void session.compare(id, version, name);
  };
  const earlier = session.versions.filter((name) => name.version !== session.number).map((name) => option(t("version.n", { n: name.version }), t(`what.${name.what}`, {}, name.what), () => choose(session.take.id, name.version, t("version.n", { n: name.version }))));
  const others = takes.filter((/** @type {any} */ take) => take.id !== session.take.id).map((/** @type {any} */ take) => option(take.name, t(`kind.${take.kind}`), () => choose(take.id, take.latest_version, take.name)));
  const dialog = sheetDialog(t("compare.title"), h("p", {}, t("compare.lead")), h("ul", { class: "options" }, ...earlier, ...others), earlier.length + others.length ? null : h("p", { class: "none" }, t("compare.none")));
}

/** What a comparison found, above the roll. @param {import("./session.js").Session} session */
export function verdictBar(session) {
  const text = h("p");
  const element = h("div", { class: "verdict", hidden: true, role: "status" }, h("span", { class: "key hit" }, t("hits")), h("span", { class: "key miss" }, t("misses")), h("span", { class: "key invention" }, t("inventions")), text, h("button", { class: "quiet small", type: "button", onclick: () => session.endComparison() }, t("close")));
  session.on(["verdict"], () => {
    element.hidden = !session.verdict;
    if (!session.verdict) return;
    const { metrics, misses, inventions, name } = session.verdict;
    text.textContent = t("verdict", { name, precision: percent(metrics.precision), recall: percent(metrics.recall), f1: percent(metrics.f1), misses: misses.length, inventions: inventions.size });
  });
  return element;
}

/** @param {string} name @param {string} about @param {() => void} act */
const option = (name, about, act) => h("li", {}, h("button", { class: "quiet", type: "button", onclick: act }, h("strong", {}, name), h("span", {}, about)));
