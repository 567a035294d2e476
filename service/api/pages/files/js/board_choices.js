// What a board is of: bench, proxy, protocol, dataset, seed, truth; and what of it is left.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { select } from "./choices.js";

const BOUNDS = [
  ["parameters_min", "Parameters from", "0.5M"],
  ["parameters_max", "to", "1M"],
  ["flops_min", "FLOPs from", "50M"],
  ["flops_max", "to", "120M"],
];
const SCALES = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** Selections of what there is; `choose({name: value})` is called with what somebody has chosen. */
export function choices(catalogue, state, shown, choose) {
  const { benches, protocols, datasets, truths } = catalogue;
  return html`<div class="fields">
    ${select("Bench", titled(benches, state.bench), state.bench, (bench) =>
      // What another bench has not is the default there.
      choose({ bench, proxy: "", truth: "", at: "" }),
    )}
    ${select("Ranked by", proxies(catalogue, state), shown.proxy, (proxy) => choose({ proxy }))}
    <div class="fields minor">
      ${select("Protocol", named(protocols), state.protocol, (protocol) => choose({ protocol, proxy: "" }))}
      ${select("Dataset", named(datasets), state.dataset, (dataset) => choose({ dataset }))}
      <label class="field seed"><span>Seed</span>
        <input type="number" min="0" max="2147483647" step="1" .value=${String(state.seed)}
          @change=${(event) => choose({ seed: event.target.value })} /></label>
      ${!truths?.length
        ? nothing
        : select("Accuracy of", named(truths), shown.truth, (truth) => choose({ truth }))}
    </div>
  </div>`;
}

/** Bounds of sizes, and whether only what was trained is shown. */
export function filters(state, choose) {
  return html`<div class="fields filters">
    ${BOUNDS.map(
      ([name, label, example]) => html`<label class="field bound"><span>${label}</span>
        <input type="text" inputmode="decimal" autocomplete="off" placeholder=${example}
          aria-label=${`${name.startsWith("p") ? "Parameters" : "FLOPs"} ${name.endsWith("min") ? "from" : "to"}`}
          .value=${short(state[name])}
          @change=${(event) => bound(event.target, name, choose)} /></label>`,
    )}
    <label class="check"><input type="checkbox" .checked=${live(state.accuracy === "known")}
      @change=${(event) => choose({ accuracy: event.target.checked ? "known" : "" })} />
      <span>accuracy known</span></label>
    ${filtered(state)
      ? html`<button type="button" class="quiet" @click=${() =>
          choose({ ...Object.fromEntries(BOUNDS.map(([name]) => [name, ""])), accuracy: "" })}>
          Clear filters</button>`
      : nothing}
  </div>`;
}

export function filtered(state) {
  return state.accuracy !== "" || BOUNDS.some(([name]) => state[name] !== "");
}

/** A number as people write sizes: 500k, 1.5M, 2e6; null where it is none. */
function size(text) {
  const match = /^([\d.,]+(?:e\d+)?)\s*([kmgt]?)$/i.exec(text.trim());
  const value = match && Number(match[1].replaceAll(",", "")) * SCALES[match[2].toLowerCase()];
  return match && Number.isFinite(value) ? Math.round(value) : null;
}

/** A size as it would be typed. */
function short(value) {
  const [letter, scale] = Object.entries(SCALES).findLast(
    ([, each]) => Number(value) >= each && Number.isInteger((Number(value) / each) * 1000),
  ) ?? ["", 1];
  return value === "" ? "" : `${Number(value) / scale}${letter.toUpperCase().replace("K", "k")}`;
}

function bound(input, name, choose) {
  const value = input.value.trim() === "" ? "" : size(input.value);
  input.setCustomValidity(value === null ? "A number such as 500k, 1.5M or 2e6" : "");
  if (value === null) input.reportValidity();
  else choose({ [name]: String(value) });
}

/** The benches, and the one of the address even where the service has none of that name. */
function titled(benches, chosen) {
  const options = benches.map(({ name, title }) => [name, title]);
  return benches.some(({ name }) => name === chosen) ? options : [[chosen, chosen], ...options];
}

function named(things) {
  return things.map(({ name }) => [name, name]);
}

function proxies({ proxies, protocols }, { protocol }) {
  const trained = protocols.find(({ name }) => name === protocol)?.epochs != null;
  const those = (wanted) => named(proxies.filter(wanted));
  const training = ({ cost }) => cost.minibatches === null; // It has as many as its epochs.
  const groups = trained
    ? { Training: those(training) }
    : {
        Ensembles: those(({ ensemble }) => ensemble !== null),
        "Proxies of the network": those((p) => p.ensemble === null && !p.structural && !training(p)),
        "Proxies of the cell alone": those((p) => p.ensemble === null && p.structural),
      };
  return Object.fromEntries(Object.entries(groups).filter(([, some]) => some.length > 0));
}
