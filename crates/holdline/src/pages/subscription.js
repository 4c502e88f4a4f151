// A subscription of the page that can be stopped, started again, and cut on purpose: each time with a
// connection of the client that goes on from the cursor of the last one.

import { connect } from "/holdline.mjs";
import "/holdline-comet.js";
import { askForToken, onToken, publishToken } from "./token.js";

/** For what is beside the panels: they hold five of the six connections that a browser allows. */
export const FREE = ["websocket", "poll"];

/**
 * @param options as for `connect`
 * @param on listeners by the event's name; `state` is called with a name and details
 */
export function createSubscription(options, on) {
  let cursor = options.since;
  let connection = null;
  let timer = 0;
  let refused = false;

  function open() {
    const mine = (connection = connect("/", { ...options, since: cursor, token: publishToken }));
    for (const [event, listener] of Object.entries(on)) {
      if (event !== "state") mine.on(event, listener);
    }
    mine.on("state", ({ state, ...detail }) => {
      refused = state === "closed" && detail.error !== undefined;
      if (detail.error?.status === 401) askForToken();
      // Otherwise it was this page that closed it, which tells so itself.
      if (connection === mine) on.state(state, detail);
    });
  }

  /** Ends the connection, and keeps its cursor for the next one. */
  function drop() {
    clearTimeout(timer);
    timer = 0;
    const old = connection;
    connection = null;
    if (!old) return;
    cursor = old.cursor ?? cursor;
    old.close();
  }

  const subscription = {
    start() {
      if (!connection && !timer) open();
    },
    stop() {
      if (!connection && !timer) return;
      drop();
      on.state("paused", {});
    },
    /** Drops the connection as a network would, and resumes after `delay` ms. */
    cut(delay) {
      if (!connection && !timer) return;
      drop();
      timer = setTimeout(() => {
        timer = 0;
        open();
      }, delay);
      on.state("retrying", { at: Date.now() + delay });
    },
    publish: (channel, text) => connection.publish(channel, text),
  };
  onToken(() => refused && subscription.cut(0));
  return subscription;
}
