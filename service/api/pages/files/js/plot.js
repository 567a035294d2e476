// Plots in the theme's colours. Every plot has a sentence for who cannot see it; its page has the
// numbers as a table as well.

import uPlot from "../vendor/uplot/uPlot.esm.js";

const FONT = 12;
const tick = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const REACH = 14;

/**
 * Points, of one group or several; x and y may be in any order.
 *
 * groups: [{ x, y, colour: "--data-1", size: 4, opacity: 0.6, shape: "dot" | "ring" }]
 * hover(group, index): what to say of a point, as text; null for nothing.
 * click(group, index): somebody chose a point.
 * brush(bounds): { x: [from, to], y: [from, to] } in the data's units, null when it is cleared.
 */
export function scatter(element, options) {
  const { groups, xLabel, yLabel, description, hover, click, brush } = options;
  const extent = {
    x: options.xRange ?? range(groups.map((group) => group.x)),
    y: options.yRange ?? range(groups.map((group) => group.y)),
  };
  const setup = {
    ...frame(element, options.height),
    mode: 2,
    scales: {
      x: { time: false, distr: options.xLog ? 3 : 1, range: () => extent.x },
      y: { distr: options.yLog ? 3 : 1, range: () => extent.y },
    },
    axes: [axis(xLabel, false), axis(yLabel, true)],
    series: [null, ...groups.map((group) => ({ paths: (u) => points(u, group) }))],
    cursor: {
      x: false,
      y: false,
      points: { show: false },
      drag: { x: Boolean(brush), y: Boolean(brush), uni: 10, setScale: false },
    },
    hooks: {},
  };
  if (brush) setup.hooks.setSelect = [(u) => brush(bounds(u))];
  const plot = draw(element, setup, [null, ...groups.map((group) => [group.x, group.y])], description);
  if (hover || click) follow(element, plot, groups, hover, click);
  return plot;
}

/** A colour of the theme as it is now. */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function frame(element, height = 360) {
  return { width: Math.max(200, element.clientWidth), height, legend: { show: false }, padding: [8, 8, 0, 0] };
}

function axis(label, vertical) {
  const font = `${FONT}px ${token("--sans")}`;
  return {
    label,
    font,
    labelFont: font,
    labelSize: 22,
    size: vertical ? 56 : 32,
    gap: 4,
    stroke: () => token("--muted"),
    grid: { stroke: () => token("--rule"), width: 1 },
    ticks: { stroke: () => token("--rule-strong"), width: 1, size: 4 },
    values: (_, splits) => splits.map((value) => (value === null ? "" : tick.format(value))),
  };
}

function draw(element, setup, data, description) {
  element.classList.add("plot");
  element.replaceChildren();
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", description);
  const plot = new uPlot(setup, data, element);
  const redraw = () => plot.redraw(false, true);
  document.addEventListener("theme", redraw);
  const resize = new ResizeObserver(() => {
    const width = Math.max(200, element.clientWidth);
    if (width !== plot.width) plot.setSize({ width, height: plot.height });
  });
  resize.observe(element);
  const destroy = plot.destroy.bind(plot);
  plot.destroy = () => {
    document.removeEventListener("theme", redraw);
    resize.disconnect();
    destroy();
  };
  return plot;
}

function points(u, group) {
  const { x, y, colour = "--data-1", size = 4, opacity = 0.6, shape = "dot" } = group;
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const radius = (size / 2) * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left - radius, top - radius, width + 2 * radius, height + 2 * radius);
  ctx.clip();
  ctx.globalAlpha = opacity;
  ctx.fillStyle = ctx.strokeStyle = token(colour);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (let n = 0; n < x.length; n++) {
    if (x[n] === null || y[n] === null) continue;
    const across = u.valToPos(x[n], "x", true);
    const down = u.valToPos(y[n], "y", true);
    ctx.beginPath();
    ctx.arc(across, down, radius, 0, 2 * Math.PI);
    if (shape === "ring") ctx.stroke();
    else ctx.fill();
  }
  ctx.restore();
  return null;
}

function bounds(u) {
  const { left, top, width, height } = u.select;
  if (width < 2 && height < 2) return null;
  const at = (pixel, scale) => u.posToVal(pixel, scale);
  return {
    x: [at(left, "x"), at(left + width, "x")],
    y: [at(top + height, "y"), at(top, "y")],
  };
}

/** A tip at the nearest point, and a choice of it by a click. */
function follow(element, plot, groups, hover, click) {
  const tip = document.createElement("div");
  tip.className = "plot-tip";
  tip.hidden = true;
  element.append(tip);
  let index = null;
  plot.hooks.setSize = [() => (index = null)];
  const found = (event) => {
    index ??= grid(plot, groups);
    const box = plot.over.getBoundingClientRect();
    return nearest(index, event.clientX - box.left, event.clientY - box.top);
  };
  plot.over.addEventListener("mousemove", (event) => {
    const point = found(event);
    plot.over.style.cursor = point && click ? "pointer" : "";
    const words = point && hover ? hover(groups[point.group], point.n) : null;
    tip.hidden = words === null;
    if (words === null) return;
    tip.textContent = words;
    const right = point.x + plot.over.offsetLeft;
    const fits = right + tip.offsetWidth + 16 < element.clientWidth;
    const left = fits ? right + 12 : Math.max(0, right - tip.offsetWidth - 12);
    tip.style.transform = `translate(${left}px, ${point.y + plot.over.offsetTop + 12}px)`;
  });
  plot.over.addEventListener("mouseleave", () => (tip.hidden = true));
  if (!click) return;
  plot.over.addEventListener("click", (event) => {
    const point = found(event);
    if (point) click(groups[point.group], point.n);
  });
}

/** The points by squares of the plot, so that a move of the mouse looks at few of a hundred thousand. */
function grid(plot, groups) {
  const squares = new Map();
  groups.forEach(({ x, y }, group) => {
    for (let n = 0; n < x.length; n++) {
      const point = { group, n, x: plot.valToPos(x[n], "x"), y: plot.valToPos(y[n], "y") };
      const square = key(Math.floor(point.x / REACH), Math.floor(point.y / REACH));
      if (squares.has(square)) squares.get(square).push(point);
      else squares.set(square, [point]);
    }
  });
  return squares;
}

function nearest(squares, x, y) {
  let best = null;
  let least = REACH * REACH;
  const column = Math.floor(x / REACH);
  const row = Math.floor(y / REACH);
  for (let across = column - 1; across <= column + 1; across++) {
    for (let down = row - 1; down <= row + 1; down++) {
      for (const point of squares.get(key(across, down)) ?? []) {
        const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
        if (distance < least) [best, least] = [point, distance];
      }
    }
  }
  return best;
}

function key(column, row) {
  return column * 65536 + row;
}

function range(columns) {
  let [low, high] = [Infinity, -Infinity];
  for (const column of columns) {
    for (const value of column) {
      if (value === null) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  const margin = (high - low || Math.abs(high) || 1) * 0.04;
  return [low - margin, high + margin];
}
