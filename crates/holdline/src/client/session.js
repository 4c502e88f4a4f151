// One connection over one transport.

/** One connection. `on` is told what happens, until `failed`, or `end` is called. */
function createSession(kind, us, on) {
  let live = true;
  let timer;
  let nap;
  let controller;
  let handle;
  let token;
  let heard = 0;
  let looks = 0;
  let told = {};
  const guard = (act) => (...given) => live && act(...given);
  const traffic = (more) => us.emit("traffic", more);

  const session = {
    kind,
    opened: 0,
    suspect: () => handle?.suspect?.(),
    end() {
      if (!live) return;
      live = false;
      clearTimeout(timer);
      clearTimeout(nap);
      controller?.abort();
      handle?.();
      traffic({ busy: false });
    },
  };

  const link = {
    keep: us.keep,
    silence: us.silence,
    /** The address of a request; the token is in it only where there is no field for it. */
    url(path, parameters, withToken) {
      const url = new URL(`channels/${us.names}/${path}`, us.base);
      const query = { ...parameters, since: us.cursor, ...us.query, ...told, token: withToken && token };
      for (const [key, value] of Object.entries(query)) if (value || value === 0) url.searchParams.set(key, value);
      return url;
    },
    authorize: (set) => token && set("Authorization", `Bearer ${token}`),
    async fetch(path, parameters, fields) {
      if (!live) throw failure("closed");
      controller = new AbortController();
      const headers = new Headers(fields);
      link.authorize((name, value) => headers.set(name, value));
      link.request();
      const { credentials } = us;
      const init = { headers, credentials, cache: "no-store", signal: controller.signal };
      const response = await fetch(link.url(path, parameters), init);
      if (!response.ok) throw refusal(response.status, response.headers.get("Retry-After"), await response.text());
      return response;
    },
    /** Polls once, and returns how long the answer was. */
    async ask(path, parameters) {
      const text = await (await link.fetch(path, parameters)).text();
      link.answer(text);
      return text.length;
    },
    sleep: (time) => new Promise((wake) => live && (nap = setTimeout(wake, time))),
    request: guard(() => {
      heard = now();
      traffic({ requests: 1, busy: true });
    }),
    /** Something came: so many bytes, or this text. */
    bytes: guard((count) => {
      heard = now();
      looks = 0;
      if (us.hears("traffic")) traffic({ bytes: count.length === undefined ? count : textSize(count) });
    }),
    opened: guard((cursor) => {
      if (session.opened) return;
      session.opened = heard = now();
      clearTimeout(timer);
      // Silence counts only if it was looked for twice: a machine that wakes up has not read yet.
      timer = setInterval(() => {
        if (looks++ && now() - heard > us.silence) link.failed(failure("silence", { silent: true }));
      }, Math.min(2_000, us.silence / 4));
      on.opened(cursor);
    }),
    /** A message as text. */
    take: guard((text) => {
      let message;
      try {
        message = JSON.parse(text);
      } catch {
        return link.failed(failure("what came is no JSON"));
      }
      if (message.event === "holdline.open") link.opened(message.id);
      else on.message?.(message);
    }),
    /** A whole answer to a poll, as text. */
    answer: guard((text) => {
      link.bytes(text);
      traffic({ busy: false });
      const answer = JSON.parse(text);
      if (!Array.isArray(answer?.messages)) throw failure("an answer that is none");
      // With it the next poll is told only who has come and gone since.
      if (answer.presence) told = { presence: answer.presence };
      link.opened();
      if (live) on.answer?.(answer, () => live);
    }),
    failed: guard((error) => on.failed(error instanceof TypeError ? failure("no connection") : error)),
    refused: guard((...answer) => on.failed(refusal(...answer))),
    /** Nothing is wrong, but a new connection is wanted now. */
    renew: guard(() => on.renew?.()),
  };

  (async () => {
    try {
      token = await us.token(true);
    } catch (error) {
      throw failure(`no token: ${error?.message ?? error}`, { after: 1 });
    }
    if (!live) return;
    timer = setTimeout(() => link.failed(failure("no opening")), us.patience());
    handle = transports[kind].open(link);
    if (handle?.then) {
      const running = handle;
      handle = null;
      await running;
    } else if (!live) handle?.();
  })().catch(link.failed);
  return session;
}
