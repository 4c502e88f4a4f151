//! What tungstenite writes is read straight into the message, in reads of any size: from nothing to 300 KiB.

use std::io::{self, Read, Write};

use holdline_websocket::{Buffer, Config, Connection, Event};
use rand::RngExt;
use rand::rngs::StdRng;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use super::frames::{seeded, sizes};

/// Keeps what is written.
struct Wire(Vec<u8>);

impl Read for Wire {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Wire {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_client_sends_is_read_into_the_message() {
    let mut random = seeded();
    let mut client = WebSocket::from_raw_socket(Wire(Vec::new()), Role::Client, None);
    let mut expected = Vec::new();
    for size in sizes(&mut random) {
        let data: Vec<u8> = (0..size).map(|n| (n as u8) ^ ((n >> 8) as u8)).collect();
        client.send(Message::binary(data.clone())).unwrap();
        expected.push(data);
    }
    let (got, straight) = read(&client.get_ref().0, &mut random);
    assert!(got == expected);
    let all: usize = expected.iter().map(Vec::len).sum();
    assert!(straight > all / 4, "{straight} of {all} bytes");
}

/// The messages on the wire, and how many bytes of them were read straight in.
fn read(mut wire: &[u8], random: &mut StdRng) -> (Vec<Vec<u8>>, usize) {
    let mut server = Connection::server(Config::default());
    let (mut buffer, mut block) = (Buffer::new(), vec![0; 64 << 10]);
    let (mut got, mut straight) = (Vec::new(), 0);
    while !wire.is_empty() {
        let most = random.random_range(1..=64 << 10);
        let room = server.receive_room(&mut buffer);
        if !room.is_empty() {
            let most = most.min(room.len());
            let n = wire.read(&mut room[..most]).unwrap();
            straight += n;
            match server.receive_filled(n, &mut buffer).unwrap() {
                Some(Event::Binary(data)) => got.push(data.to_vec()),
                None => {}
                other => panic!("{other:?}"),
            }
            continue;
        }
        let n = wire.read(&mut block[..most]).unwrap();
        let mut input = &mut block[..n];
        while let Some(event) = server.receive(&mut input, &mut buffer).unwrap() {
            match event {
                Event::Binary(data) => got.push(data.to_vec()),
                other => panic!("{other:?}"),
            }
        }
    }
    (got, straight)
}
