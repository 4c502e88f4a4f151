// An init page says where the conversation stands. Then one request streams;
// the server ends it with a timeout, and the page drops it and makes the next.
var since = null, xhr = null, timer, frame = document.createElement("iframe");
var init = page.begins("init page");

function begin(message) {          // the init page calls parent.begin(…)
  if (since) return;
  since = message.id;
  page.answered(init);
  stream();
}

function stream() {
  var request = page.begins("stream"), read = 0, over = false;
  xhr = new XMLHttpRequest();
  xhr.open("GET", page.url("xhr-stream", { since: since, wait: 10 }));
  xhr.onreadystatechange = function () {
    if (xhr.readyState < 3 || xhr.status !== 200) return;
    for (var end; (end = xhr.responseText.indexOf("\n", read)) >= 0; read = end + 1) {
      var line = xhr.responseText.slice(read, end);
      if (!line.trim()) continue;
      var message = JSON.parse(line);
      since = message.id;
      over = over || message.event === "holdline.timeout";
      page.show(message, request);
    }
  };
  xhr.onload = function () {
    if (over) page.answered(request);
    else page.fails(request);
    timer = setTimeout(stream, over ? 0 : 1000);
  };
  xhr.onerror = function () { page.fails(request); timer = setTimeout(stream, 1000); };
  xhr.send();
}

frame.hidden = true;
frame.src = page.url("iframe", { callback: "begin", since: page.cursor, wait: 0 });
document.body.appendChild(frame);
page.onstop = function () {
  clearTimeout(timer);
  document.body.removeChild(frame);
  if (xhr) { xhr.onreadystatechange = xhr.onload = xhr.onerror = null; xhr.abort(); }
};
