// The frame asks again when it is loaded: one request at a time, in order. If an
// answer gets lost, a watch asks again.
var since = page.cursor, request = null, next, watch;
var frame = document.createElement("iframe");
frame.hidden = true;
document.body.appendChild(frame);

function receive(message) {
  since = message.id;
  page.show(message, request);
}

function poll() {
  if (request) page.cut(request, "no answer in ten seconds");
  clearTimeout(watch);
  watch = setTimeout(poll, 10000);
  request = page.begins("frame");
  frame.contentWindow.location.replace(page.url("iframe", {
    callback: "receive", since: since, wait: 0, r: Math.random() }));
}

frame.onload = function () {
  if (!request) return;
  page.answered(request);
  request = null;
  clearTimeout(watch);
  next = setTimeout(poll, 1500);
};

page.onstop = function () {
  clearTimeout(next);
  clearTimeout(watch);
  request = null;
  document.body.removeChild(frame);
};
poll();
