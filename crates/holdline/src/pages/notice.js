// Says, for the whole page, that the server is gone and that it is back; and for those who do not see
// the panels, how many of them are open, when that has settled.

import { find, setText } from "./dom.js";

const CUT = 7_000;
/** How long (ms) nothing may be open before it is said, and how long a number must stay the same. */
const GONE = 1_500;
const SETTLED = 2_500;

let goneTimer = 0;
let settledTimer = 0;
let since = 0;
/** Cutting all panels is nothing to be told of. */
let muted = 0;

function look() {
  const panels = [...document.querySelectorAll("section[data-transport]")].map(({ dataset }) => dataset);
  const open = panels.filter(({ state }) => state === "open");
  const all = panels.map(({ state }) => state);
  // An endless frame is the last to notice that nothing comes any more.
  const lives = open.some(({ transport }) => transport !== "iframe");
  const trying = all.includes("retrying") || (since > 0 && all.includes("connecting"));
  if (lives || !trying || performance.now() < muted) {
    clearTimeout(goneTimer);
    goneTimer = 0;
    since = 0;
    find("#server-gone").hidden = true;
  } else {
    since ||= Date.now();
    goneTimer ||= setTimeout(tell, GONE);
  }
  clearTimeout(settledTimer);
  settledTimer = setTimeout(() => setText(find("#summary"), `${open.length} of ${all.length} transports are open.`), SETTLED);
}

function tell() {
  const time = new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  setText(find("#server-gone"), `No connection since ${time}. The server is gone, or the network. All panels go on trying.`);
  find("#server-gone").hidden = false;
}

find("#cut-all").addEventListener("click", () => (muted = performance.now() + CUT), { capture: true });
new MutationObserver((changes) => {
  if (changes.some(({ target }) => target.matches?.("section[data-transport]"))) look();
}).observe(find("#panels"), { attributes: true, attributeFilter: ["data-state"], subtree: true });
