//! The program's processes, a connection that is cut, and scripted servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// The program with these arguments, without environment variables that would change its behaviour.
pub(crate) fn holdline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdline"));
    command.args(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HOLDLINE_")) {
        command.env_remove(name);
    }
    command
        // The names that the tests use in `Host`.
        .env("HOLDLINE_ALLOW_HOST", "test,example.com,ours")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it until it ends, with this input.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = holdline(arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A process that wants no input may have ended before it is written.
    thread::spawn(move || stdin.write_all(&input).ok());
    child.wait_with_output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A process that is killed when this is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = holdline(arguments).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(crate) fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server. Returns it with its host and port.
pub(crate) fn serve(listen: &str, arguments: &[&str]) -> (Running, String) {
    let all: Vec<&str> = ["--listen", listen]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let mut server = Running::start(&all);
    let line = server.line();
    let address = line
        .rsplit("//")
        .next()
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    (server, address)
}

/// A proxy for `server` that cuts the connection `cuts` times, each time after some hundred bytes of answers.
pub(crate) fn cut_line(server: &str, cuts: u32) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = server.to_owned();
    let left = Arc::new(AtomicU32::new(cuts));
    let shared = Arc::clone(&left);
    thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let client = client.unwrap();
            let upstream = TcpStream::connect(&server).unwrap();
            let left = Arc::clone(&shared);
            let (mut from, mut to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            // At a different byte each time, and after the 2 KiB that some streams begin with.
            let budget = 2500 + number as u64 * 379 % 1500;
            thread::spawn(move || relay(upstream, client, budget, &left));
        }
    });
    (address, left)
}

fn relay(mut from: TcpStream, mut to: TcpStream, budget: u64, left: &AtomicU32) {
    let cut = left.load(Ordering::SeqCst) > 0;
    let limit = if cut { budget } else { u64::MAX };
    let passed = std::io::copy(&mut (&mut from).take(limit), &mut to);
    if cut && matches!(passed, Ok(passed) if passed == limit) {
        let _ = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// A server that passes each connection with its number to `serve`, one after the other.
pub(crate) fn scripted(mut serve: impl FnMut(usize, TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            serve(number, stream.unwrap());
        }
    });
    address
}

/// Reads one request with its body. Returns the body.
pub(crate) fn read_request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    read_keyed(stream).map(|(_, body)| body)
}

/// The same. Returns the idempotency key and the body.
pub(crate) fn read_keyed(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut length = 0;
    let mut key = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        }
        if let Some(value) = line.strip_prefix("Idempotency-Key: ") {
            value.trim().clone_into(&mut key);
        }
        if line == "\r\n" {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).ok()?;
            return Some((key, String::from_utf8(body).unwrap()));
        }
    }
}
