// WebSocket: both ways over one connection, which does not count among the
// browser's six.

import { publishToken } from "./token.js";
import { utf8Length } from "./wire-size.js";

/** The close code of a server that will not have what was sent. */
export const REFUSED = 1008;

export const websocket = {
  name: "websocket",
  held: false,
  connect(link) {
    // A page cannot set header fields of a WebSocket.
    const token = publishToken();
    const address = new URL(link.url("websocket", token ? { token } : {}), location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    let closed = false;
    link.request();
    // Closing a socket that is not open yet makes the browser complain, so
    // that close waits for the opening.
    socket.addEventListener("open", () => (closed ? socket.close() : link.opened()));
    socket.addEventListener("message", ({ data }) => {
      link.bytes(utf8Length(data));
      try {
        link.message(JSON.parse(data));
      } catch {
        link.failed("a message that is no JSON");
      }
    });
    socket.addEventListener("close", ({ code, reason }) => link.failed(
      code === 1006 ? "no connection" : `closed with ${code}${reason ? `: ${reason}` : ""}`));
    return {
      close() {
        closed = true;
        if (socket.readyState !== WebSocket.CONNECTING) socket.close();
      },
      send(text) {
        if (socket.readyState !== WebSocket.OPEN) return false;
        socket.send(text);
        return true;
      },
    };
  },
};
