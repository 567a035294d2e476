// One score of every architecture against its trained accuracy.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { page } from "./address.js";
import { segments, select } from "./choices.js";
import { KINDS, METRICS, SETS, measure } from "./correlated.js";
import { correlation, integer, number, percent, share, shortHash } from "./format.js";
import { mount } from "./mounted.js";
import { pictured } from "./pictured_cells.js";
import { scatter } from "./plot.js";
import { percentiles, topTenth } from "./ranks.js";

const BEST = 20;
const HOVER_MS = 60;
const LOG_FROM = 300;

export const AXES = [["rank", "Ranks"], ["value", "Values"]];

/** What a plot needs of the points of one score; `found` is an answer of /correlation/points. */
export function prepared(found) {
  const [column] = found.scores;
  const larger = column.direction === "larger";
  return {
    hashes: found.hashes,
    total: found.total,
    truth: found.truth,
    name: column.name,
    larger,
    scores: column.values,
    accuracies: found.accuracies,
    scoreRanks: percentiles(column.values, larger),
    accuracyRanks: percentiles(found.accuracies),
    best: topTenth(found.accuracies),
    undefined: column.values.filter((value) => value === null).length,
  };
}

export function againstAccuracy({ bench, points, item, items, state, choose, hovered }) {
  return html`<div class="fields">
      ${select("Score", byKind(items), state.score, (score) => choose({ score }))}
      ${segments("Axes", "axes", AXES, state.axes, (axes) => choose({ axes }))}
    </div>
    <figure>
      <div class="beside">
        <div id="against-accuracy"></div>
        <div class="looked-at">
          ${hovered === null
            ? html`<p class="small muted">Point at a dot to see its cell; click to open it.</p>`
            : pictured(bench, points.hashes[hovered], said(points, hovered))}
        </div>
      </div>
      <figcaption>${caption(points, item, state)}</figcaption>
    </figure>
    ${table(bench, points)}`;
}

/** Draws what has changed. look(points, n): somebody points at the architecture of that number. */
export function drawAgainstAccuracy({ bench, points, item, state, look }) {
  const { axes } = state;
  mount("against-accuracy", [points, item, axes], (element) => {
    const scores = axes === "rank" ? points.scoreRanks : points.scores;
    const accuracies = axes === "rank" ? points.accuracyRanks : points.accuracies;
    const x = axes === "rank" ? { range: [-2, 102], log: false } : span(points.scores);
    const numbers = { false: [], true: [] };
    scores.forEach((score, n) => score !== null && numbers[points.best[n]].push(n));
    const groups = [false, true].map((best) => ({
      x: numbers[best].map((n) => scores[n]),
      y: numbers[best].map((n) => accuracies[n]),
      colour: best ? "--data-2" : "--data-1",
      size: points.hashes.length > 2000 ? 3.5 : 5,
      opacity: points.hashes.length > 2000 ? 0.45 : 0.7,
      n: numbers[best],
    }));
    let waiting = null;
    return scatter(element, {
      groups,
      height: 420,
      xRange: x.range,
      xLog: x.log,
      yRange: axes === "rank" ? [-2, 102] : undefined,
      xLabel: label(points.name, axes, x.log),
      yLabel: axes === "rank" ? "accuracy: beats so many % of the others" : accuracyName(points.truth),
      description: `${points.name} against ${points.truth.name} of ${points.hashes.length} architectures: ${spoken(item, state)}`,
      hover: (group, n) => {
        const each = group.n[n];
        clearTimeout(waiting);
        waiting = setTimeout(() => look(points, each), HOVER_MS);
        return shortHash(points.hashes[each]);
      },
      click: (group, n) => location.assign(page("architecture", { bench, hash: points.hashes[group.n[n]] })),
    });
  });
}

export function label(name, axes, log) {
  return axes === "rank" ? `${name}: beats so many % of the others` : `${name}${log ? ", logarithmic" : ""}`;
}

/** The ends of an axis of values, logarithmic where they are of very different size. */
export function span(values) {
  const there = values.filter((value) => value !== null);
  let [low, high] = [Infinity, -Infinity];
  for (const value of there) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > 0 && high / low > LOG_FROM) return { log: true, range: [low / 1.3, high * 1.3] };
  const margin = (high - low || Math.abs(high) || 1) * 0.04;
  return { log: false, range: [low - margin, high + margin] };
}

export function accuracyName({ dataset, split, metric, epochs }) {
  const unit = metric === "top1_percent" ? "accuracy in %" : metric;
  return `${dataset} ${split ?? ""} ${unit}${epochs === null ? "" : `, ${epochs} epochs`}`;
}

/** Names to choose from, by what they are. */
export function byKind(items) {
  const groups = {};
  for (const item of items) {
    const group = KINDS[item.kind].name;
    (groups[group] ??= []).push([item.proxy, item.proxy]);
  }
  return groups;
}

function said(points, n) {
  const score = points.scores[n] === null ? "undefined" : number(points.scores[n]);
  return [`${points.name} ${score}`, `accuracy ${percent(points.accuracies[n])}`];
}

function spoken(item, { metric }) {
  if (item === undefined) return "not correlated yet";
  const parts = [["all", "of all"], ["top_tenth", "among the true best tenth"]];
  return parts.map(([part, words]) => `${words} ${interval(item, part, metric)}`).join(", ");
}

function interval(item, part, metric) {
  const found = measure(item, part, metric);
  if (found.value === null) return `undefined (${found.reason})`;
  const [value, low, high] = [found.value, found.low, found.high].map((each) => correlation(each));
  return `${value} [${low}, ${high}]`;
}

function caption(points, item, { metric, members }) {
  const drawn = points.hashes.length;
  const share = points.total > drawn ? ` of ${integer(points.total)}, drawn by hash` : "";
  return html`<strong>${points.name}</strong> against ${accuracyName(points.truth)}, ${integer(drawn)}
    architectures${share}; <span class="best">the true best tenth</span> is ${integer(
      points.best.filter(Boolean).length,
    )} of them.
    ${item === undefined
      ? "A worker has not correlated them yet."
      : html`${METRICS[metric]} of ${integer(item.all.members)} ${SETS[members]}:
          <strong>${interval(item, "all", metric)}</strong>; among the true best tenth
          <strong>${interval(item, "top_tenth", metric)}</strong>. In brackets the 95 % interval of
          ${integer(item.all.resamples)} resamples.`}
    ${points.undefined === 0
      ? nothing
      : `Of ${integer(points.undefined)} the score is undefined: they rank last, tied, and are not drawn.`}`;
}

function table(bench, points) {
  const order = points.scoreRanks.map((_, n) => n).filter((n) => points.scores[n] !== null);
  order.sort((a, b) => points.scoreRanks[b] - points.scoreRanks[a]);
  return html`<details>
    <summary>The ${BEST} best by ${points.name}, as a table</summary>
    <div class="scroll" tabindex="0" role="group" aria-label="Table">
      <table>
        <thead>
          <tr>
            <th scope="col">Architecture</th>
            <th scope="col" class="number">Score</th>
            <th scope="col" class="number">Accuracy</th>
            <th scope="col" class="number">Accuracy beats of the others</th>
          </tr>
        </thead>
        <tbody>
          ${order.slice(0, BEST).map(
            (n) => html`<tr>
              <td>
                <a class="mono" href=${page("architecture", { bench, hash: points.hashes[n] })}>
                  ${shortHash(points.hashes[n])}</a>
              </td>
              <td class="number">${number(points.scores[n])}</td>
              <td class="number">${percent(points.accuracies[n])}</td>
              <td class="number">${share(points.accuracyRanks[n])} %</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}
