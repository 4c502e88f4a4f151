//! `holdline proxy` as people run it: between a client and a server of the test.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

const REQUEST: &str = "GET /a?token=sesame&b=1 HTTP/1.1\r\nHost: a\r\nCookie: id=sesame\r\n\
    Authorization: Bearer sesame\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Set-Cookie: id=sesame\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// "token=Hello", which is no secret in a message.
const MASKED: &[u8] = b"\x81\x8b\x37\xfa\x21\x3d\x43\x95\x4a\x58\x59\xc7\x69\x58\x5b\x96\x4e";
const UNMASKED: &[u8] = b"\x81\x0btoken=Hello";

#[test]
fn random_bytes_pass_unchanged_in_both_directions_and_after_a_half_close() {
    let (server, address) = listener();
    let mut proxy = Proxy::start(&address, &[]);
    let up = random(1, 400_000);
    let down = random(2, 500_000);
    let late = random(3, 300_000);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut socket, _) = server.accept().expect("a connection");
            let mut writer = socket.try_clone().expect("a socket");
            let sent = scope.spawn(|| {
                writer.write_all(&down).expect("it reads");
                writer
            });
            // The client closes its half, and then only listens.
            assert!(read(&mut socket) == up);
            let mut writer = sent.join().expect("it was sent");
            writer.write_all(&late).expect("it reads");
        });
        let mut client = proxy.connect();
        let mut writer = client.try_clone().expect("a socket");
        scope.spawn(|| {
            writer.write_all(&up).expect("it reads");
            writer.shutdown(Shutdown::Write).expect("it is open");
            drop(writer);
        });
        assert!(read(&mut client) == [&down[..], &late].concat());
    });
    let said = proxy.until("over, after 400000 bytes from the client and 800000");
    let told = said.matches("cannot be explained from here on").count();
    assert_eq!(told, 2, "once for each side: {said}");
}

#[test]
fn an_upgrade_is_followed_and_secrets_are_stars() {
    for (options, hidden) in [
        (&["--json"][..], true),
        (&["--json", "--show-secrets"], false),
        (&[], true),
    ] {
        let (server, address) = listener();
        let mut proxy = Proxy::start(&address, options);
        let mut client = proxy.connect();
        let (mut socket, _) = server.accept().expect("a connection");
        client.write_all(REQUEST.as_bytes()).expect("it reads");
        assert_eq!(take(&mut socket, REQUEST.len()), REQUEST.as_bytes());
        socket.write_all(RESPONSE.as_bytes()).expect("it reads");
        assert_eq!(take(&mut client, RESPONSE.len()), RESPONSE.as_bytes());
        client.write_all(MASKED).expect("it reads");
        assert_eq!(take(&mut socket, MASKED.len()), MASKED);
        socket.write_all(UNMASKED).expect("it reads");
        assert_eq!(take(&mut client, UNMASKED.len()), UNMASKED);
        drop((client, socket));
        proxy.until("over, after");
        let shown = proxy.stop();
        assert_eq!(shown.contains("sesame"), !hidden, "{shown}");
        for words in match options {
            [] => [
                "── #1 client → server ──",
                "Cookie: \"*********\"",
                "→ text message of 11 bytes: \"token=Hello\"",
                "── #1 server → client ──",
            ],
            _ => [
                r#"{"connection":1,"from":"client","request":{"method":"GET""#,
                r#"{"connection":1,"from":"server","response":{"status":101"#,
                r#"{"connection":1,"from":"client","text":"token=Hello"}"#,
                r#"{"connection":1,"from":"server","text":"token=Hello"}"#,
            ],
        } {
            assert!(shown.contains(words), "{words} in\n{shown}");
        }
    }
}

/// Frames may come in the same read as the 101, and be sent before it.
#[test]
fn frames_in_the_same_read_as_the_handshake_are_shown_as_they_are() {
    let frames = b"\x81\x10a\nset-cookie: x \x81\x02hi\x81\x0da?token=abc&d";
    for options in [&["--json"][..], &[]] {
        let (server, address) = listener();
        let mut proxy = Proxy::start(&address, options);
        let mut client = proxy.connect();
        let (mut socket, _) = server.accept().expect("a connection");
        let up = [REQUEST.as_bytes(), MASKED].concat();
        client.write_all(&up).expect("it reads");
        assert_eq!(take(&mut socket, up.len()), up);
        let down = [RESPONSE.as_bytes(), frames].concat();
        socket.write_all(&down).expect("it reads");
        assert_eq!(take(&mut client, down.len()), down);
        drop((client, socket));
        let said = proxy.until("over, after");
        assert!(!said.contains("cannot be explained"), "{said}");
        let shown = proxy.stop();
        assert!(!shown.contains("sesame"), "{shown}");
        for text in ["token=Hello", "a\\nset-cookie: x ", "hi", "a?token=abc&d"] {
            assert!(shown.contains(&format!("\"{text}\"")), "{text} in\n{shown}");
        }
    }
}

/// A server may refuse an upgrade. What the client sends then are requests.
#[test]
fn secrets_after_an_upgrade_that_was_refused_are_stars() {
    let (server, address) = listener();
    let mut proxy = Proxy::start(&address, &["--json"]);
    let mut client = proxy.connect();
    let (mut socket, _) = server.accept().expect("a connection");
    let next = "GET /b?%74oken=sesame'sesame HTTP/1.1\r\nHost: a\r\nCookie: sesame\r\n\
        X-Api-Key: sesame\r\nSec-WebSocket-Protocol: bearer, sesame\r\n\
        Referer: http://ann:sesame@h/\r\n\r\n";
    let up = [REQUEST, next].concat();
    client.write_all(up.as_bytes()).expect("it reads");
    assert_eq!(take(&mut socket, up.len()), up.as_bytes());
    let refusal =
        "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nSet-Cookie: sesame\r\n\r\n";
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nSet-Cookie: sesame\r\n\r\nanswer";
    let down = [refusal, answer].concat();
    socket.write_all(down.as_bytes()).expect("it reads");
    assert_eq!(take(&mut client, down.len()), down.as_bytes());
    drop((client, socket));
    proxy.until("over, after");
    let shown = proxy.stop();
    assert!(!shown.contains("sesame"), "{shown}");
    for words in ["\"/b?%74oken=*************\"", "\"data\":\"answer\""] {
        assert!(shown.contains(words), "{words} in\n{shown}");
    }
}

#[test]
fn many_connections_are_numbered_and_filtered() {
    let (server, address) = listener();
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("proxying.jsonl");
    let path = file.to_str().expect("UTF-8");
    let mut proxy = Proxy::start(
        &address,
        &["--json", "--from=client", "--path=/odd", "--output", path],
    );
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    thread::spawn(move || {
        for socket in server.incoming() {
            let mut socket = socket.expect("a connection");
            // In one thread, but all clients are open at once.
            let request = take_head(&mut socket);
            assert!(request.ends_with(b"\r\n\r\n"));
            socket.write_all(answer).expect("it reads");
        }
    });
    let mut clients: Vec<TcpStream> = (0..20).map(|_| proxy.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let name = if number % 2 == 1 { "odd" } else { "even" };
        write!(client, "GET /{name}/{number} HTTP/1.1\r\nHost: a\r\n\r\n").expect("it reads");
        client.shutdown(Shutdown::Write).expect("it is open");
    }
    for client in &mut clients {
        assert_eq!(read(client), answer);
    }
    for _ in 0..20 {
        proxy.until("over, after");
    }
    assert_eq!(proxy.stop(), "");
    let shown = std::fs::read_to_string(&file).expect("it was written");
    let requests: Vec<&str> = shown
        .lines()
        .filter(|line| line.contains("\"request\""))
        .collect();
    assert_eq!(requests.len(), 10, "{shown}");
    for number in (1..20).step_by(2) {
        let target = format!("\"target\":\"/odd/{number}\"");
        assert!(
            requests.iter().any(|line| line.contains(&target)),
            "{shown}"
        );
    }
    assert!(
        !shown.contains("even") && !shown.contains("\"server\""),
        "{shown}"
    );
    let mut numbers: Vec<&str> = requests
        .iter()
        .filter_map(|line| line.split(',').next())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 10, "{numbers:?}");
}

/// A server that does not read must slow the client down, and not fill the memory of the proxy.
#[test]
fn nothing_is_read_faster_than_it_can_be_forwarded() {
    let (server, address) = listener();
    let proxy = Proxy::start(&address, &["--json"]);
    let mut client = proxy.connect();
    let socket = server.accept().expect("a connection");
    client
        .set_write_timeout(Some(Duration::from_millis(1500)))
        .expect("a socket");
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n";
    client.write_all(head).expect("it reads");
    let block = vec![b'x'; 256 << 10];
    let mut sent = 0;
    let stalled = loop {
        match client.write(&block) {
            Ok(length) => sent += length,
            Err(error) => {
                break matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            }
        }
        if sent > 256 << 20 {
            break false;
        }
    };
    assert!(
        stalled,
        "{sent} bytes were taken for a server that reads nothing"
    );
    drop(socket);
}

/// Each thread takes 1 GiB of addresses, so that there are few.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_without_a_thread_is_refused_and_the_others_go_on() {
    let (server, address) = listener();
    thread::spawn(move || {
        for socket in server.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut &socket, &mut &socket));
        }
    });
    // Signals have one thread, a connection two. The second one finds none, or only one.
    for gib in [4, 5] {
        let limited = format!("ulimit -v {}; exec \"$0\" \"$@\"", gib << 20);
        let mut command = Command::new("sh");
        command
            .args(["-c", &limited, env!("CARGO_BIN_EXE_holdline"), "proxy"])
            .args(["--listen=127.0.0.1:0", "--to", &address, "--json"])
            .arg("--max-connections=2")
            .env("RUST_MIN_STACK", (1 << 30).to_string());
        let mut proxy = Proxy::run(command);
        let mut first = proxy.connect();
        assert!(is_echoed(&mut first));
        // There are more of them than places: each is given back.
        for _ in 0..4 {
            let mut refused = proxy.connect();
            proxy.until("refused, because no thread can be started");
            assert_eq!(read(&mut refused), b"");
        }
        assert!(is_echoed(&mut first));
        drop(first);
        proxy.until("over, after 10 bytes from the client and 10 from the server");
        // The threads end a moment later.
        let start = std::time::Instant::now();
        while !is_echoed(&mut proxy.connect()) {
            assert!(start.elapsed() < PATIENCE, "{gib}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn what_it_must_not_do_is_refused() {
    for (arguments, words) in [
        (
            &["--listen", "0.0.0.0:0", "--to", "127.0.0.1:9"][..],
            "--public",
        ),
        (&["--listen", "[::]:0", "--to", "127.0.0.1:9"], "--public"),
        (&["--listen", "127.0.0.1:0"], "--to"),
        (&["--to", "unix:/a"], "only TCP"),
        (&["--to", "127.0.0.1:9", "--events"], "--json"),
        (
            &[
                "--listen=127.0.0.1:0",
                "--to=127.0.0.1:9",
                "--output=/nonexistent/file",
            ],
            "cannot write",
        ),
    ] {
        let output = proxy(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
}

/// The program, listening.
struct Proxy {
    child: Child,
    address: String,
    errors: BufReader<ChildStderr>,
}

impl Proxy {
    fn start(to: &str, options: &[&str]) -> Self {
        let mut command = proxy(&["--listen=127.0.0.1:0", "--to", to]);
        command.args(options);
        Self::run(command)
    }

    fn run(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut errors = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        errors
            .read_line(&mut line)
            .expect("it says where it listens");
        let (_, rest) = line.split_once("http://").expect("an address");
        let address = rest
            .split_whitespace()
            .next()
            .expect("an address")
            .to_owned();
        Self {
            child,
            address,
            errors,
        }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(&self.address).expect("it listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        socket
    }

    /// What it says up to a line with these words.
    fn until(&mut self, words: &str) -> String {
        let mut said = String::new();
        while !said.contains(words) {
            let read = self.errors.read_line(&mut said).expect("UTF-8");
            assert!(read > 0, "it ended after {said}");
        }
        said
    }

    /// What it has shown.
    fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        let killed = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill");
        assert!(killed.success());
        let mut shown = String::new();
        let mut output = self.child.stdout.take().expect("a pipe");
        output.read_to_string(&mut shown).expect("UTF-8");
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
        shown
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // After `stop` it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn proxy(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdline"));
    command.arg("proxy").args(arguments);
    command
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

fn read(socket: &mut TcpStream) -> Vec<u8> {
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).expect("it ends");
    bytes
}

fn take(socket: &mut TcpStream, length: usize) -> Vec<u8> {
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut bytes = vec![0; length];
    socket.read_exact(&mut bytes).expect("it sends");
    bytes
}

/// Whether five bytes come back.
#[cfg(target_os = "linux")]
fn is_echoed(socket: &mut TcpStream) -> bool {
    let mut bytes = [0; 5];
    let sent = socket.write_all(b"hello");
    sent.and_then(|()| socket.read_exact(&mut bytes)).is_ok() && bytes == *b"hello"
}

fn take_head(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.extend(take(socket, 1));
    }
    bytes
}

fn random(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

const PATIENCE: Duration = Duration::from_secs(60);
