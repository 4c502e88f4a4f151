// Which tab of this browser holds the connections.
//
// A browser allows six HTTP/1.1 connections to one host over all its tabs, and
// this page holds five. So one tab at a time runs the held transports, and the
// others give way. Tabs agree over a BroadcastChannel (Web Locks would need a
// secure context, and Holdline is often tried over plain HTTP in a local net).
//
//   ask      who holds?              holding  I do; `visible` tells if I am seen
//   claim    I will hold; let go     released I held, and let go
//   hidden   I hold, unseen          gone     I held, and leave
//
// The tab that is looked at holds. A visible holder is not robbed, except by a
// click. Of two claims the later one wins, then the greater tab name.

const ANSWER_TIME = 150;
/** How often a tab that gave way looks whether the holder lives, and its patience then. */
const CHECK_TIME = 10_000;
const CHECK_PATIENCE = 3_000;

/** @param callbacks `hold()` and `yield()`; each is called on a change only. */
export function createTabLease(callbacks) {
  const tab = Math.random().toString(36).slice(2);
  const line = new BroadcastChannel("holdline.tabs");
  let state = "new"; // new, asking, claiming, holding, yielded
  let claimedAt = 0;
  let timer = 0;

  const visible = () => document.visibilityState === "visible";
  const say = (kind, more = {}) => line.postMessage({ kind, tab, ...more });

  function become(next) {
    clearTimeout(timer);
    const before = state;
    state = next;
    if (next === "holding") callbacks.hold();
    if (next === "yielded") {
      if (before !== "yielded") callbacks.yield();
      timer = setTimeout(check, CHECK_TIME);
    }
  }

  /** Asks who holds; takes it when nobody answers, or only an unseen tab. */
  function ask(patience = ANSWER_TIME) {
    const before = state;
    if (before !== "yielded") state = "asking";
    clearTimeout(timer);
    timer = setTimeout(claim, patience);
    say("ask");
  }

  // A holder that crashed cannot say that it is gone; one that is busy may be slow.
  function check() {
    if (visible()) ask(CHECK_PATIENCE);
    else timer = setTimeout(check, CHECK_TIME);
  }

  function claim() {
    clearTimeout(timer);
    if (state === "holding") return;
    state = "claiming";
    claimedAt = Math.max(Date.now(), claimedAt + 1);
    say("claim", { at: claimedAt });
    timer = setTimeout(become, ANSWER_TIME, "holding");
  }

  const beaten = ({ at, tab: other }) => at > claimedAt || (at === claimedAt && other > tab);

  const hear = {
    ask() {
      if (state === "holding" || state === "claiming") say("holding", { visible: visible() });
    },
    holding(message) {
      if (state !== "asking" && state !== "yielded") return;
      if (message.visible || !visible()) become("yielded");
      else claim();
    },
    claim(message) {
      if (state === "holding" || state === "claiming") {
        if (!beaten(message)) return say("claim", { at: claimedAt });
        const held = state === "holding";
        claimedAt = message.at;
        become("yielded");
        if (held) say("released");
      } else {
        claimedAt = Math.max(claimedAt, message.at);
        become("yielded");
      }
    },
    released() {
      if (state === "claiming") become("holding");
    },
    hidden() {
      if (state === "yielded" && visible()) claim();
    },
    gone() {
      if (state === "yielded" && visible()) ask();
    },
  };

  function leave() {
    clearTimeout(timer);
    const held = state === "holding";
    if (state !== "yielded") become("yielded");
    clearTimeout(timer);
    if (held) say("gone");
  }

  line.addEventListener("message", ({ data }) => hear[data.kind]?.(data));
  document.addEventListener("visibilitychange", () => {
    if (visible() && state === "yielded") ask();
    if (!visible() && state === "holding") say("hidden");
  });
  document.addEventListener("freeze", leave);
  document.addEventListener("resume", () => visible() && ask());
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && ask());

  return {
    /** Begins to take part. */
    start: () => ask(),
    /** Takes the connections over, also from a tab that is visible. */
    claim,
  };
}
