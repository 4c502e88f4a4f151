//! From bytes to messages: frames, fragments, text and limits, for one receiving role.

#[cfg(feature = "deflate")]
use alloc::boxed::Box;

use crate::{
    buffer::Buffer,
    close::CloseReason,
    error::{ReceiveError, ReceiveErrorKind as Kind},
    header::FrameHeader,
    limits::Limits,
    opcode::{MessageKind, Opcode},
    utf8::Utf8Validator,
};

#[cfg(feature = "deflate")]
mod inflate;
mod step;

pub(crate) use step::discard;
use step::{Frame, Mode, Step};

/// One side of a connection. A client masks what it sends, a server does not (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that asked for the connection.
    Client,
    /// The side that accepted it.
    Server,
}

/// A whole message, or a control frame that came between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message<'b> {
    /// A text message: checked UTF-8.
    Text(&'b str),
    /// A binary message.
    Binary(&'b [u8]),
    /// A ping with its payload, at most 125 bytes.
    Ping(&'b [u8]),
    /// A pong with its payload, at most 125 bytes.
    Pong(&'b [u8]),
    /// The peer will send nothing more. What follows in the stream is discarded.
    Close(CloseReason<'b>),
}

/// A part of a message as it arrived, or a control frame that came between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Piece<'b> {
    /// The next part of a text message, cut between code points. Empty only when `last`.
    Text {
        /// The part.
        text: &'b str,
        /// Whether the message ends with it.
        last: bool,
    },
    /// The next part of a binary message. Empty only when `last`.
    Binary {
        /// The part.
        data: &'b [u8],
        /// Whether the message ends with it.
        last: bool,
    },
    /// A ping with its payload, at most 125 bytes.
    Ping(&'b [u8]),
    /// A pong with its payload, at most 125 bytes.
    Pong(&'b [u8]),
    /// The peer will send nothing more. What follows in the stream is discarded.
    Close(CloseReason<'b>),
}

/// Decodes frames and joins them to messages, and answers nothing: the receiving half of a
/// [`Connection`](crate::Connection).
///
/// Payloads are unmasked in place, in the caller's slice. A message of one frame that lies whole in the
/// slice is handed out from there; only what is cut is copied to the [`Buffer`]. After a Close frame
/// everything else is taken and dropped: "a peer discards any further data received" (RFC 6455 §1.4).
///
/// ```
/// use holdline_websocket::{Buffer, Limits, Message, MessageDecoder, Role};
///
/// let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
/// let mut buffer = Buffer::new();
/// let mut bytes = *b"\x01\x03Hel\x89\x00\x80\x02lo";
/// let mut input = &mut bytes[..];
/// assert_eq!(decoder.decode(&mut input, &mut buffer).unwrap(), Some(Message::Ping(b"")));
/// assert_eq!(decoder.decode(&mut input, &mut buffer).unwrap(), Some(Message::Text("Hello")));
/// assert_eq!(decoder.decode(&mut input, &mut buffer).unwrap(), None);
/// ```
#[derive(Debug)]
pub struct MessageDecoder {
    limits: Limits,
    /// Of the next byte; while a header is incomplete, of its first byte; after an error, where it was.
    offset: u64,
    /// Total length of the frames of the message under way, the current one included.
    message_len: u64,
    frame: Option<Frame>,
    /// An incomplete header.
    head: [u8; FrameHeader::MAX_SIZE],
    head_len: u8,
    utf8: Utf8Validator,
    message: Option<MessageKind>,
    /// A piece of the message under way was handed out, so that it cannot be joined any more.
    streamed: bool,
    over: Over,
    role: Role,
    /// Present when compression was agreed.
    #[cfg(feature = "deflate")]
    inflater: Option<Box<crate::deflate::Inflater>>,
}

/// Whether anything is still to be decoded. One byte, in a struct that each idle connection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    No,
    /// The peer's Close was handed out.
    Closed,
    Failed(Kind),
}

impl MessageDecoder {
    /// Starts at the first byte after the handshake. `role` is the side that receives: a server expects
    /// masked frames.
    #[must_use]
    pub const fn new(role: Role, limits: Limits) -> Self {
        Self {
            limits,
            offset: 0,
            message_len: 0,
            frame: None,
            head: [0; FrameHeader::MAX_SIZE],
            head_len: 0,
            utf8: Utf8Validator::new(),
            message: None,
            streamed: false,
            over: Over::No,
            role,
            #[cfg(feature = "deflate")]
            inflater: None,
        }
    }

    /// Takes bytes from the front of `input` up to the end of the next whole message or control frame.
    ///
    /// `Ok(None)`: all of `input` was taken, and more is needed. If pieces of the message under way were
    /// handed out by [`decode_piece`](Self::decode_piece), the rest of it is checked and dropped.
    ///
    /// # Errors
    ///
    /// The rule that the peer broke, now and in every later call. All of `input` was taken.
    #[inline]
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Message<'b>>, ReceiveError> {
        buffer.give_back();
        match self.whole(input) {
            Ok(Some(Step::Text(text, _))) => Ok(Some(Message::Text(text))),
            Ok(Some(Step::Binary(data, _))) => Ok(Some(Message::Binary(data))),
            // An error is kept, and comes again.
            _ => self.decode_any(input, buffer),
        }
    }

    /// The rest of `decode`, apart, so that compilers keep the way of most messages short.
    fn decode_any<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Message<'b>>, ReceiveError> {
        let Some(step) = self.next(input, buffer, Mode::Whole)? else {
            return Ok(None);
        };
        Ok(Some(match step {
            Step::Text(text, _) => Message::Text(text),
            Step::Binary(data, _) => Message::Binary(data),
            Step::Kept(MessageKind::Text, _) => Message::Text(&buffer.text),
            Step::Kept(MessageKind::Binary, _) => Message::Binary(&buffer.binary),
            Step::Control(opcode, payload) => {
                let payload = payload.unwrap_or(&buffer.control);
                match opcode {
                    Opcode::Ping => Message::Ping(payload),
                    Opcode::Pong => Message::Pong(payload),
                    _ => Message::Close(self.close(payload, input)?),
                }
            }
        }))
    }

    /// Like [`decode`](Self::decode), but hands out messages in pieces as they arrive and buffers none
    /// of them, so that a message of any length needs no memory.
    ///
    /// A piece ends with the slice or with a frame; text is also cut where a code point would be torn.
    ///
    /// # Errors
    ///
    /// The rule that the peer broke, now and in every later call. All of `input` was taken.
    pub fn decode_piece<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Piece<'b>>, ReceiveError> {
        let Some(step) = self.next(input, buffer, Mode::Pieces)? else {
            return Ok(None);
        };
        Ok(Some(match step {
            Step::Text(text, last) => Piece::Text { text, last },
            Step::Binary(data, last) => Piece::Binary { data, last },
            Step::Kept(MessageKind::Text, last) => Piece::Text {
                text: &buffer.text,
                last,
            },
            Step::Kept(MessageKind::Binary, last) => Piece::Binary {
                data: &buffer.binary,
                last,
            },
            Step::Control(opcode, payload) => {
                let payload = payload.unwrap_or(&buffer.control);
                match opcode {
                    Opcode::Ping => Piece::Ping(payload),
                    Opcode::Pong => Piece::Pong(payload),
                    _ => Piece::Close(self.close(payload, input)?),
                }
            }
        }))
    }

    /// The stream ended.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](Kind::UnexpectedEof) within a frame or a message; an earlier error again.
    pub fn decode_eof(&mut self) -> Result<(), ReceiveError> {
        if let Some(error) = self.error() {
            return Err(error);
        }
        if self.is_within_message() && !self.is_closed() {
            return Err(self.fail(Kind::UnexpectedEof, u64::from(self.head_len)));
        }
        Ok(())
    }

    /// Whether the peer's Close frame was handed out.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.over, Over::Closed)
    }

    /// The error that ended the decoding.
    #[must_use]
    pub const fn error(&self) -> Option<ReceiveError> {
        match self.over {
            Over::Failed(kind) => Some(ReceiveError::new(kind, self.offset)),
            Over::No | Over::Closed => None,
        }
    }

    /// The side that receives.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Whether a frame or a message is under way.
    const fn is_within_message(&self) -> bool {
        self.head_len > 0 || self.frame.is_some() || self.message.is_some()
    }

    /// The payload of a Close frame that ends at the current offset.
    fn close<'b>(
        &mut self,
        payload: &'b [u8],
        input: &mut &mut [u8],
    ) -> Result<CloseReason<'b>, ReceiveError> {
        match CloseReason::decode(payload) {
            Ok(reason) => {
                self.over = Over::Closed;
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

    fn fail(&mut self, kind: Kind, after: u64) -> ReceiveError {
        self.offset += after;
        self.over = Over::Failed(kind);
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
