// Drawings of architectures by hash, each asked for once.

import { post } from "./api.js";

const LARGEST = 1000;
const known = new Map();

/** The drawings that are known already, by hash. */
export function drawing(bench, hash) {
  return known.get(`${bench}/${hash}`) ?? null;
}

/** Resolves when all of these are known; one that nobody has scored has no drawing. */
export async function fetchDrawings(bench, hashes) {
  const missing = hashes.filter((hash) => !known.has(`${bench}/${hash}`)).slice(0, LARGEST);
  if (missing.length === 0) return;
  // Of the scores, the cheapest: an answer has some.
  const body = { bench, hashes: missing, proxies: ["params"], drawing: true };
  const answer = await post("architectures/lookup", body);
  for (const each of answer.architectures) known.set(`${bench}/${each.hash}`, each.drawing);
}
