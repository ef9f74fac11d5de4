/**
 * The engraved page: the server's SVG, a cursor that lights the notes that sound, and presses that find the note in the roll. The
 * markup comes from tecla's own engraver; it is parsed as SVG, and nothing but drawing is let in.
 */

import { h } from "../element.js";
import { lowerBound } from "../roll/notes.js";
import { t } from "../words.js";

const DRAWN = new Set(["svg", "g", "path", "use", "symbol", "defs", "rect", "ellipse", "circle", "line", "polygon", "polyline", "text", "tspan", "title", "desc"]);

/**
 * @typedef {object} Engraved
 * @property {string[]} pages
 * @property {{ sec: number, page: number, ids: string[] }[]} timemap
 * @property {Record<string, number>} notes  svg id -> index of the note in the version
 * @property {Record<string, number[]>} [again]  svg id -> indices of the notes that it is when it is repeated
 */

export class Sheet {
  /** @param {(note_index: number) => void} onpick */
  constructor(onpick) {
    this.element = h("div", { class: "sheet", tabindex: "0", role: "region", "aria-label": t("page.label") });
    this.element.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const id = /** @type {Element} */ (event.target).closest("g.note")?.id;
      if (id !== undefined && id in this.notes) onpick(this.notes[id]);
    });
    /** @type {Engraved["timemap"]} */
    this.timemap = [];
    this.moments = new Float64Array();
    /** @type {Record<string, number>} */
    this.notes = {};
    /** @type {Element[]} */
    this.lit = [];
    /** @type {Element[]} */
    this.picked = [];
    this.picked_indices = /** @type {number[]} */ ([]);
    this.now = -1;
    /** @type {HTMLElement[]} */
    this.figures = [];
    this.sources = /** @type {(string | null)[]} */ ([]); // of the pages that are still blank: a long piece has hundreds of thousands of elements
    this.page_of = /** @type {Map<string, number>} */ (new Map());
    this.seen = new IntersectionObserver((entries) => entries.forEach((entry) => entry.isIntersecting && this.draw(this.figures.indexOf(/** @type {HTMLElement} */ (entry.target)))), { root: this.element, rootMargin: "100% 0px" });
  }

  /** Draws a page that is still blank. @param {number} number from 0 */
  draw(number) {
    const source = this.sources[number];
    if (!source) return;
    this.sources[number] = null;
    this.seen.unobserve(this.figures[number]);
    this.figures[number].replaceChildren(drawing(source, `p${number}-`));
    this.figures[number].style.aspectRatio = "";
    this.pick(this.picked_indices);
  }

  /** Before all of it is printed. */
  drawAll() {
    this.figures.forEach((_, number) => this.draw(number));
  }

  /** @param {Engraved} engraved */
  show(engraved) {
    this.seen.disconnect();
    this.sources = [...engraved.pages];
    this.figures = engraved.pages.map((page, i) => blank(page, t("page.number", { n: i + 1, of: engraved.pages.length })));
    const scrolled = this.element.scrollTop;
    this.element.replaceChildren(...this.figures);
    this.element.scrollTop = scrolled;
    this.timemap = engraved.timemap;
    this.page_of = new Map(engraved.timemap.flatMap(({ page, ids }) => ids.map((id) => /** @type {[string, number]} */ ([id, page]))));
    this.moments = Float64Array.from(this.timemap, (entry) => entry.sec);
    this.notes = engraved.notes;
    const times = [...Object.entries(engraved.notes), ...Object.entries(engraved.again ?? {})];
    this.svg_ids = new Map(times.flatMap(([id, indices]) => [indices].flat().map((index) => /** @type {[number, string]} */ ([index, id]))));
    this.now = -1;
    this.lit = [];
    this.picked = [];
    this.picked_indices = [];
    this.draw(0);
    for (const figure of this.figures) this.seen.observe(figure);
  }

  /** Lights what sounds, and brings it into sight while playing. @param {number} sec @param {boolean} follow */
  moveCursor(sec, follow) {
    const now = lowerBound(this.moments, sec + 0.001) - 1;
    if (now === this.now) return;
    this.now = now;
    this.lit.forEach((element) => element.classList.remove("sounding"));
    if (now >= 0) this.draw(this.timemap[now].page);
    this.lit = now < 0 ? [] : this.timemap[now].ids.map((id) => this.find(id)).filter((found) => found !== null);
    this.lit.forEach((element) => element.classList.add("sounding"));
    if (follow && this.lit[0]) this.reveal(this.lit[0]);
  }

  /** Marks the notes selected in the roll. @param {number[]} indices into the version's notes */
  pick(indices) {
    this.picked_indices = indices;
    this.picked.forEach((element) => element.classList.remove("picked"));
    this.picked = indices.map((index) => this.find(this.svg_ids?.get(index) ?? "")).filter((found) => found !== null);
    this.picked.forEach((element) => element.classList.add("picked"));
  }

  /** What stands on a page that is still blank is not found. @param {string} id @returns {Element | null} */
  find(id) {
    return this.figures[this.page_of.get(id) ?? -1]?.querySelector(`[id="${CSS.escape(id)}"]`) ?? null;
  }

  /** Scrolls by whole systems, only when the music has left the window. @param {Element} element */
  reveal(element) {
    const system = element.closest("g.system") ?? element;
    const [box, window_box] = [system.getBoundingClientRect(), this.element.getBoundingClientRect()];
    if (box.top >= window_box.top && box.bottom <= window_box.bottom) return;
    this.element.scrollTo({ top: this.element.scrollTop + box.top - window_box.top - 24, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
}

/** A page's place, as large as the page will be. @param {string} source @param {string} name */
function blank(source, name) {
  const [, , width, height] = (source.match(/viewBox="([^"]+)"/)?.[1] ?? "0 0 2100 2970").split(/[ ,]+/);
  const figure = h("figure", { class: "page", role: "img", "aria-label": name });
  figure.style.aspectRatio = `${width} / ${height}`;
  return figure;
}

/** A page's SVG with its glyphs' ids made its own, so that two pages in one document do not share them. @param {string} source @param {string} prefix */
function drawing(source, prefix) {
  const root = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
  for (const element of [...root.querySelectorAll("*")]) if (!DRAWN.has(element.localName)) element.remove();
  for (const element of [root, ...root.querySelectorAll("*")]) clean(element);
  for (const symbol of root.querySelectorAll("defs [id]")) symbol.id = prefix + symbol.id;
  for (const use of root.querySelectorAll("use")) {
    const target = use.getAttribute("href") ?? use.getAttributeNS("http://www.w3.org/1999/xlink", "href") ?? "";
    use.removeAttributeNS("http://www.w3.org/1999/xlink", "href");
    use.setAttribute("href", `#${prefix}${target.slice(1)}`);
  }
  root.removeAttribute("width");
  root.removeAttribute("height");
  root.setAttribute("aria-hidden", "true");
  return document.importNode(root, true);
}

/** @param {Element} element */
function clean(element) {
  for (const { name } of [...element.attributes]) if (name.startsWith("on")) element.removeAttribute(name);
  const style = element.getAttribute("style");
  if (style === null) return;
  element.removeAttribute("style"); // the page's policy lets no style attribute in, but the same by script
  for (const rule of style.split(";")) {
    const [name, value] = rule.split(":");
    if (value) element.setAttribute(name.trim(), value.trim());
  }
}
