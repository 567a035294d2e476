// Plots live on a canvas of their own: each is made again only where what it shows has changed.

const mounted = new Map();

/** The plot in the element of this id, made by `build(element)` unless it is there and was made of
 * the same parts. Null where the element is not there. */
export function mount(id, parts, build) {
  const element = document.getElementById(id);
  const before = mounted.get(id);
  const same = before?.element === element && before.parts.every((part, n) => part === parts[n]);
  if (same) return before.plot;
  before?.plot.destroy();
  mounted.delete(id);
  if (element === null) return null;
  const plot = build(element);
  mounted.set(id, { element, parts, plot });
  return plot;
}
