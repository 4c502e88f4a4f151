// Asks every two seconds, whether or not the last answer is here.
var since = page.cursor, slow = false;

function poll() {
  var request = page.begins("poll"), asked = since, xhr = new XMLHttpRequest();
  var delay = slow ? 5000 : 0;    // as if this answer came over a slow line
  slow = false;
  // "r" makes each address a new one, so that no cache answers it.
  xhr.open("GET", page.url("poll", { since: asked, r: Math.random() }));
  xhr.onload = function () { setTimeout(arrived, delay); };
  xhr.onerror = function () { page.fails(request); };
  xhr.send();

  function arrived() {
    if (xhr.status !== 200) return page.fails(request);
    // A later poll was answered first: this answer has what is shown already.
    if (asked !== since) return page.cut(request, "overtaken, thrown away");
    var answer = JSON.parse(xhr.responseText);
    since = answer.cursor;
    page.answered(request, answer);
  }
}

page.button("Slow answer", "The next answer comes five seconds late, and later ones overtake it", function () { slow = true; });
var timer = setInterval(poll, 2000);
page.onstop = function () { clearInterval(timer); };
poll();
