// One job: how far it is, what failed and why, its results.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { address } from "./api.js";
import { duration, integer, number, shortHash } from "./format.js";
import { bar } from "./progress.js";
import { actions } from "./work_jobs.js";
import { about, architecture } from "./work_now.js";

const STATES = ["done", "failed", "running", "queued", "cancelled"];
const COLUMNS = 3;
const FEW = 8; // Proxies, that all are named.
const time = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** job: as GET /jobs/{id} has it; results: { pages, next }; on: { cancel, retry, more }. */
export function one({ job, results, busy }, on) {
  const { counts } = job;
  const size = STATES.reduce((sum, state) => sum + counts[state], 0);
  const parts = STATES.filter((state) => state !== "queued").map((kind) => ({ kind, count: counts[kind] }));
  return html`<section class="card job" aria-labelledby="this-job">
      <div class="heading">
        <h2 id="this-job">Job <span class="mono">${shortHash(job.job)}</span>
          <span class="state-name" data-state=${job.state}>${job.state}</span></h2>
        <div class="actions">${actions({ ...job, failed: counts.failed }, busy, on)}</div>
      </div>
      ${bar(parts, size, "Architectures that have their answer")}
      <dl class="counts">
        ${STATES.map((state) => html`<div class=${counts[state] === 0 ? "none" : ""}>
          <dt><span class=${`key ${state}`}></span>${state}</dt><dd>${integer(counts[state])}</dd></div>`)}
        <div class="last"><dt>${job.state === "running" ? "time left" : "took"}</dt><dd>${
          job.state === "running" ? about(job.seconds_left) : duration(seconds(job))}</dd></div>
      </dl>
      ${job.epochs === null ? nothing : epochs(job.epochs)}
      <dl class="about">
        <div><dt>Bench and protocol</dt><dd>${job.bench}, ${job.protocol.name} on ${job.protocol.dataset},
          seed ${job.protocol.seed}</dd></div>
        <div><dt>Priority</dt><dd>${job.priority}</dd></div>
        <div><dt>Asked for</dt><dd>${time.format(new Date(job.created_at))}</dd></div>
        ${job.ended_at === null ? nothing
          : html`<div><dt>Ended</dt><dd>${time.format(new Date(job.ended_at))}</dd></div>`}
        <div class="whole"><dt>Proxies</dt><dd>${proxies(job.proxies)}</dd></div>
        <div class="whole"><dt>Id</dt><dd><a class="mono id" href=${address(`jobs/${job.job}`)}>${job.job}</a></dd></div>
      </dl>
    </section>
    ${job.reasons.length === 0 ? nothing : failures(job)}
    ${results === null ? nothing : answers(job, results, on)}`;
}

function proxies(names) {
  if (names.length <= FEW) return names.join(", ");
  return html`<details><summary>${names.length} proxies</summary>${names.join(", ")}</details>`;
}

function seconds(job) {
  return (Date.parse(job.ended_at) - Date.parse(job.created_at)) / 1000;
}

function epochs({ done, asked }) {
  return html`<p class="note">${integer(done)} of ${integer(asked)} epochs</p>
    ${bar([{ kind: "done", count: done }], asked, "Epochs that are trained")}`;
}

function failures(job) {
  return html`<section aria-labelledby="failures">
    <h2 id="failures">What failed</h2>
    <table class="failures">
      <caption class="unseen">Failures by reason</caption>
      <thead><tr><th scope="col">Reason</th><th scope="col" class="number">Architectures</th>
        <th scope="col">Which</th></tr></thead>
      <tbody>${job.reasons.map((reason) => html`<tr>
        <th scope="row">${reason.type}<span class="note">${reason.detail}</span></th>
        <td class="number">${integer(reason.architectures)}</td>
        <td class="hashes">${reason.hashes.map((hash) => html`${architecture(job, hash)} `)}${
          reason.architectures > reason.hashes.length
            ? `and ${integer(reason.architectures - reason.hashes.length)} more` : ""}</td>
      </tr>`)}</tbody>
    </table>
  </section>`;
}

function answers(job, results, on) {
  const proxies = job.proxies.slice(0, COLUMNS);
  const more = job.proxies.length - proxies.length;
  return html`<section aria-labelledby="results">
    <h2 id="results">Results</h2>
    <p class="note">In the order asked${more > 0 ? `; ${more} more scores of each on its own page` : ""}.</p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="results"><table class="results">
      <caption class="unseen">Results of the job, in the order asked</caption>
      <thead><tr><th scope="col" class="number place">#</th><th scope="col">Architecture</th><th scope="col">State</th>
        ${proxies.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
      ${results.pages.map(({ start, rows }) => html`<tbody id=${`results-${start}`}>${rows.map((result, n) => html`<tr>
        <td class="number muted">${integer(start + n + 1)}</td>
        <td>${architecture(job, result.hash)}</td>
        <td><span class=${`key ${result.state}`}></span>${result.state}${
          result.error === null ? nothing : html`<span class="note">${result.error.type}: ${result.error.detail}</span>`}</td>
        ${proxies.map((name) => score(result, name))}
      </tr>`)}</tbody>`)}
    </table></div>
    ${results.next === null ? nothing
      : html`<p class="more"><button type="button" @click=${on.more}>Show more</button></p>`}
  </section>`;
}

function score(result, name) {
  const reason = result.undefined[name];
  if (reason !== undefined) return html`<td class="number muted" title=${reason}>undefined</td>`;
  const value = result.scores[name];
  return html`<td class="number">${Number.isInteger(value) ? integer(value) : number(value, 6)}</td>`;
}
