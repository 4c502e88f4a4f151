//! WebSockets over a blocking stream, both roles: [`WebSocket`].

mod error;
mod handshake;
mod inbox;
mod options;
#[cfg(unix)]
mod split;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

pub use error::{Error, Rejection};
pub use handshake::{Choice, ClientKeys, connect};
use holdline_websocket::{CloseCode, Connection, MaskKeys, Role, Transport, Unmasked};
pub use inbox::{Message, OwnedMessage};
pub use options::Options;
#[cfg(unix)]
pub use split::{Reader, Sender};

use super::io::{Io, IoEvent};
use inbox::{Inbox, Step};

/// A client's WebSocket, over TCP unless another stream is named.
pub type ClientWebSocket<S = TcpStream> = WebSocket<S, ClientKeys>;
/// A server's WebSocket, over TCP unless another stream is named.
pub type ServerWebSocket<S = TcpStream> = WebSocket<S, Unmasked>;

/// A blocking WebSocket connection.
///
/// A server [accepts](WebSocket::accept) one on a stream, or [upgrades](WebSocket::upgrade) a
/// connection whose request it has read; a client connects to a [URL](connect) or over a stream
/// [of its own](WebSocket::connect).
///
/// ```no_run
/// use holdline_net::blocking::websocket;
///
/// let mut websocket = websocket::connect("ws://127.0.0.1:8080/echo")?;
/// websocket.send_text("hello")?;
/// while let Some(message) = websocket.next_message()? {
///     websocket.send(&message)?; // an echo
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`read`](Self::read) lends what it received, which costs no copy and tells of pings, too. What is lent
/// cannot be sent back in the same breath: `while let Some(message) = websocket.read()? {
/// websocket.send_text(..) }` needs [`Message::into_owned`], or [`next_message`](Self::next_message) as above.
///
/// `K` says where masking keys come from: nowhere for a server, [`ClientKeys`] for a client.
/// [`ClientWebSocket`] and [`ServerWebSocket`] spare you from writing it.
///
/// Pings are answered and a Close is replied to while [`read`](Self::read) is being called, and
/// [`Config::keepalive`](holdline_websocket::Config::keepalive) works then. On a stream that is no socket it
/// needs a read timeout that is shorter than its interval, and `read` called again after each.
///
/// To read and write from two threads, [`split`](WebSocket::split) it (`TcpStream`). A TLS stream has one
/// thread that owns it, and a queue for what others want to send: the example `tls`.
///
/// Dropping it without [`close`](Self::close) tells the peer nothing but that the stream ended.
pub struct WebSocket<S, K = Unmasked> {
    io: Io<S>,
    machine: Connection<K>,
    inbox: Inbox,
    protocol: Option<String>,
    /// The closing handshake is done, and we have waited for the end of the stream.
    finished: bool,
    origin: Instant,
}

impl<S, K: MaskKeys> WebSocket<S, K> {
    /// A connection whose handshake is done. `unread` is what was read from the stream after it.
    pub fn new(stream: S, unread: Vec<u8>, connection: Connection<K>) -> Self {
        Self {
            io: Io::new(stream, unread, "no message came"),
            machine: connection,
            inbox: Inbox::default(),
            protocol: None,
            finished: false,
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
        self.inbox.close_reason()
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

impl<S: Read + Write + 'static, K: MaskKeys> WebSocket<S, K> {
    /// Waits for the next message. `None`: the peer has closed with a Close frame, which was
    /// answered; see [`close_reason`](Self::close_reason).
    ///
    /// # Errors
    ///
    /// [`Error::Io`]: after a timeout call it again, no part of a message is lost.
    /// [`Error::Receive`]: the peer broke a rule; it was told with a Close frame.
    /// [`Error::Disconnected`]: the stream ended without a Close frame. When it failed, the first call gives
    /// [`Error::Io`] with the reason.
    /// [`Error::Timeout`]: the peer left a ping of the keepalive or our Close unanswered.
    pub fn read(&mut self) -> Result<Option<Message<'_>>, Error> {
        let step = self.step()?;
        Ok(self.inbox.message(step))
    }

    /// Waits for the next text or binary message, and gives it with bytes of its own. `None`: as
    /// [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn next_message(&mut self) -> Result<Option<OwnedMessage>, Error> {
        loop {
            match self.step()? {
                Step::Closed => return Ok(None),
                Step::Ping | Step::Pong => {}
                step => return Ok(self.inbox.take(step)),
            }
        }
    }

    /// Sends a message of either kind.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send(&mut self, message: &OwnedMessage) -> Result<(), Error> {
        match message {
            OwnedMessage::Text(text) => self.send_text(text),
            OwnedMessage::Binary(data) => self.send_binary(data),
        }
    }

    /// Sends a text message.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when the connection is closing: nothing was sent. [`Error::Io`]: the message
    /// is on its way, wholly or in part, and after a timeout [`flush`](Self::flush) goes on, as `read` does.
    /// When the stream failed, what the peer said before, such as why it closed, can still be
    /// [read](Self::read).
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

    /// Closes with code 1000 unless closing has begun, drops what the peer still sends, and waits for
    /// its Close frame; a client then waits for the end of the stream, as RFC 6455 §7.1.1 asks.
    ///
    /// This takes at most [`Config::close_timeout`](holdline_websocket::Config::close_timeout), and on a
    /// stream that is no socket one timeout of it more; without one a silent peer can hold it for ever there.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). A second call after a timeout goes on; after success it does nothing.
    pub fn close(&mut self) -> Result<(), Error> {
        if self.finished {
            return Ok(());
        }
        if self.machine.is_open() {
            self.machine
                .send_close(CloseCode::NORMAL, "", &mut self.io.out)?;
            // The rest goes while the answer is waited for, and a stream that takes nothing may still hold the peer's own
            // Close.
            self.io.write_now();
            // The time of closing begins.
            self.tick()?;
        }
        while self.step()? != Step::Closed {}
        if self.machine.transport() == Transport::AwaitPeerClose {
            // Both Close frames were exchanged: the handshake is complete even without this courtesy.
            self.discard();
        }
        self.finished = true;
        Ok(())
    }

    /// Ends the stream so that what was sent last arrives: closes as [`close`](Self::close) does, calls
    /// `shut_down`, which is to end this side's direction of the stream, and then reads and discards
    /// until the peer ends its own, for as long as `close` may take.
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
        match self.inbox.closed {
            Some((CloseCode::ABNORMAL, _)) => return Err(Error::Disconnected),
            Some(_) => return Ok(Step::Closed),
            None => {}
        }
        loop {
            let until = self.deadline().filter(|_| self.machine.is_closing());
            let received = self.inbox.receive(&mut self.machine, &mut self.io);
            // Pongs, the answer to a Close, and the Close that answers a broken rule.
            self.machine.poll_transmit(&mut self.io.out);
            match received {
                Ok(None) => {}
                Ok(Some(Step::Closed)) => {
                    self.say_goodbye(until);
                    return Ok(Step::Closed);
                }
                Ok(Some(step)) => {
                    self.io.write_now();
                    return Ok(step);
                }
                Err(error) => {
                    self.say_goodbye(until);
                    return Err(error.into());
                }
            }
            self.tick()?;
            if self.io.receive(self.deadline())? == IoEvent::Ended {
                return Err(self.ended());
            }
        }
    }

    /// Writes our last frame, until the end of closing if that had begun.
    fn say_goodbye(&mut self, until: Option<Instant>) {
        // What the peer said must not be lost because it does not take our answer. The error comes again with `flush`.
        while matches!(self.io.send(until), Ok(IoEvent::Came | IoEvent::Ended)) {}
    }

    /// The peer's direction of the stream has ended, or failed.
    fn ended(&mut self) -> Error {
        let told = self.machine.receive_eof();
        self.inbox.cut();
        match (told, self.io.failure()) {
            (Err(error), _) => error.into(),
            (Ok(_), Some(error)) => error.into(),
            (Ok(_), None) => Error::Disconnected,
        }
    }

    /// Reads until the stream ends, for as long as closing may take. What comes is not looked at.
    fn discard(&mut self) {
        // With the last time that it is told the machine has no deadline any more.
        while self.tick().is_ok() && self.machine.transport() != Transport::Drop {
            self.io.drop_unread();
            match self.io.receive(self.deadline()) {
                Ok(IoEvent::Came | IoEvent::Late) => {}
                Ok(IoEvent::Ended | IoEvent::Sent) | Err(_) => break,
            }
        }
    }

    /// When the machine wants to be told the time.
    fn deadline(&self) -> Option<Instant> {
        self.origin.checked_add(self.machine.poll_timeout()?)
    }

    /// Tells the machine the time, and sends what follows from that. The machine gives up only when it is told
    /// a second time that a deadline has passed, with what was there read in between.
    fn tick(&mut self) -> Result<(), Error> {
        let now = self.origin.elapsed();
        if self.machine.poll_timeout().is_some_and(|at| at <= now) {
            self.machine.handle_timeout(now);
            self.machine.poll_transmit(&mut self.io.out);
        }
        match self.machine.timed_out() {
            Some(timeout) => {
                self.io.write_now();
                Err(Error::Timeout(timeout))
            }
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
            .field("closed", &self.inbox.closed)
            .finish_non_exhaustive()
    }
}
