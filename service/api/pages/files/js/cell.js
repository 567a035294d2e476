// A cell as an SVG, from the drawing that the service gives: this module knows no bench.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";

const WIDTH = 44;
const HEIGHT = 24;
const MARGIN = 3;
const LABELLED = 64; // Cells that must be lower than this, as in rows, have colours alone,
const TINY = 0.5; // and are no larger than so, that all rows of a table look alike.
const NATURAL = 1;
const LONG = 480; // Wider ones are not made to fit a phone, where nobody could read them.
const WIDEST = 4; // Times its height, so that a long chain is no wider than its neighbours.

/**
 * drawing: as `POST /architectures/lookup` and others have it.
 * size: its largest height in CSS pixels; of a natural size without.
 * grow: how far it may be larger than that.
 */
export function cell(drawing, { size = null, grow = NATURAL } = {}) {
  const width = drawing.width + 2 * MARGIN;
  const height = drawing.height + 2 * MARGIN;
  const labelled = size === null || size >= LABELLED;
  const most = labelled ? grow : TINY;
  const scale = size === null ? NATURAL : Math.min(most, size / height, (WIDEST * size) / width);
  const classes = `cell ${labelled ? "" : "tiny"} ${isLong(drawing) ? "long" : ""}`;
  const box = `${-MARGIN} ${-MARGIN} ${width} ${height}`;
  const ports = arrivals(drawing);
  return html`<svg class=${classes} viewBox=${box} role="img"
    aria-label=${inWords(drawing)} width=${Math.round(width * scale)} height=${Math.round(height * scale)}>
    ${drawing.edges.map((edge, n) => line(drawing, edge, ports[n]))}
    ${drawing.vertices.map((vertex) => operation(vertex, labelled))}
  </svg>`;
}

/** Whether a drawing of a large size may have to be scrolled. */
export function isLong(drawing) {
  return drawing.width > LONG;
}

/** What the drawing shows, for who cannot see it. */
function inWords(drawing) {
  const named = drawing.vertices.map(({ label }, n) => `${n} ${label}`);
  if (drawing.edges.length === 0) return "Cell without a path from input to output";
  const reads = drawing.vertices.map((_, target) =>
    drawing.edges
      .filter((edge) => edge.target === target)
      .map(({ source, times }) => (times > 1 ? `${source} ${times} times` : `${source}`)),
  );
  const parts = named.map((name, n) => (reads[n].length ? `${name} reads ${reads[n].join(" and ")}` : name));
  return `Cell: ${parts.join("; ")}`;
}

function operation({ kind, label, x, y }, labelled) {
  const size = label.length > 4 ? "lengthy" : "";
  return svg`<g class="vertex kind-${kind}">
    <title>${kind.replaceAll("_", " ")}</title>
    <rect x=${x - WIDTH / 2} y=${y - HEIGHT / 2} width=${WIDTH} height=${HEIGHT} rx="5"></rect>
    ${labelled ? svg`<text class=${size} x=${x} y=${y} dy="0.35em" text-anchor="middle">${label}</text>` : nothing}
  </g>`;
}

/** Of each edge how far from the middle of its target's side it ends: in the order they come in. */
function arrivals(drawing) {
  const offsets = drawing.edges.map(() => 0);
  drawing.vertices.forEach((_, target) => {
    const coming = drawing.edges
      .map((edge, n) => ({ n, edge }))
      .filter(({ edge }) => edge.target === target)
      .map(({ n, edge }) => ({ n, y: (edge.through.at(-1) ?? place(drawing.vertices[edge.source]))[1] }))
      .sort((a, b) => a.y - b.y || a.n - b.n);
    const step = Math.min(6, 15 / coming.length);
    coming.forEach(({ n }, rank) => (offsets[n] = step * (rank - (coming.length - 1) / 2)));
  });
  return offsets;
}

function place({ x, y }) {
  return [x, y];
}

function line(drawing, { source, target, times, through }, offset) {
  const [fromX, fromY] = place(drawing.vertices[source]);
  const [toX, toY] = place(drawing.vertices[target]);
  const tip = [toX - WIDTH / 2, toY + offset];
  const points = [[fromX + WIDTH / 2, fromY], ...through, [tip[0] - 5, tip[1]]];
  const curves = points.slice(1).map(([x, y], n) => {
    const [beforeX, beforeY] = points[n];
    const middle = (beforeX + x) / 2;
    return `C${middle} ${beforeY} ${middle} ${y} ${x} ${y}`;
  });
  const [midX, midY] = between(points);
  return svg`<g class="edge">
    <path class="way ${times > 1 ? "often" : ""}" d="M${points[0].join(" ")}${curves.join("")}"></path>
    <path class="tip" d="M${tip[0] - 6} ${tip[1] - 3.2}L${tip[0]} ${tip[1]}L${tip[0] - 6} ${tip[1] + 3.2}Z"></path>
    ${times > 1 ? svg`<text x=${midX} y=${midY - 4} text-anchor="middle">×${times}</text>` : nothing}
  </g>`;
}

/** The middle of the stretch in the middle of a way. */
function between(points) {
  const n = Math.floor((points.length - 1) / 2);
  const [a, b] = [points[n], points[n + 1]];
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}
