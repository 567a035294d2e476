// Finds a row by the first digits of a hash, or by a spelling that the service reads.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { post, Problem } from "./api.js";

const HASH = /^[0-9a-f]{4,32}$/;

let fault = "";

/** A field for a hash or a spelling; `choose({ at })` is called with the hash. */
export function find(bench, state, choose) {
  const look = async (event) => {
    event.preventDefault();
    const text = new FormData(event.target).get("find").trim();
    fault = "";
    try {
      choose({ at: text === "" ? "" : await hashOf(text, bench) });
    } catch (problem) {
      fault = words(problem);
      choose({ at: "" });
    }
  };
  return html`<form class="find" role="search" @submit=${look}>
    <label class="field"><span>Find a hash or a spelling</span>
      <input type="search" name="find" autocomplete="off" spellcheck="false" .value=${state.at}
        placeholder=${`d01cd8f5 or ${example(bench)}`} aria-describedby="find-fault"
        @search=${(event) => event.target.value === "" && choose({ at: "" })} /></label>
    <button type="submit">Find</button>
    <p id="find-fault" class="fault small" role="alert">${fault === "" ? nothing : fault}</p>
  </form>`;
}

async function hashOf(text, bench) {
  if (HASH.test(text.toLowerCase())) return text.toLowerCase();
  const architectures = [spelling(text, bench)];
  const answer = await post("architectures/read", { bench: bench.name, architectures });
  return answer.architectures[0].hash;
}

function spelling(text, { text_field: field }) {
  if (text.startsWith("{")) {
    try {
      return JSON.parse(text);
    } catch {
      throw new Problem(0, "No JSON", "This begins as JSON and is none.");
    }
  }
  if (field === null) throw new Problem(0, "No spelling", "A spelling of this bench is a JSON object.");
  return { [field]: text };
}

function example({ text_field: field, example }) {
  return field === null ? JSON.stringify(example) : example[field];
}

function words(problem) {
  const valid = problem.errors?.[0]?.valid;
  return [problem.errors?.[0]?.detail ?? problem.detail ?? problem.message, valid].filter(Boolean).join("; ");
}
