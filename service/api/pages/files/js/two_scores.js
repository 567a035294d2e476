// Two scores of every architecture against each other; those in a region, as cells.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { accuracyName, byKind, label } from "./against_accuracy.js";
import { select } from "./choices.js";
import { fetchDrawings } from "./drawings.js";
import { correlation, integer, number, percent, shortHash } from "./format.js";
import { mount } from "./mounted.js";
import { pictured } from "./pictured_cells.js";
import { scatter } from "./plot.js";
import { percentiles, spearman, topTenth } from "./ranks.js";

const SHOWN = 24;

/** What a plot needs of the points of two scores. */
export function prepared(found) {
  const [x, y] = found.scores;
  const ranks = [x, y].map(({ values, direction }) => percentiles(values, direction === "larger"));
  const known = found.accuracies.filter((value) => value !== null);
  const best = topTenth(known);
  let n = 0;
  return {
    ...found,
    x,
    y,
    ranks,
    agreement: found.hashes.length < 2 ? null : spearman(...ranks),
    best: found.accuracies.map((value) => value !== null && best[n++]),
  };
}

/** A box of the address, "x0,x1,y0,y1" in per cent of the ranks; null where it is none. */
export function readBox(text) {
  const box = text.split(",").map(Number);
  return text !== "" && box.length === 4 && box.every(Number.isFinite) ? box : null;
}

/** Those in a box: by accuracy where it is known, else by the first score, the best first. */
export function within(points, box) {
  if (box === null) return [];
  const [x0, x1, y0, y1] = box;
  const [xs, ys] = points.ranks;
  const found = [];
  for (let n = 0; n < xs.length; n++) {
    if (xs[n] >= x0 && xs[n] <= x1 && ys[n] >= y0 && ys[n] <= y1) found.push(n);
  }
  const merit = (n) => points.accuracies[n] ?? -Infinity;
  return found.sort((a, b) => merit(b) - merit(a) || xs[b] - xs[a]);
}

export function twoScores({ bench, points, items, state, box, chosen, choose }) {
  return html`<div class="fields">
      ${select("Across", byKind(items), state.x, (x) => choose({ x, box: "" }))}
      ${select("Up", byKind(items), state.y, (y) => choose({ y, box: "" }))}
    </div>
    ${points === null || points.hashes.length === 0
      ? nothing
      : html`<figure>
            <div id="two-scores"></div>
            <figcaption>${caption(points)}</figcaption>
          </figure>
          ${region(box, choose)}
          <div aria-live="polite">${box === null ? nothing : summary(points, chosen)}</div>
          <div class="cells">
            ${chosen.slice(0, SHOWN).map((n) => pictured(bench, points.hashes[n], said(points, n)))}
          </div>`}`;
}

/** Draws what has changed. */
export function drawTwoScores({ points, box, choose }) {
  const plot = mount("two-scores", [points], (element) => {
    const numbers = { false: [], true: [] };
    points.hashes.forEach((_, n) => numbers[points.best[n]].push(n));
    const many = points.hashes.length > 2000;
    return scatter(element, {
      height: 460,
      groups: [false, true].map((best) => ({
        x: numbers[best].map((n) => points.ranks[0][n]),
        y: numbers[best].map((n) => points.ranks[1][n]),
        colour: best ? "--data-2" : "--data-1",
        size: many ? 3.5 : 5,
        opacity: many ? 0.45 : 0.7,
        n: numbers[best],
      })),
      xRange: [-2, 102],
      yRange: [-2, 102],
      xLabel: label(points.x.name, "rank"),
      yLabel: label(points.y.name, "rank"),
      description: `${points.x.name} against ${points.y.name} of ${points.hashes.length} architectures: Spearman ${correlation(points.agreement)}`,
      hover: (group, n) => `${shortHash(points.hashes[group.n[n]])} · ${said(points, group.n[n]).join(" · ")}`,
      brush: (bounds) => {
        const sides = bounds === null ? [] : [...bounds.x, ...bounds.y];
        choose({ box: sides.map((side) => Math.min(100, Math.max(0, side)).toFixed(1)).join(",") });
      },
    });
  });
  if (plot !== null) mark(plot, box);
}

/** Fetches the drawings of those shown. */
export function fetchShown(bench, points, chosen) {
  return fetchDrawings(bench, chosen.slice(0, SHOWN).map((n) => points.hashes[n]));
}

function mark(plot, box) {
  if (box === null) {
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    return;
  }
  const [x0, x1, y0, y1] = box;
  const [left, right] = [plot.valToPos(x0, "x"), plot.valToPos(x1, "x")];
  const [top, bottom] = [plot.valToPos(y1, "y"), plot.valToPos(y0, "y")];
  plot.setSelect({ left, top, width: right - left, height: bottom - top }, false);
}

function caption(points) {
  const drawn = points.hashes.length;
  const share = points.total > drawn ? ` of ${integer(points.total)}, drawn by hash` : "";
  return html`<strong>${points.y.name}</strong> against <strong>${points.x.name}</strong>,
    ${integer(drawn)} architectures${share} that have both. Between the two Spearman
    <strong>${correlation(points.agreement) || "undefined"}</strong>, as your browser computes it from the
    points shown. ${points.truth === null
      ? "No accuracies are known."
      : html`<span class="best">The true best tenth</span> is by ${accuracyName(points.truth)}.`}
    Draw a box to see the cells in it.`;
}

/** The box by keyboard. */
function region(box, choose) {
  const sides = [["Across, from", 0], ["to", 1], ["Up, from", 2], ["to", 3]];
  const change = (event) => {
    const values = [...event.currentTarget.closest(".region").querySelectorAll("input")].map(
      (input, n) => (input.value === "" ? (n % 2) * 100 : input.value),
    );
    choose({ box: values.join(",") });
  };
  return html`<fieldset class="region">
    <legend>Region, in per cent of the ranks</legend>
    <div class="fields">
      ${sides.map(
        ([words, n]) => html`<label class="field"><span>${words}</span>
          <input type="number" min="0" max="100" step="any" .value=${box === null ? "" : String(box[n])}
            aria-label="${n < 2 ? "Across" : "Up"}, ${n % 2 === 0 ? "from" : "to"}" @change=${change} />
        </label>`,
      )}
      <button type="button" ?disabled=${box === null} @click=${() => choose({ box: "" })}>Clear</button>
    </div>
  </fieldset>`;
}

function summary(points, chosen) {
  const known = chosen.map((n) => points.accuracies[n]).filter((value) => value !== null);
  const mean = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  const best = chosen.filter((n) => points.best[n]).length;
  return html`<p class="region-summary">
    <strong>${integer(chosen.length)}</strong> in the region${mean === null
      ? ""
      : html`, of mean accuracy <strong>${percent(mean)}</strong>, <strong>${integer(best)}</strong> of them in
          the true best tenth`}.
    ${chosen.length > SHOWN ? `Shown are the ${SHOWN} most accurate.` : ""}
  </p>`;
}

function said(points, n) {
  const accuracy = points.accuracies[n];
  return [
    ...[points.x, points.y].map(({ name, values }) => `${name} ${values[n] === null ? "undefined" : number(values[n], 4)}`),
    ...(accuracy === null ? [] : [`accuracy ${percent(accuracy)}`]),
  ];
}
