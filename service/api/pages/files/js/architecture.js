// One architecture: its cell, its scores, what is known of its training, what is around it.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { onMove, page, read, write } from "./address.js";
import { address, get, post } from "./api.js";
import { catalogue, defaultProxy } from "./catalogue.js";
import { cell, isLong } from "./cell.js";
import { select } from "./choices.js";
import { copyButton } from "./copying.js";
import { compact, integer, measured, percent, shortHash } from "./format.js";
import { neighbours } from "./neighbours.js";
import { Newest } from "./newest.js";
import { proxyChoice } from "./proxy_choice.js";
import { scoresTable } from "./scores.js";
import { start } from "./shell.js";
import { codeBlocks, inALine, snippets } from "./spelt.js";
import { standingFigure } from "./standing.js";
import { empty, error, loading } from "./states.js";
import { saveSvg } from "./svg_file.js";
import { accuracies, trainings } from "./trained.js";

const DEFAULTS = { bench: "", hash: "", proxy: "", under: "", origin: "", all: "" };
const SPELLINGS = 5;

const view = document.getElementById("view");
let asked = read(DEFAULTS);
let found = null; // What does not change with the proxy and protocol.
let around = null; // What does.
const opening = new Newest();
const placing = new Newest();

start("architecture");
onMove(() => {
  const before = asked;
  asked = read(DEFAULTS);
  if (before.hash === asked.hash && before.bench === asked.bench && found?.answer) place();
  else open();
});
open();

async function open() {
  found = around = null;
  opening.begin();
  placing.begin();
  draw();
  const { bench, hash } = asked;
  if (!bench || !hash) return;
  const outcome = await opening.ask((signal) => known(bench, hash, signal));
  if (outcome === null) return;
  found = outcome.answer ?? { problem: outcome.problem };
  draw();
  if (found.answer) await place();
}

async function known(bench, hash, signal) {
  const asking = { bench, hashes: [hash], proxies: ["params"] };
  const { architectures } = await post("architectures/lookup", asking, { signal });
  if (architectures[0].spec === null) return { unknown: true };
  const answer = await get(`architectures/${bench}/${hash}`, {}, { signal });
  return { ...(await catalogue()), answer };
}

/** What is asked for under the protocol and by the proxy chosen. */
async function place() {
  const { bench, hash } = asked;
  const protocol = chosenProtocol();
  const proxy = chosenProxy(protocol);
  const params = protocol
    ? { protocol: protocol.name, dataset: protocol.dataset, seed: protocol.seed }
    : {};
  // A rank says by which proxy it is, and not under which protocol.
  if (around?.protocol !== protocol) around = null;
  draw();
  const path = `architectures/${bench}/${hash}`;
  const outcome = await placing.ask((signal) =>
    Promise.all([
      get(`${path}/standing`, { ...params, proxy: proxy.name }, { signal }),
      get(`${path}/neighbours`, { ...params, drawing: true }, { signal }),
    ]),
  );
  if (outcome === null) return;
  const [standing, near] = outcome.answer ?? [null, null];
  around = { protocol, proxy, problem: outcome.problem, standing, near: near?.architectures };
  draw();
}

function chosenProtocol() {
  const known = found.answer.protocols;
  const usual = known.find(({ name, seed }) => name === "fast" && seed === 0);
  return known.find(({ digest }) => digest === asked.under) ?? usual ?? known[0] ?? null;
}

function chosenProxy(protocol) {
  const names = proxyNames(protocol);
  const wanted = [asked.proxy, defaultProxy(found.proxies, asked.bench)];
  return found.proxies.get(wanted.find((name) => names.includes(name)) ?? names[0]);
}

/** Those that it has a record by under the protocol; all where it has none. */
function proxyNames(protocol) {
  const all = [...found.proxies.keys()];
  const scored = protocol ? new Set(records(protocol).map(({ proxy }) => proxy)) : null;
  return scored ? all.filter((name) => scored.has(name)) : all;
}

function records(protocol) {
  return found.answer.scores.filter((each) => each.protocol === protocol.digest);
}

function choose(change, options) {
  asked = { ...asked, ...change };
  write(asked, DEFAULTS, options);
  if ("origin" in change || "all" in change) return draw();
  return place();
}

function draw() {
  document.title = `${asked.hash ? `${shortHash(asked.hash)} · ` : ""}Architecture · nascore`;
  render(body(), view);
}

function body() {
  if (!asked.bench || !asked.hash) {
    return empty("No architecture is chosen", "The leaderboard and the page to try cells lead to one.");
  }
  if (found === null) return loading(12);
  if (found.problem) return error(found.problem, open);
  if (found.unknown) {
    return empty("Nobody has asked for this architecture",
      `There is no ${asked.hash} on ${asked.bench}. A hash becomes known when a spelling of its class is scored.`,
      `POST /score {"bench": ${JSON.stringify(asked.bench)}, ...}`);
  }
  const { answer, benches } = found;
  const bench = benches.get(asked.bench);
  const protocol = chosenProtocol();
  const origin = asked.origin === "shown";
  return html`${portrait(answer, bench)}
    <section aria-labelledby="scores">
      <header class="with-fields">
        <h2 id="scores">Scores</h2>
        <div class="fields">${protocol ? protocolChoice(answer.protocols, protocol) : nothing}${originChoice()}</div>
      </header>
      <div class="scored ${origin ? "wide" : ""}">
        <aside aria-label="Where it stands">${proxyChoice(proxyNames(protocol), found.proxies, chosenProxy(protocol).name, (proxy) => choose({ proxy }))}
          ${standing()}</aside>
        ${protocol
          ? scoresTable({ bench: asked.bench, hash: asked.hash, records: records(protocol), protocol, proxies: found.proxies, origin })
          : html`<p class="muted">It has none yet. <a href=${tryIt(answer.spec)}>Score it.</a></p>`}
      </div>
    </section>
    <section aria-labelledby="accuracy">
      <h2 id="accuracy">Trained accuracy</h2>
      ${accuracies(bench, answer.accuracy)}
    </section>
    ${answer.trainings.length === 0
      ? nothing
      : html`<section aria-labelledby="trainings"><h2 id="trainings">Reduced trainings</h2>${trainings(answer.trainings)}</section>`}
    <section aria-labelledby="around">
      <h2 id="around">Neighbours</h2>
      ${surroundings(answer)}
    </section>
    <section aria-labelledby="spellings">
      <h2 id="spellings">Spellings <span class="muted">${integer(answer.spellings_total)}</span></h2>
      ${spellings(bench, answer)}
    </section>
    <section aria-labelledby="again">
      <h2 id="again">Ask for it again</h2>
      ${codeBlocks(snippets(asked.bench, asked.hash, answer.spec))}
    </section>`;
}

function portrait(answer, bench) {
  const told = answer.accuracy[0];
  const name = `${asked.bench}-${shortHash(answer.hash)}.svg`;
  const save = (event) => saveSvg(event.currentTarget.closest("figure").querySelector("svg"), name);
  return html`<div class="portrait">
    <figure class="card">
      <div class="drawn" tabindex=${isLong(answer.drawing) ? 0 : nothing}>${cell(answer.drawing, { size: 260, grow: 1.75 })}</div>
      <figcaption>
        ${answer.drawing.edges.length ? nothing : html`<span class="muted">No path leads from input to output.</span>`}
        <button type="button" @click=${save}>Download SVG</button>
        <a class="button" href=${tryIt(answer.spec)}>Change it</a>
      </figcaption>
    </figure>
    <dl class="facts">
      <div><dt>Bench</dt><dd>${bench.title}</dd></div>
      <div><dt>Hash</dt><dd><span class="mono hash">${answer.hash}</span>${copyButton(answer.hash, "the hash")}</dd></div>
      <div class="half"><dt>Parameters</dt><dd title=${integer(answer.parameters)}>${compact(answer.parameters)}</dd></div>
      <div class="half"><dt>Multiply-adds</dt><dd title=${integer(answer.flops)}>${compact(answer.flops)}</dd></div>
      ${told
        ? html`<div><dt>${measured(told.metric, "Accuracy")}, ${told.series}</dt>
            <dd>${percent(told.mean)}${told.count > 1 ? html` <span class="muted small">mean of ${told.count} spellings, spread ${percent(told.spread)}</span>` : nothing}</dd></div>`
        : nothing}
      <div><dt>Representative</dt>
        <dd><code class="spelling">${inALine(bench, answer.spec)}</code>${copyButton(inALine(bench, answer.spec), "the spelling")}</dd></div>
    </dl>
  </div>`;
}

function tryIt(spec) {
  return page("try", { bench: asked.bench, cell: JSON.stringify(spec) });
}

function protocolChoice(protocols, protocol) {
  const options = protocols.map(({ digest, name, dataset, seed }) => [digest, `${name} · ${dataset} · seed ${seed}`]);
  return select("Protocol", options, protocol.digest, (under) => choose({ under, proxy: "" }));
}

function originChoice() {
  const shown = asked.origin === "shown";
  return html`<button type="button" aria-pressed=${shown} @click=${() => choose({ origin: shown ? "" : "shown" }, { replace: true })}>
    Where from
  </button>`;
}

function standing() {
  if (around === null) return loading(3, "Looking where it stands");
  return around.problem ? nothing : standingFigure(around.standing);
}

function surroundings(answer) {
  if (around === null) return loading(5, "Looking around");
  if (around.problem) return error(around.problem, place);
  const { near, proxy } = around;
  const known = (each) => Object.keys(each.scores).length > 0;
  const { under, origin } = asked;
  return neighbours({
    bench: asked.bench,
    proxy,
    own: around.standing.score,
    around: near,
    all: asked.all === "shown",
    showAll: () => choose({ all: "shown" }, { replace: true }),
    link: (each) =>
      known(each)
        ? page("architecture", { bench: asked.bench, hash: each.hash, proxy: asked.proxy, under, origin })
        : tryIt(each.spec),
  });
}

function spellings(bench, answer) {
  const lines = answer.spellings.map((spelling) => inALine(bench, spelling));
  const list = (some) => html`<ol class="spellings">${some.map((line) => html`<li><code class="spelling">${line}</code></li>`)}</ol>`;
  const hidden = lines.slice(SPELLINGS);
  return html`<p class="muted">All of them are this network; the first one is built and scored in their place.</p>
    ${list(lines.slice(0, SPELLINGS))}
    ${hidden.length === 0
      ? nothing
      : html`<details><summary>${hidden.length} more${answer.spellings_total > lines.length ? ` of ${integer(answer.spellings_total - SPELLINGS)}` : ""}</summary>
          ${list(hidden)}</details>`}
    <p class="small"><a href=${address(`architectures/${asked.bench}/${asked.hash}`)}>All of this page as JSON</a></p>`;
}
