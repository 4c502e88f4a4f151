// JSONP: a long poll whose answer is a script that calls a function by name.
//
// Taking a <script> out of the page does not cancel its request, and a request
// that hangs on would eat one of the browser's six connections. So each script
// lives in an empty frame of its own: with the frame, its request ends.

import { PATIENCE, WAIT, checked } from "./transport-poll.js";
import { utf8Length } from "./wire-size.js";

let calls = 0;

export const jsonp = {
  name: "jsonp",
  held: true,
  connect(link) {
    let frame = null;
    let timer = 0;
    let closed = false;

    function close() {
      clearTimeout(timer);
      frame?.remove();
      frame = null;
    }

    function next(wait) {
      if (closed) return;
      calls += 1;
      const callback = `holdlineJsonp${calls}`;
      const url = link.url("jsonp", { callback, wait });
      let answer = null;
      frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "JSONP request";
      // Without an address the load event is the empty document's own; some
      // browsers fire it later and would throw away what was put in before.
      frame.addEventListener("load", () => {
        const inside = frame.contentWindow;
        inside[callback] = (value) => (answer = value);
        const script = inside.document.createElement("script");
        script.addEventListener("load", () => done(answer, wait));
        script.addEventListener("error", () => link.failed("no connection"));
        script.src = url;
        inside.document.body.append(script);
      }, { once: true });
      timer = setTimeout(() => link.failed("no answer"), wait * 1000 + PATIENCE);
      link.request();
      document.body.append(frame);
    }

    function done(value, wait) {
      const text = JSON.stringify(value);
      close();
      link.answered();
      if (value === null) return link.failed("no answer in the script");
      link.bytes(utf8Length(text));
      try {
        // Parsed anew, so that nothing of the frame that is gone stays alive.
        const answer = checked(JSON.parse(text));
        link.opened();
        link.answer(answer);
        const quick = wait > 0 && answer.messages.length === 0;
        timer = setTimeout(next, quick ? 250 : 0, WAIT);
      } catch (error) {
        link.failed(error.message);
      }
    }

    next(0);
    return {
      close() {
        closed = true;
        close();
      },
    };
  },
};
