// Evidence: how far each score can be trusted, against trained accuracies.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { onMove, query, read, write } from "./address.js";
import { againstAccuracy, AXES, drawAgainstAccuracy, prepared as preparedAgainst } from "./against_accuracy.js";
import { againstCost, COSTS, key, PARTS } from "./against_cost.js";
import { address, get } from "./api.js";
import { select } from "./choices.js";
import { compared } from "./compared.js";
import { KINDS, METRICS, ORDERS, SETS, sorted } from "./correlated.js";
import { fetchDrawings } from "./drawings.js";
import { ago, integer, measured } from "./format.js";
import { Newest } from "./newest.js";
import { keep } from "./refreshed.js";
import { start } from "./shell.js";
import { empty, error, loading } from "./states.js";
import { drawTwoScores, fetchShown, prepared as preparedPair, readBox, twoScores, within } from "./two_scores.js";

const DEFAULTS = {
  ...{ bench: "", truth: "", protocol: "fast", dataset: "patches", seed: "0", members: "classes" },
  ...{ metric: "spearman", sort: "all", hide: "published" },
  ...{ score: "", axes: "rank", cost: "minibatches", part: "all" },
  ...{ x: "", y: "", box: "" },
};

/** What a view can be of; all else is as by default. */
const ANY = {
  metric: Object.keys(METRICS),
  sort: ORDERS,
  axes: AXES.map(([name]) => name),
  cost: COSTS.map(([name]) => name),
  part: PARTS.map(([name]) => name),
};

/** What makes another set of scores: what was chosen of the old one says nothing of it. */
const OF_SCORES = ["score", "x", "y", "box"];

const view = document.getElementById("view");
const model = {
  ...{ catalogue: null, answer: null, problem: null, points: null, pointsProblem: null },
  ...{ pair: null, pairProblem: null, cellsProblem: null, hovered: null, width: 0 },
};
const newest = { answer: new Newest(), points: new Newest(), pair: new Newest() };
let state = chosen();
let asked = null;

start("evidence");
draw();
begin();
onMove(() => {
  state = chosen();
  load();
});
keep(unsettled, refresh);
new ResizeObserver(() => {
  if (model.width !== view.clientWidth) draw();
}).observe(view);

async function begin() {
  try {
    const [benches, datasets, protocols] = await Promise.all(["benches", "datasets", "protocols"].map((path) => get(path)));
    model.catalogue = { benches, datasets, protocols };
    await load();
  } catch (problem) {
    fail(problem);
  }
}

/** What the address says. */
function chosen() {
  const found = read(DEFAULTS);
  for (const [name, any] of Object.entries(ANY)) {
    if (!any.includes(found[name])) found[name] = DEFAULTS[name];
  }
  return found;
}

/** Asks for what the state needs and is not there yet. */
async function load() {
  const { bench, truth, protocol, dataset, seed, members } = filled();
  const wanted = JSON.stringify([bench, truth, protocol, dataset, seed, members]);
  model.problem = null;
  if (asked !== wanted) {
    asked = wanted;
    Object.assign(model, { answer: null, points: null, pair: null, pointsOf: null, pairOf: null, hovered: null });
    newest.points.begin();
    newest.pair.begin();
    draw();
    const found = await newest.answer.ask(correlations);
    if (found === null) return;
    if (found.problem !== null) {
      fail(found.problem);
      return;
    }
    Object.assign(model, found.answer);
  }
  draw();
  // Who waits for the answer goes on from there.
  if (model.answer !== null) await Promise.all([loadPoints(), loadPair()]);
}

async function correlations(signal) {
  const { bench, truth, protocol, dataset, seed, members } = filled();
  const answer = await get("correlation", { bench, truth, protocol, dataset, seed, members }, { signal });
  return { answer, names: answer.truth === null ? await get("proxies", {}, { signal }) : [] };
}

/** Whether a worker still has something to compute, or somebody something to ask for. */
function unsettled() {
  const { answer } = model;
  return answer !== null && answer.truth !== null && (answer.missing.length > 0 || answer.items.some(({ stale }) => stale));
}

/** Asks for the same again; whether something is new. */
async function refresh() {
  const before = JSON.stringify(model.answer);
  const found = await newest.answer.ask(correlations);
  // What is shown is still what was; the next time may tell more.
  if (found === null || found.problem !== null || JSON.stringify(found.answer.answer) === before) return false;
  Object.assign(model, found.answer, { pointsOf: null, pairOf: null });
  draw();
  await Promise.all([loadPoints(), loadPair()]);
  return true;
}

async function loadPoints() {
  const { bench, truth, protocol, dataset, seed, score } = filled();
  const wanted = `${asked} ${score}`;
  if (model.pointsOf === wanted || model.answer.truth === null || score === "") return;
  // The same score's are shown until the new ones are here.
  if (model.points?.name !== score) model.points = null;
  Object.assign(model, { pointsOf: wanted, pointsProblem: null });
  draw();
  const found = await newest.points.ask((signal) =>
    get("correlation/points", { bench, truth, protocol, dataset, seed, score, accuracy: "known" }, { signal }),
  );
  if (found === null) return;
  if (found.problem === null) Object.assign(model, { points: preparedAgainst(found.answer), hovered: null });
  else Object.assign(model, { pointsProblem: found.problem, pointsOf: null });
  draw();
}

async function loadPair() {
  const { bench, truth, protocol, dataset, seed, x, y } = filled();
  const wanted = `${asked} ${x} ${y}`;
  if (model.pairOf !== wanted && x !== "" && y !== "") {
    if (model.pair?.x.name !== x || model.pair.y.name !== y) model.pair = null;
    Object.assign(model, { pairOf: wanted, pairProblem: null });
    draw();
    const found = await newest.pair.ask((signal) =>
      get("correlation/points", { bench, truth, protocol, dataset, seed, score: [x, y] }, { signal }),
    );
    if (found === null) return;
    if (found.problem === null) model.pair = preparedPair(found.answer);
    else Object.assign(model, { pairProblem: found.problem, pairOf: null });
    draw();
  }
  if (model.pair !== null && state.box !== "") await loadCells(bench, model.pair);
}

/** The drawings of what is in the box. */
async function loadCells(bench, points) {
  model.cellsProblem = null;
  try {
    await fetchShown(bench, points, within(points, readBox(state.box)));
  } catch (problem) {
    if (model.pair === points) model.cellsProblem = problem;
  }
  draw();
}

function fail(problem) {
  model.problem = problem;
  asked = null;
  draw();
}

function choose(changes) {
  state = { ...state, ...changes };
  write(state, DEFAULTS);
  load();
}

function chooseScores(changes) {
  choose({ ...Object.fromEntries(OF_SCORES.map((name) => [name, ""])), ...changes });
}

/** The state with what was not chosen, as it is shown. */
function filled() {
  const bench = state.bench || model.catalogue.benches[0].name;
  const items = sorted(shown(), "all", "spearman", "minibatches");
  const own = items.filter((item) => item.kind === "ensemble" || item.kind === "proxy");
  const best = own.length > 0 ? own : items;
  const all = best.length > 0 ? best.map((item) => item.proxy) : (model.names ?? []).map((each) => each.name);
  const score = state.score || all[0] || "";
  const x = state.x || all[0] || "";
  // An ensemble beside one of its members says less than beside the best proxy.
  const other = items.find((item) => item.kind === "proxy" && item.proxy !== x)?.proxy;
  return { ...state, bench, score, x, y: state.y || other || all[1] || x };
}

/** The scores that are not hidden. */
function shown() {
  const hidden = new Set(state.hide.split(","));
  return (model.answer?.items ?? []).filter((item) => !hidden.has(item.kind));
}

function href(score) {
  return `evidence${query({ ...state, score }, DEFAULTS)}`;
}

function draw() {
  model.width = view.clientWidth;
  render(model.problem !== null ? error(model.problem, retry) : page(), view);
  if (model.answer === null || model.problem !== null) return;
  const now = filled();
  if (model.points !== null && model.points.hashes.length > 0) {
    drawAgainstAccuracy({ bench: now.bench, points: model.points, item: itemOf(now.score), state: now, look });
  }
  if (model.pair !== null && model.pair.hashes.length > 0) {
    drawTwoScores({ points: model.pair, box: readBox(now.box), choose });
  }
}

function retry() {
  if (model.catalogue === null) {
    model.problem = null;
    draw();
    begin();
  } else load();
}

/** Somebody points at the architecture of this number. */
async function look(points, n) {
  if (model.points !== points) return;
  model.hovered = n;
  draw();
  try {
    await fetchDrawings(filled().bench, [points.hashes[n]]);
  } catch {
    return; // Its numbers are shown without its cell.
  }
  draw();
}

function itemOf(name) {
  return model.answer.items.find((item) => item.proxy === name);
}

function page() {
  if (model.catalogue === null) return loading(12, "Loading the evidence");
  return html`${controls()} ${model.answer === null ? loading(12, "Loading the evidence") : sections()}`;
}

function controls() {
  const now = filled();
  const { benches, datasets, protocols } = model.catalogue;
  const truths = model.answer?.truths ?? (state.truth ? [state.truth] : []);
  const under = protocols.filter((each) => now.bench in each.benches).map((each) => each.name);
  return html`<form class="fields controls" @submit=${(event) => event.preventDefault()}>
    ${select("Bench", benches.map((each) => [each.name, each.title]), now.bench, (bench) =>
      chooseScores({ bench, truth: "" }))}
    ${select("Truth", truths.length === 0 ? [["", "none known"]] : truths.map((name) => [name, name]),
      state.truth || truths[0] || "", (truth) => chooseScores({ truth }))}
    ${select("Set", Object.entries(SETS), now.members, (members) => choose({ members }))}
    ${select("Protocol", withChosen(under, now.protocol), now.protocol, (protocol) => chooseScores({ protocol }))}
    ${select("Dataset", withChosen(datasets.map((each) => each.name), now.dataset), now.dataset, (dataset) =>
      chooseScores({ dataset }))}
    <label class="field seed"><span>Seed</span>
      <input type="number" min="0" step="1" .value=${now.seed}
        @change=${(event) => chooseScores({ seed: event.target.value || "0" })} />
    </label>
  </form>`;
}

function withChosen(names, chosen) {
  return (names.includes(chosen) ? names : [...names, chosen]).map((name) => [name, name]);
}

function sections() {
  const { answer } = model;
  if (answer.truth === null) return html`${untrained()} ${pair(named())}`;
  if (answer.items.length === 0) return unscored();
  const items = shown();
  return html`${said()} ${all(items)} ${accuracy(items)} ${costs(items)} ${pair(answer.items)}`;
}

function untrained() {
  const { bench } = filled();
  return empty(
    `No trained accuracies of ${title(bench)} are known`,
    "How far a score can be trusted is only seen beside networks that were trained. Import a table of them: a published one as it is, or your own.",
    `nascore accuracies import accuracies.csv --bench ${bench} --dataset DATASET --split test --epochs 200 --source "our cluster"`,
  );
}

function unscored() {
  const { bench, protocol, dataset, seed } = filled();
  const body = JSON.stringify({ bench, protocol, dataset, seed: Number(seed), sample: { n: 1000, seed: 0 } });
  return html`${empty(
    "Nothing is correlated yet",
    model.answer.missing.length === 1 ? `${model.answer.missing[0]}.` : "Scores, or the time of a worker, are missing.",
    `curl ${address("score")} -H 'Content-Type: application/json' -d '${body}'`,
  )}
  ${model.answer.missing.length > 1 ? missing() : nothing}`;
}

function title(bench) {
  return model.catalogue.benches.find((each) => each.name === bench)?.title ?? bench;
}

/** All scores there are, where none is correlated. */
function named() {
  return model.names.map(({ name, ensemble }) => ({ proxy: name, kind: ensemble === null ? "proxy" : "ensemble" }));
}

/** What is compared with what, and when it was. */
function said() {
  const { truth, items, members, protocol } = model.answer;
  const architectures = items.map((item) => item.all.architectures).sort((a, b) => a - b);
  const computed = items.map((item) => item.computed_at).sort();
  const stale = items.filter((item) => item.stale).length;
  return html`<p class="said muted">
      <span class="strong">${truth.dataset}${truth.split === null ? "" : ` ${truth.split}`} ${measured(truth.metric)}</span>
      ${truth.epochs === null ? "" : `after ${integer(truth.epochs)} epochs`}, by ${truth.source}. Compared are
      ${SETS[members]}; of ${upTo(architectures)} different architectures there is both a score, under
      <code>${protocol.name}</code>, and an accuracy. Computed
      ${ago(computed[0]) === ago(computed.at(-1)) ? ago(computed[0]) : `${ago(computed.at(-1))} to ${ago(computed[0])}`}.
      ${stale === 0 ? nothing : html`<span class="stale">${integer(stale)} of them are computed again as soon as a worker has time:
        accuracies or scores have come since.</span>`}
    </p>
    ${missing()}`;
}

/** The least and the most of sorted counts. */
function upTo(counts) {
  const [least, most] = [integer(counts[0]), integer(counts.at(-1))];
  return least === most ? most : `${least} to ${most}`;
}

function missing() {
  const { missing: told } = model.answer;
  if (told.length === 0) return nothing;
  return html`<details class="missing">
    <summary>${told.length === 1 ? "Something is" : `${told.length} things are`} missing</summary>
    <ul class="small">
      ${told.map((each) => html`<li>${each}</li>`)}
    </ul>
  </details>`;
}

function all(items) {
  const hidden = new Set(state.hide.split(",").filter(Boolean));
  const { bench, truth, protocol, dataset, seed, members } = filled();
  const csv = address("correlation", { bench, truth, protocol, dataset, seed, members });
  return html`<section aria-labelledby="all-title">
    <h2 id="all-title">All scores beside one truth</h2>
    <div class="fields">
      ${select("Metric", Object.entries(METRICS), state.metric, (metric) => choose({ metric }))}
      <fieldset class="kinds">
        <legend>Shown</legend>
        ${Object.entries(KINDS).map(([kind, { name }]) => {
          const count = model.answer.items.filter((item) => item.kind === kind).length;
          return count === 0
            ? nothing
            : html`<label data-kind=${kind}>
                <input type="checkbox" .checked=${!hidden.has(kind)}
                  @change=${(event) => choose({ hide: hide(hidden, kind, event.target.checked) })} />
                ${name} <span class="muted">${count}</span>
              </label>`;
        })}
      </fieldset>
    </div>
    ${items.length === 0
      ? html`<p class="state">Every kind of score is hidden.</p>`
      : compared({ items, metric: state.metric, sort: state.sort, score: filled().score, href,
          choose: (score) => choose({ score }), order: (sort) => choose({ sort }) })}
    <p class="small muted">
      A dot is the whole set, a ring the true best tenth alone; lines are 95 % intervals of a bootstrap over
      architectures. Further right is better, also where a smaller score is (↓ better): its sign is turned. A
      minibatch (mb) is one question that the network is run for.
    </p>
    <details>
      <summary>The same as CSV</summary>
      <pre tabindex="0"><code>curl -H 'Accept: text/csv' '${csv}'</code></pre>
    </details>
  </section>`;
}

function hide(hidden, kind, show) {
  return Object.keys(KINDS).filter((each) => (each === kind ? !show : hidden.has(each))).join(",");
}

function accuracy(items) {
  const now = filled();
  return html`<section aria-labelledby="accuracy-title">
    <h2 id="accuracy-title">Score against accuracy</h2>
    ${model.pointsProblem !== null
      ? error(model.pointsProblem, load)
      : model.points === null
        ? waiting("Loading the points")
        : againstAccuracy({ bench: now.bench, points: model.points, item: itemOf(now.score), items: model.answer.items,
            state: now, choose, hovered: model.hovered })}
  </section>`;
}

function costs(items) {
  return html`<section aria-labelledby="cost-title">
    <h2 id="cost-title">What a correlation costs</h2>
    ${againstCost({ items, state: filled(), width: model.width, choose, href })}
    <p class="keys small">${key(items)}</p>
  </section>`;
}

function pair(items) {
  const now = filled();
  const box = readBox(state.box);
  const inside = model.pair === null ? [] : within(model.pair, box);
  const none = model.pair !== null && model.pair.hashes.length === 0;
  return html`<section aria-labelledby="pair-title">
    <h2 id="pair-title">Two scores against each other</h2>
    ${model.pairProblem !== null
      ? error(model.pairProblem, load)
      : html`${twoScores({ bench: now.bench, points: model.pair, items, state: now, box, chosen: inside, choose })}
          ${model.pair === null ? waiting("Loading the points") : nothing}
          ${model.cellsProblem === null ? nothing : error(model.cellsProblem, load)}
          ${none ? html`<p class="state">No architecture has both scores.</p>` : nothing}`}
  </section>`;
}

function waiting(what) {
  return html`<div class="plot-waits" aria-busy="true"><span class="unseen" role="status">${what}</span></div>`;
}
