// The state of a view is its address: links can be shared, and the back button works.

/** The query as an object of texts; what is not there is as in `defaults`. */
export function read(defaults = {}) {
  return { ...defaults, ...Object.fromEntries(new URLSearchParams(location.search)) };
}

/** The query of a state; what is as in `defaults`, or empty, is left out. */
export function query(state, defaults = {}) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    const text = value === null || value === undefined ? "" : String(value);
    if (text !== String(defaults[name] ?? "")) params.set(name, text);
  }
  const text = params.toString();
  return text && `?${text}`;
}

/** Puts a state into the address: as a step of the history, or in place of the present one. */
export function write(state, defaults = {}, { replace = false } = {}) {
  const next = location.pathname + query(state, defaults);
  if (next === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", next);
}

/** Calls back when somebody goes back or forward. */
export function onMove(callback) {
  addEventListener("popstate", callback);
}

/** The address of a page of this service. */
export function page(name, state = {}) {
  return name + query(state);
}
