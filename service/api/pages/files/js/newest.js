// Of questions asked one after another, only the newest one's answer may be shown.

/** The questions of one view, or of one part of it that is asked for by itself. */
export class Newest {
  #turn = new AbortController();

  /** The signal of a new turn; what was asked in the turn before is given up. */
  begin() {
    this.#turn.abort();
    this.#turn = new AbortController();
    return this.#turn.signal;
  }

  /**
   * What came of a question in a turn of its own: { answer, problem }, one of which is null; null
   * where something newer has begun since, even if the answer is there: nothing may be shown then.
   *
   * question(signal): asks, with the signal for its calls, and writes nothing into the view.
   */
  async ask(question) {
    const signal = this.begin();
    let outcome;
    try {
      outcome = { answer: await question(signal), problem: null };
    } catch (problem) {
      outcome = { answer: null, problem };
    }
    return signal.aborted ? null : outcome;
  }
}
