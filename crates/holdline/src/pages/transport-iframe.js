// The endless page in a hidden frame: each message is a script that calls a
// function of this page. The oldest way to stream into a browser.

import { utf8Length } from "./wire-size.js";

/** The frame's document grows with each message: begin a new one after so many. */
const ENOUGH = 1_000;

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
    frame.addEventListener("load", () => link.failed("the page ended"));
    frame.src = link.url("iframe", { callback });
    link.request();
    document.body.append(frame);
    return {
      close() {
        frame.remove();
        delete window[callback];
      },
    };
  },
};
