// What the service does now: figures, the queue by priority, the workers.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { page } from "./address.js";
import { ago, duration, integer, number, shortHash } from "./format.js";
import { rates } from "./progress.js";

const PRIORITIES = [
  ["live", "Live", "goes first"],
  ["bulk", "Bulk", "waits for live work"],
  ["background", "Background", "trainings, in spare time"],
];

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const HALF_A_DAY = 43200;

/** How fast it goes, how much waits, how long it takes, who does it. */
export function figures(work) {
  const waiting = architecturesWaiting(work);
  const seconds = lastLeft(work);
  return html`<section class="figures" aria-label="Now">
    <div class="figure wide">
      <h2>Rate</h2>
      <p class="big">${number(work.rate.per_second, 3)}<span class="unit"> architectures a second</span></p>
      ${rates(work.rate)}
    </div>
    <div class="figure">
      <h2>Waiting</h2>
      <p class="big">${integer(waiting)}</p>
      <p class="note">${waiting === 0 ? "nothing in hand" : `${integer(work.in_hand)} of them in hand`}</p>
    </div>
    <div class="figure">
      <h2>Time left</h2>
      <p class="big">${waiting === 0 ? "–" : about(seconds)}</p>
      <p class="note">${waiting === 0 ? "nothing waits" : ends(seconds)}</p>
    </div>
    <div class="figure">
      <h2>Workers</h2>
      <p class="big">${integer(work.workers.length)}</p>
      <p class="note">${devices(work.workers)}</p>
    </div>
  </section>`;
}

function architecturesWaiting({ queue }) {
  return PRIORITIES.reduce((sum, [name]) => sum + queue[name].architectures, 0);
}

/** Seconds until the last of what waits is done; null where nobody can tell. */
function lastLeft({ queue }) {
  return PRIORITIES.map(([name]) => queue[name]).filter(({ jobs }) => jobs > 0).at(-1)?.seconds_left ?? null;
}

function ends(seconds) {
  if (seconds === null) return "nothing is timed yet";
  const then = new Date(Date.now() + 1000 * seconds);
  return `until ${(seconds < HALF_A_DAY ? clock : day).format(then)}, if nothing else is asked for`;
}

/** An estimate, or that there is none. */
export function about(seconds) {
  if (seconds === null || seconds === undefined) return html`<span class="muted">not known</span>`;
  return html`<span class="approximately" title="about">≈</span> ${seconds < 1 ? "1 s" : duration(seconds)}`;
}

function devices(workers) {
  const counts = new Map();
  for (const { device } of workers) counts.set(device, (counts.get(device) ?? 0) + 1);
  const words = [...counts].map(([device, count]) => (count === 1 ? device : `${count} × ${device}`));
  return words.join(", ") || "none heard of";
}

/** What waits, by priority. */
export function queue(work) {
  return html`<section aria-labelledby="queue">
    <h2 id="queue">Queue</h2>
    <table>
      <caption class="unseen">What waits, by priority</caption>
      <thead>
        <tr>
          <th scope="col">Priority</th>
          <th scope="col" class="number">Jobs</th>
          <th scope="col" class="number">Architectures</th>
          <th scope="col" class="number">Done in</th>
        </tr>
      </thead>
      <tbody>
        ${PRIORITIES.map(([name, title, note]) => {
          const { jobs, architectures, seconds_left } = work.queue[name];
          return html`<tr class=${jobs === 0 ? "none" : ""}>
            <th scope="row">${title}<span class="note"> ${note}</span></th>
            <td class="number">${integer(jobs)}</td>
            <td class="number">${integer(architectures)}</td>
            <td class="number">${jobs === 0 ? "–" : about(seconds_left)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </section>`;
}

/** Who works, and on what. */
export function workers(work) {
  const waiting = architecturesWaiting(work) > 0;
  return html`<section aria-labelledby="workers">
    <h2 id="workers">Workers</h2>
    ${work.workers.length === 0
      ? html`<p class="muted">None has been heard of lately.</p>`
      : html`<ul class="workers">${work.workers.map((each) => worker(each, waiting))}</ul>`}
  </section>`;
}

function worker(each, waiting) {
  // Between two batches it is seen with empty hands.
  const idle = waiting && each.per_second > 0 ? "takes the next ones" : "idle";
  return html`<li>
    <p class="who">
      <strong>${each.device}</strong> <span class="muted">${each.host} · process ${each.pid}</span>
      <span class="rate">${each.per_second > 0 ? `${number(each.per_second, 3)}/s` : ""}</span>
    </p>
    ${each.tasks.length === 0
      ? html`<p class="task idle">${idle}</p>`
      : each.tasks.map((task) => html`<p class="task">${does(task)}</p>`)}
    <p class="note">torch ${each.torch} · started ${ago(each.started_at)} · heard of ${ago(each.seen_at)}</p>
  </li>`;
}

function does(task) {
  if (task.question !== null) {
    const { bench, score, truth, members } = task.question;
    return html`correlates <strong>${score}</strong> with ${truth} on ${bench}, ${members.replace("_", " ")}`;
  }
  const job = task.job === null ? nothing : html`for job ${jobLink(task.job)}`;
  if (task.kind === "training") {
    return html`trains ${architecture(task, task.hashes[0])}, epoch ${task.epoch} of ${task.epochs}
      <span class="muted">(${task.bench}, ${task.protocol})</span> ${job}`;
  }
  const more = task.architectures - task.hashes.length;
  return html`scores ${task.architectures} ${task.architectures === 1 ? "architecture" : "architectures"}
    <span class="muted">(${task.bench}, ${task.protocol})</span> ${job}
    <span class="hashes">${task.hashes.map((hash) => html`${architecture(task, hash)} `)}${
      more > 0 ? `and ${more} more` : ""}</span>`;
}

/** A link to a job, by the first characters of its id. */
function jobLink(id) {
  return html`<a class="mono" href=${page("work", { job: id })}>${shortHash(id)}</a>`;
}

/** A link to an architecture of a bench. */
export function architecture({ bench }, hash) {
  return html`<a class="mono" href=${page("architecture", { bench, hash })}>${shortHash(hash)}</a>`;
}
