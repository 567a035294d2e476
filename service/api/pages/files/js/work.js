// Work.

import { render } from "../vendor/lit-html/lit-html.js";
import { start } from "./shell.js";
import { empty } from "./states.js";

start("work");
render(empty("Nothing is going on", "No job runs."), document.getElementById("view"));
