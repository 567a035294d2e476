// Work: what the service does at this moment, kept up to date by its events.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { onMove, read, write } from "./address.js";
import { get, post, remove } from "./api.js";
import { confirmed } from "./confirm.js";
import { ago, integer, shortHash } from "./format.js";
import { follow } from "./live.js";
import { Newest } from "./newest.js";
import { start } from "./shell.js";
import { Spoken } from "./spoken.js";
import { error, loading, noWorker } from "./states.js";
import { one } from "./work_job.js";
import { readJob, readJobs } from "./work_asked.js";
import { list } from "./work_jobs.js";
import { figures, queue, workers } from "./work_now.js";
import { said } from "./work_said.js";

const FIRST = 10;
const MORE = 50;
const DEFAULTS = { state: "", priority: "", job: "" };
const TICK = 5000;
const REREAD = 2000;

const state = {
  address: read(DEFAULTS),
  connection: { live: null, since: null, problem: null },
  work: null,
  jobs: null,
  next: null,
  /** So many jobs are listed, so many results of a job. */
  shown: FIRST,
  /** A filter has been chosen whose jobs are not here yet. */
  asking: false,
  job: null,
  /** Results in pages: [{ start, rows }], and whether more follow. */
  results: null,
  problem: null,
  outcome: null,
  busy: new Set(),
  /** Jobs whose end this page has brought about, and told. */
  told: new Set(),
};
/** Jobs that have moved since they were asked for. */
const heard = new Map();
const newest = new Newest();
const spoken = new Spoken(() => draw());
let rereading = null;
/** Whether results out of sight are to be asked for as well. */
let whole = true;

const on = {
  filter(filter) {
    state.address = { ...state.address, ...filter };
    state.shown = FIRST;
    state.asking = true;
    write(state.address, DEFAULTS);
    draw();
    refresh();
  },
  more() {
    state.shown += MORE;
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
    await change(job, () => remove(`jobs/${encodeURIComponent(job.job)}`), cancelled);
  },
  async retry(job) {
    const yes = await confirmed({
      title: `Try again what failed in job ${shortHash(job.job)}?`,
      text: `${integer(failures(job))} architectures are queued again. Other jobs with the same failures wait ` +
        "for the new outcome too.",
      yes: "Try again",
    });
    if (yes) await change(job, () => post(`jobs/${encodeURIComponent(job.job)}/retry`), retried);
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
  // The button that was pressed may be gone.
  if (document.activeElement === document.body) document.querySelector(".outcome").focus();
}

/** Asks for the jobs, or the one and all its results that may have changed, as they are now. */
async function refresh() {
  whole = true;
  await look();
}

async function look() {
  const asked = state.address;
  heard.clear();
  const found = await newest.ask((signal) =>
    asked.job
      ? readJob(asked.job, { results: state.results, shown: state.shown, whole, signal })
      : readJobs(asked, state.shown, signal),
  );
  if (found === null) return;
  whole = false;
  Object.assign(state, { problem: found.problem, asking: false });
  if (found.answer !== null) Object.assign(state, asked.job ? found.answer : upToDate(found.answer));
  draw();
}

/** A list with what events have told while it was on its way. */
function upToDate({ jobs, next, ...more }) {
  const told = jobs.map((job) => heard.get(job.job) ?? job);
  const others = [...heard.values()].filter((job) => isListed(job, told, next));
  return { jobs: newestFirst([...others, ...told]), next, ...more };
}

function newestFirst(jobs) {
  return jobs.sort((a, b) => b.created_at.localeCompare(a.created_at));
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
  } else if (isListed(job, state.jobs, state.next)) {
    state.jobs = newestFirst([job, ...state.jobs]);
  }
  announce(before, job);
  draw();
}

async function reread() {
  const before = state.job;
  await look();
  rereading = null;
  if (state.job !== null) announce(before, state.job);
}

function announce(before, job) {
  if (before?.state !== "running" || job.state === "running" || state.told.delete(job.job)) return;
  const failed = failures(job) > 0 ? `, ${integer(failures(job))} failed` : "";
  spoken.say(`Job ${shortHash(job.job)} is ${job.state}${failed}.`);
}

/** Whether a job belongs into the list of these, after which `next` is where older ones follow. */
function isListed(job, jobs, next) {
  const { state: wanted, priority } = state.address;
  if ((wanted && job.state !== wanted) || (priority && job.priority !== priority)) return false;
  if (jobs.some((each) => each.job === job.job)) return false;
  const oldest = jobs.at(-1);
  return next === null || oldest === undefined || job.created_at > oldest.created_at;
}

function draw() {
  render(view(), document.getElementById("view"));
}

function view() {
  return html`${top()} ${spoken.view()} ${outcome()} ${content()}`;
}

function content() {
  if (state.address.job) {
    if (state.problem !== null) return error(state.problem, refresh);
    if (state.job === null) return loading(6, "Loading the job");
    return html`${absent()} ${one({ job: state.job, results: state.results, busy: state.busy.has(state.job.job) }, on)}`;
  }
  if (state.work === null) {
    return state.connection.problem === null ? loading(8) : error(state.connection.problem);
  }
  return html`${absent()} ${figures(state.work)}
    ${state.problem !== null ? error(state.problem, refresh)
      : state.jobs === null ? loading(5, "Loading the jobs")
      : list(state, on)}
    <div class="columns">${queue(state.work)} ${workers(state.work)}</div>`;
}

function absent() {
  return state.work !== null && state.work.workers.length === 0 ? noWorker() : nothing;
}

/** Where one is: what runs, in a sentence, or the way back from a job; and whether it is up to date. */
function top() {
  const { job } = state.address;
  const what = state.work === null ? "" : said(state.work, state.jobs);
  return html`<div class="top">
    ${job ? html`<p class="back"><a href="work">All work</a></p>` : html`<p class="lead">${what}</p>`}
    ${connection()}
  </div>`;
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
  return html`<div role="status" class="outcome" tabindex="-1">${
    found === null ? nothing
      : found.problem ? html`<p class="bad">${found.problem.title}: ${found.problem.detail}</p>`
      : html`<p>${found.text}</p>`}</div>`;
}

start("work");
draw();
onMove(() => {
  Object.assign(state, { address: read(DEFAULTS), asking: true });
  draw();
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
