// A hidden frame whose page never ends: the browser runs each script as it
// comes. Every message stays in its document, so it must be begun anew at times.
var since = page.cursor, request, scripts, frame, heard, watch;

function receive(message) {
  since = message.id;
  heard = Date.now();
  scripts += 1;
  page.show(message, request);
  page.note(scripts + " scripts in the frame's document; it grows with every message.");
  if (scripts >= 1000) again("grown too large");
}

function connect() {
  request = page.begins("frame");
  scripts = 0;
  heard = Date.now();
  frame = document.createElement("iframe");
  frame.hidden = true;
  frame.src = page.url("iframe", { callback: "receive", since: since });
  frame.onload = function () { page.answered(request); again(); };   // the server ended the page
  document.body.appendChild(frame);
}

function again(why) {
  if (why) page.cut(request, why);
  frame.onload = null;
  document.body.removeChild(frame);
  setTimeout(connect, 500);
}

// A broken connection fires nothing. All one can do is to begin anew after silence.
watch = setInterval(function () { if (Date.now() - heard > 60000) again("silent"); }, 5000);
page.onstop = function () { clearInterval(watch); frame.onload = null; document.body.removeChild(frame); };
connect();
