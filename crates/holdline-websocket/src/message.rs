//! From bytes to messages: frames, fragments, text and limits, for one receiving role.

use crate::{
    buffer::{Buffer, Lent},
    close::CloseReason,
    error::{ReceiveError, ReceiveErrorKind as Kind},
    header::{FrameHeader, HeaderError},
    limits::Limits,
    mask::Mask,
    opcode::{MessageKind, Opcode},
    utf8::Utf8Validator,
};

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
/// everything else is taken and discarded: such data "must be discarded" by RFC 6455 §1.4.
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
    /// Of the next byte; while a header is incomplete, of its first byte.
    offset: u64,
    /// Total length of the frames of the message under way, the current one included.
    message_len: u64,
    error: Option<ReceiveError>,
    frame: Option<Frame>,
    /// An incomplete header.
    head: [u8; FrameHeader::MAX_SIZE],
    head_len: u8,
    utf8: Utf8Validator,
    message: Option<MessageKind>,
    /// A piece of the message under way was handed out, so that it cannot be joined any more.
    streamed: bool,
    closed: bool,
    role: Role,
}

/// The rest of a frame whose header was read.
#[derive(Clone, Copy, Debug)]
struct Frame {
    remaining: u64,
    mask: Mask,
    opcode: Opcode,
    fin: bool,
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
            error: None,
            frame: None,
            head: [0; FrameHeader::MAX_SIZE],
            head_len: 0,
            utf8: Utf8Validator::new(),
            message: None,
            streamed: false,
            closed: false,
            role,
        }
    }

    /// Takes bytes from the front of `input` up to the end of the next whole message or control frame.
    ///
    /// `Ok(None)`: all of `input` was taken, and more is needed. If pieces of the message under way were
    /// handed out by [`decode_piece`](Self::decode_piece), the rest of it is checked and dropped.
    ///
    /// # Errors
    ///
    /// The rule that the peer broke, now and in every later call.
    pub fn decode<'b, 'i: 'b>(
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
                    _ => Message::Close(self.close(payload)?),
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
    /// The rule that the peer broke, now and in every later call.
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
                    _ => Piece::Close(self.close(payload)?),
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
        if let Some(error) = self.error {
            return Err(error);
        }
        let unfinished = self.head_len > 0 || self.frame.is_some() || self.message.is_some();
        if unfinished && !self.closed {
            return Err(self.fail(Kind::UnexpectedEof, u64::from(self.head_len)));
        }
        Ok(())
    }

    /// Whether the peer's Close frame was handed out.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The error that ended the decoding.
    #[must_use]
    pub const fn error(&self) -> Option<ReceiveError> {
        self.error
    }

    /// The side that receives.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    fn next<'i>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        mode: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        buffer.give_back();
        if self.closed {
            *input = &mut [];
            return Ok(None);
        }
        if mode == Mode::Pieces
            && let Some(kind) = self.message
            && !buffer.has_no_message()
        {
            // The caller joined until now and streams from here on.
            self.streamed = true;
            buffer.lent = Lent::Message;
            return Ok(Some(Step::Kept(kind, false)));
        }
        loop {
            let Some(frame) = self.frame else {
                if self.read_header(input)? {
                    continue;
                }
                return Ok(None);
            };
            let step = if frame.opcode.is_control() {
                self.control(frame, input, buffer)
            } else {
                self.data(frame, input, buffer, mode)?
            };
            if step.is_some() {
                return Ok(step);
            }
            if self.frame.is_some() && input.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Reads a header, from one slice or from pieces. `false`: it is incomplete, `input` is empty.
    fn read_header(&mut self, input: &mut &mut [u8]) -> Result<bool, ReceiveError> {
        let kept = usize::from(self.head_len);
        let mut copied = 0;
        if kept > 0 || input.len() < FrameHeader::MAX_SIZE {
            let free = self.head.get_mut(kept..).unwrap_or_default();
            for (place, &byte) in free.iter_mut().zip(input.iter()) {
                *place = byte;
                copied += 1;
            }
        }
        let bytes = if copied > 0 {
            self.head.get(..kept + copied).unwrap_or_default()
        } else {
            &**input
        };
        match FrameHeader::decode(bytes) {
            Ok(Some((header, size))) => {
                take_front(input, size - kept);
                self.head_len = 0;
                self.begin(&header)?;
                self.offset += size as u64;
                Ok(true)
            }
            Ok(None) => {
                self.head_len = (kept + copied) as u8;
                *input = &mut [];
                Ok(false)
            }
            Err(error) => {
                let second = match error {
                    HeaderError::ReservedOpcode | HeaderError::ControlFragmented => 0,
                    _ => 1,
                };
                Err(self.fail(error.into(), second))
            }
        }
    }

    /// Judges a header at its place in the connection, before any payload is taken.
    fn begin(&mut self, header: &FrameHeader) -> Result<(), ReceiveError> {
        if header.reserved & !extension_bits(header.opcode) != 0 {
            return Err(self.fail(Kind::ReservedBits, 0));
        }
        // §5.1: "The server MUST close the connection upon receiving a frame that is not masked. [...] A
        // client MUST close a connection if it detects a masked frame."
        match (self.role, header.mask) {
            (Role::Server, None) => return Err(self.fail(Kind::FrameNotMasked, 1)),
            (Role::Client, Some(_)) => return Err(self.fail(Kind::FrameMasked, 1)),
            _ => {}
        }
        let length = header.payload_len;
        let kind = match header.opcode {
            Opcode::Close if length == 1 => return Err(self.fail(Kind::ClosePayload, 1)),
            Opcode::Close | Opcode::Ping | Opcode::Pong => None,
            Opcode::Continuation if self.message.is_none() => {
                return Err(self.fail(Kind::UnexpectedContinuation, 0));
            }
            Opcode::Continuation => self.message,
            Opcode::Text | Opcode::Binary if self.message.is_some() => {
                return Err(self.fail(Kind::MessageUnfinished, 0));
            }
            Opcode::Text => Some(MessageKind::Text),
            Opcode::Binary => Some(MessageKind::Binary),
        };
        if kind.is_some() {
            if length > self.limits.max_frame {
                return Err(self.fail(Kind::FrameTooLong, 1));
            }
            let total = self.message_len.saturating_add(length);
            if total > self.limits.max_message {
                return Err(self.fail(Kind::MessageTooLong, 1));
            }
            self.message_len = total;
            self.message = kind;
        }
        self.frame = Some(Frame {
            remaining: length,
            mask: header.mask.map_or(Mask::NONE, Mask::new),
            opcode: header.opcode,
            fin: header.fin,
        });
        Ok(())
    }

    fn control<'i>(
        &mut self,
        frame: Frame,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
    ) -> Option<Step<'i>> {
        let (chunk, ended) = self.payload(frame, input, usize::MAX);
        if ended && buffer.control.is_empty() {
            return Some(Step::Control(frame.opcode, Some(chunk)));
        }
        buffer.control.extend_from_slice(chunk);
        if !ended {
            return None;
        }
        buffer.lent = Lent::Control;
        Some(Step::Control(frame.opcode, None))
    }

    fn data<'i>(
        &mut self,
        frame: Frame,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        mode: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        let most = match mode {
            // A torn code point becomes a piece of its own, from the buffer.
            Mode::Pieces if !self.utf8.is_complete() => self.utf8.missing(),
            _ => usize::MAX,
        };
        let before = self.offset;
        let (chunk, ended) = self.payload(frame, input, most);
        let last = ended && frame.fin;
        let joins = mode == Mode::Whole && !self.streamed;

        let step = match self.message {
            Some(MessageKind::Text) => {
                let piece = match self.utf8.push(chunk) {
                    Ok(piece) => piece,
                    Err(e) => {
                        self.offset = before;
                        return Err(self.fail(Kind::InvalidText, e.at as u64));
                    }
                };
                if last && !self.utf8.is_complete() {
                    return Err(self.fail(Kind::InvalidText, 0));
                }
                if piece.first.is_none() && (!joins || (last && buffer.has_no_message())) {
                    Step::Text(piece.text, last)
                } else {
                    if joins || mode == Mode::Pieces {
                        buffer.text.extend(piece.first);
                        buffer.text.push_str(piece.text);
                    }
                    Step::Kept(MessageKind::Text, last)
                }
            }
            _ if !joins || (last && buffer.has_no_message()) => Step::Binary(chunk, last),
            _ => {
                buffer.binary.extend_from_slice(chunk);
                Step::Kept(MessageKind::Binary, last)
            }
        };

        let ready = match mode {
            Mode::Whole => last && joins,
            Mode::Pieces => last || !step.is_empty(),
        };
        self.streamed = !last && (self.streamed || mode == Mode::Pieces);
        if last {
            self.message = None;
            self.message_len = 0;
        }
        if !ready {
            return Ok(None);
        }
        if let Step::Kept(..) = step {
            buffer.lent = Lent::Message;
        }
        Ok(Some(step))
    }

    /// Takes and unmasks what `input` has of the frame's payload, at most `most` bytes, and says whether
    /// the frame ends with it.
    fn payload<'i>(
        &mut self,
        mut frame: Frame,
        input: &mut &'i mut [u8],
        most: usize,
    ) -> (&'i [u8], bool) {
        let remaining = usize::try_from(frame.remaining).unwrap_or(usize::MAX);
        let chunk = take_front(input, remaining.min(most));
        frame.mask.apply(chunk);
        frame.remaining -= chunk.len() as u64;
        self.offset += chunk.len() as u64;
        let ended = frame.remaining == 0;
        self.frame = (!ended).then_some(frame);
        (chunk, ended)
    }

    /// The payload of a Close frame that ends at the current offset.
    fn close<'b>(&mut self, payload: &'b [u8]) -> Result<CloseReason<'b>, ReceiveError> {
        match CloseReason::decode(payload) {
            Ok(reason) => {
                self.closed = true;
                Ok(reason)
            }
            Err((kind, at)) => {
                self.offset -= payload.len() as u64;
                Err(self.fail(kind, at as u64))
            }
        }
    }

    fn fail(&mut self, kind: Kind, after: u64) -> ReceiveError {
        let error = ReceiveError::new(kind, self.offset + after);
        self.error = Some(error);
        error
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Whole,
    Pieces,
}

/// What was found, without borrowing the buffer. The flag says whether the message ends with it.
enum Step<'i> {
    Text(&'i str, bool),
    Binary(&'i [u8], bool),
    /// In the buffer.
    Kept(MessageKind, bool),
    /// `None`: in the buffer.
    Control(Opcode, Option<&'i [u8]>),
}

impl Step<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text, _) => text.is_empty(),
            Self::Binary(data, _) => data.is_empty(),
            Self::Kept(..) | Self::Control(..) => false,
        }
    }
}

/// The reserved bits that a negotiated extension gives a meaning on frames of this kind. None does yet.
const fn extension_bits(_: Opcode) -> u8 {
    0x00
}

/// Shortens `input` by at most `most` bytes from the front, and returns them.
fn take_front<'i>(input: &mut &'i mut [u8], most: usize) -> &'i mut [u8] {
    let all = core::mem::take(input);
    let (front, rest) = all.split_at_mut(most.min(all.len()));
    *input = rest;
    front
}
