//! What a request takes on the wire, counted by the server and by its client.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use holdline_net::{
    Config, ConnectionId, End, Handler, Meter, Output, Progress, Request, Responder, Server,
};
use holdline_websocket::{self as websocket, handshake};

/// Requests whose path begins with `/meter` have a meter.
struct App {
    meters: Arc<Mutex<Vec<Arc<Meter>>>>,
}

/// How many pieces of a body were sent.
struct Stream(u32);

impl Handler for App {
    type Stream = Stream;

    fn request(&mut self, request: &Request<'_>, mut responder: Responder<'_, Stream>) {
        let path = request.head.path();
        if path.starts_with("/meter") {
            let meter = Arc::new(Meter::new());
            self.meters.lock().unwrap().push(Arc::clone(&meter));
            responder.meter(meter);
        }
        match path {
            "/meter/stream" => responder.stream(200, [("a", "b")], Stream(0)).unwrap(),
            "/meter/held" => responder.hold(Stream(0)),
            "/meter/socket" => {
                let head = &request.head;
                let accepted = handshake::server::accept(head.method(), head.headers().iter());
                let response = accepted.unwrap().response(None);
                let config = websocket::Config::default();
                responder
                    .upgrade_websocket(&response, config, Stream(0))
                    .unwrap();
            }
            _ => responder.respond(200, [("a", "b")], request.body).unwrap(),
        }
    }

    fn ready(&mut self, _: ConnectionId, stream: &mut Stream, output: Output<'_>) -> Progress {
        stream.0 += 1;
        match output {
            Output::Held(held) => held.respond(200, (), b"held").unwrap(),
            Output::Body(body) if stream.0 > 3 => body.end().unwrap(),
            Output::Body(mut body) => {
                body.send(&[b'x'; 50_000]).unwrap();
                return Progress::More;
            }
            _ => {}
        }
        Progress::Idle
    }

    fn message(
        &mut self,
        _: ConnectionId,
        _: &mut Stream,
        message: holdline_net::Message<'_>,
        output: Output<'_>,
    ) {
        if let (holdline_net::Message::Text(text), Output::WebSocket(mut socket)) =
            (message, output)
        {
            socket.send_text(text).unwrap();
        }
    }
}

struct Running {
    client: TcpStream,
    meters: Arc<Mutex<Vec<Arc<Meter>>>>,
    handle: holdline_net::Handle,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    fn start() -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), Config::default()).unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        let meters = Arc::default();
        let handle = server.handle();
        let thread = thread::spawn({
            let meters = Arc::clone(&meters);
            move || {
                let app = |_| App {
                    meters: Arc::clone(&meters),
                };
                server.run(app).unwrap();
            }
        });
        Self {
            client,
            meters,
            handle,
            thread: Some(thread),
        }
    }

    /// Sends a request and reads until what came ends so. Returns how many bytes came.
    fn exchange(&mut self, request: &[u8], end: &[u8]) -> u64 {
        self.client.write_all(request).unwrap();
        self.read_until(end)
    }

    fn read_until(&mut self, end: &[u8]) -> u64 {
        let (mut got, mut byte) = (Vec::new(), [0]);
        while !got.ends_with(end) {
            self.client.read_exact(&mut byte).unwrap();
            got.push(byte[0]);
        }
        got.len() as u64
    }

    fn meter(&self, index: usize) -> Arc<Meter> {
        Arc::clone(&self.meters.lock().unwrap()[index])
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// The client has the bytes before the server has counted them.
#[track_caller]
fn assert_counts(meter: &Meter, received: u64, sent: u64, end: Option<End>) {
    let began = Instant::now();
    let is_so = || (meter.received(), meter.sent(), meter.end()) == (received, sent, end);
    while !is_so() && began.elapsed() < LIMIT {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(
        (meter.received(), meter.sent(), meter.end()),
        (received, sent, end)
    );
}

const LIMIT: Duration = Duration::from_secs(20);
const OTHER: &[u8] = b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n";
const FOUR_EMPTY_LINES_END: &[u8] = b"\r\n\r\n";

#[test]
fn heads_bodies_and_framing_are_counted_and_other_requests_are_not() {
    let mut server = Running::start();
    server.exchange(OTHER, FOUR_EMPTY_LINES_END);
    let post = b"POST /meter HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
    let sent = server.exchange(post, b"hello world");
    server.exchange(OTHER, FOUR_EMPTY_LINES_END);
    assert_counts(&server.meter(0), post.len() as u64, sent, Some(End::Done));
    // In one read with another before and behind it.
    let get = b"GET /meter/held HTTP/1.1\r\nHost: a\r\n\r\n";
    let pipelined = [OTHER, get, OTHER].concat();
    let all = server.exchange(&pipelined, b"held");
    let rest = server.read_until(FOUR_EMPTY_LINES_END);
    let held = server.meter(1);
    assert_counts(&held, get.len() as u64, all - rest, Some(End::Done));
}

#[test]
fn a_request_byte_by_byte_and_a_stream_are_counted_while_they_last() {
    let mut server = Running::start();
    let get = b"GET /meter/stream HTTP/1.1\r\nHost: a\r\n\r\n";
    for byte in get {
        server.client.write_all(&[*byte]).unwrap();
    }
    let sent = server.read_until(b"0\r\n\r\n");
    assert!(sent > 150_000, "{sent}");
    assert_counts(&server.meter(0), get.len() as u64, sent, Some(End::Done));
}

#[test]
fn a_response_whose_end_has_no_bytes_is_over_at_once() {
    let mut server = Running::start();
    let head = b"HEAD /meter/stream HTTP/1.1\r\nHost: a\r\n\r\n";
    let sent = server.exchange(head, FOUR_EMPTY_LINES_END);
    // The connection goes on, and nothing comes over it.
    assert_counts(&server.meter(0), head.len() as u64, sent, Some(End::Done));
}

#[test]
fn a_websocket_is_counted_both_ways_until_it_is_closed() {
    let mut server = Running::start();
    let handshake =
        b"GET /meter/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    // The first frame does not wait for the answer.
    let mut sent = server.exchange(&[&handshake[..], frame].concat(), b"\x81\x05Hello");
    let mut received = (handshake.len() + frame.len()) as u64;
    assert_counts(&server.meter(0), received, sent, None);
    sent += server.exchange(frame, b"Hello");
    received += frame.len() as u64;
    assert_counts(&server.meter(0), received, sent, None);
    server.client.shutdown(std::net::Shutdown::Both).unwrap();
    assert_counts(&server.meter(0), received, sent, Some(End::ClientClosed));
}
