//! What becomes of streams when their token ends.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use holdline_e2e::{Client, Server};
use serde_json::json;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

use super::foreign::{encode, now};
use super::{UPGRADE, bearer, sign, start, status};

/// A token of `name` that ends in about `seconds`, with the leeway.
pub(super) fn ending_in(seconds: u64, name: &str) -> String {
    let claims = json!({
        "sub": name, "subscribe": ["a"], "publish": ["a"], "iat": now() - 60, "exp": now() + seconds - 30,
    });
    encode(&claims, "HS256", &json!({}))
}

/// Begins a request whose answer takes its time.
pub(super) fn begin(server: &Server, path: &str, fields: &str) -> Client {
    let mut client = Client::connect(server.address()).unwrap();
    let host = server.address();
    client
        .send(format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"
        ))
        .unwrap();
    client
}

/// All of an answer, to its end.
pub(super) fn whole(client: &mut Client) -> String {
    let head = client.head().unwrap().unwrap();
    assert_eq!(head.status, 200, "{head:?}");
    let mut text = String::new();
    let mut body = client.body(&head, "GET").unwrap();
    body.read_to_string(&mut text).unwrap();
    text
}

pub(super) fn socket(server: &Server, path: &str, token: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let url = format!("ws://{}{path}?token={token}", server.address());
    tungstenite::client(url, stream).unwrap().0
}

/// The texts that come until it is closed, and the code.
pub(super) fn texts(socket: &mut WebSocket<TcpStream>) -> (Vec<String>, Option<CloseCode>) {
    let mut texts = Vec::new();
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => texts.push(text.to_string()),
            Message::Close(frame) => return (texts, frame.map(|frame| frame.code)),
            _ => {}
        }
    }
}

#[test]
fn every_stream_ends_with_its_token_and_says_so() {
    let server = start(&[]);
    let token = ending_in(6, "ann");
    let fields = bearer(&token);
    let began = Instant::now();
    let streams = [
        ("/channels/a/sse".to_owned(), "event: holdline.expired\n"),
        (
            "/channels/a/sse?format=json".to_owned(),
            r#""event":"holdline.expired""#,
        ),
        (
            "/channels/a/xhr-stream".to_owned(),
            r#""event":"holdline.expired""#,
        ),
        (
            format!("/channels/a/iframe?callback=f&token={token}"),
            r#""event":"holdline.expired""#,
        ),
        (
            "/channels/a/long-poll?wait=120".to_owned(),
            r#""messages":[],"lost":false"#,
        ),
        (
            format!("/channels/a/jsonp?callback=f&wait=120&token={token}"),
            r#""messages":[],"lost":false"#,
        ),
    ];
    let streams = streams.map(|(path, says)| {
        let header = if path.contains("token=") { "" } else { &fields };
        (begin(&server, &path, header), path, says)
    });
    let mut websocket = socket(&server, "/channels/a/websocket", &token);
    let mut echo = socket(&server, "/echo", &token);
    // One that does not end, and one whose token has no end.
    let lasting = bearer(&sign(&["--subscribe", "a", "--expires", "1h"]));
    let mut others = [lasting, bearer(&sign(&["--subscribe", "a"]))]
        .map(|fields| begin(&server, "/channels/a/sse", &fields));
    for (mut client, path, says) in streams {
        let text = whole(&mut client);
        assert!(text.contains(says), "{path}: {text}");
    }
    let (told, code) = texts(&mut websocket);
    assert!(
        told.last()
            .unwrap()
            .contains(r#""event":"holdline.expired""#),
        "{told:?}"
    );
    assert_eq!(code, Some(CloseCode::from(4401)));
    assert_eq!(texts(&mut echo), (vec![], Some(CloseCode::from(4401))));
    let took = began.elapsed();
    assert!(
        took > Duration::from_secs(3) && took < Duration::from_secs(20),
        "{took:?}"
    );
    // It cannot come back with it.
    for line in [
        "GET /channels/a/sse",
        "GET /channels/a/poll",
        "POST /channels/a",
    ] {
        assert_eq!(status(&server, line, &fields), 401, "{line}");
    }
    assert_eq!(
        status(
            &server,
            "GET /channels/a/websocket",
            &format!("{fields}{UPGRADE}")
        ),
        401
    );
    // The others go on.
    let publisher = bearer(&sign(&["--publish", "a"]));
    let post = format!("{publisher}Content-Length: 5\r\n\r\nafter");
    assert_eq!(status(&server, "POST /channels/a", &post), 200);
    for client in &mut others {
        let head = client.head().unwrap().unwrap();
        let mut body = client.body(&head, "GET").unwrap();
        let mut seen = String::new();
        while !seen.contains("data: after\n\n") {
            let mut byte = [0];
            body.read_exact(&mut byte).unwrap();
            seen.push(char::from(byte[0]));
        }
        assert!(!seen.contains("expired"), "{seen}");
    }
}
