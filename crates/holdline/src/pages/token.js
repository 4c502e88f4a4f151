// The publish token, for servers that were started with one. It is asked for
// when the server first refuses, and kept as long as the tab.

import { find } from "./dom.js";

const KEY = "holdline.publish-token";
const listeners = new Set();
let token = "";

try {
  token = sessionStorage.getItem(KEY) ?? "";
} catch {
  // Without storage it is kept as long as the page.
}

export const publishToken = () => token;

/** Calls `changed` whenever another token was entered. */
export const onToken = (changed) => listeners.add(changed);

/** Shows the field for it. */
export function askForToken() {
  find("#token-field").hidden = false;
}

const input = find("#publish-token");
input.value = token;
find("#token-field").hidden = token === "";
input.addEventListener("change", () => {
  token = input.value.trim();
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // As above.
  }
  for (const changed of listeners) changed();
});
