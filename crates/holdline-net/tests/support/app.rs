//! The application.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use holdline_net::{
    ConnectionId, Ending, Handler, Intake, Message, Output, Piece, Progress, Request, Responder,
    Wake,
};
use holdline_websocket::{self as websocket, CloseCode};

use super::{Board, LARGE};

pub(super) struct App {
    board: Arc<Board>,
    streams: HashMap<ConnectionId, ()>,
}

pub(super) enum Kind {
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
    pub(super) fn new(board: &Arc<Board>) -> Self {
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
                config.timeout = std::time::Duration::from_millis(300);
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
