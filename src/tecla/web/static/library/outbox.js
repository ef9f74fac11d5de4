/**
 * What is on its way into the library, whichever view is open. What could not be sent stays until it is sent again or given up; a
 * recording is nowhere else.
 *
 * Events: "change" (something came, went or failed), "progress" (more of a file was sent), "arrived" (detail: the take), "failed"
 * (detail: the file's name).
 */

import { api, upload } from "../api.js";
import { hold } from "../held.js";
import { t } from "../words.js";

const AT_ONCE = 3;

/**
 * @typedef {object} Sending
 * @property {File} file
 * @property {boolean} recorded           whether the file exists in this window alone
 * @property {"waiting" | "going" | "failed"} state
 * @property {number} part                0..1
 * @property {unknown} error
 * @property {AbortController} stop
 * @property {() => void} release
 */

class Outbox extends EventTarget {
  constructor() {
    super();
    /** @type {Set<Sending>} */
    this.sendings = new Set();
    /** @type {(() => Promise<void>)[]} */
    this.line = [];
    this.busy = 0;
  }

  /** Sends a file. @param {File} file @param {boolean} [recorded] @returns {Promise<boolean>} whether it arrived at the first try */
  send(file, recorded = false) {
    /** @type {Sending} */
    const sending = { file, recorded, state: "waiting", part: 0, error: null, stop: new AbortController(), release: recorded ? hold() : () => {} };
    this.sendings.add(sending);
    return this.again(sending);
  }

  /** @param {Sending} sending @returns {Promise<boolean>} whether it arrived */
  again(sending) {
    Object.assign(sending, { state: "waiting", part: 0, error: null });
    this.tell("change");
    return new Promise((resolve) => {
      this.line.push(() => this.deliver(sending).then(resolve));
      this.next();
    });
  }

  /** Gives a file up, sent or not. @param {Sending} sending */
  drop(sending) {
    sending.stop.abort();
    sending.release();
    this.sendings.delete(sending);
    this.tell("change");
  }

  next() {
    while (this.busy < AT_ONCE && this.line.length) {
      this.busy += 1;
      void this.line.shift()?.().finally(() => {
        this.busy -= 1;
        this.next();
      });
    }
  }

  /** @param {Sending} sending */
  async deliver(sending) {
    if (sending.stop.signal.aborted) return false;
    sending.state = "going";
    try {
      const { take } = await put(sending, () => this.tell("progress"));
      this.drop(sending);
      this.tell("arrived", take);
      return true;
    } catch (error) {
      if (sending.stop.signal.aborted) return false;
      Object.assign(sending, { state: "failed", error });
      this.tell("change");
      this.tell("failed", sending.file.name);
      return false;
    }
  }

  /** @param {string} event @param {any} [detail] */
  tell(event, detail) {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }
}

/** @param {Sending} sending @param {() => void} onprogress */
async function put(sending, onprogress) {
  const { file, stop } = sending;
  const { limits } = await api.about();
  if (file.size > limits.upload_bytes) throw new Error(t("sending.large", { name: file.name, mib: Math.floor(limits.upload_bytes / 2 ** 20) }));
  return upload(file, (part) => {
    sending.part = part;
    onprogress();
  }, stop.signal);
}

export const outbox = new Outbox();
