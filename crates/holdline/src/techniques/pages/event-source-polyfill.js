// What EventSource does, in a browser without it, by what XDomainRequest could
// do: GET, no header fields of one's own, and text that is shown when it is long
// enough. So the last id stands in the address, and the stream begins with padding.
function Polyfill(address) {
  var self = this, last = "", retry = 3000, xhr, timer;

  function connect() {
    var seen = 0, data = [], type = "", id = last;
    xhr = new XMLHttpRequest();
    xhr.open("GET", address + "&padding=true&lastEventId=" + encodeURIComponent(last));
    xhr.onprogress = function () {
      var end = xhr.responseText.lastIndexOf("\n") + 1;
      xhr.responseText.slice(seen, end).split("\n").slice(0, -1).forEach(line);
      seen = Math.max(seen, end);
    };
    xhr.onload = xhr.onerror = function () { self.onerror(); timer = setTimeout(connect, retry); };
    xhr.send();
    self.onconnect();

    function line(text) {
      var colon = text.indexOf(":"), name = colon < 0 ? text : text.slice(0, colon);
      var value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
      if (text === "") return dispatch();
      if (name === "data") data.push(value);
      if (name === "event") type = value;
      if (name === "id") id = value;
      if (name === "retry" && /^[0-9]+$/.test(value)) retry = Number(value);
    }

    function dispatch() {
      last = id;
      if (data.length) self.onmessage({ type: type || "message", data: data.join("\n"), lastEventId: last });
      data = [];
      type = "";
    }
  }

  this.close = function () { clearTimeout(timer); xhr.onprogress = xhr.onload = xhr.onerror = null; xhr.abort(); };
  setTimeout(connect);
}

var request, source = new Polyfill(page.url("sse", { since: page.cursor, format: "json" }));
source.onconnect = function () { request = page.begins("stream"); };
source.onmessage = function (event) { page.show(JSON.parse(event.data), request); };
source.onerror = function () { page.cut(request, "ended"); };
page.onstop = function () { source.close(); };
