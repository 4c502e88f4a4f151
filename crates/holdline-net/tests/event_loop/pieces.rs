//! Messages that are handed out in pieces, and are much longer than what came of them.

use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use holdline_net::blocking::websocket::{self, Options, WebSocket};
use holdline_net::{ConnectionId, Handler, Message, Output, Piece, Progress, Request, Responder};
use holdline_websocket::{Config, DeflateOptions, PreparedMessage, handshake};

use crate::support::{Running, config};

/// Tells the length of each message that came in pieces, and answers each piece with as much as it is.
struct Lengths(Sender<usize>);

impl Handler for Lengths {
    type Stream = usize;

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, usize>) {
        let headers = request.head.headers().iter();
        let asked = handshake::server::accept("GET", headers).unwrap();
        let mut config = Config::default();
        config.deflate = asked.accept_deflate(&DeflateOptions::default());
        responder
            .upgrade_websocket_in_pieces(asked.response(None), config, 0)
            .unwrap();
    }

    fn ready(&mut self, _: ConnectionId, _: &mut usize, _: Output<'_>) -> Progress {
        Progress::Idle
    }

    fn message_piece(
        &mut self,
        _: ConnectionId,
        so_far: &mut usize,
        piece: Piece<'_>,
        output: Output<'_>,
    ) {
        let Message::Binary(data) = piece.data else {
            panic!("no text was sent")
        };
        *so_far += data.len();
        let Output::WebSocket(mut socket) = output else {
            panic!("no WebSocket")
        };
        // As it is, so that soon there is no room for more.
        socket
            .send_prepared(&PreparedMessage::binary(data))
            .unwrap();
        if piece.last {
            self.0.send(std::mem::take(so_far)).unwrap();
        }
    }
}

/// The frame of a client with so many zeros, compressed, whose mask changes nothing.
fn compressed(length: usize) -> Vec<u8> {
    let prepared = PreparedMessage::binary(&vec![0; length]).with_deflate(9);
    let frame = prepared.compressed_bytes().unwrap();
    let header = if frame[1] == 126 { 4 } else { 2 };
    let (head, payload) = frame.split_at(header);
    let mut masked = [head, &[0; 4], payload].concat();
    masked[1] |= 0x80;
    masked
}

#[test]
fn the_end_of_a_message_comes_without_another_byte_after_it() {
    let (told, lengths) = mpsc::channel();
    let server = Running::bind(config());
    let (handle, address) = (server.handle(), server.local_addr().unwrap());
    let thread = thread::spawn(move || server.run(|_| Lengths(told.clone())).unwrap());
    let mut options = Options::default();
    options.deflate = Some(DeflateOptions::default());
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut client = WebSocket::connect_with(stream, "a", "/", (), &[], options).unwrap();
    // About as much as waits for a client before it is given no more, and as a connection is given in one turn.
    let around = |length: usize| (length - 9_000..length + 9_000).step_by(500);
    for length in [64 << 10, 1 << 20, 2 << 20].into_iter().flat_map(around) {
        client.stream_mut().write_all(&compressed(length)).unwrap();
        let mut answered = 0;
        while answered < length {
            let Some(websocket::Message::Binary(data)) = client.read().unwrap() else {
                panic!("{answered} of {length}")
            };
            answered += data.len();
        }
        let came = lengths.recv_timeout(Duration::from_secs(20));
        assert_eq!(came, Ok(length));
    }
    client.close().unwrap();
    handle.stop();
    thread.join().unwrap();
}
