//! Runs the program as a process, and makes the few requests that these tests need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes, even on a very busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// Where the tests listen.
pub(crate) const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// The program, without environment variables that would change its behaviour. `shell` runs before it in the same
/// process.
pub(crate) fn holdline(shell: &str, arguments: &[&str]) -> Command {
    // A shell cannot undo what `nohup cargo xtask test` ignores.
    let mut command = Command::new("env");
    command
        .args(["--default-signal=HUP", "sh"])
        .args(["-c", &format!("{shell}\nexec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_holdline"))
        .args(arguments)
        .env_clear()
        .env("HOLDLINE_LOG", "info")
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it until it ends, which it must do by itself.
pub(crate) fn ends(shell: &str, arguments: &[&str]) -> Output {
    let mut child = holdline(shell, arguments).spawn().unwrap();
    let status = wait(&mut child);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    child
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut stdout)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_end(&mut stderr)
        .unwrap();
    Output {
        status,
        stdout,
        stderr,
    }
}

fn wait(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// A server that is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// What it printed about where it listens.
    pub(crate) lines: Vec<String>,
    log: Arc<Mutex<String>>,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(&mut holdline("", &[&LISTEN, arguments].concat()), 1)
    }

    /// Waits until it has printed this many lines.
    pub(crate) fn spawn(command: &mut Command, lines: usize) -> Self {
        let mut child = command.spawn().unwrap();
        let log: Arc<Mutex<String>> = Arc::default();
        if let Some(stderr) = child.stderr.take() {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    log.lock().unwrap().push_str(&(line + "\n"));
                }
            });
        }
        let (sender, printed) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody reads further lines.
                let _ = sender.send(line);
            }
        });
        let mut server = Self {
            child,
            lines: Vec::new(),
            log,
        };
        for _ in 0..lines {
            match printed.recv_timeout(LIMIT) {
                Ok(line) => server.lines.push(line),
                Err(error) => panic!("{error}: {}", server.log()),
            }
        }
        server
    }

    /// Host and port from the first line.
    pub(crate) fn address(&self) -> String {
        address_in(&self.lines[0])
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(&self.address())
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    pub(crate) fn stop(&mut self) {
        self.signal(Signal::TERM);
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until this text appears in the log.
    pub(crate) fn wait_for_log(&self, what: &str) {
        wait_for(what, || self.log().contains(what).then_some(()));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the server wrote:\n{}", self.log());
        }
    }
}

pub(crate) fn address_in(line: &str) -> String {
    let url = line.rsplit("http://").next().unwrap();
    url.split('/').next().unwrap().to_owned()
}

pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

pub(crate) fn connect_unix(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// The whole answer to a GET on a connection of its own.
pub(crate) fn get(stream: impl Read + Write, path: &str, fields: &str) -> String {
    request(stream, "GET", path, fields, "")
}

pub(crate) fn request(
    mut stream: impl Read + Write,
    method: &str,
    path: &str,
    fields: &str,
    body: &str,
) -> String {
    let host = match fields.contains("Host:") {
        true => "",
        false => "Host: localhost\r\n",
    };
    let length = body.len();
    let text = format!(
        "{method} {path} HTTP/1.1\r\n{host}{fields}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn is(answer: &str, status: u16) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "not {status}: {answer}"
    );
}

/// Opens a WebSocket. When this returns, the handshake is done.
pub(crate) fn websocket(mut stream: impl Read + Write, path: &str) -> String {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    read_until(&mut stream, "\r\n\r\n")
}

pub(crate) fn read_until(mut stream: impl Read, end: &str) -> String {
    let mut got = Vec::new();
    while !got.ends_with(end.as_bytes()) {
        let mut byte = [0];
        let n = stream.read(&mut byte).unwrap();
        assert_eq!(n, 1, "ended after {:?}", String::from_utf8_lossy(&got));
        got.push(byte[0]);
    }
    String::from_utf8_lossy(&got).into_owned()
}
