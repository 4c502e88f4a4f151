//! tungstenite, and frames that it would not send.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use holdline_e2e::{LIMIT, Server};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use serde_json::Value;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::{Message, WebSocket};

use super::{publish, wait_for_subscribers};

#[test]
fn echoes_messages_of_any_size() {
    let server = Server::start(&[]).unwrap();
    let mut socket = connect(&server, "/echo");
    let mut random = StdRng::seed_from_u64(1);
    let mut sizes = vec![0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20];
    for _ in 0..30 {
        let most = 1 << random.random_range(1..=20);
        sizes.push(random.random_range(0..=most));
    }
    for size in sizes {
        let mut data = vec![0; size];
        random.fill_bytes(&mut data);
        echo(&mut socket, Message::binary(data));
        let text: String = "aé世🦀"
            .chars()
            .cycle()
            .skip(size % 4)
            .take(size / 4)
            .collect();
        echo(&mut socket, Message::text(text));
    }
    // Many at once, answered in order.
    for number in 0..100 {
        socket.write(Message::text(number.to_string())).unwrap();
    }
    socket.flush().unwrap();
    for number in 0..100 {
        assert_eq!(socket.read().unwrap(), Message::text(number.to_string()));
    }
}

#[test]
fn echoes_fragmented_messages() {
    let server = Server::start(&[]).unwrap();
    let mut socket = connect(&server, "/echo");
    let mut random = StdRng::seed_from_u64(2);
    for round in 0..50 {
        let text: String = "aé世🦀"
            .chars()
            .cycle()
            .take(random.random_range(0..2000))
            .collect();
        let mut rest = text.as_bytes();
        let mut kind = if round % 2 == 0 {
            Data::Text
        } else {
            Data::Binary
        };
        loop {
            // In the middle of characters, too.
            let length = random.random_range(0..=rest.len());
            let (piece, more) = rest.split_at(length);
            rest = more;
            let last = rest.is_empty() && random.random_bool(0.5);
            let frame = Frame::message(piece.to_vec(), OpCode::Data(kind), last);
            socket.write(Message::Frame(frame)).unwrap();
            kind = Data::Continue;
            if last {
                break;
            }
            if random.random_bool(0.2) {
                socket.write(Message::Ping(vec![round; 3].into())).unwrap();
            }
        }
        socket.flush().unwrap();
        let answer = loop {
            match socket.read().unwrap() {
                Message::Pong(data) => assert_eq!(data, vec![round; 3]),
                other => break other,
            }
        };
        match round % 2 {
            0 => assert_eq!(answer, Message::text(text)),
            _ => assert_eq!(answer, Message::binary(text.into_bytes())),
        }
    }
}

#[test]
fn answers_pings_and_closes() {
    let server = Server::start(&[]).unwrap();
    let mut socket = connect(&server, "/echo");
    socket.send(Message::Ping(vec![7; 125].into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong(vec![7; 125].into()));
    for code in [1000, 1001, 1003, 1011, 3000, 4999] {
        let mut socket = connect(&server, "/echo");
        let frame = CloseFrame {
            code: CloseCode::from(code),
            reason: "bye".into(),
        };
        socket.close(Some(frame)).unwrap();
        let answer = socket.read().unwrap();
        let Message::Close(Some(answer)) = answer else {
            panic!("{code}: {answer:?}")
        };
        assert_eq!(u16::from(answer.code), code);
        assert_closed(&mut socket);
    }
    let mut socket = connect(&server, "/echo");
    socket.close(None).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Close(None));
    assert_closed(&mut socket);
}

/// Frames that break a rule, and the code that says which.
#[test]
fn refuses_broken_frames() {
    let server = Server::start(&[]).unwrap();
    let masked = |first: u8, payload: &[u8]| frame(first, payload);
    for (name, code, bytes) in [
        ("an unmasked text", 1002, b"\x81\x05hello".to_vec()),
        ("an unmasked close", 1002, b"\x88\x02\x03\xe8".to_vec()),
        ("opcode 3", 1002, masked(0x83, b"hello")),
        ("opcode 11", 1002, masked(0x8b, b"")),
        ("a reserved bit", 1002, masked(0xc1, b"hello")),
        ("a continuation of nothing", 1002, masked(0x80, b"hello")),
        (
            "a new message within one",
            1002,
            [masked(0x01, b"a"), masked(0x81, b"b")].concat(),
        ),
        ("a fragmented ping", 1002, masked(0x09, b"")),
        ("a long ping", 1002, masked(0x89, &[0; 126])),
        ("a close of one byte", 1002, masked(0x88, b"\x03")),
        ("a close with code 1005", 1002, masked(0x88, b"\x03\xed")),
        ("a close with code 999", 1002, masked(0x88, b"\x03\xe7")),
        (
            "a close whose reason is no UTF-8",
            1007,
            masked(0x88, b"\x03\xe8\xff"),
        ),
        ("a text that is no UTF-8", 1007, masked(0x81, b"caf\xe9 ")),
        (
            "a text that ends within a character",
            1007,
            masked(0x81, b"caf\xc3"),
        ),
        ("the beginning of such a text", 1007, masked(0x01, b"\xff")),
        (
            "a length that is not minimal",
            1002,
            b"\x81\xfe\x00\x01\0\0\0\0a".to_vec(),
        ),
        (
            "a length with the highest bit",
            1002,
            b"\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        ),
        (
            "a frame of 4 GiB",
            1009,
            b"\x82\xff\0\0\0\x01\0\0\0\0\0\0\0\0".to_vec(),
        ),
        (
            "a message of 4 GiB in pieces",
            1009,
            [
                masked(0x02, b"a"),
                b"\x80\xff\0\0\0\x01\0\0\0\0\0\0\0\0".to_vec(),
            ]
            .concat(),
        ),
    ] {
        for pieces in [false, true] {
            let mut socket = connect(&server, "/echo");
            if pieces {
                for byte in &bytes {
                    // The answer may come before the last byte.
                    if socket.get_mut().write_all(&[*byte]).is_err() {
                        break;
                    }
                }
            } else {
                socket.get_mut().write_all(&bytes).unwrap();
            }
            // Nothing after it counts.
            let _ = socket.get_mut().write_all(&frame(0x81, b"late"));
            let answer = socket
                .read()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let Message::Close(Some(answer)) = answer else {
                panic!("{name}: {answer:?}")
            };
            assert_eq!(u16::from(answer.code), code, "{name}: {answer:?}");
            let mut rest = Vec::new();
            match socket.get_mut().read_to_end(&mut rest) {
                Ok(_) => assert_eq!(rest, b"", "{name}"),
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    echo(&mut connect(&server, "/echo"), Message::text("still there"));
}

/// Both ways over one connection: what one says, all hear, and the same over HTTP.
#[test]
fn publishes_to_its_first_channel() {
    let server = Server::start(&[]).unwrap();
    let mut here = connect(&server, "/channels/a,b/websocket");
    let mut there = connect(&server, "/channels/a/websocket");
    assert_eq!(json(&mut here)["event"], "holdline.open");
    assert_eq!(json(&mut there)["event"], "holdline.open");
    wait_for_subscribers(&server, "a", 2);
    here.send(Message::text("hello")).unwrap();
    let (mine, theirs) = (json(&mut here), json(&mut there));
    assert_eq!(mine, theirs);
    assert_eq!(
        (&mine["channel"], &mine["data"]),
        (&"a".into(), &"hello".into())
    );
    publish(&server, "b", "only here");
    assert_eq!(json(&mut here)["data"], "only here");
    publish(&server, "a", "to both");
    assert_eq!(json(&mut here)["data"], "to both");
    assert_eq!(json(&mut there)["data"], "to both");
    here.send(Message::binary(vec![1])).unwrap();
    assert_eq!(close_code(&mut here), 1003);
}

#[test]
fn publishing_needs_the_token() {
    let server = Server::start(&["--publish-token", "sesame"]).unwrap();
    for (target, taken) in [
        ("/channels/a/websocket", false),
        ("/channels/a/websocket?token=Sesame", false),
        ("/channels/a/websocket?token=sesame", true),
    ] {
        let mut socket = connect(&server, target);
        assert_eq!(json(&mut socket)["event"], "holdline.open");
        socket.send(Message::text("hello")).unwrap();
        if taken {
            assert_eq!(json(&mut socket)["data"], "hello");
        } else {
            assert_eq!(close_code(&mut socket), 1008);
        }
    }
}

fn connect(server: &Server, target: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let url = format!("ws://{}{target}", server.address());
    let (socket, _) = tungstenite::client(url, stream).unwrap();
    socket
}

fn echo(socket: &mut WebSocket<TcpStream>, message: Message) {
    socket.send(message.clone()).unwrap();
    let answer = socket.read().unwrap();
    assert!(
        answer == message,
        "the echo of {} bytes differs",
        message.len()
    );
}

fn json(socket: &mut WebSocket<TcpStream>) -> Value {
    match socket.read().unwrap() {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn close_code(socket: &mut WebSocket<TcpStream>) -> u16 {
    match socket.read().unwrap() {
        Message::Close(Some(frame)) => frame.code.into(),
        other => panic!("{other:?}"),
    }
}

/// The server ends the connection after both have said close, without a reset.
fn assert_closed(socket: &mut WebSocket<TcpStream>) {
    let error = socket.read().unwrap_err();
    let orderly = match &error {
        tungstenite::Error::ConnectionClosed => true,
        tungstenite::Error::Io(error) => error.kind() == ErrorKind::UnexpectedEof,
        _ => false,
    };
    assert!(orderly, "{error}");
}

/// One masked frame of up to 65,535 bytes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length @ ..=125) => bytes.push(0x80 | length),
        _ => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    bytes.extend(key);
    bytes.extend(
        payload
            .iter()
            .enumerate()
            .map(|(at, byte)| byte ^ key[at % 4]),
    );
    bytes
}
