// The list of proxies and ensembles by one of which something is held to others.

import { select } from "./choices.js";

/** names: those to choose from; proxies: the catalogue's, by name. */
export function proxyChoice(names, proxies, chosen, choose) {
  const isEnsemble = (name) => Boolean(proxies.get(name)?.ensemble);
  const options = {
    Ensembles: names.filter(isEnsemble).map((name) => [name, name]),
    Proxies: names.filter((name) => !isEnsemble(name)).map((name) => [name, name]),
  };
  return select("By", options, chosen, choose);
}
