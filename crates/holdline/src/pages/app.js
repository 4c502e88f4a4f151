// The page of Holdline: puts the parts together.

import { startBox } from "./box.js";
import { startChat } from "./chat.js";
import { find } from "./dom.js";
import { readHistory } from "./history.js";
import { createPanel } from "./panels.js";
import { startPresence } from "./presence.js";
import { startPublishing } from "./publish.js";
import { createTabLease } from "./tabs.js";
import { startTracker } from "./tracker.js";

const CUT = 5_000;

const TRANSPORTS = [
  { transport: "poll", title: "Polling", how: "A request every 2 s, answered at once." },
  { transport: "long-poll", held: true, title: "Long polling", how: "A request that waits for the next message." },
  { transport: "jsonp", held: true, title: "JSONP", how: "A long poll whose answer is a script." },
  { transport: "xhr-stream", held: true, title: "XHR streaming", how: "One response without end, a line per message." },
  { transport: "iframe", held: true, title: "Iframe streaming", how: "A page without end, a script per message." },
  { transport: "sse", held: true, title: "Server-sent events", how: "An event stream. It carries the moving box, too.", companions: ["box"] },
  { transport: "websocket", title: "WebSocket", how: "Both ways, a frame per message." },
];

function start() {
  const box = startBox();
  const takeOver = () => lease.claim();
  const panels = TRANSPORTS.map((info) => createPanel(info, takeOver, info.transport === "sse" ? box : {}));
  box.connect(panels.find(({ section }) => section.dataset.transport === "sse"));
  find("#panels").prepend(...panels.map(({ section }) => section));

  let channel = "";
  let following = null;
  startPublishing((name) => {
    if (name === channel) return following;
    channel = name;
    find("#channel-name").textContent = name;
    following = readHistory(name).then((history) => {
      if (name === channel) for (const panel of panels) panel.follow(name, history);
    });
    return following;
  });
  startChat();
  startTracker();
  startPresence(() => channel);

  const allow = (on) => {
    find("#elsewhere").hidden = on;
    find("#panels").dataset.holding = on;
    for (const panel of panels) if (panel.held) panel.allow(on);
  };
  const lease = createTabLease({ hold: () => allow(true), yield: () => allow(false) });
  lease.start();
  find("#take-over").addEventListener("click", takeOver);
  find("#cut-all").addEventListener("click", () => panels.forEach((panel) => panel.cut(CUT)));
}

// An endless frame that begins before the page is loaded would keep the page
// from ever being loaded.
if (document.readyState === "complete") setTimeout(start);
else addEventListener("load", () => setTimeout(start));
