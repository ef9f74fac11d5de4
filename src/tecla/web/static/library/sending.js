/** A file on its way into the library: how much of it was sent, or why it was not, and what can be done then. */

import { fill, h } from "../element.js";
import { reason } from "../notices.js";
import { t } from "../words.js";
import { outbox } from "./outbox.js";

/** @param {import("./outbox.js").Sending} sending */
export function sendingRow(sending) {
  const { file } = sending;
  const element = h("li");
  const bar = h("progress", { max: 1, "aria-label": t("sending.file", { name: file.name }) });
  const state = h("span", { class: "state" });
  let shown = "";
  const show = () => {
    const wanted = sending.state === "failed" ? "failed" : "under way";
    const focused = element.contains(document.activeElement);
    if (wanted !== shown) fill(element, h("span", { class: "name" }, file.name), ...(wanted === "failed" ? failed(sending) : [bar, state, deed("cancel", () => outbox.drop(sending))]));
    if (focused && document.activeElement === document.body) element.querySelector("button")?.focus();
    shown = wanted;
    element.classList.toggle("failed", wanted === "failed");
    bar.value = sending.part;
    state.textContent = sending.state === "waiting" ? t("sending.wait") : `${Math.round(sending.part * 100)} %`;
  };
  show();
  return { element, show };
}

/** @param {import("./outbox.js").Sending} sending */
function failed(sending) {
  const why = h("span", { class: "state", role: "alert" }, reason(sending.error));
  return [why, h("div", { class: "deeds" }, deed("again", () => void outbox.again(sending)), sending.recorded && download(sending.file), deed(sending.recorded ? "record.discard" : "close", () => outbox.drop(sending)))];
}

/** @param {string} word @param {() => void} act */
const deed = (word, act) => h("button", { class: "quiet small", type: "button", onclick: act }, t(word));

/** The file as it is in this window's memory. @param {File} file */
function download(file) {
  const link = h("a", { class: "button quiet small", download: file.name, href: "#", onclick: () => (link.href = URL.createObjectURL(file)) }, t("download"));
  return link;
}
