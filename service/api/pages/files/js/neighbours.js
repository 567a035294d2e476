// The architectures one edit away, the better ones first and marked.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { betterBy } from "./catalogue.js";
import { cell } from "./cell.js";
import { number, shortHash } from "./format.js";

const SHOWN = 24;

/**
 * around: `architectures` of `GET /architectures/{bench}/{hash}/neighbours`, with drawings.
 * own: the score that they are held to, or null.
 * link(neighbour): where a click leads.
 * scoreOthers(some): asks for the scores of those that have none.
 */
export function neighbours({ bench, proxy, own, around, link, all, showAll, scoreOthers = null }) {
  const compare = betterBy(proxy, bench);
  const score = (each) => each.scores[proxy.name] ?? null;
  const scored = around.filter((each) => score(each) !== null);
  scored.sort((a, b) => compare(score(b), score(a)) || (a.hash < b.hash ? -1 : 1));
  const unscored = around.filter((each) => score(each) === null && !(proxy.name in each.undefined));
  const ordered = [...scored, ...around.filter((each) => score(each) === null)];
  const better = own === null ? [] : scored.filter((each) => compare(score(each), own) > 0);
  const shown = all ? ordered : ordered.slice(0, SHOWN);
  return html`<p class="muted" aria-live="polite">
      ${around.length} architectures are one edit away; ${scored.length} of them have a score by
      ${proxy.name}${own === null ? nothing : html`, ${better.length ? html`<strong class="better">${better.length} better</strong>` : "none better"}`}.
      ${unscored.length > 0 && scoreOthers
        ? html`<button type="button" @click=${() => scoreOthers(unscored)}>Score the other ${unscored.length}</button>`
        : nothing}
    </p>
    <ul class="neighbours">
      ${repeat(shown, ({ hash }) => hash, (each) => card(each, proxy.name, own, compare, link))}
    </ul>
    ${shown.length < ordered.length
      ? html`<button type="button" @click=${showAll}>Show all ${ordered.length}</button>`
      : nothing}`;
}

function card(each, proxy, own, compare, link) {
  const score = each.scores[proxy] ?? null;
  const better = score !== null && own !== null && compare(score, own) > 0;
  return html`<li>
    <a class="neighbour ${better ? "is-better" : ""}" href=${link(each)}>
      <span class="picture">${each.drawing === null ? nothing : cell(each.drawing, { size: 80 })}</span>
      <span class="line">
        <span class="mono">${shortHash(each.hash)}</span>
        <span class=${better ? "better" : "muted"}>
          ${better ? html`<span aria-hidden="true">▲</span><span class="unseen">better: </span>` : nothing}
          ${score !== null ? number(score) : proxy in each.undefined ? "undefined" : "not scored"}
        </span>
      </span>
    </a>
  </li>`;
}
