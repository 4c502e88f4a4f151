//! The cookie of a real browser.

use holdline_e2e::{Browser, Server};
use serde_json::json;

use super::{bearer, sign, start, status};

/// What a page can try with the cookie that its browser has for the server. Each ends with what it got.
const TRIES: &str = "
    window.server = SERVER;
    window.outcome = {};
    window.f = () => (outcome.script = 'loaded');
    const source = new EventSource(`${server}/channels/a/sse`, { withCredentials: true });
    source.addEventListener('open', () => (outcome.source = 'open'));
    source.addEventListener('error', () => (outcome.source = 'refused'));
    const socket = new WebSocket(`${server.replace('http', 'ws')}/channels/a/websocket`);
    socket.addEventListener('open', () => (outcome.socket = 'open'));
    socket.addEventListener('error', () => (outcome.socket = 'refused'));
    for (const [name, path, method] of [['poll', '/a/poll', 'GET'], ['other', '/b/poll', 'GET'], ['post', '/a', 'POST']])
        fetch(`${server}/channels${path}`, { method, body: method === 'POST' ? 'x' : undefined, credentials: 'include' })
            .then((answer) => (outcome[name] = answer.status), () => (outcome[name] = 'refused'));
    const script = document.createElement('script');
    script.src = `${server}/channels/a/jsonp?callback=f&since=earliest&wait=0`;
    script.addEventListener('error', () => (outcome.script = 'refused'));
    document.body.append(script);";

fn tries(browser: &Browser, server: &Server) -> serde_json::Value {
    let script = TRIES.replace("SERVER", &json!(server.url("")).to_string());
    browser.run(&script).unwrap();
    browser
        .wait_until(
            "what the page tried to end",
            "return Object.keys(outcome).length === 6",
        )
        .unwrap();
    browser.run("return outcome").unwrap()
}

/// How many messages the channel `a` has.
fn kept(server: &Server) -> usize {
    let reader = bearer(&sign(&["--subscribe", "a"]));
    let poll = super::ask(server, "GET /channels/a/poll?since=earliest", &reader);
    poll.json().unwrap()["messages"].as_array().unwrap().len()
}

#[test]
fn a_page_uses_the_cookie_with_every_transport_but_scripts_and_opens_no_other_channel() {
    let server = start(&[]);
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/health")).unwrap();
    let token = sign(&["--subscribe", "a", "--publish", "a"]);
    browser
        .run(&format!("document.cookie = 'holdline_token={token}'"))
        .unwrap();
    assert_eq!(
        tries(&browser, &server),
        json!({
            "source": "open", "socket": "open", "poll": 200, "post": 200, "other": 403, "script": "refused",
        })
    );
    assert_eq!(kept(&server), 1);
    // A cookie is the browser's for all ports of a host, but a page of another port is another origin.
    let other = Server::start(&[]).unwrap();
    browser.open(&other.url("/health")).unwrap();
    let got = tries(&browser, &server);
    assert_eq!(
        got,
        json!({
            "source": "refused", "socket": "refused", "poll": "refused", "post": "refused", "other": "refused",
            "script": "refused",
        })
    );
    assert_eq!(kept(&server), 1);
    assert_eq!(status(&server, "GET /channels/a/poll", ""), 401);
}
