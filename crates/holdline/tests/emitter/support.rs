//! A server on a thread, a source that reports what happens to it, and a client that sees the raw bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use holdline::emitter::{Config, Emitter, Feed, FeedHandler};
use holdline_net::{Ending, Handle, Handler, Notifier, Server};

/// Nothing here takes this long.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A running server. When dropped, it is stopped and waited for.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start<H: Handler>(make: impl Fn(Notifier) -> H + Sync + Send + 'static) -> Self {
        let mut config = holdline_net::Config::default();
        config.threads = 2.try_into().unwrap();
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), config).unwrap();
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        let thread = thread::spawn(move || server.run(make).unwrap());
        Self {
            address,
            handle,
            thread: Some(thread),
        }
    }

    pub(crate) fn stop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What happened to an event source.
#[derive(Debug)]
pub(crate) enum Told {
    Open(Emitter),
    Closed(Ending),
}

/// A source that passes its emitter to the test.
struct Reporter(mpsc::Sender<Told>);

impl Feed for Reporter {
    fn on_open(&mut self, emitter: Emitter) {
        self.0.send(Told::Open(emitter)).unwrap();
    }

    fn on_close(&mut self, ending: Ending) {
        let _ = self.0.send(Told::Closed(ending));
    }
}

/// A server whose streams are all controlled by the test.
pub(crate) struct Sources {
    pub(crate) server: Running,
    told: mpsc::Receiver<Told>,
}

impl Sources {
    pub(crate) fn start(config: Config) -> Self {
        let (sender, told) = mpsc::channel();
        let server = Running::start(move |notifier| {
            let sender = sender.clone();
            FeedHandler::new(
                notifier,
                config.clone(),
                move |request, _opening| match request.head.path() {
                    "/gone" => Err(204),
                    "/nothing" => Err(404),
                    _ => Ok(Box::new(Reporter(sender.clone()))),
                },
            )
        });
        Self { server, told }
    }

    pub(crate) fn opened(&self) -> Emitter {
        match self.told.recv_timeout(LIMIT).unwrap() {
            Told::Open(emitter) => emitter,
            told @ Told::Closed(_) => panic!("{told:?}"),
        }
    }

    pub(crate) fn closed(&self) -> Ending {
        match self.told.recv_timeout(LIMIT).unwrap() {
            Told::Closed(ending) => ending,
            told @ Told::Open(_) => panic!("{told:?}"),
        }
    }

    /// Whether there was no report that the test has not asked for.
    pub(crate) fn is_silent(&self) -> bool {
        self.told.try_recv().is_err()
    }

    /// Opens a stream. Returns the client, which has read the head, and the emitter.
    pub(crate) fn open(&self, target: &str, fields: &str) -> (Client, Emitter) {
        let mut client = Client::connect(self.server.address);
        client.send("GET", target, fields);
        client.head();
        (client, self.opened())
    }
}

/// A client that understands chunks and nothing else.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn send(&mut self, method: &str, target: &str, fields: &str) {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// Writes raw bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The body that a head with `Content-Length` announces.
    pub(crate) fn body(&mut self, head: &str) -> String {
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        self.stream.read_exact(&mut body).unwrap();
        String::from_utf8(body).unwrap()
    }

    /// Says that it will not ask anything more.
    pub(crate) fn finish(&self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// The next head, without `Date`.
    pub(crate) fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.stream.read_line(&mut line).unwrap(), 0, "{head}");
            if line == "\r\n" {
                return head;
            }
            if !line.starts_with("Date: ") {
                head.push_str(&line);
            }
        }
    }

    /// The data of the next chunk; empty for the last one.
    pub(crate) fn chunk(&mut self) -> Vec<u8> {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let mut data = vec![0; size + 2];
        self.stream.read_exact(&mut data).unwrap();
        assert_eq!(data.split_off(size), b"\r\n");
        data
    }

    /// Reads until the body so far ends with `end`. Returns the body.
    pub(crate) fn until(&mut self, end: &str) -> String {
        let mut body = Vec::new();
        while !body.ends_with(end.as_bytes()) {
            let chunk = self.chunk();
            assert_ne!(chunk, b"", "{}", String::from_utf8_lossy(&body));
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).unwrap()
    }
}

/// Waits until a condition becomes true by itself.
pub(crate) fn eventually(mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < LIMIT, "waited in vain");
        thread::sleep(Duration::from_millis(2));
    }
}
