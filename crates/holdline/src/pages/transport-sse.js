// Server-sent events. The browser's EventSource would reconnect by itself, but
// it does not tell when it tries again; so the subscriber does it, as for every
// other transport, with the last event ID as `since`.

import { ask } from "./transport-poll.js";
import { utf8Length } from "./wire-size.js";

export const sse = {
  name: "sse",
  held: true,
  connect(link) {
    const controller = new AbortController();
    let source = null;

    function open() {
      source = new EventSource(link.url("sse", { format: "json" }));
      link.request();
      source.addEventListener("open", link.opened);
      source.addEventListener("message", (event) => {
        link.bytes(utf8Length(event.data));
        try {
          link.message(JSON.parse(event.data));
        } catch {
          link.failed("an event that is no JSON");
        }
      });
      source.addEventListener("error", () => link.failed("no connection"));
    }

    // An event stream tells its opening position in a block without data, which
    // EventSource keeps to itself. A poll tells it to us, so that even a cut
    // before the first message loses nothing.
    async function begin() {
      try {
        const { answer } = await ask(link, link.url("poll"), 0, controller.signal);
        link.setCursor(answer.cursor);
        if (!controller.signal.aborted) open();
      } catch (error) {
        link.failed(error.name === "TypeError" ? "no connection" : error.message);
      }
    }

    if (link.hasCursor()) open();
    else begin();
    return {
      close() {
        controller.abort();
        source?.close();
      },
    };
  },
};
