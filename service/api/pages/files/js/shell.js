// The header of every page: where one is, whether the service is ready, the theme.

import { html, render, svg } from "../vendor/lit-html/lit-html.js";
import { address, get } from "./api.js";

const PAGES = [
  ["rank", "Leaderboard"],
  ["evidence", "Evidence"],
  ["work", "Work"],
  ["try", "Try it"],
];
const THEMES = ["auto", "light", "dark"];
const READY_SECONDS = 15;

const MARK = svg`<svg viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor">
  <path d="M4 16 10 10M10 10 16 16M10 10V3M4 16H16" stroke-width="1.4" />
  <g fill="currentColor" stroke="none"><circle cx="10" cy="3" r="2" /><circle cx="10" cy="10" r="2" />
  <circle cx="4" cy="16" r="2" /><circle cx="16" cy="16" r="2" /></g>
</svg>`;

const HALF = svg`<svg class="half" viewBox="0 0 16 16" aria-hidden="true" width="14" height="14">
  <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5" />
  <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5Z" fill="currentColor" />
</svg>`;

/**
 * Draws the header of the page of this name and keeps it up to date.
 *
 * worker(runs): told at first and then again and again whether there is a worker.
 */
export function start(page, worker = () => {}) {
  const state = { page, worker, ready: null, words: "" };
  draw(state);
  watch(state);
  addEventListener("theme-chosen", () => draw(state));
}

function draw(state) {
  render(
    html`<div class="bar">
      <a class="brand" href="rank">${MARK}<span>nascore</span></a>
      <nav aria-label="Pages">
        ${PAGES.map(
          ([name, title]) =>
            html`<a href=${name} aria-current=${name === state.page ? "page" : "false"}>${title}</a>`,
        )}
        <a href=${address("docs")}>API</a>
      </nav>
      <div class="tools">
        <span class="status" role="status" data-state=${state.ready ?? "unknown"}>${state.words}</span>
        <button class="quiet" type="button" @click=${turn} title="Colours: as the system, light, dark">
          ${HALF}<span class="unseen">Theme: </span>${theme()}
        </button>
      </div>
    </div>`,
    document.getElementById("top"),
  );
}

function theme() {
  try {
    const kept = localStorage.getItem("theme");
    return THEMES.includes(kept) ? kept : THEMES[0];
  } catch {
    return THEMES[0];
  }
}

function turn() {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  try {
    localStorage.setItem("theme", next);
  } catch {
    return; // Nothing can be kept.
  }
  dispatchEvent(new Event("theme-chosen"));
}

async function watch(state) {
  if (!document.hidden) {
    await look(state);
    draw(state);
  }
  setTimeout(() => watch(state), READY_SECONDS * 1000);
}

// Not of /readyz, which answers 503 without a worker: a browser complains of every such answer.
async function look(state) {
  try {
    const { workers } = await get("work");
    const runs = workers.length > 0;
    [state.ready, state.words] = runs ? ["ready", "ready"] : ["missing", "no worker"];
    state.worker(runs);
  } catch (problem) {
    [state.ready, state.words] = ["missing", problem.status === 503 ? "no database" : "no answer"];
  }
}
