// A subscription: one connection after the other, and one cursor for all.
//
// A connection that was dropped is dead at once. What arrives late through it is ignored, and asked
// for again with the cursor. So a message comes neither twice nor never, also when the transport
// changes.

/**
 * @param url where the server is; its paths are below this
 * @param options see holdline.d.ts
 */
function connect(url, options = {}) {
  const { channels = [], transport = "auto", since, name, presence, query, token, credentials } = options;
  const { silence = 40_000, opening = 5_000, climb = 30_000 } = options.times ?? {};
  const asked = transport === "auto" ? LADDER : [transport].flat();
  const ladder = asked.filter((kind) => transports[kind]?.works());
  const names = [channels].flat();
  const listeners = {};
  const strikes = {};
  const closing = new AbortController();
  let state = "connecting";
  let shown;
  let session = null;
  let probe = null;
  /** Where on the ladder it is, and how many steps were tried in vain since it was last open. */
  let level = 0;
  let tried = 0;
  let failures = 0;
  let timer = 0;
  let climber = 0;
  let climbing = climb;
  let queue = Promise.resolve();

  /** What sessions know of it. */
  const us = {
    base: baseOf(url),
    names: names.map(encodeURIComponent).join(","),
    query: { ...query, name, presence },
    cursor: since,
    credentials,
    silence,
    keep: {},
    // A slow network gets more time when nothing else has helped.
    patience: () => Math.min(opening * 1.5 ** failures, opening * 4),
    hears: (event) => listeners[event]?.size > 0,
    async token(fresh) {
      if (fresh || shown === undefined) shown = typeof token === "function" ? await token() : token;
      return shown;
    },
    emit(event, value) {
      for (const listener of [...(listeners[event] ?? [])]) {
        try {
          listener(value);
        } catch (error) {
          // A fault of the page is the page's. The next message has nothing to do with it.
          setTimeout(() => {
            throw error;
          });
        }
      }
    },
  };

  function tell(next, more) {
    state = next;
    us.emit("state", { state, transport: session?.kind ?? null, ...more });
  }

  function take(message) {
    const { id, event = "" } = message;
    if (event === "holdline.expired") return failed(failure("the token has expired", { expired: true }));
    const own = event.startsWith("holdline.");
    if (!own || event === "holdline.lost") us.cursor = id;
    us.emit(own ? event.slice(9) : "message", message);
  }

  function begin() {
    clearTimeout(timer);
    timer = 0;
    session = createSession(ladder[level], us, {
      message: take,
      opened(cursor) {
        if (cursor) us.cursor = cursor;
        tried = 0;
        // The server is back: nobody else need sit out a back-off.
        if (failures) wake("hurry");
        planClimb();
        tell("open");
      },
      answer({ cursor, messages, lost }, isLive) {
        if (lost) us.emit("lost", { id: cursor });
        for (const message of messages) if (isLive()) take(message);
        if (isLive()) us.cursor = cursor;
      },
      failed,
      renew() {
        drop();
        begin();
      },
    });
    tell("connecting");
  }

  /** The connection is over, or has never begun. */
  function failed(error) {
    const { kind, opened } = session;
    const lived = opened && now() - opened;
    drop();
    // With a token that ran out, a new connection is made with a new one.
    if (error.final && !(opened && error.status === 401)) return finish(error);
    if (opened) {
      if (lived > STEADY) failures = 0;
      if (lived > LONGEST_CLIMB) climbing = climb;
      strikes[kind] = lived > YOUNG || error.after ? 0 : (strikes[kind] ?? 0) + 1;
      // What somebody on the way holds back looks like silence.
      if (error.silent || strikes[kind] >= STRIKES) {
        strikes[kind] = failures = 0;
        level = Math.min(level + 1, ladder.length - 1);
      }
      for (const other of everyone) if (other !== self) other.suspect();
      return retry(error, error.expired && lived > STEADY ? 0 : undefined);
    }
    tried += 1;
    if (!error.after && tried < ladder.length) {
      level = (level + 1) % ladder.length;
      return begin();
    }
    tried = level = 0;
    if (ladder.length > 1 || !transports[kind].blind || !transports.poll.works()) return retry(error);
    // Only an ordinary request is told why.
    probe = createSession("poll", us, {
      opened: () => retry(error),
      failed: (why) => (why.final ? finish(why) : retry(why)),
    });
  }

  function retry(error, delay = backOff(failures) + (error.after || 0)) {
    drop();
    failures += 1;
    timer = setTimeout(begin, delay);
    tell("retrying", { at: Date.now() + delay, error });
  }

  function planClimb() {
    if (level && !climber) climber = setTimeout(lookUp, climbing * (0.5 + Math.random()));
  }

  /** Time to look whether something better works by now. */
  function lookUp() {
    climber = 0;
    climbing = Math.min(LONGEST_CLIMB, climbing * 2);
    if (session?.opened) tryBetter(0);
    else level = 0;
  }

  /** Tries it beside the present connection, which is left only for one that has opened. */
  function tryBetter(better) {
    if (better >= level) return planClimb();
    const mine = (probe = createSession(ladder[better], us, {
      opened() {
        drop();
        level = better;
        begin();
      },
      failed() {
        mine.end();
        tryBetter(better + 1);
      },
    }));
  }

  function drop() {
    clearTimeout(timer);
    timer = 0;
    probe?.end();
    session?.end();
    probe = session = null;
  }

  function stopClimbing() {
    clearTimeout(climber);
    climber = 0;
  }

  function finish(error) {
    if (state === "closed") return;
    drop();
    stopClimbing();
    everyone.delete(self);
    tell("closed", { error });
  }

  /** What happens to the page, and to its other connections. */
  const self = {
    suspect: () => session?.suspect(),
    hurry: () => timer && failures && begin(),
    online() {
      climbing = climb;
      stopClimbing();
      if (session) return planClimb();
      if (!timer) return;
      level = 0;
      begin();
    },
    pause() {
      drop();
      stopClimbing();
      tell("paused");
    },
    resume() {
      if (state !== "paused") return;
      level = failures = 0;
      begin();
    },
  };

  if (names.length) {
    if (!ladder.length) throw new Error(`nothing here does ${asked.join(", ")}`);
    everyone.add(self);
    // Whoever connects can listen before anything happens.
    queueMicrotask(() => state === "connecting" && begin());
  }
  return {
    on(event, listener) {
      (listeners[event] ??= new Set()).add(listener);
      return () => listeners[event].delete(listener);
    },
    publish(channel, data, more) {
      const given = { token: us.token, credentials, signal: closing.signal, ...more };
      // One after the other, so that they stay in order.
      const sent = queue.then(() => publish(url, channel, data, given));
      queue = sent.catch(() => {});
      return sent;
    },
    close() {
      closing.abort();
      finish();
    },
    get state() {
      return state;
    },
    get transport() {
      return session?.kind ?? null;
    },
    get cursor() {
      return us.cursor ?? null;
    },
  };
}

const wake = (what) => {
  for (const one of [...everyone]) one[what]();
  for (const sleeper of [...sleepers]) sleeper();
};
const when = (target, event, act) => target?.addEventListener?.(event, act);

// The network is back: no reason to sit out a back-off.
when(globalThis, "online", () => wake("online"));
// A page that is left keeps no connection, also when the browser keeps the page.
for (const [target, left, back] of [
  [globalThis, "pagehide", "pageshow"],
  [globalThis.document, "freeze", "resume"],
]) {
  when(target, left, () => everyone.forEach((one) => one.pause()));
  when(target, back, () => everyone.forEach((one) => one.resume()));
}
