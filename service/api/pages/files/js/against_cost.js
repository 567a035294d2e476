// What each score costs against how well it ranks. The table of all scores has the same numbers.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { segments } from "./choices.js";
import { KINDS, METRICS, axis, frontier, measure, ticks } from "./correlated.js";
import { compact, correlation, duration, integer } from "./format.js";

export const COSTS = [["minibatches", "Minibatches"], ["multiply_adds", "Multiply-adds"], ["seconds", "Seconds"]];
export const PARTS = [["all", "All"], ["top_tenth", "True best tenth"]];

/** How a cost is written, its unit, and what the axis is called. */
const SAYS = {
  minibatches: [integer, "minibatches", "cost in minibatches, logarithmic"],
  multiply_adds: [(value) => compact(value, 2), "multiply-adds", "multiply-adds of the median architecture, logarithmic"],
  seconds: [duration, "", "seconds on the device most often timed, logarithmic"],
};

const HEIGHT = 380;
const MARGIN = { left: 44, right: 16, top: 14, bottom: 46 };
const LETTER = 6.6;
const LINE = 13;

/** width: of the figure in pixels. */
export function againstCost({ items, state, width, choose, href }) {
  const { cost, part, metric } = state;
  const drawn = items.filter(
    (item) => item.cost[cost] !== null && measure(item, part, metric).value !== null,
  );
  const without = items.length - drawn.length;
  const best = frontier(items, part, metric, cost);
  return html`<div class="fields">
      ${segments("Cost", "cost", COSTS, cost, (chosen) => choose({ cost: chosen }))}
      ${segments("Among", "part", PARTS, part, (chosen) => choose({ part: chosen }))}
    </div>
    <figure>
      <div id="against-cost">
        ${drawn.length === 0
          ? html`<p class="state">Of no score both are known. Workers time what they score.</p>`
          : figure(drawn, best, state, width, choose, href)}
      </div>
      <figcaption>
        ${METRICS[metric]} ${part === "all" ? "in the whole set" : "among the true best tenth"} against
        what a score costs. Named are those that no other beats for as little:
        ${best.map((item, n) => html`${n === 0 ? "" : ", "}<strong>${item.proxy}</strong> (${SAYS[cost][0](item.cost[cost])})`)}.
        ${without === 0 ? nothing : `Left out: ${integer(without)} whose cost or correlation is not known.`}
      </figcaption>
    </figure>`;
}

function figure(items, best, { metric, part, cost, score }, width, choose, href) {
  const [say, unit, words] = SAYS[cost];
  const x = costs(items.map((item) => item.cost[cost]), width, say);
  const scale = axis(items, metric, part);
  const inner = HEIGHT - MARGIN.top - MARGIN.bottom;
  const y = (value) => MARGIN.top + inner * (1 - (value - scale.low) / (scale.high - scale.low));
  const placed = spread(items, (item) => x.at(item.cost[cost]), (item) => y(measure(item, part, metric).value));
  const labels = placeLabels(placed.filter(({ item }) => best.includes(item)), placed, width);
  return svg`<svg class="costs" width=${width} height=${HEIGHT} role="group"
      aria-label="${METRICS[metric]} against cost">
    ${ticks(scale).map((tick) => svg`<line class="grid" x1=${MARGIN.left} x2=${width - MARGIN.right}
        y1=${y(tick)} y2=${y(tick)} /><text class="scale" x=${MARGIN.left - 8} y=${y(tick) + 4}
        text-anchor="end">${correlation(tick, scale.high - scale.low < 0.5 ? 2 : 1)}</text>`)}
    ${x.ticks.map(([at, label]) => svg`<text class="scale" x=${at} y=${HEIGHT - 26} text-anchor="middle">${label}</text>
      <line class="tick" x1=${at} x2=${at} y1=${HEIGHT - MARGIN.bottom} y2=${HEIGHT - MARGIN.bottom + 5} />`)}
    ${scale.chance === null ? nothing : svg`<line class="chance" x1=${MARGIN.left} x2=${width - MARGIN.right}
        y1=${y(scale.chance)} y2=${y(scale.chance)} />`}
    <text class="name" x=${(MARGIN.left + width - MARGIN.right) / 2} y=${HEIGHT - 6} text-anchor="middle">${words}</text>
    ${placed.map(({ item, x: across, y: down }) => {
      const found = measure(item, part, metric);
      const told = `${item.proxy}: ${correlation(found.value)} [${correlation(found.low)}, ${correlation(found.high)}], ${`${say(item.cost[cost])} ${unit}`.trim()}`;
      return svg`<a href=${href(item.proxy)} aria-label=${told} class=${best.includes(item) ? "best" : ""}
          data-kind=${item.kind} aria-current=${item.proxy === score ? "true" : "false"}
          @click=${(event) => { event.preventDefault(); choose({ score: item.proxy }); }}>
        <title>${told}</title>
        <line class="interval" x1=${across} x2=${across} y1=${y(found.low)} y2=${y(found.high)} />
        <circle cx=${across} cy=${down} r="5" /></a>`;
    })}
    ${labels.map(({ text, x: across, y: down, anchor }) =>
      svg`<text class="label" x=${across} y=${down} text-anchor=${anchor}>${text}</text>`)}
  </svg>`;
}

/** Logarithmic, with a place of its own for what costs nothing. */
function costs(values, width, say) {
  const some = values.filter((value) => value > 0);
  const none = values.some((value) => value === 0);
  const low = Math.floor(Math.log10(Math.min(...some, Infinity)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...some, 0)) - 1e-9));
  const from = MARGIN.left + 24 + (none ? 90 : 0);
  const to = width - MARGIN.right - 24;
  const at = (value) =>
    value === 0 ? MARGIN.left + 44 : from + ((to - from) * (Math.log10(value) - low)) / (high - low);
  const found = none ? [[at(0), "none"]] : [];
  if (some.length === 0) return { at, ticks: found };
  const step = Math.ceil((high - low) / Math.max(1, Math.floor((to - from) / 70)));
  for (let power = low; power <= high; power += step) found.push([at(10 ** power), say(10 ** power)]);
  return { at, ticks: found };
}

/** Those of one cost beside each other, so that their intervals do not hide one another. */
function spread(items, x, y) {
  const columns = new Map();
  for (const item of items) {
    const at = Math.round(x(item));
    if (!columns.has(at)) columns.set(at, []);
    columns.get(at).push(item);
  }
  return [...columns].flatMap(([at, some]) => {
    some.sort((a, b) => y(a) - y(b));
    const lanes = Math.min(some.length, 7);
    return some.map((item, n) => ({ item, x: at + 7 * ((n % lanes) - (lanes - 1) / 2), y: y(item) }));
  });
}

/** Beside their points, where nothing else is; what has no room has none. */
function placeLabels(named, placed, width) {
  const taken = placed.map(({ x, y }) => [x - 5, y - 5, x + 5, y + 5]);
  const found = [];
  for (const { item, x, y } of named) {
    const length = item.proxy.length * LETTER;
    const tries = [["start", 9, 4], ["end", -9, 4], ["middle", 0, -10], ["start", 8, -9], ["end", -8, -9], ["middle", 0, 20], ["start", 8, -22], ["end", -8, -22], ["start", 8, 22]];
    for (const [anchor, right, down] of tries) {
      const left = x + right - { start: 0, middle: length / 2, end: length }[anchor];
      const box = [left, y + down - LINE + 3, left + length, y + down + 3];
      if (box[0] < MARGIN.left || box[2] > width || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      found.push({ text: item.proxy, x: x + right, y: y + down, anchor });
      break;
    }
  }
  return found;
}

function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

/** The key of the colours. */
export function key(items) {
  return Object.entries(KINDS)
    .filter(([kind]) => items.some((item) => item.kind === kind))
    .map(([kind, { one }]) => html`<span class="key" data-kind=${kind}>${one}</span>`);
}
