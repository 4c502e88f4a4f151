// Publishing, by POST whatever the transport is.

/** Publishes once, however often that must be tried: by the key the server knows that it is the same. */
async function publish(url, channel, data, options = {}) {
  const { event, token, credentials, signal, key = randomKey() } = options;
  if (typeof data !== "string") throw new TypeError("what is published is a string");
  if (signal?.aborted) throw failure("closed", { code: "closed" });
  const address = new URL(`channels/${encodeURIComponent(channel)}`, baseOf(url));
  if (event !== undefined) address.searchParams.set("event", event);
  const headers = { "Idempotency-Key": key };
  const left = countdown(PUBLISHING);
  let renewed = false;
  let unknown = false;
  let error = failure("there was no time");
  for (let tries = 0; ; tries += 1) {
    try {
      const shown = typeof token === "function" ? await token(renewed) : token;
      // The page may have slept, and the server have forgotten the key.
      if (left() <= 0) break;
      if (shown) headers.Authorization = `Bearer ${shown}`;
      const init = { method: "POST", body: data, headers, credentials };
      const [response, text] = await request(address, init, Math.min(ONE_TRY, left()), signal);
      if (response.ok) return JSON.parse(text);
      error = refusal(response.status, response.headers.get("Retry-After"), text);
    } catch (thrown) {
      error = thrown;
    }
    // The token may have run out meanwhile.
    const renew = error.status === 401 && typeof token === "function" && !renewed;
    if (error.status && !error.passing && !renew) {
      if (WRONG.includes(error.status)) throw error;
      // An attempt before this one may have been taken.
      break;
    }
    renewed = renew;
    // Who is too fast is told so before anything is done.
    unknown ||= error.status !== 429 && !renew;
    const delay = renew ? 0 : backOff(tries) + (error.after || 0);
    if (signal?.aborted || delay > left()) break;
    await pause(delay, signal, error.after > 0);
  }
  if (!unknown) throw error;
  const message = `it is not known whether this was published: ${error.message}`;
  throw failure(message, { code: "unknown_outcome", cause: error });
}

/** One request, with a limit for the whole of it. */
async function request(url, init, time, signal) {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const timer = setTimeout(stop, time);
  signal?.addEventListener("abort", stop);
  try {
    const response = await fetch(url, { ...init, signal: controller.signal });
    return [response, await response.text()];
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Waits; without a time that the server has `set`, not on after the network or the server is back. */
function pause(time, signal, set) {
  return new Promise((wake) => {
    const done = () => {
      clearTimeout(timer);
      sleepers.delete(done);
      signal?.removeEventListener("abort", done);
      wake();
    };
    const timer = setTimeout(done, time);
    if (!set) sleepers.add(done);
    signal?.addEventListener("abort", done);
  });
}

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
