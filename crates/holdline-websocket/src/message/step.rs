//! One step of the decoder: from bytes to the next thing that is worth handing out.
//!
//! A step never borrows the [`Buffer`], only the input; what lies in the buffer is borrowed once, by the
//! caller of `next`. So the steps can loop.

use super::{MessageDecoder, Over, Role};
use crate::{
    buffer::{Buffer, Lent},
    error::{ReceiveError, ReceiveErrorKind as Kind},
    header::{FrameHeader, HeaderError, RSV1},
    mask::Mask,
    opcode::{MessageKind, Opcode},
    utf8::Utf8Piece,
};

/// How messages are handed out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Whole,
    Pieces,
}

/// What was found, without borrowing the buffer. The flag says whether the message ends with it.
pub(super) enum Step<'i> {
    Text(&'i str, bool),
    Binary(&'i [u8], bool),
    /// In the buffer.
    Kept(MessageKind, bool),
    /// `None`: in the buffer.
    Control(Opcode, Option<&'i [u8]>),
}

/// What goes to the buffer is unmasked, checked and copied in pieces of this many bytes, so that each is still in
/// the processor's first cache when the next of these is done.
const CACHED: usize = 16 << 10;

/// The rest of a frame whose header was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) remaining: u64,
    pub(super) mask: Mask,
    opcode: Opcode,
    pub(super) fin: bool,
}

impl MessageDecoder {
    /// The next thing to hand out. On error all of `input` is taken.
    #[inline]
    pub(super) fn next<'i>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        mode: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        buffer.give_back();
        match self.whole(input) {
            Ok(None) => self.find(input, buffer, mode),
            step => step,
        }
        .inspect_err(|_| discard(input, buffer))
    }

    /// A message of one frame that lies whole in `input`.
    ///
    /// Nearly all messages do, and are spared here what it takes to stop and go on at any byte. All else, also
    /// what breaks a rule other than that of text, is left to `find` as it was.
    #[inline]
    pub(super) fn whole<'i>(
        &mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        if self.over != Over::No || self.is_within_message() {
            return Ok(None);
        }
        let Ok(Some((header, size))) = FrameHeader::decode(input) else {
            return Ok(None);
        };
        let longest = self.limits.max_frame.min(self.limits.max_message);
        let available = input.len() - size;
        let plain = header.fin
            && header.reserved == 0
            && header.mask.is_some() == (self.role == Role::Server)
            && header.payload_len <= longest.min(available as u64);
        if !plain || !matches!(header.opcode, Opcode::Text | Opcode::Binary) {
            return Ok(None);
        }
        take_front(input, size);
        let payload = take_front(input, header.payload_len as usize);
        header.mask.map_or(Mask::NONE, Mask::new).apply(payload);
        self.offset += (size + payload.len()) as u64;
        Ok(Some(match header.opcode {
            Opcode::Text => Step::Text(self.check(payload, true)?.text, true),
            _ => Step::Binary(payload, true),
        }))
    }

    fn find<'i>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        mode: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        if self.over != Over::No {
            // The message under way will never be finished.
            discard(input, buffer);
            return self.error().map_or(Ok(None), Err);
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
            } else if self.is_compressed() {
                self.deflated(frame, input, buffer, mode)?
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
                let place = match error {
                    HeaderError::ReservedOpcode | HeaderError::ControlFragmented => 0,
                    _ => 1,
                };
                Err(self.fail(error.into(), place))
            }
        }
    }

    /// Judges a header at its place in the connection, before any payload is taken.
    fn begin(&mut self, header: &FrameHeader) -> Result<(), ReceiveError> {
        // RFC 7692 §6: RSV1 says that a message is compressed. It stands on its first frame only.
        let begins = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        let compressed = header.reserved == RSV1 && begins && self.may_inflate();
        if header.reserved != 0 && !compressed {
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
            if compressed {
                self.begin_inflating();
            }
            // What a compressed message declares is not what it will be.
            if !self.is_compressed() {
                let total = self.message_len.saturating_add(length);
                if total > self.limits.max_message {
                    return Err(self.fail(Kind::MessageTooLong, 1));
                }
                self.message_len = total;
            }
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
        let joins = mode == Mode::Whole && !self.streamed;
        let ends_here = frame.fin && frame.remaining <= input.len() as u64;
        let most = match mode {
            // A torn code point becomes a piece of its own, from the buffer.
            Mode::Pieces if !self.utf8.is_complete() => self.utf8.missing(),
            Mode::Whole if joins && !(ends_here && buffer.has_no_message()) => CACHED,
            _ => usize::MAX,
        };
        let (chunk, ended) = self.payload(frame, input, most);
        let last = ended && frame.fin;

        let step = match self.message {
            Some(MessageKind::Text) => {
                let piece = self.check(chunk, last)?;
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

    /// Checks the next part of a text message. It was taken already.
    fn check<'i>(&mut self, text: &'i [u8], last: bool) -> Result<Utf8Piece<'i>, ReceiveError> {
        match self.utf8.push(text) {
            Ok(_) if last && !self.utf8.is_complete() => Err(self.fail(Kind::InvalidText, 0)),
            Ok(piece) => Ok(piece),
            Err(error) => {
                self.offset -= text.len() as u64;
                Err(self.fail(Kind::InvalidText, error.at as u64))
            }
        }
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

#[cfg(feature = "deflate")]
impl MessageDecoder {
    const fn may_inflate(&self) -> bool {
        self.inflater.is_some()
    }

    fn is_compressed(&self) -> bool {
        self.inflater
            .as_ref()
            .is_some_and(|inflater| inflater.is_active())
    }

    fn begin_inflating(&mut self) {
        if let Some(inflater) = &mut self.inflater {
            inflater.begin(self.offset, self.limits.max_message);
        }
    }
}

/// Without the feature no message is compressed.
#[cfg(not(feature = "deflate"))]
impl MessageDecoder {
    const fn may_inflate(&self) -> bool {
        false
    }

    const fn is_compressed(&self) -> bool {
        false
    }

    const fn begin_inflating(&mut self) {}

    fn deflated<'i>(
        &mut self,
        _: Frame,
        _: &mut &'i mut [u8],
        _: &mut Buffer,
        _: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        Ok(None)
    }
}

/// After an error and the end nothing is kept.
#[cold]
pub(crate) fn discard(input: &mut &mut [u8], buffer: &mut Buffer) {
    *buffer = Buffer::new();
    *input = &mut [];
}

/// Shortens `input` by at most `most` bytes from the front, and returns them.
#[inline]
pub(super) fn take_front<'i>(input: &mut &'i mut [u8], most: usize) -> &'i mut [u8] {
    let all = core::mem::take(input);
    let (front, rest) = all.split_at_mut(most.min(all.len()));
    *input = rest;
    front
}
