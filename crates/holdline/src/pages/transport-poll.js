// Polling and long polling: one request after the other, each an ordinary
// answer of JSON.

/** Time between two polls, in ms. */
const PAUSE = 2_000;
/** How long the server may hold a long poll, in seconds. */
export const WAIT = 25;
/** An answer of this many bytes may have been cut short: ask again at once. */
const FULL_ANSWER = 16_000;
/** A held request that outlives its wait by this much (ms) is given up. */
export const PATIENCE = 15_000;

const decoder = new TextDecoder();

export const poll = {
  name: "poll",
  held: false,
  connect: (link) => loop(link, async (signal) => {
    const { answer, size } = await ask(link, link.url("poll"), 0, signal);
    link.opened();
    link.answer(answer);
    if (size < FULL_ANSWER) await sleep(PAUSE, signal);
  }),
};

export const longPoll = {
  name: "long-poll",
  held: true,
  connect(link) {
    // The first request does not wait: it shows that the line works, and tells
    // the cursor from which the held ones go on.
    let wait = 0;
    return loop(link, async (signal) => {
      const began = performance.now();
      const { answer } = await ask(link, link.url("long-poll", { wait }), wait, signal);
      link.opened();
      link.answer(answer);
      const early = answer.messages.length === 0 && performance.now() - began < 250;
      if (early && wait > 0) await sleep(250, signal);
      wait = WAIT;
    });
  },
};

/** One request for a poll answer; also used to learn the present position. */
export async function ask(link, url, wait, signal) {
  const timeout = AbortSignal.timeout(wait * 1000 + PATIENCE);
  link.request();
  const response = await fetch(url, { cache: "no-store", signal: AbortSignal.any([signal, timeout]) });
  const body = await response.arrayBuffer();
  link.answered();
  link.bytes(body.byteLength);
  const text = decoder.decode(body);
  if (!response.ok) throw new Error(explain(response.status, text));
  return { answer: checked(JSON.parse(text)), size: body.byteLength };
}

/** The answer, when it has the form of one. */
export function checked(answer) {
  if (typeof answer?.cursor !== "string" || !Array.isArray(answer.messages)) {
    throw new Error("an answer that is none");
  }
  return answer;
}

/** What the server says about a refused request. */
export function explain(status, text) {
  try {
    return `${status}: ${JSON.parse(text).error.message}`;
  } catch {
    return `status ${status}`;
  }
}

function loop(link, turn) {
  const controller = new AbortController();
  (async () => {
    try {
      while (!controller.signal.aborted) await turn(controller.signal);
    } catch (error) {
      link.failed(error.name === "TypeError" ? "no connection" : error.message);
    }
  })();
  return { close: () => controller.abort() };
}

function sleep(time, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
