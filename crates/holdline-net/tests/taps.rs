//! What taps see is what the client wrote and read, and nothing of other requests.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use holdline_net::{
    Config, ConnectionId, Handler, Intake, Message, Output, Progress, Request, Responder, Server,
    Tap,
};
use holdline_websocket::{self as websocket, handshake};

/// Requests whose path begins with `/seen` have a tap.
struct App {
    taps: Arc<Mutex<Vec<Seen>>>,
}

/// What a tap saw.
#[derive(Clone, Default)]
struct Seen {
    received: Arc<Mutex<Vec<u8>>>,
    sent: Arc<Mutex<Vec<u8>>>,
    over: Arc<()>,
}

impl Tap for Seen {
    fn received(&mut self, bytes: &[u8]) {
        self.received.lock().unwrap().extend(bytes);
    }

    fn sent(&mut self, bytes: &[u8]) {
        self.sent.lock().unwrap().extend(bytes);
    }
}

impl Handler for App {
    /// How many pieces of a body were sent.
    type Stream = u32;

    fn tap(&mut self, request: &Request<'_>) -> Option<Box<dyn Tap>> {
        let is_wanted = request.head.path().starts_with("/seen");
        is_wanted.then(|| {
            let seen = Seen::default();
            self.taps.lock().unwrap().push(seen.clone());
            Box::new(seen) as Box<dyn Tap>
        })
    }

    fn head(&mut self, request: &Request<'_>, intake: Intake<'_, u32>) {
        if request.head.path() == "/refuse" {
            self.request(request, intake.answer());
        }
    }

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, u32>) {
        match request.head.path() {
            "/seen/stream" => responder.stream(200, [("a", "b")], 0).unwrap(),
            "/seen/socket" => {
                let head = &request.head;
                let accepted = handshake::server::accept(head.method(), head.headers().iter());
                let response = accepted.unwrap().response(None);
                let config = websocket::Config::default();
                responder.upgrade_websocket(&response, config, 0).unwrap();
            }
            path => responder.respond(200, [("a", path)], request.body).unwrap(),
        }
    }

    fn ready(&mut self, _: ConnectionId, pieces: &mut u32, output: Output<'_>) -> Progress {
        *pieces += 1;
        match output {
            Output::Body(body) if *pieces > 3 => body.end().unwrap(),
            Output::Body(mut body) => {
                body.send(&[b'x'; 50_000]).unwrap();
                return Progress::More;
            }
            _ => {}
        }
        Progress::Idle
    }

    fn message(&mut self, _: ConnectionId, _: &mut u32, message: Message<'_>, output: Output<'_>) {
        if let (Message::Text(text), Output::WebSocket(mut socket)) = (message, output) {
            socket.send_text(text).unwrap();
        }
    }
}

struct Running {
    client: TcpStream,
    taps: Arc<Mutex<Vec<Seen>>>,
    handle: holdline_net::Handle,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    fn start(taps_are_on: bool) -> Self {
        let mut config = Config::default();
        config.taps = taps_are_on;
        config.linger_timeout = Duration::from_millis(100);
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), config).unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        let taps = Arc::default();
        let handle = server.handle();
        let thread = thread::spawn({
            let taps = Arc::clone(&taps);
            move || {
                let app = |_| App {
                    taps: Arc::clone(&taps),
                };
                server.run(app).unwrap();
            }
        });
        Self {
            client,
            taps,
            handle,
            thread: Some(thread),
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).unwrap();
    }

    /// Reads until what came ends so.
    fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        let (mut got, mut byte) = (Vec::new(), [0]);
        while !got.ends_with(end) {
            self.client.read_exact(&mut byte).unwrap();
            got.push(byte[0]);
        }
        got
    }

    /// The client has the bytes before the tap has seen that they were taken.
    #[track_caller]
    fn assert_seen(&self, index: usize, received: &[u8], sent: &[u8]) {
        let seen = self.taps.lock().unwrap()[index].clone();
        let began = Instant::now();
        while seen.sent.lock().unwrap().len() < sent.len() && began.elapsed() < LIMIT {
            thread::sleep(Duration::from_millis(5));
        }
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        assert_eq!(text(&seen.received.lock().unwrap()), text(received));
        assert_eq!(text(&seen.sent.lock().unwrap()), text(sent));
    }

    /// Nobody but the test has this tap any more.
    #[track_caller]
    fn assert_dropped(&self, index: usize) {
        let over = Arc::clone(&self.taps.lock().unwrap()[index].over);
        let began = Instant::now();
        while Arc::strong_count(&over) > 2 && began.elapsed() < LIMIT {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(Arc::strong_count(&over), 2);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

const LIMIT: Duration = Duration::from_secs(20);
const OTHER: &[u8] = b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &[u8] =
    b"POST /seen HTTP/1.1\r\nHost:a\r\nX: \t y \r\nTransfer-Encoding: chunked\r\n\r\n\
    5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: u\r\n\r\n";

#[test]
fn one_request_is_seen_as_it_was_written_and_its_neighbours_are_not() {
    let mut server = Running::start(true);
    server.send(&[OTHER, POST, OTHER].concat());
    server.read_until(b"a: /other\r\nContent-Length: 0\r\n\r\n");
    let answer = server.read_until(b"hello world");
    server.assert_seen(0, POST, &answer);
    server.read_until(b"\r\n\r\n");
    server.assert_seen(0, POST, &answer);
    server.assert_dropped(0);
    // Of two that are seen, each is seen by its own tap.
    server.send(&[POST, POST].concat());
    let first = server.read_until(b"hello world");
    let second = server.read_until(b"hello world");
    server.assert_seen(1, POST, &first);
    server.assert_seen(2, POST, &second);
    server.assert_dropped(1);
}

#[test]
fn a_request_byte_by_byte_and_a_long_answer_are_seen_whole() {
    let mut server = Running::start(true);
    server.client.set_nodelay(true).unwrap();
    let get = b"GET /seen/stream HTTP/1.1\r\nHost: a\r\n\r\n";
    for byte in get {
        server.send(&[*byte]);
    }
    let answer = server.read_until(b"0\r\n\r\n");
    assert!(answer.len() > 150_000);
    server.assert_seen(0, get, &answer);
    // The next one, of which a part alone ends it.
    server.send(b"GET");
    server.assert_dropped(0);
    server.send(b" /seen HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = server.read_until(b"\r\n\r\n");
    server.assert_seen(1, b"GET /seen HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
}

#[test]
fn the_rest_of_a_refused_body_belongs_to_nobody_else() {
    let mut server = Running::start(true);
    let head = b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
    let get = b"GET /seen HTTP/1.1\r\nHost: a\r\n\r\n";
    server.send(&[&head[..], b"sec"].concat());
    server.read_until(b"\r\n\r\n");
    server.send(&[&b"ret"[..], get].concat());
    let answer = server.read_until(b"\r\n\r\n");
    server.assert_seen(0, get, &answer);
}

#[test]
fn a_websocket_is_seen_both_ways_with_its_masks() {
    let mut server = Running::start(true);
    let handshake =
        b"GET /seen/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    // The first frame does not wait for the answer.
    let mut received = [&handshake[..], hello].concat();
    server.send(&received);
    let mut sent = server.read_until(b"\x81\x05Hello");
    server.assert_seen(0, &received, &sent);
    // A message that is read straight to where it is joined.
    let mut long = b"\x81\xff\0\0\0\0\0\x03\x0d\x40\x01\x02\x03\x04".to_vec();
    long.extend((0..200_000_u32).map(|i| b'z' ^ (i % 4 + 1) as u8));
    server.send(&long);
    received.extend(&long);
    sent.extend(server.read_until(&[b'z'; 200_000]));
    server.assert_seen(0, &received, &sent);
    let close = b"\x88\x80\x01\x02\x03\x04";
    server.send(close);
    received.extend(close);
    sent.extend(server.read_until(b"\x88\x00"));
    server.assert_seen(0, &received, &sent);
    server.client.shutdown(std::net::Shutdown::Both).unwrap();
    server.assert_dropped(0);
}

#[test]
fn what_is_no_request_is_not_seen_and_a_handler_is_not_asked_unless_it_wants_to_be() {
    let mut server = Running::start(true);
    server.send(b"GET /seen HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = server.read_until(b"\r\n\r\n");
    server.send(b"GET /seen HT");
    server.assert_dropped(0);
    server.send(b"TP\r\n\r\n");
    server.read_until(b"\n");
    assert_eq!(server.taps.lock().unwrap().len(), 1);
    server.assert_seen(0, b"GET /seen HTTP/1.1\r\nHost: a\r\n\r\n", &answer);

    let mut server = Running::start(false);
    server.send(POST);
    server.read_until(b"hello world");
    assert!(server.taps.lock().unwrap().is_empty());
}
