// Sentences of the service, in which code stands between backquotes.

import { html } from "../vendor/lit-html/lit-html.js";

export function coded(text) {
  return text.split("`").map((part, n) => (n % 2 ? html`<code>${part}</code>` : part));
}
