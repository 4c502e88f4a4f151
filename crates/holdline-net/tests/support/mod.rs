//! A small application on the event loop, and what tests need to look at it.
#![allow(dead_code, reason = "no test needs all of it")]

use std::collections::HashMap;
use std::io::Read;
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use holdline_net::{
    Config, ConnectionId, Ending, Handle, Handler, Intake, Message, Notifier, Output, Piece,
    Progress, Request, Responder, Server, Wake,
};
use holdline_websocket::{self as websocket, CloseCode};
use socket2::{Domain, Socket, Type};

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

struct App {
    board: Arc<Board>,
    streams: HashMap<ConnectionId, ()>,
}

enum Kind {
    Hold,
    /// Like `Hold`, and answered when the client half-closes.
    Poll,
    /// Like `Hold`, and its answer is waited for when the client half-closes.
    Order,
    /// Never answered.
    Silent,
    /// An upload in pieces, and how much came.
    Upload(usize),
    /// A WebSocket that takes no messages.
    Deaf,
    Stream {
        begun: bool,
        read: usize,
    },
    Flood {
        left: usize,
    },
    Socket,
}

impl App {
    fn new(board: &Arc<Board>) -> Self {
        Self {
            board: Arc::clone(board),
            streams: HashMap::new(),
        }
    }

    fn open(&mut self, connection: ConnectionId, kind: Kind) -> Kind {
        self.streams.insert(connection, ());
        kind
    }
}

impl Handler for App {
    type Stream = Kind;

    fn serves_when_full(&mut self, request: &Request<'_>) -> bool {
        request.head.path() == "/well"
    }

    fn head(&mut self, request: &Request<'_>, intake: Intake<'_, Kind>) {
        let connection = request.connection;
        match request.head.path() {
            "/refused" => intake.answer().respond(403, (), b"refused").unwrap(),
            "/small" => intake.take(4),
            "/pieces" => intake.take_pieces(self.open(connection, Kind::Upload(0))),
            _ => {}
        }
    }

    fn body_piece(&mut self, _: ConnectionId, kind: &mut Kind, piece: &[u8], output: Output<'_>) {
        let (Kind::Upload(length), Output::Held(held)) = (kind, output) else {
            panic!("no upload")
        };
        *length += piece.len();
        if piece.contains(&b'!') {
            held.respond(409, (), b"enough").unwrap();
        }
    }

    fn body_end(&mut self, _: ConnectionId, kind: &mut Kind, output: Output<'_>) {
        let (Kind::Upload(length), Output::Held(held)) = (kind, output) else {
            panic!("no upload")
        };
        let text = format!("{length} bytes.");
        held.respond(200, (), text.as_bytes()).unwrap();
    }

    fn message_piece(&mut self, _: ConnectionId, _: &mut Kind, _: Piece<'_>, output: Output<'_>) {
        let Output::WebSocket(mut socket) = output else {
            panic!("no WebSocket")
        };
        self.board.messages.fetch_add(1, Ordering::SeqCst);
        // Fails when it was closed by the piece before.
        let _ = socket.close(CloseCode::POLICY_VIOLATION, "read only");
    }

    fn half_closed(&mut self, _: ConnectionId, kind: &mut Kind, output: Output<'_>) -> Progress {
        match (kind, output) {
            (Kind::Poll, Output::Held(held)) => held.respond(200, (), b"nothing yet").unwrap(),
            (Kind::Order, Output::Held(_)) => return Progress::More,
            (Kind::Stream { .. }, Output::Body(mut body)) => body.send(b"last words").unwrap(),
            _ => {}
        }
        Progress::Idle
    }

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, Kind>) {
        let connection = request.connection;
        match request.head.path() {
            "/hold" => responder.hold(self.open(connection, Kind::Hold)),
            "/silent" => responder.hold(self.open(connection, Kind::Silent)),
            "/order" => responder.hold(self.open(connection, Kind::Order)),
            "/poll" => responder.hold(self.open(connection, Kind::Poll)),
            "/ends" => {
                let local = request.local_addr().unwrap().unwrap();
                let ends = format!("{} to {local}.", request.peer.unwrap());
                responder.respond(200, (), ends.as_bytes()).unwrap();
            }
            "/stream" => {
                let kind = self.open(
                    connection,
                    Kind::Stream {
                        begun: false,
                        read: 0,
                    },
                );
                responder.stream(200, (), kind).unwrap();
            }
            "/flood" => {
                let kind = self.open(connection, Kind::Flood { left: 64 << 20 });
                responder.stream(200, (), kind).unwrap();
            }
            "/socket" | "/deaf" => {
                let head = &request.head;
                let accept =
                    websocket::handshake::server::accept(head.method(), head.headers().iter())
                        .unwrap();
                #[cfg_attr(not(feature = "deflate"), expect(unused_mut))]
                let mut config = websocket::Config::default();
                #[cfg(feature = "deflate")]
                {
                    config.deflate = accept.accept_deflate(&Default::default());
                }
                let fields = accept.response(None);
                // What cannot be sent comes back through `closed`.
                let _ = if request.head.path() == "/deaf" {
                    let kind = self.open(connection, Kind::Deaf);
                    responder.upgrade_websocket_in_pieces(fields, config, kind)
                } else {
                    let kind = self.open(connection, Kind::Socket);
                    responder.upgrade_websocket(fields, config, kind)
                };
            }
            #[cfg(feature = "hixie76")]
            "/old" => {
                use websocket::hixie76;
                let head = &request.head;
                let target = head.target().to_string();
                let accept =
                    hixie76::accept(head.method(), &target, false, head.headers().iter()).unwrap();
                let mut config = hixie76::Config::default();
                config.timeout = Duration::from_millis(300);
                let kind = self.open(connection, Kind::Socket);
                let socket = hixie76::Connection::server(config, accept.challenge());
                responder
                    .upgrade_hixie76(accept.response(None), socket, kind)
                    .unwrap();
            }
            "/body" => {
                let body = [b"[", request.body, b"]"].concat();
                responder.respond(200, (), &body).unwrap();
            }
            "/origin" => {
                let (listener, peer) = (request.listener, request.peer);
                let local = request.local_addr().unwrap();
                let text = format!("listener {listener}, to {local:?}, from {peer:?}");
                responder.respond(200, (), text.as_bytes()).unwrap();
            }
            "/large" => responder.respond(200, (), &vec![b'x'; LARGE]).unwrap(),
            path => responder.respond(200, (), path.as_bytes()).unwrap(),
        }
    }

    fn ready(&mut self, _: ConnectionId, stream: &mut Kind, output: Output<'_>) -> Progress {
        let news = self.board.news.lock().unwrap().clone();
        let mut opened = false;
        match (stream, output) {
            (Kind::Upload(_) | Kind::Deaf, _) => {}
            (Kind::Silent, _) => opened = true,
            (Kind::Hold | Kind::Poll | Kind::Order, Output::Held(held)) => match news.last() {
                Some(news) => held
                    .respond(200, (), format!("held: {news}").as_bytes())
                    .unwrap(),
                None => opened = true,
            },
            (Kind::Stream { begun, read }, Output::Body(mut body)) => {
                if !std::mem::replace(begun, true) {
                    opened = true;
                    body.send(b"first").unwrap();
                }
                for news in news.iter().skip(std::mem::replace(read, news.len())) {
                    if news == "end" {
                        body.end().unwrap();
                        break;
                    }
                    body.send(news.as_bytes()).unwrap();
                }
            }
            (Kind::Flood { left }, Output::Body(mut body)) => {
                let block = [b'Z'; 16 * 1024];
                while body.has_room() {
                    if *left == 0 {
                        body.end().unwrap();
                        return Progress::Idle;
                    }
                    body.send(&block).unwrap();
                    *left -= block.len();
                    self.board.flooded.fetch_add(block.len(), Ordering::SeqCst);
                }
                return Progress::More;
            }
            (Kind::Socket, Output::WebSocket(mut socket)) => {
                if news.last().is_some_and(|news| news == "flood") {
                    while socket.has_room() {
                        socket.send_binary(&[b'Z'; 1000]).unwrap();
                    }
                    return Progress::More;
                }
                opened = true;
            }
            _ => panic!("the output does not fit the stream"),
        }
        if opened {
            self.board.opened.fetch_add(1, Ordering::SeqCst);
        }
        Progress::Idle
    }

    fn message(&mut self, _: ConnectionId, _: &mut Kind, message: Message<'_>, output: Output<'_>) {
        let Output::WebSocket(mut socket) = output else {
            panic!("no WebSocket")
        };
        self.board.messages.fetch_add(1, Ordering::SeqCst);
        match message {
            Message::Text("binary, please") => {
                if let Err(error) = socket.send_binary(b"ones and zeros") {
                    socket.send_text(&error.to_string()).unwrap();
                }
            }
            Message::Text(text) => socket.send_text_shared(text.to_owned().into()).unwrap(),
            Message::Binary(data) => socket
                .send_binary_shared(Bytes::copy_from_slice(data))
                .unwrap(),
        }
    }

    fn closed(&mut self, connection: ConnectionId, _: Kind, ending: Ending) {
        assert!(self.streams.remove(&connection).is_some(), "closed twice");
        self.board.endings.lock().unwrap().push(ending);
    }

    fn notified(&mut self, wake: &mut Wake<'_>) {
        for &connection in self.streams.keys() {
            wake.wake(connection);
        }
    }
}

/// More than sockets take at once.
pub(crate) const LARGE: usize = 32 << 20;
/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(20);
