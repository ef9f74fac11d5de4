/** Where music comes in: dropped, chosen or recorded. Each file is sent at once; what is under way shows as a row of its own. */

import { ApiError, api, upload } from "../api.js";
import { h, icon } from "../element.js";
import { ICONS } from "../icons.js";
import { reason } from "../notices.js";
import { t } from "../words.js";
import { recorder } from "./recorder.js";

const ACCEPTED = "audio/*,video/*,.mid,.midi,.json,.csv,.musicxml,.mxl,.xml,.abc,.wav,.flac,.mp3,.ogg,.opus,.m4a,.aiff";
const AT_ONCE = 3;

/** @param {{ arrived: (take: import("../api.js").Take) => void }} hooks */
export function inbox({ arrived }) {
  const sending = h("ul", { class: "sending", "aria-label": t("sending") });
  /** @type {(() => Promise<void>)[]} */
  const line = [];
  let busy = 0;
  const next = () => {
    while (busy < AT_ONCE && line.length) {
      busy += 1;
      void line.shift()?.().finally(() => {
        busy -= 1;
        next();
      });
    }
  };
  const send = (/** @type {Iterable<File>} */ files) => {
    for (const file of files) {
      const row = sendingRow(file, arrived);
      sending.append(row.element);
      line.push(row.send);
    }
    next();
  };
  const picker = h("input", { type: "file", multiple: true, accept: ACCEPTED, hidden: true, id: "picker", onchange: () => send(picker.files) });
  const tape = recorder({ recorded: (file) => send([file]) });
  const choose = h("button", { class: "primary", onclick: () => picker.click() }, icon(ICONS.upload), t("choose"));
  const zone = h("section", { class: "dropzone", "aria-label": t("drop.label") }, h("h1", {}, t("drop.title")), h("p", { class: "lead" }, t("drop.lead")), h("div", { class: "ways" }, choose, tape.button, h("a", { class: "button quiet", href: "#/live" }, icon(ICONS.keys), t("live.open"))), tape.panel, h("p", { class: "fine" }, t("drop.formats")), picker);
  acceptDrops(zone, send);
  return { element: h("div", { class: "inbox" }, zone, sending), close: tape.close };
}

/** @param {HTMLElement} zone @param {(files: Iterable<File>) => void} send */
function acceptDrops(zone, send) {
  const over = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    send(event.dataTransfer?.files ?? []);
  });
}

/** @param {File} file @param {(take: import("../api.js").Take) => void} arrived */
function sendingRow(file, arrived) {
  const stop = new AbortController();
  const bar = h("progress", { max: 1, value: 0, "aria-label": t("sending.file", { name: file.name }) });
  const state = h("span", { class: "state" }, t("sending.wait"));
  const cancel = h("button", { class: "quiet small", onclick: () => stop.abort() }, t("cancel"));
  const element = h("li", {}, h("span", { class: "name" }, file.name), bar, state, cancel);
  const send = async () => {
    if (stop.signal.aborted) return element.remove();
    try {
      const { limits } = await api.about();
      if (file.size > limits.upload_bytes) throw new ApiError("too-large", `${file.name} is larger than ${Math.floor(limits.upload_bytes / 2 ** 20)} MiB: cut it into parts`);
      const { take } = await upload(file, (part) => {
        bar.value = part;
        state.textContent = `${Math.round(part * 100)} %`;
      }, stop.signal);
      element.remove();
      arrived(take);
    } catch (error) {
      if (error instanceof ApiError && error.code === "cancelled") return element.remove();
      element.classList.add("failed");
      bar.remove();
      state.textContent = reason(error);
      state.setAttribute("role", "alert");
      cancel.replaceWith(h("button", { class: "quiet small", onclick: () => element.remove() }, t("close")));
    }
  };
  return { element, send };
}
