// The service's events, for as long as somebody looks: comes back by itself, and says when it is away.

import { address, get } from "./api.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15000;
const PATIENCE = 2500;

/**
 * Follows GET /events while the page is seen.
 *
 * events: { name: (data) => ... }
 * opened(): connected, at first or again; what came meanwhile is to be asked for.
 * changed({ live, since, problem }): `live` is null at first, and false only once the connection is
 * away for longer than a stream takes that ends and begins anew.
 */
export function follow(events, opened, changed) {
  let source = null;
  let pause = FIRST_PAUSE;
  let timer = null;
  let doubt = null;
  let state = { live: null, since: null, problem: null };

  const tell = (next) => {
    state = { ...state, ...next };
    changed(state);
  };

  const connect = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(address("events"));
    source.addEventListener("open", () => {
      pause = FIRST_PAUSE;
      clearTimeout(doubt);
      doubt = null;
      tell({ live: true, since: null, problem: null });
      opened();
    });
    source.addEventListener("error", lost);
    for (const [name, hear] of Object.entries(events)) {
      source.addEventListener(name, (event) => hear(JSON.parse(event.data)));
    }
  };

  const lost = () => {
    const since = state.since ?? Date.now();
    state.since = since;
    doubt ??= setTimeout(() => tell({ live: false, since }), state.live === null ? 0 : PATIENCE);
    // A browser asks again by itself, but not where it was answered by an error.
    if (source.readyState !== EventSource.CLOSED) return;
    timer = setTimeout(connect, pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE);
    get("work").catch((problem) => tell({ problem }));
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      // A browser has six connections to a host, for all its tabs.
      clearTimeout(timer);
      clearTimeout(doubt);
      doubt = null;
      source?.close();
    } else {
      connect();
    }
  });
  connect();
}
