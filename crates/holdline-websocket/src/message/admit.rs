//! Decides, in one place, whether a frame header is allowed where it comes in a connection.

use super::{decoder::MessageDecoder, parts::Frame};
use crate::{
    error::ReceiveErrorKind as Kind,
    header::{RSV1, decode_first, decode_length, decode_second, least_length},
    mask::Mask,
    opcode::{MessageKind, Opcode},
    role::Role,
};

/// A broken rule, and the byte of the header that breaks it: the first, or the second for mask and length.
type Broken = (Kind, u64);

impl MessageDecoder {
    /// Judges what has come of a header, from its first byte on, and says how long it is when it is whole. `None`:
    /// more of it must come.
    ///
    /// The rules are in the order of the bytes that they are about. So the same rule is found broken however the bytes
    /// are cut, and as soon as its byte has come.
    #[inline]
    pub(super) fn admit(&self, bytes: &[u8]) -> Result<Option<(Frame, usize)>, Broken> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let (fin, opcode, compressed) = self.admit_first(first)?;
        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        let (masked, short) = decode_second(opcode, second).map_err(|error| (error.into(), 1))?;
        // §5.1: "The server MUST close the connection upon receiving a frame that is not masked. [...] A
        // client MUST close a connection if it detects a masked frame."
        if masked != (self.role == Role::Server) {
            return Err(match self.role {
                Role::Server => (Kind::FrameNotMasked, 1),
                Role::Client => (Kind::FrameMasked, 1),
            });
        }
        if opcode == Opcode::Close && short == 1 {
            return Err((Kind::ClosePayload, 1));
        }

        // The declared length of a compressed message is not the length that counts.
        let most = if compressed || self.message.is_some() && self.is_compressed() {
            self.limits.max_frame
        } else {
            self.limits.max_frame.min(self.left)
        };
        let length = decode_length(short, rest).map_err(|error| (error.into(), 1))?;
        let least = length.map_or_else(|| least_length(short, rest), |(length, _)| length);
        if least > most && !opcode.is_control() {
            return Err((self.exceeded(short, rest, most), 1));
        }
        let Some((remaining, rest)) = length else {
            return Ok(None);
        };
        let (mask, rest) = match (masked, rest.split_first_chunk::<4>()) {
            (false, _) => (Mask::NONE, rest),
            (true, Some((key, rest))) => (Mask::new(*key), rest),
            (true, None) => return Ok(None),
        };
        let frame = Frame {
            remaining,
            mask,
            opcode,
            fin,
            compressed,
        };
        Ok(Some((frame, bytes.len() - rest.len())))
    }

    /// FIN, the opcode, and whether a compressed message begins.
    #[inline(always)]
    fn admit_first(&self, first: u8) -> Result<(bool, Opcode, bool), Broken> {
        let (fin, reserved, opcode) = decode_first(first).map_err(|error| (error.into(), 0))?;
        let begins = matches!(opcode, Opcode::Text | Opcode::Binary);
        // RFC 7692 §6: RSV1 says that a message is compressed. It stands on its first frame only.
        let compressed = reserved == RSV1 && begins && self.may_inflate();
        if reserved != 0 && !compressed {
            return Err((Kind::ReservedBits, 0));
        }
        match self.message {
            None if opcode == Opcode::Continuation => Err((Kind::UnexpectedContinuation, 0)),
            Some(_) if begins => Err((Kind::MessageUnfinished, 0)),
            _ => Ok((fin, opcode, compressed)),
        }
    }

    /// Takes up an admitted frame.
    pub(super) fn begin(&mut self, frame: Frame) {
        match frame.opcode {
            Opcode::Text => self.message = Some(MessageKind::Text),
            Opcode::Binary => self.message = Some(MessageKind::Binary),
            _ => {}
        }
        if frame.compressed {
            self.begin_inflating();
        }
        if !frame.opcode.is_control() && !self.is_compressed() {
            self.left = self.left.saturating_sub(frame.remaining);
        }
        self.frame = Some(frame);
    }

    /// Which limit was exceeded by the first byte of the length that exceeded one.
    #[cold]
    fn exceeded(&self, short: u8, length: &[u8], most: u64) -> Kind {
        let shown = (0..=length.len().min(8))
            .map(|have| least_length(short, length.get(..have).unwrap_or_default()))
            .find(|least| *least > most);
        match shown {
            Some(least) if least <= self.limits.max_frame => Kind::MessageTooLong,
            _ => Kind::FrameTooLong,
        }
    }
}
