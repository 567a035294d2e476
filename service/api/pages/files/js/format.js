// Numbers and times as people read them.

const MINUS = "\u2212";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A measured value with so many significant digits. */
export function number(value, digits = 5) {
  if (value === null || value === undefined) return "";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${mantissa}e${Number(exponent)}`.replaceAll("-", MINUS);
  }
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(places, 12)).replace("-", MINUS);
}

/** A count, its thousands marked. */
export function integer(value) {
  return value === null || value === undefined ? "" : whole.format(value).replace("-", MINUS);
}

/** A size with a unit's letter: 1.07 M. */
export function compact(value, digits = 3) {
  if (value === null || value === undefined) return "";
  const steps = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [scale, letter] = steps.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  const scaled = value / scale;
  const places = Math.max(0, digits - Math.max(1, Math.ceil(Math.log10(Math.abs(scaled) + 1e-9))));
  return letter === "" ? String(value) : `${scaled.toFixed(places)}\u202f${letter}`;
}

/** A percentage that is one already: 93.46 of an accuracy. */
export function percent(value, places = 2) {
  return value === null || value === undefined ? "" : value.toFixed(places);
}

/** What a series measures: `accuracy`, or its metric's own name. */
export function measured(metric, accuracy = "accuracy") {
  return metric === "top1_percent" ? accuracy : metric.replaceAll("_", " ");
}

/**
 * The share of others that something beats, in per cent: rounded down, since nothing beats all of
 * them that does not.
 */
export function share(value) {
  // What is a tenth but for its last bit is that tenth.
  return value === null || value === undefined ? "" : (Math.floor(10 * value + 1e-9) / 10).toFixed(1);
}

/** A correlation, without the zero that all of them have. */
export function correlation(value, places = 2) {
  if (value === null || value === undefined) return "";
  const text = value.toFixed(places).replace(/^-(?=[0.]*$)/, "");
  return text.replace("-", MINUS).replace(/^(\D?)0\./, "$1.");
}

/** How long something takes. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 1) return `${number(seconds * 1000, 2)} ms`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

/** How long ago a time (ISO 8601) was. */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  return seconds < 5 ? "now" : `${duration(seconds)} ago`;
}

/** The first characters of a hash: enough to tell it from all others on a page. */
export function shortHash(hash) {
  return hash.slice(0, 8);
}
