// The table of the leaderboard: its head, which sorts, and its rows, of which only some exist.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { page } from "./address.js";
import { cell } from "./cell.js";
import { compact, integer, measured, number, percent, shortHash } from "./format.js";

export const ROW = 36; // Pixels: of 423,624 rows browsers still place each exactly.
const CELL = 28;

const COLUMNS = [
  ["rank", "Rank", null],
  ["cell", "Cell", null],
  ["hash", "Hash", null],
  ["spec", "Spelling", null],
  ["score", "", "score"],
  ["accuracy", "", "accuracy"],
  ["parameters", "Parameters", "parameters"],
  ["flops", "FLOPs", "flops"],
];

/**
 * The head; a column that is clicked sorts, and sorts the other way round when it does so already.
 * `metric` is that of the accuracies.
 */
export function head({ proxy, direction }, metric, { sort, reverse }, choose) {
  const named = { score: proxy ?? "Score", accuracy: measured(metric, "Accuracy") };
  return html`<div class="head" role="rowgroup"><div class="line" role="row" aria-rowindex="1">
    ${COLUMNS.map(([name, title, by]) => {
      const here = by !== null && sort === by;
      const label = named[name] ?? title;
      return html`<div class=${`at-${name}`} role="columnheader"
        aria-sort=${here ? (rising(by, direction) !== (reverse === "true") ? "ascending" : "descending") : "none"}>
        ${by === null
          ? label
          : html`<button type="button" class="sort" @click=${() =>
              choose({ sort: by, reverse: here && reverse !== "true" ? "true" : "" })}>${label}</button>`}
      </div>`;
    })}
  </div></div>`;
}

/** Whether a column begins with the smallest when it is sorted first. */
function rising(by, direction) {
  return by === "score" ? direction === "smaller" : by !== "accuracy";
}

/** The rows that exist: [{ index, start, row }], `row` undefined while it is on its way. */
export function body(items, context) {
  const top = items[0]?.start ?? 0;
  return html`<div class="some" role="presentation" .style=${`top: ${top}px`}>
    ${repeat(items, ({ index }) => index, (item) => line(item, context))}
  </div>`;
}

function line({ index, row }, { bench, drawings, found, spelt }) {
  if (row === undefined) {
    return html`<div class="line waiting" role="row" aria-rowindex=${index + 2}>
      <div class="at-rank" role="cell">${integer(index + 1)}</div>
      <div class="at-cell" role="cell"><span class="unseen">Loading</span></div>
    </div>`;
  }
  const drawing = drawings.of(row.hash);
  const here = found?.hash === row.hash;
  return html`<div class=${here ? "line here" : "line"} role="row" aria-rowindex=${index + 2}
    aria-current=${here ? "true" : "false"}>
    <div class="at-rank" role="cell">${integer(row.rank)}</div>
    <div class="at-cell" role="cell">${drawing ? cell(drawing, { size: CELL }) : nothing}</div>
    <div class="at-hash" role="cell">
      <a class="mono" title=${row.hash} href=${page("architecture", { bench, hash: row.hash })}>${shortHash(row.hash)}</a>
    </div>
    <div class="at-spec mono" role="cell" title=${spelt(row.spec)}>${spelt(row.spec)}</div>
    <div class="at-score" role="cell">${number(row.score)}</div>
    <div class="at-accuracy" role="cell">${percent(row.accuracy)}</div>
    <div class="at-parameters" role="cell" title=${integer(row.parameters)}>${compact(row.parameters)}</div>
    <div class="at-flops" role="cell" title=${integer(row.flops)}>${compact(row.flops)}</div>
  </div>`;
}
