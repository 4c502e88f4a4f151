//! Compressed messages (RFC 7692 §7.2.2) in the decoder.

use alloc::boxed::Box;

use super::{
    decoder::MessageDecoder,
    parts::{Frame, HandedOut, Mode, Step, take_front},
};
use crate::{
    buffer::Buffer,
    deflate::{Deflate, Inflater},
    error::{ReceiveError, ReceiveErrorKind as Kind},
    opcode::MessageKind,
    role::Role,
};

/// Pieces of a compressed message have about this many bytes, when the input has them.
const PIECE: usize = 4 << 10;

/// How many bytes are unmasked at a time.
const STEP: usize = 512;

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
                self.inflate(Some(&[]), buffer, kind, keeps)?;
                self.frame = Some(frame);
            } else if frame.remaining > 0 && !input.is_empty() {
                let mut block = [0; STEP];
                let used = self.inflate(
                    Some(unmasked(&frame, input, &mut block)),
                    buffer,
                    kind,
                    keeps,
                )?;
                let taken = take_front(input, used.unwrap_or(0));
                frame.mask.apply(taken);
                frame.remaining -= taken.len() as u64;
                self.offset += taken.len() as u64;
                self.frame = Some(frame);
            } else if frame.remaining > 0 || !frame.fin {
                self.frame = (frame.remaining > 0).then_some(frame);
                return Ok(has_piece.then_some(Step::Kept(kind, false)));
            } else if self.inflate(None, buffer, kind, keeps)?.is_none() {
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

    /// One step: the next bytes of the payload, or (`None`) of what comes after it. Says how many bytes were
    /// taken; `None` when the message is over.
    fn inflate(
        &mut self,
        payload: Option<&[u8]>,
        buffer: &mut Buffer,
        kind: MessageKind,
        keeps: bool,
    ) -> Result<Option<usize>, ReceiveError> {
        let Some(inflater) = &mut self.inflater else {
            return Ok(None);
        };
        let left = inflater.left;
        let inflated = match payload {
            Some(payload) => inflater.inflate(payload),
            None => match inflater.inflate_end() {
                Some(inflated) => inflated,
                None => return Ok(None),
            },
        };
        let output = inflated.output;
        let within = usize::try_from(left).map_or(output.len(), |left| output.len().min(left));
        let good = output.get(..within).unwrap_or_default();
        let mut wrong = None;
        if kind == MessageKind::Text {
            match self.utf8.push(good) {
                Ok(piece) if keeps => {
                    buffer.text.extend(piece.first);
                    buffer.text.push_str(piece.text);
                }
                Ok(_) => {}
                Err(_) => wrong = Some(Kind::InvalidText),
            }
        } else if keeps {
            buffer.binary.extend_from_slice(good);
        }
        if within < output.len() {
            wrong = wrong.or(Some(Kind::MessageTooLong));
        } else if inflated.failed {
            wrong = wrong.or(Some(Kind::InvalidDeflate));
        }
        let used = inflated.used;
        inflater.left = left - within as u64;
        match wrong {
            Some(kind) => Err(self.fail_message(kind)),
            None => Ok(Some(used)),
        }
    }

    /// Once it is inflated nobody knows which byte of the input was wrong, so the error is at the start of the message.
    fn fail_message(&mut self, kind: Kind) -> ReceiveError {
        if let Some(inflater) = &self.inflater {
            self.offset = inflater.at;
        }
        self.fail(kind, 0)
    }
}

/// What `input` has of the frame, as much as fits into `block`, unmasked in this copy: how much of it is taken is known
/// only after it was inflated.
fn unmasked<'a>(frame: &Frame, input: &[u8], block: &'a mut [u8; STEP]) -> &'a [u8] {
    let remaining = usize::try_from(frame.remaining).unwrap_or(usize::MAX);
    let mut size = 0;
    for (place, byte) in block.iter_mut().zip(input.iter().take(remaining)) {
        *place = *byte;
        size += 1;
    }
    let block = block.get_mut(..size).unwrap_or_default();
    let mut mask = frame.mask;
    mask.apply(block);
    block
}
