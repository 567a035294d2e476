// Try it.

import { render } from "../vendor/lit-html/lit-html.js";
import { start } from "./shell.js";
import { empty } from "./states.js";

start("try");
render(empty("No cell is drawn", "A spelling gives one."), document.getElementById("view"));
