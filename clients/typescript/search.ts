// A search: trains the best of a pool, then the best children of the best. `train` is yours to write.
//
//   NASCORE=http://127.0.0.1:8000 npm run search

import { connect, propose, Refusal, score, type Spelling } from "./client.js";

const BENCH = "nb201";
const PROXY = "structural_synflow";

/** Stands for a training: the accuracy in percent, here made up from the operations. */
function train(spec: Spelling): number {
  const convolutions = (spec.arch ?? "").match(/nor_conv_3x3/g) ?? [];
  return 50 + 8 * convolutions.length;
}

const nascore = connect(process.env["NASCORE"] ?? "http://127.0.0.1:8000");

const trained: { hash: string; spec: Spelling; accuracy: number }[] = [];
let best = await propose(nascore, { bench: BENCH, proxy: PROXY, sample: { n: 50, seed: 0 }, k: 3 });
for (let step = 0; step < 3; step++) {
  for (const { hash, spec } of best) trained.push({ hash, spec, accuracy: train(spec) });
  trained.sort((a, b) => b.accuracy - a.accuracy);
  const hashes = trained.map(({ hash }) => hash);
  const parents = hashes.slice(0, 2);
  best = await propose(nascore, { bench: BENCH, proxy: PROXY, parents, exclude: hashes, k: 3 });
}

// What else is said of those that were trained, and where they stand among all that is scored.
const architectures = trained.map(({ spec }) => spec);
const scored = await score(nascore, { bench: BENCH, proxies: ["params", PROXY], architectures });
scored.forEach(({ hash, scores }, index) => {
  console.log(hash, trained[index]?.accuracy, scores["params"], scores[PROXY]);
});
const query = { bench: BENCH, proxy: PROXY, limit: 5 };
const { data: board, error } = await nascore.GET("/rank", { params: { query } });
if (error) throw new Refusal(error);
for (const { rank, hash, score } of board.items) console.log(rank, hash, score);
