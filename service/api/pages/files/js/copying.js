// A button that puts a text on the clipboard, and says so.

import { html } from "../vendor/lit-html/lit-html.js";

const SAID_MS = 1600;

/** what: named for who cannot see what stands beside the button. */
export function copyButton(text, what) {
  return html`<button class="quiet copy" type="button" @click=${(event) => copy(event.currentTarget, text)}>
    <span aria-live="polite">Copy</span><span class="unseen"> ${what}</span>
  </button>`;
}

async function copy(button, text) {
  const said = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied";
  } catch {
    // Browsers lend the clipboard only to pages of this machine or of TLS, and if they are allowed.
    said.textContent = "Not allowed";
  }
  setTimeout(() => (said.textContent = "Copy"), SAID_MS);
}
