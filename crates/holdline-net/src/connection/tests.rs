#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use holdline_http1::HeaderBlock;

use super::*;
use crate::handler::Request;
use crate::message::Message;
use crate::responder::Responder;
use crate::shared::Shared;
use crate::socket::PeerSocket;

/// Answers every request, and makes every `GET /socket` a WebSocket that is pinged, and every `GET /quiet` one that
/// is not.
#[derive(Default)]
struct App {
    requests: usize,
    messages: usize,
}

impl Handler for App {
    type Stream = ();

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, ()>) {
        self.requests += 1;
        let mut config = holdline_websocket::Config::default();
        match request.head.path() {
            "/socket" => {
                config.keepalive = Some(holdline_websocket::Keepalive {
                    interval: SECOND,
                    timeout: SECOND,
                });
            }
            "/quiet" => {}
            _ => return responder.respond(200, (), request.body).unwrap(),
        }
        let upgrade = [("Upgrade", "websocket")];
        responder.upgrade_websocket(upgrade, config, ()).unwrap();
    }

    fn ready(&mut self, _: ConnectionId, (): &mut (), _: Output<'_>) -> Progress {
        Progress::Idle
    }

    fn message(&mut self, _: ConnectionId, (): &mut (), _: Message<'_>, _: Output<'_>) {
        self.messages += 1;
    }
}

/// A connection whose loop is slow to notice what comes.
struct Slow {
    client: std::net::TcpStream,
    connection: Connection<()>,
    app: App,
    shared: Shared,
    now: u64,
}

impl Slow {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let (socket, peer) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let id = ConnectionId {
            index: 0,
            generation: 0,
        };
        let shared = Shared::new(Config::default(), &[]);
        let socket = PeerSocket::Tcp(mio::net::TcpStream::from_std(socket));
        let origin = Origin::new(Some(peer), 0);
        Self {
            client,
            connection: Connection::new(socket, origin, id, &shared.config, 0),
            app: App::default(),
            shared,
            now: 0,
        }
    }

    /// A WebSocket that is not pinged.
    fn quiet() -> Self {
        let mut slow = Self::new();
        slow.seen(
            b"GET /quiet HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        );
        slow.answer(b"\r\n\r\n");
        slow
    }

    fn with<R>(&mut self, call: impl FnOnce(&mut Connection<()>, &mut Context<'_, App>) -> R) -> R {
        let mut context = Context {
            handler: &mut self.app,
            shared: &self.shared,
            config: &self.shared.config,
            scratch: &mut Scratch::new(),
            date: &HeaderBlock::default(),
            now: self.now,
            stopping: None,
            delivered: 0,
            counting: &crate::load::Counting::default(),
        };
        call(&mut self.connection, &mut context)
    }

    /// The client sends this, and the loop sees it.
    fn seen(&mut self, bytes: &[u8]) {
        self.lies_there(bytes);
        let driven = self.with(|connection, context| {
            connection.set_ready(true, false);
            connection.drive(context)
        });
        assert_eq!(driven, Driven::Done);
    }

    /// The client sends this, and the loop has not looked yet.
    fn lies_there(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).unwrap();
        // Loopback delivers at once; this waits for it all the same.
        let PeerSocket::Tcp(socket) = &self.connection.core.socket else {
            panic!("no TCP")
        };
        while !bytes.is_empty() && socket.peek(&mut [0]).is_err() {}
    }

    /// Now is the next deadline, and not before.
    fn deadline(&mut self) -> Driven {
        self.now = self.connection.deadline();
        self.with(Connection::timed_out)
    }

    fn answer(&mut self, end: &[u8]) {
        let mut got = Vec::new();
        while !got.ends_with(end) {
            let mut byte = [0];
            self.client.read_exact(&mut byte).unwrap();
            got.push(byte[0]);
        }
    }
}

#[test]
fn a_request_that_lies_in_the_socket_when_the_idle_time_is_over_is_answered() {
    let mut slow = Slow::new();
    slow.seen(b"");
    slow.lies_there(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(slow.deadline(), Driven::Done);
    assert_eq!(slow.app.requests, 1);
    slow.answer(b"\r\n\r\n");
}

#[test]
fn the_end_of_a_head_that_lies_in_the_socket_when_its_time_is_over_counts() {
    let mut slow = Slow::new();
    slow.seen(b"GET / HTTP/1.1\r\nHost: a\r\n");
    slow.lies_there(b"\r\n");
    assert_eq!(slow.deadline(), Driven::Done);
    assert_eq!(slow.app.requests, 1);
}

#[test]
fn the_end_of_a_body_that_lies_in_the_socket_when_its_time_is_over_counts() {
    let mut slow = Slow::new();
    slow.seen(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    slow.lies_there(b"cd");
    assert_eq!(slow.deadline(), Driven::Done);
    assert_eq!(slow.app.requests, 1);
    slow.answer(b"abcd");
}

#[test]
fn a_pong_and_a_message_that_lie_in_the_socket_when_the_keepalive_is_over_count() {
    let mut slow = Slow::new();
    slow.seen(
        b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    slow.answer(b"\r\n\r\n");
    // The ping.
    assert_eq!(slow.deadline(), Driven::Done);
    let mut ping = [0; 6];
    slow.client.read_exact(&mut ping).unwrap();
    assert_eq!(ping[..2], [0x89, 4]);
    let pong = [b"\x8a\x84\0\0\0\0".as_slice(), &ping[2..]].concat();
    slow.lies_there(&[&pong[..], b"\x81\x81\0\0\0\0a"].concat());
    assert_eq!(slow.deadline(), Driven::Done);
    assert_eq!(slow.app.messages, 1);
    assert!(matches!(slow.connection.protocol, Protocol::WebSocket(_)));
    // And silence is not taken for an answer.
    for _ in 0..4 {
        slow.deadline();
    }
    assert!(matches!(slow.connection.protocol, Protocol::Lingering(_)));
}

#[test]
fn an_upload_that_comes_steadily_may_take_longer_than_the_body_timeout() {
    let mut slow = Slow::new();
    slow.seen(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    for _ in 0..10 {
        assert_eq!(slow.app.requests, 0);
        slow.now += 20_000;
        assert!(slow.now < slow.connection.deadline());
        slow.seen(&[b'x'; 20_000]);
    }
    assert_eq!(slow.app.requests, 1);
}

#[test]
fn a_message_that_comes_steadily_may_take_longer_than_the_message_timeout() {
    let mut slow = Slow::quiet();
    slow.seen(b"\x82\xff\0\0\0\0\0\x03\x0d\x40\0\0\0\0");
    for _ in 0..10 {
        assert_eq!(slow.app.messages, 0);
        slow.now += 20_000;
        assert!(slow.now < slow.connection.deadline());
        slow.seen(&[b'x'; 20_000]);
    }
    assert_eq!(slow.app.messages, 1);
}

#[test]
fn pings_that_are_cut_in_two_by_the_network_are_no_message_that_lasts_for_ever() {
    let mut slow = Slow::quiet();
    slow.seen(b"\x89");
    for _ in 0..8 {
        slow.now += 20_000;
        slow.seen(b"\x80\0\0\0\0\x89");
        slow.answer(b"\x8a\0");
    }
    assert!(slow.now > slow.shared.config.message_timeout.as_millis() as u64);
    // And the last one does not get more time than the others.
    assert_eq!(slow.connection.deadline(), slow.now + 30_000);
    slow.deadline();
    slow.answer(b"the message did not arrive in time");
}

/// Its beginning was read, and then the queue was full.
#[test]
fn a_message_that_is_not_read_because_its_client_reads_slowly_is_not_late() {
    let mut slow = Slow::quiet();
    slow.shared.config.write_timeout = 1000 * SECOND;
    slow.seen(b"\x82\x84\0\0\0\0ab");
    slow.with(|connection, context| {
        connection.call(context, |_, _, (), output| {
            let Output::WebSocket(mut socket) = output else {
                panic!("it is no WebSocket")
            };
            socket.send_binary(&vec![0; 16 << 20]).unwrap();
        });
        connection.drive(context)
    });
    assert!(slow.connection.core.queue.len() >= ROOM);
    slow.lies_there(b"cd");
    for _ in 0..100 {
        assert_eq!(slow.deadline(), Driven::Done);
    }
    // Now the client reads what it was sent. Nothing came behind it but the answer to a ping.
    slow.client.write_all(b"\x89\x81\0\0\0\0!").unwrap();
    slow.client.set_nonblocking(true).unwrap();
    let (mut got, mut block) = (Vec::new(), vec![0; 1 << 20]);
    while got.len() < 10 + (16 << 20) + 3 {
        // There may be nothing yet.
        let length = slow.client.read(&mut block).unwrap_or(0);
        got.extend_from_slice(&block[..length]);
        slow.with(|connection, context| {
            connection.set_ready(true, false);
            connection.drive(context)
        });
    }
    assert!(got.ends_with(b"\x8a\x01!"), "{:?}", &got[got.len() - 8..]);
    assert_eq!(slow.app.messages, 1);
}

const SECOND: Duration = Duration::from_secs(1);
