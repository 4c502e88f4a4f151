//! A connection: role, closing handshake, automatic replies and timers around the decoder.

use alloc::boxed::Box;
use core::{fmt, time::Duration};

use bytes::BytesMut;

use crate::{
    close::CloseCode,
    config::Config,
    error::ReceiveError,
    event::{ClosedBy, Timeout, Transport},
    message::MessageDecoder,
    opcode::{MessageKind, Opcode},
    prepared::put_frame,
    reason::ClosePayload,
    role::Role,
    state::{State, Transition},
    timing::{Due, Timers},
};

mod keys;
mod memory;
mod receive;
mod send;

pub use keys::{MaskKeys, Unmasked};

/// One WebSocket connection after its handshake, without IO.
///
/// Give [`receive`](Self::receive) what was read; write what [`poll_transmit`](Self::poll_transmit) and the
/// `send` functions append. Pongs and the answer to a Close come by themselves from `poll_transmit`: call
/// it after each read (or after each event, to answer every ping; otherwise only the newest of several
/// is answered, as RFC 6455 §5.5.3 allows). [`transport`](Self::transport) says what to do with the
/// socket.
///
/// # Time
///
/// Time is told, never asked for: when [`poll_timeout`](Self::poll_timeout) has passed, call
/// [`handle_timeout`](Self::handle_timeout). Without keepalive there is no deadline before closing begins.
///
/// What arrived counts, however late you look at it, so read before a deadline is judged. The order of each turn:
///
/// 1. read what is there without waiting, and `receive` until `Ok(None)`;
/// 2. when `poll_timeout` has passed, `handle_timeout`, once;
/// 3. write what `poll_transmit` gives, and do as `transport` says;
/// 4. wait until there is something to read or `poll_timeout` passes.
///
/// The first `handle_timeout` at or after a deadline only notes it, and `poll_timeout` then asks for another turn at
/// once. If nothing came in that one either, the second gives up: [`timed_out`](Self::timed_out) says why,
/// nothing is received any more, and a peer that did not answer a ping is sent a Close with code 1011. For the
/// keepalive any byte counts as something (see [`Keepalive`](crate::Keepalive)); for the end of closing, anything that
/// `receive` returned, but only for [`Config::close_timeout`] once more, so that a peer that goes on sending cannot keep
/// a connection that is closing.
///
/// # Memory
///
/// An idle connection takes at most 200 bytes (a test keeps it so), plus an empty [`Buffer`](crate::Buffer). With a compression
/// that was agreed, see [`DeflateOptions`](crate::DeflateOptions) for what is added.
///
/// ```
/// use bytes::BytesMut;
/// use holdline_websocket::{Buffer, Config, Connection, Event};
///
/// let mut client = Connection::client(Config::default(), || [0x37, 0xfa, 0x21, 0x3d]); // use random keys
/// let mut server = Connection::server(Config::default());
/// let (mut wire, mut buffer) = (BytesMut::new(), Buffer::new());
///
/// client.send_text("Hello", &mut wire).unwrap();
/// assert_eq!(wire[..], b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"[..]);
/// let mut input = &mut wire[..];
/// assert_eq!(server.receive(&mut input, &mut buffer).unwrap(), Some(Event::Text("Hello")));
/// ```
pub struct Connection<K = Unmasked> {
    decoder: MessageDecoder,
    keys: K,
    /// The newest ping that was not answered: one slot, so that a flood of pings costs 125 bytes.
    pong: Option<Box<[u8]>>,
    /// The code of the Close that is due; its reason is empty or follows from the error.
    close_code: CloseCode,
    state: State,
    closed_by: Option<ClosedBy>,
    /// `Event::Closed` was handed out.
    told: bool,
    /// The stream from the peer ended.
    ended: bool,
    /// A ping of the keepalive is due.
    ping_due: bool,
    timed_out: Option<Timeout>,
    /// The fragmented message that is being sent.
    sending: Option<MessageKind>,
    timers: Timers,
    /// Present when compression was agreed.
    #[cfg(feature = "deflate")]
    deflater: Option<Box<crate::deflate::Deflater>>,
}

impl Connection<Unmasked> {
    /// The server's side.
    #[must_use]
    pub fn server(config: Config) -> Self {
        Self::new(config, Unmasked)
    }
}

impl<K: FnMut() -> [u8; 4]> Connection<K> {
    /// The client's side. `keys` gives the masking key of each frame.
    ///
    /// A key "needs to be unpredictable", so it "MUST be derived from a strong source of entropy"
    /// (RFC 6455 §5.3): it keeps a page's script from choosing the bytes on the wire (§10.3).
    #[must_use]
    pub fn client(config: Config, keys: K) -> Self {
        Self::new(config, keys)
    }
}

impl<K: MaskKeys> Connection<K> {
    /// Appends what is to be sent by itself: the pong to the newest ping, a ping of the keepalive, the answer to a
    /// Close, or the Close that answers a broken rule. Returns whether it appended anything.
    pub fn poll_transmit(&mut self, out: &mut BytesMut) -> bool {
        let before = out.len();
        if self.state != State::GivingUp && (self.state.may_send() || self.state.owes_close()) {
            if let Some(payload) = self.pong.take() {
                self.put(Opcode::Pong, true, &payload, out);
            }
            if core::mem::take(&mut self.ping_due) {
                let payload = self.timers.number.to_be_bytes();
                self.put(Opcode::Ping, true, &payload, out);
            }
        }
        let gives_up = self.state == State::GivingUp;
        if self.step(Transition::CloseDueSent) {
            let reason = match self.decoder.error() {
                Some(error) => error.kind().description(),
                None if gives_up => "a ping was not answered in time",
                None => "",
            };
            self.put_close(self.close_code, reason, out);
        }
        out.len() > before
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), in the caller's time. A time that has passed
    /// means: at once. `None`: nothing to wait for.
    ///
    /// It changes with every other call, so ask again after each.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.transport() {
            Transport::Drop => None,
            _ => self.timers.next(),
        }
    }

    /// Tells the time, since an origin of the caller's choice. Calling it early does no harm. When a deadline has
    /// passed, read between two calls: the first one notes it, the second gives up.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.state == State::Gone {
            return;
        }
        match self.timers.tick(now) {
            Due::Nothing => {}
            Due::Ping => self.ping_due = true,
            Due::GiveUp if self.is_open() => self.give_up(Timeout::Keepalive),
            Due::GiveUp => self.give_up(Timeout::Close),
        }
    }

    /// What to do with the transport, once everything in `out` is written.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.state {
            State::Open
            | State::CloseSent
            | State::CloseReceived
            | State::Failing
            | State::GivingUp => Transport::Keep,
            State::Gone => Transport::Drop,
            State::Closed | State::Failed if self.ended => Transport::Drop,
            // §7.1.1: "in most normal cases, [the TCP connection] SHOULD be closed first by the server,
            // so that it holds the TIME_WAIT state and not the client"
            State::Closed if K::ROLE == Role::Client => Transport::AwaitPeerClose,
            State::Closed | State::Failed => Transport::ShutdownWrite,
        }
    }

    /// Whether the connection is over for this side: nothing more will be sent or received. Write what is
    /// in `out`, then do as [`transport`](Self::transport) says.
    #[must_use]
    pub fn should_close(&self) -> bool {
        self.transport() != Transport::Keep
    }

    /// Whether a message, or a frame of any kind, has begun to come and is not complete. The codec has no deadline
    /// for it; a caller that wants one begins it when this becomes true.
    #[must_use]
    pub fn is_receiving(&self) -> bool {
        self.decoder.is_receiving()
    }

    /// Whether nobody began to close.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether one of the two sides began to close, even if that is over.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        !self.is_open()
    }

    /// Whether both Close frames were exchanged: a clean close (RFC 6455 §7.1.4).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.state == State::Closed
    }

    /// Who began to close; `None` while it is open.
    #[must_use]
    pub fn closed_by(&self) -> Option<ClosedBy> {
        self.closed_by
    }

    /// Which deadline ended the connection.
    #[must_use]
    pub fn timed_out(&self) -> Option<Timeout> {
        self.timed_out
    }

    /// The time between the last answered ping of the keepalive and its pong. It is as exact as the times
    /// that `handle_timeout` was told: call it as soon as `poll_timeout` asks after a read.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        self.timers.latency()
    }

    /// Whether permessage-deflate was agreed on. A [`PreparedMessage`](crate::PreparedMessage) for many
    /// receivers needs its compressed form only if this is true for one of them.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn compresses(&self) -> bool {
        self.deflater.is_some()
    }

    /// The side that this is.
    #[must_use]
    pub fn role(&self) -> Role {
        K::ROLE
    }

    fn new(config: Config, keys: K) -> Self {
        Self {
            decoder: decoder(K::ROLE, &config),
            keys,
            pong: None,
            close_code: CloseCode::NO_STATUS,
            state: State::Open,
            closed_by: None,
            told: false,
            ended: false,
            ping_due: false,
            timed_out: None,
            sending: None,
            timers: Timers::new(config.keepalive, config.close_timeout),
            #[cfg(feature = "deflate")]
            deflater: config
                .deflate
                .map(|agreed| Box::new(crate::deflate::Deflater::new(&agreed, K::ROLE))),
        }
    }

    /// The error comes again with each call, and counts once.
    fn fail(&mut self, error: ReceiveError) {
        if self.step(Transition::RuleBroken) {
            self.closed_by.get_or_insert(ClosedBy::Us);
            self.close_code = error.close_code();
        }
    }

    fn give_up(&mut self, timeout: Timeout) {
        if !self.step(Transition::DeadlinePassed) {
            // Everything was said. Only the end of the stream has not come.
            self.ended = true;
            return;
        }
        self.closed_by.get_or_insert(ClosedBy::Us);
        self.timed_out.get_or_insert(timeout);
        if timeout == Timeout::Keepalive {
            self.close_code = CloseCode::INTERNAL_ERROR;
        }
        self.pong = None;
    }

    /// Whether the table has the step. If not, nothing has changed.
    #[must_use]
    fn step(&mut self, transition: Transition) -> bool {
        let Some(next) = self.state.after(transition) else {
            return false;
        };
        self.state = next;
        // There is no way back to the open state.
        self.timers.begin_handshake();
        true
    }

    fn put(&mut self, opcode: Opcode, fin: bool, payload: &[u8], out: &mut BytesMut) {
        put_frame(opcode, fin, 0, self.keys.next_key(), payload, out);
    }

    /// After the step that sends it.
    fn put_close(&mut self, code: CloseCode, reason: &str, out: &mut BytesMut) {
        let payload = ClosePayload::new(code, reason);
        self.put(Opcode::Close, true, payload.as_bytes(), out);
        self.closed_by.get_or_insert(ClosedBy::Us);
        self.pong = None;
    }
}

fn decoder(role: Role, config: &Config) -> MessageDecoder {
    let decoder = MessageDecoder::new(role, config.limits);
    #[cfg(feature = "deflate")]
    if let Some(agreed) = &config.deflate {
        return decoder.with_deflate(agreed);
    }
    decoder
}

impl<K> fmt::Debug for Connection<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state)
            .field("closed_by", &self.closed_by)
            .field("timed_out", &self.timed_out)
            .field("decoder", &self.decoder)
            .finish_non_exhaustive()
    }
}
