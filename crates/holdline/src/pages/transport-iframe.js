// The endless page in a hidden frame: each message is a script that calls a
// function of this page. The oldest way to stream into a browser.
//
// A frame tells when its page ended in good order, or never came. When the
// connection breaks in the middle of the page, Chromium tells nothing: the frame
// goes on "loading". Two things help: a watch over the heartbeats, and the other
// subscribers, which notice that the server is gone.

import { watchSilence } from "./silence.js";
import { utf8Length } from "./wire-size.js";

/** The frame's document grows with each message: begin a new one after so many. */
const ENOUGH = 1_000;
/** Time between two reconnects out of mere suspicion, in ms. */
const TRUST = 3_000;

let frames = 0;

export const iframe = {
  name: "iframe",
  held: true,
  connect(link) {
    frames += 1;
    const callback = `holdlineFrame${frames}`;
    let messages = 0;
    window[callback] = (value) => {
      // The object belongs to the frame's world; take a copy into ours.
      const text = JSON.stringify(value);
      link.bytes(utf8Length(text));
      link.opened();
      link.message(JSON.parse(text));
      messages += 1;
      if (messages >= ENOUGH) link.renew();
    };
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.title = "Endless page of the iframe transport";
    // An endless page never finishes loading. This one did, or never came.
    frame.addEventListener("load", () => link.failed(messages ? "the page ended" : "no connection"));
    frame.src = link.url("iframe", { callback });
    link.request();
    document.body.append(frame);
    const began = performance.now();
    let suspicion;
    const watch = watchSilence(() => size(frame), () => link.failed("silence"));
    return {
      /** Another subscriber lost its connection; this one may be dead as well. */
      suspect() {
        clearTimeout(suspicion);
        const age = performance.now() - began;
        suspicion = setTimeout(() => link.renew(), Math.max(0, TRUST - age));
      },
      close() {
        clearTimeout(suspicion);
        watch.stop();
        frame.remove();
        delete window[callback];
      },
    };
  },
};

/** Grows with every script and with the blank lines between them. */
function size(frame) {
  const body = frame.contentDocument?.body;
  return body ? `${body.childNodes.length} ${body.lastChild?.nodeValue?.length}` : "";
}
