//! A connection of this protocol, without IO.

use core::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{
    CLOSE,
    error::{ReceiveError, ReceiveErrorKind as Kind, SendError},
    frame::{Decoder, PreparedMessage, Step, put_text, take},
    key::{Answer, Challenge},
};
use crate::{
    buffer::Buffer,
    event::{ClosedBy, Transport},
    limits::Limits,
    role::Role,
    state::{State, Transition},
    timing::{Due, Timers},
};

/// How a connection behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How much the peer may send: `max_message` for text, `max_frame` for frames that are skipped. Default: 16 MiB
    /// each.
    pub limits: Limits,
    /// How long the rest of the handshake may take after the heads, and how long closing may take. Default: 10 s;
    /// `Duration::MAX` for no deadline.
    pub timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            timeout: Duration::from_secs(10),
        }
    }
}

/// What a [`Connection`] received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'b> {
    /// The handshake is over: messages may be sent. A server's answer to the challenge comes from
    /// [`Connection::poll_transmit`], or before the first message that is sent.
    Open,
    /// A text message: checked UTF-8.
    Text(&'b str),
    /// The last event: the peer sent its closing frame (`clean`), or the stream ended without one. The answer comes
    /// from [`Connection::poll_transmit`].
    Closed {
        /// Whether the peer said goodbye.
        clean: bool,
    },
}

/// One connection from the first byte after the heads on, without IO. It has the shape of
/// [`crate::Connection`]: give [`receive`](Self::receive) what was read; write what
/// [`poll_transmit`](Self::poll_transmit) and the `send` functions append; and do as
/// [`transport`](Self::transport) says. Nothing is unmasked here: `input` is only
/// read, and is `&mut` so that both connections are driven in the same way.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    opening: Opening,
    /// Of a server, until it is written.
    answer: Option<Answer>,
    decoder: Decoder,
    /// Of the next byte, from the end of the head.
    offset: u64,
    error: Option<ReceiveError>,
    state: State,
    closed_by: Option<ClosedBy>,
    /// `Event::Closed` was handed out.
    told: bool,
    /// The stream from the peer ended.
    ended: bool,
    timed_out: bool,
    timers: Timers,
}

/// What follows the heads.
#[derive(Clone, Copy, Debug)]
enum Opening {
    /// A server waits for the challenge, and has this much of it.
    Challenge(Challenge, [u8; 8], u8),
    /// A client waits for the answer, and has this much of it.
    Answer(Answer, u8),
    Done,
}

impl Connection {
    /// The server's side, from [`Request::challenge`](super::Request::challenge).
    #[must_use]
    pub fn server(config: Config, challenge: Challenge) -> Self {
        Self::new(
            config,
            Role::Server,
            Opening::Challenge(challenge, [0; 8], 0),
        )
    }

    /// The client's side, from [`Accepted::answer`](super::Accepted::answer). The eight bytes of
    /// [`ClientRequest::body`](super::ClientRequest::body) went out with the head of the request.
    #[must_use]
    pub fn client(config: Config, answer: Answer) -> Self {
        Self::new(config, Role::Client, Opening::Answer(answer, 0))
    }

    /// Takes bytes from the front of `input` up to the next event: the end of the handshake, a text message, or the
    /// close.
    ///
    /// `Ok(None)`: all of `input` was taken. After [`Event::Closed`] the rest of the stream is discarded. Keep one
    /// `buffer` for each connection.
    ///
    /// # Errors
    ///
    /// The rule that the peer broke, now and in every later call. All of `input` was taken.
    pub fn receive<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        if self.error.is_some() || self.told || self.timed_out || self.state == State::Gone {
            *buffer = Buffer::new();
            *input = &mut [];
            return self.error.map_or(Ok(None), Err);
        }
        buffer.give_back();
        if !self.is_established() {
            return match self.open(input) {
                Ok(opened) => Ok(opened.then_some(Event::Open)),
                Err(error) => Err(self.fail(error, input, buffer)),
            };
        }
        match self.decoder.next(input, buffer, &mut self.offset) {
            Ok(None) => Ok(None),
            Ok(Some(Step::Text(text))) => {
                self.timers.hear(true);
                Ok(Some(Event::Text(text)))
            }
            Ok(Some(Step::Kept)) => {
                self.timers.hear(true);
                Ok(Some(Event::Text(&buffer.text)))
            }
            Ok(Some(Step::Close)) => {
                self.told = true;
                if self.step(Transition::CloseReceived) {
                    self.closed_by.get_or_insert(ClosedBy::Peer);
                }
                Ok(Some(Event::Closed { clean: true }))
            }
            Err(error) => Err(self.fail(error, input, buffer)),
        }
    }

    /// The stream from the peer ended, or broke. Without a closing frame before it this is [`Event::Closed`], once.
    ///
    /// # Errors
    ///
    /// The error of `receive` again, if there was one.
    pub fn receive_eof(&mut self) -> Result<Option<Event<'static>>, ReceiveError> {
        self.ended = true;
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.step(Transition::StreamEnded) {
            self.closed_by.get_or_insert(ClosedBy::Nobody);
        }
        if core::mem::replace(&mut self.told, true) {
            return Ok(None);
        }
        Ok(Some(Event::Closed { clean: false }))
    }

    /// Appends what is to be sent by itself: a server's answer to the challenge, the answer to a close, or the
    /// close after a broken rule. Returns whether it appended anything.
    pub fn poll_transmit(&mut self, out: &mut BytesMut) -> bool {
        let before = out.len();
        self.put_answer(out);
        if self.step(Transition::CloseDueSent) {
            self.put_close(out);
        }
        out.len() > before
    }

    /// Appends a text message. Every text can be sent.
    ///
    /// # Errors
    ///
    /// [`SendError::NotOpen`] before [`Event::Open`], [`SendError::Closed`].
    pub fn send_text(&mut self, text: &str, out: &mut BytesMut) -> Result<(), SendError> {
        self.may_send()?;
        self.put_answer(out);
        put_text(text, out);
        Ok(())
    }

    /// The bytes of a message that was encoded before, to be written after what is in `out`. Shared, not copied.
    ///
    /// # Errors
    ///
    /// [`SendError::NotOpen`] before [`Event::Open`], and at a server before `poll_transmit` gave its answer to the
    /// challenge; [`SendError::Closed`].
    pub fn send_prepared(&mut self, message: &PreparedMessage) -> Result<Bytes, SendError> {
        self.may_send()?;
        if self.answer.is_some() {
            return Err(SendError::NotOpen);
        }
        Ok(message.bytes().clone())
    }

    /// Appends the closing frame: nothing can be sent after it. It has neither code nor reason.
    ///
    /// # Errors
    ///
    /// [`SendError::NotOpen`] before [`Event::Open`] (just close the transport then), [`SendError::Closed`].
    pub fn send_close(&mut self, out: &mut BytesMut) -> Result<(), SendError> {
        self.may_send()?;
        if !self.step(Transition::CallerCloses) {
            return Err(SendError::Closed);
        }
        self.put_answer(out);
        self.put_close(out);
        Ok(())
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
            // §6: the server closes the connection when both closing frames are through.
            State::Closed if self.role == Role::Client => Transport::AwaitPeerClose,
            State::Closed | State::Failed => Transport::ShutdownWrite,
        }
    }

    /// Whether the connection is over for this side: nothing more will be sent or received.
    #[must_use]
    pub fn should_close(&self) -> bool {
        self.transport() != Transport::Keep
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), in the caller's time; `None` when nothing is waited
    /// for. It changes with every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.transport() {
            Transport::Drop => None,
            _ => self.timers.next(),
        }
    }

    /// Tells the time, since an origin of the caller's choice. Calling it early does no harm. When the deadline has
    /// passed, read between two calls: the first one notes it, the second gives up, as with [`crate::Connection`].
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.timers.tick(now) != Due::GiveUp {
            return;
        }
        let transition = if self.is_established() {
            Transition::DeadlinePassed
        } else {
            Transition::OpeningFailed
        };
        if self.step(transition) {
            self.closed_by.get_or_insert(ClosedBy::Us);
            self.timed_out = true;
        }
        // Even if not everything was said, we wait for nobody any more.
        self.ended = true;
    }

    /// Whether the handshake is over, including the bytes after the heads.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        matches!(self.opening, Opening::Done)
    }

    /// Whether a frame has begun to come and is not complete. The codec has no deadline for it; the rest of the
    /// handshake has one ([`Config::timeout`]), and does not count here.
    #[must_use]
    pub fn is_receiving(&self) -> bool {
        self.error.is_none() && !self.told && self.decoder.is_within_frame()
    }

    /// Whether messages can be sent and received: the handshake is over and nobody began to close.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_established() && self.state == State::Open
    }

    /// Whether both closing frames were exchanged.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.state == State::Closed
    }

    /// Who began to close; `None` while nobody did.
    #[must_use]
    pub const fn closed_by(&self) -> Option<ClosedBy> {
        self.closed_by
    }

    /// Whether a deadline ended the connection.
    #[must_use]
    pub const fn timed_out(&self) -> bool {
        self.timed_out
    }

    /// The side that this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    fn new(config: Config, role: Role, opening: Opening) -> Self {
        let mut timers = Timers::new(None, config.timeout);
        timers.begin_handshake();
        Self {
            role,
            opening,
            answer: None,
            decoder: Decoder::new(config.limits),
            offset: 0,
            error: None,
            state: State::Open,
            closed_by: None,
            told: false,
            ended: false,
            timed_out: false,
            timers,
        }
    }

    /// Takes what `input` has of the bytes after the head, and says whether they are complete.
    fn open(&mut self, input: &mut &mut [u8]) -> Result<bool, ReceiveError> {
        while let Some(&byte) = input.first() {
            let at = self.offset;
            match &mut self.opening {
                Opening::Challenge(challenge, bytes, have) => {
                    if let Some(place) = bytes.get_mut(usize::from(*have)) {
                        *place = byte;
                    }
                    *have += 1;
                    if usize::from(*have) == bytes.len() {
                        self.answer = Some(challenge.answer(*bytes));
                        self.opening = Opening::Done;
                    }
                }
                Opening::Answer(expected, have) => {
                    let expected = expected.as_bytes();
                    if expected.get(usize::from(*have)) != Some(&byte) {
                        return Err(ReceiveError::new(Kind::Answer, at));
                    }
                    *have += 1;
                    if usize::from(*have) == expected.len() {
                        self.opening = Opening::Done;
                    }
                }
                Opening::Done => return Ok(true),
            }
            take(input, 1, &mut self.offset);
            if self.is_established() {
                self.timers.end_handshake();
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn fail(
        &mut self,
        error: ReceiveError,
        input: &mut &mut [u8],
        buffer: &mut Buffer,
    ) -> ReceiveError {
        *buffer = Buffer::new();
        *input = &mut [];
        self.error = Some(error);
        // A peer that fails in the opening does not speak this protocol: no frame means anything to it.
        let transition = if self.is_established() {
            Transition::RuleBroken
        } else {
            Transition::OpeningFailed
        };
        if self.step(transition) {
            self.closed_by.get_or_insert(ClosedBy::Us);
        }
        error
    }

    fn may_send(&self) -> Result<(), SendError> {
        if !self.state.may_send() {
            return Err(SendError::Closed);
        }
        if !self.is_established() {
            return Err(SendError::NotOpen);
        }
        Ok(())
    }

    fn put_answer(&mut self, out: &mut BytesMut) {
        if let Some(answer) = self.answer.take() {
            out.extend_from_slice(answer.as_bytes());
        }
    }

    fn put_close(&mut self, out: &mut BytesMut) {
        out.extend_from_slice(&CLOSE);
        self.closed_by.get_or_insert(ClosedBy::Us);
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
}
