// Who one is: a name, or a token that says it.

import { find, memory, setText } from "./dom.js";

const TOKEN = "holdline.chat-token";
const ENTERED = "holdline.chat-entered";

/** Waits for a name, and for a token where the server needs one. */
export async function whoIs() {
  const name = find("#name");
  const token = find("#token");
  // Another tab may be somebody else.
  name.value = session(ENTERED) ?? memory.read("chat-name") ?? "";
  find("#leave").addEventListener("click", () => {
    for (const key of [TOKEN, ENTERED]) session(key, null);
    location.reload();
  });
  const tokens = (await isPrivate("chat-to."));
  find("#token-field").hidden = !tokens;
  find("#name-field").hidden = tokens === true;
  name.required = !tokens;
  token.required = tokens === true;
  if (tokens) setText(find("#login-note"), "This server lets nobody in without a token.");
  token.value = session(TOKEN) ?? "";
  const entered = () => me(tokens, name.value.trim(), token.value.trim());
  if (session(ENTERED) && entered()) return entered();
  name.focus();
  return new Promise((enter) => {
    find("#login-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const who = entered();
      if (!who) return setText(find("#login-note"), "This token says no name (`sub`). Ask for one that does.");
      if (!tokens) memory.write("chat-name", who.name);
      session(TOKEN, who.token);
      session(ENTERED, who.name);
      enter(who);
    });
  });
}

/** Comes back to the question, and says why. */
export function askAgain(why) {
  session(ENTERED, null);
  find("#im").hidden = true;
  find("#me").hidden = true;
  find("#login").hidden = false;
  setText(find("#login-note"), `${why} Enter again.`);
  find("#login-form").addEventListener("submit", () => setTimeout(() => location.reload()));
}

/** Whether nobody reads this channel without a token: asked as anybody could. `null` when there is no answer. */
export async function isPrivate(channel) {
  try {
    const response = await fetch(`/channels/${encodeURIComponent(channel)}/poll`, { credentials: "omit", cache: "no-store" });
    return [401, 403].includes(response.status) || (response.ok ? false : null);
  } catch {
    return null;
  }
}

function me(tokens, name, token) {
  if (!tokens) return name ? { name, token: "" } : null;
  const said = subject(token);
  return said ? { name: said, token } : null;
}

/** The name in a token. Only the server can tell whether the token is good. */
function subject(token) {
  try {
    const bytes = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    const { sub } = JSON.parse(text);
    return typeof sub === "string" && sub ? sub : null;
  } catch {
    return null;
  }
}

/** Reads, or with a value writes, what lives as long as the tab. */
function session(key, value) {
  try {
    if (value === undefined) return sessionStorage.getItem(key);
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  } catch {
    // Without storage a reload asks again.
  }
  return null;
}
