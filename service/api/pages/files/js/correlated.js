// What GET /correlation answers, read for figures.

export const METRICS = {
  spearman: "Spearman ρ",
  kendall_tau_b: "Kendall τ-b",
  pairwise_agreement: "Pairwise agreement",
  "ndcg@64": "NDCG@64",
  "precision@10%": "Precision at 10 %",
  top5_in_best64: "Best 5 % found in 64",
};

export const SETS = {
  classes: "architectures",
  spellings: "spellings",
  whole_spellings: "spellings without dead operations",
};

export const KINDS = {
  ensemble: { name: "Ensembles", one: "ensemble", colour: "--data-2" },
  proxy: { name: "Proxies", one: "proxy", colour: "--data-1" },
  reduced_training: { name: "Shorter training", one: "shorter training", colour: "--data-3" },
  published: { name: "Published by others", one: "published", colour: "--data-7" },
};

const SIGNED = new Set(["spearman", "kendall_tau_b"]);

/** What guessing gives, where that is one number whatever the set. */
const CHANCE = { spearman: 0, kendall_tau_b: 0, pairwise_agreement: 0.5, "precision@10%": 0.1 };

/** A metric of an item in the score's own direction, so that more is better; `part` is `all` or
 * `top_tenth`. `value` is null where it is undefined, and `reason` says why. */
export function measure(item, part, metric) {
  const found = item[part].metrics[metric];
  if (found.undefined !== undefined) return { value: null, reason: found.undefined };
  if (item.direction === "smaller" && SIGNED.has(metric)) {
    return { value: -found.value, low: -found.high, high: -found.low };
  }
  return found;
}

/** The ends of an axis that has all intervals of these items, and what chance is. Both parts have the
 * same axis, but where chance is no one number: then what is good in one part is not in the other. */
export function axis(items, metric, part) {
  const parts = metric in CHANCE ? ["all", "top_tenth"] : [part];
  const all = items.flatMap((item) => parts.map((each) => measure(item, each, metric)));
  const lows = all.filter((each) => each.value !== null).map((each) => each.low);
  const chance = CHANCE[metric] ?? null;
  const least = Math.min(...lows, chance ?? 1);
  const step = least > 0.8 ? 0.02 : 0.2;
  const low = Number.isFinite(least) ? Math.floor((least - 1e-9) / step) * step : 0;
  return { low: chance !== null && least === chance ? chance : low, high: 1, chance };
}

/** Round numbers on an axis. */
export function ticks({ low, high }) {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((each) => (high - low) / each <= 4.01) ?? 1;
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9; at++) found.push(at * step);
  return found;
}

/** What each column sorts by, the smallest first. */
const BY = {
  name: (item) => item.proxy,
  cost: (item, metric, cost) => item.cost[cost] ?? Infinity,
  all: (item, metric) => -(measure(item, "all", metric).value ?? -Infinity),
  top: (item, metric) => -(measure(item, "top_tenth", metric).value ?? -Infinity),
};

export const ORDERS = Object.keys(BY);

/** Sorted by a column: the best first; by cost the cheapest first; undefined and unknown last. */
export function sorted(items, sort, metric, cost) {
  const by = (item) => BY[sort](item, metric, cost);
  return [...items].sort((a, b) => compare(by(a), by(b)) || compare(a.proxy, b.proxy));
}

/** Why a metric is undefined: each reason once, with how many scores have it. */
export function reasons(items, part, metric) {
  const counted = new Map();
  for (const item of items) {
    const { value, reason } = measure(item, part, metric);
    if (value === null) counted.set(reason, (counted.get(reason) ?? 0) + 1);
  }
  return [...counted];
}

/** Those that no other one beats for as little, the cheapest first. */
export function frontier(items, part, metric, cost) {
  const known = items.filter(
    (item) => item.cost[cost] !== null && measure(item, part, metric).value !== null,
  );
  const found = [];
  for (const item of sorted(sorted(known, part === "all" ? "all" : "top", metric, cost), "cost", metric, cost)) {
    const { value } = measure(item, part, metric);
    const last = found.at(-1);
    if (last === undefined || value > measure(last, part, metric).value) {
      if (last !== undefined && last.cost[cost] === item.cost[cost]) found.pop();
      found.push(item);
    }
  }
  return found;
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
