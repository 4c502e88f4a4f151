//! One step of the decoder: from bytes to the next piece of a message or the next control frame.
//!
//! A step never borrows the [`Buffer`], only the input; what lies in the buffer is borrowed once, by the
//! caller of `next`. So the steps can loop.

use super::{
    decoder::MessageDecoder,
    parts::{Data, End, Frame, Mode, Step, discard, take_front},
};
use crate::{
    buffer::{Buffer, Part},
    error::{ReceiveError, ReceiveErrorKind as Kind},
    event::Event,
    header::FrameHeader,
    opcode::{MessageKind, Opcode},
};

/// What goes to the buffer is unmasked, checked and copied in pieces of this many bytes, so that each is still in
/// the processor's first cache when the next of these is done.
const CACHED: usize = 16 << 10;

/// The first byte of a frame that is a whole message.
const WHOLE_TEXT: u8 = 0x80 | Opcode::Text.as_u8();
const WHOLE_BINARY: u8 = 0x80 | Opcode::Binary.as_u8();

impl MessageDecoder {
    /// The fast path for a message of one frame that lies whole in `input`: there is no state to keep
    /// in between. Everything else, including a broken rule, is left to `next`.
    #[inline]
    pub(super) fn whole<'i>(&mut self, input: &mut &'i mut [u8]) -> Option<Event<'i>> {
        let kind = match *input.first()? {
            WHOLE_TEXT => MessageKind::Text,
            WHOLE_BINARY => MessageKind::Binary,
            _ => return None,
        };
        if self.end != End::Open || self.is_within_message() {
            return None;
        }
        let (mut frame, size) = self.admit(input).ok().flatten()?;
        let length = usize::try_from(frame.remaining).ok()?;
        if length > input.len() - size {
            return None;
        }
        take_front(input, size);
        let payload = take_front(input, length);
        frame.mask.apply(payload);
        self.offset += (size + length) as u64;
        match self.checked(kind, payload, true) {
            Ok(Data::Text(piece)) => Some(Event::Text(piece.text)),
            Ok(Data::Binary(data)) => Some(Event::Binary(data)),
            // The error is kept, and the next call returns it again.
            Err(_) => None,
        }
    }

    /// The next thing to hand out. `None`: all of `input` was taken, as it is on error.
    pub(super) fn next<'i>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        mode: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        let step = match self.error() {
            Some(error) => Err(error),
            None if self.is_closed() => Ok(None),
            None => self.step(input, buffer, mode),
        };
        if self.end != End::Open {
            discard(input, buffer);
        }
        step
    }

    fn step<'i>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        mode: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        loop {
            let frame = match self.frame {
                Some(frame) => frame,
                None => match self.header(input)? {
                    Some(frame) => frame,
                    None => return Ok(None),
                },
            };
            let step = match self.message {
                _ if frame.opcode.is_control() => self.control(frame, input, buffer),
                Some(kind) if self.is_compressed() => {
                    self.inflated(kind, frame, input, buffer, mode)?
                }
                Some(kind) if frame.remaining == 0 || !input.is_empty() => {
                    Some(self.data(kind, frame, input, buffer, mode)?)
                }
                _ => None,
            };
            if step.is_some() || input.is_empty() && self.frame.is_some() {
                return Ok(step);
            }
        }
    }

    /// Reads a header, from one slice or from pieces. `None`: it is incomplete, `input` is empty.
    fn header(&mut self, input: &mut &mut [u8]) -> Result<Option<Frame>, ReceiveError> {
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
        match self.admit(bytes) {
            Ok(Some((frame, size))) => {
                take_front(input, size - kept);
                self.head_len = 0;
                self.begin(frame);
                self.offset += size as u64;
                Ok(Some(frame))
            }
            Ok(None) => {
                self.head_len = (kept + copied) as u8;
                *input = &mut [];
                Ok(None)
            }
            Err((kind, at)) => Err(self.fail(kind, at)),
        }
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
        buffer.handed_out = Part::Control;
        Some(Step::Control(frame.opcode, None))
    }

    pub(super) fn data<'i>(
        &mut self,
        kind: MessageKind,
        frame: Frame,
        input: &mut &'i mut [u8],
        buffer: &Buffer,
        mode: Mode,
    ) -> Result<Step<'i>, ReceiveError> {
        let ends_here = frame.fin && frame.remaining <= input.len() as u64;
        let most = match mode {
            // A code point that was cut becomes a piece of its own, from the buffer.
            Mode::Pieces if !self.utf8.is_complete() => self.utf8.missing(),
            Mode::Whole if !ends_here || !buffer.has_no_message() => CACHED,
            _ => usize::MAX,
        };
        let (chunk, ended) = self.payload(frame, input, most);
        let last = ended && frame.fin;
        let data = self.checked(kind, chunk, last)?;
        if last {
            self.message = None;
            self.left = self.limits.max_message;
        }
        Ok(Step::Data(data, last))
    }

    /// Checks the next part of a message. It was taken already.
    #[inline]
    fn checked<'i>(
        &mut self,
        kind: MessageKind,
        data: &'i [u8],
        last: bool,
    ) -> Result<Data<'i>, ReceiveError> {
        if kind == MessageKind::Binary {
            return Ok(Data::Binary(data));
        }
        match self.utf8.push(data) {
            Ok(_) if last && !self.utf8.is_complete() => Err(self.fail(Kind::InvalidText, 0)),
            Ok(piece) => Ok(Data::Text(piece)),
            Err(error) => {
                self.offset -= data.len() as u64;
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

#[cfg(feature = "deflate")]
impl MessageDecoder {
    pub(super) const fn may_inflate(&self) -> bool {
        self.inflater.is_some()
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.inflater
            .as_ref()
            .is_some_and(|inflater| inflater.is_active())
    }

    pub(super) fn begin_inflating(&mut self) {
        if let Some(inflater) = &mut self.inflater {
            inflater.begin(self.offset, self.limits.max_message);
        }
    }
}

/// Without the feature no message is compressed.
#[cfg(not(feature = "deflate"))]
impl MessageDecoder {
    pub(super) const fn may_inflate(&self) -> bool {
        false
    }

    pub(super) const fn is_compressed(&self) -> bool {
        false
    }

    pub(super) const fn begin_inflating(&mut self) {}

    fn inflated<'i>(
        &mut self,
        _: MessageKind,
        _: Frame,
        _: &mut &'i mut [u8],
        _: &mut Buffer,
        _: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        Ok(None)
    }
}
