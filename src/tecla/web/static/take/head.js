/** Above everything: the take's name, its versions, saving, and the ways out. */

import { exportUrl } from "../api.js";
import { h, icon } from "../element.js";
import { day } from "../format.js";
import { ICONS } from "../icons.js";
import { t } from "../words.js";

const FORMATS = ["pdf", "musicxml", "mxl", "svg", "png", "mid", "json", "csv", "wav", "flac", "mp3"];

/**
 * @param {import("./session.js").Session} session
 * @param {{ open: (version: number) => void, save: () => void, continue: () => void, compare: () => void, removeVersion: () => void, rename: (name: string) => void }} deeds
 */
export function head(session, deeds) {
  const title = h("input", { class: "title", value: session.take.name, "aria-label": t("name"), maxlength: 200, onchange: () => deeds.rename(title.value.trim() || session.take.name) });
  title.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && title.blur());
  const version = h("select", { "aria-label": t("version"), onchange: () => deeds.open(Number(version.value)) });
  const discard = h("button", { class: "plain", type: "button", "aria-label": t("version.delete"), title: t("version.delete"), onclick: deeds.removeVersion }, icon(ICONS.trash));
  const save = h("button", { class: "primary save", type: "button", title: `${t("save.hint")} (Ctrl+S)`, onclick: deeds.save }, t("save"));
  const menu = exportMenu(session);
  session.on(["versions"], () => {
    version.replaceChildren(...[...session.versions].sort((a, b) => b.version - a.version).map((name) => h("option", { value: name.version }, `${t("version.n", { n: name.version })} · ${t(`what.${name.what}`, {}, name.what)} · ${day(name.created)}`)));
    version.value = String(session.number);
    if (document.activeElement !== title) title.value = session.take.name;
    discard.disabled = session.versions.length < 2;
  });
  session.on(["notes", "versions"], () => {
    save.disabled = !session.draft.changed;
    document.title = `${session.draft.changed ? "• " : ""}${session.take.name} – tecla`;
  });
  return h(
    "header",
    { class: "take-head" },
    h("a", { class: "button plain", href: "#/", "aria-label": t("to.library"), title: t("to.library") }, icon(ICONS.back)),
    h("h1", {}, title),
    h("div", { class: "group" }, version, discard, save),
    h(
      "div",
      { class: "group end" },
      h("button", { class: "quiet", type: "button", onclick: deeds.continue }, icon(ICONS.spark), h("span", {}, t("continue"))),
      h("button", { class: "quiet", type: "button", "aria-label": t("compare"), onclick: deeds.compare }, icon(ICONS.compare), h("span", { class: "fold" }, t("compare"))),
      h("button", { class: "quiet icon-only", type: "button", "aria-label": t("print"), title: t("print"), onclick: () => window.print() }, icon(ICONS.print)),
      menu,
    ),
  );
}

/** Every format of the version on the desk, as plain links: the browser's own download. @param {import("./session.js").Session} session */
function exportMenu(session) {
  const links = h("ul");
  const unsaved = h("p", { class: "fine" }, t("export.unsaved"));
  const menu = h("details", { class: "menu" }, h("summary", { class: "button quiet", "aria-label": t("export") }, icon(ICONS.download), h("span", { class: "fold" }, t("export"))), h("div", { class: "drop" }, unsaved, links));
  session.on(["versions", "notes"], () => {
    unsaved.hidden = !session.draft.changed;
    links.replaceChildren(...FORMATS.map((suffix) => h("li", {}, h("a", { href: exportUrl(session.take.id, session.number, suffix), download: true }, h("strong", {}, suffix.toUpperCase()), h("span", {}, t(`format.${suffix}`))))));
  });
  return menu;
}
