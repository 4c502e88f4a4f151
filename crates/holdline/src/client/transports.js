// The ways to receive. What a way is given, the link, is in session.js.

/** Reads an answer that does not end. `end` is told with its end. */
async function readLines(link, kind, parameters, headers, take, end = {}) {
  const response = await link.fetch(kind, parameters, headers);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw failure("the server ended the stream", end);
    link.bytes(value.length);
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    lines.forEach(take);
  }
}

async function poll(link) {
  for (;;) {
    const size = await link.ask("poll");
    if (size < FULL_ANSWER) await link.sleep(POLL_PAUSE);
  }
}

async function longPoll(link) {
  const { keep } = link;
  // The first one does not wait: it shows that the way is free, and where we are.
  await link.ask("long-poll", { wait: 0 });
  for (;;) {
    const wait = Math.min(keep.wait ?? LONGEST_WAIT, link.silence / 2000);
    const began = now();
    try {
      const size = await link.ask("long-poll", { wait });
      const held = now() - began;
      if (held >= wait * 1000) keep.wait = Math.min(LONGEST_WAIT, wait * 1.1);
      else if (held < 250 && size < 100) await link.sleep(250);
    } catch (error) {
      // Perhaps somebody on the way does not like it that long.
      if (error instanceof TypeError || error.status >= 500) keep.wait = Math.max(1, (now() - began) / 2000);
      throw error;
    }
  }
}

function eventStream(link) {
  const end = {};
  let id = "";
  let data = "";
  // Not by EventSource. It tells neither the opening nor heartbeats nor the status of an answer, so
  // that nobody could see what a proxy holds back; and it shows no token but in the address.
  return readLines(link, "sse", { format: "json" }, { Accept: "text/event-stream" }, (line) => {
    const at = line.indexOf(":");
    const field = line.slice(0, at);
    const value = line.slice(at + 1).trim();
    if (field === "id") id = value;
    else if (field === "data") data = value;
    else if (field === "retry") end.after = Number(value);
    else if (!line.trim()) {
      if (data) link.take(data);
      else if (id) link.opened(id);
      id = data = "";
    }
  }, end);
}

function webSocket(link) {
  // The server's pings are not shown to a page, so ask for heartbeats that are.
  const url = link.url("websocket", { heartbeat: true }, true);
  url.protocol = url.protocol.replace("http", "ws");
  const began = now();
  const socket = new WebSocket(url);
  link.request();
  socket.onmessage = ({ data }) => {
    link.bytes(data);
    link.take(data);
  };
  socket.onclose = ({ code, reason }) =>
    link.failed(failure(code === 1006 ? "no connection" : `closed with ${code} ${reason}`.trim()));
  return () => {
    // Closing one that is not open yet makes the browser complain.
    if (socket.readyState || now() - began > 1_000) socket.close();
    else socket.onopen = () => socket.close();
  };
}

const streams = () => typeof fetch === "function" && typeof ReadableStream === "function";
const fetches = () => typeof fetch === "function";

/** How to receive. `open` returns what closes it, if aborting its requests is not enough. */
const transports = {
  // `blind`: it is not told why it was refused.
  websocket: { works: () => typeof WebSocket === "function", open: webSocket, blind: true },
  sse: { works: streams, open: eventStream },
  "fetch-stream": {
    works: streams,
    open: (link) => readLines(link, "xhr-stream", {}, {}, (line) => line.trim() && link.take(line)),
  },
  "long-poll": { works: fetches, open: longPoll },
  poll: { works: fetches, open: poll },
};
