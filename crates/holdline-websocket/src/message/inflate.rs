//! Compressed messages (RFC 7692 §7.2.2) in the decoder.

use alloc::boxed::Box;

use super::{
    decoder::MessageDecoder,
    parts::{Frame, HandedOut, Mode, Step, take_front},
};
use crate::{
    buffer::Buffer,
    deflate::{Deflate, Inflated, Inflater},
    error::{ReceiveError, ReceiveErrorKind as Kind},
    header::RSV1,
    opcode::MessageKind,
    role::Role,
    utf8::Utf8Validator,
};

/// Pieces of a compressed message have about this many bytes, when the input has them.
const PIECE: usize = 4 << 10;

/// How many bytes are unmasked at a time. What is inflated of them comes in one piece, if the window has room for it.
const STEP: usize = 4 << 10;

impl MessageDecoder {
    /// Understands compressed messages as agreed in the handshake.
    #[must_use]
    pub fn with_deflate(mut self, deflate: &Deflate) -> Self {
        let sender = match self.role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        self.inflater = Some(Box::new(Inflater::new(deflate, sender)));
        self
    }

    /// Whether compressed messages are understood.
    #[must_use]
    pub const fn inflates(&self) -> bool {
        self.inflater.is_some()
    }

    /// As [`Connection::inflating`](crate::Connection::inflating).
    #[must_use]
    pub fn inflating(&self) -> usize {
        let inflater = self.inflater.as_ref();
        inflater.map_or(0, |inflater| inflater.memory())
    }

    /// Takes what `input` has of a frame of a compressed message.
    ///
    /// What is inflated always goes through the [`Buffer`], checked in its order: text, then the limit, then
    /// whether what follows is DEFLATE at all. So the first thing that is wrong is the same for every split.
    pub(super) fn inflated<'i>(
        &mut self,
        kind: MessageKind,
        mut frame: Frame,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        mode: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        let keeps = self.handed_out != HandedOut::Abandoned;
        loop {
            let has_piece = mode == Mode::Pieces && !buffer.has_no_message();
            if has_piece && buffer.message_len() >= PIECE {
                return Ok(Some(Step::Kept(kind, false)));
            }
            if self.has_more() {
                self.inflate(&[], buffer, kind, keeps)?;
                self.frame = Some(frame);
            } else if frame.remaining > 0 && !input.is_empty() {
                let taken = self.unmask_and_inflate(&mut frame, input, buffer, kind, keeps)?;
                take_front(input, taken);
                self.offset += taken as u64;
                self.frame = Some(frame);
            } else if frame.remaining > 0 || !frame.fin {
                self.frame = (frame.remaining > 0).then_some(frame);
                return Ok(has_piece.then_some(Step::Kept(kind, false)));
            } else if self.inflate_end(input, buffer, kind, keeps)? {
                self.frame = None;
                self.message = None;
                if kind == MessageKind::Text && !self.utf8.is_complete() {
                    return Err(self.fail_message(Kind::InvalidText));
                }
                if !keeps {
                    self.handed_out = HandedOut::Nothing;
                }
                return Ok(keeps.then_some(Step::Kept(kind, true)));
            }
        }
    }

    fn has_more(&self) -> bool {
        let inflater = self.inflater.as_ref();
        inflater.is_some_and(|inflater| inflater.has_more())
    }

    /// Inflates what `input` has of the frame, as far as one step goes, and says how many bytes that took.
    fn unmask_and_inflate(
        &mut self,
        frame: &mut Frame,
        input: &mut [u8],
        buffer: &mut Buffer,
        kind: MessageKind,
        keeps: bool,
    ) -> Result<usize, ReceiveError> {
        let remaining = usize::try_from(frame.remaining).unwrap_or(usize::MAX);
        let most = input.len().min(remaining).min(STEP);
        let bytes = input.get_mut(..most).unwrap_or_default();
        let mut mask = frame.mask;
        mask.apply(bytes);
        let taken = self.inflate(bytes, buffer, kind, keeps)?;
        frame.mask.skip(taken);
        frame.remaining -= taken as u64;
        if let Some(rest) = bytes.get_mut(taken..) {
            // The window had no room for it. It is unmasked again when its turn comes.
            let mut mask = frame.mask;
            mask.apply(rest);
        }
        Ok(taken)
    }

    /// One step: the next bytes of the payload. Says how many were taken.
    fn inflate(
        &mut self,
        payload: &[u8],
        buffer: &mut Buffer,
        kind: MessageKind,
        keeps: bool,
    ) -> Result<usize, ReceiveError> {
        let Some(inflater) = &mut self.inflater else {
            return Ok(0);
        };
        let left = inflater.left;
        let inflated = inflater.inflate(payload);
        let used = inflated.used;
        let kept = keep(inflated, left, &mut self.utf8, buffer, kind, keeps);
        self.count(kept)?;
        Ok(used)
    }

    /// One step of what comes after the payload. Says whether the message is over; `input` is what follows it.
    fn inflate_end(
        &mut self,
        input: &[u8],
        buffer: &mut Buffer,
        kind: MessageKind,
        keeps: bool,
    ) -> Result<bool, ReceiveError> {
        let Some(inflater) = &mut self.inflater else {
            return Ok(true);
        };
        // If it does not begin a compressed message, nothing of it is decoded: RSV1 has no other meaning.
        let another = input.first().is_some_and(|first| first & RSV1 != 0);
        let left = inflater.left;
        let Some(inflated) = inflater.inflate_end(another) else {
            return Ok(true);
        };
        let kept = keep(inflated, left, &mut self.utf8, buffer, kind, keeps);
        self.count(kept)?;
        Ok(false)
    }

    /// Notes how many bytes the message may still have.
    fn count(&mut self, kept: Result<u64, Kind>) -> Result<(), ReceiveError> {
        match (kept, &mut self.inflater) {
            (Ok(left), Some(inflater)) => inflater.left = left,
            (Ok(_), None) => {}
            (Err(kind), _) => return Err(self.fail_message(kind)),
        }
        Ok(())
    }

    /// Once it is inflated nobody knows which byte of the input was wrong, so the error is at the start of the message.
    fn fail_message(&mut self, kind: Kind) -> ReceiveError {
        if let Some(inflater) = &self.inflater {
            self.offset = inflater.at;
        }
        self.fail(kind, 0)
    }
}

/// Appends what was inflated to the message, of which `left` bytes may come, and says how many may still come. Or what
/// is wrong first.
fn keep(
    inflated: Inflated<'_>,
    left: u64,
    utf8: &mut Utf8Validator,
    buffer: &mut Buffer,
    kind: MessageKind,
    keeps: bool,
) -> Result<u64, Kind> {
    let output = inflated.output;
    let within = usize::try_from(left).map_or(output.len(), |left| output.len().min(left));
    let good = output.get(..within).unwrap_or_default();
    if kind == MessageKind::Text {
        let piece = utf8.push(good).map_err(|_| Kind::InvalidText)?;
        if keeps {
            buffer.text.extend(piece.first);
            buffer.text.push_str(piece.text);
        }
    } else if keeps {
        buffer.binary.extend_from_slice(good);
    }
    if within < output.len() {
        return Err(Kind::MessageTooLong);
    }
    if inflated.failed {
        return Err(Kind::InvalidDeflate);
    }
    Ok(left - within as u64)
}
