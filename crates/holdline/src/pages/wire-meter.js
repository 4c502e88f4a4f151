// What the requests of a panel take on the wire. Heads and framing are not shown to a page, so the server is
// asked, which counts all requests with the same `meter` together.

import { utf8Length } from "./wire-size.js";

/** Time between two questions, whichever panel they are for (ms): the page has one connection for all of this. */
const PAUSE = 300;
/** Those whose panel had traffic since they were asked about. */
const waiting = new Set();
let timer = 0;

/** @param changed called with the bytes of both directions */
export function createMeter(changed) {
  const digits = crypto.getRandomValues(new Uint8Array(8));
  const id = Array.from(digits, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const meter = { id, ended: false, before: 0, counted: 0, bytes: 0, aside: 0, changed };
  return {
    id,
    /** There was traffic. */
    stir() {
      if (meter.ended) return;
      waiting.add(meter);
      timer ||= setTimeout(look, PAUSE);
    },
    /** An event of a stream that is not to be counted. Each is a chunk of its own. */
    setAside({ id, channel, event, data }) {
      const size = utf8Length(`id: ${id}\ndata: ${JSON.stringify({ id, channel, event, data })}\n\n`);
      meter.aside += size + size.toString(16).length + 4;
    },
    end() {
      meter.ended = true;
      waiting.delete(meter);
    },
  };
}

async function look() {
  const [meter] = document.hidden ? [] : waiting;
  if (meter) {
    waiting.delete(meter);
    // What is set aside while the answer is on its way may not be counted there yet.
    const { aside } = meter;
    try {
      const response = await fetch(`/techniques/meter?meter=${meter.id}`);
      const { received, sent } = await response.json();
      const counted = received + sent;
      // A server that was started again counts from zero.
      if (counted < meter.counted) meter.before += meter.counted;
      meter.counted = counted;
      // Nothing that was sent is taken back.
      meter.bytes = Math.max(meter.bytes, meter.before + counted - aside);
      if (!meter.ended) meter.changed(meter.bytes);
    } catch {
      // The server is away; there will be traffic when it is back.
    }
  }
  timer = waiting.size ? setTimeout(look, PAUSE) : 0;
}
