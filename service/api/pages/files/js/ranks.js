// What the order of values says. Undefined values, null, are the worst, tied with each other.

/** Of each value, how many per cent of the others it beats, ties half: the best has the most. */
export function percentiles(values, larger = true) {
  const merits = values.map((value) => merit(value, larger));
  const order = Uint32Array.from(merits, (_, n) => n).sort((a, b) => merits[a] - merits[b]);
  const found = new Array(values.length);
  const others = Math.max(1, values.length - 1);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && merits[order[to]] === merits[order[from]]) to++;
    const share = (100 * ((from + to - 1) / 2)) / others;
    for (let n = from; n < to; n++) found[order[n]] = share;
    from = to;
  }
  return found;
}

/** Which are at least as good as the ⌈n/10⌉-th best, so that ties all belong. */
export function topTenth(values) {
  if (values.length === 0) return [];
  const least = [...values].sort((a, b) => b - a)[Math.ceil(values.length / 10) - 1];
  return values.map((value) => value >= least);
}

/** Of percentiles: their correlation, which is Spearman's; null where one of them is constant. */
export function spearman(first, second) {
  const n = first.length;
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / n;
  const [a, b] = [mean(first), mean(second)];
  let [both, one, other] = [0, 0, 0];
  for (let each = 0; each < n; each++) {
    both += (first[each] - a) * (second[each] - b);
    one += (first[each] - a) ** 2;
    other += (second[each] - b) ** 2;
  }
  return one > 0 && other > 0 ? both / Math.sqrt(one * other) : null;
}

function merit(value, larger) {
  if (value === null) return -Infinity;
  return larger ? value : -value;
}
