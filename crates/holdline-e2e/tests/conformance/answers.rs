//! Answers of a server to the handshake of the blocking client, and what it makes of them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use holdline_e2e::LIMIT;
use holdline_net::blocking::websocket::{Error, Options, WebSocket};
use holdline_websocket::DeflateOptions;
use tungstenite::handshake::derive_accept_key;

/// What the client is to make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Plain,
    Compressed,
    /// "the client MUST _Fail the WebSocket Connection_" (RFC 6455 §4.1): it says nothing more.
    Refused,
}
use Outcome::{Compressed, Plain, Refused};

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
const ACCEPT: &str = "Sec-WebSocket-Accept: KEY\r\n";

/// The client offers permessage-deflate with `client_max_window_bits`, and no subprotocol.
const EXTENSIONS: &[(&str, Outcome)] = &[
    ("permessage-deflate", Compressed),
    ("permessage-deflate; server_no_context_takeover", Compressed),
    ("permessage-deflate; client_no_context_takeover", Compressed),
    (
        "permessage-deflate;client_no_context_takeover;server_no_context_takeover",
        Compressed,
    ),
    ("permessage-deflate; server_max_window_bits=8", Compressed),
    ("permessage-deflate; server_max_window_bits=15", Compressed),
    ("permessage-deflate; client_max_window_bits=9", Compressed),
    (
        "permessage-deflate; client_max_window_bits=\"12\"",
        Compressed,
    ),
    ("permessage-deflate; client_max_window_bits", Refused),
    ("permessage-deflate; server_max_window_bits", Refused),
    ("permessage-deflate; server_max_window_bits=7", Refused),
    ("permessage-deflate; server_max_window_bits=16", Refused),
    ("permessage-deflate; client_max_window_bits=16", Refused),
    ("permessage-deflate; client_max_window_bits=ten", Refused),
    ("permessage-deflate; server_no_context_takeover=1", Refused),
    ("permessage-deflate; x-unknown", Refused),
    (
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        Refused,
    ),
    ("permessage-deflate, permessage-deflate", Refused),
    ("permessage-deflate, x-unknown", Refused),
    ("x-unknown", Refused),
    ("permessage-deflate;", Refused),
];

#[test]
fn extensions() {
    for (value, outcome) in EXTENSIONS {
        let head = format!("101 Hello\r\n{UPGRADE}{ACCEPT}Sec-WebSocket-Extensions: {value}");
        assert_eq!(connect(&head, true), *outcome, "{value}");
        // Nobody has asked for it.
        assert_eq!(connect(&head, false), Refused, "{value}, unasked");
    }
}

#[test]
fn handshakes() {
    let good = format!("101 Switching Protocols\r\n{UPGRADE}{ACCEPT}X-Other: 1");
    let cases = [
        (good.as_str(), Plain),
        (
            "101\x20\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE\r\nsec-websocket-accept: KEY",
            Plain,
        ),
        ("200 OK\r\nContent-Length: 0", Refused),
        (
            "101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade",
            Refused,
        ),
        (
            "101 Ok\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY",
            Refused,
        ),
        (
            "101 Ok\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: KEY",
            Refused,
        ),
        (
            "101 Ok\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY",
            Refused,
        ),
        (
            "101 Ok\r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: KEY",
            Refused,
        ),
        (
            "101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            Refused,
        ),
        (
            "101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\
             Sec-WebSocket-Protocol: chat",
            Refused,
        ),
    ];
    for (head, outcome) in cases {
        assert_eq!(connect(head, true), outcome, "{head}");
    }
}

/// Connects to a server that answers with this status, reason and header fields, in which `KEY`
/// stands for what belongs there, and that sends a text.
fn connect(head: &str, deflate: bool) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let head = head.to_owned();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        let request = String::from_utf8(request).unwrap();
        let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
        assert_eq!(request.contains(offer), deflate, "{request}");
        let key = request
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
            .unwrap();
        let head = head.replace("KEY", &derive_accept_key(key.as_bytes()));
        let text = b"\x81\x05hello";
        let _ = stream.write_all(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes());
        let _ = stream.write_all(text);
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        said
    });
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut options = Options::default();
    options.deflate = deflate.then(DeflateOptions::default);
    let connected = WebSocket::connect_with(stream, &address.to_string(), "/", (), &[], options);
    match connected {
        Ok(mut websocket) => {
            let message = websocket.read().unwrap();
            assert!(message.is_some(), "the text that came with the handshake");
            let long = "a".repeat(1000);
            websocket.send_text(&long).unwrap();
            drop(websocket);
            let said = server.join().unwrap();
            match said.first() {
                Some(0x81) => Plain,
                Some(0xc1) if said.len() < 100 => Compressed,
                other => panic!("{other:?}"),
            }
        }
        Err(Error::Verify(_) | Error::Rejected(_) | Error::Http(_)) => {
            assert_eq!(server.join().unwrap(), b"", "what was said after a refusal");
            Refused
        }
        Err(other) => panic!("{other}"),
    }
}
