// What there is to choose from, asked for once a page.

import { get } from "./api.js";

let asked = null;

/** { benches, proxies }, each by name. */
export function catalogue() {
  asked ??= load().catch((problem) => {
    asked = null;
    throw problem;
  });
  return asked;
}

async function load() {
  const [benches, proxies] = await Promise.all([get("benches"), get("proxies")]);
  return { benches: byName(benches), proxies: byName(proxies) };
}

function byName(list) {
  return new Map(list.map((each) => [each.name, each]));
}

/** What ranks a bench unless told otherwise. */
export function defaultProxy(proxies, bench) {
  const found = [...proxies.values()].find(({ ensemble }) => ensemble?.default_of.includes(bench));
  return found?.name ?? proxies.keys().next().value;
}

/** Which of two scores is better on a bench: positive where the first one is. */
export function betterBy(proxy, bench) {
  const sign = proxy?.better[bench] === "smaller" ? -1 : 1;
  return (a, b) => sign * (a - b);
}
