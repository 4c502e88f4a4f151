// What all parts use.

/** What `auto` tries, one after the other. */
const LADDER = ["websocket", "sse", "fetch-stream", "long-poll"];
const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
/** A connection that lived so long (ms) was good: the back-off starts anew. */
const STEADY = 3_000;
/** One that was cut before this is a strike against its transport; so many, and another is taken. */
const YOUNG = 15_000;
const STRIKES = 3;
const LONGEST_CLIMB = 600_000;
/** How long publishing is tried, and one request of it. The server knows a key for two minutes. */
const PUBLISHING = 90_000;
const ONE_TRY = 30_000;
/** What is wrong with the request itself, however often it is sent. */
const WRONG = [400, 413, 415, 422];
/** Seconds that a request is held at most: many proxies cut after 30. */
const LONGEST_WAIT = 20;
const POLL_PAUSE = 2_000;
/** An answer to a poll of this size may have been cut short: there is more. */
const FULL_ANSWER = 16_000;

const everyone = new Set();
/** Those who wait before they publish again. */
const sleepers = new Set();

const now = () => performance.now();
/** Tells how many ms are left of this time. While a machine sleeps, one of its clocks may stand still. */
function countdown(time) {
  const [steady, wall] = [now(), Date.now()];
  return () => time - Math.max(now() - steady, Date.now() - wall);
}
const backOff = (failures) => Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** failures) * (0.5 + Math.random() / 2);
const failure = (message, more) => Object.assign(new Error(message), more);
const textSize = (text) => new TextEncoder().encode(text).length;

/** The address below which the server's paths are. */
function baseOf(url) {
  const base = new URL(url, globalThis.location?.href);
  base.search = base.hash = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base;
}

/** What the server, or a proxy, says about a request that it refuses. */
function refusal(status, after, text) {
  let said;
  try {
    said = JSON.parse(text).error;
  } catch {
    // It was not our server that answered.
  }
  const passing = status >= 500 || [408, 409, 425, 429].includes(status);
  return failure(said?.message ?? `the answer was ${status}`, {
    status,
    code: said?.code,
    passing,
    // A proxy may answer 404 or 405 to what it does not know.
    final: !passing && (!!said || [400, 401, 403].includes(status)),
    after: Number(after) * 1_000 || undefined,
  });
}
