use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use holdline_net::blocking::http::Server;
use holdline_net::blocking::websocket::{Choice, ClientKeys, Error, Message, WebSocket};
use holdline_net::entropy;
use holdline_websocket::{Buffer, CloseCode, Config, Connection, Event, Keepalive};

use crate::peer::{PATIENCE, connect, peer};
use crate::script::{Script, every_cut, text};

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: a, b\r\nOrigin: https://ours.example\r\n\r\n";

fn client() -> Connection<ClientKeys> {
    Connection::client(Config::default(), entropy::mask_key)
}

/// Text, a ping within a fragmented message, binary, Close.
fn frames() -> Vec<u8> {
    let mut client = client();
    let mut out = bytes::BytesMut::new();
    client.send_text("höld", &mut out).unwrap();
    client.send_binary_fragment(b"li", false, &mut out).unwrap();
    client.send_ping(b"?", &mut out).unwrap();
    client.send_binary_fragment(b"ne", true, &mut out).unwrap();
    client.send_binary(b"", &mut out).unwrap();
    client
        .send_close(CloseCode::NORMAL, "bye", &mut out)
        .unwrap();
    out.to_vec()
}

/// Everything that comes, retrying after timeouts.
fn read_all(websocket: &mut WebSocket<Script>) -> Result<Vec<String>, Error> {
    let mut seen = Vec::new();
    loop {
        match websocket.read() {
            Ok(Some(message)) => seen.push(format!("{message:?}")),
            Ok(None) => return Ok(seen),
            Err(error) if error.is_timeout() => {}
            Err(error) => return Err(error),
        }
    }
}

#[test]
fn messages_come_whole_however_they_are_cut() {
    for stream in every_cut(&frames()) {
        let written = stream.written();
        let mut websocket =
            WebSocket::new(stream, Vec::new(), Connection::server(Config::default()));
        assert_eq!(
            read_all(&mut websocket).unwrap(),
            [
                "Text(\"höld\")",
                "Ping([63])",
                "Binary([108, 105, 110, 101])",
                "Binary([])"
            ]
        );
        assert_eq!(websocket.close_reason(), Some((CloseCode::NORMAL, "bye")));
        assert!(websocket.read().unwrap().is_none());
        while websocket.flush().is_err() {}
        // A pong, and a Close with the same code.
        assert_eq!(*written.lock().unwrap(), b"\x8a\x01?\x88\x02\x03\xe8");
    }
}

#[test]
fn frames_that_came_with_the_request_are_read() {
    let bytes = [REQUEST.as_bytes(), &frames()].concat();
    let stream = Script::new([bytes]);
    let written = stream.written();
    let mut websocket = WebSocket::accept(stream).unwrap();
    assert_eq!(read_all(&mut websocket).unwrap().len(), 4);
    let written = text(&written);
    assert!(
        written.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
        "{written}"
    );
    assert!(written.contains("Connection: Upgrade\r\n"));
}

#[test]
fn the_application_chooses() {
    let accept = |choice: Choice| {
        let stream = Script::new([REQUEST]);
        let written = stream.written();
        let result = WebSocket::accept_with(stream, Config::default(), |head, request| {
            assert_eq!(head.path(), "/chat");
            assert!(request.origin_is_allowed(&["https://ours.example"]));
            choice
        });
        (result, text(&written))
    };
    let (result, written) = accept(Choice::Protocol("b".into()));
    assert_eq!(result.unwrap().protocol(), Some("b"));
    assert!(written.contains("Sec-WebSocket-Protocol: b\r\n"));
    let (result, written) = accept(Choice::Protocol("c".into()));
    assert_eq!(result.unwrap().protocol(), None);
    assert!(!written.contains("Sec-WebSocket-Protocol"));
    let (result, written) = accept(Choice::Refuse(403));
    assert!(matches!(result, Err(Error::Refused(403))));
    assert!(written.starts_with("HTTP/1.1 403 "));
}

#[test]
fn a_client_that_is_refused_and_has_sent_more_gets_the_whole_answer_and_no_reset() {
    let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
    for (request, status) in [(post, "405"), (REQUEST, "403")] {
        let (address, serving) = peer(|stream| {
            WebSocket::accept_with(stream, Config::default(), |_, _| Choice::Refuse(403))
                .unwrap_err()
        });
        let mut client = connect(&address, Some(PATIENCE));
        let sent = [request.as_bytes(), &[b'x'; 200_000]].concat();
        client.write_all(&sent).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        drop(client);
        serving.join().unwrap();
    }
}

#[test]
fn what_is_no_handshake_is_refused_with_its_status() {
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "426"),
        (REQUEST.replace("GET", "POST"), "405"),
        (REQUEST.replace("Version: 13", "Version: 8"), "426"),
        (REQUEST.replace("dGhl", "dG"), "400"),
        (REQUEST.replace("HTTP/1.1", "HTTP/1.0"), "426"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let stream = Script::new([&request]);
        let written = stream.written();
        WebSocket::accept(stream).unwrap_err();
        let written = text(&written);
        assert!(
            written.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}{written}"
        );
        assert!(written.contains("Connection: close"), "{written}");
    }
    let nothing = Script::new::<&str>([]);
    assert!(matches!(WebSocket::accept(nothing), Err(Error::NoRequest)));
}

#[test]
fn a_client_is_told_of_another_answer() {
    let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nhere";
    match WebSocket::connect(Script::new([answer]), "x", "/") {
        Err(Error::Rejected(rejection)) => {
            assert_eq!(
                (rejection.response.status(), &rejection.body[..]),
                (404, &b"here"[..])
            );
        }
        other => panic!("{other:?}"),
    }
    let wrong = "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let result = WebSocket::connect(Script::new([wrong]), "x", "/");
    assert!(matches!(result, Err(Error::Verify(_))));
}

/// What a client sends to a server that never answers.
fn asked() -> String {
    let stream = Script::new::<&str>([]);
    let written = stream.written();
    let result = WebSocket::connect(stream, "server.example.com:8080", "/chat?room=1");
    assert!(result.is_err());
    let bytes = written.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_client_asks_as_the_rfc_says_and_sends_nothing_before_it_is_answered() {
    let key = |request: &str| {
        let (head, rest) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(rest, "");
        assert!(head.starts_with("GET /chat?room=1 HTTP/1.1\r\n"), "{head}");
        let value = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
            let (_, value) = values.next().unwrap_or_else(|| panic!("no {name}: {head}"));
            assert_eq!(values.next(), None, "{name}");
            value.to_owned()
        };
        assert_eq!(value("Host"), "server.example.com:8080");
        assert_eq!(value("Upgrade"), "websocket");
        assert_eq!(value("Connection"), "Upgrade");
        assert_eq!(value("Sec-WebSocket-Version"), "13");
        value("Sec-WebSocket-Key")
    };
    let (one, other) = (key(&asked()), key(&asked()));
    assert_eq!(one.len(), 24);
    assert_ne!(one, other);
}

#[test]
fn a_cut_and_a_broken_rule_are_errors() {
    let mut websocket = WebSocket::new(
        Script::new([&frames()[..9]]),
        Vec::new(),
        Connection::server(Config::default()),
    );
    assert!(matches!(
        websocket.read(),
        Err(Error::Disconnected | Error::Receive(_))
    ));

    let stream = Script::new([b"\x81\x01x"]);
    let written = stream.written();
    let mut websocket = WebSocket::new(stream, Vec::new(), Connection::server(Config::default()));
    match websocket.read() {
        Err(Error::Receive(error)) => assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR),
        other => panic!("{other:?}"),
    }
    assert_eq!(written.lock().unwrap()[..4], [0x88, 0x1e, 0x03, 0xea][..]);
    assert!(matches!(websocket.send_text("x"), Err(Error::Send(_))));
}

#[test]
fn a_peer_that_leaves_pings_unanswered_is_given_up() {
    let mut config = Config::default();
    config.keepalive = Some(Keepalive {
        interval: Duration::from_millis(5),
        timeout: Duration::from_millis(5),
    });
    let stream = Script::new::<&str>([]).endless();
    let written = stream.written();
    let mut websocket = WebSocket::new(stream, Vec::new(), Connection::server(config));
    let error = loop {
        match websocket.read() {
            Err(error) if error.is_timeout() => thread::sleep(Duration::from_millis(1)),
            Err(error) => break error,
            Ok(message) => panic!("{message:?}"),
        }
    };
    assert!(matches!(error, Error::Timeout(_)), "{error}");
    assert_eq!(written.lock().unwrap()[0], 0x89);
}

#[test]
fn both_roles_talk_over_tcp_and_close_cleanly() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut http = Server::new(stream);
        let head = http.read_request().unwrap().unwrap();
        assert_eq!(head.as_ref().headers().get_str("x-token"), Some("t"));
        let mut websocket = WebSocket::upgrade(http, &head, Config::default(), |_, _| {
            Choice::Protocol("v2".into())
        })
        .unwrap();
        let mut count = 0;
        while let Some(message) = websocket.read().unwrap() {
            count += 1;
            let answer = match message {
                Message::Text(text) => text.to_uppercase(),
                Message::Binary(data) => data.len().to_string(),
                _ => continue,
            };
            websocket.send_text(&answer).unwrap();
        }
        (count, websocket.connection().is_clean())
    });
    let host = address.to_string();
    let stream = TcpStream::connect(address).unwrap();
    let headers = [("X-Token", "t")];
    let mut websocket = WebSocket::connect_with(
        stream,
        &host,
        "/",
        headers,
        &["v1", "v2"],
        Config::default(),
    )
    .unwrap();
    assert_eq!(websocket.protocol(), Some("v2"));
    for length in [0, 1, 125, 126, 65_535, 65_536, 300_000] {
        websocket.send_binary(&vec![7; length]).unwrap();
        assert_eq!(
            websocket.read().unwrap(),
            Some(Message::Text(&length.to_string()))
        );
    }
    let long = "é".repeat(100_000);
    websocket.send_text(&long).unwrap();
    assert_eq!(
        websocket.read().unwrap(),
        Some(Message::Text(&"É".repeat(100_000)))
    );
    websocket.send_ping(b"x").unwrap();
    assert_eq!(websocket.read().unwrap(), Some(Message::Pong(b"x")));
    websocket.close().unwrap();
    assert_eq!(websocket.close_reason(), Some((CloseCode::NORMAL, "")));
    assert_eq!(server.join().unwrap(), (9, true));
}

#[test]
fn what_a_client_sends_is_masked_with_keys_that_differ() {
    let stream = Script::new::<&str>([]);
    let written = stream.written();
    let mut websocket = WebSocket::new(stream, Vec::new(), client());
    websocket.send_text("same").unwrap();
    websocket.send_text("same").unwrap();
    let mut bytes = written.lock().unwrap().clone();
    assert_eq!(bytes.len(), 20);
    assert_ne!(bytes[..10], bytes[10..]);
    let mut server = Connection::server(Config::default());
    let mut input = &mut bytes[..];
    let mut buffer = Buffer::new();
    for _ in 0..2 {
        let event = server.receive(&mut input, &mut buffer).unwrap();
        assert_eq!(event, Some(Event::Text("same")));
    }
}
