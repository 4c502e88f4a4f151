//! The old ways to receive, for holdline.js, which goes first. Any of them is named as `transport`.
//
// Each takes a link, tells it what happens, and returns what closes it. The link is in session.js.
(() => {
  "use strict";

  /** XMLHttpRequest keeps all it ever read, and a frame's document grows: begin anew after so much. */
  const ENOUGH_TEXT = 256 * 1024;
  const ENOUGH_MESSAGES = 1_000;
  /** Seconds that a request is held at most. */
  const WAIT = 20;
  /** Time between two reconnects out of mere suspicion, in ms. */
  const TRUST = 3_000;
  const LOOK = 2_000;

  const hasDocument = () => typeof document === "object";
  let calls = 0;

  /** A frame that nobody sees. */
  function hiddenFrame(title) {
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.title = title;
    return frame;
  }

  /** One endless response, read while it grows. A line is a message; empty lines are heartbeats. */
  function xhrStream(link) {
    const request = new XMLHttpRequest();
    let counted = 0;
    let parsed = 0;

    function read() {
      const text = request.responseText;
      link.bytes(text.slice(counted));
      counted = text.length;
      for (;;) {
        const end = text.indexOf("\n", parsed);
        if (end < 0) break;
        const line = text.slice(parsed, end).trim();
        parsed = end + 1;
        if (line) link.take(line);
      }
      if (parsed > ENOUGH_TEXT) link.renew();
    }

    // `progress` comes at most every 50 ms; this one comes with the bytes.
    request.onreadystatechange = () => {
      if (request.readyState >= XMLHttpRequest.LOADING && request.status === 200) read();
    };
    request.onload = () => {
      if (request.status === 200) link.failed(new Error("the server ended the stream"));
      else link.refused(request.status, request.getResponseHeader("Retry-After"), request.responseText);
    };
    request.onerror = () => link.failed(new Error("no connection"));
    request.open("GET", link.url("xhr-stream"));
    link.authorize((name, value) => request.setRequestHeader(name, value));
    link.request();
    request.send();
    return () => request.abort();
  }

  /**
   * A long poll whose answer is a script that calls a function by name.
   *
   * Taking a script out of the page does not end its request, and a request that hangs on would take one of
   * the browser's six connections. So each script lives in an empty frame of its own: with the frame, its
   * request ends.
   */
  function jsonp(link) {
    let frame = null;
    let closed = false;

    function ask(wait) {
      if (closed) return;
      calls += 1;
      const callback = `holdlineJsonp${calls}`;
      const url = link.url("jsonp", { callback, wait }, true);
      let answer = null;
      frame = hiddenFrame("JSONP request");
      // Without an address the load event is the empty document's own; some browsers fire it later and
      // would throw away what was put in before.
      frame.addEventListener("load", () => {
        const inside = frame.contentWindow;
        inside[callback] = (value) => (answer = value);
        const script = inside.document.createElement("script");
        script.onload = () => done(answer, wait);
        script.onerror = () => link.failed(new Error("no connection"));
        script.src = url;
        inside.document.body.append(script);
      }, { once: true });
      link.request();
      document.body.append(frame);
    }

    async function done(answer, wait) {
      // As text, so that nothing of the frame that goes stays alive.
      const text = JSON.stringify(answer);
      const messages = answer?.messages?.length;
      frame.remove();
      try {
        link.answer(text);
      } catch (error) {
        return link.failed(error);
      }
      if (wait > 0 && messages === 0) await link.sleep(250);
      ask(Math.min(WAIT, link.silence / 2_000));
    }

    ask(0);
    return () => {
      closed = true;
      frame?.remove();
    };
  }

  /**
   * The endless page in a hidden frame: each message is a script that calls a function of this page.
   *
   * A frame tells when its page ended in good order, or never came. When the connection breaks in the middle
   * of the page, Chromium tells nothing: the frame goes on "loading". Two things help: a look at whether it
   * grows, since the server's heartbeats are blank lines, and the page's other connections, which notice that
   * the server is gone.
   */
  function iframe(link) {
    calls += 1;
    const callback = `holdlineFrame${calls}`;
    const began = performance.now();
    let messages = 0;
    let size = "";
    let suspicion = 0;
    window[callback] = (value) => {
      // The object belongs to the frame's world; take a copy into ours.
      const text = JSON.stringify(value);
      link.bytes(text);
      link.take(text);
      messages += 1;
      if (messages >= ENOUGH_MESSAGES) link.renew();
    };
    const frame = hiddenFrame("Endless page of the iframe transport");
    // An endless page never finishes loading. This one did, or never came.
    frame.onload = () => link.failed(new Error(messages ? "the page ended" : "no connection"));
    frame.src = link.url("iframe", { callback }, true);
    link.request();
    document.body.append(frame);
    const look = setInterval(() => {
      const body = frame.contentDocument?.body;
      const grown = body ? `${body.childNodes.length} ${body.lastChild?.nodeValue?.length}` : "";
      if (grown !== size) link.bytes(0);
      size = grown;
    }, LOOK);
    const close = () => {
      clearInterval(look);
      clearTimeout(suspicion);
      frame.remove();
      delete window[callback];
    };
    close.suspect = () => {
      clearTimeout(suspicion);
      suspicion = setTimeout(() => link.renew(), Math.max(0, TRUST - (performance.now() - began)));
    };
    return close;
  }

  Object.assign(globalThis.holdline.transports, {
    "xhr-stream": { works: () => typeof XMLHttpRequest === "function", open: xhrStream },
    jsonp: { works: hasDocument, open: jsonp, blind: true },
    iframe: { works: hasDocument, open: iframe, blind: true },
  });
})();
