// Try it: draw or paste a cell, score it, step to its neighbours.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { onMove, page, read as readAddress, write } from "./address.js";
import { get, post, Problem } from "./api.js";
import { catalogue, defaultProxy } from "./catalogue.js";
import { cell, isLong } from "./cell.js";
import { cellEditor } from "./cell_editor.js";
import { select } from "./choices.js";
import { compact, shortHash } from "./format.js";
import { neighbours } from "./neighbours.js";
import { Newest } from "./newest.js";
import { proxyChoice } from "./proxy_choice.js";
import { score } from "./scoring.js";
import { scoresTable } from "./scores.js";
import { start } from "./shell.js";
import { inALine, spelled } from "./spelt.js";
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
  failure: null, // { problem, again }: why that is not found, or has no scores.
  busy: "", // What is waited for.
  workers: true,
};
const turns = { reading: new Newest(), looking: new Newest(), scoring: new Newest() };
let typing = null;

start("try", (runs) => {
  if (state.workers === runs) return;
  state.workers = runs;
  draw();
});
onMove(() => {
  state.address = readAddress(DEFAULTS);
  if (state.known !== null) fromAddress();
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
  giveUp();
  state.found = state.failure = null;
  [state.spelling, state.fault] = spelled(bench(), state.text);
  draw();
  const { spelling } = state;
  if (spelling === null) return;
  const body = { bench: bench().name, architectures: [spelling], drawing: true };
  const outcome = await turns.reading.ask((signal) => post("architectures/read", body, { signal }));
  if (outcome === null) return;
  const { answer, problem } = outcome;
  if (answer === null) {
    state.fault = problem.errors?.[0] ?? { field: "", detail: problem.detail || problem.message };
    return draw();
  }
  [state.read] = answer.architectures;
  state.fault = null;
  move({ cell: JSON.stringify(spelling) }, { replace: true });
  draw();
  await lookAround();
}

/** What is asked for the present cell, as there will be another one. */
function giveUp() {
  clearTimeout(typing);
  Object.values(turns).forEach((turn) => turn.begin());
  state.busy = "";
}

/** Shows what is known of the cell that was read. */
async function lookAround() {
  const outcome = await turns.looking.ask(surroundings);
  if (outcome === null) return;
  const { answer, problem } = outcome;
  if (problem === null) state.found = answer;
  state.failure = problem && { problem, again: lookAround };
  draw();
}

/** What is known, by one proxy in all its parts; null where it has not been scored. */
async function surroundings(signal) {
  const name = bench().name;
  const { hash } = state.read;
  const by = proxy();
  const known = await post("architectures/lookup", { bench: name, hashes: [hash] }, { signal });
  const [{ spec, scores, undefined: reasons }] = known.architectures;
  if (spec === null || Object.keys(scores).length + Object.keys(reasons).length === 0) return null;
  const path = `architectures/${name}/${hash}`;
  const [answer, standing, near] = await Promise.all([
    get(path, {}, { signal }),
    get(`${path}/standing`, { proxy: by.name }, { signal }),
    get(`${path}/neighbours`, { drawing: true }, { signal }),
  ]);
  return { answer, standing, near: near.architectures, protocol: known.protocol, proxy: by };
}

function scoreIt() {
  return scoreAll([state.read.asked]);
}

/** Scores architectures, and shows the present one among all then. */
async function scoreAll(spellings) {
  state.busy = "Scoring";
  state.failure = null;
  draw();
  const waiting = () => {
    state.busy = state.workers ? "A worker has it, or will" : "Waiting for a worker";
    draw();
  };
  const outcome = await turns.scoring.ask((signal) => score(bench().name, spellings, waiting, signal));
  if (outcome === null) return;
  state.busy = "";
  const failed = outcome.answer?.find((result) => result?.error);
  const problem = failed ? new Problem(0, "It could not be scored", failed.error.detail) : outcome.problem;
  if (problem === null) return lookAround();
  state.failure = { problem, again: () => scoreAll(spellings) };
  draw();
}

function move(change, options) {
  Object.assign(state.address, change);
  write(state.address, DEFAULTS, options);
}

function typed(text) {
  giveUp();
  state.text = text;
  [state.spelling, state.fault] = spelled(bench(), text);
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

function chooseProxy(name) {
  move({ proxy: name });
  return lookAround();
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
  const wrongField = state.fault?.field ?? "";
  return html`<div class="bench-choice">${benchChoice()}</div>
    <div class="tryout">
      <section class="editor" aria-labelledby="cell">
        <h2 id="cell" tabindex="-1">Cell</h2>
        ${cellEditor({ bench: bench(), spelling: state.spelling, read: state.read, wrong: wrongField, change: edited })}
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
  const { failure } = state;
  return html`${failure === null ? nothing : error(failure.problem, failure.again)} ${known()}`;
}

function known() {
  const { found } = state;
  if (found === null) return state.busy ? html`<section>${loading(6, state.busy)}</section>` : nothing;
  const { answer, standing, near, protocol } = found;
  const name = bench().name;
  const records = answer.scores.filter((each) => each.protocol === protocol.digest);
  const names = [...new Set([...records.map(({ proxy: each }) => each), proxy().name])];
  const to = (each) => page("try", { bench: name, cell: JSON.stringify(each.spec), proxy: state.address.proxy });
  return html`<section aria-labelledby="stands">
      <header class="with-fields"><h2 id="stands">Where it stands</h2><div class="fields">
        ${proxyChoice(names, state.known.proxies, proxy().name, chooseProxy)}</div></header>
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
