#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

use std::net::{TcpListener, TcpStream};

use holdline_http1::HeaderBlock;
use holdline_websocket::Config;
#[cfg(feature = "hixie76")]
use holdline_websocket::hixie76;

use super::*;
use crate::connection::Scratch;
use crate::connection::core::Origin;
use crate::handler::{Progress, Request};
use crate::responder::Responder;
use crate::shared::Shared;
use crate::socket::PeerSocket;
use crate::{Message, Piece};

/// Notes how long the messages and their pieces are.
struct Lengths(Vec<usize>);

impl Handler for Lengths {
    type Stream = ();

    fn request(&mut self, _: &Request<'_>, _: Responder<'_, ()>) {}

    fn ready(&mut self, _: ConnectionId, (): &mut (), _: Output<'_>) -> Progress {
        Progress::Idle
    }

    fn message(&mut self, _: ConnectionId, (): &mut (), message: Message<'_>, _: Output<'_>) {
        self.0.push(message.len());
    }

    fn message_piece(&mut self, _: ConnectionId, (): &mut (), piece: Piece<'_>, _: Output<'_>) {
        self.0.push(piece.data.len());
        if piece.last {
            self.0.push(LAST);
        }
    }
}

/// Follows the length of the last piece of a message.
const LAST: usize = usize::MAX;

/// What a connection holds after each of the inputs, and the lengths of the messages in them.
fn held(machine: Machine, inputs: &[&[u8]]) -> (Vec<usize>, Vec<usize>) {
    held_in_pieces(machine, inputs, false)
}

/// The same, and messages may be handed out in pieces.
fn held_in_pieces(machine: Machine, inputs: &[&[u8]], in_pieces: bool) -> (Vec<usize>, Vec<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let origin = Origin::new(socket.peer_addr().ok(), 0);
    socket.set_nonblocking(true).unwrap();
    let socket = PeerSocket::Tcp(mio::net::TcpStream::from_std(socket));
    let id = ConnectionId {
        index: 0,
        generation: 0,
    };
    let shared = Shared::new(crate::Config::default(), &[]);
    let mut scratch = Scratch::new();
    let (mut handler, date) = (Lengths(Vec::new()), HeaderBlock::default());
    let mut core = Core::new(socket, origin, id);
    let mut websocket = Socket::new(Upgraded {
        machine,
        stream: (),
        in_pieces,
    });
    let mut held = Vec::new();
    for input in inputs {
        let mut context = Context {
            handler: &mut handler,
            shared: &shared,
            config: &shared.config,
            scratch: &mut scratch,
            date: &date,
            now: 0,
            stopping: None,
            delivered: 0,
            counting: &crate::load::Counting::default(),
        };
        let mut input = input.to_vec();
        let mut rest = &mut input[..];
        let Next::Stay = websocket.receive(&mut core, &mut context, &mut rest) else {
            panic!("it is no WebSocket any more");
        };
        assert!(rest.is_empty());
        assert_eq!(context.scratch.websocket.capacity(), 0);
        let buffer = websocket.buffer.as_ref();
        held.push(buffer.map_or(0, |buffer| buffer.capacity()));
    }
    (held, handler.0)
}

#[test]
fn a_long_message_is_not_held_when_it_ends_the_turn() {
    let mut frame = vec![0x82, 0xff];
    frame.extend_from_slice(&(SHARE as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.resize(frame.len() + SHARE, 0);
    let (begin, end) = frame.split_at(SHARE / 2);
    let machine = Machine::Rfc6455(holdline_websocket::Connection::server(Config::default()));
    let (held, lengths) = held(machine, &[begin, end]);
    assert!(held[0] >= SHARE / 2 - 14);
    assert_eq!((held[1], &lengths[..]), (0, &[SHARE][..]));
}

#[test]
fn the_room_that_a_long_message_lends_is_held_and_nothing_is_lent_between_messages() {
    let machine = Machine::Rfc6455(holdline_websocket::Connection::server(Config::default()));
    let mut websocket = Socket::new(Upgraded {
        machine,
        stream: (),
        in_pieces: false,
    });
    assert!(websocket.room().is_empty());
    let mut begin = b"\x82\xff\0\0\0\0\0\x10\0\0\0\0\0\0".to_vec();
    begin.resize(50_000, 0);
    let mut buffer = Box::new(Buffer::new());
    let received = websocket.machine.receive(&mut &mut begin[..], &mut buffer);
    assert!(matches!(received, Ok(Received::Nothing)));
    websocket.buffer = Some(buffer);
    let lent = websocket.room().len();
    assert!(lent >= 16 << 10);
    assert!(websocket.held() >= 50_000 - 14 + lent && websocket.held() < 100_000);
}

#[test]
fn what_is_joined_stays_when_a_turn_ends_within_a_message() {
    // The last of as many messages as a turn has, and the beginning of one more, whose end comes later.
    let short = [0x82, 0x81, 0, 0, 0, 0, b'x'].repeat(MESSAGES);
    let machine = Machine::Rfc6455(holdline_websocket::Connection::server(Config::default()));
    let parts: [&[u8]; 4] = [&short, b"\x02\x83\0\0\0\0ab", b"c", b"\x80\x81\0\0\0\0d"];
    let (held, lengths) = held(machine, &parts);
    assert_eq!(held[0], 0);
    assert!(held[1] >= 2 && held[2] >= 3 && held[3] == 0, "{held:?}");
    assert_eq!(lengths[MESSAGES..], [4]);
}

#[test]
fn a_ping_that_comes_in_two_reads_between_the_pieces_of_a_message_costs_no_piece() {
    let machine = Machine::Rfc6455(holdline_websocket::Connection::server(Config::default()));
    let parts: [&[u8]; 5] = [
        b"\x01\x81\0\0\0\0a",
        b"\x89\x82\0\0\0\0p",
        b"q",
        b"\x00\x82\0\0\0\0bc",
        b"\x80\x83\0\0\0\0def",
    ];
    let (held, lengths) = held_in_pieces(machine, &parts, true);
    assert_eq!(lengths, [1, 2, 3, LAST]);
    assert!(held[1] > 0);
    assert_eq!([held[0], held[2], held[3], held[4]], [0; 4]);
}

#[cfg(feature = "hixie76")]
#[test]
fn a_long_text_of_the_first_browsers_is_not_held_when_it_ends_the_turn() {
    let challenge = hixie76::accept(
        "GET",
        "/",
        false,
        [
            ("Host", &b"a"[..]),
            ("Upgrade", b"WebSocket"),
            ("Connection", b"Upgrade"),
            ("Origin", b"http://a"),
            ("Sec-WebSocket-Key1", b"4 @1  46546xW%0l 1 5"),
            ("Sec-WebSocket-Key2", b"12998 5 Y3 1  .P00"),
        ]
        .into_iter(),
    );
    let challenge = challenge.unwrap().challenge();
    let machine = hixie76::Connection::server(hixie76::Config::default(), challenge);
    let begin = [b"^n:ds[4U\0", &vec![b'x'; SHARE][..]].concat();
    let (held, lengths) = held(Machine::Hixie76(machine), &[&begin, b"\xff"]);
    assert!(held[0] >= SHARE);
    assert_eq!((held[1], &lengths[..]), (0, &[SHARE][..]));
}
