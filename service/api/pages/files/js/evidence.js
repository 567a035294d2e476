// Evidence.

import { render } from "../vendor/lit-html/lit-html.js";
import { start } from "./shell.js";
import { empty } from "./states.js";

start("evidence");
render(empty("Nothing is compared yet", "Evidence needs trained accuracies and scores."), document.getElementById("view"));
