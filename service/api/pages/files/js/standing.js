// Where a score stands: its rank, and all scores of its board with a mark.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { integer, number, share } from "./format.js";

const WIDTH = 400;
const HEIGHT = 88;

/** standing: as `GET /architectures/{bench}/{hash}/standing` answers. */
export function standingFigure(standing) {
  const { histogram, proxy, score, undefined: reason, rank, total, beaten, direction } = standing;
  if (score === null) {
    const why = reason ?? "It has not been scored by it.";
    return html`<p class="muted">No place on the board of <strong>${proxy}</strong>: ${why}</p>`;
  }
  const place = `Rank ${integer(rank)} of ${integer(total)}`;
  return html`<figure class="standing">
    <figcaption>
      <strong>${place}</strong>
      <span class="muted">by ${proxy}, ${direction} is better${beaten === null ? "" : `; beats ${share(beaten)} % of the others`}</span>
    </figcaption>
    ${histogram.counts.length < 2 ? nothing : bars(histogram, score, `${place} by ${proxy}`)}
  </figure>`;
}

function bars({ low, high, counts }, score, place) {
  const most = Math.max(...counts);
  const width = WIDTH / counts.length;
  const along = Math.min(1, Math.max(0, (score - low) / (high - low)));
  const own = Math.min(counts.length - 1, Math.floor(along * counts.length));
  const anchor = along < 0.1 ? "start" : along > 0.9 ? "end" : "middle";
  const words = `${place}: score ${number(score)}, where nearly all scores lie between ${number(low)} and ${number(high)}`;
  return html`<svg class="bars" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${words}>
      ${counts.map((count, n) => {
        const height = count ? Math.max(1, ((HEIGHT - 10) * count) / most) : 0;
        return svg`<rect class=${n === own ? "own" : "other"} x=${n * width + 0.75} y=${HEIGHT - height}
          width=${width - 1.5} height=${height}></rect>`;
      })}
      <rect class="mark" x=${along * (WIDTH - 2)} y="0" width="2" height=${HEIGHT}></rect>
    </svg>
    <svg class="scale" width="100%" height="34" aria-hidden="true">
      ${svg`<text x=${`${100 * along}%`} y="13" text-anchor=${anchor} class="own">${number(score)}</text>
        <text x="0" y="30">${number(low, 4)}</text><text x="100%" y="30" text-anchor="end">${number(high, 4)}</text>`}
    </svg>`;
}
