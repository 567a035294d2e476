// The service's calls, as any client makes them.

const ROOT = new URL("../../../", import.meta.url);

/** What the service says is wrong: RFC 9457. */
export class Problem extends Error {
  constructor(status, title, detail, errors = [], type = "about:blank") {
    super(detail || title);
    Object.assign(this, { status, title, detail, errors, type });
  }
}

/** The address of a call; parameters that are null, undefined or empty are left out, and a list is
 * one that is repeated. */
export function address(path, params = {}) {
  const url = new URL(path.replace(/^\//, ""), ROOT);
  for (const [name, value] of Object.entries(params)) {
    for (const each of [value].flat()) {
      if (each !== null && each !== undefined && each !== "") url.searchParams.append(name, each);
    }
  }
  return url.href;
}

/** The JSON that GET answers; throws a Problem. */
export async function get(path, params = {}, { signal } = {}) {
  return answer(() => fetch(address(path, params), { signal, headers: { Accept: "application/json" } }));
}

/** The JSON that POST answers, its status as `status` where asked `whole`; throws a Problem. */
export async function post(path, body = null, { signal, headers = {} } = {}) {
  const json = body === null ? {} : { "Content-Type": "application/json" };
  return answer(() =>
    fetch(address(path), {
      method: "POST",
      signal,
      headers: { Accept: "application/json", ...json, ...headers },
      body: body === null ? undefined : JSON.stringify(body),
    }),
  );
}

/** The JSON that DELETE answers; throws a Problem. */
export async function remove(path, { signal } = {}) {
  return answer(() =>
    fetch(address(path), { method: "DELETE", signal, headers: { Accept: "application/json" } }),
  );
}

async function answer(ask) {
  let response;
  try {
    response = await ask();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer", "Is it running, and can it be reached?");
  }
  const text = await response.text();
  let found = null;
  try {
    found = text === "" ? null : JSON.parse(text);
  } catch {
    throw new Problem(response.status, response.statusText, "The answer is no JSON.");
  }
  if (response.ok) return found;
  throw new Problem(response.status, found?.title ?? response.statusText, found?.detail ?? "",
    found?.errors, found?.type);
}
