//! A server that has all the connections it may have, as a browser and a client behind nginx meet it.

use holdline_e2e::{Browser, Client, Head, Server, publish};
use serde_json::json;

use super::browser::other_site;
use super::code;
use super::nginx::Nginx;

const CONNECTIONS: usize = 6;

/// Streams that take all places.
fn fill(server: &Server) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send("GET /channels/other/sse HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        assert_eq!(client.head().unwrap().unwrap().status, 200);
        clients.push(client);
    }
    clients
}

/// Each source notes when it was sent away, in what state that left it, when it was let in after that, and what it got.
const SOURCES: &str = "
    window.sources = Array.from({ length: 5 }, () => {
        const seen = { refused: null, state: null, back: null, data: null };
        const source = new EventSource(URL);
        source.addEventListener('open', () => {
            if (seen.refused !== null) seen.back ??= performance.now();
        });
        source.addEventListener('error', () => {
            seen.refused ??= performance.now();
            seen.state ??= source.readyState;
        });
        source.addEventListener('message', (event) => (seen.data = event.data));
        return seen;
    });";

#[test]
fn an_event_source_of_a_browser_comes_back_to_a_full_server_when_there_is_room() {
    let site = format!("http://{}", other_site());
    let connections = CONNECTIONS.to_string();
    let options = ["--max-connections", &connections, "--allow-origin", &site];
    let server = Server::start(&options).unwrap();
    let taken = fill(&server);
    let mut publisher = Client::connect(server.address()).unwrap();
    publish(&mut publisher, "news", "hi").unwrap();
    let browser = Browser::start().unwrap();
    // Of another site, so that the browser has no connection to the server that it could use again.
    browser.open(&site).unwrap();
    let url = server.url("/channels/news/sse?since=earliest");
    browser
        .run(&SOURCES.replace("URL", &json!(url).to_string()))
        .unwrap();
    let all_are_refused = "return sources.every((source) => source.refused !== null)";
    browser.wait_until("the refusals", all_are_refused).unwrap();
    let connecting = "return sources.every((source) => source.state === EventSource.CONNECTING && source.data === null)";
    assert_eq!(browser.run(connecting).unwrap(), true);
    drop(taken);
    let all_are_in =
        "return sources.every((source) => source.back !== null && source.data === 'hi')";
    browser.wait_until("the message", all_are_in).unwrap();
    let away = browser
        .run("return sources.map(({ refused, back }) => back - refused)")
        .unwrap();
    let away: Vec<f64> = serde_json::from_value(away).unwrap();
    let (least, most) = away
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), &time| {
            (least.min(time), most.max(time))
        });
    // From 2 to 10 s as each was told. They do not come back together.
    assert!(least > 1_900.0 && most - least > 250.0, "{away:?}");
}

#[test]
fn behind_nginx_a_full_server_takes_messages_and_sends_all_others_away_with_a_time() {
    let connections = CONNECTIONS.to_string();
    let options = [
        "--max-connections",
        &connections,
        "--allow-host",
        "push.example.com,test",
    ];
    let server = Server::start(&options).unwrap();
    let Some(nginx) = Nginx::start(&server) else {
        return;
    };
    let taken = fill(&server);
    let ask = |request: &str| {
        let method = request.split(' ').next().unwrap();
        nginx.send(request).answer(method).unwrap()
    };
    // More than once: nginx may not keep the connection that the server closes.
    for number in 1..=3 {
        let answer = ask("POST /channels/news HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(answer.head.status, 200, "{answer:?}");
        let poll = ask("GET /channels/news/poll?since=earliest HTTP/1.1\r\n\r\n");
        assert_eq!((poll.head.status, &*code(&poll)), (503, "unavailable"));
        assert!(retry_after(&poll.head) > 0, "{poll:?}");
        let source = ask("GET /channels/news/sse HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n");
        assert_eq!(source.head.status, 200, "{number}: {source:?}");
        let text = source.text();
        let retry = text
            .strip_prefix("retry: ")
            .and_then(|rest| rest.strip_suffix("\n\n"));
        let retry: u32 = retry
            .unwrap_or_else(|| panic!("{source:?}"))
            .parse()
            .unwrap();
        assert!((2_000..=10_000).contains(&retry), "{retry}");
        assert_eq!(ask("GET /health HTTP/1.1\r\n\r\n").text(), "ok");
    }
    drop(taken);
    holdline_e2e::wait_for("room", || {
        let poll = ask("GET /channels/news/poll?since=earliest HTTP/1.1\r\n\r\n");
        let messages = poll.json().unwrap()["messages"].as_array()?.len();
        assert_eq!(messages, 3);
        Some(())
    });
}

fn retry_after(head: &Head) -> u32 {
    head.get("Retry-After").unwrap().parse().unwrap()
}
