// What the server tells of itself each second, as pictures.

import { element, find, formatBytes, formatDelay, setText, stateDisplay } from "./dom.js";
import { createPlot } from "./plot.js";

const TRANSPORTS = ["poll", "long-poll", "jsonp", "xhr-stream", "iframe", "sse", "websocket", "socket"];
const number = (value) => {
  if (value >= 999_500) return `${trim(value / 1e6)} M`;
  return value >= 9_995 ? `${trim(value / 1000)} k` : trim(value);
};
const trim = (value) => String(Number(value.toFixed(value < 10 ? 1 : 0)));
const rate = (value) => `${number(value)}/s`;
const bytes = (value) => formatBytes(Math.round(value));
const bytesRate = (value) => `${bytes(value)}/s`;
const delay = (value) => (value === 0 ? "0 ms" : formatDelay(value));

const PLOTS = [
  { id: "delay", title: "Delivery delay", format: delay,
    what: "From when a message can be seen until the server has handed it to all sockets with room.",
    series: [{ key: "p50", label: "half within" }, { key: "p99", label: "99 % within" }] },
  { id: "rates", title: "Messages", format: rate, least: 4, what: "Published, and handed to subscribers, each second.",
    series: [{ key: "published", label: "published" }, { key: "delivered", label: "delivered" }] },
  { id: "traffic", title: "Traffic", format: bytesRate, least: 1000,
    what: "What the system took for clients, and what came from them.",
    series: [{ key: "sent", label: "sent" }, { key: "received", label: "received" }] },
  { id: "transports", title: "Subscribers by transport", format: number, least: 4, stacked: true,
    what: "Streams and held requests, one on top of the other. The rest of the connections is idle.",
    series: [...TRANSPORTS.map((name) => ({ key: name, label: name })), { key: "other", label: "other connections" }] },
  { id: "memory", title: "Memory", format: bytes, least: 1e6,
    what: "Resident memory of the process, and of that the messages that it keeps.",
    series: [{ key: "resident", label: "resident" }, { key: "messages", label: "messages" }] },
  { id: "lag", title: "Lag", format: bytes, least: 1000,
    what: "How far the slowest stream is behind, in bytes of text.",
    series: [{ key: "bytes", label: "furthest behind" }] },
  { id: "refusals", title: "Losses and refusals", format: rate, least: 4,
    what: "Subscribers told of a loss, requests answered with an error, and clients refused because of a limit.",
    series: [{ key: "lost", label: "lost" }, { key: "errors", label: "errors" }, { key: "refused", label: "refused" }] },
  { id: "loop", title: "Event loop", format: delay,
    what: "How long a turn takes: a connection that has something to do may wait so long.",
    series: [{ key: "p50", label: "half within" }, { key: "p99", label: "99 % within" }] },
];

/** What happened between two states, as a histogram. */
function between(now, before) {
  return { bounds: now.bounds_seconds, counts: now.counts.map((count, index) => count - before.counts[index]) };
}

/** The value in milliseconds that a part of all is within; `null` if there was nothing. */
function within(part, { bounds, counts }) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let wanted = part * total;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && count >= wanted) {
      const low = index === 0 ? 0 : bounds[index - 1];
      // Beyond the last bound nothing is known but that.
      const high = bounds[index] ?? low;
      return (low + (high - low) * (wanted / count)) * 1000;
    }
    wanted -= count;
  }
  return null;
}

const sum = (object) => Object.values(object).reduce((total, count) => total + count, 0);

/** What the plots show of a state, given the one before. */
function measure(now, before) {
  const seconds = (now.uptime_ms - before.uptime_ms) / 1000;
  const each = (of) => (of(now) - of(before)) / seconds;
  const delays = between(now.delivery_delay, before.delivery_delay);
  const turns = between(now.loop_turns, before.loop_turns);
  return {
    delay: { p50: within(0.5, delays), p99: within(0.99, delays) },
    rates: { published: each((it) => it.published), delivered: each((it) => sum(it.delivered_by_transport)) },
    traffic: { sent: each((it) => it.sent_bytes), received: each((it) => it.received_bytes) },
    transports: {
      ...now.subscribers_by_transport,
      other: Math.max(0, now.connections - now.subscribers),
    },
    memory: { resident: now.process.resident_bytes, messages: now.history.bytes + now.delivery.bytes },
    lag: { bytes: now.lag.bytes },
    refusals: {
      lost: each((it) => it.lost),
      errors: each((it) => sum(it.errors_by_code)),
      refused: each((it) => sum(it.refused_by_reason)),
    },
    loop: { p50: within(0.5, turns), p99: within(0.99, turns) },
  };
}

function showNumbers(stats, measured) {
  const show = (name, text) => setText(find(`[data-now="${name}"]`), text);
  show("connections", number(stats.connections));
  show("subscribers", number(stats.subscribers));
  show("channels", number(stats.channels));
  show("published", number(stats.published));
  show("delivered", number(sum(stats.delivered_by_transport)));
  show("lost", number(stats.lost));
  const files = stats.process.open_files;
  show("files", files === null ? "–" : `${number(files)} of ${number(stats.process.max_files ?? 0)}`);
  show("uptime", duration(stats.uptime_seconds));
  if (measured?.delay.p99 !== null && measured) show("delay", delay(measured.delay.p99));
}

function duration(seconds) {
  const units = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  let left = seconds;
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return `${count} ${unit}`;
  });
  return parts.join(" ");
}

function showReasons(stats) {
  const fill = (selector, counts) => {
    const rows = Object.entries(counts).filter(([, count]) => count > 0).sort((one, two) => two[1] - one[1]);
    const items = rows.map(([reason, count]) =>
      element("tr", {}, element("th", { scope: "row" }, reason), element("td", {}, count.toLocaleString("en"))));
    const body = find(`${selector} tbody`);
    body.replaceChildren(...items);
    find(`${selector} .empty-note`).hidden = items.length > 0;
    find(`${selector} table`).hidden = items.length === 0;
  };
  fill("#lost-reasons", stats.lost_by_reason);
  fill("#refused-reasons", stats.refused_by_reason);
  fill("#error-codes", stats.errors_by_code);
}

function start() {
  const plots = PLOTS.map((plot) => [plot.id, createPlot(plot)]);
  find("#plots").replaceChildren(...plots.map(([, { section }]) => section));
  const state = stateDisplay(find("#stats"), find("#stats-state"));
  let before = null;

  function take(stats) {
    const time = performance.now() / 1000;
    const isNext = before !== null && stats.uptime_ms > before.uptime_ms;
    const measured = isNext ? measure(stats, before) : null;
    for (const [id, plot] of plots) plot.add(time, measured && measured[id]);
    showNumbers(stats, measured);
    showReasons(stats);
    before = stats;
  }

  const source = new EventSource("/stats/sse");
  state("connecting");
  source.addEventListener("open", () => state("open"));
  source.addEventListener("message", ({ data }) => take(JSON.parse(data)));
  source.addEventListener("error", () => {
    state("connecting");
    // What happened meanwhile is not what a second brings.
    before = null;
  });
  addEventListener("pagehide", () => source.close());
}

start();
