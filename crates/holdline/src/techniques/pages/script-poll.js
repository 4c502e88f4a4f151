// The same without holding: a script every two seconds.
var since = page.cursor, calls = 0;

function poll() {
  var request = page.begins("script"), asked = since, name = "answer" + (calls += 1);
  var script = document.createElement("script");
  window[name] = function (answer) {
    if (asked !== since) return page.cut(request, "overtaken, thrown away");
    since = answer.cursor;
    page.answered(request, answer);
  };
  script.onload = function () { document.body.removeChild(script); };
  script.onerror = function () { page.fails(request); document.body.removeChild(script); };
  script.src = page.url("jsonp", { callback: name, since: since, wait: 0 });
  document.body.appendChild(script);
}

var timer = setInterval(poll, 2000);
page.onstop = function () { clearInterval(timer); };
poll();
