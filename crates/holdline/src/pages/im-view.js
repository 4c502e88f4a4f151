// What the chat shows.

import { appendToLog, element, find, setText, stateDisplay } from "./dom.js";

const SHOWN = 500;

/** @param act what the reader does: `choose`, `say`, `again`, `discard`, `join`, `leaveRoom` */
export function createView(me, talks, act) {
  const log = find("#messages");
  const text = find("#text");
  const note = find("#line-note");
  const display = stateDisplay(find("#talk"), find("#state"));
  let items = [];
  let open = false;
  let away = false;
  let timer = 0;
  let unseen = false;
  let scheduled = 0;

  function line(said) {
    if (said.note) return element("li", { class: said.quiet ? "note quiet" : "note" }, said.note);
    const time = new Date(said.at);
    const clock = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    return element("li", said.from === me ? { class: "mine" } : {},
      element("b", { class: "who" }, said.from),
      element("time", { datetime: time.toISOString(), title: time.toLocaleString() }, clock),
      element("span", { class: "said" }, said.text));
  }

  function show(talk) {
    if (talks.current) talks.current.shown = null;
    log.replaceChildren();
    appendToLog(log, talk.lines.map(line), SHOWN);
    log.scrollTop = log.scrollHeight;
    talk.shown = (said) => {
      appendToLog(log, [line(said)], SHOWN);
      find("#empty").hidden = true;
    };
    find("#empty").hidden = talk.lines.length > 0;
    setText(find("#talk-title"), talk.isRoom ? talk.name : `To ${talk.name} alone`);
    talks.choose(talk);
    showWaiting();
  }

  /** Many messages at once are shown once. */
  function refresh() {
    scheduled ||= setTimeout(() => {
      scheduled = 0;
      for (const [list, isRoom] of [["#rooms", true], ["#private", false]]) {
        const wanted = talks.all().filter((talk) => talk.isRoom === isRoom);
        replace(find(list), wanted.map(entry));
      }
      find("#private").hidden = !find("#private").childElementCount;
      showMembers();
      const unread = talks.unread();
      document.title = `${unread ? `(${unread}) ` : ""}Chat · Holdline`;
    }, 30);
  }

  function entry(talk) {
    const button = element("button", { type: "button", "data-talk": talk.id }, element("span", { class: "name" }, talk.name));
    if (talk === talks.current) button.setAttribute("aria-current", "true");
    if (talk.unread) button.append(element("span", { class: "unread", "aria-label": `${talk.unread} unread` }, String(talk.unread)));
    button.addEventListener("click", () => {
      act.choose(talk.id);
      text.focus({ preventScroll: true });
    });
    const item = element("li", {}, button);
    if (talk.isRoom && talk === talks.current && talks.all().filter(({ isRoom }) => isRoom).length > 1) {
      const leave = element("button", { type: "button", class: "quiet", "aria-label": `Leave ${talk.name}` }, "×");
      leave.addEventListener("click", () => act.leaveRoom(talk.name));
      item.append(leave);
    }
    return item;
  }

  function showMembers() {
    // In a private talk it is whether that person is anywhere.
    const { current } = talks;
    const rooms = talks.all().filter(({ isRoom, members }) => isRoom && members);
    const all = new Set(rooms.flatMap(({ members }) => [...members]));
    const names = current?.isRoom ? current.members : all;
    const talkNote = find("#talk-note");
    talkNote.hidden = !current || current.isRoom || all.has(current.name);
    if (current) setText(talkNote, `${current.name} is not here now, and will find it here while the server keeps it.`);
    if (unseen || !names) {
      setText(find("#count"), "");
      return setText(find("#members-note"), unseen ? "Your token does not let you see who is here." : open ? "Too many to list." : "Not known without a connection.");
    }
    setText(find("#count"), `(${names.size})`);
    setText(find("#members-note"), "Click a name to write to that person alone.");
    const list = [...names].sort((a, b) => a.localeCompare(b)).map((name) => {
      if (name === me) return element("li", { "data-name": name }, element("span", {}, `${name} (you)`));
      const button = element("button", { type: "button", class: "quiet", "aria-label": `Write to ${name} alone` }, name);
      button.addEventListener("click", () => {
        act.choose(`to:${name}`);
        text.focus({ preventScroll: true });
      });
      return element("li", { "data-name": name }, button);
    });
    replace(find("#members"), list);
  }

  function showWaiting() {
    const here = items.filter(({ talk }) => talk === talks.current?.id);
    find("#waiting").replaceChildren(...here.map((item) => {
      const row = element("li", { "data-key": item.key }, element("span", { class: "said" }, item.text), element("span", { class: "hint" }, item.state));
      if (!item.failed) return row;
      for (const [words, what] of [["Send again", act.again], ["Discard", act.discard]]) {
        const button = element("button", { type: "button", class: "quiet" }, words);
        button.addEventListener("click", () => what(item.key));
        row.append(button);
      }
      return row;
    }));
  }

  /** Said once when the connection goes, and once when it is back. */
  function tell(words, time) {
    clearTimeout(timer);
    setText(note, words);
    note.hidden = false;
    if (time) timer = setTimeout(() => (note.hidden = true), time);
  }

  find("#say").addEventListener("submit", (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (!words) return text.focus();
    act.say(talks.current.id, words);
    text.value = "";
    log.scrollTop = log.scrollHeight;
    text.focus({ preventScroll: true });
  });
  find("#room-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const room = find("#room-name");
    if (room.value.trim()) act.join(room.value.trim());
    room.value = "";
  });

  return {
    show,
    refresh,
    state(state, detail) {
      display(state, detail);
      open = state === "open";
      if (open && away) tell("The connection is back.", 4_000);
      if (open) away = false;
      if (state === "retrying" && !away) {
        away = true;
        const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
        const said = detail.error?.message ?? "no connection";
        const why = said === "no connection" ? "" : ` (${said})`;
        tell(`No connection since ${time}${why}. What you write stays here, and is sent when it is back.`);
      }
      refresh();
    },
    waiting(list) {
      items = list;
      showWaiting();
    },
    privacy(isPrivate) {
      find("#private-group").dataset.private = isPrivate;
      setText(find("#privacy"), isPrivate === null ? "It is not known whether this is private: nobody answered." : isPrivate
        ? "Only who has a token for your name can read what is written to you. Who wrote it, nothing proves."
        : "Not private here: this server gives no tokens, so anybody can read this, and write in any name.");
    },
    membersUnseen() {
      unseen = true;
      refresh();
    },
  };
}

/** Puts the new children in, if something differs, and leaves the focus where it was. */
function replace(list, children) {
  if (children.map((child) => child.outerHTML).join() === [...list.children].map((child) => child.outerHTML).join()) return;
  const focused = list.contains(document.activeElement) ? [...list.querySelectorAll("button")].indexOf(document.activeElement) : -1;
  list.replaceChildren(...children);
  list.querySelectorAll("button")[focused]?.focus({ preventScroll: true });
}
