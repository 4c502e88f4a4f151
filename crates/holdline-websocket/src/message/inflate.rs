//! Compressed messages (RFC 7692 §7.2.2) in the decoder.

use alloc::boxed::Box;

use super::{
    MessageDecoder, Role,
    step::{Frame, Mode, Step, take_front},
};
use crate::{
    buffer::{Buffer, Lent},
    deflate::{Deflate, Inflater},
    error::{ReceiveError, ReceiveErrorKind as Kind},
    opcode::MessageKind,
};

/// Pieces of a compressed message have about this many bytes, when the input has them.
const PIECE: usize = 4 << 10;

/// How many bytes are unmasked at a time. How much of the input is taken is known only after it was inflated, so they
/// are unmasked in a copy.
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

    /// Takes what `input` has of a frame of a compressed message.
    ///
    /// What is inflated always goes through the [`Buffer`], checked in its order: text, then the limit, then
    /// whether what follows is DEFLATE at all. So the first thing that is wrong is the same for every split.
    pub(super) fn deflated<'i>(
        &mut self,
        mut frame: Frame,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        mode: Mode,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        let kind = self.message.unwrap_or(MessageKind::Binary);
        let keeps = mode == Mode::Pieces || !self.streamed;
        let streamed = self.streamed || mode == Mode::Pieces;
        let kept = |buffer: &mut Buffer, last| {
            buffer.lent = Lent::Message;
            Ok(Some(Step::Kept(kind, last)))
        };
        loop {
            let has_piece = mode == Mode::Pieces && !buffer.has_no_message();
            if has_piece && buffer.message_len() >= PIECE {
                self.streamed = true;
                return kept(buffer, false);
            }
            if self
                .inflater
                .as_ref()
                .is_some_and(|inflater| inflater.has_more())
            {
                self.inflate(Some(&[]), buffer, kind, keeps)?;
                self.frame = Some(frame);
                continue;
            }
            if frame.remaining > 0 && input.is_empty() || frame.remaining == 0 && !frame.fin {
                self.frame = (frame.remaining > 0).then_some(frame);
                self.streamed = streamed;
                return if has_piece {
                    kept(buffer, false)
                } else {
                    Ok(None)
                };
            }
            if frame.remaining > 0 {
                let remaining = usize::try_from(frame.remaining).unwrap_or(usize::MAX);
                let mut block = [0; STEP];
                let mut size = 0;
                for (place, byte) in block.iter_mut().zip(input.iter().take(remaining)) {
                    *place = *byte;
                    size += 1;
                }
                let block = block.get_mut(..size).unwrap_or_default();
                let mut mask = frame.mask;
                mask.apply(block);
                let used = self.inflate(Some(block), buffer, kind, keeps)?.unwrap_or(0);
                let taken = take_front(input, used);
                frame.mask.apply(taken);
                frame.remaining -= used as u64;
                self.offset += used as u64;
                self.frame = Some(frame);
            } else if self.inflate(None, buffer, kind, keeps)?.is_none() {
                self.frame = None;
                self.message = None;
                let dropped = !keeps;
                self.streamed = false;
                if kind == MessageKind::Text && !self.utf8.is_complete() {
                    return Err(self.fail_message(Kind::InvalidText));
                }
                return if dropped {
                    Ok(None)
                } else {
                    kept(buffer, true)
                };
            }
        }
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

    /// Which byte of the input is to blame is not known once it is inflated, so it is the message.
    fn fail_message(&mut self, kind: Kind) -> ReceiveError {
        if let Some(inflater) = &self.inflater {
            self.offset = inflater.at;
        }
        self.fail(kind, 0)
    }
}
