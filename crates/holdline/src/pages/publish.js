// The publish box, and the same request as a curl command.

import { publish as send } from "/holdline.mjs";
import { now, published } from "./delays.js";
import { find, setText } from "./dom.js";
import { askForToken, publishToken } from "./token.js";

const BURST = 20;

/** @param onChannel called with each channel that the reader chose; what it returns is waited for. */
export function startPublishing(onChannel) {
  const form = find("#publish-form");
  const channel = find("#publish-channel");
  const text = find("#publish-text");
  const result = find("#publish-result");
  const curl = find("#curl");
  let number = 0;

  function showCommand() {
    const data = text.value || text.placeholder;
    // With -d, a text that begins with @ would name a file.
    const option = data.startsWith("@") ? "--data-raw" : "-d";
    const name = encodeURIComponent(channel.value.trim() || "demo");
    setText(curl, `curl ${option} ${quote(data)} ${quote(`${location.origin}/channels/${name}`)}`);
  }

  /** The channel, when the field holds the name of one. By then the page follows it. */
  async function chosen() {
    channel.value = channel.value.trim();
    if (!channel.reportValidity()) return null;
    const name = channel.value;
    await onChannel(name);
    return name;
  }

  function say(words, failed = false) {
    setText(result, words);
    result.classList.toggle("failed", failed);
  }

  /** Publishes the texts one after the other; true when all were taken. */
  async function publish(texts) {
    const name = await chosen();
    if (name === null) return false;
    const start = now();
    const slow = setTimeout(say, 1_000, "Not published yet. It goes on trying.");
    try {
      let answer = null;
      for (const body of texts) {
        const time = now();
        answer = await send("/", name, body, { token: publishToken() });
        published(answer.id, time);
      }
      const what = texts.length === 1 ? "Published" : `Published ${texts.length} messages`;
      const whom = answer.receivers === 1 ? "1 receiver" : `${answer.receivers} receivers`;
      say(`${what} to ${whom} in ${Math.round(now() - start)} ms. Its id is ${answer.id}.`);
      return true;
    } catch (error) {
      if (error.status === 401) askForToken();
      const again = error.after ? ` (again in ${Math.ceil(error.after / 1_000)} s)` : "";
      say(`Not published: ${error.message}${again}`, true);
      return false;
    } finally {
      clearTimeout(slow);
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // An empty field publishes what it suggests.
    const value = text.value || text.placeholder;
    text.value = "";
    showCommand();
    if (!(await publish([value])) && text.value === "") {
      text.value = value;
      showCommand();
    }
    text.focus({ preventScroll: true });
  });
  find("#publish-burst").addEventListener("click", () => {
    const texts = Array.from({ length: BURST }, () => `burst ${(number += 1)}`);
    publish(texts);
  });
  text.addEventListener("input", showCommand);
  channel.addEventListener("input", showCommand);
  channel.addEventListener("change", chosen);
  find("#curl-copy").addEventListener("click", ({ currentTarget }) => copy(curl, currentTarget));
  showCommand();
  onChannel(channel.value);
}

/** A text as one word of a shell. */
const quote = (text) => (/^[\w./:%-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

async function copy(source, button) {
  const selection = getSelection();
  selection.selectAllChildren(source);
  let done = true;
  try {
    // Only there in a secure context; else what is selected can be copied by hand.
    await navigator.clipboard.writeText(source.textContent);
    selection.removeAllRanges();
  } catch {
    done = document.execCommand("copy");
  }
  setText(button, done ? "Copied" : "Selected");
  setTimeout(setText, 1500, button, "Copy");
}
