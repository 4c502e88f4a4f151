//! A user whose streams are ended by the operator.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use holdline_e2e::{Client, Response, Server};
use serde_json::json;
use tungstenite::protocol::frame::coding::CloseCode;

use super::expiry::{begin, socket, texts, whole};
use super::foreign::encode;
use super::{KEY, bearer, code, sign, start, status};

/// A server that is also watched, and where.
pub(super) fn watched(more: &[&str]) -> (Server, SocketAddr) {
    // Free, and a moment later hopefully still so.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = free.local_addr().unwrap();
    drop(free);
    let server = start(&[&["--admin", &admin.to_string()], more].concat());
    (server, admin)
}

pub(super) fn disconnect(admin: SocketAddr, query: &str, fields: &str) -> Response {
    let mut client = Client::connect(admin).unwrap();
    client
        .send(format!(
            "POST /disconnect{query} HTTP/1.1\r\nHost: {admin}\r\n{fields}\r\n"
        ))
        .unwrap();
    client.answer("POST").unwrap()
}

#[test]
fn a_users_streams_end_on_all_loops_and_the_tokens_of_before_are_refused() {
    let (server, admin) = watched(&["--threads", "2"]);
    let token = sign(&["--name", "ann", "--subscribe", "a", "--publish", "a"]);
    let ageless = encode(
        &json!({ "sub": "ann", "subscribe": ["a"] }),
        "HS256",
        &json!({}),
    );
    let fields = bearer(&token);
    let mut streams: Vec<Client> = (0..6)
        .map(|_| begin(&server, "/channels/a/sse", &fields))
        .collect();
    streams.push(begin(&server, "/channels/a/xhr-stream", &bearer(&ageless)));
    let mut held = begin(&server, "/channels/a/long-poll?wait=120", &fields);
    let mut websocket = socket(&server, "/channels/a/websocket", &token);
    let bob = bearer(&sign(&[
        "--name",
        "bob",
        "--subscribe",
        "a",
        "--presence",
        "a",
    ]));
    let mut other = begin(&server, "/channels/a/sse", &bob);
    holdline_e2e::wait_for("all to be there", || {
        let presence = super::ask(&server, "GET /channels/a/presence", &bob);
        (presence.json().unwrap()["subscribers"] == 10).then_some(())
    });
    let answer = disconnect(admin, "?sub=ann", "");
    assert_eq!(
        (answer.head.status, answer.json().unwrap()),
        (200, json!({ "streams": 9 }))
    );
    for stream in &mut streams {
        let text = whole(stream);
        assert!(text.contains("holdline.expired"), "{text}");
    }
    assert!(whole(&mut held).contains(r#""messages":[]"#));
    assert_eq!(texts(&mut websocket).1, Some(CloseCode::from(4401)));
    for token in [&token, &ageless] {
        let answer = super::ask(&server, "GET /channels/a/poll", &bearer(token));
        assert_eq!(
            (answer.head.status, code(&answer).as_str()),
            (401, "bad_token")
        );
        assert!(answer.text().contains("disconnected"), "{answer:?}");
    }
    // A token of afterwards is good; tokens count whole seconds.
    thread::sleep(Duration::from_millis(1100));
    let again = bearer(&sign(&["--name", "ann", "--subscribe", "a"]));
    assert_eq!(status(&server, "GET /channels/a/poll", &again), 200);
    assert_eq!(status(&server, "GET /channels/a/poll", &bob), 200);
    assert_eq!(other.head().unwrap().unwrap().status, 200);
    assert_eq!(
        disconnect(admin, "?sub=nobody", "").json().unwrap(),
        json!({ "streams": 0 })
    );
}

#[test]
fn only_the_operator_disconnects() {
    let (server, admin) = watched(&["--admin-token", "open-sesame"]);
    let token = sign(&["--name", "ann", "--subscribe", "a"]);
    let secret = "Authorization: Bearer open-sesame\r\n";
    for (query, fields, expected) in [
        ("?sub=ann", String::new(), 401),
        ("?sub=ann", bearer(&token), 401),
        ("?sub=ann", bearer(KEY), 401),
        ("?sub=ann&token=open-sesame", String::new(), 401),
        (
            "?sub=ann",
            format!("{secret}Origin: https://evil.example\r\n"),
            403,
        ),
        (
            "?sub=ann",
            format!("{secret}Sec-Fetch-Site: cross-site\r\n"),
            403,
        ),
        ("", secret.to_owned(), 400),
        ("?sub=", secret.to_owned(), 400),
        ("?Sub=ann", secret.to_owned(), 400),
        ("?sub=ann&sub=bob", secret.to_owned(), 400),
        ("?sub=a%0Ab", secret.to_owned(), 400),
    ] {
        let answer = disconnect(admin, query, &fields);
        assert_eq!(answer.head.status, expected, "{query} {fields}: {answer:?}");
    }
    assert_eq!(status(&server, "POST /disconnect?sub=ann", secret), 404);
    assert_eq!(
        status(&server, "GET /channels/a/poll", &bearer(&token)),
        200
    );
    assert_eq!(disconnect(admin, "?sub=ann", secret).head.status, 200);
    assert_eq!(
        status(&server, "GET /channels/a/poll", &bearer(&token)),
        401
    );
    // There are plots and numbers where the server is watched.
    for path in ["/stats", "/metrics", "/health"] {
        let mut client = Client::connect(admin).unwrap();
        client
            .send(format!(
                "GET {path} HTTP/1.1\r\nHost: {admin}\r\n{secret}\r\n"
            ))
            .unwrap();
        assert_eq!(client.answer("GET").unwrap().head.status, 200, "{path}");
    }
}

#[test]
fn without_tokens_there_is_nobody_to_disconnect() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = free.local_addr().unwrap();
    drop(free);
    let _server = Server::start(&["--admin", &admin.to_string()]).unwrap();
    let answer = disconnect(admin, "?sub=ann", "");
    assert_eq!(answer.head.status, 404, "{answer:?}");
}
