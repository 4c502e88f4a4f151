// The timeline: the last 30 seconds. A bar is a request, from its beginning to
// its end; a line across it is a message.

import { find } from "/assets/dom.js";
import { requests } from "./requests.js";

const SPAN = 30_000;
const LANES = 12;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const canvas = find("#timeline");
const legend = (state) => getComputedStyle(find(`.legend [data-state="${state}"]`), "::before").backgroundColor;
let lastDrawn = 0;

function draw(time) {
  const scale = Math.min(devicePixelRatio || 1, 2);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * scale));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const paint = canvas.getContext("2d");
  const start = time - SPAN;
  const at = (moment) => ((moment - start) / SPAN) * width;
  const lane = height / LANES;
  const style = getComputedStyle(canvas);
  paint.clearRect(0, 0, width, height);
  paint.fillStyle = style.borderTopColor;
  for (let second = Math.ceil(start / 5000) * 5000; second < time; second += 5000) paint.fillRect(at(second), 0, 1, height);
  const colours = Object.fromEntries(["held", "news", "nothing", "cut", "message"].map((state) => [state, legend(state)]));
  for (const { number, from, to, state, marks } of requests) {
    if (to !== null && to < start) continue;
    const top = (number % LANES) * lane + lane * 0.2;
    const [left, right] = [Math.max(0, at(from)), at(to ?? time)];
    paint.fillStyle = colours[state === "cut" ? "cut" : "held"];
    paint.fillRect(left, top, Math.max(scale, right - left), lane * 0.6);
    if (to !== null) {
      paint.fillStyle = colours[state];
      paint.fillRect(Math.max(left, right - 4 * scale), top, 4 * scale, lane * 0.6);
    }
    paint.fillStyle = colours.message;
    for (const moment of marks) if (moment > start) paint.fillRect(at(moment) - scale, top - lane * 0.15, 2 * scale, lane * 0.9);
  }
}

function frame(timestamp) {
  requestAnimationFrame(frame);
  if (timestamp - lastDrawn < (calm.matches ? 1000 : 66)) return;
  lastDrawn = timestamp;
  draw(performance.now());
}

requestAnimationFrame(frame);
