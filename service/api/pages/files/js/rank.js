// Leaderboard.

import { render } from "../vendor/lit-html/lit-html.js";
import { start } from "./shell.js";
import { empty } from "./states.js";

start("rank");
render(empty("No board is shown yet", "Nothing has been asked for."), document.getElementById("view"));
