// Notices that a stream has gone silent. The server's heartbeats come every 15
// seconds unless it is told otherwise, so a longer silence is most likely a
// connection that died without a word.

/** In ms. A server with rarer heartbeats only costs a reconnect now and then. */
const SILENCE = 40_000;
const LOOK = 2_000;

/**
 * @param measure gives a value that differs after anything came in
 * @param silent called once when the value stayed the same for too long
 */
export function watchSilence(measure, silent) {
  let value = measure();
  let since = performance.now();
  const timer = setInterval(() => {
    const now = measure();
    if (now !== value) {
      value = now;
      since = performance.now();
    } else if (performance.now() - since > SILENCE) {
      clearInterval(timer);
      silent();
    }
  }, LOOK);
  return { stop: () => clearInterval(timer) };
}
