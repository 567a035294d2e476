// Architectures as small drawings that lead to their pages.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { page } from "./address.js";
import { cell } from "./cell.js";
import { drawing } from "./drawings.js";
import { shortHash } from "./format.js";

const HEIGHT = 104;

/** One of them; lines: what is said of it, as texts. */
export function pictured(bench, hash, lines) {
  const drawn = drawing(bench, hash);
  return html`<a class="pictured" href=${page("architecture", { bench, hash })}>
    <span class="drawing">${drawn === null ? nothing : cell(drawn, { size: HEIGHT, grow: 1.2 })}</span>
    <span class="mono">${shortHash(hash)}</span>
    ${lines.map((line) => html`<small>${line}</small>`)}
  </a>`;
}
