// What was written and is not sent yet. It stays over a cut and a reload, and is sent once.
//
// A message keeps its idempotency key, so that sending it again within two minutes publishes nothing. Later
// the server does not know the key any more: then the history is asked whether it is there. If that is not kept
// either, nobody knows, and the reader decides.

import { publish } from "/holdline.mjs";
import { inbox } from "./im-talks.js";

const STORE = "holdline.chat-outbox";
/** A key is good for this long (ms) after it was first used: less than the server's two minutes. */
const KEY_TIME = 80_000;
const PAUSE = 3_000;

/** @param on `cursor()`, and `changed(items)` with `{ key, talk, text, state }` each */
export function createOutbox({ name, token }, on) {
  let items = read();
  let ready = false;
  let busy = false;
  let timer = 0;

  function changed() {
    write(items);
    const state = ({ failed }) => failed ?? (ready ? "sending" : "waiting for the connection");
    on.changed(items.map((item) => ({ ...item, state: state(item) })));
  }

  async function pump() {
    clearTimeout(timer);
    if (busy || !ready) return;
    busy = true;
    for (;;) {
      const item = ready && items.find(({ failed }) => !failed);
      if (!item) break;
      try {
        while (item.to.length) await send(item);
      } catch (error) {
        // Without an answer it stays, and is tried again.
        if (!error.status && !error.nobodyKnows) {
          timer = setTimeout(pump, PAUSE);
          break;
        }
        item.failed = error.nobodyKnows ? error.message : `refused: ${error.message}`;
      }
      settle(item);
    }
    busy = false;
  }

  async function send(item) {
    const [channel] = item.to;
    if (item.tried && Date.now() - item.tried > KEY_TIME) {
      if (await isThere(item, channel)) return arrived(item, channel);
      item.tried = 0;
    }
    item.tried ||= Date.now();
    item.since ??= on.cursor();
    write(items);
    const { key, from, whom, text, at } = item;
    const data = JSON.stringify({ key, from, whom, text, at });
    // Not on after that, whenever it was begun: after a reload it may be nearly over.
    const signal = AbortSignal.timeout(Math.max(0, item.tried + KEY_TIME - Date.now()));
    await publish("/", channel, data, { key, token: token || undefined, signal });
    arrived(item, channel);
  }

  function arrived(item, channel) {
    item.to = item.to.filter((other) => other !== channel);
    item.tried = 0;
    write(items);
  }

  function settle(item) {
    if (!item.to.length) items = items.filter((other) => other !== item);
    changed();
  }

  /** Whether it was published, though no answer came. */
  async function isThere(item, channel) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    let since = item.since ?? "earliest";
    for (;;) {
      const path = `/channels/${encodeURIComponent(channel)}/poll?since=${since}`;
      const response = await fetch(path, { headers, cache: "no-store" });
      const answer = await response.json();
      if (!response.ok) throw Object.assign(new Error(answer.error.message), { status: response.status });
      if (answer.messages.some(({ data }) => data.includes(item.key))) return true;
      if (answer.lost) throw Object.assign(new Error("it is not known whether this was sent"), { nobodyKnows: true });
      if (!answer.messages.length) return false;
      since = answer.cursor;
    }
  }

  return {
    start() {
      changed();
      addEventListener("online", pump);
    },
    ready(on) {
      if (ready === on) return;
      ready = on;
      changed();
      pump();
    },
    /** To a room; or to a person, and to ourselves, for our other windows. */
    add(talk, text) {
      const [kind, whom] = [talk.slice(0, talk.indexOf(":")), talk.slice(talk.indexOf(":") + 1)];
      const to = kind === "room" ? [`chat-room.${whom}`] : [...new Set([inbox(whom), inbox(name)])];
      items.push({ key: crypto.getRandomValues(new Uint32Array(4)).join("-"), talk, to, from: name, whom, text, at: Date.now() });
      changed();
      pump();
    },
    /** It came back from the server, be it by the history. */
    seen(key, channel) {
      const item = items.find((other) => other.key === key);
      if (!item) return;
      arrived(item, channel);
      if (!item.to.length) settle(item);
    },
    again(key) {
      const item = items.find((other) => other.key === key);
      if (!item) return;
      item.failed = undefined;
      item.tried = 0;
      changed();
      pump();
    },
    discard(key) {
      items = items.filter((item) => item.key !== key);
      changed();
    },
  };
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}

function write(items) {
  try {
    sessionStorage.setItem(STORE, JSON.stringify(items));
  } catch {
    // Then it stays as long as the page.
  }
}
