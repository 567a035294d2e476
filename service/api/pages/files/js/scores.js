// Every score of an architecture under one protocol, with its percentile and where it came from.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { ago, duration, number, share } from "./format.js";
import { page } from "./address.js";

/**
 * hash: of the architecture, for its row on each board.
 * records: those of `GET /architectures/{bench}/{hash}` under the protocol.
 * origin: whether to show what computed each, and when.
 */
export function scoresTable({ bench, hash, records, protocol, proxies, origin }) {
  const places = [...proxies.keys()];
  const rows = [...records].sort(
    (a, b) =>
      Number(Boolean(proxies.get(b.proxy)?.ensemble)) - Number(Boolean(proxies.get(a.proxy)?.ensemble)) ||
      places.indexOf(a.proxy) - places.indexOf(b.proxy),
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Scores">
    <table class="scores">
      <caption class="unseen">Scores under ${protocol.name}</caption>
      <thead>
        <tr>
          <th scope="col">Proxy or ensemble</th>
          <th scope="col" class="number">Score</th>
          <th scope="col" title="Its percentile in the reference population, a tie counting half">Percentile</th>
          ${origin
            ? html`<th scope="col" class="number">Revision</th><th scope="col">Device</th>
                <th scope="col">torch</th><th scope="col" class="number">Took</th><th scope="col">When</th>`
            : nothing}
        </tr>
      </thead>
      <tbody>
        ${rows.map((each) => row(bench, hash, each, protocol, proxies.get(each.proxy), origin))}
      </tbody>
    </table>
  </div>`;
}

function row(bench, hash, each, protocol, proxy, origin) {
  const { name, dataset, seed } = protocol;
  const board = page("rank", { bench, proxy: each.proxy, protocol: name, dataset, seed, at: hash });
  const smaller = proxy?.better[bench] === "smaller";
  return html`<tr>
    <th scope="row">
      <a href=${board} title=${proxy?.summary ?? ""}>${each.proxy}</a>
      ${proxy?.ensemble ? html`<span class="tag">ensemble</span>` : nothing}
      ${smaller ? html`<span class="tag">smaller is better</span>` : nothing}
    </th>
    ${each.value === null
      ? html`<td class="undefined muted" colspan="2">undefined: ${each.undefined}</td>`
      : html`<td class="number">${number(each.value)}</td><td>${percentile(each.percentile)}</td>`}
    ${origin
      ? html`<td class="number">${each.revision}</td><td>${named(each.device)}</td><td>${named(each.torch)}</td>
          <td class="number">${duration(each.seconds)}</td>
          <td title=${each.created_at}>${ago(each.created_at)}</td>`
      : nothing}
  </tr>`;
}

/** Of an ensemble there is none: it follows from its proxies' scores. */
function named(origin) {
  return origin === "none" ? "–" : origin;
}

function percentile(value) {
  if (value === null) return html`<span class="muted small">no population</span>`;
  return html`<span class="percentile">
    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      ${svg`<rect class="track" width="100" height="6"></rect><rect class="share" width=${value} height="6"></rect>`}
    </svg>
    <span>${share(value)}</span>
  </span>`;
}
