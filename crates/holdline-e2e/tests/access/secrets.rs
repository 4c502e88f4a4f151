//! Secrets: one a request, compared whole, and told to nobody.

use holdline_e2e::{Client, Server, wait_for};

use super::{UPGRADE, ask, code, kept};

#[test]
fn a_request_shows_one_token() {
    let server = Server::start(&["--publish-token", "open-sesame"]).unwrap();
    let good = "Authorization: Bearer open-sesame\r\n";
    for (fields, query, status) in [
        (format!("{good}{good}"), "", 400),
        (format!("{good}Authorization: Bearer wrong\r\n"), "", 400),
        (String::new(), "?token=open-sesame&token=open-sesame", 400),
        (String::new(), "?token=open-sesame&token=wrong", 400),
        (String::new(), "?Token=open-sesame", 400),
        // A bad one is never followed by the next in line.
        (
            "Authorization: Bearer wrong\r\n".to_owned(),
            "?token=open-sesame",
            401,
        ),
        (
            "Authorization: Bearer\r\n".to_owned(),
            "?token=open-sesame",
            401,
        ),
        ("Authorization:\r\n".to_owned(), "?token=open-sesame", 401),
        (
            "Authorization: Bearer open-sesame wrong\r\n".to_owned(),
            "",
            401,
        ),
        (
            format!("Authorization: Bearer {}\r\n", "x".repeat(10_000)),
            "",
            401,
        ),
    ] {
        let request = format!(
            "POST /channels/a{query} HTTP/1.1\r\nHost: test\r\n{fields}Content-Length: 2\r\n\r\nhi"
        );
        let answer = ask(&server, &request);
        assert_eq!(answer.head.status, status, "{request:?}: {answer:?}");
    }
    let socket =
        format!("GET /channels/a/websocket HTTP/1.1\r\nHost: test\r\n{good}{good}{UPGRADE}\r\n");
    assert_eq!(code(&ask(&server, &socket)), "repeated_token");
    assert_eq!(kept(&server), 0);
}

/// With `?since=` the publisher also reads: nothing is read, and nothing published, by who may not publish.
#[test]
fn who_may_not_publish_reads_nothing_with_the_same_request() {
    let server = Server::start(&["--publish-token", "open-sesame"]).unwrap();
    for (fields, status) in [("", 401), ("Authorization: Bearer open-sesame\r\n", 200)] {
        let request = format!(
            "POST /channels/a?since=earliest HTTP/1.1\r\nHost: test\r\n{fields}Content-Length: 2\r\n\r\nhi"
        );
        let answer = ask(&server, &request);
        assert_eq!(answer.head.status, status, "{answer:?}");
        let messages = &answer.json().unwrap()["messages"];
        assert_eq!(messages.is_array(), status == 200, "{answer:?}");
    }
    assert_eq!(kept(&server), 1);
}

#[test]
fn no_log_line_has_a_token_a_query_or_a_raw_name() {
    let arguments = [
        "--publish-token",
        "open-sesame",
        "--max-channels",
        "1",
        "--history",
        "0",
    ];
    let server = Server::start_talkative(&arguments, "trace").unwrap();
    for request in [
        "POST /channels/a?token=open-sesame&event=secret-query HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi",
        "POST /channels/%E2%80%AEb?token=open-sesame HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi",
        "POST /channels/c HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer open-sesame\r\nContent-Length: 2\r\n\r\nhi",
        "POST /channels/c HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer guess-sesame\r\nContent-Length: 2\r\n\r\nhi",
        "GET /channels/a/poll?since=secret-query HTTP/1.1\r\nHost: evil\u{1f}.example\r\n\r\n",
        "GET /channels/a/poll?since=secret-query HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /nothing?secret-query\u{1b}[31m HTTP/1.1\r\nHost: test\r\n\r\n",
    ] {
        ask(&server, request);
    }
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send(format!(
            "GET /channels/a/websocket?token=open-sesame HTTP/1.1\r\nHost: test\r\n{UPGRADE}\r\n"
        ))
        .unwrap();
    client.head().unwrap().unwrap();
    drop(client);
    wait_for("the log to tell of its end", || {
        server.log().contains("subscriber gone").then_some(())
    });
    let log = server.log();
    assert!(log.contains("is not remembered any more"), "{log}");
    for never in ["sesame", "secret-query", "\u{202e}", "\u{1b}", "\u{1f}"] {
        assert!(!log.contains(never), "{never:?}: {log}");
    }
}
