// A cell put together by choosing what stands in each slot.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";

/**
 * slots: of a bench; given: what stands in them, the last ones left out where there are fewer.
 * wrong: the field that the service names, such as `ops/3`.
 * change(ops): called with all of them.
 */
export function slotsEditor({ slots, given, wrong, change }) {
  const chosen = slots.map((_, n) => given[n] ?? "");
  const choose = (n, value) => change(chosen.map((each, m) => (m === n ? value : each)).filter(Boolean));
  return html`<fieldset class="slots">
    <legend class="unseen">What stands in each slot</legend>
    ${slots.map(
      (slot, n) => html`<label class="field">
        <span>${slot.name}</span>
        <select .value=${live(chosen[n])} aria-invalid=${wrong === `ops/${n}`}
          @change=${(event) => choose(n, event.target.value)}>
          ${slot.optional || chosen[n] === ""
            ? html`<option value="" ?selected=${chosen[n] === ""}>left out</option>`
            : nothing}
          ${chosen[n] === "" || slot.choices.includes(chosen[n])
            ? nothing
            : html`<option value=${chosen[n]} selected>${chosen[n]}</option>`}
          ${slot.choices.map((each) => html`<option value=${each} ?selected=${each === chosen[n]}>${each}</option>`)}
        </select>
      </label>`,
    )}
  </fieldset>`;
}
