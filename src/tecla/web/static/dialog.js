/** Questions in the browser's own dialog, which keeps the focus inside and closes on Escape. */

import { h } from "./element.js";
import { t } from "./words.js";

/**
 * Asks before something is lost.
 * @param {string} question @param {string} consequence @param {string} yes the verb of the deed
 * @returns {Promise<boolean>}
 */
export function sure(question, consequence, yes) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { class: "question", "aria-labelledby": "question", onclose: () => finish() },
      h("h2", { id: "question" }, question),
      h("p", {}, consequence),
      h(
        "form",
        { method: "dialog", class: "answers" },
        h("button", { class: "quiet", value: "no", autofocus: true }, t("keep.it")),
        h("button", { class: "danger", value: "yes" }, yes),
      ),
    );
    const finish = () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A dialog to be filled; the caller closes it. @param {string} title @param {...any} children @returns {HTMLDialogElement} */
export function sheetDialog(title, ...children) {
  const close = h("button", { class: "quiet", type: "button", onclick: () => dialog.close() }, t("close"));
  const dialog = h("dialog", { class: "wide", "aria-labelledby": "dialog-title", onclose: () => dialog.remove() }, h("header", {}, h("h2", { id: "dialog-title" }, title), close), ...children);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
