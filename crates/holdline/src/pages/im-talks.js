// The rooms and the private talks: what was said in each, who is there, and what was not read yet.

import { memory } from "./dom.js";

const MOST = 500;

/** The channel of a person. */
export const inbox = (name) => `chat-to.${name}`;

/** The room of a channel; `null` if it is none. */
export const roomOf = (channel) => (channel.startsWith("chat-room.") ? channel.slice(10) : null);

/** What somebody said; `null` for data that is not of our form. */
export function parse(data) {
  try {
    const { key, from, whom, text, at } = JSON.parse(data);
    const texts = [key, from, whom, text].every((value) => typeof value === "string");
    return texts && Number.isFinite(at) ? { key, from, whom, text, at } : null;
  } catch {
    return null;
  }
}

/** To which talk something belongs that was said in this channel. */
export function talkOf(channel, { from, whom }, me) {
  const room = roomOf(channel);
  if (room !== null) return `room:${room}`;
  return channel === inbox(me) ? `to:${from === me ? whom : from}` : null;
}

/** @param changed called when something is to be shown anew */
export function createTalks(me, changed) {
  const talks = new Map();
  const read = readMarks();
  let current = null;

  function open(id) {
    if (!talks.has(id)) {
      const name = id.slice(id.indexOf(":") + 1);
      talks.set(id, { id, name, isRoom: id.startsWith("room:"), lines: [], keys: new Set(), members: null, unread: 0 });
      changed();
    }
    return talks.get(id);
  }

  const isSeen = (talk) => talk === current && document.visibilityState === "visible";

  function push(talk, line) {
    talk.lines.push(line);
    if (talk.lines.length > MOST) talk.lines.splice(0, talk.lines.length - MOST);
    talk.shown?.(line);
  }

  function mark(talk) {
    talk.unread = 0;
    const last = talk.lines.findLast(({ id }) => id);
    if (!last || read[talk.id] === last.id) return;
    read[talk.id] = last.id;
    memory.write("chat-read", JSON.stringify(read));
  }

  const talksOf = {
    all: () => [...talks.values()],
    unread: () => [...talks.values()].reduce((sum, talk) => sum + talk.unread, 0),
    open,
    close: (id) => talks.delete(id),
    /** Adds what was said, once: by its key, so that not even a server that forgot it shows it twice. */
    add(id, said, old) {
      const talk = open(id);
      const key = `${said.from} ${said.key}`;
      if (talk.keys.has(key)) return;
      talk.keys.add(key);
      push(talk, said);
      // Of the history that is unread which came after what was read last.
      if (old && said.id === read[id]) talk.unread = 0;
      else if (said.from !== me && !isSeen(talk) && (!old || read[id])) talk.unread += 1;
      if (isSeen(talk)) mark(talk);
      changed();
    },
    /** A line of our own in every room. */
    note(text) {
      for (const talk of talks.values()) push(talk, { note: text });
    },
    members(room, kind, names, tell) {
      const talk = open(`room:${room}`);
      if (kind === "members") talk.members = names && new Set(names);
      for (const name of kind === "members" ? [] : (names ?? [])) {
        const was = talk.members?.has(name);
        if (kind === "join") talk.members?.add(name);
        else talk.members?.delete(name);
        if (tell && name !== me && was === (kind === "leave")) push(talk, { note: `${name} ${kind === "join" ? "is here" : "has left"}`, quiet: true });
      }
      changed();
    },
    choose(talk) {
      current = talk;
      mark(talk);
      changed();
    },
    get current() {
      return current;
    },
  };
  document.addEventListener("visibilitychange", () => {
    if (!current || !isSeen(current)) return;
    mark(current);
    changed();
  });
  return talksOf;
}

function readMarks() {
  try {
    return JSON.parse(memory.read("chat-read")) ?? {};
  } catch {
    return {};
  }
}
