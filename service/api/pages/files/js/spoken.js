// What is said to who cannot see it change: in one place, and seldom.

import { html } from "../vendor/lit-html/lit-html.js";

const PAUSE = 8000;

/** Sentences, gathered until the last ones have been heard. */
export class Spoken {
  #waiting = [];
  #timer = null;
  #draw;

  constructor(draw) {
    this.text = "";
    this.#draw = draw;
  }

  say(sentence) {
    this.#waiting.push(sentence);
    if (this.#timer === null) this.#next();
  }

  #next() {
    const some = this.#waiting.splice(0);
    this.#timer = some.length === 0 ? null : setTimeout(() => this.#next(), PAUSE);
    if (some.length === 0) return;
    this.text = some.length > 3 ? `${some.length} jobs have changed.` : some.join(" ");
    this.#draw();
  }

  view() {
    return html`<p class="unseen" role="status">${this.text}</p>`;
  }
}
