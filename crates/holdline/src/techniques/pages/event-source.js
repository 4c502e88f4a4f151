// The browser reads the stream, comes back by itself when it ends, and says
// where it was (Last-Event-ID).
var request = page.begins("event source");
var source = new EventSource(page.url("sse", { since: page.cursor, format: "json" }));

source.onopen = function () { page.note("open"); };
source.onmessage = function (event) { page.show(JSON.parse(event.data), request); };
source.onerror = function () {
  if (source.readyState === EventSource.CLOSED) return page.cut(request, "given up");
  page.cut(request, "comes back by itself");
  request = page.begins("event source");
};

// Four events, two of them with an id, one of a type of its own. Then the server
// ends the stream; the browser comes back with 101, and 204 tells it to stay away.
function four() {
  var seen = [], listing = new EventSource("/techniques/events");
  function told(event) { seen.push([event.type, event.data, event.lastEventId]); show(); }
  function show() { page.note(seen.map(function (event) { return JSON.stringify(event); }).join(" ")); }
  listing.onopen = function () { seen.push(["open"]); };
  listing.onmessage = told;
  listing.addEventListener("myevent", told);
  listing.onerror = function () { seen.push(["error", listing.readyState]); show(); };
}

page.button("The four events", "Plays the stream of four events below", four);
page.onstop = function () { source.close(); };
