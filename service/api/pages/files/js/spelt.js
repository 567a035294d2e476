// Spellings as text, and the commands that ask for an architecture.

import { html } from "../vendor/lit-html/lit-html.js";
import { address } from "./api.js";
import { copyButton } from "./copying.js";

/** A spelling in a line: the bench's own text where it has one, else JSON. */
export function inALine(bench, spelling) {
  const text = spelling[bench.text_field];
  return typeof text === "string" ? text : JSON.stringify(spelling);
}

/** A text as a spelling of the bench, and what keeps it from being one: one of the two is null. */
export function spelled(bench, text) {
  const trimmed = text.trim();
  const { text_field: field, spelling_fields: fields } = bench;
  if (!trimmed.startsWith("{") && field) return [{ [field]: trimmed }, null];
  const valid = `an object with ${fields.join(" and ")}`;
  try {
    const spelling = JSON.parse(trimmed);
    const isObject = typeof spelling === "object" && spelling !== null && !Array.isArray(spelling);
    return isObject ? [spelling, null] : [null, { field: "", detail: "not an object", valid }];
  } catch (wrong) {
    return [null, { field: "", detail: `no JSON yet: ${wrong.message}`, valid }];
  }
}

/** Ways to ask for it again: by curl, in Python, as JSON. */
export function snippets(bench, hash, spec) {
  const server = address("").replace(/\/$/, "");
  const body = JSON.stringify({ bench, ...spec });
  const whole = address(`architectures/${bench}/${hash}`);
  return [
    ["curl", `curl -s ${whole}\n\ncurl -s ${server}/score -H 'Content-Type: application/json' -d '${body}'`],
    [
      "Python",
      [
        "from service.client import Client",
        "",
        `with Client(${JSON.stringify(server)}) as client:`,
        `    found = client.architecture(${JSON.stringify(bench)}, ${JSON.stringify(hash)})`,
        `    scores = client.score(${JSON.stringify(bench)}, [found["spec"]], wait=60)`,
        `    around = client.neighbours(${JSON.stringify(bench)}, ${JSON.stringify(hash)})`,
      ].join("\n"),
    ],
    ["JSON", asLines({ bench, hash, ...spec })],
  ];
}

/** JSON with a line a field. */
function asLines(object) {
  const lines = Object.entries(object).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

/** The snippets with a button each. */
export function codeBlocks(blocks) {
  return html`<div class="snippets">
    ${blocks.map(
      ([name, code]) => html`<section class="snippet" aria-label=${name}>
        <header><h3>${name}</h3>${copyButton(code, name)}</header>
        <pre tabindex="0"><code>${code}</code></pre>
      </section>`,
    )}
  </div>`;
}
