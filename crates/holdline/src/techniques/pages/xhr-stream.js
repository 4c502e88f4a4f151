// A response that does not end, read while it grows. A line is a message.
var since = page.cursor, xhr, timer;

function connect() {
  var request = page.begins("stream"), read = 0;
  xhr = new XMLHttpRequest();
  xhr.open("GET", page.url("xhr-stream", { since: since }));
  xhr.onreadystatechange = function () {
    if (xhr.readyState < 3 || xhr.status !== 200) return;
    for (var end; (end = xhr.responseText.indexOf("\n", read)) >= 0; read = end + 1) {
      var line = xhr.responseText.slice(read, end);
      if (!line.trim()) continue;          // padding, or a sign of life
      var message = JSON.parse(line);
      since = message.id;
      page.show(message, request);
    }
    // responseText keeps everything: after a megabyte it is time to begin anew.
    if (read > 1000000) { xhr.abort(); page.answered(request); connect(); }
  };
  xhr.onload = function () { page.answered(request); timer = setTimeout(connect, 1000); };
  xhr.onerror = function () { page.fails(request); timer = setTimeout(connect, 1000); };
  xhr.send();
}

page.onstop = function () { clearTimeout(timer); xhr.onreadystatechange = xhr.onload = xhr.onerror = null; xhr.abort(); };
connect();
