/**
 * The server, as the studio sees it. Every answer is JSON; every failure is an ApiError with a code that words.js can translate.
 *
 * @typedef {object} Take
 * @property {string} id
 * @property {string} name
 * @property {"sound" | "notes" | "score"} kind
 * @property {string} created
 * @property {number | null} duration_sec
 * @property {number | null} n_notes
 * @property {"waiting" | "working" | "ready" | "failed" | "cancelled"} status
 * @property {{ code: string, message: string } | null} error
 * @property {number | null} latest_version
 * @property {boolean} has_sound
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {string} kind
 * @property {string | null} take
 * @property {"queued" | "running" | "done" | "failed" | "cancelled"} state
 * @property {number} progress    0..1
 * @property {string} message
 * @property {{ code: string, message: string } | null} error
 * @property {any} [result]
 *
 * @typedef {{ version: number, parent: number | null, what: string, created: string, new_from_sec: number | null }} VersionName
 */

export class ApiError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @param {string} method @param {string} path @param {any} [body] an object, sent as JSON, or a FormData @param {AbortSignal} [signal] @returns {Promise<any>} */
async function ask(method, path, body, signal) {
  const form = body instanceof FormData;
  const answer = await fetch(`/api${path}`, {
    method,
    signal,
    body: body === undefined || form ? body : JSON.stringify(body),
    headers: body === undefined || form ? {} : { "Content-Type": "application/json" },
  });
  if (!answer.ok) throw await failure(answer);
  return answer.status === 204 ? null : answer.json();
}

/** @param {Response} answer */
async function failure(answer) {
  try {
    const { error } = await answer.json();
    return new ApiError(error.code, error.message);
  } catch {
    return new ApiError("server", `the studio answered ${answer.status} ${answer.statusText}`);
  }
}

const version_path = (/** @type {string} */ id, /** @type {number} */ version) => `/takes/${id}/versions/${version}`;

export const api = {
  about: () => ask("GET", "/about"),
  /** @param {string} token */
  enter: (token) => ask("POST", "/session", { token }),
  /** @param {string} [search] */
  takes: (search = "") => ask("GET", `/takes?search=${encodeURIComponent(search)}`),
  /** @param {string} id */
  take: (id) => ask("GET", `/takes/${id}`),
  /** @param {string} id @param {string} name */
  rename: (id, name) => ask("PATCH", `/takes/${id}`, { name }),
  /** @param {string} id */
  remove: (id) => ask("DELETE", `/takes/${id}`),
  /** @param {string} id */
  again: (id) => ask("POST", `/takes/${id}/transcribe`),
  jobs: () => ask("GET", "/jobs"),
  /** @param {string} id */
  cancel: (id) => ask("DELETE", `/jobs/${id}`),
  /** @param {string} id */
  versions: (id) => ask("GET", `/takes/${id}/versions`),
  /** @param {string} id @param {number} version */
  version: (id, version) => ask("GET", version_path(id, version)),
  /** @param {string} id @param {any} body notes, pedals, wishes, parent, what */
  save: (id, body) => ask("POST", `/takes/${id}/versions`, body),
  /** @param {string} id @param {number} version */
  removeVersion: (id, version) => ask("DELETE", version_path(id, version)),
  /** @param {string} id @param {number} version @param {AbortSignal} [signal] */
  page: (id, version, signal) => ask("GET", `${version_path(id, version)}/page`, undefined, signal),
  /** A page that is not saved. @param {string} id @param {any} body notes, pedals, wishes, parent @param {AbortSignal} [signal] */
  draftPage: (id, body, signal) => ask("POST", `/takes/${id}/page`, body, signal),
  /** @param {string} id @param {number} version @param {any} request from_sec, to_sec, model, seconds, temperature */
  continue: (id, version, request) => ask("POST", `${version_path(id, version)}/continue`, request),
  /** @param {string} id @param {number} version @param {string} reference_take @param {number} reference_version */
  compare: (id, version, reference_take, reference_version) =>
    ask("GET", `${version_path(id, version)}/compare?reference_take=${reference_take}&reference_version=${reference_version}`),
};

/** @param {string} id */
export const soundUrl = (id) => `/api/takes/${id}/sound`;
/** @param {string} id */
export const spectrogramUrl = (id) => `/api/takes/${id}/spectrogram.png`;
/** @param {string} id @param {number} version @param {string} suffix */
export const exportUrl = (id, version, suffix) => `/api${version_path(id, version)}/export.${suffix}`;

/**
 * Sends a file, with progress. @param {File} file @param {(part: number) => void} onprogress @param {AbortSignal} [signal]
 * @returns {Promise<{ take: Take, job: Job | null }>}
 */
export function upload(file, onprogress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
    request.open("POST", "/api/takes");
    request.responseType = "json";
    request.upload.onprogress = (event) => onprogress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => {
      if (request.status < 300) return resolve(request.response);
      const { code = "server", message = `the studio answered ${request.status}` } = request.response?.error ?? {};
      return reject(new ApiError(code, message));
    };
    request.onerror = () => reject(new ApiError("offline", "the studio does not answer"));
    request.onabort = () => reject(new ApiError("cancelled", "cancelled"));
    signal?.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}
