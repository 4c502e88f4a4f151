// The frame around a technique. It gives its script the object `page`, shows
// what that does, and asks the server what it took on the wire.

import { appendToLog, find, formatBytes, formatDelay, setText } from "/assets/dom.js";
import { utf8Length } from "/assets/wire-size.js";
import { begin, cutAll, end, mark } from "./requests.js";
import "./timeline.js";

const AWKWARD = "</script><!-- \"'`\\ &lt;\u2028\u2029 tab\t cr\r lf\n crlf\r\n nul\0 \u00e9 \u4e16 \u{1f980} ]]>";
const name = location.pathname.split("/").pop();
const own = new URLSearchParams(location.search);
const random = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const meter = random();
const channel = own.get("channel") || `technique-${random().slice(0, 6)}`;
const totals = { messages: 0, text: 0, vain: 0, lost: 0, wire: 0 };
const delays = [];
const sent = [];
let running = false;
let asked = 0;

function address(path, parameters) {
  const query = new URLSearchParams({ ...parameters, meter });
  if (own.has("token")) query.set("token", own.get("token"));
  return `${path}?${query}`;
}

const page = {
  channel,
  /** Where the channel stands: the place of what was shown last. */
  cursor: "",
  url: (transport, parameters) => address(`/channels/${encodeURIComponent(channel)}${transport && `/${transport}`}`, parameters),
  im: (parameters) => address(`/techniques/im/${encodeURIComponent(channel)}`, parameters),
  begins: (label = name) => begin(label),
  /** An answer came: of JSON with its messages, or of something else that has said them already. */
  answered(request, answer) {
    for (const message of answer?.messages ?? []) page.show(message, request);
    if (answer?.lost) page.lost();
    if (answer?.cursor) page.cursor = answer.cursor;
    // What was sent was not in vain, whatever the answer says.
    const news = request.marks.length > 0 || answer?.id !== undefined;
    if (end(request, news ? "news" : "nothing") && !news) totals.vain += 1;
    ask();
  },
  cut(request, why) {
    if (end(request, "cut", why)) totals.vain += 1;
    ask();
  },
  fails(request) {
    page.cut(request, "failed");
  },
  /** A message came in a request. What the server itself says on a stream is only noted. */
  show(message, request) {
    page.cursor = message.id;
    if (message.event === "holdline.lost") page.lost();
    if (message.event?.startsWith("holdline.")) return;
    if (request) mark(request);
    totals.messages += 1;
    totals.text += utf8Length(message.data);
    find("#empty").hidden = true;
    const item = document.createElement("li");
    item.textContent = message.data;
    appendToLog(find("#messages"), [item], 200);
    const at = sent.findIndex(({ text }) => text === message.data);
    if (at >= 0) delays.push(performance.now() - sent.splice(at, 1)[0].time);
    if (delays.length > 100) delays.shift();
    ask();
  },
  lost() {
    totals.lost += 1;
    ask();
  },
  note(text) {
    setText(find("#note"), text);
  },
  /** Another button, of the technique's own. */
  button(label, title, click) {
    if ([...find("#actions").children].some((button) => button.textContent === label)) return;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: label, title });
    button.dataset.own = "";
    button.addEventListener("click", () => page.presses[label]?.());
    find("#actions").append(button);
    page.presses[label] = click;
  },
  presses: {},
  /** Publishes by an ordinary POST, unless the technique has a way of its own (`onpublish`). */
  publish(text, done = () => {}) {
    sent.push({ text, time: performance.now() });
    if (sent.length > 200) sent.shift();
    if (page.onpublish) return page.onpublish(text, done);
    const url = new URL(page.url(""), location.href);
    url.searchParams.delete("meter");
    const posted = fetch(url, { method: "POST", body: text });
    posted.then((answer) => {
      if (!answer.ok) page.note(`The server refused the message: ${answer.status}`);
      done();
    }, () => page.note("The message could not be published."));
  },
  onpublish: null,
  onstop: null,
};
window.page = page;

/** Shows the counters, and asks the server for its own soon. */
function ask(wait = 200) {
  for (const key of ["messages", "vain", "lost"]) count(key, String(totals[key]));
  const sorted = delays.toSorted((a, b) => a - b);
  if (sorted.length) count("delay", formatDelay(sorted[sorted.length >> 1]));
  clearTimeout(asked);
  asked = setTimeout(look, wait);
}

async function look() {
  // A script that was taken away is still being answered.
  let open = 0;
  try {
    const taken = await (await fetch(`/techniques/meter?meter=${meter}`)).json();
    open = taken.open;
    count("requests", String(taken.requests));
    count("received", formatBytes(taken.received), taken.received);
    count("sent", formatBytes(taken.sent), taken.sent);
    const wire = taken.sent + taken.received;
    if (wire) count("waste", `${(100 * (1 - totals.text / wire)).toFixed(1)} %`);
  } catch {
    // The server is away; the next answer or the next second asks again.
  }
  clearTimeout(asked);
  if ((running || open) && !document.hidden) asked = setTimeout(look, 1000);
}

function count(key, text, value = text) {
  const cell = find(`[data-count="${key}"]`);
  setText(cell, text);
  cell.dataset.value = value;
}

/** Runs the technique's script, from where the page stands. */
function start() {
  const script = document.createElement("script");
  script.src = `/techniques/code/${name}.js`;
  script.addEventListener("load", () => {
    script.remove();
    if (running) setRunning(true);
  });
  document.body.append(script);
  // Until the script is there, what is published is not published by its means.
  setRunning(true, "starting");
}

function stop() {
  page.onstop?.();
  Object.assign(page, { onstop: null, onpublish: null });
  totals.vain += cutAll("stopped");
  setRunning(false);
  ask();
}

function setRunning(now, state = now ? "running" : "stopped") {
  running = now;
  find("#run").dataset.state = state;
  setText(find("#toggle"), now ? "Stop" : "Start");
}

function burst(left = 10) {
  if (left > 0) page.publish(`number ${11 - left}`, () => burst(left - 1));
}

async function showText(place, path) {
  place.textContent = await (await fetch(path)).text();
}

async function prepare() {
  setText(find("#channel"), channel);
  const code = `/techniques/code/${name}.js`;
  find("#source-link").href = code;
  showText(find("#source"), code);
  for (const trace of document.querySelectorAll("[data-trace]")) showText(trace, `/techniques/traces/${trace.dataset.trace}.txt`);
  find("#toggle").addEventListener("click", () => (running ? stop() : start()));
  find("#publish").addEventListener("submit", (event) => {
    event.preventDefault();
    const input = find("#text");
    page.publish(input.value || input.placeholder);
    input.value = "";
  });
  find("#burst").addEventListener("click", () => burst());
  find("#awkward").addEventListener("click", () => page.publish(AWKWARD));
  addEventListener("pagehide", () => running && stop());
  addEventListener("pageshow", (event) => event.persisted && start());
  const place = new URL(page.url("poll"), location.href);
  place.searchParams.delete("meter");
  const answer = await fetch(place);
  if (!answer.ok) {
    const { message } = (await answer.json()).error;
    const cure = [401, 403].includes(answer.status) ? ". Give this page a token that may do so: ?token=TOKEN" : "";
    return page.note(`The server answers ${answer.status}: ${message}${cure}`);
  }
  page.cursor = (await answer.json()).cursor;
  start();
}

// An endless frame that begins before the page is loaded would keep it from ever being loaded.
if (document.readyState === "complete") setTimeout(prepare);
else addEventListener("load", () => setTimeout(prepare));
