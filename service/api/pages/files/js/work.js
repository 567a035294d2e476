// Work: what the service does at this moment, kept up to date by its events.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { onMove, read, write } from "./address.js";
import { get, post, remove } from "./api.js";
import { confirmed } from "./confirm.js";
import { ago, integer, shortHash } from "./format.js";
import { follow } from "./live.js";
import { start } from "./shell.js";
import { Spoken } from "./spoken.js";
import { error, loading, noWorker } from "./states.js";
import { list } from "./work_jobs.js";
import { one } from "./work_job.js";
import { now } from "./work_now.js";

const PAGE = 50;
const DEFAULTS = { state: "", priority: "", job: "" };
const TICK = 5000;
const REREAD = 2000;

const state = {
  address: read(DEFAULTS),
  connection: { live: null, since: null, problem: null },
  work: null,
  jobs: null,
  next: null,
  pages: 1,
  job: null,
  results: null,
  resultPages: 1,
  problem: null,
  outcome: null,
  busy: new Set(),
  /** Jobs whose end this page has brought about, and told. */
  told: new Set(),
};
const heard = new Map();
const spoken = new Spoken(() => draw());
let rereading = null;

const on = {
  filter(filter) {
    state.address = { ...state.address, ...filter };
    state.pages = 1;
    write(state.address, DEFAULTS);
    refresh();
  },
  more() {
    if (state.address.job) state.resultPages += 1;
    else state.pages += 1;
    refresh();
  },
  async cancel(job) {
    const left = waiting(job);
    const yes = await confirmed({
      title: `Cancel job ${shortHash(job.job)}?`,
      text: `${integer(left)} of its architectures have no answer yet; those that no other job waits for leave the ` +
        "queue. What is scored stays. A cancelled job cannot be tried again.",
      yes: "Cancel the job",
      no: "Keep it",
    });
    if (!yes) return;
    state.told.add(job.job);
    await change(job, () => remove(`jobs/${job.job}`), cancelled);
  },
  async retry(job) {
    const yes = await confirmed({
      title: `Try again what failed in job ${shortHash(job.job)}?`,
      text: `${integer(failures(job))} architectures are queued again. Other jobs with the same failures wait ` +
        "for the new outcome too.",
      yes: "Try again",
    });
    if (yes) await change(job, () => post(`jobs/${job.job}/retry`), retried);
  },
};

function waiting(job) {
  return job.counts ? job.counts.queued + job.counts.running : job.size - job.finished;
}

function failures(job) {
  return job.counts ? job.counts.failed : job.failed;
}

function cancelled(job) {
  if (job.state !== "cancelled") return `Job ${shortHash(job.job)} had ended before.`;
  return `Job ${shortHash(job.job)} is cancelled: ${integer(job.counts.cancelled)} architectures without an answer.`;
}

function retried(job) {
  const again = job.counts.queued + job.counts.running;
  return `Job ${shortHash(job.job)} tries again: ${integer(again)} architectures wait.`;
}

/** Does something to a job and tells what came of it. */
async function change(job, ask, words) {
  state.busy.add(job.job);
  state.outcome = null;
  draw();
  try {
    state.outcome = { text: words(await ask()) };
  } catch (problem) {
    state.outcome = { problem };
  }
  state.busy.delete(job.job);
  await refresh();
}

/** Asks for the jobs, or the one, as they are now. */
async function refresh() {
  const asked = state.address;
  heard.clear();
  try {
    if (asked.job) await readJob(asked.job);
    else await readJobs(asked);
    state.problem = null;
  } catch (problem) {
    state.problem = problem;
  }
  if (asked === state.address) draw();
}

async function readJobs({ state: wanted, priority }) {
  const limit = PAGE * state.pages;
  const found = await get("jobs", { state: wanted, priority, limit });
  // What an event has told meanwhile is newer.
  state.jobs = found.jobs.map((job) => heard.get(job.job) ?? job);
  state.next = found.next;
}

async function readJob(id) {
  const limit = PAGE * state.resultPages;
  [state.job, state.results] = await Promise.all([
    get(`jobs/${id}`),
    get(`jobs/${id}/results`, { limit }).then(({ results, next }) => ({ rows: results, next })),
  ]);
}

/** A job that has moved. */
function moved(job) {
  heard.set(job.job, job);
  if (state.address.job) {
    // Its counts and results are more than the event tells.
    if (job.job === state.address.job) rereading ??= setTimeout(reread, REREAD);
    return;
  }
  if (state.jobs === null) return;
  const before = state.jobs.find((each) => each.job === job.job);
  if (before !== undefined) {
    state.jobs = state.jobs.map((each) => (each.job === job.job ? job : each));
  } else if (isListed(job)) {
    state.jobs = [job, ...state.jobs].sort((a, b) => b.created_at.localeCompare(a.created_at));
  }
  announce(before, job);
  draw();
}

async function reread() {
  const before = state.job;
  await refresh();
  rereading = null;
  if (state.job !== null) announce(before, state.job);
}

function announce(before, job) {
  if (before?.state !== "running" || job.state === "running" || state.told.delete(job.job)) return;
  const failed = failures(job) > 0 ? `, ${integer(failures(job))} failed` : "";
  spoken.say(`Job ${shortHash(job.job)} is ${job.state}${failed}.`);
}

function isListed(job) {
  const { state: wanted, priority } = state.address;
  if ((wanted && job.state !== wanted) || (priority && job.priority !== priority)) return false;
  const oldest = state.jobs.at(-1);
  return state.next === null || oldest === undefined || job.created_at > oldest.created_at;
}

function draw() {
  render(view(), document.getElementById("view"));
}

function view() {
  return html`${connection()} ${spoken.view()} ${outcome()} ${content()}`;
}

function content() {
  if (state.address.job) {
    if (state.problem !== null) {
      return html`<p class="back"><a href="work">All work</a></p>${error(state.problem, refresh)}`;
    }
    if (state.job === null) return loading(6, "Loading the job");
    return html`${absent()} ${one({ job: state.job, results: state.results, busy: state.busy.has(state.job.job) }, on)}`;
  }
  if (state.work === null) {
    return state.connection.problem === null ? loading(8) : error(state.connection.problem);
  }
  return html`${absent()} ${now(state.work)}
    ${state.problem !== null ? error(state.problem, refresh)
      : state.jobs === null ? loading(5, "Loading the jobs")
      : list({ jobs: state.jobs, next: state.next, filter: state.address, busy: state.busy }, on)}`;
}

function absent() {
  return state.work !== null && state.work.workers.length === 0 ? noWorker() : nothing;
}

function connection() {
  const { live, since, problem } = state.connection;
  if (live === null) return html`<p class="connection" role="status">Connecting</p>`;
  if (live) return html`<p class="connection" data-live="yes" role="status">Live</p>`;
  return html`<p class="connection" data-live="no">
    <span role="status">The connection is lost; it comes back by itself.</span>
    <span>What is shown is of ${ago(since)}.${problem === null ? "" : ` ${problem.title}.`}</span></p>`;
}

function outcome() {
  const found = state.outcome;
  return html`<div role="status" class="outcome">${
    found === null ? nothing
      : found.problem ? html`<p class="bad">${found.problem.title}: ${found.problem.detail}</p>`
      : html`<p>${found.text}</p>`}</div>`;
}

start("work");
draw();
onMove(() => {
  state.address = read(DEFAULTS);
  refresh();
});
follow(
  {
    work(found) {
      state.work = found;
      draw();
    },
    job: moved,
  },
  refresh,
  (connected) => {
    state.connection = connected;
    draw();
  },
);
// Times are told as so long ago.
setInterval(draw, TICK);
if (state.address.job) document.title = `Job ${shortHash(state.address.job)} · nascore`;
