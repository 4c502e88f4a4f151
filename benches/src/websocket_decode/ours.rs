//! The ways in which our codec gives messages.

use std::io::Read;

use holdline_websocket::{Buffer, Config, Connection, Event, PieceEvent};

use super::Wire;
use crate::{BLOCK, Sink};

/// As much as most peers read at a time: it stays in the first cache, but takes four times as many system calls.
pub(super) const SMALL_BLOCK: usize = 16 << 10;

pub(super) fn whole<const READ: usize>(wire: &Wire, sink: &mut impl Sink) {
    let mut websocket = Connection::server(Config::default());
    let mut buffer = Buffer::new();
    let mut block = vec![0; READ];
    for read in wire.bytes.chunks(READ) {
        let mut input = &mut block[..read.len()];
        input.copy_from_slice(read);
        while let Some(event) = websocket.receive(&mut input, &mut buffer).expect("valid") {
            match event {
                Event::Text(text) => sink.item(text.as_bytes()),
                Event::Binary(data) => sink.item(data),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// What arrived of a message is handed out at once, and nothing is joined.
pub(super) fn in_pieces(wire: &Wire, sink: &mut impl Sink) {
    let mut websocket = Connection::server(Config::default());
    let mut buffer = Buffer::new();
    let mut block = vec![0; BLOCK];
    for read in wire.bytes.chunks(BLOCK) {
        let mut input = &mut block[..read.len()];
        input.copy_from_slice(read);
        while let Some(event) = websocket
            .receive_piece(&mut input, &mut buffer)
            .expect("valid")
        {
            match event {
                PieceEvent::Text { text, last } => sink.part(text.as_bytes(), last),
                PieceEvent::Binary { data, last } => sink.part(data, last),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// What is missing of a large message is read to where it stays.
pub(super) fn straight_in(wire: &Wire, sink: &mut impl Sink) {
    let mut websocket = Connection::server(Config::default());
    let mut buffer = Buffer::new();
    let mut block = vec![0; BLOCK];
    let mut stream = &wire.bytes[..];
    while !stream.is_empty() {
        let room = websocket.receive_room(&mut buffer);
        if !room.is_empty() {
            let n = stream.read(room).expect("memory");
            match websocket.receive_filled(n, &mut buffer).expect("valid") {
                Some(Event::Binary(data)) => sink.item(data),
                None => {}
                other => panic!("{other:?}"),
            }
            continue;
        }
        let n = stream.read(&mut block).expect("memory");
        let mut input = &mut block[..n];
        while let Some(event) = websocket.receive(&mut input, &mut buffer).expect("valid") {
            match event {
                Event::Binary(data) => sink.item(data),
                other => panic!("{other:?}"),
            }
        }
    }
}
