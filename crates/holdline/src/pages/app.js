// The page of Holdline: puts the parts together.

import { startBox } from "./box.js";
import { startChat } from "./chat.js";
import { find } from "./dom.js";
import { createPanel } from "./panels.js";
import { startPresence } from "./presence.js";
import { startPublishing } from "./publish.js";
import { createTabLease } from "./tabs.js";
import { startTracker } from "./tracker.js";

const CUT = 5_000;

const TRANSPORTS = [
  { transport: "poll", title: "Polling", how: "A request every 2 s, answered at once.",
    cost: "Counted: the bodies of all answers." },
  { transport: "long-poll", held: true, title: "Long polling", how: "A request that waits for the next message.",
    cost: "Counted: the bodies of all answers." },
  { transport: "jsonp", held: true, title: "JSONP", how: "A long poll whose answer is a script.",
    cost: "Counted: the JSON inside each script." },
  { transport: "xhr-stream", held: true, title: "XHR streaming", how: "One response without end, a line per message.",
    cost: "Counted: the text of the response, padding and heartbeats included." },
  { transport: "iframe", held: true, title: "Iframe streaming", how: "A page without end, a script per message.",
    cost: "Counted: the JSON inside each script." },
  { transport: "sse", held: true, title: "Server-sent events", how: "An event stream. It carries the moving box, too.",
    cost: "Counted: the text of the response, heartbeats included.", companions: ["box"] },
  { transport: "websocket", title: "WebSocket", how: "Both ways, a frame per message.",
    cost: "Counted: the payload of each message. The browser does not show what the wire adds." },
];

function start() {
  const box = startBox();
  const takeOver = () => lease.claim();
  const panels = TRANSPORTS.map((info) => createPanel(info, takeOver, info.transport === "sse" ? box : {}));
  box.connect(panels.find(({ section }) => section.dataset.transport === "sse"));
  find("#panels").prepend(...panels.map(({ section }) => section));

  let channel = "demo";
  startPublishing((name) => {
    channel = name;
    find("#channel-name").textContent = name;
    for (const panel of panels) panel.follow(name);
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
