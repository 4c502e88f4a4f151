// Who is on the channel, by transport: asked for now and then, while the page
// is seen.

import { element, find, setText } from "./dom.js";

const PAUSE = 4_000;

/** @param channel a function that gives the present channel */
export function startPresence(channel) {
  let timer = 0;
  let asking = false;

  async function ask() {
    clearTimeout(timer);
    if (document.visibilityState !== "visible" || asking) return;
    asking = true;
    try {
      const response = await fetch(`/channels/${encodeURIComponent(channel())}/presence`, { cache: "no-store" });
      if (response.ok) show(await response.json());
    } catch {
      show({ subscribers: null, by_transport: {} });
    }
    asking = false;
    timer = setTimeout(ask, PAUSE);
  }

  document.addEventListener("visibilitychange", ask);
  ask();
}

function show({ subscribers, by_transport: byTransport = {} }) {
  setText(find("#presence-total"), subscribers ?? "–");
  setText(find("#presence-noun"), subscribers === 1 ? "subscriber" : "subscribers");
  const items = Object.entries(byTransport)
    .filter(([, number]) => number > 0)
    .map(([name, number]) => element("div", {}, element("dt", {}, name), element("dd", {}, String(number))));
  find("#presence-list").replaceChildren(...items);
}
