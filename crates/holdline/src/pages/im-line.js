// The connection: history by a snapshot that says its cursor, and from there on what comes.

import { connect } from "/holdline.mjs";
import { askAgain } from "./im-login.js";

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

/** @param on `state`, `history`, `message`, `lost`, `members(kind, data)`, and `unseen` when members may not be seen */
export function createLine({ name, token }, on) {
  const loaded = new Set();
  let channels = [];
  let connection = null;
  let cursor = null;
  let presence = true;
  let turn = 0;

  function open() {
    const who = token ? { token } : { name };
    const mine = (connection = connect("/", { channels, since: cursor, presence, ...who }));
    mine.on("message", on.message);
    mine.on("lost", on.lost);
    for (const kind of ["members", "join", "leave"]) {
      mine.on(kind, ({ data }) => on.members(kind, JSON.parse(data)));
    }
    mine.on("state", ({ state, ...detail }) => {
      if (connection !== mine) return;
      if (state !== "closed") return on.state(state, detail);
      // The token may grant the rooms, but not to see who is there.
      if (detail.error?.status === 403 && presence) {
        presence = false;
        on.unseen();
        drop();
        open();
      } else refused(detail.error?.message ?? "");
    });
  }

  function refused(why) {
    drop();
    on.state("closed", { error: { message: why } });
    askAgain(`The server refused: ${why}.`);
  }

  function drop() {
    const old = connection;
    connection = null;
    if (!old) return;
    cursor = old.cursor ?? cursor;
    old.close();
  }

  /** All that is kept of these channels. Gives the cursor from which to go on, or `null` if that is not wanted any more. */
  async function snapshot(names, wanted) {
    const path = `/channels/${names.map(encodeURIComponent).join(",")}/poll`;
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    let since = "earliest";
    let tries = 0;
    while (wanted()) {
      try {
        const response = await fetch(`${path}?since=${since}`, { headers, cache: "no-store" });
        const answer = await response.json();
        if (!wanted()) return null;
        if ([400, 401, 403].includes(response.status)) {
          refused(answer.error.message);
          return null;
        }
        if (!response.ok) throw new Error(answer.error.message);
        answer.messages.forEach(on.history);
        since = answer.cursor;
        tries = 0;
        // A long history comes in several answers.
        if (!answer.messages.length) return since;
      } catch {
        const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** tries);
        tries += 1;
        on.state("retrying", { at: Date.now() + delay });
        await new Promise((wake) => setTimeout(wake, delay));
      }
    }
    return null;
  }

  return {
    /** Follows these channels from now on. Those that are new come with their history. */
    async follow(next) {
      const mine = (turn += 1);
      // What is published while the history is read comes in both, and is known by its id.
      drop();
      channels = next;
      on.state("connecting", {});
      const fresh = next.filter((channel) => !loaded.has(channel));
      if (fresh.length) {
        const at = await snapshot(fresh, () => turn === mine);
        if (at === null) return;
        for (const channel of fresh) loaded.add(channel);
        cursor ??= at;
      }
      open();
    },
    get cursor() {
      return connection?.cursor ?? cursor;
    },
  };
}
