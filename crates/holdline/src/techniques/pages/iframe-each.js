// A new hidden frame every two seconds. None kills another, so answers can
// overtake each other: a frame shows only what follows on what is shown.
var since = page.cursor, count = 0, slow = false;

function poll() {
  var request = page.begins("frame"), place = since, name = "receive" + (count += 1);
  var frame = document.createElement("iframe");
  window[name] = function (message) {
    if (place === since) {
      since = message.id;
      page.show(message, request);
    }
    place = message.id;
  };
  frame.hidden = true;
  frame.src = page.url("iframe", { callback: name, since: place, wait: slow ? 5 : 0, r: Math.random() });
  slow = false;
  frame.onload = function () {
    page.answered(request);
    document.body.removeChild(frame);
    delete window[name];
  };
  document.body.appendChild(frame);
}

page.button("Slow answer", "The next page takes five seconds, and is overtaken by those after it", function () { slow = true; });
var timer = setInterval(poll, 2000);
page.onstop = function () { clearInterval(timer); };
poll();
