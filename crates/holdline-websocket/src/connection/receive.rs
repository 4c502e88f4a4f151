//! The receiving half of a connection.

use super::{Connection, MaskKeys};
use crate::{
    buffer::Buffer,
    error::ReceiveError,
    event::{ClosedBy, Event, PieceEvent},
    message::discard,
    reason::CloseReason,
    state::{State, Transition},
};

/// Receiving.
impl<K: MaskKeys> Connection<K> {
    /// Takes bytes from the front of `input` up to the end of the next whole message or control frame, and
    /// unmasks them in place.
    ///
    /// `Ok(None)`: all of `input` was taken. After [`Event::Closed`] the rest of the stream is discarded
    /// (RFC 6455 §1.4), and also once a deadline has ended the connection. Keep one `buffer` for each connection.
    ///
    /// # Errors
    ///
    /// The rule that the peer broke, now and in every later call. All of `input` was taken, and
    /// `poll_transmit` gives the Close frame with the error's code.
    pub fn receive<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        if !self.before_receive(!input.is_empty()) {
            discard(input, buffer);
            return Ok(None);
        }
        let received = self.decoder.decode(input, buffer);
        self.after_receive(&received);
        received
    }

    /// Like [`receive`](Self::receive), but hands out messages in pieces as they arrive, so that a message
    /// of any length needs no memory. Set [`Config::limits`](crate::Config::limits) accordingly.
    ///
    /// Only `Ok(None)` says that more must come. An `input` that is empty does not: of a compressed message more may have
    /// been inflated than was handed out.
    ///
    /// A call of `receive` within a message that is being streamed drops the rest of it, also with no input.
    ///
    /// # Errors
    ///
    /// As for `receive`. The pieces of the message that were handed out are then to be thrown away.
    pub fn receive_piece<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<PieceEvent<'b>>, ReceiveError> {
        if !self.before_receive(!input.is_empty()) {
            discard(input, buffer);
            return Ok(None);
        }
        let received = self.decoder.decode_piece(input, buffer);
        match &received {
            Ok(None | Some(PieceEvent::Text { .. } | PieceEvent::Binary { .. })) => {}
            Ok(Some(PieceEvent::Ping(payload))) => self.ping_received(payload),
            Ok(Some(PieceEvent::Pong(payload))) => self.timers.pong(payload),
            Ok(Some(PieceEvent::Closed(reason))) => self.close_received(*reason),
            Err(error) => self.fail(*error),
        }
        if !self.is_open() && matches!(received, Ok(Some(_))) {
            self.timers.hear(true);
        }
        received
    }

    /// Lends room to read into, while a large binary message is under way: what is read there need not be copied to
    /// join it. Say with [`receive_filled`](Self::receive_filled) how much was. The room is at most 64 KiB, and does not
    /// go beyond the frame.
    ///
    /// Empty: nothing is lent; read into a block of your own, and call [`receive`](Self::receive). That is so between
    /// messages, while less than 16 KiB of one have come or less than that is missing of its frame, for text (which cannot
    /// be joined in place without `unsafe`), for compressed messages, and when messages are handed out in pieces. You may
    /// always do it; the room is then dropped.
    ///
    /// The memory is the [`Buffer`]'s, bounded as for `receive`: it grows with what really came, never because a length
    /// was declared, and [`Buffer::capacity`] has it.
    ///
    /// ```
    /// use holdline_websocket::{Buffer, Config, Connection, Event};
    /// use std::io::{self, Read};
    ///
    /// /// Reads once, and returns how many bytes came. 0: the stream has ended, and `receive_eof` is next.
    /// fn read(
    ///     stream: &mut impl Read,
    ///     block: &mut [u8],
    ///     websocket: &mut Connection,
    ///     buffer: &mut Buffer,
    ///     mut handle: impl FnMut(Event<'_>),
    /// ) -> io::Result<usize> {
    ///     let room = websocket.receive_room(buffer);
    ///     if !room.is_empty() {
    ///         let n = stream.read(room)?;
    ///         if let Some(event) = websocket.receive_filled(n, buffer).map_err(io::Error::other)? {
    ///             handle(event);
    ///         }
    ///         return Ok(n);
    ///     }
    ///     let n = stream.read(block)?;
    ///     let mut input = &mut block[..n];
    ///     while let Some(event) = websocket.receive(&mut input, buffer).map_err(io::Error::other)? {
    ///         handle(event);
    ///     }
    ///     Ok(n)
    /// }
    /// # let (mut websocket, mut buffer) = (Connection::server(Config::default()), Buffer::new());
    /// # let wire = [&b"\x82\xff\0\0\0\0\0\x10\0\0\0\0\0\0"[..], &[7; 1 << 20]].concat();
    /// # let (mut stream, mut length, mut reads) = (&wire[..], 0, 0);
    /// # let mut block = [0; 16 << 10];
    /// # while read(&mut stream, &mut block, &mut websocket, &mut buffer, |event| match event {
    /// #     Event::Binary(data) => length += data.len(),
    /// #     other => panic!("{other:?}"),
    /// # })? > 0 {
    /// #     reads += 1;
    /// # }
    /// # assert_eq!((length, reads < 32), (1 << 20, true));
    /// # Ok::<(), io::Error>(())
    /// ```
    pub fn receive_room<'b>(&self, buffer: &'b mut Buffer) -> &'b mut [u8] {
        self.decoder.room(buffer)
    }

    /// Takes the first `filled` bytes of the [room](Self::receive_room) that was lent last, as
    /// [`receive`](Self::receive) takes its input: the same events and errors. At most one event comes of it.
    ///
    /// Nothing else may have been received in between. More than was lent is not counted. 0 is not the end of the
    /// stream; tell that with [`receive_eof`](Self::receive_eof).
    ///
    /// # Errors
    ///
    /// As for `receive`.
    pub fn receive_filled<'b>(
        &mut self,
        filled: usize,
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        if !self.before_receive(filled > 0) {
            discard(&mut Default::default(), buffer);
            return Ok(None);
        }
        let received = self.decoder.decode_filled(filled, buffer);
        self.after_receive(&received);
        received
    }

    /// The stream from the peer ended, or broke.
    ///
    /// Without a Close frame before it this is [`Event::Closed`] with code 1006, once (RFC 6455 §7.1.5).
    ///
    /// # Errors
    ///
    /// The error of `receive` again, if there was one.
    pub fn receive_eof(&mut self) -> Result<Option<Event<'static>>, ReceiveError> {
        self.ended = true;
        if let Some(error) = self.decoder.error() {
            return Err(error);
        }
        if self.step(Transition::StreamEnded) {
            self.closed_by.get_or_insert(ClosedBy::Nobody);
        }
        if core::mem::replace(&mut self.told, true) {
            return Ok(None);
        }
        Ok(Some(Event::Closed(CloseReason::ABNORMAL)))
    }

    /// Whether to look at what comes.
    #[inline]
    fn before_receive(&mut self, came: bool) -> bool {
        if self.is_open() {
            self.timers.hear(came);
            return true;
        }
        // Nothing is delivered after that.
        let is_given_up = matches!(self.state, State::Gone | State::GivingUp);
        !is_given_up || self.decoder.error().is_some()
    }

    #[inline]
    fn after_receive(&mut self, received: &Result<Option<Event<'_>>, ReceiveError>) {
        match received {
            Ok(None | Some(Event::Text(_) | Event::Binary(_))) => {}
            Ok(Some(Event::Ping(payload))) => self.ping_received(payload),
            Ok(Some(Event::Pong(payload))) => self.timers.pong(payload),
            Ok(Some(Event::Closed(reason))) => self.close_received(*reason),
            Err(error) => self.fail(*error),
        }
        if !self.is_open() && matches!(received, Ok(Some(_))) {
            self.timers.hear(true);
        }
    }

    fn ping_received(&mut self, payload: &[u8]) {
        self.pong = Some(payload.into());
    }

    fn close_received(&mut self, reason: CloseReason<'_>) {
        if self.step(Transition::CloseReceived) {
            self.told = true;
            self.closed_by.get_or_insert(ClosedBy::Peer);
            // §5.5.1: "When sending a Close frame in response, the endpoint typically echos the status code"
            self.close_code = reason.code;
        }
    }
}
