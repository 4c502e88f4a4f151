//! A line protocol on a raw listener, as somebody else would build it, and the limits and deadlines that it has.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use holdline_net::{
    Arrival, Config, ConnectionId, End, Ending, Expects, Finished, Handle, Handler, Listener,
    Output, Progress, Raw, Rejection, Request, Responder, Server,
};

/// Greets, and says each line again. `listen` may be silent from then on, and `quit` ends it.
#[derive(Default)]
struct Lines {
    endings: Arc<Mutex<Vec<Ending>>>,
    finished: Arc<Mutex<Vec<(End, u64)>>>,
}

#[derive(Default)]
struct Line {
    greeted: bool,
    begun: Vec<u8>,
}

impl Handler for Lines {
    type Stream = Line;

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, Line>) {
        let path = request.head.path();
        responder.respond(200, (), path.as_bytes()).unwrap();
    }

    fn connected(&mut self, arrival: &Arrival<'_>) -> Option<Line> {
        assert_eq!(arrival.listener, 1);
        let ends = (
            arrival.peer.unwrap(),
            arrival.local_addr().unwrap().unwrap(),
        );
        assert_ne!(ends.0.port(), ends.1.port());
        assert_eq!(arrival.limited_address(), Some(ends.0.ip()));
        Some(Line::default())
    }

    fn ready(&mut self, _: ConnectionId, line: &mut Line, output: Output<'_>) -> Progress {
        if let (Output::Raw(mut raw), false) = (output, std::mem::replace(&mut line.greeted, true))
        {
            raw.send(b"hello\n");
        }
        Progress::Idle
    }

    fn bytes(
        &mut self,
        _: ConnectionId,
        line: &mut Line,
        input: &mut &[u8],
        output: Output<'_>,
    ) -> Expects {
        let Output::Raw(mut raw) = output else {
            panic!("no raw connection")
        };
        let end = input.iter().position(|&byte| byte == b'\n');
        let (piece, rest) = input.split_at(end.map_or(input.len(), |end| end + 1));
        *input = rest;
        line.begun.extend_from_slice(piece);
        if line.begun.len() > MOST {
            raw.send(b"too long\n");
            raw.fail();
            return Expects::Nothing;
        }
        if end.is_none() {
            return Expects::Rest(line.begun.capacity());
        }
        match &std::mem::take(&mut line.begun)[..] {
            b"quit\n" => raw.close(),
            b"listen\n" => return Expects::Nothing,
            // A handler that takes nothing is a mistake.
            b"stuck\n" => *input = piece,
            other => raw.send(other),
        }
        Expects::Message
    }

    fn reject_raw(&mut self, rejection: &Rejection<'_>, mut output: Raw<'_>) {
        output.send(format!("{}\n", rejection.status()).as_bytes());
    }

    fn stopping(&mut self, _: ConnectionId, _: &mut Line, output: Output<'_>) {
        if let Output::Raw(mut raw) = output {
            raw.send(b"bye\n");
        }
    }

    fn closed(&mut self, _: ConnectionId, _: Line, ending: Ending) {
        self.endings.lock().unwrap().push(ending);
    }

    fn finished(&mut self, finished: &Finished<'_>) {
        let mut all = self.finished.lock().unwrap();
        all.push((finished.end, finished.sent));
    }
}

struct Running {
    handle: Handle,
    http: SocketAddr,
    raw: SocketAddr,
    endings: Arc<Mutex<Vec<Ending>>>,
    finished: Arc<Mutex<Vec<(End, u64)>>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.threads = NonZeroUsize::new(2).unwrap();
        config.report_requests = true;
        change(&mut config);
        let bind = || Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listeners = vec![bind(), bind().raw()];
        let [http, raw] = [0, 1].map(|at| listeners[at].address().tcp().unwrap());
        let server = Server::new(listeners, config).unwrap();
        let (endings, finished) = (Arc::default(), Arc::default());
        let made = (Arc::clone(&endings), Arc::clone(&finished));
        let handle = server.handle();
        let thread = thread::spawn(move || {
            let make = |_| Lines {
                endings: Arc::clone(&made.0),
                finished: Arc::clone(&made.1),
            };
            server.run(make).unwrap();
        });
        Self {
            handle,
            http,
            raw,
            endings,
            finished,
            thread: Some(thread),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.raw).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// One that was greeted.
    fn greeted(&self) -> TcpStream {
        let mut stream = self.connect();
        expect(&mut stream, "hello\n");
        stream
    }

    fn ending(&self) -> Ending {
        let start = Instant::now();
        loop {
            if let Some(ending) = self.endings.lock().unwrap().pop() {
                return ending;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "no ending");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            // A failing test says more than the server that it leaves.
            let _ = thread.join();
        }
    }
}

fn expect(stream: &mut TcpStream, text: &str) {
    let mut got = vec![0; text.len()];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(String::from_utf8_lossy(&got), text);
}

fn rest(stream: &mut TcpStream) -> String {
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    rest
}

#[test]
fn bytes_go_to_the_handler_however_they_are_cut_and_http_goes_on_beside() {
    let server = Running::start(|_| {});
    let mut client = server.greeted();
    client.write_all(b"one\ntwo\nth").unwrap();
    expect(&mut client, "one\ntwo\n");
    for byte in b"ree\n" {
        client.write_all(&[*byte]).unwrap();
        thread::sleep(Duration::from_millis(2));
    }
    expect(&mut client, "three\n");
    client.write_all(b"quit\nnot heard\n").unwrap();
    assert_eq!(rest(&mut client), "");
    drop(client);
    assert_eq!(server.ending(), Ending::Finished);
    let mut http = TcpStream::connect(server.http).unwrap();
    http.write_all(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert!(rest(&mut http).ends_with("/x"));
    // The greeting was sent before its first byte, and so does not belong to what is reported.
    let finished = server.finished.lock().unwrap().clone();
    assert_eq!(finished[0], (End::Done, "one\ntwo\nthree\n".len() as u64));
}

#[test]
fn many_messages_at_once_are_all_taken_while_their_answers_wait() {
    let server = Running::start(|_| {});
    let mut client = server.greeted();
    let all = "0123456789012345678901234567890\n".repeat(50_000);
    let sender = thread::spawn({
        let (mut client, all) = (client.try_clone().unwrap(), all.clone());
        move || client.write_all(all.as_bytes()).unwrap()
    });
    // Its answers fill the queue first.
    thread::sleep(Duration::from_millis(300));
    expect(&mut client, &all);
    sender.join().unwrap();
}

#[test]
fn a_peer_that_breaks_the_protocol_is_told_so_and_one_that_goes_is_noticed() {
    let server = Running::start(|_| {});
    let mut client = server.greeted();
    client.write_all(&[b'x'; MOST + 1]).unwrap();
    assert_eq!(rest(&mut client), "too long\n");
    assert_eq!(server.ending(), Ending::Failed);
    let mut client = server.greeted();
    client.write_all(b"stuck\n").unwrap();
    assert_eq!(rest(&mut client), "");
    assert_eq!(server.ending(), Ending::Failed);
    let mut client = server.greeted();
    client.write_all(b"last\nhal").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(rest(&mut client), "last\n");
    assert_eq!(server.ending(), Ending::Disconnected);
}

#[test]
fn each_thing_that_is_awaited_has_its_deadline() {
    let short = Duration::from_millis(300);
    let long = Duration::from_secs(60);
    let late = |change: &dyn Fn(&mut Config), first: &[u8], last: &str, ending| {
        let server = Running::start(|config| {
            config.head_timeout = long;
            config.message_timeout = long;
            config.idle_timeout = long;
            change(config);
        });
        let mut client = server.greeted();
        client.write_all(first).unwrap();
        assert_eq!(rest(&mut client), last);
        assert_eq!(server.ending(), ending);
    };
    let silent = |config: &mut Config| config.head_timeout = short;
    late(&silent, b"", "", Ending::Finished);
    late(&silent, b"beg", "408\n", Ending::TimedOut);
    let message = |config: &mut Config| config.message_timeout = short;
    late(&message, b"one\nbeg", "one\n408\n", Ending::TimedOut);
    let idle = |config: &mut Config| config.idle_timeout = short;
    late(&idle, b"one\n", "one\n", Ending::Finished);
    // Who listens may be silent.
    let server = Running::start(|config| {
        config.head_timeout = short;
        config.idle_timeout = short;
    });
    let mut client = server.greeted();
    client.write_all(b"listen\n").unwrap();
    thread::sleep(short * 3);
    client.write_all(b"here\n").unwrap();
    expect(&mut client, "here\n");
}

#[test]
fn what_is_not_whole_is_bounded_with_that_of_http() {
    let server = Running::start(|config| {
        config.max_upload_total = MOST;
        config.head_timeout = Duration::from_secs(60);
    });
    let mut slow = server.greeted();
    slow.write_all(&[b'x'; MOST / 2]).unwrap();
    thread::sleep(Duration::from_millis(50));
    let mut http = TcpStream::connect(server.http).unwrap();
    http.write_all(&[b"GET /".as_slice(), &[b'y'; MOST]].concat())
        .unwrap();
    assert_eq!(rest(&mut slow), "408\n");
    assert_eq!(server.ending(), Ending::NoRoom);
}

#[test]
fn past_its_limits_a_connection_is_told_so_and_closed() {
    let server = Running::start(|config| config.max_connections = 1);
    let _one = server.greeted();
    assert_eq!(rest(&mut server.connect()), "503\n");
    let server = Running::start(|config| {
        config.max_connections_per_address = NonZeroUsize::new(1).map(NonZeroUsize::get);
    });
    let _one = server.greeted();
    assert_eq!(rest(&mut server.connect()), "429\n");
}

#[test]
fn a_server_that_stops_says_its_last_words() {
    let server = Running::start(|_| {});
    let mut client = server.greeted();
    client.write_all(b"listen\nbeg").unwrap();
    server.handle.stop();
    assert_eq!(rest(&mut client), "bye\n");
    assert_eq!(server.ending(), Ending::Stopped);
}

/// Bytes of a line.
const MOST: usize = 4096;
