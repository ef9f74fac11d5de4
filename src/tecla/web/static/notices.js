/** Short messages at the foot of the window; errors stay until they are closed. */

import { ApiError } from "./api.js";
import { h, icon } from "./element.js";
import { ICONS } from "./icons.js";
import { t } from "./words.js";

const STAY_MS = 5000;

/** @param {string} text */
export function say(text) {
  const notice = show(text, "notice");
  setTimeout(() => notice.remove(), STAY_MS);
}

/** An error in the user's language where the studio knows it, else in the words that came. @param {unknown} error */
export function complain(error) {
  show(reason(error), "notice error");
}

/** Says what holds for a while. @param {string} text @returns {() => void} ends it */
export function warn(text) {
  const notice = show(text, "notice error");
  return () => notice.remove();
}

/** @param {unknown} error @returns {string} */
export function reason(error) {
  if (error instanceof ApiError) return t(`error.${error.code}`, { message: error.message }, error.message);
  if (error instanceof TypeError && /fetch|network/i.test(error.message)) return t("error.offline");
  return error instanceof Error ? error.message : String(error);
}

/** Runs what may fail; a failure is shown. @param {() => Promise<any>} act */
export async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    complain(error);
    if (!(error instanceof ApiError)) console.error(error);
    return undefined;
  }
}

/** @param {string} text @param {string} kind @returns {HTMLElement} */
function show(text, kind) {
  const close = h("button", { class: "plain", "aria-label": t("close"), onclick: () => notice.remove() }, icon(ICONS.close));
  const notice = h("div", { class: kind }, h("span", {}, text), close);
  document.getElementById("notices")?.append(notice);
  return notice;
}
