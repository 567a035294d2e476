// Controls that choose one of few.

import { html } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";

/** A labelled list; options: [[value, words], ...], or { group: [[value, words], ...] }. */
export function select(label, options, value, choose) {
  const grouped = Array.isArray(options) ? null : Object.entries(options);
  return html`<label class="field"><span>${label}</span>
    <select .value=${live(value)} @change=${(event) => choose(event.target.value)}>
      ${grouped === null
        ? options.map((each) => option(each, value))
        : grouped.map(
            ([group, some]) => html`<optgroup label=${group}>${some.map((each) => option(each, value))}</optgroup>`,
          )}
    </select>
  </label>`;
}

function option([value, words], chosen) {
  return html`<option value=${value} ?selected=${value === chosen}>${words}</option>`;
}

/** Buttons side by side, one of which is on; a page with them links css/segments.css. */
export function segments(label, name, options, value, choose) {
  return html`<fieldset class="segments">
    <legend>${label}</legend>
    <div>
      ${options.map(
        ([each, words]) => html`<label>
          <input type="radio" name=${name} value=${each} .checked=${live(each === value)}
            @change=${() => choose(each)} />
          <span>${words}</span>
        </label>`,
      )}
    </div>
  </fieldset>`;
}
