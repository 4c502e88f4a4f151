// How long a message took from publishing to here.
//
// A message is free text and carries no time. But the answer to a POST tells
// its id, so the page remembers when it sent which id. The message may arrive
// before that answer does: then the arrival waits for it.

const KEPT = 2_000;

const sent = new Map();
const waiting = new Map();
const otherTabs = new BroadcastChannel("holdline.published");

/** Now, in ms, on a clock that all tabs share. */
export const now = () => performance.timeOrigin + performance.now();

/** This page published `id` at `time`. */
export function published(id, time) {
  learn(id, time);
  otherTabs.postMessage({ id, time });
}

/** Calls `tell(delay)` as soon as it is known when `id` was published, if ever. */
export function arrived(id, tell) {
  const time = now();
  if (sent.has(id)) return tell(time - sent.get(id));
  const list = waiting.get(id) ?? [];
  list.push((since) => tell(time - since));
  waiting.set(id, list);
  forget(waiting);
}

function learn(id, time) {
  sent.set(id, time);
  forget(sent);
  for (const tell of waiting.get(id) ?? []) tell(time);
  waiting.delete(id);
}

function forget(map) {
  if (map.size > KEPT) map.delete(map.keys().next().value);
}

otherTabs.addEventListener("message", ({ data }) => learn(data.id, data.time));
