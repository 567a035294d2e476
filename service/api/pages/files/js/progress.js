// Progress bars and the rate's small plot, as SVG.

import { html, svg } from "../vendor/lit-html/lit-html.js";
import { integer, number } from "./format.js";

/**
 * A bar of parts that follow one another.
 *
 * parts: [{ kind: "done" | "failed" | "running" | "cancelled", count }]; the rest is empty.
 */
export function bar(parts, size, label) {
  const settled = parts.filter(({ kind }) => kind !== "running");
  const done = settled.reduce((sum, { count }) => sum + count, 0);
  let from = 0;
  const drawn = parts.map(({ kind, count }) => {
    const width = size === 0 ? 0 : (100 * count) / size;
    const rect = svg`<rect class=${kind} x=${from} y="0" width=${width} height="1" />`;
    from += width;
    return rect;
  });
  return html`<svg class="progress" viewBox="0 0 100 1" preserveAspectRatio="none" role="progressbar"
    aria-label=${label} aria-valuemin="0" aria-valuemax=${size} aria-valuenow=${done}
    aria-valuetext=${`${integer(done)} of ${integer(size)}`}>${drawn}</svg>`;
}

/** Columns of the last slots of time, those that failed on top. */
export function rates(rate) {
  const perSecond = rate.evaluated.map((count, n) => [
    count / rate.slot_seconds,
    rate.failed[n] / rate.slot_seconds,
  ]);
  const most = Math.max(...perSecond.map(([evaluated, failed]) => evaluated + failed));
  const minutes = (rate.slot_seconds * rate.evaluated.length) / 60;
  const high = most || 1;
  const label =
    most === 0
      ? `Nothing was computed in the last ${minutes} minutes.`
      : `Architectures a second in the last ${minutes} minutes, at most ${number(most, 2)}; ` +
        `at the end ${number(perSecond.at(-1)[0], 2)}.`;
  return html`<figure class="rates">
    <svg viewBox=${`0 0 ${perSecond.length} 1`} preserveAspectRatio="none" role="img"
      aria-label=${label}>${perSecond.map(([evaluated, failed], n) => svg`
        <rect class="done" x=${n + 0.12} width="0.76" y=${1 - evaluated / high}
          height=${evaluated / high} />
        <rect class="failed" x=${n + 0.12} width="0.76" y=${1 - (evaluated + failed) / high}
          height=${failed / high} />`)}</svg>
    <figcaption><span>${minutes} minutes ago</span><span>${most === 0 ? "" : `highest ${number(most, 2)}/s`}</span
      ><span>now</span></figcaption>
  </figure>`;
}
