/** The studio starts here: language, theme, the header, and which view is open. */

import { api } from "./api.js";
import { fill, h, icon } from "./element.js";
import { feed } from "./feed.js";
import { ICONS } from "./icons.js";
import { outbox } from "./library/outbox.js";
import { openLibrary } from "./library/view.js";
import { complain } from "./notices.js";
import { prefer, preference } from "./preferences.js";
import { LANGUAGES, language, setLanguage, t } from "./words.js";

const THEMES = ["auto", "light", "dark"];
const THEME_ICONS = /** @type {Record<string, string>} */ ({ auto: ICONS.half, light: ICONS.sun, dark: ICONS.moon });

const main = /** @type {HTMLElement} */ (document.getElementById("content"));
/** @type {() => void} */
let leave = () => {};
let turn = 0;

async function route() {
  const mine = ++turn;
  leave();
  leave = () => {};
  const [, place, id] = location.hash.split("/");
  document.body.dataset.view = place || "library";
  masthead();
  try {
    if (place === "take" && id) {
      fill(main, h("p", { class: "opening", role: "status" }, t("opening")));
      const { openTake } = await import("./take/view.js"); // the library need not wait for it
      const left = await openTake(main, decodeURIComponent(id));
      if (mine === turn) leave = left;
      else left();
    } else if (place === "live") {
      const { openLive } = await import("./live/view.js");
      if (mine === turn) leave = openLive(main);
    } else leave = openLibrary(main);
  } catch (error) {
    complain(error);
    if (place) location.hash = "#/";
  }
}

function masthead() {
  const here = document.body.dataset.view;
  const link = (/** @type {string} */ view, /** @type {string} */ hash, /** @type {string} */ word) => h("a", { href: hash, ...(here === view ? { "aria-current": "page" } : {}) }, t(word));
  const theme = preference("theme", "auto");
  const languages = h("div", { class: "languages", role: "group", "aria-label": t("language") }, ...LANGUAGES.map((code) => h("button", { class: "plain text", lang: code, "aria-pressed": String(code === language()), onclick: () => speak(code) }, code.toUpperCase())));
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const themes = h("button", { class: "plain", "aria-label": t("theme.is", { theme: t(`theme.${theme}`) }), title: t("theme.is", { theme: t(`theme.${theme}`) }), onclick: () => dress(next) }, icon(THEME_ICONS[theme]));
  fill(/** @type {HTMLElement} */ (document.getElementById("masthead")), h("a", { class: "wordmark", href: "#/", "aria-label": "tecla" }, h("span", { class: "mark", "aria-hidden": "true" }), "tecla"), h("nav", { "aria-label": t("nav") }, link("library", "#/", "library"), link("live", "#/live", "live")), h("div", { class: "tools" }, languages, themes));
  const skip = /** @type {HTMLAnchorElement} */ (document.getElementById("skip"));
  skip.textContent = t("skip");
  skip.onclick = (event) => {
    event.preventDefault(); // the hash is the router's
    main.focus();
  };
}

/** @param {string} code */
function speak(code) {
  prefer("language", code);
  setLanguage(code);
  void route();
}

/** @param {string} theme */
function dress(theme) {
  prefer("theme", theme);
  wear(theme);
  masthead();
  document.dispatchEvent(new Event("recolour"));
}

/** @param {string} theme */
function wear(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Closes the menus that are open, but not the one that was pressed; the focus goes back to its summary. @param {Node | null} pressed */
function shutMenus(pressed) {
  for (const menu of document.querySelectorAll("details[open]")) {
    if (pressed && menu.contains(pressed)) continue;
    if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
    menu.removeAttribute("open");
  }
}

/** A studio on another host asks for its token, which the printed address carries. */
async function enter() {
  const token = location.hash.match(/^#token=(.+)$/)?.[1];
  if (!token) return;
  await api.enter(decodeURIComponent(token)).catch(complain);
  history.replaceState(null, "", "#/");
}

setLanguage(preference("language", navigator.language.slice(0, 2)));
wear(preference("theme", "auto"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("recolour")));
window.addEventListener("hashchange", () => void route());
outbox.addEventListener("failed", (/** @type {any} */ event) => document.body.dataset.view !== "library" && complain(new Error(t("sending.failed", { name: event.detail })))); // the library shows it itself
document.addEventListener("click", (event) => shutMenus(/** @type {Node} */ (event.target)));
document.addEventListener("keydown", (event) => event.key === "Escape" && shutMenus(null));
document.addEventListener("dragover", (event) => event.preventDefault()); // a file dropped beside the zone must not replace the studio
document.addEventListener("drop", (event) => event.preventDefault());
await enter();
feed.open();
await route();
