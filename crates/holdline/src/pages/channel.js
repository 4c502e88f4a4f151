// What there is of one channel: its messages, and the addresses as the server names them.

import { connect } from "/holdline.mjs";
import { appendToLog, element, find, setText, stateDisplay } from "./dom.js";

const SHOWN = 200;

async function start() {
  const response = await fetch(location.pathname, { headers: { Accept: "application/json" }, cache: "no-store" });
  const answer = await response.json();
  if (!response.ok) return refuse(answer.error.message);
  const { channel, publish, presence, transports } = answer;
  setText(find("#name"), channel);
  document.title = `${channel} · Holdline`;
  setText(find("#curl"), `curl -d hello ${location.origin}${publish}`);
  const rows = Object.entries({ publish, presence, ...transports }).map(([name, address]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, link(name, address))));
  find("#addresses").append(...rows);
  follow(channel);
}

/** A link where a browser can go. */
function link(name, address) {
  const plain = ["publish", "websocket", "jsonp", "iframe"].includes(name);
  return element(plain ? "code" : "a", plain ? {} : { href: address }, address);
}

function follow(channel) {
  const display = stateDisplay(find("#channel"), find("#state"));
  const show = (...children) => {
    find("#empty").hidden = true;
    appendToLog(find("#messages"), [element("li", {}, ...children)], SHOWN);
  };
  const connection = connect("/", { channels: channel, since: "earliest" });
  connection.on("message", ({ event, data }) => {
    show(...(event ? [element("span", { class: "event" }, event)] : []), element("span", { class: "data" }, data));
  });
  connection.on("lost", () => show(element("span", { class: "note" }, "Some messages are lost here.")));
  connection.on("state", ({ state, ...detail }) => {
    display(state, detail);
    if (detail.error && state === "closed") refuse(detail.error.message);
  });
}

function refuse(why) {
  setText(find("#refused"), `The server refuses this page: ${why}`);
  find("#refused").hidden = false;
}

start();
