//! In Node, as a module; and against a server that answers what it is told to.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use holdline_e2e::{LIMIT, Process, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::scripted::{Answer, Scripted};

/// A script that runs in Node with `connect` and `publish`, and prints a line of JSON with `say`.
struct Node {
    process: Process,
    lines: Receiver<Value>,
    _folder: TempDir,
}

impl Node {
    /// `server` is what `base` is in the script.
    fn run(server: &str, script: &str) -> Self {
        let real = Server::start(&[]).unwrap();
        let folder = tempfile::Builder::new()
            .prefix("holdline-e2e-")
            .tempdir()
            .unwrap();
        for name in ["holdline.js", "holdline.mjs"] {
            let text = ureq::get(&real.url(&format!("/{name}"))).call().unwrap();
            let text = text.into_body().read_to_string().unwrap();
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let script = format!(
            "import {{ connect, publish, transports }} from './holdline.mjs';
             const base = {};
             const say = (...values) => console.log(JSON.stringify(values));
             {script}",
            json!(server)
        );
        std::fs::write(folder.path().join("script.mjs"), script).unwrap();
        let mut process = Process::spawn(
            Command::new("node")
                .arg("script.mjs")
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::piped()),
        )
        .expect("Debian's package nodejs");
        let (send, lines) = channel();
        let output = BufReader::new(process.child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self {
            process,
            lines,
            _folder: folder,
        }
    }

    fn line(&self) -> Value {
        self.lines
            .recv_timeout(LIMIT)
            .expect("a line of the script")
    }

    /// Nothing is left that keeps it: it ends.
    fn end(mut self) {
        let status = self.process.wait("Node to end").unwrap();
        assert!(status.success(), "{status}");
        assert!(self.lines.recv().is_err(), "it said more");
    }
}

const OPEN: &str = "id: 1-1\n\n";
const EVENTS: &str = "Content-Type: text/event-stream\r\n";

#[test]
fn it_receives_publishes_and_ends_in_node() {
    let server = Server::start(&[]).unwrap();
    for way in ["auto", "sse", "fetch-stream", "long-poll", "poll"] {
        let node = Node::run(
            &server.url(""),
            &format!(
                "const news = connect(base, {{ channels: 'news', transport: '{way}' }});
                 const got = [];
                 const all = new Promise((done) => news.on('message', ({{ data }}) => got.push(data) < 3 || done()));
                 await new Promise((done) => news.on('state', ({{ state }}) => state === 'open' && done()));
                 for (const text of ['one', '🦀\\r\\n\\0', 'three']) await news.publish('news', text);
                 await all;
                 news.close();
                 say(got, news.state);"
            ),
        );
        assert_eq!(
            node.line(),
            json!([["one", "🦀\r\n\0", "three"], "closed"]),
            "{way}"
        );
        node.end();
    }
}

#[test]
fn a_publisher_that_gets_no_answer_sends_the_same_again_under_the_same_key() {
    let server = Scripted::start(|number, _| match number {
        0 => Answer::Nothing,
        1 => Answer::Whole(502, "", "<html>".to_owned()),
        2 => Answer::error(503, "Retry-After: 1\r\n", "unavailable"),
        3 => Answer::error(409, "", "in_progress"),
        _ => Answer::Whole(200, "", r#"{"id":"1-2","receivers":3}"#.to_owned()),
    });
    let node = Node::run(
        &format!("http://{}/below/", server.address),
        "say(await publish(base, 'a b', 'héllo', { event: 'x y', token: 'secret' }));
         say(await publish(base, 'a b', 'other', { key: 'mine' }));",
    );
    let answer = json!([{ "id": "1-2", "receivers": 3 }]);
    assert_eq!([node.line(), node.line()], [answer.clone(), answer]);
    node.end();
    let asked = server.wait_for(6);
    assert_eq!(asked.len(), 6);
    let key = asked[0].field("idempotency-key").unwrap();
    assert!(key.len() == 32, "{key}");
    for again in &asked[..5] {
        assert_eq!(
            again.line(),
            "POST /below/channels/a%20b?event=x+y HTTP/1.1"
        );
        assert_eq!(again.body, "héllo");
        assert_eq!(again.field("idempotency-key"), Some(key));
        assert_eq!(again.field("authorization"), Some("Bearer secret"));
    }
    assert!(asked[3].at - asked[2].at >= Duration::from_secs(1));
    assert_eq!(asked[5].field("idempotency-key"), Some("mine"));
    assert_eq!(asked[5].field("authorization"), None);
}

#[test]
fn what_is_refused_for_good_is_told_at_once_and_not_asked_again() {
    let server = Scripted::start(|_, asked| match asked.line() {
        line if line.starts_with("POST /channels/old") => {
            Answer::Whole(403, "", "<html>".to_owned())
        }
        line if line.starts_with("POST") => Answer::error(413, "", "body_too_large"),
        line if line.contains("proxy") => Answer::Whole(401, "", "<html>".to_owned()),
        _ => Answer::error(400, "", "bad_cursor"),
    });
    let node = Node::run(
        &format!("http://{}", server.address),
        "const fault = ({ status, code, message }) => [status, code ?? null, message];
         for (const name of ['old', 'new']) await publish(base, name, 'x').catch((error) => say(fault(error)));
         for (const channels of ['ours', 'proxy']) {
             const one = connect(base, { channels, token: 'stale' });
             await new Promise((done) => one.on('state', ({ state, error }) => state === 'closed' && done(say(fault(error)))));
         }",
    );
    assert_eq!(node.line(), json!([[403, null, "the answer was 403"]]));
    assert_eq!(
        node.line(),
        json!([[413, "body_too_large", "it is body_too_large"]])
    );
    assert_eq!(
        node.line(),
        json!([[400, "bad_cursor", "it is bad_cursor"]])
    );
    assert_eq!(node.line(), json!([[401, null, "the answer was 401"]]));
    node.end();
    assert_eq!(server.wait_for(4).len(), 4);
}

#[test]
fn the_function_for_tokens_is_asked_before_each_connection_and_when_one_has_expired() {
    let expired = r#"data: {"id":"1-2","channel":"a","event":"holdline.expired","data":""}"#;
    let server = Scripted::start(move |number, asked| match (number, asked.line()) {
        (0, _) => Answer::Endless(EVENTS, format!("{OPEN}{expired}\n\n")),
        // A held poll ends by itself when the token does; the next one is refused.
        (1, _) => Answer::Endless(EVENTS, OPEN.to_owned()),
        (2, _) => Answer::error(401, "", "unauthorized"),
        (_, line) if line.starts_with("POST") => {
            Answer::Whole(200, "", r#"{"id":"1-3","receivers":0}"#.to_owned())
        }
        _ => Answer::error(401, "", "unauthorized"),
    });
    let node = Node::run(
        &format!("http://{}", server.address),
        "let number = 0;
         const token = async () => `token-${number += 1}`;
         const one = connect(base, { channels: 'a', token });
         let opened = 0;
         one.on('state', async ({ state }) => {
             if (state !== 'open' || (opened += 1) < 2) return;
             say((await one.publish('a', 'x')).id);
             one.close();
             const two = connect(base, { channels: 'a', token });
             two.on('state', ({ state, error }) => state === 'closed' && say(error.status));
         });",
    );
    assert_eq!([node.line(), node.line()], [json!(["1-3"]), json!([401])]);
    node.end();
    let asked = server.wait_for(5);
    let shown: Vec<_> = asked
        .iter()
        .map(|asked| asked.field("authorization").unwrap())
        .collect();
    // The third is the publisher's, with what the connection has; it is refused, and asks for another one.
    let numbers = [1, 2, 2, 3, 4].map(|number| format!("Bearer token-{number}"));
    assert_eq!(shown, numbers);
}

#[test]
fn a_full_server_is_asked_again_when_it_says() {
    let server = Scripted::start(|number, _| match number {
        0 => Answer::Whole(200, EVENTS, "retry: 1200\n\n".to_owned()),
        1 => Answer::error(503, "Retry-After: 1\r\n", "unavailable"),
        _ => Answer::Endless(EVENTS, OPEN.to_owned()),
    });
    let node = Node::run(
        &format!("http://{}", server.address),
        "const one = connect(base, { channels: 'a' });
         one.on('state', ({ state, transport }) => {
             if (state === 'connecting') return;
             say(state, transport);
             if (state === 'open') one.close();
         });",
    );
    let told = ["retrying", "retrying", "open", "closed"];
    for state in told {
        assert_eq!(node.line()[0], state);
    }
    node.end();
    let asked = server.wait_for(3);
    assert_eq!(asked.len(), 3, "no other transport was tried in vain");
    assert!(asked[1].at - asked[0].at >= Duration::from_millis(1200));
    assert!(asked[2].at - asked[1].at >= Duration::from_secs(1));
}

#[test]
fn a_publisher_that_is_too_fast_waits_as_long_as_it_is_told_and_keeps_the_order() {
    let fields = "Retry-After: 2\r\n";
    let was_refused = AtomicBool::new(false);
    let server = Scripted::start(move |number, asked| match number {
        // An event stream that opens meanwhile is no reason to come earlier.
        _ if asked.line().starts_with("GET") && number < 3 => Answer::error(503, "", "unavailable"),
        _ if asked.line().starts_with("GET") => Answer::Endless(EVENTS, OPEN.to_owned()),
        _ if !was_refused.swap(true, Ordering::SeqCst) => {
            Answer::error(429, fields, "too_many_messages")
        }
        _ if asked.body == "never" => {
            Answer::error(429, "Retry-After: 3600\r\n", "too_many_messages")
        }
        _ if asked.body == "wrong" => Answer::error(400, "", "bad_event"),
        _ => Answer::Whole(200, "", r#"{"id":"1-2","receivers":0}"#.to_owned()),
    });
    let node = Node::run(
        &format!("http://{}", server.address),
        "const sender = connect(base);
         const reader = connect(base, { channels: 'a', transport: 'sse' });
         const texts = ['one', 'two', 'three'];
         await Promise.all(texts.map((text) => sender.publish('a', text)));
         reader.close();
         await sender.publish('a', 'never').catch(({ status, code, after }) => say(status, code, after));
         await publish(base, 'a', 'wrong').catch(({ status, after }) => say(status, typeof after));",
    );
    // It is known that nothing was published, and when it may be.
    assert_eq!(node.line(), json!([429, "too_many_messages", 3_600_000]));
    assert_eq!(node.line(), json!([400, "undefined"]));
    node.end();
    let asked = server.asked();
    let posts: Vec<_> = asked
        .iter()
        .filter(|asked| asked.line().starts_with("POST"))
        .collect();
    let bodies: Vec<_> = posts.iter().map(|asked| &*asked.body).collect();
    assert_eq!(bodies, ["one", "one", "two", "three", "never", "wrong"]);
    assert!(posts[1].at - posts[0].at >= Duration::from_secs(2));
}

#[test]
fn what_was_being_published_when_it_was_closed_is_told_to_be_unknown() {
    let server = Scripted::start(|_, _| Answer::Nothing);
    let node = Node::run(
        &format!("http://{}", server.address),
        "const one = connect(base);
         const told = ({ code }) => say(code);
         one.publish('a', 'first').catch(told);
         one.publish('a', 'second').catch(told);
         setTimeout(() => one.close(), 400);",
    );
    assert_eq!(
        [node.line(), node.line()],
        [json!(["unknown_outcome"]), json!(["closed"])]
    );
    node.end();
    assert!(server.asked().iter().all(|asked| asked.body == "first"));
}

/// The server forgets a key after two minutes. Then the same message would be another one.
#[test]
fn a_page_that_slept_for_too_long_does_not_publish_its_message_again() {
    for clock in ["performance", "Date"] {
        let server = Scripted::start(|_, _| Answer::Nothing);
        let node = Node::run(
            &format!("http://{}", server.address),
            &format!(
                "const real = {clock}.now.bind({clock});
                 const slept = () => ({clock}.now = () => real() + 600_000);
                 const wait = setTimeout;
                 globalThis.setTimeout = (act, time) => wait(time < 2000 ? () => (slept(), act()) : act, time);
                 publish(base, 'a', 'x').catch(({{ code }}) => say(code));"
            ),
        );
        assert_eq!(node.line(), json!(["unknown_outcome"]), "{clock}");
        node.end();
        assert_eq!(server.wait_for(1).len(), 1, "{clock}");
    }
}

#[test]
fn a_message_that_may_have_been_published_is_not_told_to_be_refused_when_the_token_ends() {
    let server = Scripted::start(|number, _| match number {
        0 => Answer::Nothing,
        _ => Answer::error(401, "", "bad_token"),
    });
    let node = Node::run(
        &format!("http://{}", server.address),
        "publish(base, 'a', 'x', { token: 't' }).catch(({ code, cause }) => say(code, cause.status));",
    );
    assert_eq!(node.line(), json!(["unknown_outcome", 401]));
    node.end();
    assert_eq!(server.wait_for(2).len(), 2);
}
