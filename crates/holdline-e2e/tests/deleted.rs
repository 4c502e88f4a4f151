//! `DELETE /channels/NAME` as subscribers see it: at once, over every transport, and nobody loses in silence.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use holdline_e2e::{Client, CutProxy, Item, Server, Transport, publish, subscribe, wait_for};
use serde_json::Value;

/// Sends a request without a body, and gives status and JSON.
fn ask(server: &Server, method: &str, target: &str, fields: &str) -> (u16, Value) {
    let mut client = Client::connect(server.address()).unwrap();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}\r\n");
    client.send(request).unwrap();
    let answer = client.answer(method).unwrap();
    (answer.head.status, answer.json().unwrap())
}

fn delete(server: &Server, channel: &str) -> String {
    let (status, answer) = ask(server, "DELETE", &format!("/channels/{channel}"), "");
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// What a subscriber gets up to the text `end`. Each item is counted as it comes.
fn receive(
    transport: Transport,
    address: std::net::SocketAddr,
    channel: &str,
    since: Option<&str>,
    end: &str,
    count: &AtomicUsize,
) -> Vec<Item> {
    let mut items = Vec::new();
    let result = subscribe(transport, address, channel, since, &mut |item| {
        let last = matches!(&item, Item::Message { data, .. } if data == end);
        items.push(item);
        count.fetch_add(1, Ordering::SeqCst);
        match last {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    result.unwrap_or_else(|error| panic!("{transport}: {error} after {} items", items.len()));
    items
}

/// Texts, and `lost` where it was told.
fn told(items: &[Item]) -> Vec<&str> {
    let told = items.iter().filter_map(|item| match item {
        Item::Position(_) | Item::Told { .. } => None,
        Item::Lost(_) => Some("lost"),
        Item::Message { data, .. } => Some(data.as_str()),
    });
    told.collect()
}

#[test]
fn a_cursor_of_before_is_told_lost_over_every_transport_and_gets_nothing_of_what_was_deleted() {
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    let count = AtomicUsize::new(0);
    for transport in Transport::ALL {
        let channel = transport.name();
        let first = publish(&mut client, channel, "one").unwrap();
        let last = publish(&mut client, channel, "two").unwrap();
        let deleted = delete(&server, channel);
        publish(&mut client, channel, "three").unwrap();
        for (since, expected) in [
            (first.as_str(), &["lost", "three"][..]),
            // Who had everything has lost nothing.
            (&last, &["three"]),
            (&deleted, &["three"]),
            ("earliest", &["three"]),
        ] {
            let items = receive(
                transport,
                server.address(),
                channel,
                Some(since),
                "three",
                &count,
            );
            assert_eq!(told(&items), expected, "{transport} since {since}");
        }
    }
}

#[test]
fn a_live_subscriber_that_had_everything_goes_on_and_is_told_nothing() {
    let server = Server::start(&[]).unwrap();
    for transport in Transport::ALL {
        let (channel, count) = (transport.name(), AtomicUsize::new(0));
        let mut client = Client::connect(server.address()).unwrap();
        let before = publish(&mut client, channel, "before").unwrap();
        let items = thread::scope(|scope| {
            let (server, count) = (&server, &count);
            let reader = scope.spawn(move || {
                receive(
                    transport,
                    server.address(),
                    channel,
                    Some(&before),
                    "end",
                    count,
                )
            });
            publish(&mut client, channel, "seen").unwrap();
            wait_for("the subscriber to have it", || {
                // Streams begin with their position.
                let polls = ["poll", "long-poll", "jsonp"].contains(&channel);
                let seen = count.load(Ordering::SeqCst);
                (seen >= if polls { 1 } else { 2 }).then_some(())
            });
            // A poll says its position after the message.
            thread::sleep(std::time::Duration::from_millis(200));
            delete(server, channel);
            publish(&mut client, channel, "end").unwrap();
            reader.join().unwrap()
        });
        assert_eq!(told(&items), ["seen", "end"], "{transport}");
    }
}

/// It reads nothing for a while, and the messages that wait for it are deleted meanwhile.
#[test]
fn a_stream_that_is_behind_is_told_lost_and_gets_no_more_of_what_was_deleted() {
    let server = Server::start(&[]).unwrap();
    // An iframe page ends by itself after 4 MiB.
    for transport in [Transport::XhrStream, Transport::Sse, Transport::WebSocket] {
        let proxy = CutProxy::start(server.address()).unwrap();
        let (channel, count) = (transport.name(), AtomicUsize::new(0));
        let items = thread::scope(|scope| {
            let (proxy, count) = (&proxy, &count);
            let reader = scope
                .spawn(move || receive(transport, proxy.address(), channel, None, "end", count));
            wait_for("the subscriber", || {
                (count.load(Ordering::SeqCst) > 0).then_some(())
            });
            proxy.stall(true);
            let mut client = Client::connect(server.address()).unwrap();
            let text = "x".repeat(200_000);
            for number in 0..150 {
                // 30 MB, more than all buffers on the way, and less than --max-lag.
                publish(&mut client, channel, &format!("{number} {text}")).unwrap();
            }
            delete(&server, channel);
            for number in 0..3 {
                publish(&mut client, channel, &format!("new {number}")).unwrap();
            }
            publish(&mut client, channel, "end").unwrap();
            proxy.stall(false);
            reader.join().unwrap()
        });
        let told = told(&items);
        let at = told.iter().position(|told| *told == "lost");
        let at = at.unwrap_or_else(|| panic!("{transport} was not told"));
        assert!(at < 150, "{transport} was given all");
        for (number, text) in told[..at].iter().enumerate() {
            assert!(text.starts_with(&format!("{number} ")), "{transport}");
        }
        assert_eq!(
            told[at + 1..],
            ["new 0", "new 1", "new 2", "end"],
            "{transport}"
        );
    }
}

#[test]
fn neither_numbers_nor_keys_begin_again() {
    let server = Server::start(&[]).unwrap();
    let key = "Idempotency-Key: k\r\nContent-Length: 0\r\n";
    let (status, first) = ask(&server, "POST", "/channels/a", key);
    assert_eq!(status, 200);
    let deleted = delete(&server, "a");
    let number = |id: &Value| {
        let (_, number) = id.as_str().unwrap().split_once('-').unwrap();
        u64::from_str_radix(number, 16).unwrap()
    };
    assert_eq!(number(&deleted.into()), number(&first["id"]) + 1);
    // The same message again was published already, and is not published again because it was deleted.
    let (_, again) = ask(&server, "POST", "/channels/a", key);
    assert_eq!(
        (&again["id"], &again["repeated"]),
        (&first["id"], &true.into())
    );
    let (_, poll) = ask(&server, "GET", "/channels/a/poll?since=earliest", "");
    assert_eq!(poll["messages"], Value::Array(Vec::new()));
    let (_, next) = ask(&server, "POST", "/channels/a", "Content-Length: 0\r\n");
    assert_eq!(number(&next["id"]), number(&first["id"]) + 2);
    // A deletion under a key happens once, too: what came meanwhile stays.
    let key = "Idempotency-Key: d\r\n";
    let (_, deleted) = ask(&server, "DELETE", "/channels/a", key);
    ask(&server, "POST", "/channels/a", "Content-Length: 0\r\n");
    let (_, again) = ask(&server, "DELETE", "/channels/a", key);
    assert_eq!(
        (&again["id"], &again["repeated"]),
        (&deleted["id"], &true.into())
    );
    let (_, poll) = ask(&server, "GET", "/channels/a/poll?since=earliest", "");
    assert_eq!(poll["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn who_may_not_is_refused() {
    let server = Server::start(&["--publish-token", "open-sesame"]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send(b"POST /channels/a?token=open-sesame HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx")
        .unwrap();
    assert_eq!(client.answer("POST").unwrap().head.status, 200);
    for (fields, target, status, code) in [
        ("", "/channels/a", 401, "unauthorized"),
        (
            "Authorization: Bearer wrong\r\n",
            "/channels/a",
            401,
            "unauthorized",
        ),
        (
            "Origin: http://evil.example\r\n",
            "/channels/a?token=open-sesame",
            403,
            "foreign_origin",
        ),
        (
            "Origin: null\r\n",
            "/channels/a?token=open-sesame",
            403,
            "foreign_origin",
        ),
        (
            "Sec-Fetch-Site: cross-site\r\n",
            "/channels/a?token=open-sesame",
            403,
            "foreign_origin",
        ),
        ("", "/channels/a,b?token=open-sesame", 400, "bad_channel"),
        (
            "Idempotency-Key: a b\r\n",
            "/channels/a?token=open-sesame",
            400,
            "bad_key",
        ),
        ("", "/channels/a/sse", 405, "method_not_allowed"),
    ] {
        let (got, answer) = ask(&server, "DELETE", target, fields);
        assert_eq!(
            (got, &answer["error"]["code"]),
            (status, &code.into()),
            "{fields}{target}"
        );
    }
    let (_, poll) = ask(&server, "GET", "/channels/a/poll?since=earliest", "");
    assert_eq!(poll["messages"].as_array().unwrap().len(), 1);
    let own = "Origin: http://test\r\nAuthorization: Bearer open-sesame\r\n";
    assert_eq!(ask(&server, "DELETE", "/channels/a", own).0, 200);
    let (_, poll) = ask(&server, "GET", "/channels/a/poll?since=earliest", "");
    assert_eq!(poll["messages"], Value::Array(Vec::new()));
}
