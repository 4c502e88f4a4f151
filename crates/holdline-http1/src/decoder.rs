//! From bytes to the items of many messages, without the bookkeeping of a connection.

use crate::body::{Body, take};
use crate::buffer::Buffer;
use crate::error::{ReceiveError, ReceiveErrorKind as Kind};
use crate::scan::{Rules, Scan};

mod request;
mod response;

pub use request::RequestDecoder;
pub use response::ResponseDecoder;

/// Where in a message the next byte is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Head(Scan),
    Body(Body),
}

impl Stage {
    /// `Ok(true)`: the end of the stream ends the message.
    fn eof(&mut self, at: u64) -> Result<bool, ReceiveError> {
        match self {
            Self::Body(body) => body.eof(at),
            Self::Head(scan) if scan.is_blank() || scan.len() == 0 => Ok(false),
            Self::Head(_) => Err(ReceiveError::new(Kind::TruncatedHead, at)),
        }
    }
}

/// Where a complete head lies.
#[derive(Clone, Copy)]
enum Place<'i> {
    Input(&'i [u8]),
    Buffer,
}

/// Takes the bytes of a head. It stays where it is when it is whole, else it is joined.
fn collect<'i>(
    scan: &mut Scan,
    rules: &Rules,
    input: &mut &'i [u8],
    buffer: &mut Buffer,
    at: &mut u64,
) -> Result<Option<Place<'i>>, ReceiveError> {
    let head_at = *at - scan.len() as u64;
    if scan.len() > 0 && (!buffer.partial || buffer.bytes.len() != scan.len()) {
        return Err(ReceiveError::new(Kind::BufferMismatch, *at));
    }
    match scan.advance(input, rules) {
        Err(fault) => {
            buffer.partial = false;
            Err(ReceiveError::new(fault.kind, head_at + fault.at as u64))
        }
        Ok(None) => {
            buffer.partial |= !input.is_empty();
            buffer.bytes.extend_from_slice(take(input, usize::MAX, at));
            Ok(None)
        }
        Ok(Some(length)) => {
            let last = take(input, length, at);
            if !buffer.partial {
                return Ok(Some(Place::Input(last)));
            }
            buffer.partial = false;
            buffer.bytes.extend_from_slice(last);
            Ok(Some(Place::Buffer))
        }
    }
}
