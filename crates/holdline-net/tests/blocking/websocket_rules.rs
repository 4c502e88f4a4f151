//! What a peer may do, and what it may not: long messages in fragments with pings between, and every
//! kind of bad frame, in both roles.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use bytes::BytesMut;
use holdline_net::blocking::websocket::{ClientKeys, Error, Message, WebSocket};
use holdline_net::entropy;
use holdline_websocket::{
    Buffer, CloseCode, Config, Connection, Event, FrameHeader, Mask, MaskKeys, Opcode,
};

use crate::script::every_cut;

/// Numbers that are not all alike, and the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

const LENGTHS: [usize; 9] = [
    0,
    1,
    125,
    126,
    65_535,
    65_536,
    1 << 20,
    (16 << 20) - 1,
    16 << 20,
];

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (one, listener.accept().unwrap().0)
}

/// Sends each length as one message of many fragments with a ping after each, and takes the echo.
fn send_fragments<K: MaskKeys>(mut machine: Connection<K>, mut stream: TcpStream) {
    let mut numbers = Numbers(1);
    for length in LENGTHS {
        let data: Vec<u8> = (0..length).map(|i| (i * 7 + i / 251) as u8).collect();
        let mut out = BytesMut::new();
        let mut rest = &data[..];
        let mut pings = 0;
        loop {
            let cut = numbers.below(rest.len().min(4 << 20) + 1);
            let last = rest.is_empty() || (pings > 8 && cut == rest.len()) || pings > 60;
            let (now, later) = rest.split_at(if last { rest.len() } else { cut });
            machine.send_binary_fragment(now, last, &mut out).unwrap();
            if last {
                break;
            }
            rest = later;
            machine.send_ping(&[pings], &mut out).unwrap();
            pings += 1;
        }
        let mut writer = stream.try_clone().unwrap();
        let sending = thread::spawn(move || writer.write_all(&out).unwrap());
        let (mut block, mut buffer) = (vec![0; 1 << 16], Buffer::new());
        let mut pongs = 0;
        'echo: loop {
            let n = stream.read(&mut block).unwrap();
            assert!(n > 0, "the stream ended");
            let mut input = &mut block[..n];
            while let Some(event) = machine.receive(&mut input, &mut buffer).unwrap() {
                match event {
                    Event::Pong(payload) => {
                        assert_eq!(payload, [pongs]);
                        pongs += 1;
                    }
                    Event::Binary(echo) => {
                        assert!(echo == data, "{length}");
                        break 'echo;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(pongs, pings);
        sending.join().unwrap();
    }
}

fn echo<K: MaskKeys>(mut websocket: WebSocket<TcpStream, K>) {
    loop {
        match websocket.read() {
            Ok(Some(Message::Binary(data))) => {
                let data = data.to_vec();
                websocket.send_binary(&data).unwrap();
            }
            Ok(Some(Message::Ping(_))) => {}
            Err(Error::Disconnected) => return,
            other => panic!("{other:?}"),
        }
    }
}

fn client_machine(config: Config) -> Connection<ClientKeys> {
    Connection::client(config, entropy::mask_key)
}

#[test]
fn a_server_joins_fragments_up_to_16_mib_and_answers_the_pings_between() {
    let (client, server) = pair();
    let machine = Connection::server(Config::default());
    let server = thread::spawn(|| echo(WebSocket::new(server, Vec::new(), machine)));
    send_fragments(client_machine(Config::default()), client);
    server.join().unwrap();
}

#[test]
fn a_client_joins_fragments_up_to_16_mib_and_answers_the_pings_between() {
    let (client, server) = pair();
    let machine = client_machine(Config::default());
    let client = thread::spawn(|| echo(WebSocket::new(client, Vec::new(), machine)));
    send_fragments(Connection::server(Config::default()), server);
    client.join().unwrap();
}

/// Frames that break a rule, unmasked, and the code of the Close that answers them.
const BAD: &[(&[u8], u16)] = &[
    // Reserved opcodes and bits.
    (b"\x83\x00", 1002),
    (b"\x8b\x00", 1002),
    (b"\xc1\x01a", 1002),
    (b"\xa2\x00", 1002),
    (b"\x99\x00", 1002),
    // Fragments out of order, and control frames that are fragmented or long.
    (b"\x80\x00", 1002),
    (b"\x01\x01a\x81\x01b", 1002),
    (b"\x09\x00", 1002),
    (b"\x89\x7e\x00\x7e", 1002),
    // Lengths that are not minimal, or have the highest bit.
    (b"\x82\x7e\x00\x7d", 1002),
    (b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", 1002),
    (b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", 1002),
    // Text that is not UTF-8, at once and at its end.
    (b"\x81\x02a\xff", 1007),
    (b"\x01\x01\xc3\x80\x00", 1007),
    (b"\x81\x03\xed\xa0\x80", 1007),
    // Close frames that cannot be.
    (b"\x88\x01\x03", 1002),
    (b"\x88\x02\x03\xed", 1002),
    (b"\x88\x02\x13\x88", 1002),
    (b"\x88\x03\x03\xe8\xff", 1007),
    // Over the limits of 100 bytes for a frame and 150 for a message.
    (b"\x82\x65", 1009),
    (b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 1009),
];

fn config() -> Config {
    let mut config = Config::default();
    config.limits.max_frame = 100;
    config.limits.max_message = 150;
    config
}

/// The same frames with a mask, which a client must use.
fn masked(mut frames: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    while !frames.is_empty() {
        let before = frames.len();
        let Ok(Some((header, size))) = FrameHeader::decode(frames) else {
            // What cannot be read as a header is bad before the mask would come.
            let mut rest = frames.to_vec();
            rest[1] |= 0x80;
            out.extend_from_slice(&rest);
            break;
        };
        let length = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
        let (head, rest) = frames.split_at(size.min(before));
        let (payload, rest) = rest.split_at(length.min(rest.len()));
        out.extend_from_slice(head);
        let at = out.len() - head.len() + 1;
        out[at] |= 0x80;
        out.extend_from_slice(&[9, 8, 7, 6]);
        let mut payload = payload.to_vec();
        Mask::new([9, 8, 7, 6]).apply(&mut payload);
        out.extend_from_slice(&payload);
        frames = rest;
    }
    out.to_vec()
}

fn check<K: MaskKeys>(bytes: &[u8], code: u16, machine: impl Fn() -> Connection<K>) {
    let good = match machine().role() {
        holdline_websocket::Role::Server => masked(b"\x81\x02ok"),
        _ => b"\x81\x02ok".to_vec(),
    };
    let bytes = [&good, bytes].concat();
    for stream in every_cut(&bytes) {
        let written = stream.written();
        let mut websocket = WebSocket::new(stream, Vec::new(), machine());
        let mut texts = 0;
        let error = loop {
            match websocket.read() {
                Ok(Some(Message::Text("ok"))) => texts += 1,
                Err(error) if error.is_timeout() => {}
                Err(error) => break error,
                other => panic!("{bytes:x?}: {other:?}"),
            }
        };
        let Error::Receive(error) = error else {
            panic!("{bytes:x?}: {error}")
        };
        assert_eq!(error.close_code(), CloseCode::from(code), "{bytes:x?}");
        assert_eq!(texts, 1);
        // The peer is told, once, and nothing else can be sent.
        assert!(websocket.send_text("more").is_err());
        while websocket.flush().is_err() {}
        assert_eq!(close_code(&written.lock().unwrap()), code, "{bytes:x?}");
    }
}

/// The code of a Close frame that is all there is.
fn close_code(frame: &[u8]) -> u16 {
    let (header, size) = FrameHeader::decode(frame).unwrap().unwrap();
    assert_eq!(header.opcode, Opcode::Close);
    let mut payload = frame[size..].to_vec();
    assert_eq!(payload.len() as u64, header.payload_len);
    if let Some(key) = header.mask {
        Mask::new(key).apply(&mut payload);
    }
    u16::from_be_bytes([payload[0], payload[1]])
}

#[test]
fn a_server_answers_each_kind_of_bad_frame_with_its_code() {
    for (frames, code) in BAD {
        check(&masked(frames), *code, || Connection::server(config()));
    }
    // A client that does not mask.
    check(b"\x81\x01a", 1002, || Connection::server(config()));
}

#[test]
fn a_client_answers_each_kind_of_bad_frame_with_its_code() {
    for (frames, code) in BAD {
        check(frames, *code, || client_machine(config()));
    }
    // A server that masks.
    check(&masked(b"\x81\x01a"), 1002, || client_machine(config()));
}

#[test]
fn a_message_may_not_exceed_its_limit_over_many_fragments() {
    let mut fragments = Vec::new();
    for first in [0x02, 0x00, 0x00] {
        fragments.push(first);
        fragments.push(60);
        // The third is refused at its header.
        if fragments.len() < 120 {
            fragments.extend_from_slice(&[b'x'; 60]);
        }
    }
    check(&fragments, 1009, || client_machine(config()));
}
