// One panel per transport: its state, its messages, and what they cost.

import { arrived } from "./delays.js";
import { appendToLog, element, find, formatBytes, formatDelay, setText, stateDisplay } from "./dom.js";
import { createSubscription } from "./subscription.js";
import { createMeter } from "./wire-meter.js";
import { createStrip } from "./wire.js";

const SHOWN = 50;
const COST = "Counted by the server: heads, framing and bodies of all requests, both ways";
const DELAYS = 101;

/**
 * @param info `{ transport, held, title, how, companions }`; one that is held
 *   runs in one tab only; `companions` are channels that ride along, whose messages
 *   go to `onOther`
 * @param takeOver asks the browser's other tabs for the held connections
 */
export function createPanel(info, takeOver, onOther = {}) {
  const { transport, held, companions = [] } = info;
  const section = find("#panel-template").content.firstElementChild.cloneNode(true);
  const part = (selector) => find(selector, section);
  const list = part(".messages");
  const button = part(".toggle");
  const strip = createStrip(part("canvas"));
  const display = stateDisplay(section, part(".state-text"));
  const count = { messages: 0, lost: 0, requests: 0, bytes: 0 };
  let meter = null;
  let delays = [];
  let fresh = [];
  let scheduled = 0;
  let channel = "";
  let subscription = null;
  let state = "paused";
  let detail = {};
  let wanted = true;
  let allowed = !held;

  section.dataset.transport = transport;
  section.setAttribute("aria-labelledby", `panel-${transport}`);
  part("h3").id = `panel-${transport}`;
  setText(part("h3"), info.title);
  setText(part(".how"), info.how);
  part(".bytes-cell").title = `${COST}${companions.length ? ", without those of the moving box" : ""}`;
  list.setAttribute("aria-label", `Messages over ${info.title}`);

  function subscribe(since) {
    const channels = [channel, ...companions.filter((name) => name !== channel)];
    const counted = (meter = createMeter((bytes) => {
      count.bytes = bytes;
      refreshSoon();
    }));
    subscription = createSubscription({ channels, transport, since, query: { meter: meter.id } }, {
      state(next, more) {
        state = next;
        detail = more;
        showState();
        onOther.state?.(state, shownDetail());
      },
      message(message) {
        if (companions.includes(message.channel)) onOther.message?.(message);
        if (message.channel !== channel) return counted.setAside(message);
        count.messages += 1;
        strip.mark();
        add(() => row(message));
        arrived(message.id, (delay) => {
          delays = [...delays.slice(1 - DELAYS), delay];
          refreshSoon();
        });
      },
      lost(message) {
        count.lost += 1;
        add(() => note("The server was started again, or could not keep everything: messages may be missing here."));
        onOther.lost?.(message);
      },
      traffic({ requests = 0, busy }) {
        count.requests += requests;
        counted.stir();
        if (busy !== undefined) strip.busy(busy);
        refreshSoon();
      },
    });
  }

  /** Adds what `make` makes, unless it is out of sight before it is painted. */
  function add(make) {
    fresh.push(make);
    if (fresh.length > SHOWN) fresh.shift();
    refreshSoon();
  }

  // Many messages a second are painted a few times a second.
  function refreshSoon() {
    scheduled ||= setTimeout(refresh, 50);
  }

  function refresh() {
    scheduled = 0;
    for (const [name, value] of Object.entries(count)) {
      const cell = part(`[data-count="${name}"]`);
      cell.dataset.value = value;
      // The server has not been asked yet.
      const bytes = () => (value ? formatBytes(value) : "–");
      setText(cell, name === "bytes" ? bytes() : value);
    }
    const median = [...delays].sort((a, b) => a - b)[delays.length >> 1];
    const last = delays.at(-1);
    setText(part('[data-count="delay"]'), last === undefined ? "–" : formatDelay(last));
    setText(part('[data-count="median"]'), median === undefined ? "–" : formatDelay(median));
    section.classList.toggle("has-lost", count.lost > 0);
    appendToLog(list, fresh.splice(0).map((make) => make()), SHOWN);
    part(".empty").hidden = list.childElementCount > 0;
  }

  const shownDetail = () => ({ ...detail, elsewhere: wanted && !allowed });

  function showState() {
    display(state, shownDetail());
    part(".state").title = detail.error?.message ?? "";
    const action = wanted && allowed ? "Stop" : "Start";
    setText(button, action);
    button.setAttribute("aria-label", `${action} ${info.title}`);
  }

  function apply() {
    if (wanted && allowed) subscription.start();
    else subscription.stop();
    showState();
    onOther.state?.(state, shownDetail());
  }

  button.addEventListener("click", () => {
    wanted = !(wanted && allowed);
    if (wanted && !allowed) takeOver();
    apply();
  });

  return {
    section,
    held,
    /** Follows another channel, from where its history ends, with counters at zero. */
    follow(name, { messages, cursor }) {
      if (name === channel) return;
      subscription?.stop();
      meter?.end();
      channel = name;
      for (const key of Object.keys(count)) count[key] = 0;
      delays = [];
      fresh = [];
      list.replaceChildren();
      for (const message of messages.slice(-SHOWN)) fresh.push(() => row(message, "old"));
      strip.clear();
      refresh();
      subscribe(cursor);
      apply();
    },
    /** What the browser's other tabs leave to this one. */
    allow(on) {
      allowed = on;
      if (subscription) apply();
    },
    cut: (delay) => subscription.cut(delay),
  };
}

function row(message, kind = "") {
  const item = element("li", { "data-id": message.id, ...(kind && { class: kind }) });
  if (message.event) item.append(element("span", { class: "event" }, message.event));
  item.append(element("span", { class: "data" }, message.data));
  return item;
}

const note = (text) => element("li", { class: "note", "data-lost": "" }, text);
