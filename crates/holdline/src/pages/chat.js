// The chat: the channel `chat` with its history.

import { appendToLog, element, find, memory, setText, stateDisplay } from "./dom.js";
import { FREE, createSubscription } from "./subscription.js";
import { askForToken } from "./token.js";

const SHOWN = 200;

export function startChat() {
  const form = find("#chat-form");
  const name = find("#chat-name");
  const text = find("#chat-text");
  const log = find("#chat-log");
  const note = find("#chat-note");
  const display = stateDisplay(find("#chat"), find("#chat-status"));
  const empty = find("#chat-empty");
  const subscription = createSubscription({ channels: "chat", since: "earliest", transport: FREE }, {
    state: display,
    message: (message) => show(line(message.data, name.value)),
    lost: () => show(element("li", { class: "note" }, "Some messages are no longer kept by the server.")),
  });

  function show(item) {
    empty.hidden = true;
    appendToLog(log, [item], SHOWN);
  }

  name.value = memory.read("chat-name") ?? `guest-${Math.floor(1000 + Math.random() * 9000)}`;
  name.addEventListener("change", () => memory.write("chat-name", name.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = text.value.trim();
    if (value === "") return text.focus();
    const message = { name: name.value.trim() || "anonymous", text: value, at: Date.now() };
    send(JSON.stringify(message));
    text.value = "";
    log.scrollTop = log.scrollHeight;
    text.focus({ preventScroll: true });
  });

  async function send(message) {
    const slow = setTimeout(setText, 1_000, note, "Not sent yet: there is no connection. It goes on trying.");
    try {
      await subscription.publish("chat", message);
      setText(note, "");
    } catch (error) {
      if (error.status === 401) askForToken();
      setText(note, error.status === 401 ? "Not taken: publishing needs a token here. Enter it at the top of the page."
        : `Not sent: ${error.message}`);
    }
    clearTimeout(slow);
  }

  subscription.start();
}

/** A line of the log; data that is not of our form is shown as it came. */
function line(data, me) {
  const message = parse(data);
  if (!message) return element("li", {}, element("span", { class: "said" }, data));
  const item = element("li", {}, element("b", { class: "who" }, message.name));
  if (message.name === me) item.className = "mine";
  const time = new Date(message.at);
  if (!Number.isNaN(time.getTime())) {
    const clock = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    item.append(element("time", { datetime: time.toISOString(), title: time.toLocaleString() }, clock));
  }
  item.append(element("span", { class: "said" }, message.text));
  return item;
}

function parse(data) {
  try {
    const { name, text, at } = JSON.parse(data);
    return typeof name === "string" && typeof text === "string" ? { name, text, at } : null;
  } catch {
    return null;
  }
}
