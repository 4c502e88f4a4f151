//! The frame header (RFC 6455 §5.2).

use bytes::BytesMut;

use crate::opcode::Opcode;

/// A frame header: everything before the payload.
///
/// `decode` and `encode` judge what a header alone can break: reserved opcodes, control frames that are
/// fragmented or too long, lengths that are not minimal or have the highest bit. Whether the reserved
/// bits, the mask or the opcode are right at this place depends on the connection: see
/// [`MessageDecoder`](crate::MessageDecoder).
///
/// ```
/// use bytes::BytesMut;
/// use holdline_websocket::{FrameHeader, Opcode};
///
/// let (header, size) = FrameHeader::decode(b"\x89\x05Hello").unwrap().unwrap();
/// assert_eq!((header.opcode, header.payload_len, size), (Opcode::Ping, 5, 2));
///
/// let mut out = BytesMut::new();
/// header.encode(&mut out).unwrap();
/// assert_eq!(out[..], b"\x89\x05"[..]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The last (or only) frame of a message.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3 as they stand in the first byte: 0x40, 0x20 and 0x10. Zero unless an extension
    /// was negotiated.
    pub reserved: u8,
    /// What the frame carries.
    pub opcode: Opcode,
    /// The masking key: present in each frame of a client, absent from each of a server (§5.1).
    pub mask: Option<[u8; 4]>,
    /// The payload's length in bytes, at most 2^63 - 1.
    pub payload_len: u64,
}

/// The reserved bit that permessage-deflate uses (RFC 7692 §6).
pub(crate) const RSV1: u8 = 0x40;

impl FrameHeader {
    /// The largest header: two bytes, a 64-bit length and a key.
    pub const MAX_SIZE: usize = 14;

    /// Reads a header from the beginning of `bytes`, and says how many bytes it took.
    ///
    /// `Ok(None)` means that more bytes are needed.
    ///
    /// # Errors
    ///
    /// A [`HeaderError`], found at the first byte that shows it, even if the header is not complete.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeaderError> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let (fin, reserved, opcode) = decode_first(first)?;
        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        let (masked, short) = decode_second(opcode, second)?;
        let Some((payload_len, rest)) = decode_length(short, rest)? else {
            return Ok(None);
        };
        let (mask, rest) = if !masked {
            (None, rest)
        } else if let Some((key, rest)) = rest.split_first_chunk::<4>() {
            (Some(*key), rest)
        } else {
            return Ok(None);
        };
        let header = Self {
            fin,
            reserved,
            opcode,
            mask,
            payload_len,
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    /// Appends the header to `out`.
    ///
    /// # Errors
    ///
    /// A [`HeaderError`] when the header would break the rules that `decode` checks; `out` is then as it
    /// was. Bits of `reserved` other than the three are ignored.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), HeaderError> {
        if self.opcode.is_control() && !self.fin {
            return Err(HeaderError::ControlFragmented);
        }
        if self.opcode.is_control() && self.payload_len > u64::from(field::LENGTH_MAX) {
            return Err(HeaderError::ControlTooLong);
        }
        if self.payload_len >> 63 != 0 {
            return Err(HeaderError::LengthHighBit);
        }
        self.put(out);
        Ok(())
    }

    /// How many bytes `encode` appends: 2 to 14.
    #[must_use]
    #[inline]
    pub const fn size(&self) -> usize {
        let length = match self.payload_len {
            0..=0x7d => 0,
            0x7e..=0xffff => 2,
            _ => 8,
        };
        2 + length + if self.mask.is_some() { 4 } else { 0 }
    }

    /// `encode` for headers that this crate made itself and that therefore keep the rules.
    #[inline]
    pub(crate) fn put(&self, out: &mut BytesMut) {
        let fin = if self.fin { field::FIN } else { 0 };
        let first = fin | (self.reserved & field::RESERVED) | self.opcode.as_u8();
        let mask = if self.mask.is_some() { field::MASK } else { 0 };
        // §5.2: "the minimal number of bytes MUST be used to encode the length"
        if self.payload_len <= u64::from(field::LENGTH_MAX) {
            out.extend_from_slice(&[first, mask | self.payload_len as u8]);
        } else if let Ok(length) = u16::try_from(self.payload_len) {
            let [high, low] = length.to_be_bytes();
            out.extend_from_slice(&[first, mask | field::LENGTH_16, high, low]);
        } else {
            out.extend_from_slice(&[first, mask | field::LENGTH_64]);
            out.extend_from_slice(&self.payload_len.to_be_bytes());
        }
        if let Some(key) = self.mask {
            out.extend_from_slice(&key);
        }
    }
}

/// A header that no connection could accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Opcodes 3 to 7 and 11 to 15 (§5.2).
    #[error("the opcode is reserved")]
    ReservedOpcode,
    /// A control frame without FIN (§5.5).
    #[error("a control frame must not be fragmented")]
    ControlFragmented,
    /// A control frame with more than 125 bytes (§5.5).
    #[error("a control frame must not carry more than 125 bytes")]
    ControlTooLong,
    /// A length that fits a shorter form (§5.2).
    #[error("the length is not in its shortest form")]
    NonMinimalLength,
    /// A 64-bit length with its highest bit set (§5.2).
    #[error("the highest bit of a 64-bit length must be zero")]
    LengthHighBit,
}

/// FIN, the reserved bits as they stand, and the opcode.
#[inline(always)]
pub(crate) fn decode_first(byte: u8) -> Result<(bool, u8, Opcode), HeaderError> {
    let fin = byte & field::FIN != 0;
    let opcode = Opcode::from_u8(byte & field::OPCODE).ok_or(HeaderError::ReservedOpcode)?;
    if opcode.is_control() && !fin {
        return Err(HeaderError::ControlFragmented);
    }
    Ok((fin, byte & field::RESERVED, opcode))
}

/// Whether there is a key, and the length's short form, which may say that a longer one follows.
#[inline(always)]
pub(crate) fn decode_second(opcode: Opcode, byte: u8) -> Result<(bool, u8), HeaderError> {
    let short = byte & field::LENGTH;
    if opcode.is_control() && short > field::LENGTH_MAX {
        return Err(HeaderError::ControlTooLong);
    }
    Ok((byte & field::MASK != 0, short))
}

/// The payload's length and what follows it. `None`: it is not whole yet.
#[inline(always)]
pub(crate) fn decode_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, HeaderError> {
    match short {
        field::LENGTH_16 => {
            let Some((bytes, rest)) = rest.split_first_chunk() else {
                return Ok(None);
            };
            match u16::from_be_bytes(*bytes) {
                ..=LENGTH_MAX_16 => Err(HeaderError::NonMinimalLength),
                length => Ok(Some((u64::from(length), rest))),
            }
        }
        field::LENGTH_64 => {
            // Both can be seen before the last byte, and are judged then.
            if rest.first().is_some_and(|byte| byte & 0x80 != 0) {
                return Err(HeaderError::LengthHighBit);
            }
            if rest.starts_with(&[0; 6]) {
                return Err(HeaderError::NonMinimalLength);
            }
            Ok(rest
                .split_first_chunk()
                .map(|(bytes, rest)| (u64::from_be_bytes(*bytes), rest)))
        }
        _ => Ok(Some((u64::from(short), rest))),
    }
}

/// The least that the length can be when `rest` of its long form has come.
pub(crate) fn least_length(short: u8, rest: &[u8]) -> u64 {
    let size = match short {
        field::LENGTH_16 => 2,
        field::LENGTH_64 => 8,
        _ => return u64::from(short),
    };
    let bytes = rest.iter().chain(core::iter::repeat(&0)).take(size);
    bytes.fold(0, |length, byte| length << 8 | u64::from(*byte))
}

/// [`field::LENGTH_MAX`], as wide as the length of two bytes.
const LENGTH_MAX_16: u16 = field::LENGTH_MAX as u16;

/// The bits of the first two bytes.
mod field {
    /// First byte.
    pub(super) const FIN: u8 = 0x80;
    pub(super) const RESERVED: u8 = 0x70;
    pub(super) const OPCODE: u8 = 0x0f;
    /// Second byte.
    pub(super) const MASK: u8 = 0x80;
    pub(super) const LENGTH: u8 = 0x7f;
    /// The largest length that is written in the second byte itself.
    pub(super) const LENGTH_MAX: u8 = 0x7d;
    pub(super) const LENGTH_16: u8 = 0x7e;
    pub(super) const LENGTH_64: u8 = 0x7f;
}

#[cfg(test)]
mod tests;
