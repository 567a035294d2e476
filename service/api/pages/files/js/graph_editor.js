// A cell drawn as a graph: operations one below the other, and the edges between them.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";

/**
 * matrix, ops: a spelling; operations: what a vertex between the ends may be.
 * wrong: the field that the service names, such as `ops/3`.
 * change({ matrix, ops }): called with another spelling.
 */
export function graphEditor({ matrix, ops, operations, wrong, change }) {
  const last = ops.length - 1;
  const inner = (n) => n > 0 && n < last;
  return html`<div class="scroll">
      <table class="graph">
        <caption>A ticked box is an edge: from the operation of its row to that of its column.</caption>
        <thead>
          <tr>
            <th scope="col">Operation</th>
            ${ops.slice(1).map((name, n) => html`<th scope="col" class="to">to ${title(n + 1, last)}</th>`)}
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${ops.slice(0, -1).map(
            (name, from) => html`<tr>
              <th scope="row">
                <span class="vertex-name">${title(from, last)}</span>
                ${inner(from)
                  ? operation(name, from, operations, wrong, (value) => change({ matrix, ops: ops.with(from, value) }))
                  : html`<span class="end">${name}</span>`}
              </th>
              ${ops.slice(1).map((_, n) =>
                n + 1 > from
                  ? html`<td class="to">${edge(matrix, from, n + 1, last, (next) => change({ matrix: next, ops }))}</td>`
                  : html`<td></td>`,
              )}
              <td>
                ${inner(from)
                  ? html`<button type="button" class="quiet" @click=${() => change(without(matrix, ops, from))}
                      aria-label="Remove operation ${title(from, last)}">×</button>`
                  : nothing}
              </td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <button type="button" @click=${() => change(withOneMore(matrix, ops, operations[0]))}>Add an operation</button>`;
}

function title(n, last) {
  return n === 0 ? "in" : n === last ? "out" : String(n);
}

function operation(name, n, operations, wrong, choose) {
  return html`<select aria-label="Operation ${n}" .value=${live(name)} aria-invalid=${wrong === `ops/${n}`}
    @change=${(event) => choose(event.target.value)}>
    ${operations.includes(name) ? nothing : html`<option value=${name} selected>${name}</option>`}
    ${operations.map((each) => html`<option value=${each} ?selected=${each === name}>${each}</option>`)}
  </select>`;
}

function edge(matrix, from, to, last, change) {
  const flip = () => change(matrix.map((row, x) => (x === from ? row.with(to, row[to] ? 0 : 1) : row)));
  return html`<label class="edge-box">
    <input type="checkbox" .checked=${live(Boolean(matrix[from][to]))} @change=${flip} />
    <span class="unseen">Edge from ${title(from, last)} to ${title(to, last)}</span>
  </label>`;
}

/** Without a vertex and its edges. */
function without(matrix, ops, vertex) {
  const kept = (list) => list.filter((_, n) => n !== vertex);
  return { matrix: kept(matrix).map(kept), ops: kept(ops) };
}

/** With one more before the output, on a path of its own: else it would be no part of the network. */
function withOneMore(matrix, ops, name) {
  const place = ops.length - 1;
  const rows = matrix.map((row, x) => row.toSpliced(place, 0, x === 0 ? 1 : 0));
  const own = ops.map(() => 0).concat(1);
  return { matrix: rows.toSpliced(place, 0, own), ops: ops.toSpliced(place, 0, name) };
}
