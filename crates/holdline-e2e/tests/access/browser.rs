//! The same in a real browser, which makes the requests of a hostile page itself.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use holdline_e2e::{Browser, Client, Server, publish};
use serde_json::json;

use super::kept;

/// Serves an empty page on another address of this machine, which to a browser is another site.
pub(super) fn other_site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            // A browser opens connections that it may need, and goes.
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            let page = "<!DOCTYPE html><title>x</title><link rel=icon href=data:,><body></body>";
            let length = page.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{page}"
            );
            // It may have gone before it had the answer.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// What a page of another site can try. Each ends with what it got.
const TRIES: &str = "
    window.server = SERVER;
    window.outcome = {};
    window.f = (answer) => (window.got = answer.messages.length);
    const script = document.createElement('script');
    script.addEventListener('load', () => (outcome.script = `loaded ${window.got}`));
    script.addEventListener('error', () => (outcome.script = 'refused'));
    script.src = `${server}/channels/a/jsonp?callback=f&since=earliest&wait=0`;
    document.body.append(script);
    fetch(`${server}/channels/a/poll?since=earliest`, { mode: 'no-cors' }).then(
        () => (outcome.opaque = 'loaded'), () => (outcome.opaque = 'refused'));
    fetch(`${server}/channels/a`, { method: 'POST', body: 'by fetch', mode: 'no-cors' }).then(
        () => (outcome.post = 'sent'), () => (outcome.post = 'refused'));
    const socket = new WebSocket(`${server.replace('http', 'ws')}/channels/a/websocket`);
    socket.addEventListener('open', () => (outcome.socket = 'open'));
    socket.addEventListener('error', () => (outcome.socket = 'refused'));
    const frame = document.createElement('iframe');
    frame.name = 'target';
    document.body.append(frame);
    const form = document.createElement('form');
    form.method = 'POST';
    form.enctype = 'text/plain';
    form.target = 'target';
    form.action = `${server}/channels/a`;
    form.innerHTML = '<input name=x value=by-form>';
    document.body.append(form);
    frame.addEventListener('load', () => (outcome.form = 'answered'));
    form.submit();
    const left = new Image();
    left.addEventListener('error', () => (outcome.frame = 'tried'));
    left.src = `${server}/channels/a/iframe?callback=f`;";

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

#[test]
fn a_page_of_another_site_reads_nothing_and_publishes_nothing() {
    let site = other_site();
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    publish(&mut client, "a", "secret").unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&format!("http://{site}/")).unwrap();
    let outcome = tries(&browser, &server);
    assert_eq!(outcome["script"], "refused", "{outcome}");
    assert_eq!(outcome["opaque"], "refused", "{outcome}");
    assert_eq!(outcome["socket"], "refused", "{outcome}");
    assert_eq!(kept(&server), 1);
}

#[test]
fn a_page_of_an_allowed_site_reads_by_script_too() {
    let site = other_site();
    let origin = format!("http://{site}");
    let server = Server::start(&["--allow-origin", &origin]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    publish(&mut client, "a", "news").unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&format!("{origin}/")).unwrap();
    let outcome = tries(&browser, &server);
    let script = outcome["script"].as_str().unwrap();
    assert!(
        script.starts_with("loaded ") && script != "loaded 0",
        "{outcome}"
    );
    assert_eq!(outcome["opaque"], "loaded", "{outcome}");
    assert_eq!(outcome["post"], "sent", "{outcome}");
    assert_eq!(outcome["socket"], "open", "{outcome}");
    // By form and by fetch.
    assert_eq!(kept(&server), 3);
}

#[test]
fn a_page_whose_name_was_turned_to_this_machine_gets_nothing() {
    let rebound = ["--host-resolver-rules=MAP evil.example 127.0.0.1"];
    let browser = Browser::start_with(&rebound).unwrap();
    let publishes = "
        window.status = '';
        fetch('/channels/a', { method: 'POST', body: 'x' }).then((answer) => (status = `${answer.status}`));";
    for (arguments, status) in [(&[][..], "403"), (&["--allow-host", "evil.example"], "200")] {
        let server = Server::start(arguments).unwrap();
        let page = format!("http://evil.example:{}/health", server.address().port());
        browser.open(&page).unwrap();
        let text = browser.run("return document.body.innerText").unwrap();
        let text = text.as_str().unwrap();
        assert_eq!(
            text.contains("--allow-host evil.example"),
            status == "403",
            "{text}"
        );
        browser.run(publishes).unwrap();
        browser
            .wait_until("the answer", "return status !== ''")
            .unwrap();
        assert_eq!(browser.run("return status").unwrap(), status);
    }
}
