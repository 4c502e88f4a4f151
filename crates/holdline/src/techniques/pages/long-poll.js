// Asks, and waits for the answer. News, "no news" and an error all lead to the
// next request at once; only if errors follow each other there is a pause.
var since = page.cursor, failures = 0, gap = false, xhr, timer;

function poll() {
  var request = page.begins("long poll");
  xhr = new XMLHttpRequest();
  // Proxies cut what is silent for 30 or 60 seconds, so the server answers before.
  xhr.open("GET", page.url("long-poll", { since: since, wait: 15 }));
  xhr.onload = function () {
    if (xhr.status !== 200) return failed(request);
    var answer = JSON.parse(xhr.responseText);
    failures = 0;
    since = answer.cursor;
    page.answered(request, answer);
    if (!gap) return poll();
    gap = false;
    // At this moment no request is open. The message waits in the log.
    page.publish("published in the gap", poll);
  };
  xhr.onerror = function () { failed(request); };
  xhr.send();
}

function failed(request) {
  page.fails(request);
  timer = setTimeout(poll, 1000 * Math.min(failures++, 10));
}

page.button("Publish in the gap", "Publishes between two requests, when nobody listens", function () {
  gap = true;
  page.publish("this ends the request");
});
page.onstop = function () { clearTimeout(timer); xhr.onload = xhr.onerror = null; xhr.abort(); };
poll();
