// What was published in a channel before the page came.

import { publishToken } from "./token.js";

/** A page shows the end of it. It does not read on for ever. */
const MOST_ANSWERS = 50;
const SHOWN = 50;

/** The last messages, and the cursor from which to go on; no cursor if the server does not say. */
export async function readHistory(channel) {
  let messages = [];
  let cursor;
  try {
    const token = publishToken();
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const path = `/channels/${encodeURIComponent(channel)}/poll`;
    for (let answers = 0; answers < MOST_ANSWERS; answers += 1) {
      const response = await fetch(`${path}?since=${cursor ?? "earliest"}`, { headers, cache: "no-store" });
      if (!response.ok) break;
      const answer = await response.json();
      cursor = answer.cursor;
      // A long history comes in several answers.
      if (!answer.messages.length) break;
      messages = [...messages, ...answer.messages].slice(-SHOWN);
    }
  } catch {
    // The panels say that the server is away, and begin when it is back.
  }
  return { messages, cursor };
}
