// A <script> may come from anywhere, so its answer is a script: it calls the
// function that the page names. It is held like any long poll.
var since = page.cursor, calls = 0, timer, script;

function poll() {
  var request = page.begins("script"), name = "answer" + (calls += 1), answer = null;
  window[name] = function (value) { answer = value; };
  script = document.createElement("script");
  script.onload = function () { over(answer); };
  script.onerror = function () { over(null); };   // why it failed, a script does not say
  script.src = page.url("jsonp", { callback: name, since: since, wait: 15 });
  document.body.appendChild(script);

  function over(answer) {
    document.body.removeChild(script);
    delete window[name];
    if (!answer) {
      page.fails(request);
      timer = setTimeout(poll, 2000);
      return;
    }
    since = answer.cursor;
    page.answered(request, answer);
    poll();
  }
}

page.onstop = function () {
  clearTimeout(timer);
  script.onload = script.onerror = null;
};
poll();
