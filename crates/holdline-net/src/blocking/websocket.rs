//! WebSockets over a blocking stream, both roles: [`WebSocket`].

mod error;
mod handshake;
mod options;

use std::io::{self, Read, Write};
use std::time::Instant;

pub use error::{Error, Rejection};
pub use handshake::{Choice, ClientKeys};
use holdline_websocket::{
    Buffer, CloseCode, Connection, MaskKeys, PieceEvent, Role, Transport, Unmasked,
};
pub use options::Options;

use super::io::{Io, is_timeout};

/// A blocking WebSocket connection.
///
/// A server [accepts](WebSocket::accept) one on a stream, or [upgrades](WebSocket::upgrade) a
/// connection whose request it has read; a client [connects](WebSocket::connect).
///
/// ```no_run
/// use std::net::TcpStream;
/// use holdline_net::blocking::websocket::{Message, WebSocket};
///
/// let host = "127.0.0.1:8080";
/// let mut websocket = WebSocket::connect(TcpStream::connect(host)?, host, "/echo")?;
/// websocket.send_text("hello")?;
/// while let Some(message) = websocket.read()? {
///     if let Message::Text(text) = message {
///         println!("{text}");
///         break;
///     }
/// }
/// websocket.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `K` says where masking keys come from: nowhere for a server, [`ClientKeys`] for a client.
///
/// Pings are answered and a Close is replied to while [`read`](Self::read) is being called.
/// [`Config::keepalive`](holdline_websocket::Config::keepalive) works when the stream has a read
/// timeout that is shorter than its interval, and `read` is called again after each.
///
/// Dropping it without [`close`](Self::close) tells the peer nothing but that the stream ended.
pub struct WebSocket<S, K = Unmasked> {
    io: Io<S>,
    machine: Connection<K>,
    buffer: Buffer,
    protocol: Option<String>,
    /// The pieces of the message that is being received. It keeps what has come when a timeout cuts
    /// in, and lends what `read` gives out: a borrow of the read block could not be returned from
    /// the loop that fills it. Text is checked once, when it arrives.
    text: String,
    data: Vec<u8>,
    /// The payload of the last ping or pong, which may come between the pieces of a message.
    control: Vec<u8>,
    /// The message was handed out, so its bytes are to be dropped.
    handed_out: bool,
    closed: Option<(CloseCode, String)>,
    origin: Instant,
}

/// What a [`WebSocket`] has received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping. It is answered already.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
}

/// What the machine has received, without borrows.
enum Step {
    Text,
    Binary,
    Ping,
    Pong,
    Closed,
}

impl<S, K: MaskKeys> WebSocket<S, K> {
    /// A connection whose handshake is done. `unread` is what was read from the stream after it.
    pub fn new(stream: S, unread: Vec<u8>, connection: Connection<K>) -> Self {
        Self {
            io: Io::new(stream, unread),
            machine: connection,
            buffer: Buffer::new(),
            protocol: None,
            text: String::new(),
            data: Vec::new(),
            control: Vec::new(),
            handed_out: false,
            closed: None,
            origin: Instant::now(),
        }
    }

    /// The subprotocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Code and reason of the peer's Close frame, once it has come, or code 1006 when the stream has ended
    /// without one (RFC 6455 §7.1.5).
    #[must_use]
    pub fn close_reason(&self) -> Option<(CloseCode, &str)> {
        let (code, reason) = self.closed.as_ref()?;
        Some((*code, reason))
    }

    /// The connection's state: who closed, latency, and so on.
    #[must_use]
    pub fn connection(&self) -> &Connection<K> {
        &self.machine
    }

    /// The stream. Do not read from it or write to it.
    pub fn stream(&self) -> &S {
        &self.io.stream
    }

    /// The stream, to set its options. Do not read from it or write to it.
    pub fn stream_mut(&mut self) -> &mut S {
        &mut self.io.stream
    }
}

impl<S: Read + Write, K: MaskKeys> WebSocket<S, K> {
    /// Waits for the next message. `None`: the peer has closed with a Close frame, which was
    /// answered; see [`close_reason`](Self::close_reason).
    ///
    /// # Errors
    ///
    /// [`Error::Io`]: after a timeout call it again, no part of a message is lost.
    /// [`Error::Receive`]: the peer broke a rule; it was told with a Close frame.
    /// [`Error::Disconnected`]: the stream ended without a Close frame.
    /// [`Error::Timeout`]: the peer left a ping of the keepalive or our Close unanswered.
    pub fn read(&mut self) -> Result<Option<Message<'_>>, Error> {
        match &self.closed {
            Some((CloseCode::ABNORMAL, _)) => return Err(Error::Disconnected),
            Some(_) => return Ok(None),
            None => {}
        }
        Ok(Some(match self.step()? {
            Step::Text => Message::Text(&self.text),
            Step::Binary => Message::Binary(&self.data),
            Step::Ping => Message::Ping(&self.control),
            Step::Pong => Message::Pong(&self.control),
            Step::Closed => return Ok(None),
        }))
    }

    /// Sends a text message.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when the connection is closing: nothing was sent. [`Error::Io`]: the message
    /// is on its way, wholly or in part, and after a timeout [`flush`](Self::flush) goes on.
    pub fn send_text(&mut self, text: &str) -> Result<(), Error> {
        self.machine.send_text(text, &mut self.io.out)?;
        self.flush()
    }

    /// Sends a binary message.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send_binary(&mut self, data: &[u8]) -> Result<(), Error> {
        self.machine.send_binary(data, &mut self.io.out)?;
        self.flush()
    }

    /// Sends a ping of at most 125 bytes. [`read`](Self::read) gives the pong.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send_ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.machine.send_ping(payload, &mut self.io.out)?;
        self.flush()
    }

    /// Sends a Close frame. What the peer still sends can be read until `read` gives `None`.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text), and for a code that must not be sent.
    pub fn send_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.machine.send_close(code, reason, &mut self.io.out)?;
        self.flush()
    }

    /// Closes with code 1000 unless that has begun, drops what the peer still sends, and waits for
    /// its Close frame; a client then waits for the end of the stream, as RFC 6455 §7.1.1 asks.
    ///
    /// This takes at most [`Config::close_timeout`](holdline_websocket::Config::close_timeout) and one
    /// read timeout. Without a read timeout a silent peer can hold it for ever.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). A second call after a timeout goes on.
    pub fn close(&mut self) -> Result<(), Error> {
        if self.machine.is_open() {
            self.send_close(CloseCode::NORMAL, "")?;
        }
        while self.read()?.is_some() {}
        if self.machine.transport() == Transport::AwaitPeerClose {
            // Both Close frames are through: the handshake is complete without this courtesy.
            self.discard();
        }
        Ok(())
    }

    /// Ends the stream so that what was sent last arrives: closes as [`close`](Self::close) does, calls
    /// `shut_down`, which is to end this side's direction of the stream, and then reads and discards
    /// until the peer ends its own, for at most
    /// [`Config::close_timeout`](holdline_websocket::Config::close_timeout) and one read timeout.
    ///
    /// Without it, the Close frame that tells a peer which rule it broke may never be seen: a
    /// `TcpStream` that is dropped while input waits in it is reset, and TCP then throws away what is
    /// still on its way to the peer.
    ///
    /// ```no_run
    /// # use std::net::{Shutdown, TcpStream};
    /// # use holdline_net::blocking::websocket::{Error, WebSocket};
    /// # fn f(mut websocket: WebSocket<TcpStream>) -> Result<(), Error> {
    /// if let Err(error) = websocket.read() {
    ///     eprintln!("{error}");
    ///     websocket.end(|stream| stream.shutdown(Shutdown::Write))?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close), except that a broken rule, which `read` has told or would have told,
    /// is none; and that of `shut_down`.
    pub fn end(&mut self, shut_down: impl FnOnce(&mut S) -> io::Result<()>) -> Result<(), Error> {
        let closed = self.close();
        let shut_down = shut_down(&mut self.io.stream);
        self.discard();
        match closed {
            Ok(()) | Err(Error::Receive(_)) => Ok(shut_down?),
            Err(error) => Err(error),
        }
    }

    /// Writes what an earlier call could not write.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn flush(&mut self) -> Result<(), Error> {
        Ok(self.io.flush()?)
    }

    fn step(&mut self) -> Result<Step, Error> {
        self.forget();
        loop {
            let received = self.receive();
            // Pongs, the answer to a Close, and the Close that answers a broken rule.
            self.machine.poll_transmit(&mut self.io.out);
            let flushed = self.io.flush();
            let step = match received {
                Err(Error::Receive(error)) => return Err(error.into()),
                other => other?,
            };
            if let Some(step) = step {
                // A message must not be lost because a pong could not be written. The error comes
                // again with the next call.
                self.handed_out = matches!(step, Step::Text | Step::Binary);
                return Ok(step);
            }
            flushed?;
            self.tick()?;
            match self.io.fill() {
                Ok(0) => {
                    self.machine.receive_eof()?;
                    self.closed = Some((CloseCode::ABNORMAL, String::new()));
                    return Err(Error::Disconnected);
                }
                Ok(_) => {}
                Err(error) => {
                    if is_timeout(&error) {
                        self.tick()?;
                    }
                    return Err(error.into());
                }
            }
        }
    }

    /// Takes what was read. `None`: more is needed.
    fn receive(&mut self) -> Result<Option<Step>, Error> {
        loop {
            let mut input = self.io.unread_mut();
            let event = self.machine.receive_piece(&mut input, &mut self.buffer)?;
            let step = match event {
                None => None,
                Some(PieceEvent::Text { text, last }) => {
                    self.text.push_str(text);
                    Some(last.then_some(Step::Text))
                }
                Some(PieceEvent::Binary { data, last }) => {
                    self.data.extend_from_slice(data);
                    Some(last.then_some(Step::Binary))
                }
                Some(PieceEvent::Closed(reason)) => {
                    self.closed = Some((reason.code, reason.reason.to_owned()));
                    Some(Some(Step::Closed))
                }
                Some(PieceEvent::Ping(payload)) => {
                    self.control = payload.to_vec();
                    Some(Some(Step::Ping))
                }
                Some(PieceEvent::Pong(payload)) => {
                    self.control = payload.to_vec();
                    Some(Some(Step::Pong))
                }
                Some(_) => Some(None),
            };
            let left = input.len();
            self.io.keep(left);
            match step {
                None => return Ok(None),
                Some(None) => {}
                Some(step) => return Ok(step),
            }
        }
    }

    /// Reads until the stream ends, for as long as closing may take. What comes is not looked at.
    fn discard(&mut self) {
        while self.machine.transport() != Transport::Drop {
            if self.tick().is_err() || !matches!(self.io.fill(), Ok(1..)) {
                break;
            }
        }
    }

    /// Drops the message that was handed out.
    fn forget(&mut self) {
        if std::mem::take(&mut self.handed_out) {
            self.text.clear();
            self.data.clear();
            self.text.shrink_to(KEEP);
            self.data.shrink_to(KEEP);
        }
    }

    /// Tells the machine the time, and sends what follows from that.
    fn tick(&mut self) -> Result<(), Error> {
        let now = self.origin.elapsed();
        if self.machine.poll_timeout().is_some_and(|at| at <= now) {
            self.machine.handle_timeout(now);
            if self.machine.poll_transmit(&mut self.io.out) {
                self.io.flush()?;
            }
        }
        match self.machine.timed_out() {
            Some(timeout) => Err(Error::Timeout(timeout)),
            None => Ok(()),
        }
    }
}

impl<S, K: MaskKeys> std::fmt::Debug for WebSocket<S, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let role = match K::ROLE {
            Role::Server => "server",
            Role::Client => "client",
        };
        f.debug_struct("WebSocket")
            .field("role", &role)
            .field("open", &self.machine.is_open())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

/// Bytes of room that are kept for the next message.
const KEEP: usize = 64 * 1024;
