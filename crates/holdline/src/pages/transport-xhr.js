// XHR streaming: one endless response, read while it grows. A line is a
// message; empty lines are heartbeats, and the first line is only padding.

import { explain } from "./transport-poll.js";
import { watchSilence } from "./silence.js";
import { utf8Length } from "./wire-size.js";

/** XMLHttpRequest keeps all it ever read: begin a new one after this much text. */
const ENOUGH = 256 * 1024;

export const xhrStream = {
  name: "xhr-stream",
  held: true,
  connect(link) {
    const request = new XMLHttpRequest();
    let counted = 0;
    let parsed = 0;

    function read() {
      const text = request.responseText;
      link.bytes(utf8Length(text.slice(counted)));
      counted = text.length;
      for (;;) {
        const end = text.indexOf("\n", parsed);
        if (end < 0) break;
        const line = text.slice(parsed, end).trim();
        parsed = end + 1;
        if (line) link.message(JSON.parse(line));
      }
      if (parsed > ENOUGH) link.renew();
    }

    // `progress` comes at most every 50 ms; this one comes with the bytes.
    request.addEventListener("readystatechange", () => {
      if (request.readyState < XMLHttpRequest.HEADERS_RECEIVED || request.status !== 200) return;
      link.opened();
      if (request.readyState < XMLHttpRequest.LOADING) return;
      try {
        read();
      } catch {
        link.failed("a line that is no JSON");
      }
    });
    request.addEventListener("load", () => link.failed(
      request.status === 200 ? "the server ended the stream" : explain(request.status, request.responseText)));
    request.addEventListener("error", () => link.failed("no connection"));
    request.open("GET", link.url("xhr-stream"));
    link.request();
    request.send();
    const watch = watchSilence(() => counted, () => link.failed("silence"));
    return {
      close() {
        watch.stop();
        request.abort();
      },
    };
  },
};
