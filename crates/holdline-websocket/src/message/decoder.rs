//! The decoder and its front door.

#[cfg(feature = "deflate")]
use alloc::boxed::Box;

use super::parts::{Data, End, Frame, HandedOut, Mode, Step};
use crate::{
    buffer::Buffer,
    error::{ReceiveError, ReceiveErrorKind as Kind},
    event::{Event, PieceEvent},
    header::FrameHeader,
    limits::Limits,
    opcode::{MessageKind, Opcode},
    reason::CloseReason,
    role::Role,
    utf8::{Utf8Piece, Utf8Validator},
};

/// Decodes frames and joins them to messages, and answers nothing: the receiving half of a
/// [`Connection`](crate::Connection).
///
/// Payloads are unmasked in place, in the caller's slice. A message of one frame that lies whole in the
/// slice is handed out from there; only what is cut is copied to the [`Buffer`]. After a Close frame
/// everything else is taken and dropped: "a peer discards any further data received" (RFC 6455 §1.4).
///
/// ```
/// use holdline_websocket::{Buffer, Event, Limits, MessageDecoder, Role};
///
/// let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
/// let mut buffer = Buffer::new();
/// let mut bytes = *b"\x01\x03Hel\x89\x00\x80\x02lo";
/// let mut input = &mut bytes[..];
/// assert_eq!(decoder.decode(&mut input, &mut buffer).unwrap(), Some(Event::Ping(b"")));
/// assert_eq!(decoder.decode(&mut input, &mut buffer).unwrap(), Some(Event::Text("Hello")));
/// assert_eq!(decoder.decode(&mut input, &mut buffer).unwrap(), None);
/// ```
#[derive(Debug)]
pub struct MessageDecoder {
    pub(super) limits: Limits,
    /// Of the next byte; while a header is incomplete, of its first byte; after an error, where it was.
    pub(super) offset: u64,
    /// How many more bytes the frames of the message under way may declare.
    pub(super) left: u64,
    pub(super) frame: Option<Frame>,
    /// An incomplete header.
    pub(super) head: [u8; FrameHeader::MAX_SIZE],
    pub(super) head_len: u8,
    pub(super) utf8: Utf8Validator,
    pub(super) message: Option<MessageKind>,
    pub(super) handed_out: HandedOut,
    pub(super) end: End,
    pub(super) role: Role,
    /// Present when compression was agreed.
    #[cfg(feature = "deflate")]
    pub(super) inflater: Option<Box<crate::deflate::Inflater>>,
}

impl MessageDecoder {
    /// Starts at the first byte after the handshake. `role` is the side that receives: a server expects
    /// masked frames.
    #[must_use]
    pub const fn new(role: Role, limits: Limits) -> Self {
        Self {
            limits,
            offset: 0,
            left: limits.max_message,
            frame: None,
            head: [0; FrameHeader::MAX_SIZE],
            head_len: 0,
            utf8: Utf8Validator::new(),
            message: None,
            handed_out: HandedOut::Nothing,
            end: End::Open,
            role,
            #[cfg(feature = "deflate")]
            inflater: None,
        }
    }

    /// Takes bytes from the front of `input` up to the end of the next whole message or control frame.
    ///
    /// `Ok(None)`: all of `input` was taken, and more is needed. If pieces of the message under way were
    /// handed out by [`decode_piece`](Self::decode_piece), all that is left of it is checked and dropped.
    ///
    /// # Errors
    ///
    /// The rule that the peer broke, now and in every later call. All of `input` was taken.
    #[inline]
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        buffer.give_back();
        match self.whole(input) {
            Some(event) => Ok(Some(event)),
            None => self.decode_any(input, buffer),
        }
    }

    /// Everything but a whole message in `input`: a function of its own, so that compilers keep the fast path short.
    fn decode_any<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        if self.handed_out == HandedOut::Pieces {
            self.handed_out = HandedOut::Abandoned;
        }
        let kind = loop {
            match self.next(input, buffer, Mode::Whole)? {
                None => return Ok(None),
                Some(Step::Control(opcode, payload)) => {
                    return self.control_event(opcode, payload, input, buffer).map(Some);
                }
                Some(Step::Data(_, last)) if self.handed_out != HandedOut::Nothing => {
                    if last {
                        self.handed_out = HandedOut::Nothing;
                    }
                }
                Some(Step::Data(data, true)) if buffer.has_no_message() && data.is_whole() => {
                    return Ok(Some(match data {
                        Data::Text(piece) => Event::Text(piece.text),
                        Data::Binary(data) => Event::Binary(data),
                    }));
                }
                Some(Step::Data(data, last)) => {
                    buffer.drop_room();
                    let kind = data.append_to(buffer);
                    if last {
                        break kind;
                    }
                }
                Some(Step::Kept(kind, _)) => break kind,
            }
        };
        Ok(Some(joined(kind, buffer)))
    }

    /// Like [`decode`](Self::decode), but hands out messages in pieces as they arrive and buffers none
    /// of them, so that a message of any length needs no memory.
    ///
    /// A piece ends with the slice or with a frame; text is also cut before a code point that is not complete.
    /// What was joined of the message under way before the first of these calls is its first piece.
    ///
    /// # Errors
    ///
    /// The rule that the peer broke, now and in every later call. All of `input` was taken.
    pub fn decode_piece<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<PieceEvent<'b>>, ReceiveError> {
        buffer.give_back();
        if let Some(event) = self.whole(input) {
            return Ok(Some(event.into_piece()));
        }
        let (kind, last) = loop {
            if let Some(kind) = self.message
                && self.handed_out == HandedOut::Nothing
                && !buffer.has_no_message()
            {
                break (kind, false);
            }
            let (data, last) = match self.next(input, buffer, Mode::Pieces)? {
                None => return Ok(None),
                Some(Step::Control(opcode, payload)) => {
                    let event = self.control_event(opcode, payload, input, buffer)?;
                    return Ok(Some(event.into_piece()));
                }
                Some(Step::Kept(kind, last)) => break (kind, last),
                Some(Step::Data(data, last)) => (data, last),
            };
            if self.handed_out == HandedOut::Abandoned {
                if last {
                    self.handed_out = HandedOut::Nothing;
                }
            } else if !data.is_whole() {
                break (data.append_to(buffer), last);
            } else if last || !data.is_empty() {
                self.hand_out_piece(last);
                return Ok(Some(match data {
                    Data::Text(Utf8Piece { text, .. }) => PieceEvent::Text { text, last },
                    Data::Binary(data) => PieceEvent::Binary { data, last },
                }));
            }
        };
        self.hand_out_piece(last);
        buffer.hand_out();
        Ok(Some(match kind {
            MessageKind::Text => PieceEvent::Text {
                text: &buffer.text,
                last,
            },
            MessageKind::Binary => PieceEvent::Binary {
                data: &buffer.binary,
                last,
            },
        }))
    }

    /// The stream ended. Without a Close frame before it this is [`Event::Closed`] with code 1006, once (RFC 6455
    /// §7.1.5).
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](Kind::UnexpectedEof) within a frame or a message; an earlier error again.
    pub fn decode_eof(&mut self) -> Result<Option<Event<'static>>, ReceiveError> {
        if let Some(error) = self.error() {
            return Err(error);
        }
        if self.is_closed() {
            return Ok(None);
        }
        if self.is_within_message() {
            return Err(self.fail(Kind::UnexpectedEof, u64::from(self.head_len)));
        }
        self.end = End::Closed;
        self.free();
        Ok(Some(Event::Closed(CloseReason::ABNORMAL)))
    }

    /// Whether the last event was handed out: the peer's Close frame, or the end without one.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.end, End::Closed)
    }

    /// Whether a message, or a frame of any kind, has begun and is not complete: at least its first byte has
    /// come, and more must. For a caller that gives messages a deadline.
    #[must_use]
    pub const fn is_receiving(&self) -> bool {
        matches!(self.end, End::Open) && self.is_within_message()
    }

    /// The error that ended the decoding.
    #[must_use]
    pub const fn error(&self) -> Option<ReceiveError> {
        match self.end {
            End::Failed(kind) => Some(ReceiveError::new(kind, self.offset)),
            End::Open | End::Closed => None,
        }
    }

    /// The side that receives.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Whether a frame or a message is under way.
    pub(super) const fn is_within_message(&self) -> bool {
        self.head_len > 0 || self.frame.is_some() || self.message.is_some()
    }

    const fn hand_out_piece(&mut self, last: bool) {
        self.handed_out = if last {
            HandedOut::Nothing
        } else {
            HandedOut::Pieces
        };
    }

    /// A whole control frame. `None`: its payload is in the buffer.
    fn control_event<'b, 'i: 'b>(
        &mut self,
        opcode: Opcode,
        payload: Option<&'i [u8]>,
        input: &mut &'i mut [u8],
        buffer: &'b Buffer,
    ) -> Result<Event<'b>, ReceiveError> {
        let payload = payload.unwrap_or(&buffer.control);
        Ok(match opcode {
            Opcode::Ping => Event::Ping(payload),
            Opcode::Pong => Event::Pong(payload),
            _ => Event::Closed(self.close(payload, input)?),
        })
    }

    /// The payload of a Close frame that ends at the current offset.
    fn close<'b>(
        &mut self,
        payload: &'b [u8],
        input: &mut &mut [u8],
    ) -> Result<CloseReason<'b>, ReceiveError> {
        match CloseReason::decode(payload) {
            Ok(reason) => {
                self.end = End::Closed;
                self.free();
                Ok(reason)
            }
            Err((kind, at)) => {
                *input = &mut [];
                self.offset -= payload.len() as u64;
                Err(self.fail(kind, at as u64))
            }
        }
    }

    pub(super) fn fail(&mut self, kind: Kind, after: u64) -> ReceiveError {
        self.offset += after;
        self.end = End::Failed(kind);
        self.free();
        ReceiveError::new(kind, self.offset)
    }

    /// Nothing more will be decoded.
    fn free(&mut self) {
        #[cfg(feature = "deflate")]
        {
            self.inflater = None;
        }
    }
}

/// Hands out the message that was joined.
pub(super) fn joined(kind: MessageKind, buffer: &mut Buffer) -> Event<'_> {
    buffer.hand_out();
    match kind {
        MessageKind::Text => Event::Text(&buffer.text),
        MessageKind::Binary => Event::Binary(&buffer.binary),
    }
}
