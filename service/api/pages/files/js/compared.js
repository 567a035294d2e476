// All scores of a bench beside one truth: a row each, a dot with its interval in the whole set and
// among the best tenth.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { KINDS, METRICS, axis, measure, reasons, sorted, ticks } from "./correlated.js";
import { correlation, duration, integer } from "./format.js";

const INSET = 5;

/** items: those shown. choose(name): somebody wants the points of a score. href(name): its link. */
export function compared({ items, metric, sort, score, choose, order, href }) {
  const whole = axis(items, metric, "all");
  const best = axis(items, metric, "top_tenth");
  const rows = sorted(items, sort, metric, "minibatches");
  return html`<table class="compared">
      <caption class="unseen">
        ${METRICS[metric]} of every score, in the whole set and among the true best tenth
      </caption>
      <colgroup>
        <col class="name" />
        <col />
        <col class="values" />
        <col />
        <col class="values" />
        <col class="cost" />
      </colgroup>
      <thead>
        <tr>
          ${heading("name", "Score", sort, order)} ${heading("all", "All", sort, order, ruler(whole), 2)}
          ${heading("top", "True best tenth", sort, order, ruler(best), 2)}
          ${heading("cost", "Cost", sort, order)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((item) => row(item, metric, whole, best, item.proxy === score, choose, href))}
      </tbody>
    </table>
    ${why(items, metric)}`;
}

function heading(name, words, sort, order, figure = nothing, columns = 1) {
  return html`<th scope="col" class=${name} colspan=${columns}
    aria-sort=${name !== sort ? "none" : name === "name" || name === "cost" ? "ascending" : "descending"}>
    <button type="button" class="sort" @click=${() => order(name)}>${words}</button>${figure}
  </th>`;
}

function row(item, metric, whole, best, chosen, choose, href) {
  const kind = KINDS[item.kind];
  const pick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    choose(item.proxy);
  };
  return html`<tr aria-current=${chosen ? "true" : "false"} data-kind=${item.kind}>
    <th scope="row">
      <a href=${href(item.proxy)} @click=${pick}>${item.proxy}</a>
      <small>${kind.one}${item.direction === "smaller" ? ", ↓ better" : ""}</small>
    </th>
    ${cells(measure(item, "all", metric), whole, true)}
    ${cells(measure(item, "top_tenth", metric), best, false)}
    <td class="cost">${cost(item.cost)}</td>
  </tr>`;
}

function cells(found, scale, whole) {
  if (found.value === null) {
    return html`<td class="figure">${whisker(null, scale, whole)}</td>
      <td class="number muted" title=${found.reason}>undefined</td>`;
  }
  return html`<td class="figure">${whisker(found, scale, whole)}</td>
    <td class="number">
      ${correlation(found.value)}
      <small>[${correlation(found.low)}, ${correlation(found.high)}]</small>
    </td>`;
}

function place(value, { low, high }) {
  return `${INSET + (100 - 2 * INSET) * ((value - low) / (high - low))}%`;
}

/** The numbers stand beside it, as text. */
function whisker(found, scale, whole) {
  const lines = ticks(scale).map(
    (tick) => svg`<line class="tick" x1=${place(tick, scale)} x2=${place(tick, scale)} y1="0" y2="100%" />`,
  );
  const chance =
    scale.chance === null || scale.chance < scale.low
      ? nothing
      : svg`<line class="chance" x1=${place(scale.chance, scale)} x2=${place(scale.chance, scale)}
          y1="0" y2="100%" />`;
  const mark =
    found === null
      ? nothing
      : svg`<line class="interval" x1=${place(found.low, scale)} x2=${place(found.high, scale)}
          y1="50%" y2="50%" /><circle class=${whole ? "dot" : "ring"} cx=${place(found.value, scale)}
          cy="50%" r="4" />`;
  return html`<svg class="whisker" aria-hidden="true">${lines}${chance}${mark}</svg>`;
}

function ruler(scale) {
  return html`<svg class="ruler" aria-hidden="true">
    ${ticks(scale).map(
      (tick) => svg`<text x=${place(tick, scale)} y="11" text-anchor="middle">${correlation(tick, places(scale))}</text>`,
    )}
  </svg>`;
}

function places({ low, high }) {
  return high - low < 0.5 ? 2 : 1;
}

function cost({ minibatches, seconds, measured }) {
  if (minibatches === null) return html`<span class="muted">not known</span>`;
  const words = minibatches === 0 ? "no run" : `${integer(minibatches)} mb`;
  if (seconds === null || measured.length === 0) return words;
  return html`${words}<small>${duration(seconds)} on ${measured[0].device}</small>`;
}

function why(items, metric) {
  const told = [["all", "All"], ["top_tenth", "True best tenth"]].flatMap(([part, words]) =>
    reasons(items, part, metric).map(([reason, count]) => [words, reason, count]),
  );
  if (told.length === 0) return nothing;
  return html`<ul class="reasons small muted">
    ${told.map(
      ([words, reason, count]) =>
        html`<li>${words}, ${count === 1 ? "one score" : `${integer(count)} scores`}: undefined, for ${reason}.</li>`,
    )}
  </ul>`;
}
