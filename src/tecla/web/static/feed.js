/** What happens on the server, as it happens: jobs and takes, by server-sent events, for whoever listens. */

import { api } from "./api.js";
import { warn } from "./notices.js";
import { t } from "./words.js";

/** @typedef {import("./api.js").Job} Job */

class Feed extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Job>} */
    this.jobs = new Map();
    /** @type {(() => void) | null} takes the notice away that the studio is gone */
    this.found = null;
  }

  /** Listens from now on; what was already under way is asked for, also after a lost line. */
  open() {
    const source = new EventSource("/api/events");
    source.onopen = () => {
      this.found?.();
      this.found = null;
      void this.catchUp();
    };
    source.onerror = () => source.readyState === EventSource.CONNECTING && (this.found ??= warn(t("error.offline"))); // closed: it refused
    source.addEventListener("job", (event) => this.take(JSON.parse(event.data)));
    source.addEventListener("page", (event) => this.dispatchEvent(new CustomEvent("page", { detail: JSON.parse(event.data) })));
    source.addEventListener("take", (event) => this.dispatchEvent(new CustomEvent("take", { detail: JSON.parse(event.data) })));
  }

  async catchUp() {
    const answer = await api.jobs().catch(() => []);
    for (const job of answer.jobs ?? answer) this.take(job);
    this.dispatchEvent(new CustomEvent("caught-up"));
  }

  /** @param {Job} job */
  take(job) {
    this.jobs.set(job.id, job);
    this.dispatchEvent(new CustomEvent("job", { detail: job }));
  }

  /** Resolves when a job has ended, however it did. @param {string} id @param {(job: Job) => void} [onchange] @returns {Promise<Job>} */
  ended(id, onchange) {
    return new Promise((resolve) => {
      const look = () => {
        const job = this.jobs.get(id);
        if (!job) return;
        onchange?.(job);
        if (!isUnderWay(job)) {
          this.removeEventListener("job", look);
          resolve(job);
        }
      };
      this.addEventListener("job", look);
      look();
    });
  }
}

/** @param {Job} job */
export const isUnderWay = (job) => job.state === "queued" || job.state === "running";

export const feed = new Feed();
