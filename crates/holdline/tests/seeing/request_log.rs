//! `--log-requests`: when a request or stream is over, one line says how it ended.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, SockRef, Socket, Type};

use crate::program::holdline;

/// A server, and its log lines about requests.
struct Logged {
    child: Child,
    address: String,
    lines: Receiver<String>,
}

impl Logged {
    fn start(arguments: &[&str]) -> Self {
        let all = [&["--listen", "127.0.0.1:0", "--log-requests"], arguments].concat();
        let mut child = holdline(&all).stdin(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut first).unwrap();
        let address = first
            .trim()
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            let about_requests = |line: &String| line.starts_with("time=");
            let mut lines = stderr.lines().map_while(Result::ok).filter(about_requests);
            lines.try_for_each(|line| sender.send(line))
        });
        Self {
            child,
            address,
            lines,
        }
    }

    fn connect(&self) -> TcpStream {
        let client = TcpStream::connect(&self.address).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        client
    }

    /// Sends a request over a connection of its own.
    fn send(&self, request: &str) -> TcpStream {
        let mut client = self.connect();
        client.write_all(request.as_bytes()).unwrap();
        client
    }

    fn publish(&self, text: &str) {
        let length = text.len();
        let request = format!(
            "POST /channels/news HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n\r\n{text}",
            self.address
        );
        let mut client = self.send(&request);
        let answer = read_until(&mut client, "\"receivers\"");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn get(&self, target: &str) -> TcpStream {
        self.send(&format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.address
        ))
    }

    /// A WebSocket that is open.
    fn socket(&self) -> TcpStream {
        let mut socket = self.send(
            "GET /channels/news/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        read_until(&mut socket, "holdline.open");
        socket
    }

    /// The fields of the next line. Lines about publishing are skipped.
    fn line(&self) -> BTreeMap<String, String> {
        loop {
            let line = self.lines.recv_timeout(LIMIT).unwrap();
            let (time, rest) = line.split_once(" request ").unwrap();
            assert!(time.starts_with("time=20") && time.ends_with('Z'), "{line}");
            let pairs = rest.split(' ').map(|pair| pair.split_once('=').unwrap());
            let line: BTreeMap<_, _> = pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            assert!(
                line["ms"].parse::<f64>().unwrap() >= 0.0 && line["peer"].starts_with("127.0.0.1:")
            );
            if line["method"] != "POST" || line["path"] != "/channels/news" {
                return line;
            }
        }
    }

    /// Checks that the next line has these fields.
    fn expect(&self, expected: &[(&str, &str)]) -> BTreeMap<String, String> {
        let line = self.line();
        for (name, value) in expected {
            assert_eq!(
                line.get(*name).map(String::as_str),
                Some(*value),
                "{name} of {line:?}"
            );
        }
        line
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_until(client: &mut TcpStream, end: &str) -> String {
    let (mut text, mut block) = (String::new(), [0; 4096]);
    while !text.contains(end) {
        let n = client.read(&mut block).unwrap();
        assert!(n > 0, "the server closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&block[..n]));
    }
    text
}

#[test]
fn an_answer_is_logged_with_its_length_on_the_wire_and_without_the_query() {
    let server = Logged::start(&[]);
    let mut client = server
        .send("GET /health?token=secret HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    let sent = answer.len().to_string();
    server.expect(&[
        ("method", "GET"),
        ("path", "/health"),
        ("status", "200"),
        ("sent", &sent),
        ("transport", "-"),
        ("end", "done"),
    ]);
    // Two requests in one write make two lines, in order.
    let both = "GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nHEAD /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    let mut answers = String::new();
    server.send(both).read_to_string(&mut answers).unwrap();
    let one = server.expect(&[("path", "/nothing"), ("status", "404"), ("end", "done")]);
    let two = server.expect(&[("method", "HEAD"), ("path", "/health"), ("status", "200")]);
    let sum: usize = [one, two]
        .iter()
        .map(|line| line["sent"].parse::<usize>().unwrap())
        .sum();
    assert_eq!(sum, answers.len());
}

#[test]
fn a_stream_is_logged_when_its_client_closes_with_how_many_messages_it_was_given() {
    let server = Logged::start(&[]);
    let mut reader = server.get("/channels/news,other/sse");
    read_until(&mut reader, "id: ");
    server.publish("one");
    server.publish("two");
    read_until(&mut reader, "data: two\n\n");
    reader.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    server.expect(&[
        ("path", "/channels/news,other/sse"),
        ("status", "200"),
        ("transport", "sse"),
        ("messages", "2"),
        ("lost", "0"),
        ("end", "client-closed"),
    ]);
}

#[test]
fn a_reset_is_told_from_a_close() {
    let server = Logged::start(&[]);
    let mut reader = server.get("/channels/news/xhr-stream");
    read_until(&mut reader, "holdline.open");
    SockRef::from(&reader)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(reader);
    server.expect(&[
        ("transport", "xhr-stream"),
        ("messages", "0"),
        ("end", "reset"),
    ]);
}

#[test]
fn a_held_poll_and_a_websocket_are_done_when_they_are_answered_and_closed() {
    let server = Logged::start(&[]);
    let mut poll = server.get("/channels/news/long-poll?since=earliest");
    // It does not matter when it is registered: it asks for everything there is.
    server.publish("hello");
    read_until(&mut poll, "hello");
    server.expect(&[
        ("transport", "long-poll"),
        ("status", "200"),
        ("messages", "1"),
        ("end", "done"),
    ]);

    let mut socket = server.socket();
    // A Close with code 1000.
    socket
        .write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])
        .unwrap();
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
    server.expect(&[
        ("transport", "websocket"),
        ("status", "101"),
        ("messages", "0"),
        ("end", "done"),
    ]);
}

#[test]
fn each_missed_deadline_has_its_name() {
    let server = Logged::start(&["--body-timeout", "300ms", "--message-timeout", "300ms"]);
    let body = "POST /channels/late HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nhalf";
    let mut upload = server.send(body);
    server.expect(&[
        ("path", "/channels/late"),
        ("status", "408"),
        ("end", "late-body"),
    ]);
    assert!(read_until(&mut upload, "timeout").starts_with("HTTP/1.1 408"));

    let mut socket = server.socket();
    // Only the first of nine bytes.
    socket.write_all(&[0x81, 0x89, 0, 0, 0, 0, b'x']).unwrap();
    server.expect(&[("transport", "websocket"), ("end", "late-message")]);
}

/// With a full server the time for a head is 2 s.
#[test]
fn a_head_that_does_not_come_whole_is_late() {
    let server = Logged::start(&["--max-connections", "1"]);
    let mut taken = server.get("/channels/news/sse");
    read_until(&mut taken, "id: ");
    let mut half = server.send("GET /health HTTP/1.1\r\nHost: 127");
    server.expect(&[
        ("method", "-"),
        ("path", "-"),
        ("status", "408"),
        ("end", "late-head"),
    ]);
    assert!(read_until(&mut half, "timeout").starts_with("HTTP/1.1 408"));
}

#[test]
fn a_websocket_that_does_not_answer_a_ping_is_late_to_answer() {
    let server = Logged::start(&["--heartbeat", "300ms"]);
    let mut socket = server.socket();
    server.expect(&[
        ("transport", "websocket"),
        ("status", "101"),
        ("end", "late-answer"),
    ]);
    // It was asked.
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
    assert!(rest.starts_with(&[0x89]), "{rest:?}");
}

#[test]
fn an_upload_for_which_there_is_no_room_says_so() {
    let options = ["--max-message", "100000", "--max-upload-total", "265536"];
    let server = Logged::start(&options);
    let head = "POST /channels/large HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n";
    let upload = format!("{head}{}", "x".repeat(99_000));
    let mut uploads: Vec<_> = (0..3).map(|_| server.send(&upload)).collect();
    let line = server.expect(&[
        ("method", "POST"),
        ("path", "/channels/large"),
        ("status", "408"),
        ("end", "no-room"),
    ]);
    let refused = uploads.iter_mut().find(|upload| {
        let peer = upload.local_addr().unwrap().to_string();
        peer == line["peer"]
    });
    assert!(read_until(refused.unwrap(), "no_room").starts_with("HTTP/1.1 408"));
}

#[test]
fn a_client_that_takes_nothing_is_late_to_read() {
    let server = Logged::start(&["--write-timeout", "300ms"]);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address: std::net::SocketAddr = server.address.parse().unwrap();
    socket.connect(&address.into()).unwrap();
    let mut reader = TcpStream::from(socket);
    let request = format!("GET /channels/news/sse HTTP/1.1\r\nHost: {address}\r\n\r\n");
    reader.write_all(request.as_bytes()).unwrap();
    // More than fits into all the buffers in between.
    for _ in 0..20 {
        server.publish(&"x".repeat(1 << 19));
    }
    let line = server.expect(&[("transport", "sse"), ("end", "late-write")]);
    let sent: usize = line["sent"].parse().unwrap();
    assert!(sent > 0 && sent < 20 << 19, "{line:?}");
}

#[test]
fn what_is_no_request_has_a_line_and_so_has_what_the_end_of_the_server_cuts() {
    let mut server = Logged::start(&[]);
    let mut client = server.send("GET / HTTP/1.1\r\nno colon\r\n\r\n");
    read_until(&mut client, "malformed_request");
    server.expect(&[
        ("method", "-"),
        ("path", "-"),
        ("status", "400"),
        ("end", "protocol-error"),
    ]);

    let mut reader = server.get("/channels/news/sse");
    read_until(&mut reader, "id: ");
    let id = Pid::from_raw(i32::try_from(server.child.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    server.expect(&[("transport", "sse"), ("end", "stopped")]);
    assert!(server.child.wait().unwrap().success());
}

/// When a test gives up. No test waits this long on purpose.
const LIMIT: Duration = Duration::from_secs(60);
