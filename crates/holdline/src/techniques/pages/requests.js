// The requests of a technique, as a list and for the timeline: each begins, is
// held for a while, and is answered or cut.

import { find } from "/assets/dom.js";

/** Requests that are listed and drawn. */
const MOST = 200;
/** After so many ms without an answer a request is called held. */
const HELD = 150;
const WORDS = { begun: "begun", held: "held", news: "answered", nothing: "answered, nothing new", cut: "cut" };

export const requests = [];
const list = find("#requests");
let count = 0;

/** Puts down a request that begins now. */
export function begin(name) {
  count += 1;
  const item = document.createElement("li");
  item.append(...[`#${count}`, "", ""].map((text) => {
    const part = document.createElement("span");
    part.textContent = text;
    return part;
  }));
  const request = { number: count, name, item, from: performance.now(), to: null, state: "begun", marks: [] };
  requests.push(request);
  list.append(item);
  while (requests.length > MOST) requests.shift().item.remove();
  list.scrollTop = list.scrollHeight;
  show(request);
  setTimeout(() => {
    if (request.state === "begun") {
      request.state = "held";
      show(request);
    }
  }, HELD);
  return request;
}

/** A message came in it. */
export function mark(request) {
  request.marks.push(performance.now());
  if (request.to === null) show(request);
}

/** It is over: with "news", "nothing", or "cut", and perhaps why. Returns whether it was not before. */
export function end(request, state, why = "") {
  if (request.to !== null) return false;
  Object.assign(request, { to: performance.now(), state, why });
  show(request);
  return true;
}

/** Whatever is open is cut. */
export function cutAll(why) {
  return requests.filter((request) => end(request, "cut", why)).length;
}

function show(request) {
  const { item, name, state, marks, why, from, to } = request;
  item.dataset.state = state;
  const news = marks.length ? `, ${marks.length} message${marks.length > 1 ? "s" : ""}` : "";
  const [, words, time] = item.children;
  words.textContent = `${name}: ${WORDS[state]}${news}${why ? ` (${why})` : ""}`;
  time.textContent = to === null ? "" : duration(to - from);
}

function duration(time) {
  return time < 999.5 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`;
}
