// The leaderboard: which board, what of it, in which order; its rows; and where somebody's cell is.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { onMove, page, read, write } from "./address.js";
import { address, get } from "./api.js";
import { Board } from "./board.js";
import { choices, filtered, filters } from "./board_choices.js";
import { find } from "./find.js";
import { integer } from "./format.js";
import { body, head, ROW } from "./leaderboard.js";
import { RowDrawings } from "./row_drawings.js";
import { Rows } from "./rows.js";
import { start } from "./shell.js";
import { empty, error, loading, noWorker } from "./states.js";
import { coded } from "./words.js";

const DEFAULTS = {
  bench: "",
  proxy: "",
  protocol: "fast",
  dataset: "patches",
  seed: "0",
  truth: "",
  sort: "score",
  reverse: "",
  parameters_min: "",
  parameters_max: "",
  flops_min: "",
  flops_max: "",
  accuracy: "",
  at: "",
  offset: "0",
};
const KEEP_MS = 300; // After the last of a scroll, its place is in the address.

const view = document.getElementById("view");
let catalogue = null;
let state = DEFAULTS;
let board = null;
let rows = null;
let drawings = null;
let found = null; // { row, matches }: where `at` is, or why it is nowhere.
let problem = null;
let working = true;
let folded = true; // In a narrow window; a wide one shows all.

start("rank", (runs) => {
  if (working === runs) return;
  working = runs;
  if (board !== null) draw();
});
onMove(() => open(read(DEFAULTS)));
begin();

async function begin() {
  problem = null;
  render(loading(8), view);
  try {
    const [benches, proxies, protocols, datasets] = await Promise.all(
      ["benches", "proxies", "protocols", "datasets"].map((name) => get(name)),
    );
    catalogue = { benches, proxies, protocols, datasets, truths: null };
    await open(read(DEFAULTS));
  } catch (fault) {
    render(error(fault, begin), view);
  }
}

/** Shows what a state says, from its first row or where it says. */
async function open(next) {
  const bench = next.bench || catalogue.benches[0].name;
  state = { ...next, bench };
  found = null;
  board?.end();
  const mine = (board = new Board(asked(), changed));
  rows?.end();
  rows = null;
  const element = view.querySelector(".rows");
  if (element !== null) element.scrollTop = 0; // It was the board's before, and stays.
  if (bench !== catalogue.of) of(bench);
  const questions = [locate(mine), truthsOf(bench)];
  draw();
  board.look(Number(state.offset), Number(state.offset));
  try {
    await Promise.all(questions);
  } catch (fault) {
    if (board !== mine) return; // Somebody has gone on meanwhile.
    board.problem = fault;
    draw();
  }
}

/** Nothing of what only the bench before has is left. */
function of(bench) {
  catalogue = { ...catalogue, of: bench, truths: null };
  drawings = new RowDrawings(bench, draw);
}

/** What accuracies this bench has, unless they are here. */
async function truthsOf(bench) {
  if (catalogue.truths !== null) return;
  const { series } = await get("accuracies", { bench });
  if (catalogue.of !== bench) return;
  catalogue = { ...catalogue, truths: series.filter(({ kind }) => kind === "accuracy") };
  draw();
}

/** The query of the board that is shown. */
function asked() {
  const { at, offset, ...query } = state;
  return query;
}

function choose(some) {
  const next = { ...state, offset: "0", ...some };
  write(next, DEFAULTS);
  open(next);
}

function changed() {
  draw();
  const element = view.querySelector(".rows");
  if (rows === null && board.total > 0 && element !== null) {
    rows = new Rows(element, ROW, draw);
    element.addEventListener("scroll", keep, { passive: true });
    draw();
    if (found?.row !== undefined) rows.show(found.row);
    else if (Number(state.offset) > 0) rows.show(Number(state.offset), "start");
  }
}

/** Where a board has the hash that is looked for. */
async function locate(mine) {
  const { at } = state;
  if (at === "") return;
  const { items, offset, matches } = await get("rank", { ...asked(), at, limit: 1 });
  if (board !== mine) return;
  found = items.length === 0 ? { at } : { row: offset, hash: items[0].hash, matches, rank: items[0].rank };
  if (rows !== null && found.row !== undefined) rows.show(found.row);
  draw();
}

let keeping = null;
function keep() {
  clearTimeout(keeping);
  keeping = setTimeout(() => {
    if (rows === null) return;
    const element = view.querySelector(".rows");
    state = { ...state, offset: String(Math.round(element.scrollTop / ROW)) };
    write(state, DEFAULTS, { replace: true });
  }, KEEP_MS);
}

function draw() {
  const shown = board.head ?? { proxy: state.proxy, truth: state.truth };
  let items = [];
  if (rows !== null) {
    rows.count = board.total;
    items = rows.items.map(({ index, start }) => ({ index, start, row: board.row(index) }));
    if (items.length > 0) {
      board.look(items[0].index, items.at(-1).index);
      drawings.look(items.filter(({ row }) => row).map(({ row }) => row.hash));
    }
  }
  render(
    html`
      <div class=${folded ? "asked folded" : "asked"} id="asked">
        ${choices(catalogue, state, shown, choose)}
        <button type="button" class="quiet fold" aria-controls="asked" aria-expanded=${!folded} @click=${fold}>
          ${folded ? "More choices and filters" : "Fewer choices"}</button>
        <div class="second">${filters(state, choose)}${bench() ? find(bench(), state, choose) : nothing}</div>
      </div>
      ${board.problem
        ? html`<div class="wrong">${error(board.problem, () => open(state))}</div>`
        : html`${summary()}${table(items)}`}
    `,
    view,
  );
}

function summary() {
  const { total, undefined: left, direction, evidence, proxy } = board.head ?? {};
  const known = board.head !== null;
  return html`<div class="summary" aria-busy=${known ? "false" : "true"}>
    <p role="status">
      ${known
        ? html`<strong>${integer(total)}</strong> ${total === 1 ? "architecture" : "architectures"}${filtered(state) ? " left by the filter" : ""}${left
            ? html`, and ${integer(left)} whose ${proxy} is undefined`
            : nothing}.
            ${whereabouts()}`
        : html`<span class="skeleton"></span>`}
    </p>
    <p class="small muted">
      ${known
        ? html`The ${direction} ${proxy} is the better one. Evidence: ${coded(evidence)}.
            <a href=${page("evidence", { bench: state.bench, truth: state.truth })}>More evidence</a>`
        : html`<span class="skeleton"></span>`}
    </p>
    ${known && total > 0
      ? html`<a class="button" download=${`${state.bench}-${proxy}-${state.protocol}.csv`}
          href=${address("rank", { ...csv(), everything: true })}>Download CSV</a>`
      : nothing}
  </div>`;
}

function csv() {
  const { sort, reverse, ...query } = asked();
  return query;
}

function whereabouts() {
  if (found === null) return nothing;
  if (found.row === undefined) {
    return html`<span class="nowhere">No row here has the hash <code>${found.at}</code>.
      ${found.at.length === 32
        ? html`<a href=${page("architecture", { bench: state.bench, hash: found.at })}>What is known of it</a>`
        : nothing}</span>`;
  }
  return html`<span class="here"><code>${found.hash.slice(0, 8)}</code> has rank ${integer(found.rank)}${found.matches > 1
    ? `, the first of ${found.matches === 100 ? "100 or more" : found.matches} that begin so`
    : ""}.</span>`;
}

function table(items) {
  if (board.head?.total === 0) return nobody();
  return html`<div class="leaderboard" role="table" aria-label="Leaderboard" aria-rowcount=${board.total + 1}>
    ${head(board.head ?? {}, metric(), state, choose)}
    <div class="rows" role="rowgroup" tabindex="0">
      <div class="all" role="presentation" .style=${`height: ${rows?.height ?? 12 * ROW}px`}>
        ${body(items, { bench: state.bench, drawings, found, spelt })}
      </div>
    </div>
  </div>`;
}

function fold() {
  folded = !folded;
  draw();
}

/** Of the accuracies beside the scores; until they are known what most are. */
function metric() {
  return catalogue.truths?.find(({ name }) => name === board.head?.truth)?.metric ?? "top1_percent";
}

/** The bench that is shown; undefined where the service has none of that name. */
function bench() {
  return catalogue.benches.find(({ name }) => name === state.bench);
}

/** A representative as its bench writes it, or as few characters as its fields need. */
function spelt(spec) {
  const { text_field: text, spelling_fields: spelling } = bench();
  if (text in spec) return spec[text];
  const fields = spelling.filter((name) => name in spec);
  return fields.map((name) => spec[name].map(digits).join(" ")).join(" · ");
}

function digits(part) {
  return Array.isArray(part) ? part.join("") : part;
}

function nobody() {
  const { bench, protocol, dataset, seed } = state;
  const wanted = { bench, proxies: [board.head.proxy], sample: { n: 100, seed: 0 }, protocol, dataset, seed: Number(seed) };
  const command = `curl -s ${address("score")} -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(wanted)}'`;
  return html`
    ${working ? nothing : noWorker()}
    ${filtered(state)
      ? empty("The filter leaves nothing", "No architecture of this board is within the bounds.")
      : empty("Nothing is scored here yet", board.head.reason
          ? html`This board is empty: ${coded(board.head.reason)}.`
          : "Scores come when somebody asks for them, a hundred random architectures for instance:", command)}
  `;
}
