// One address for everything; the command says what is meant.
var since = page.cursor, xhr = null, timer;

function command(method, parameters, done) {
  var request = page.begins(parameters.cmd), call = new XMLHttpRequest();
  call.open(method, page.im(parameters));
  call.onload = function () {
    if (call.status !== 200) return call.onerror();
    var answer = JSON.parse(call.responseText);
    if (answer.cursor) since = answer.cursor;
    page.answered(request, answer);
    done(null);
  };
  call.onerror = function () { page.fails(request); done("failed"); };
  call.send();
  return call;
}

function polling(failed) {
  // Short holds, as servers with a thread for each request had to make them.
  timer = setTimeout(function () {
    xhr = command("GET", { cmd: "polling", since: since, wait: 5 }, polling);
  }, failed ? 2000 : 0);
}

page.onpublish = function (text, done) {
  command("POST", { cmd: "send", message: text }, done);
};
page.onstop = function () {
  clearTimeout(timer);
  if (xhr) { xhr.onload = xhr.onerror = null; xhr.abort(); }
};
command("GET", { cmd: "build", since: since }, polling);
