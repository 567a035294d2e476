// Try it: draw or paste a cell, score it, step to its neighbours.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { onMove, page, read as readAddress, write } from "./address.js";
import { get, post } from "./api.js";
import { catalogue, defaultProxy } from "./catalogue.js";
import { cell, isLong } from "./cell.js";
import { select } from "./choices.js";
import { compact, shortHash } from "./format.js";
import { graphEditor } from "./graph_editor.js";
import { neighbours } from "./neighbours.js";
import { score } from "./scoring.js";
import { scoresTable } from "./scores.js";
import { start } from "./shell.js";
import { slotsEditor } from "./slots_editor.js";
import { inALine } from "./spelt.js";
import { standingFigure } from "./standing.js";
import { error, loading, noWorker } from "./states.js";

const DEFAULTS = { bench: "", cell: "", proxy: "", all: "" };
const TYPING_MS = 250;

const view = document.getElementById("view");

const state = {
  address: readAddress(DEFAULTS),
  known: null, // The catalogue.
  problem: null, // Why there is none.
  text: "", // As typed.
  spelling: null, // What the text means before the service has read it, or null.
  read: null, // What the service has read last.
  fault: null, // What is wrong with the text.
  found: null, // What is known of the architecture.
  busy: "", // What is waited for.
  workers: true,
};
let turn = new AbortController(); // Of what is asked for the present cell.
let typing = null;

start("try", (runs) => {
  if (state.workers === runs) return;
  state.workers = runs;
  draw();
});
onMove(() => {
  state.address = readAddress(DEFAULTS);
  fromAddress();
});
view.addEventListener("click", stepInPlace);
open();

async function open() {
  state.problem = null;
  draw();
  try {
    state.known = await catalogue();
  } catch (problem) {
    state.problem = problem;
    return draw();
  }
  fromAddress();
}

/** The cell that the address names; the bench's example where it names none. */
function fromAddress() {
  const { benches } = state.known;
  if (!benches.has(state.address.bench)) state.address.bench = benches.keys().next().value;
  const text = state.address.cell || JSON.stringify(bench().example);
  let spelling = null;
  try {
    spelling = JSON.parse(text);
  } catch {
    spelling = null;
  }
  state.text = spelling === null ? text : inALine(bench(), spelling);
  understand();
}

function bench() {
  return state.known.benches.get(state.address.bench);
}

/** By what it is held to others. */
function proxy() {
  const { proxies } = state.known;
  return proxies.get(state.address.proxy) ?? proxies.get(defaultProxy(proxies, bench().name));
}

/** What the text means: at once as an object, then as the service reads it. */
async function understand() {
  turn.abort();
  turn = new AbortController();
  const { signal } = turn;
  state.found = null;
  state.busy = "";
  [state.spelling, state.fault] = spelled(state.text);
  draw();
  if (state.spelling === null) return;
  try {
    const body = { bench: bench().name, architectures: [state.spelling], drawing: true };
    const answer = await post("architectures/read", body, { signal });
    [state.read] = answer.architectures;
    state.fault = null;
    move({ cell: JSON.stringify(state.spelling) }, { replace: true });
    draw();
    await lookAround(signal);
  } catch (problem) {
    if (signal.aborted) return;
    state.fault = problem.errors?.[0] ?? { field: "", detail: problem.detail || problem.message };
    draw();
  }
}

/** A text as a spelling, or what keeps it from being one. */
function spelled(text) {
  const trimmed = text.trim();
  const { text_field: field, spelling_fields: fields } = bench();
  if (!trimmed.startsWith("{") && field) return [{ [field]: trimmed }, null];
  const valid = `an object with ${fields.join(" and ")}`;
  try {
    return [JSON.parse(trimmed), null];
  } catch (wrong) {
    return [null, { field: "", detail: `no JSON yet: ${wrong.message}`, valid }];
  }
}

/** What is known of the cell that was read. */
async function lookAround(signal) {
  const name = bench().name;
  const { hash } = state.read;
  const by = proxy().name;
  const known = await post("architectures/lookup", { bench: name, hashes: [hash] }, { signal });
  const [{ spec, scores, undefined: reasons }] = known.architectures;
  if (spec === null || Object.keys(scores).length + Object.keys(reasons).length === 0) return;
  const path = `architectures/${name}/${hash}`;
  const [answer, standing, near] = await Promise.all([
    get(path, {}, { signal }),
    get(`${path}/standing`, { proxy: by }, { signal }),
    get(`${path}/neighbours`, { drawing: true }, { signal }),
  ]);
  state.found = { answer, standing, near: near.architectures, protocol: known.protocol, proxy: proxy() };
  draw();
}

function scoreIt() {
  return scoreAll([state.spelling]);
}

/** Scores architectures, and shows the present one among all then. */
async function scoreAll(spellings) {
  const { signal } = turn;
  state.busy = "Scoring";
  state.fault = null;
  draw();
  try {
    const results = await score(bench().name, spellings, () => {
      state.busy = state.workers ? "A worker has it, or will" : "Waiting for a worker";
      draw();
    }, signal);
    if (signal.aborted) return;
    const failed = results.find((result) => result?.error);
    if (failed) throw new Error(`It could not be scored: ${failed.error.detail}`);
    await lookAround(signal);
  } catch (problem) {
    if (signal.aborted) return;
    state.fault = problem.errors?.[0] ?? { field: "", detail: problem.detail || problem.message };
  }
  state.busy = "";
  draw();
}

function move(change, options) {
  Object.assign(state.address, change);
  write(state.address, DEFAULTS, options);
}

function typed(text) {
  state.text = text;
  [state.spelling, state.fault] = spelled(text);
  clearTimeout(typing);
  typing = setTimeout(understand, TYPING_MS);
}

function edited(spelling) {
  state.text = inALine(bench(), spelling);
  understand();
}

function chooseBench(name) {
  state.read = state.found = null;
  move({ bench: name, cell: "", proxy: "", all: "" });
  fromAddress();
}

async function chooseProxy(name) {
  move({ proxy: name });
  const { signal } = turn;
  await lookAround(signal);
}

/** A neighbour's link as a step of this page. */
function stepInPlace(event) {
  const link = event.target.closest("a.neighbour");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  state.address = readAddress(DEFAULTS);
  fromAddress();
  document.getElementById("cell").focus();
}

function draw() {
  render(body(), view);
}

function body() {
  if (state.problem) return error(state.problem, open);
  if (state.known === null) return loading(10);
  return html`<div class="bench-choice">${benchChoice()}</div>
    <div class="tryout">
      <section class="editor" aria-labelledby="cell">
        <h2 id="cell" tabindex="-1">Cell</h2>
        ${editor()}
        <label class="field"><span>Or paste a spelling: ${pasteHint()}</span>
          <textarea rows="3" spellcheck="false" autocomplete="off" aria-describedby="reading"
            aria-invalid=${state.fault !== null} .value=${live(state.text)}
            @input=${(event) => typed(event.target.value)}></textarea>
        </label>
        <div id="reading" class="reading" role="status">${reading()}</div>
      </section>
      ${pictured()}
    </div>
    <div class="with-results">${results()}</div>`;
}

function benchChoice() {
  const options = [...state.known.benches.values()].map(({ name, title }) => [name, title]);
  return select("Bench", options, bench().name, chooseBench);
}

function pasteHint() {
  const { text_field: field, spelling_fields: fields } = bench();
  const json = `JSON with ${fields.filter((name) => name !== field).join(" and ")}`;
  return field ? `as the bench writes it, or ${json}` : json;
}

function editor() {
  const { slots, operations, example } = bench();
  const wrong = state.fault?.field ?? "";
  const given = state.spelling ?? {};
  if (slots.length > 0) {
    const ops = Array.isArray(given.ops) ? given.ops : (state.read?.slots ?? []);
    return slotsEditor({ slots, given: ops, wrong, change: (each) => edited({ ops: each }) });
  }
  const drawn = isGraph(given) ? given : isGraph(state.read?.asked) ? state.read.asked : example;
  return graphEditor({ ...drawn, operations, wrong, change: edited });
}

function isGraph(spelling) {
  const { matrix, ops } = spelling ?? {};
  const square = (rows) => rows.every((row) => Array.isArray(row) && row.length === rows.length);
  return Array.isArray(matrix) && Array.isArray(ops) && ops.length > 1 && matrix.length === ops.length && square(matrix);
}

function reading() {
  const { fault, read } = state;
  if (fault) {
    return html`<p class="wrong">${fault.field ? html`<code>${fault.field}</code>: ` : nothing}${fault.detail}.
      ${fault.valid ? html`<span class="muted">Valid: ${fault.valid}.</span>` : nothing}</p>`;
  }
  if (read === null) return html`<p class="muted">Reading…</p>`;
  return html`<p class="muted">A spelling of <span class="mono">${shortHash(read.hash)}</span>.
    ${read.whole ? nothing : "Operations on no path from input to output are no part of the network."}</p>`;
}

function pictured() {
  const { read, fault } = state;
  if (read === null) {
    const shown = fault ? html`<p class="muted">There is a drawing once the spelling can be read.</p>` : loading(4);
    return html`<section class="card pictured-cell" aria-label="The network">${shown}</section>`;
  }
  const link = page("architecture", { bench: bench().name, hash: read.hash });
  return html`<section class="card pictured-cell ${fault ? "stale" : ""}" aria-label="The network">
    <div class="drawn" tabindex=${isLong(read.drawing) ? 0 : nothing}>${cell(read.drawing, { size: 220, grow: 1.5 })}</div>
    <dl class="facts">
      <div class="half"><dt>Parameters</dt><dd>${compact(read.parameters)}</dd></div>
      <div class="half"><dt>Multiply-adds</dt><dd>${compact(read.flops)}</dd></div>
    </dl>
    <div class="actions">
      ${state.found
        ? html`<a class="button" href=${link}>All that is known of it</a>`
        : html`<button class="primary" type="button" ?disabled=${state.busy !== "" || fault !== null} @click=${scoreIt}>Score it</button>`}
      <span role="status" class="muted small">${state.busy}${state.busy ? "…" : ""}</span>
    </div>
    ${!state.workers && (!state.found || state.busy) ? noWorker() : nothing}
  </section>`;
}

function results() {
  const { found } = state;
  if (found === null) return state.busy ? html`<section>${loading(6, state.busy)}</section>` : nothing;
  const { answer, standing, near, protocol } = found;
  const name = bench().name;
  const records = answer.scores.filter((each) => each.protocol === protocol.digest);
  const to = (each) => page("try", { bench: name, cell: JSON.stringify(each.spec), proxy: state.address.proxy });
  return html`<section aria-labelledby="stands">
      <header class="with-fields"><h2 id="stands">Where it stands</h2><div class="fields">${proxyChoice(records)}</div></header>
      ${standingFigure(standing)}
    </section>
    <section aria-labelledby="near">
      <h2 id="near">One edit away</h2>
      ${neighbours({
        bench: name,
        proxy: found.proxy,
        own: standing.score,
        around: near,
        link: to,
        all: state.address.all === "shown",
        scoreOthers: (some) => scoreAll(some.map((each) => each.spec)),
        showAll: () => {
          move({ all: "shown" }, { replace: true });
          draw();
        },
      })}
    </section>
    <section aria-labelledby="scores">
      <h2 id="scores">Scores</h2>
      ${scoresTable({ bench: name, hash: answer.hash, records, protocol, proxies: state.known.proxies, origin: false })}
    </section>`;
}

function proxyChoice(records) {
  const isEnsemble = (name) => Boolean(state.known.proxies.get(name)?.ensemble);
  const names = records.map(({ proxy: each }) => each);
  const options = {
    Ensembles: names.filter(isEnsemble).map((each) => [each, each]),
    Proxies: names.filter((each) => !isEnsemble(each)).map((each) => [each, each]),
  };
  return select("By", options, proxy().name, chooseProxy);
}
