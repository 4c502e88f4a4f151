// A request, an event stream and a WebSocket, and what the server saw of them on their sockets. What it saw comes over
// another event stream, which is not shown.

import { element, find, setText } from "./dom.js";

const PATH = "/illustrated/live/";
const state = find("#state");
const again = find("#again");
const controls = ["#ask", "#cut", "#send", "#close", "#text"].map((selector) => find(selector));

let watch;
let stream;
let socket;
let mirror = "";

function show(name, words) {
  state.dataset.state = name;
  setText(find("#words"), words);
}

function enable(isOn) {
  for (const control of controls) control.disabled = !isOn;
}

const url = (part, more = "") => `${PATH}${part}?mirror=${mirror}${more}`;

/** Rows that the server has written. Only text of theirs was ever anybody's. */
function rows(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return [...parsed.body.children].map((row) => document.adoptNode(row));
}

/** Where a part is shown. */
const place = (part) => find(`#${part} > .x`);

/** Shows more of a request, below a line of its own if that is its beginning. */
function append({ part, number, html }) {
  const list = place(part);
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const isFirst = list.childElementCount === 0;
  if (list.dataset.number !== String(number)) {
    const count = Number(list.dataset.count ?? 0) + 1;
    Object.assign(list.dataset, { number, count });
    list.append(element("p", { class: "x-next" }, `request ${count}`));
  }
  list.append(...rows(html));
  // The beginning of the first one is what is read first.
  if (atEnd && !isFirst && list.dataset.count > 1) list.scrollTop = list.scrollHeight;
}

function ask(more) {
  fetch(url("request", more), { cache: "no-store" }).catch(() => {});
}

const listen = () => (stream = new EventSource(url("stream")));

function open() {
  if (!document.hidden) listen();
  socket = new WebSocket(location.origin.replace(/^http/, "ws") + url("websocket"));
  socket.addEventListener("open", () => socket.send(find("#text").value || "Hello"));
  socket.addEventListener("close", () => {
    for (const selector of ["#send", "#close", "#text"]) find(selector).disabled = true;
  });
  ask("");
}

function leave() {
  stream?.close();
  socket?.close(1000);
  stream = undefined;
  socket = undefined;
  enable(false);
}

function clear() {
  for (const part of ["request", "stream", "websocket"]) {
    const list = place(part);
    list.replaceChildren();
    for (const key of Object.keys(list.dataset)) delete list.dataset[key];
  }
}

function begin() {
  leave();
  again.hidden = true;
  show("connecting", "connecting");
  watch = new EventSource(`${PATH}watch`);
  watch.addEventListener("begin", (event) => {
    const told = JSON.parse(event.data);
    mirror = told.mirror;
    clear();
    find("#proxy").hidden = !told.proxied && location.protocol === "http:";
    show("open", `looking, for up to ${Math.round(told.seconds / 60)} minutes and ${told.bytes >> 10} KiB`);
    enable(true);
    open();
  });
  watch.addEventListener("bytes", (event) => append(JSON.parse(event.data)));
  watch.addEventListener("closed", (event) => {
    const { part, number } = JSON.parse(event.data);
    place(part).dataset.closed = number;
  });
  watch.addEventListener("full", (event) => show("open", JSON.parse(event.data).why));
  watch.addEventListener("over", (event) => end(JSON.parse(event.data).why));
  watch.addEventListener("error", () => {
    if (watch.readyState === EventSource.CLOSED) return end("the server does not show this here");
    // The browser comes back by itself, and everything begins anew.
    leave();
    show("retrying", "not connected; trying again");
  });
}

function end(why) {
  watch.close();
  leave();
  show("closed", `over: ${why}`);
  again.hidden = false;
}

find("#ask").addEventListener("click", () => ask(""));
find("#cut").addEventListener("click", () => ask("&cut"));
find("#close").addEventListener("click", () => socket?.close(1000, "bye"));
find("#say").addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket?.readyState === WebSocket.OPEN) socket.send(find("#text").value);
});
again.addEventListener("click", begin);
addEventListener("pagehide", leave);
// A browser has six connections to a server over HTTP/1.1, for all its tabs.
addEventListener("visibilitychange", () => {
  if (find("#ask").disabled) return;
  stream?.close();
  if (!document.hidden) listen();
});
begin();
