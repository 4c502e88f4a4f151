// A plot of up to two minutes, as SVG: lines, or areas one on top of the
// other. No library, no canvas, so that it takes the colours of the page, can
// be enlarged, and has words for those who do not see it.

import { element, setText } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
/** Seconds from the left edge to the right one: at least, while there is no more to show, and at most. */
const SPAN = { least: 30, most: 120 };
const HEIGHT = 168;
const EDGE = { left: 52, right: 10, top: 10, bottom: 22 };

function svg(name, attributes = {}) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** A round number at or above `value`, and the distance of the lines up to it. */
export function scale(value, least = 1) {
  const top = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(top));
  const step = [0.5, 1, 2, 2.5, 5].map((part) => part * power).find((part) => top / part <= 4);
  return { top: Math.ceil(top / step - 1e-9) * step, step };
}

/**
 * @param id names the plot, `title` and `what` say what it shows
 * @param series a list of `{ key, label }`, drawn in this order
 * @param format makes a text with a unit of a value
 * @param least the axis reaches at least so far
 */
export function createPlot({ id, title, what, series, format, least = 1, stacked = false }) {
  const chart = svg("svg", { role: "img", "aria-labelledby": `${id}-name ${id}-what`, height: HEIGHT });
  const name = svg("title", { id: `${id}-name` });
  name.textContent = title;
  const words = svg("desc", { id: `${id}-what` });
  words.textContent = what;
  const grid = svg("g", { class: "grid" });
  const marks = svg("g", { class: "marks" });
  const cross = svg("line", { class: "cross", y1: EDGE.top, y2: HEIGHT - EDGE.bottom });
  cross.style.visibility = "hidden";
  chart.append(name, words, grid, marks, cross);

  const legend = element("dl", { class: "legend" });
  const rows = series.map(({ key, label }, index) => {
    const value = element("dd", {}, "–");
    const swatch = element("i", { class: `swatch series-${index}`, "aria-hidden": "true" });
    const row = element("div", { "data-series": key }, element("dt", {}, swatch, label), value);
    legend.append(row);
    const area = svg("path", { class: `area series-${index}` });
    const line = svg("path", { class: `line series-${index}` });
    marks.append(area, line);
    return { key, row, value, area, line };
  });
  const when = element("span", { class: "hint" }, "now");
  const head = element("div", { class: "plot-head" }, element("h3", { id: `${id}-title` }, title), when);
  const section = element("section", { class: "card plot", id, "aria-labelledby": `${id}-title` },
    head, element("p", { class: "hint" }, what), chart, legend);

  let points = [];
  let width = 0;
  let pointer = null;

  /** Adds what was measured at `time` (seconds); `null` instead of values is a gap. */
  function add(time, values) {
    points.push({ time, values });
    // One beyond the edge, so that the line enters from there.
    while (points.length > 2 && points[1].time < time - SPAN.most) points.shift();
    draw();
  }

  function draw() {
    if (width === 0) return;
    const last = points.at(-1)?.time ?? 0;
    const seen = Math.ceil((last - (points[0]?.time ?? last)) / 10) * 10;
    const span = Math.min(SPAN.most, Math.max(SPAN.least, seen));
    const x = (time) => EDGE.left + (1 - (last - time) / span) * (width - EDGE.left - EDGE.right);
    const totals = ({ values }) => rows.map(({ key }) => values?.[key] ?? 0);
    const highest = points.map((point) =>
      stacked ? totals(point).reduce((sum, value) => sum + value, 0) : Math.max(...totals(point)));
    const { top, step } = scale(Math.max(0, ...highest), least);
    const bottom = HEIGHT - EDGE.bottom;
    const y = (value) => bottom - (value / top) * (bottom - EDGE.top);
    drawGrid(top, step, y, (ago) => x(last - ago), span);
    const below = new Map();
    for (const { key, line, area } of rows) {
      const { path, filled } = trace(points, key, { x, y, below, stacked });
      line.setAttribute("d", path);
      area.setAttribute("d", filled);
    }
    show(x, last);
  }

  function drawGrid(top, step, y, before, span) {
    const lines = [];
    for (let value = 0; value <= top + step / 2; value += step) {
      lines.push(svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }));
      const text = svg("text", { x: EDGE.left - 7, y: y(value) + 4, "text-anchor": "end" });
      text.textContent = format(value);
      lines.push(text);
    }
    for (const ago of [span, span / 2, 0]) {
      const anchor = ago === span ? "start" : ago === 0 ? "end" : "middle";
      const text = svg("text", { x: before(ago), y: HEIGHT - 5, "text-anchor": anchor });
      text.textContent = ago === 0 ? "now" : `${ago} s ago`;
      lines.push(text);
    }
    grid.replaceChildren(...lines);
  }

  /** The numbers of the moment that is pointed at, or of now. */
  function show(x, last) {
    let point = points.at(-1);
    if (pointer !== null) {
      const distance = ({ time }) => Math.abs(x(time) - pointer);
      point = points.reduce((near, other) => (distance(other) < distance(near) ? other : near), point);
      cross.setAttribute("x1", x(point.time));
      cross.setAttribute("x2", x(point.time));
    }
    cross.style.visibility = pointer === null || !point ? "hidden" : "visible";
    const ago = point ? Math.round(last - point.time) : 0;
    setText(when, ago === 0 ? "now" : `${ago} s ago`);
    for (const { key, value, row } of rows) {
      const measured = point?.values?.[key];
      setText(value, measured === undefined || measured === null ? "–" : format(measured));
      if (stacked) row.classList.toggle("none", !measured);
    }
  }

  chart.addEventListener("pointermove", (event) => {
    pointer = event.clientX - chart.getBoundingClientRect().left;
    if (points.length > 0) draw();
  });
  chart.addEventListener("pointerleave", () => {
    pointer = null;
    draw();
  });
  new ResizeObserver(() => {
    const now = chart.clientWidth || section.clientWidth;
    if (now === width) return;
    width = now;
    chart.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    draw();
  }).observe(section);

  return { section, add };
}

/** The line of one series, and the area below it. Where nothing was measured there is a gap. */
function trace(points, key, { x, y, below, stacked }) {
  let path = "";
  let filled = "";
  let run = [];
  const finish = () => {
    if (run.length === 0) return;
    const line = run.map(([px, , py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L");
    const base = run.map(([px, floor]) => `${px.toFixed(1)} ${floor.toFixed(1)}`).reverse().join("L");
    path += `M${line}`;
    // A point alone would not be seen.
    if (run.length === 1) path += "m-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0 -3 0";
    filled += `M${line}L${base}Z`;
    run = [];
  };
  for (const { time, values } of points) {
    const value = values?.[key];
    if (value === undefined || value === null) {
      finish();
      continue;
    }
    const floor = stacked ? below.get(time) ?? 0 : 0;
    run.push([x(time), y(floor), y(floor + value)]);
    if (stacked) below.set(time, floor + value);
  }
  finish();
  return { path, filled };
}
