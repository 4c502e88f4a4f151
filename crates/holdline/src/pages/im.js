// Chat: rooms, people and private messages. What is said goes through im-line.js, what waits to be
// sent through im-outbox.js, and im-view.js shows it.

import { find, memory, setText } from "./dom.js";
import { createLine } from "./im-line.js";
import { isPrivate, whoIs } from "./im-login.js";
import { createOutbox } from "./im-outbox.js";
import { createTalks, inbox, parse, roomOf, talkOf } from "./im-talks.js";
import { createView } from "./im-view.js";

const FIRST_ROOM = "lobby";
/** Who comes so soon (ms) after the connection was there before. */
const SETTLING = 5_000;

function start(me) {
  const rooms = readRooms();
  const talks = createTalks(me.name, () => view.refresh());
  const view = createView(me.name, talks, {
    choose: (id) => view.show(talks.open(id)),
    say: (talk, text) => outbox.add(talk, text),
    again: (key) => outbox.again(key),
    discard: (key) => outbox.discard(key),
    join,
    leaveRoom,
  });
  let openedAt = 0;

  const line = createLine(me, {
    state(state, detail) {
      if (state === "open") {
        openedAt = Date.now();
        // Asked each time: the server may have been started again with other options.
        isPrivate(inbox(me.name)).then(view.privacy);
      }
      view.state(state, detail);
      outbox.ready(state === "open");
    },
    history: (message) => take(message, true),
    message: (message) => take(message, false),
    lost() {
      talks.note("The server could not keep everything, or was started again: messages may be missing here.");
    },
    members(kind, { channel, names }) {
      const room = roomOf(channel);
      if (room === null) return;
      talks.members(room, kind, names, Date.now() - openedAt > SETTLING);
    },
    unseen: () => view.membersUnseen(),
  });

  const outbox = createOutbox(me, {
    cursor: () => line.cursor,
    changed: (items) => view.waiting(items),
  });

  function take(message, old) {
    const said = parse(message.data);
    if (!said) return;
    outbox.seen(said.key, message.channel);
    const id = talkOf(message.channel, said, me.name);
    if (id !== null) talks.add(id, { ...said, id: message.id }, old);
  }

  const follow = () => line.follow([...rooms.map((room) => `chat-room.${room}`), inbox(me.name)]);

  function join(room) {
    if (!rooms.includes(room)) {
      rooms.push(room);
      memory.write("chat-rooms", JSON.stringify(rooms));
      follow();
    }
    view.show(talks.open(`room:${room}`));
  }

  function leaveRoom(room) {
    rooms.splice(rooms.indexOf(room), 1);
    memory.write("chat-rooms", JSON.stringify(rooms));
    talks.close(`room:${room}`);
    follow();
    view.show(talks.open(`room:${rooms[0] ?? FIRST_ROOM}`));
    if (!rooms.length) join(FIRST_ROOM);
  }

  for (const room of rooms) talks.open(`room:${room}`);
  view.show(talks.open(`room:${rooms[0]}`));
  follow();
  outbox.start();
}

function readRooms() {
  try {
    const rooms = JSON.parse(memory.read("chat-rooms"));
    if (Array.isArray(rooms) && rooms.length && rooms.every((room) => typeof room === "string")) return rooms.slice(0, 30);
  } catch {
    // Then it begins as for a newcomer.
  }
  return [FIRST_ROOM];
}

whoIs().then((me) => {
  find("#login").hidden = true;
  find("#im").hidden = false;
  find("#me").hidden = false;
  setText(find("#me-name"), me.name);
  start(me);
});
