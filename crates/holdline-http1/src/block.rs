//! Field lines to be sent: checked once, then written in one go.

mod dated;

use bytes::{Bytes, BytesMut};

pub use self::dated::Dated;
use crate::error::{SendError, SendErrorKind};
use crate::trailer;
use crate::wire::class;
use crate::wire::field::{self, KEEP_ALIVE, Special, UPGRADE};
use crate::wire::target::Authority;

/// Field lines for a head or trailer section.
///
/// Implemented for arrays, slices and vectors of `(name, value)` pairs, for `()` (no field),
/// [`HeaderBlock`], [`Dated`], `Option` of these, references to them, tuples of two of them, and with
/// feature `http` for `http::HeaderMap`:
///
/// ```
/// use holdline_http1::{Fields, HeaderBlock};
///
/// fn takes(_: impl Fields) {}
/// takes([("Content-Type", "text/plain")]);
/// let common = HeaderBlock::new([("Server", "holdline")])?;
/// takes((&common, vec![("X-Id", b"1".to_vec())]));
/// # Ok::<(), holdline_http1::SendError>(())
/// ```
///
/// Names must be tokens and values free of control characters. `Content-Length` and
/// `Transfer-Encoding` are refused: the connection writes them from the body's length.
/// `Connection` may be given; its `close` is obeyed, and what the connection must say itself
/// is added: also the options that `Upgrade`, `TE` and `Keep-Alive` need beside them
/// (RFC 9110 §7.6.1). `TE` must not list `chunked` (RFC 9112 §7.4).
pub trait Fields: sealed::Sealed {}

/// Field lines that were checked and laid out once, to be written often. A clone is cheap.
///
/// ```
/// use holdline_http1::HeaderBlock;
///
/// let block = HeaderBlock::new([("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")])?;
/// assert_eq!(&block.as_bytes()[..25], b"Cache-Control: no-store\r\n");
/// assert!(HeaderBlock::new([("X", "a\r\nSet-Cookie: b")]).is_err());
/// # Ok::<(), holdline_http1::SendError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderBlock {
    bytes: Bytes,
    seen: Seen,
}

impl HeaderBlock {
    /// Checks the fields and lays them out.
    ///
    /// # Errors
    ///
    /// A name that is no token, a value with a control character, or a framing field.
    pub fn new<N, V>(fields: impl IntoIterator<Item = (N, V)>) -> Result<Self, SendError>
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut out = BytesMut::new();
        let mut writer = Writer {
            part: Part::Block,
            ..Writer::head(&mut out)
        };
        for (name, value) in fields {
            writer.field(name.as_ref(), value.as_ref())?;
        }
        let seen = writer.seen;
        Ok(Self {
            bytes: out.freeze(),
            seen,
        })
    }

    /// The field lines as they are written, each with its CRLF.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// What was among the fields that a caller gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Options in Connection: `CLOSE`, `KEEP_ALIVE`, `UPGRADE`, `TE`.
    pub(crate) connection: u8,
    /// Those of them that other fields need beside them.
    needed: u8,
    pub(crate) hosts: u8,
    pub(crate) bad_host: bool,
    pub(crate) expect_continue: bool,
    pub(crate) date: bool,
    forbidden_trailer: bool,
}

impl Seen {
    pub(crate) const fn has_upgrade(self) -> bool {
        self.needed & UPGRADE != 0
    }

    /// Options that Connection must have beside those that the caller gave. `keep-alive` is not one
    /// of them when the connection closes: the two would contradict each other.
    pub(crate) const fn missing_options(self, closes: bool) -> u8 {
        let missing = self.needed & !self.connection;
        if closes {
            missing & !KEEP_ALIVE
        } else {
            missing
        }
    }
}

/// Appends field lines and notes those that bind the connection. Who calls it takes back what
/// was appended when an error comes.
#[derive(Debug)]
#[doc(hidden)]
#[allow(unnameable_types, reason = "only the sealed trait names it")]
pub struct Writer<'o> {
    out: &'o mut BytesMut,
    part: Part,
    pub(crate) seen: Seen,
}

/// Where the lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Trailers,
    /// Either: it is not known yet.
    Block,
}

impl<'o> Writer<'o> {
    pub(crate) fn head(out: &'o mut BytesMut) -> Self {
        Self {
            out,
            part: Part::Head,
            seen: Seen::default(),
        }
    }

    pub(crate) fn trailers(out: &'o mut BytesMut) -> Self {
        Self {
            part: Part::Trailers,
            ..Self::head(out)
        }
    }

    pub(crate) fn write(&mut self, fields: &impl Fields) -> Result<(), SendError> {
        fields.append(self)
    }

    pub(crate) fn field(&mut self, name: &str, value: &[u8]) -> Result<(), SendError> {
        if !class::is_token_text(name.as_bytes()) {
            return Err(SendErrorKind::InvalidFieldName.into());
        }
        if !value.iter().all(|&byte| class::is_value(byte)) {
            return Err(SendErrorKind::InvalidFieldValue.into());
        }
        self.note(name, value)?;
        self.out.reserve(name.len() + value.len() + 4);
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn note(&mut self, name: &str, value: &[u8]) -> Result<(), SendError> {
        let seen = &mut self.seen;
        if self.part != Part::Head && trailer::is_forbidden(name.as_bytes()) {
            if self.part == Part::Trailers {
                return Err(SendErrorKind::ForbiddenTrailer.into());
            }
            seen.forbidden_trailer = true;
        }
        seen.needed |= field::option_beside(name.as_bytes());
        // RFC 9112 §7.4: "A client MUST NOT send the chunked transfer coding name in TE".
        if name.eq_ignore_ascii_case("te") && field::te_has_chunked(value) {
            return Err(SendErrorKind::ChunkedInTe.into());
        }
        seen.date |= name.len() == 4 && name.eq_ignore_ascii_case("date");
        match Special::of(name.as_bytes()) {
            None | Some(Special::Upgrade) => {}
            Some(Special::Host) => {
                seen.hosts = seen.hosts.saturating_add(1);
                seen.bad_host |= Authority::parse(class::trim(value)).is_none();
            }
            Some(Special::Expect) => seen.expect_continue |= field::expects_continue(value),
            Some(Special::Connection) => seen.connection |= field::connection_options(value),
            Some(Special::ContentLength | Special::TransferEncoding) => {
                return Err(SendErrorKind::FramingField.into());
            }
        }
        Ok(())
    }

    #[inline]
    fn block(&mut self, block: &HeaderBlock) -> Result<(), SendError> {
        let other = block.seen;
        if self.part == Part::Trailers && other.forbidden_trailer {
            return Err(SendErrorKind::ForbiddenTrailer.into());
        }
        self.seen.connection |= other.connection;
        self.seen.needed |= other.needed;
        self.seen.hosts = self.seen.hosts.saturating_add(other.hosts);
        self.seen.bad_host |= other.bad_host;
        self.seen.expect_continue |= other.expect_continue;
        self.seen.date |= other.date;
        self.out.extend_from_slice(&block.bytes);
        Ok(())
    }

    /// Removes so many of the bytes that were written, from `start` on.
    fn take_out(&mut self, start: usize, length: usize) {
        let after = self.out.split_off(start + length);
        self.out.truncate(start);
        self.out.unsplit(after);
    }
}

pub(crate) mod sealed {
    use super::Writer;
    use crate::error::SendError;

    #[allow(unnameable_types, reason = "this is what seals the trait")]
    pub trait Sealed {
        #[doc(hidden)]
        fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError>;
    }
}

use sealed::Sealed;

impl Fields for () {}
impl Sealed for () {
    fn append(&self, _: &mut Writer<'_>) -> Result<(), SendError> {
        Ok(())
    }
}

impl Fields for HeaderBlock {}
impl Sealed for HeaderBlock {
    #[inline]
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        writer.block(self)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Fields for [(N, V)] {}
impl<N: AsRef<str>, V: AsRef<[u8]>> Sealed for [(N, V)] {
    #[inline]
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        self.iter()
            .try_for_each(|(name, value)| writer.field(name.as_ref(), value.as_ref()))
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const K: usize> Fields for [(N, V); K] {}
impl<N: AsRef<str>, V: AsRef<[u8]>, const K: usize> Sealed for [(N, V); K] {
    #[inline]
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        self.as_slice().append(writer)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Fields for alloc::vec::Vec<(N, V)> {}
impl<N: AsRef<str>, V: AsRef<[u8]>> Sealed for alloc::vec::Vec<(N, V)> {
    #[inline]
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        self.as_slice().append(writer)
    }
}

impl<A: Fields, B: Fields> Fields for (A, B) {}
impl<A: Fields, B: Fields> Sealed for (A, B) {
    #[inline]
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        self.0.append(writer)?;
        self.1.append(writer)
    }
}

impl<F: Fields> Fields for Option<F> {}
impl<F: Fields> Sealed for Option<F> {
    #[inline]
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        self.as_ref().map_or(Ok(()), |fields| fields.append(writer))
    }
}

impl<F: Fields + ?Sized> Fields for &F {}
impl<F: Fields + ?Sized> Sealed for &F {
    #[inline]
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        (**self).append(writer)
    }
}
