/** A level meter: a bar that falls slowly, a mark at the loudest, and a word when it is too loud or nothing comes. */

import { h } from "../element.js";
import { t } from "../words.js";
import { peak_db } from "./microphone.js";

const FLOOR_DB = -60;
const TOO_LOUD_DB = -0.3;
const SILENT_DB = -50;
const FALL_DB = 1.2;

export class Meter {
  constructor() {
    this.bar = h("span", { class: "level-bar" });
    this.mark = h("span", { class: "level-mark" });
    this.scale = h("div", { class: "level", role: "meter", "aria-label": t("record.level"), "aria-valuemin": FLOOR_DB, "aria-valuemax": 0, "aria-valuenow": FLOOR_DB }, this.bar, this.mark);
    this.word = h("p", { class: "level-word", "aria-live": "polite" });
    this.element = h("div", { class: "meter" }, this.scale, this.word);
    this.shown_db = FLOOR_DB;
    this.loudest_db = FLOOR_DB;
    this.heard = 0;
  }

  /** @param {Float32Array} block */
  take(block) {
    const now_db = peak_db(block);
    this.heard += 1;
    this.shown_db = Math.max(now_db, this.shown_db - FALL_DB);
    this.loudest_db = Math.max(now_db, this.loudest_db - 0.05);
    const part = (/** @type {number} */ level_db) => `${(100 * (level_db - FLOOR_DB)) / -FLOOR_DB}%`;
    this.bar.style.width = part(this.shown_db);
    this.mark.style.left = part(this.loudest_db);
    if (this.heard % 20 === 0) this.tell();
  }

  tell() {
    this.scale.setAttribute("aria-valuenow", this.shown_db.toFixed(0));
    const word = this.loudest_db > TOO_LOUD_DB ? t("record.loud") : this.loudest_db < SILENT_DB ? t("record.silent") : t("record.good");
    if (word !== this.word.textContent) this.word.textContent = word;
    this.scale.classList.toggle("loud", this.loudest_db > TOO_LOUD_DB);
  }
}
