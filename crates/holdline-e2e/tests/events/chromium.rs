//! Chromium's `EventSource`.

use std::time::Duration;

use holdline_e2e::{Browser, CutProxy, Server};
use serde_json::json;

use super::{EVENTS, Feed, Seen, publish_all, wait_for_subscribers};

#[test]
fn receives_ids_types_and_lines_and_resumes_after_a_cut() {
    let server = Server::start(&[]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&proxy.url("/health")).unwrap();
    listen(
        &browser,
        "/channels/a/sse",
        EVENTS.map(|(kind, _, _)| kind).to_vec(),
    );
    wait_for_subscribers(&server, 1);
    let mut expected = publish_all(&server);
    wait_for_events(&browser, expected.len());
    proxy.refuse(true);
    proxy.cut();
    wait_for_subscribers(&server, 0);
    expected.extend(publish_all(&server));
    proxy.refuse(false);
    wait_for_events(&browser, expected.len());
    assert_eq!(events(&browser), expected);
}

#[test]
fn receives_retry() {
    // Longer than its own 3 s, so that it is seen that it waits.
    let retry = Duration::from_millis(3500);
    let feed = Feed::start(retry);
    let browser = Browser::start().unwrap();
    browser.open(&feed.url("/")).unwrap();
    listen(&browser, "/feed", vec!["kind-1", "kind-2"]);
    wait_for_events(&browser, Feed::events().len());
    assert_eq!(events(&browser), Feed::events());
    feed.assert_resumed();
    let requests = feed.requests();
    for pair in requests.windows(2) {
        let waited = pair[1].came - pair[0].ended.unwrap();
        assert!(waited >= retry, "it came again after {waited:?}");
    }
}

/// Opens a source on the page that collects events of these types.
fn listen(browser: &Browser, path: &str, mut kinds: Vec<&str>) {
    kinds.retain(|kind| !kind.is_empty());
    kinds.sort_unstable();
    kinds.dedup();
    kinds.push("message");
    let script = format!(
        "window.seen = [];
         window.source = new EventSource({});
         for (const kind of {})
             source.addEventListener(kind, (event) =>
                 seen.push([event.lastEventId, event.type, event.data]));",
        json!(path),
        json!(kinds)
    );
    browser.run(&script).unwrap();
}

fn wait_for_events(browser: &Browser, number: usize) {
    let script = format!("return window.seen.length >= {number}");
    browser.wait_until("the events", &script).unwrap();
}

fn events(browser: &Browser) -> Vec<Seen> {
    let seen = browser.run("return window.seen").unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let seen = seen.as_array().unwrap().iter();
    seen.map(|event| Seen {
        id: text(&event[0]),
        kind: text(&event[1]),
        data: text(&event[2]),
    })
    .collect()
}
