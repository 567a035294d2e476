// A question before something is done that cannot be taken back.

import { html, render } from "../vendor/lit-html/lit-html.js";

/** Whether somebody says yes. Escape is no, and the focus goes back to where it was. */
export function confirmed({ title, text, yes, no = "Not now" }) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "question");
  const close = (answer) => () => dialog.close(answer);
  render(
    html`<h2 id="question">${title}</h2>
      <p>${text}</p>
      <div class="answers">
        <button type="button" autofocus @click=${close("no")}>${no}</button>
        <button type="button" class="primary" @click=${close("yes")}>${yes}</button>
      </div>`,
    dialog,
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
