// The strip in a panel: the last 30 seconds of its line. A bar is a request
// that was open, a mark is a message.

const SPAN = 30_000;
/** Marks that are closer than this (ms) would be one on the screen. */
const DISTINCT = 60;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const strips = new Set();
let lastDrawn = 0;

export function createStrip(canvas) {
  const strip = { canvas, bars: [], marks: [], open: null };
  strips.add(strip);
  return {
    busy(on) {
      if (on && !strip.open) strip.bars.push((strip.open = { from: Date.now(), to: null }));
      if (!on && strip.open) {
        strip.open.to = Date.now();
        strip.open = null;
      }
    },
    mark() {
      const time = Date.now();
      if (!(time - strip.marks.at(-1) < DISTINCT)) strip.marks.push(time);
    },
    clear() {
      strip.bars = strip.open ? [strip.open] : [];
      strip.marks = [];
    },
  };
}

function draw(strip, time) {
  const { canvas } = strip;
  const scale = Math.min(devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const start = time - SPAN;
  strip.bars = strip.bars.filter((bar) => bar.to === null || bar.to > start);
  strip.marks = strip.marks.filter((mark) => mark > start);
  const at = (moment) => ((moment - start) / SPAN) * width;
  const style = getComputedStyle(canvas);
  const paint = canvas.getContext("2d");
  const middle = height / 2;
  paint.clearRect(0, 0, width, height);
  paint.fillStyle = style.getPropertyValue("border-bottom-color");
  paint.fillRect(0, Math.round(middle), width, Math.max(1, scale / 2));
  paint.fillStyle = style.color;
  paint.globalAlpha = 0.45;
  for (const { from, to } of strip.bars) {
    const left = Math.max(0, at(from));
    // A gap of a pixel between two bars shows where one request ended.
    paint.fillRect(left, middle - 2 * scale, Math.max(scale, at(to ?? time) - left - scale), 4 * scale);
  }
  paint.globalAlpha = 1;
  for (const mark of strip.marks) paint.fillRect(at(mark) - scale, 2 * scale, 2 * scale, height - 4 * scale);
}

function frame(timestamp) {
  requestAnimationFrame(frame);
  if (timestamp - lastDrawn < (calm.matches ? 1000 : 66)) return;
  lastDrawn = timestamp;
  const time = Date.now();
  for (const strip of strips) draw(strip, time);
}

requestAnimationFrame(frame);
