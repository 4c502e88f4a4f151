//! Large messages, which are read straight to where they are joined.

use std::io::{Read, Write};
use std::thread;

use bytes::BytesMut;
use holdline_net::Ending;
use holdline_websocket::{Buffer, Config, Connection, Event};

use crate::support::{HANDSHAKE, Running, config, read_until};

const SIZES: [usize; 7] = [0, 16_384, 65_522, 65_536, 100_000, 300_001, 1 << 20];

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n as u8) ^ ((n / 253) as u8)).collect()
}

/// Every size as a whole, in fragments with pings between, and as text.
fn sent() -> (BytesMut, Vec<Vec<u8>>) {
    let mut client = Connection::client(Config::default(), || [1, 2, 3, 4]);
    let (mut wire, mut expected) = (BytesMut::new(), Vec::new());
    for length in SIZES {
        let data = bytes(length);
        client.send_binary(&data, &mut wire).unwrap();
        let (one, two) = data.split_at(length / 3);
        client.send_binary_fragment(one, false, &mut wire).unwrap();
        client.send_ping(b"p", &mut wire).unwrap();
        client.send_binary_fragment(two, true, &mut wire).unwrap();
        let text: String = data.iter().map(|byte| char::from(*byte)).collect();
        client.send_text(&text, &mut wire).unwrap();
        expected.extend([data.clone(), data, text.into_bytes()]);
    }
    (wire, expected)
}

#[test]
fn every_message_is_echoed_as_it_was_and_each_byte_counted() {
    let server = Running::start(config());
    let mut stream = server.connect();
    stream.write_all(HANDSHAKE).unwrap();
    read_until(&mut stream, b"\r\n\r\n");
    let (wire, expected) = sent();
    let length = (HANDSHAKE.len() + wire.len()) as u64;
    let mut writer = stream.try_clone().unwrap();
    let writer = thread::spawn(move || writer.write_all(&wire));
    let mut client = Connection::client(Config::default(), || [1, 2, 3, 4]);
    let (mut buffer, mut block, mut got) = (Buffer::new(), vec![0; 64 << 10], 0);
    while got < expected.len() {
        let n = stream.read(&mut block).unwrap();
        assert!(n > 0, "the server has gone after {got} messages");
        let mut input = &mut block[..n];
        while let Some(event) = client.receive(&mut input, &mut buffer).unwrap() {
            let data = match event {
                Event::Text(text) => text.as_bytes(),
                Event::Binary(data) => data,
                _ => continue,
            };
            assert!(data == expected[got], "number {got}: {} bytes", data.len());
            got += 1;
        }
    }
    writer.join().unwrap().unwrap();
    assert_eq!(server.received(), length);
}

#[test]
fn an_end_within_a_large_message_is_seen() {
    let server = Running::start(config());
    let mut stream = server.connect();
    stream.write_all(HANDSHAKE).unwrap();
    read_until(&mut stream, b"\r\n\r\n");
    let mut client = Connection::client(Config::default(), || [1, 2, 3, 4]);
    let mut wire = BytesMut::new();
    client.send_binary(&bytes(1 << 20), &mut wire).unwrap();
    stream.write_all(&wire[..500_000]).unwrap();
    server.wait_for_bytes(500_000);
    drop(stream);
    assert_eq!(server.endings(1), [Ending::Disconnected]);
    assert_eq!(server.messages(), 0);
}
