// An SVG of the page as a file that looks the same by itself, in the light theme's colours.

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "font-family", "font-size", "display"];

/** Gives the reader the SVG under a file name. */
export function saveSvg(svg, name) {
  const url = URL.createObjectURL(new Blob([standalone(svg)], { type: "image/svg+xml" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function standalone(svg) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const root = document.documentElement;
  const theme = root.dataset.theme;
  // Nothing is painted before it is put back.
  root.dataset.theme = "light";
  const drawn = svg.querySelectorAll("rect, path, text");
  copy.querySelectorAll("rect, path, text").forEach((element, n) => {
    const style = getComputedStyle(drawn[n]);
    for (const property of STYLES) element.setAttribute(property, style.getPropertyValue(property));
  });
  root.dataset.theme = theme;
  const comments = document.createNodeIterator(copy, NodeFilter.SHOW_COMMENT);
  const marks = [];
  for (let mark = comments.nextNode(); mark; mark = comments.nextNode()) marks.push(mark);
  marks.forEach((mark) => mark.remove());
  return new XMLSerializer().serializeToString(copy);
}
