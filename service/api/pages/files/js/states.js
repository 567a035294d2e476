// What a view shows while it has nothing to show.

import { html, nothing } from "../vendor/lit-html/lit-html.js";

/** Bars where lines of text will be. */
export function loading(lines = 6, what = "Loading") {
  return html`<div class="skeletons" aria-busy="true">
    <span class="unseen" role="status">${what}</span>
    ${Array.from({ length: lines }, () => html`<span class="skeleton"></span>`)}
  </div>`;
}

/** Nothing is there yet: why, and the command or request that would change it. */
export function empty(title, text, command = null) {
  return html`<div class="state">
    <h2>${title}</h2>
    <p>${text}</p>
    ${command === null ? nothing : html`<pre tabindex="0"><code>${command}</code></pre>`}
  </div>`;
}

/** A Problem, with what is wrong where, and a button to try again. */
export function error(problem, retry = null) {
  return html`<div class="state error" role="alert">
    <h2>${problem.title ?? "Something went wrong"}</h2>
    <p>${problem.detail ?? problem.message}</p>
    ${faults(problem)}
    ${retry === null ? nothing : html`<button type="button" @click=${retry}>Try again</button>`}
  </div>`;
}

function faults(problem) {
  const more = (problem.errors ?? []).filter((fault) => fault.detail !== problem.detail || fault.valid);
  if (more.length === 0) return nothing;
  return html`<ul>
    ${more.map(
      (fault) => html`<li><code>${fault.field}</code>: ${fault.detail}${fault.valid ? `; ${fault.valid}` : ""}</li>`,
    )}
  </ul>`;
}

/** Said where something waits for a worker and none is there. */
export function noWorker() {
  return html`<div class="state notice" role="status">
    <p><strong>No worker runs.</strong> What is known is shown; what is asked for now waits until
    <code>nascore worker</code> is started.</p>
  </div>`;
}
