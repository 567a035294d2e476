// A cell as it can be changed: slot by slot, or edge by edge.

import { graphEditor } from "./graph_editor.js";
import { slotsEditor } from "./slots_editor.js";

/**
 * spelling: as typed, or null; read: what the service has read last, or null.
 * wrong: the field that is at fault, or "".
 * change(spelling): called with what was made of it.
 */
export function cellEditor({ bench, spelling, read, wrong, change }) {
  const { slots, operations, example } = bench;
  if (slots.length > 0) {
    const given = Array.isArray(spelling?.ops) ? spelling.ops : (read?.slots ?? []);
    return slotsEditor({ slots, given, wrong, change: (ops) => change({ ops }) });
  }
  const drawn = [spelling, read?.asked].find(isGraph) ?? example;
  return graphEditor({ ...drawn, operations, wrong, change });
}

function isGraph(spelling) {
  const { matrix, ops } = spelling ?? {};
  const square = (rows) => rows.every((row) => Array.isArray(row) && row.length === rows.length);
  return Array.isArray(matrix) && Array.isArray(ops) && ops.length > 1 && matrix.length === ops.length && square(matrix);
}
