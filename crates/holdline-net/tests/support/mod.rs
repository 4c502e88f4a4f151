//! A small application on the event loop, and what tests need to look at it.
#![allow(dead_code, reason = "no test needs all of it")]

mod app;

use std::io::Read;
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use holdline_net::{Config, Ending, Handle, Notifier, Server};
use socket2::{Domain, Socket, Type};

use self::app::App;

pub(crate) const HANDSHAKE: &[u8] = b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Two loops, so that connections really are handed over.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.threads = NonZeroUsize::new(2).unwrap();
    config
}

/// Reads until what was read ends with `end`.
pub(crate) fn read_until(stream: &mut impl Read, end: &[u8]) -> Vec<u8> {
    let mut got = Vec::new();
    let mut byte = [0];
    while !got.ends_with(end) {
        match stream.read(&mut byte) {
            Ok(1) => got.push(byte[0]),
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&got)),
        }
    }
    got
}

/// What the application tells the test and the test tells the application.
#[derive(Default)]
struct Board {
    news: Mutex<Vec<String>>,
    opened: AtomicUsize,
    flooded: AtomicUsize,
    messages: AtomicUsize,
    endings: Mutex<Vec<Ending>>,
    notifiers: Mutex<Vec<Notifier>>,
}

pub(crate) struct Running {
    board: Arc<Board>,
    handle: Handle,
    /// The first TCP listener's.
    address: Option<std::net::SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

/// Runs a server that nobody connects to.
pub(crate) fn run(server: Server) -> JoinHandle<()> {
    let board = Arc::new(Board::default());
    thread::spawn(move || server.run(|_| App::new(&board)).unwrap())
}

impl Running {
    pub(crate) fn bind(config: Config) -> Server {
        Server::bind("127.0.0.1:0".parse().unwrap(), config).unwrap()
    }

    pub(crate) fn start(config: Config) -> Self {
        Self::serve(Self::bind(config))
    }

    pub(crate) fn serve(server: Server) -> Self {
        let address = server.local_addr().ok();
        let handle = server.handle();
        let board = Arc::new(Board::default());
        let thread = thread::spawn({
            let board = Arc::clone(&board);
            move || {
                let make = |notifier: Notifier| {
                    board.notifiers.lock().unwrap().push(notifier);
                    App::new(&board)
                };
                server.run(make).unwrap();
            }
        });
        Self {
            board,
            handle,
            address,
            thread: Some(thread),
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// A client whose system takes only a little ahead of it, and not as much as it allows: 6 MiB on some machines, 32 MiB on
    /// others.
    pub(crate) fn connect_narrow(&self) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.connect(&self.address().into()).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        socket.into()
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.address.unwrap()
    }

    /// Tells every loop.
    pub(crate) fn notify(&self, news: &str) {
        self.board.news.lock().unwrap().push(news.to_owned());
        for notifier in &*self.board.notifiers.lock().unwrap() {
            notifier.notify();
        }
    }

    pub(crate) fn wait_for(&self, what: &str, count: usize) {
        assert_eq!(what, "opened");
        wait(|| self.board.opened.load(Ordering::SeqCst) >= count);
    }

    pub(crate) fn opened(&self) -> usize {
        self.board.opened.load(Ordering::SeqCst)
    }

    pub(crate) fn wait_for_connections(&self, count: usize) {
        wait(|| self.handle.connections() == count);
    }

    /// The endings of all streams, when there are so many.
    pub(crate) fn endings(&self, count: usize) -> Vec<Ending> {
        wait(|| self.board.endings.lock().unwrap().len() >= count);
        self.board.endings.lock().unwrap().clone()
    }

    /// How many WebSocket messages were handed out.
    pub(crate) fn messages(&self) -> usize {
        self.board.messages.load(Ordering::SeqCst)
    }

    /// Waits until the loops have read so many bytes in all.
    pub(crate) fn wait_for_bytes(&self, count: u64) {
        wait(|| self.received() >= count);
    }

    /// How many bytes the loops have read.
    pub(crate) fn received(&self) -> u64 {
        self.handle.loads().iter().map(|load| load.received).sum()
    }

    pub(crate) fn flooded(&self) -> usize {
        self.board.flooded.load(Ordering::SeqCst)
    }

    /// Stops the server; the thread ends when it has stopped.
    pub(crate) fn stop(mut self) -> JoinHandle<()> {
        self.handle.stop();
        self.thread.take().unwrap()
    }
}

impl Running {
    /// The same, because another server goes on.
    pub(crate) fn hand_over(mut self) -> JoinHandle<()> {
        self.handle.hand_over();
        self.thread.take().unwrap()
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

fn wait(until: impl Fn() -> bool) {
    let start = Instant::now();
    while !until() {
        assert!(start.elapsed() < LIMIT, "it never happened");
        thread::sleep(Duration::from_millis(5));
    }
}

/// More than sockets take at once.
pub(crate) const LARGE: usize = 32 << 20;
/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(20);
