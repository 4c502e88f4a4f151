// One hidden frame, loaded again every two seconds. Each answer is a short page
// with a script for each message; an answer that is late is killed by the next.
var since = page.cursor, request = null, slow = false;
var frame = document.createElement("iframe");
frame.hidden = true;
document.body.appendChild(frame);

function receive(message) {   // the frame calls parent.receive(…)
  since = message.id;
  page.show(message, request);
}

function reload() {
  if (request) page.cut(request, "killed by the next");
  request = page.begins("frame");
  // "replace" leaves no entry in the history, and in old browsers no click.
  frame.contentWindow.location.replace(page.url("iframe", {
    callback: "receive", since: since, wait: slow ? 5 : 0, r: Math.random() }));
  slow = false;
}

frame.onload = function () {
  if (request) page.answered(request);
  request = null;
};

page.button("Slow answer", "The next page takes five seconds, and is killed by the one after it", function () { slow = true; });
var timer = setInterval(reload, 2000);
page.onstop = function () { clearInterval(timer); document.body.removeChild(frame); };
reload();
