// The way from a spelling to its scores, whether they are known or a worker has to compute them.

import { address, get, post } from "./api.js";

const WAIT_SECONDS = 10;
const PAUSE_MS = 1000;

/**
 * Resolves to the results, in the order asked, once all of them are final.
 *
 * waiting(job): called where it takes longer than a request waits.
 */
export async function score(bench, architectures, waiting, signal) {
  const answer = await post("score", { bench, architectures }, {
    signal,
    headers: { Prefer: `wait=${WAIT_SECONDS}` },
  });
  if (answer.results.every(({ state }) => !["queued", "running"].includes(state))) return answer.results;
  waiting(answer.job);
  return finished(answer.job, signal);
}

/** The results of a job, as its events tell them; throws what keeps them from being told. */
function finished(job, signal) {
  return new Promise((resolve, reject) => {
    const results = [];
    let events = null;
    const follow = () => {
      if (signal.aborted) return;
      events = new EventSource(address(`jobs/${job}/events`));
      events.addEventListener("result", (event) => {
        const result = JSON.parse(event.data);
        results[result.position] = result;
      });
      events.addEventListener("end", (event) => {
        events.close();
        if (JSON.parse(event.data).state === "cancelled") reject(new Error("The job was cancelled."));
        else resolve(results);
      });
      events.addEventListener("error", () => {
        // A browser asks again by itself, but not where it was answered by an error.
        if (events.readyState !== EventSource.CLOSED) return;
        get(`jobs/${job}`, {}, { signal }).then(() => setTimeout(follow, PAUSE_MS), reject);
      });
    };
    signal.addEventListener("abort", () => {
      events.close();
      reject(signal.reason);
    });
    follow();
  });
}
