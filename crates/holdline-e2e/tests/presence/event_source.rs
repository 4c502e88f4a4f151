//! Chromium's `EventSource` is told who comes and goes, and resumes after the last message.

use holdline_e2e::{Browser, Client, CutProxy, Server, Transport, publish};
use serde_json::{Value, json};

use super::Member;

/// Keeps `[type, data, lastEventId]` of each event.
const FOLLOW: &str = "
    window.seen = [];
    const source = (window.source = new EventSource('/channels/a/sse?presence=true&since=earliest'));
    for (const type of ['message', 'holdline.members', 'holdline.join', 'holdline.leave', 'holdline.lost'])
        source.addEventListener(type, ({ data, lastEventId }) => seen.push([type, data, lastEventId]));";

fn wait(browser: &Browser, what: &str, of: &str, part: &str) {
    let script = format!(
        "return seen.some(([type, data]) => type === {} && data.includes({}))",
        json!(of),
        json!(part)
    );
    browser.wait_until(what, &script).unwrap();
}

#[test]
fn members_that_come_and_go_do_not_move_its_place() {
    let server = Server::start(&["--presence-linger", "100ms"]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    let mut publisher = Client::connect(server.address()).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&proxy.url("/health")).unwrap();
    publish(&mut publisher, "a", "one").unwrap();
    browser.run(FOLLOW).unwrap();
    wait(&browser, "the first message", "message", "one");
    let bob = Member::join(&server, "a", Transport::Sse, "bob");
    wait(&browser, "bob to come", "holdline.join", "bob");
    // It is cut while the last that it was told is that somebody came.
    proxy.refuse(true);
    proxy.cut();
    for text in ["two", "three"] {
        publish(&mut publisher, "a", text).unwrap();
    }
    proxy.refuse(false);
    wait(&browser, "what was missed", "message", "three");
    bob.cut();
    wait(&browser, "bob to go", "holdline.leave", "bob");
    proxy.cut();
    publish(&mut publisher, "a", "four").unwrap();
    wait(&browser, "the last", "message", "four");
    let seen = browser.run("return seen").unwrap();
    let seen: Vec<[String; 3]> = serde_json::from_value::<Vec<[String; 3]>>(seen).unwrap();
    let texts: Vec<&str> = seen
        .iter()
        .filter(|[kind, ..]| kind == "message")
        .map(|[_, text, _]| &**text)
        .collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
    assert!(
        seen.iter().all(|[kind, ..]| kind != "holdline.lost"),
        "{seen:?}"
    );
    // What it is told of members carries the place of the last message before it.
    let mut place = None;
    for [kind, _, id] in &seen {
        match kind.as_str() {
            "message" => place = Some(id),
            _ => assert!(place.is_none_or(|place| place == id), "{seen:?}"),
        }
    }
    let opened: Value = browser.run("return source.readyState").unwrap();
    assert_eq!(opened, 1);
}
