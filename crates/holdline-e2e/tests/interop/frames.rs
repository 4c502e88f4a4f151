//! tungstenite reads our frames, without a socket between: every opcode, in both roles, whole, in fragments, and as a
//! header alone, from nothing to 300 KiB. The short form takes the sizes at which a header changes and some by a seed
//! that it prints; with `HOLDLINE_LONG=1` it takes steps of less than 100 bytes.

use std::io::{self, Cursor, Read, Write};

use bytes::BytesMut;
use holdline_websocket::{CloseCode, Config, Connection, MaskKeys, MessageKind, PreparedMessage};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// What was sent; nothing is sent back.
struct Wire(Cursor<Vec<u8>>);

impl Read for Wire {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Write for Wire {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const MOST: usize = 300 << 10;

pub(crate) fn sizes(random: &mut StdRng) -> Vec<usize> {
    let step = match std::env::var_os("HOLDLINE_LONG") {
        Some(_) => 97,
        None => 19_997,
    };
    let edges = [
        0, 1, 2, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, MOST,
    ];
    let mut sizes: Vec<usize> = (0..MOST).step_by(step).chain(edges).collect();
    sizes.extend((0..8).map(|_| random.random_range(0..1000)));
    sizes
}

pub(crate) fn seeded() -> StdRng {
    let seed = std::env::var("HOLDLINE_SEED").ok();
    let seed = seed.map_or_else(rand::random, |seed| seed.parse().unwrap());
    println!("HOLDLINE_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Sends what there is in each form, and notes what must arrive.
fn send<K: MaskKeys>(
    connection: &mut Connection<K>,
    size: usize,
    random: &mut StdRng,
    out: &mut BytesMut,
) -> Vec<Message> {
    let mut data = vec![0; size];
    random.fill_bytes(&mut data);
    let text: String = data.iter().map(|byte| char::from(byte & 0x7f)).collect();
    let mut expected = Vec::new();

    connection.send_text(&text, out).unwrap();
    expected.push(Message::text(text.clone()));
    connection.send_binary(&data, out).unwrap();
    expected.push(Message::binary(data.clone()));

    let cut = random.random_range(0..=size);
    let ping = &data[..size.min(125)];
    connection
        .send_text_fragment(&text[..cut], false, out)
        .unwrap();
    connection.send_ping(ping, out).unwrap();
    expected.push(Message::Ping(ping.to_vec().into()));
    connection.send_text_fragment("", false, out).unwrap();
    connection.send_pong(ping, out).unwrap();
    expected.push(Message::Pong(ping.to_vec().into()));
    connection
        .send_text_fragment(&text[cut..], true, out)
        .unwrap();
    expected.push(Message::text(text));

    let (one, two) = data.split_at(cut);
    for (part, last) in [(one, false), (two, true)] {
        let length = part.len() as u64;
        let mut mask = connection
            .send_fragment_header(MessageKind::Binary, length, last, out)
            .unwrap();
        let start = out.len();
        out.extend_from_slice(part);
        mask.apply(&mut out[start..]);
    }
    expected.push(Message::binary(data));
    expected
}

fn read(out: &BytesMut, role: Role, expected: &[Message]) {
    let wire = Wire(Cursor::new(out.to_vec()));
    let mut peer = WebSocket::from_raw_socket(wire, role, None);
    for (number, message) in expected.iter().enumerate() {
        let got = peer.read().unwrap();
        assert!(
            got == *message,
            "{role:?}: number {number} of {} bytes",
            message.len()
        );
    }
}

fn close(code: u16, reason: &str) -> Message {
    Message::Close(Some(tungstenite::protocol::CloseFrame {
        code: code.into(),
        reason: reason.into(),
    }))
}

#[test]
fn frames_of_a_server_are_read() {
    let mut random = seeded();
    for size in sizes(&mut random) {
        let mut out = BytesMut::new();
        let mut server = Connection::server(Config::default());
        let mut expected = send(&mut server, size, &mut random, &mut out);
        let prepared = PreparedMessage::binary(&vec![7; size]);
        out.extend_from_slice(&server.send_prepared(&prepared).unwrap());
        expected.push(Message::binary(vec![7; size]));
        let reason = &"a reason of at most 123 bytes, ".repeat(4)[..size.min(123)];
        server
            .send_close(CloseCode::NORMAL, reason, &mut out)
            .unwrap();
        expected.push(close(1000, reason));
        read(&out, Role::Client, &expected);
    }
}

#[test]
fn frames_of_a_client_are_read() {
    let mut random = seeded();
    for size in sizes(&mut random) {
        let mut out = BytesMut::new();
        let mut keys = StdRng::seed_from_u64(size as u64);
        let mut client = Connection::client(Config::default(), || keys.random());
        let mut expected = send(&mut client, size, &mut random, &mut out);
        client.send_close(4000.into(), "", &mut out).unwrap();
        expected.push(close(4000, ""));
        read(&out, Role::Server, &expected);
    }
}
