// A board's rows, read a block at a time from wherever they are looked at.

import { get } from "./api.js";

const BLOCK = 100;
const KEPT = 200; // Blocks: twenty thousand rows.
const AT_ONCE = 3;

/** Rows of one view; `changed` is called when some have come, or a Problem. */
export class Board {
  constructor(params, changed) {
    this.params = params;
    this.changed = changed;
    this.head = null; // All of an answer but its rows.
    this.problem = null;
    this.blocks = new Map();
    this.asked = new Map();
    this.wanted = [];
    this.ended = false;
  }

  get total() {
    return this.head?.total ?? 0;
  }

  /** The row of this number, from 0; undefined while it is not here. */
  row(number) {
    return this.blocks.get(Math.floor(number / BLOCK))?.[number % BLOCK];
  }

  /** Says what is looked at: what is not is no longer asked for. */
  look(first, last) {
    this.wanted = [];
    for (let block = Math.floor(first / BLOCK); block <= Math.floor(last / BLOCK); block++) {
      if (!this.blocks.has(block)) this.wanted.push(block);
    }
    for (const [block, control] of this.asked) {
      if (!this.wanted.includes(block)) control.abort();
    }
    this.#ask();
  }

  /** Nothing is asked for any more. */
  end() {
    this.ended = true;
    this.look(0, -1);
  }

  #ask() {
    for (const block of this.wanted) {
      if (this.asked.size >= AT_ONCE) return;
      if (!this.asked.has(block) && !this.blocks.has(block) && !this.problem) this.#read(block);
    }
  }

  async #read(block) {
    const control = new AbortController();
    this.asked.set(block, control);
    try {
      const params = { ...this.params, offset: block * BLOCK, limit: BLOCK };
      const { items, ...head } = await get("rank", params, { signal: control.signal });
      // A board that has grown is another one, and so is one that ranks among others.
      const same = this.head && head.total === this.head.total && head.population === this.head.population;
      if (!same) this.blocks.clear();
      this.head = head;
      this.blocks.set(block, items);
      if (this.blocks.size > KEPT) this.blocks.delete(this.blocks.keys().next().value);
    } catch (problem) {
      if (problem.name !== "AbortError") this.problem = problem;
    } finally {
      this.asked.delete(block);
    }
    if (this.ended) return;
    this.changed();
    this.#ask();
  }
}
