//! Connections that are kept after a long answer.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use holdline_net::{ConnectionId, Handler, Intake, Output, Progress, Request, Responder, Server};

use crate::support::config;

/// Answers with the last byte of a body of ten, and does not wait to be told of its end.
struct Hasty;

impl Handler for Hasty {
    type Stream = usize;

    fn head(&mut self, _: &Request<'_>, intake: Intake<'_, usize>) {
        intake.take_pieces(0);
    }

    fn request(&mut self, _: &Request<'_>, responder: Responder<'_, usize>) {
        responder.respond(200, (), b"next").unwrap();
    }

    fn body_piece(&mut self, _: ConnectionId, came: &mut usize, piece: &[u8], output: Output<'_>) {
        *came += piece.len();
        if let (10, Output::Held(held)) = (*came, output) {
            held.respond(200, (), &[b'x'; ANSWER]).unwrap();
        }
    }

    fn ready(&mut self, _: ConnectionId, _: &mut usize, _: Output<'_>) -> Progress {
        Progress::Idle
    }
}

/// More than waits for a client before nothing more is parsed.
const ANSWER: usize = 100_000;

#[test]
fn a_connection_whose_upload_had_a_long_answer_is_kept_as_others_are() {
    let mut config = config();
    config.head_timeout = Duration::from_millis(300);
    config.idle_timeout = Duration::from_secs(60);
    let server = Server::bind(([127, 0, 0, 1], 0).into(), config).unwrap();
    let (handle, address) = (server.handle(), server.local_addr().unwrap());
    let thread = thread::spawn(move || server.run(|_| Hasty).unwrap());
    let mut client = TcpStream::connect(address).unwrap();
    let post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
    client.write_all(post).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(&[b'x'; ANSWER]) {
        let mut block = [0; 4096];
        let n = client.read(&mut block).unwrap();
        assert!(n > 0, "{} bytes", answer.len());
        answer.extend_from_slice(&block[..n]);
    }
    // Longer than a head may take that has begun.
    client
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let nothing = client.read(&mut [0; 10]).map_err(|error| error.kind());
    assert!(
        matches!(nothing, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)),
        "{nothing:?}"
    );
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nnext"), "{answer}");
    handle.stop();
    thread.join().unwrap();
}
