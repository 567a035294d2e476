// Architecture.

import { render } from "../vendor/lit-html/lit-html.js";
import { start } from "./shell.js";
import { empty } from "./states.js";

start("architecture");
render(empty("No architecture is named", "An address names one by its bench and hash."), document.getElementById("view"));
