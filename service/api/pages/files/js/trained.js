// What is known of an architecture's training: tables of others, and reduced trainings here.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { duration, number, percent, ago } from "./format.js";
import { inALine } from "./spelt.js";

/** series: `accuracy` of `GET /architectures/{bench}/{hash}`. */
export function accuracies(bench, series) {
  if (series.length === 0) {
    return html`<p class="muted">Nobody has brought in a trained accuracy of it (<code>PUT /accuracies</code>).</p>`;
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Trained accuracies">
    <table>
      <caption class="unseen">Trained accuracies</caption>
      <thead>
        <tr>
          <th scope="col">Series</th><th scope="col">Dataset</th><th scope="col">Split</th>
          <th scope="col" class="number">Epochs</th><th scope="col" class="number">Mean</th>
          <th scope="col" class="number">Spellings</th><th scope="col" class="number">Spread</th>
        </tr>
      </thead>
      <tbody>
        ${series.map(
          (each) => html`<tr>
            <th scope="row">${each.series}</th><td>${each.dataset}</td><td>${each.split ?? ""}</td>
            <td class="number">${each.epochs ?? ""}</td>
            <td class="number"><strong>${percent(each.mean)}</strong></td>
            <td class="number">${each.count}</td>
            <td class="number">${each.count > 1 ? percent(each.spread) : ""}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>
  ${series.some((each) => each.count > 1) ? bySpelling(bench, series) : nothing}`;
}

function bySpelling(bench, series) {
  return html`<details>
    <summary>By spelling</summary>
    ${series.map(
      (each) => html`<table>
        <caption>${each.series}${each.spellings.length < each.count ? `, the first ${each.spellings.length}` : ""}</caption>
        <thead>
          <tr><th scope="col">Spelling</th><th scope="col" class="number">Accuracy</th><th scope="col" class="number">Seeds</th></tr>
        </thead>
        <tbody>
          ${each.spellings.map(
            (one) => html`<tr>
              <td class="mono spelling">${inALine(bench, one.spelling)}</td>
              <td class="number">${percent(one.accuracy)}</td><td class="number">${one.values}</td>
            </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </details>`;
}

/** trainings: those of `GET /architectures/{bench}/{hash}`. */
export function trainings(list) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Reduced trainings">
    <table>
      <caption class="unseen">Reduced trainings</caption>
      <thead>
        <tr>
          <th scope="col">Dataset</th><th scope="col" class="number">Epochs</th><th scope="col">Network</th>
          <th scope="col">Accuracy by epoch</th><th scope="col" class="number">Last</th>
          <th scope="col" class="number">Loss</th><th scope="col" class="number">Took</th>
          <th scope="col">Where</th><th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        ${list.map(
          (each) => html`<tr>
            <th scope="row">${each.dataset} <span class="muted">seed ${each.seed}</span></th>
            <td class="number">${each.accuracies.length}</td>
            <td class="small">${Object.entries(each.skeleton).map(([name, value]) => `${name} ${value}`).join(", ")}</td>
            <td>${sparkline(each.accuracies)}</td>
            <td class="number">${percent(100 * (each.accuracies.at(-1) ?? 0), 1)}</td>
            <td class="number">${number(each.losses.at(-1) ?? null, 3)}</td>
            <td class="number">${duration(each.seconds.reduce((sum, one) => sum + one, 0))}</td>
            <td class="small">${each.device}, torch ${each.torch}${each.diverged ? html`; ${each.diverged}` : nothing}</td>
            <td title=${each.updated_at}>${ago(each.updated_at)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function sparkline(values) {
  if (values.length === 0) return nothing;
  const most = Math.max(...values) || 1;
  const step = values.length > 1 ? 116 / (values.length - 1) : 0;
  const at = values.map((value, n) => [2 + n * step, 22 - (20 * value) / most]);
  const said = `From ${percent(100 * values[0], 1)} to ${percent(100 * values.at(-1), 1)} per cent`;
  return html`<svg class="spark" viewBox="0 0 120 24" width="120" height="24" role="img" aria-label=${said}>
    ${svg`<polyline points=${at.map((point) => point.join(",")).join(" ")}></polyline>
      <circle cx=${at.at(-1)[0]} cy=${at.at(-1)[1]} r="2.2"></circle>`}
  </svg>`;
}
