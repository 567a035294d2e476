// Drawings of the rows that are looked at: while a list is scrolled fast none is asked for.

import { drawing, fetchDrawings } from "./drawings.js";

const PAUSE_MS = 60;

export class RowDrawings {
  constructor(bench, changed) {
    this.bench = bench;
    this.changed = changed;
    this.wanted = [];
    this.timer = null;
    this.busy = false;
  }

  /** The drawing; null while it is not here. */
  of(hash) {
    return drawing(this.bench, hash);
  }

  /** Says whose are looked at. */
  look(hashes) {
    this.wanted = hashes.filter((hash) => this.of(hash) === null);
    clearTimeout(this.timer);
    if (this.wanted.length === 0 || this.busy) return;
    this.timer = setTimeout(() => this.#read(), PAUSE_MS);
  }

  async #read() {
    this.busy = true;
    try {
      await fetchDrawings(this.bench, this.wanted);
      this.changed();
    } catch {
      return; // Rows say the same without their cells.
    } finally {
      this.busy = false;
    }
    this.look(this.wanted);
  }
}
