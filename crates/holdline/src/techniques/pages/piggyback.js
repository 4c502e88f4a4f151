// No connection of its own: what is new comes with the answer to a POST that
// the page makes anyway. One at a time, so that the answers are in order.
var since = page.cursor, waiting = [], busy = false;

function next() {
  if (busy || !waiting.length) return;
  busy = true;
  var job = waiting.shift(), request = page.begins("POST"), xhr = new XMLHttpRequest();
  xhr.open("POST", page.url("", { since: since }));
  xhr.onload = function () {
    if (xhr.status !== 200) return over();
    var answer = JSON.parse(xhr.responseText);
    since = answer.cursor;
    page.answered(request, answer);
    over();
  };
  xhr.onerror = over;
  xhr.send(job.text);

  function over() {
    page.fails(request);       // unless it was answered
    busy = false;
    job.done();
    next();
  }
}

page.onpublish = function (text, done) {
  waiting.push({ text: text, done: done });
  next();
};
page.button("Say something elsewhere", "Publishes as somebody else would: it comes with your next POST", function () {
  fetch(page.url("").split("?")[0], { method: "POST", body: "from elsewhere, at " + new Date().toLocaleTimeString() });
});
