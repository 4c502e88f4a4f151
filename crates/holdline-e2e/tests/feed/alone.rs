//! One server.

use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;

use holdline_e2e::{LIMIT, NatsServer, program};

use super::*;

#[test]
fn what_is_published_in_redis_comes_over_all_transports() {
    let source = RedisServer::forgetful();
    let server = server(&source, &[]);
    listens(&server, 1);
    publish(&source, "news.a", "begin");
    let begin = cursor_of(&server, "news.a", "begin");
    thread::scope(|scope| {
        let readers = Transport::ALL.map(|transport| {
            let (server, begin) = (&server, &begin);
            scope.spawn(move || receive(server, transport, begin, "end", || ()))
        });
        publish(&source, "news.a", "grüße");
        publish(&source, "news.b", "for others");
        publish(&source, "news.a", "");
        publish(&source, "news.a", "end");
        for reader in readers {
            let expected = ["grüße", "", "end"].map(str::to_owned).to_vec();
            assert_eq!(reader.join().unwrap(), (expected, 0));
        }
    });
    assert_eq!(texts(&poll(&server, "news.b", &begin).0), ["for others"]);
    // Another channel than the feed's.
    assert_eq!(source.cli(&["PUBLISH", "other", "x"]).trim(), "0");
    let feeds = feeds(&server);
    assert_eq!(
        (&feeds["all"], &feeds["taken"], &feeds["refused"]),
        (&1.into(), &5.into(), &0.into())
    );
}

#[test]
fn what_is_no_message_is_left_out_counted_and_said() {
    let source = RedisServer::forgetful();
    let server = server(&source, &["--max-message", "1000"]);
    listens(&server, 1);
    publish(&source, "news.a", "begin");
    for text in [&b"\xff\xfe"[..], b"half of \xe2\x82", &[b'x'; 1001]] {
        source.cli_with(&["PUBLISH", "news.a"], text);
    }
    publish(&source, "news.a", &"x".repeat(1000));
    for name in [
        "news.a/b",
        "news.*",
        "news.a,b",
        "news.\n",
        &format!("news.{}", "x".repeat(124)),
    ] {
        publish(&source, name, "to no channel");
    }
    publish(&source, "news.a", "end");
    let begin = cursor_of(&server, "news.a", "begin");
    let (received, lost) = receive(&server, Transport::WebSocket, &begin, "end", || ());
    assert_eq!(
        (received, lost),
        (vec!["x".repeat(1000), "end".to_owned()], 0)
    );
    let feeds = feeds(&server);
    assert_eq!((&feeds["taken"], &feeds["refused"]), (&3.into(), &8.into()));
    assert_eq!(
        server.log().matches("is left out").count(),
        1,
        "{}",
        server.log()
    );
    let (_, metrics) = metrics(&server);
    for line in [
        "holdline_feeds_connected 1",
        "holdline_feed_messages_total{result=\"taken\"} 3",
        "holdline_feed_messages_total{result=\"refused\"} 8",
        "holdline_feed_lost_total 1",
    ] {
        assert!(
            metrics.lines().any(|given| given == line),
            "{line}\n{metrics}"
        );
    }
}

fn metrics(server: &Server) -> (u16, String) {
    let mut client = holdline_e2e::Client::connect(server.address()).unwrap();
    client
        .send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        .unwrap();
    let answer = client.answer("GET").unwrap();
    let text = String::from_utf8(answer.body.clone()).unwrap();
    (answer.head.status, text)
}

#[test]
fn a_redis_that_is_away_is_waited_for_and_who_follows_is_told() {
    let mut source = RedisServer::forgetful();
    source.kill();
    let server = server(&source, &[]);
    wait_for("the warning", || {
        server.log().contains("trying again").then_some(())
    });
    let (status, answer) = ask(&server, "POST", "/channels/other", "", "works").unwrap();
    assert_eq!(status, 200, "{answer}");
    let other = answer["id"].as_str().unwrap().to_owned();
    source.restart();
    listens(&server, 1);
    publish(&source, "news.a", "before");
    let before = cursor_of(&server, "news.a", "before");
    let (live, is_live) = channel();
    thread::scope(|scope| {
        let readers = [
            Transport::Sse,
            Transport::WebSocket,
            Transport::LongPoll,
            Transport::Poll,
        ]
        .map(|transport| {
            let (server, before, live) = (&server, &before, live.clone());
            let say = move || live.send(()).unwrap_or_default();
            scope.spawn(move || receive(server, transport, before, "after", say))
        });
        for _ in 0..2 {
            is_live.recv_timeout(LIMIT).unwrap();
        }
        source.kill();
        wait_for("the feed to be cut", || {
            (feeds(&server)["connected"] == 0).then_some(())
        });
        source.restart();
        listens(&server, 2);
        publish(&source, "news.a", "after");
        for reader in readers {
            let (received, lost) = reader.join().unwrap();
            assert_eq!(received, ["after"]);
            assert!(lost > 0);
        }
    });
    // Also who comes later, in any of the feed's channels, and nobody else.
    let (messages, lost) = poll(&server, "news.a", &before);
    assert_eq!((texts(&messages), lost), (vec!["after"], true));
    assert_eq!(poll(&server, "news.quiet", &before), (Vec::new(), true));
    assert_eq!(poll(&server, "other", &other), (Vec::new(), false));
}

/// Starts a server that is expected to end by itself.
fn refusal(arguments: &[&str]) -> String {
    let output = Command::new(program().unwrap())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn what_cannot_work_ends_the_start_and_says_what_would() {
    for (url, cure) in [
        ("nonsense", "?pattern=NAMES"),
        ("redis://:hidden@localhost", "?pattern=NAMES"),
        ("redis://:hidden@localhost/?pattern=a*b", "beginning"),
        ("rediss://:hidden@localhost/?pattern=a", "tunnel"),
    ] {
        let said = refusal(&["--feed", url]);
        assert!(said.contains(cure) && !said.contains("hidden"), "{said}");
    }
    let (all, some) = (
        "redis://localhost/?pattern=*",
        "redis://localhost/?pattern=a",
    );
    let said = refusal(&["--feed", all, "--feed", some]);
    assert!(said.contains("only one of them"), "{said}");
    if let Some(nats) = NatsServer::start().unwrap() {
        let said = refusal(&["--broker", &nats.url(), "--feed", some]);
        assert!(said.contains("nats pub"), "{said}");
    }
}
