/** Where music comes in: dropped, chosen or recorded. Each file is sent at once; what is under way shows as a row of its own. */

import { h, icon } from "../element.js";
import { ICONS } from "../icons.js";
import { t } from "../words.js";
import { outbox } from "./outbox.js";
import { recorder } from "./recorder.js";
import { sendingRow } from "./sending.js";

const ACCEPTED = "audio/*,video/*,.mid,.midi,.json,.csv,.musicxml,.mxl,.xml,.abc,.wav,.flac,.mp3,.ogg,.opus,.m4a,.aiff";

/** @param {{ arrived: (take: import("../api.js").Take) => void }} hooks */
export function inbox({ arrived }) {
  const sending = h("ul", { class: "sending", "aria-label": t("sending") });
  /** @type {Map<import("./outbox.js").Sending, ReturnType<typeof sendingRow>>} */
  const rows = new Map();
  const show = () => {
    for (const one of outbox.sendings) {
      if (rows.has(one)) continue;
      const row = sendingRow(one);
      rows.set(one, row);
      sending.append(row.element);
    }
    for (const [one, row] of rows) {
      if (outbox.sendings.has(one)) row.show();
      else {
        row.element.remove();
        rows.delete(one);
      }
    }
  };
  const onarrived = (/** @type {any} */ event) => arrived(event.detail);
  const send = (/** @type {Iterable<File>} */ files) => {
    for (const file of files) void outbox.send(file);
  };
  const picker = h("input", { type: "file", multiple: true, accept: ACCEPTED, hidden: true, id: "picker", onchange: () => send(picker.files) });
  const tape = recorder({ recorded: (file) => void outbox.send(file, true) });
  const choose = h("button", { class: "primary", onclick: () => picker.click() }, icon(ICONS.upload), t("choose"));
  const zone = h("section", { class: "dropzone", "aria-label": t("drop.label") }, h("h1", {}, t("drop.title")), h("p", { class: "lead" }, t("drop.lead")), h("div", { class: "ways" }, choose, tape.button, h("a", { class: "button quiet", href: "#/live" }, icon(ICONS.keys), t("live.open"))), tape.panel, h("p", { class: "fine" }, t("drop.formats")), picker);
  acceptDrops(zone, send);
  outbox.addEventListener("change", show);
  outbox.addEventListener("progress", show);
  outbox.addEventListener("arrived", onarrived);
  show();
  const close = () => {
    outbox.removeEventListener("change", show);
    outbox.removeEventListener("progress", show);
    outbox.removeEventListener("arrived", onarrived);
    void tape.close();
  };
  return { element: h("div", { class: "inbox" }, zone, sending), close };
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
