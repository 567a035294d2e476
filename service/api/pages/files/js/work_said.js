// What the service does now, in a sentence.

import { integer } from "./format.js";

const NAMED = 3;

/** work: as GET /work has it; jobs: those that are listed, null where they are not here. */
export function said({ queue, workers }, jobs) {
  const waiting = Object.values(queue).reduce((sum, { architectures }) => sum + architectures, 0);
  if (workers.length === 0) {
    return waiting === 0 ? "Nothing runs and nothing waits." : `${counted(waiting, "architecture")} wait for a worker.`;
  }
  if (waiting > 0) return underway(queue, waiting, (jobs ?? []).filter(({ state }) => state === "running"));
  const questions = workers.flatMap(({ tasks }) => tasks).filter(({ kind }) => kind === "evidence");
  if (questions.length > 0) return "Correlating scores with trained accuracies.";
  return workers.length === 1 ? "The worker has nothing to do." : "The workers have nothing to do.";
}

function underway(queue, waiting, running) {
  const jobs = Object.values(queue).reduce((sum, each) => sum + each.jobs, 0);
  const parts = [["Scoring", ({ epochs }) => epochs === null], ["Training", ({ epochs }) => epochs !== null]]
    .map(([verb, such]) => [verb, running.filter(such)])
    .filter(([, some]) => some.length > 0)
    .map(([verb, some]) => `${verb} ${listed(named(some))}`);
  const what = parts.length === 0 ? `${counted(waiting, "architecture")} in hand or waiting` : parts.join("; ");
  return `${what}, for ${counted(jobs, "job")}.`;
}

/** What is computed: benches, by the protocol that they are under. */
function named(jobs) {
  const benches = new Map();
  for (const { bench, protocol } of jobs) {
    benches.set(protocol.name, (benches.get(protocol.name) ?? new Set()).add(bench));
  }
  return [...benches].map(([protocol, names]) => `${listed([...names])} under ${protocol}`);
}

function listed(names) {
  const more = names.length - NAMED;
  const told = more > 0 ? [...names.slice(0, NAMED), `${more} more`] : names;
  return told.length === 1 ? told[0] : `${told.slice(0, -1).join(", ")} and ${told.at(-1)}`;
}

function counted(count, noun) {
  return `${integer(count)} ${noun}${count === 1 ? "" : "s"}`;
}
