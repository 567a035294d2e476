// The jobs as a table, the newest first.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { page } from "./address.js";
import { address } from "./api.js";
import { select } from "./choices.js";
import { ago, duration, integer, shortHash } from "./format.js";
import { bar } from "./progress.js";
import { empty } from "./states.js";
import { about } from "./work_now.js";

const STATES = [["", "All states"], ["running", "Running"], ["done", "Done"], ["cancelled", "Cancelled"]];
const PRIORITIES = [["", "All priorities"], ["live", "Live"], ["bulk", "Bulk"], ["background", "Background"]];

/**
 * jobs: as GET /jobs has them; asking: they are those of another filter, yet; address: the filter's
 * { state, priority }; bench: one to ask for; on: { filter, more, cancel, retry }.
 */
export function list({ jobs, next, asking, address: filter, busy, bench }, on) {
  const filtered = Boolean(filter.state || filter.priority);
  return html`<section aria-labelledby="jobs">
    <div class="heading">
      <h2 id="jobs">Jobs</h2>
      <div class="fields">
        ${select("State", STATES, filter.state, (state) => on.filter({ state }))}
        ${select("Priority", PRIORITIES, filter.priority, (priority) => on.filter({ priority }))}
      </div>
    </div>
    ${jobs.length === 0
      ? filtered
        ? html`<p class="muted">No job is like that.</p>`
        : empty("No jobs yet", "A job is what a request asked for that was not known. This makes one:", example(bench))
      : table(jobs, asking, busy, on)}
    ${next === null ? nothing : html`<p class="more"><button type="button" @click=${on.more}>Show older ones</button></p>`}
  </section>`;
}

function example(bench) {
  const body = JSON.stringify({ bench, sample: { n: 100, seed: 0 } });
  return `curl ${address("score")} \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
}

function table(jobs, asking, busy, on) {
  return html`<table class="jobs" aria-busy=${asking}>
    <caption class="unseen">Jobs, the newest first</caption>
    <thead>
      <tr>
        <th scope="col">Job</th>
        <th scope="col">What</th>
        <th scope="col">Progress</th>
        <th scope="col">Time</th>
        <th scope="col"><span class="unseen">Change it</span></th>
      </tr>
    </thead>
    <tbody>${repeat(jobs, ({ job }) => job, (job) => row(job, busy.has(job.job), on))}</tbody>
  </table>`;
}

function row(job, isBusy, on) {
  return html`<tr data-state=${job.state}>
    <th scope="row">
      <a class="mono" href=${page("work", { job: job.job })}>${shortHash(job.job)}</a>
      <span class="note">${ago(job.created_at)}</span>
    </th>
    <td>${job.bench} · ${job.protocol.name}<span class="note">${what(job)}</span></td>
    <td class="how-far">${progress(job)}</td>
    <td class="time">${time(job)}</td>
    <td class="actions">${actions(job, isBusy, on)}</td>
  </tr>`;
}

/** The dataset, the seed and the proxies in few words. */
export function what(job) {
  const { dataset, seed } = job.protocol;
  const proxies =
    job.proxies.length > 3 ? `${job.proxies.length} proxies` : job.proxies.join(", ").replaceAll("_", " ");
  return `${dataset}${seed === 0 ? "" : `, seed ${seed}`} · ${proxies}`;
}

function progress(job) {
  const ended = job.state === "cancelled" ? job.size - job.finished : 0;
  const parts = [
    { kind: "done", count: job.finished - job.failed },
    { kind: "failed", count: job.failed },
    { kind: "cancelled", count: ended },
  ];
  const whole = job.epochs !== null && job.state === "running";
  const shown = whole
    ? bar([{ kind: "done", count: job.epochs.done }], job.epochs.asked, `Epochs of job ${shortHash(job.job)}`)
    : bar(parts, job.size, `Job ${shortHash(job.job)}`);
  return html`${shown}
    <span class="note">${integer(job.finished)} of ${integer(job.size)}${
      job.epochs === null ? "" : `, ${integer(job.epochs.done)} of ${integer(job.epochs.asked)} epochs`}${
      ended > 0 ? ", cancelled" : ""}${
      job.failed === 0 ? nothing : html`, <span class="failed">${integer(job.failed)} failed</span>: ${
        job.reasons.map((reason) => reason.type).join(", ")}`}</span>`;
}

function time(job) {
  if (job.state === "running") {
    return html`${about(job.seconds_left)}<span class="note">${job.seconds_left === null ? "time left" : "left"}</span>`;
  }
  const seconds = (Date.parse(job.ended_at) - Date.parse(job.created_at)) / 1000;
  return html`${duration(seconds)}<span class="note">${job.state}</span>`;
}

/** The buttons for what can be done to a job. */
export function actions(job, isBusy, on) {
  const name = shortHash(job.job);
  const retry = job.failed > 0 && job.state !== "cancelled";
  return html`${retry
    ? html`<button type="button" ?disabled=${isBusy} @click=${() => on.retry(job)}>Retry
        <span class="unseen">what failed of job ${name}</span></button>`
    : nothing}
  ${job.state === "running"
    ? html`<button type="button" ?disabled=${isBusy} @click=${() => on.cancel(job)}>Cancel
        <span class="unseen">job ${name}</span></button>`
    : nothing}`;
}
