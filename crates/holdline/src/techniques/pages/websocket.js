// Both ways over one connection, at the same time.
var since = page.cursor, STATES = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"], socket, request, timer;

function connect() {
  request = page.begins("WebSocket");
  socket = new WebSocket(location.origin.replace(/^http/, "ws") + page.url("websocket", { since: since }));
  socket.onopen = show;
  socket.onmessage = function (event) {
    var message = JSON.parse(event.data);
    since = message.id;
    page.show(message, request);
    show();
  };
  socket.onclose = function (event) {
    page.cut(request, "close code " + event.code);
    show("close code " + event.code + (event.reason && ": " + event.reason));
    if (event.code !== 1000) timer = setTimeout(connect, 1000);
  };
}

function show(more) {
  page.note("readyState " + STATES[socket.readyState] + ", bufferedAmount " + socket.bufferedAmount +
    (typeof more === "string" ? ", " + more : ""));
}

page.onpublish = function (text, done) {
  if (socket.readyState !== WebSocket.OPEN) return page.note("not open: " + STATES[socket.readyState]);
  socket.send(text);
  show();
  done();
};
page.button("Send 200 KiB", "Shows bufferedAmount: what was sent and is not out yet", function () {
  page.publish(new Array(200 * 1024 + 1).join("x"));
});
page.button("Close with 4000", "Closes with a code of one's own; the page connects again", function () { socket.close(4000, "by hand"); });
page.onstop = function () { clearTimeout(timer); socket.onclose = null; socket.close(1000); };
connect();
