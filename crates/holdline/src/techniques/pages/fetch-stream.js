// The same with fetch: the body comes in pieces, and none is kept.
var since = page.cursor, abort, timer;

async function connect() {
  const request = page.begins("stream");
  abort = new AbortController();
  try {
    const answer = await fetch(page.url("xhr-stream", { since }), { signal: abort.signal });
    if (!answer.ok) throw new Error(answer.status);
    const lines = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let piece; !(piece = await lines.read()).done; ) {
      const all = (rest + piece.value).split("\n");
      rest = all.pop();                    // a piece may end within a line
      for (const line of all.filter((line) => line.trim())) {
        const message = JSON.parse(line);
        since = message.id;
        page.show(message, request);
      }
    }
    page.answered(request);
  } catch {
    page.fails(request);
  }
  if (!abort.signal.aborted) timer = setTimeout(connect, 1000);
}

page.onstop = () => { clearTimeout(timer); abort.abort(); };
connect();
