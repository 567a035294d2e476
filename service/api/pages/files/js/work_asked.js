// What the page of work asks for: jobs from the newest on, or one and its results page by page.

import { get } from "./api.js";

const PAGE = 50;

/** So many jobs of a filter: { jobs, next }; and, where there is none, a `bench` to ask for. */
export async function readJobs({ state, priority }, shown, signal) {
  const jobs = [];
  let cursor = "";
  // A page is no longer than the service likes.
  do {
    const limit = shown - jobs.length;
    const found = await get("jobs", { state, priority, limit, cursor }, { signal });
    jobs.push(...found.jobs);
    cursor = found.next;
  } while (cursor !== null && jobs.length < shown);
  if (jobs.length > 0) return { jobs, next: cursor };
  const [{ name }] = await get("benches", {}, { signal });
  return { jobs, next: cursor, bench: name };
}

/**
 * A job, and as many of its results as are shown: { job, results: { pages, next } }.
 *
 * results: those that are here. A page of them is asked for again where it may have changed, and, but
 * for the `whole`, is seen.
 */
export async function readJob(id, { results, shown, whole, signal }) {
  const path = `jobs/${encodeURIComponent(id)}`;
  const job = await get(path, {}, { signal });
  const pages = [];
  let next = "0";
  for (let start = 0; start < shown && next !== null; start += PAGE) {
    const before = results?.pages[start / PAGE];
    if (before !== undefined && (settled(before) || !(whole || job.state !== "running" || seen(start)))) {
      pages.push(before);
      next = before.next;
      continue;
    }
    const found = await get(`${path}/results`, { limit: PAGE, cursor: start || "" }, { signal });
    next = found.next;
    pages.push({ start, rows: found.results, next });
  }
  return { job, results: { pages, next } };
}

function settled({ rows }) {
  return rows.every(({ state }) => state === "done");
}

/** Whether the page of results that begins so is in the window. */
function seen(start) {
  const box = document.getElementById(`results-${start}`)?.getBoundingClientRect();
  return box !== undefined && box.bottom > 0 && box.top < innerHeight;
}
