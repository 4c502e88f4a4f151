// One subscription over any transport: it keeps the cursor, reconnects with
// back-off, and hands on each message once.
//
// A transport is `{ name, held, connect(link) }`. `connect` opens a connection,
// tells the `link` what happens, and returns `{ close(), send?, suspect? }`. It may
// make several requests in one connection's life (long polling does). A link is
// dead as soon as its connection was dropped: whatever arrives late through it
// is ignored, and asked for again with the cursor. This is what makes a message
// appear neither twice nor never.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
/** A connection that lived this long (ms) was good: the back-off starts anew. */
const STEADY = 3_000;

const everyone = new Set();

/**
 * @param transport what carries the messages
 * @param {string[]} channels the names to subscribe to
 * @param {string|null} since a cursor, `earliest`, or null for "from now on"
 * @param callbacks `state(name, detail)` with name one of paused, connecting,
 *   open, retrying (detail: `{ at, reason }`, `at` in ms since 1970);
 *   `message(message)`; `lost(message)`; `spent(requests, bytes)`;
 *   `wire(busy)` when a request begins and ends.
 */
export function createSubscriber(transport, channels, since = null, callbacks = {}) {
  const names = channels.map(encodeURIComponent).join(",");
  let cursor = since;
  let session = null;
  let running = false;
  let timer = 0;
  let failures = 0;

  const report = (state, detail = {}) => callbacks.state?.(state, detail);

  function take(message) {
    if (typeof message.id === "string") cursor = message.id;
    const event = message.event ?? "";
    if (event === "holdline.lost") callbacks.lost?.(message);
    else if (!event.startsWith("holdline.")) callbacks.message?.(message);
  }

  function connect() {
    const mine = { openedAt: 0, handle: null };
    session = mine;
    timer = 0;
    report("connecting");
    const live = (act) => (...args) => {
      if (session === mine) act(...args);
    };
    const link = {
      /** The address of one more request of this connection. */
      url(kind, parameters = {}) {
        const query = new URLSearchParams(parameters);
        if (cursor !== null) query.set("since", cursor);
        const tail = query.toString();
        return `/channels/${names}/${kind}${tail ? `?${tail}` : ""}`;
      },
      hasCursor: () => cursor !== null,
      setCursor: live((value) => (cursor = value)),
      request: live(() => {
        callbacks.spent?.(1, 0);
        callbacks.wire?.(true);
      }),
      answered: live(() => callbacks.wire?.(false)),
      bytes: live((count) => callbacks.spent?.(0, count)),
      opened: live(() => {
        if (mine.openedAt) return;
        mine.openedAt = performance.now();
        report("open");
        // The server is back: the others need not sit out their back-off.
        if (failures) for (const other of [...everyone]) other.hurry();
      }),
      message: live(take),
      /** A whole answer of the polling transports. */
      answer: live((answer) => {
        if (answer.lost) take({ event: "holdline.lost", id: answer.cursor });
        for (const message of answer.messages) {
          if (session !== mine) return;
          take(message);
        }
        if (session === mine) cursor = answer.cursor;
      }),
      /** The connection is over: by an error, or because the server ended it. */
      failed: live((reason) => retry(reason)),
      /** Nothing is wrong, but a new connection is wanted now. */
      renew: live(() => {
        drop();
        connect();
      }),
    };
    const handle = transport.connect(link);
    if (session === mine) mine.handle = handle;
    else handle.close();
  }

  function drop() {
    clearTimeout(timer);
    timer = 0;
    const old = session;
    session = null;
    if (!old) return;
    old.handle?.close();
    callbacks.wire?.(false);
  }

  function retry(reason) {
    const { openedAt } = session;
    if (openedAt && performance.now() - openedAt > STEADY) failures = 0;
    const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** failures);
    failures += 1;
    drop();
    wait(ceiling * (0.5 + Math.random() / 2), reason);
    if (!openedAt) return;
    for (const other of [...everyone]) if (other !== subscriber) other.suspect();
  }

  function wait(delay, reason) {
    timer = setTimeout(connect, delay);
    report("retrying", { at: Date.now() + delay, reason });
  }

  const subscriber = {
    start() {
      if (running) return;
      running = true;
      failures = 0;
      everyone.add(subscriber);
      connect();
    },
    /** Stops, and keeps the cursor for the next start. */
    stop() {
      if (!running) return;
      running = false;
      everyone.delete(subscriber);
      drop();
      report("paused");
    },
    /** Drops the connection as a network would, and resumes after `delay` ms. */
    cut(delay) {
      if (!running) return;
      failures = 0;
      drop();
      wait(delay, "cut on purpose");
    },
    /** Does not wait for the end of the back-off. */
    hurry() {
      if (!timer || !failures) return;
      clearTimeout(timer);
      connect();
    },
    /** Another subscriber's connection broke: is this one still alive? */
    suspect: () => session?.handle?.suspect?.(),
    /** Sends one text where the transport can; false when it did not go out. */
    send: (text) => session?.handle?.send?.(text) ?? false,
    get cursor() {
      return cursor;
    },
  };
  return subscriber;
}

// The network is back: no reason to sit out the back-off.
addEventListener("online", () => {
  for (const subscriber of [...everyone]) subscriber.hurry();
});
