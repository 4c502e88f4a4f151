//! `--max-connections-per-address` and `--trusted-proxy`.

use holdline_e2e::{Client, Server, wait_for};

use super::{EVENT_SOURCE, HANDSHAKE, ask, begin, check_event_stream, check_refusal, stream};

#[test]
fn an_address_with_too_many_connections_is_told_so_and_others_are_served() {
    let server = Server::start(&["--max-connections-per-address", "2"]).unwrap();
    let taken = [stream(&server, ""), stream(&server, "")];
    for (request, fields) in [
        ("GET /health", ""),
        ("GET /channels/news/sse", ""),
        ("GET /channels/news/websocket", HANDSHAKE),
        // Nobody has said that this client is a proxy.
        ("GET /health", "X-Forwarded-For: 192.0.2.7\r\n"),
    ] {
        let (mut client, answer) = ask(&server, request, fields);
        check_refusal(&answer, 429, "too_many_connections");
        assert_eq!(client.rest().unwrap(), b"");
    }
    let (_, answer) = ask(&server, "GET /channels/news/sse", EVENT_SOURCE);
    check_event_stream(&answer);
    let metrics = metrics(&server);
    let line = "holdline_refused_total{reason=\"address\"} 5\n";
    assert!(metrics.contains(line), "{metrics}");
    drop(taken);
    wait_for("a free place", || {
        let (_, answer) = ask(&server, "GET /health", "");
        (answer.head.status == 200).then_some(())
    });
}

/// As somebody at another address sees them.
fn metrics(server: &Server) -> String {
    let mut other = Client::connect_from([127, 0, 0, 2].into(), server.address()).unwrap();
    other
        .send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        .unwrap();
    other.answer("GET").unwrap().text()
}

#[test]
fn an_address_with_very_many_connections_is_not_even_told_so() {
    let server = Server::start(&["--max-connections-per-address", "1"]).unwrap();
    let _taken = stream(&server, "");
    // They say nothing, and so keep the few places for those who are told.
    let _silent: Vec<_> = (0..4)
        .map(|_| Client::connect(server.address()).unwrap())
        .collect();
    wait_for("all of them", || {
        metrics(&server)
            .contains("holdline_connections 6\n")
            .then_some(())
    });
    let mut closed = begin(&server, "GET /health", "");
    assert!(!matches!(closed.response("GET"), Ok(Some(_))));
}

#[test]
fn behind_a_trusted_proxy_each_client_has_its_own_limit() {
    let options = [
        "--max-connections-per-address",
        "1",
        "--trusted-proxy",
        "127.0.0.1",
    ];
    let server = Server::start(&options).unwrap();
    let ann = "X-Forwarded-For: 192.0.2.1\r\n";
    let taken = stream(&server, ann);
    let (_, answer) = ask(&server, "GET /health", ann);
    check_refusal(&answer, 429, "too_many_connections");
    // What a client has made up stands before what the proxy adds.
    let forged = "X-Forwarded-For: 192.0.2.9, 192.0.2.1\r\n";
    let (_, answer) = ask(
        &server,
        "POST /channels/news",
        &format!("{forged}Content-Length: 2\r\n"),
    );
    check_refusal(&answer, 429, "too_many_connections");
    // A proxy uses one connection for many clients, and asks for itself, too.
    let mut proxy = Client::connect(server.address()).unwrap();
    for fields in [
        "X-Forwarded-For: 192.0.2.2\r\n",
        "X-Forwarded-For: 192.0.2.3\r\n",
        "",
        "",
    ] {
        for _ in 0..2 {
            let head = format!("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n");
            proxy.send(head).unwrap();
            assert_eq!(proxy.answer("GET").unwrap().head.status, 200);
        }
    }
    // Two requests at once over one connection are not two at one time.
    let head = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 192.0.2.4\r\n\r\n";
    proxy.send(head.repeat(2)).unwrap();
    for _ in 0..2 {
        assert_eq!(proxy.answer("GET").unwrap().head.status, 200);
    }
    drop(taken);
    wait_for("a free place", || {
        let (_, answer) = ask(&server, "GET /health", ann);
        (answer.head.status == 200).then_some(())
    });
}
