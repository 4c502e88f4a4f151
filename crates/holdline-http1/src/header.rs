//! The field lines of a received head, and the lists inside their values.

use alloc::vec::Vec;
use core::fmt;

use crate::buffer::Span;
use crate::wire::field::list;

/// The field lines of a head or trailer section, in wire order and with the sender's case.
///
/// Names are tokens and values were checked for control characters, so both can be written
/// again as they are. Values may hold obs-text (bytes from 0x80), so they are bytes.
/// Whitespace around a value is not part of it.
///
/// Looking up a name compares without regard to ASCII case and walks the lines, of which
/// there are at most [`max_fields`](crate::Limits::max_fields).
#[derive(Clone, Copy, Default)]
pub struct Headers<'b> {
    head: &'b [u8],
    spans: &'b [Span],
}

impl<'b> Headers<'b> {
    pub(crate) const fn new(head: &'b [u8], spans: &'b [Span]) -> Self {
        Self { head, spans }
    }

    pub(crate) const fn empty() -> Self {
        Self {
            head: &[],
            spans: &[],
        }
    }

    /// The number of field lines.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no field line.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The lines as names and values, in wire order.
    #[must_use]
    pub fn iter(&self) -> Iter<'b> {
        Iter {
            head: self.head,
            spans: self.spans.iter(),
        }
    }

    /// The value of the first line with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'b [u8]> {
        self.values(name).next()
    }

    /// The value of the first line with this name, when it is UTF-8.
    #[must_use]
    pub fn get_str(&self, name: &str) -> Option<&'b str> {
        core::str::from_utf8(self.get(name)?).ok()
    }

    /// The values of all lines with this name, in wire order.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'b [u8]> + use<'b, 'n> {
        self.values(name)
    }

    /// Whether the lines with this name, read as one comma-separated list (RFC 9110 §5.6.1),
    /// hold this token. Case does not matter.
    #[must_use]
    pub fn contains_token(&self, name: &str, token: &str) -> bool {
        self.values(name)
            .flat_map(list)
            .any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// A copy that owns its bytes.
    #[must_use]
    pub fn to_owned(&self) -> HeadersBuf {
        HeadersBuf {
            head: self.head.to_vec(),
            spans: self.spans.to_vec(),
        }
    }

    fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'b [u8]> + use<'b, 'n> {
        let head = self.head;
        self.spans
            .iter()
            .filter(move |span| span.name(head).eq_ignore_ascii_case(name.as_bytes()))
            .map(move |span| span.value(head))
    }
}

impl<'b> IntoIterator for Headers<'b> {
    type Item = (&'b str, &'b [u8]);
    type IntoIter = Iter<'b>;

    fn into_iter(self) -> Iter<'b> {
        self.iter()
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name, Text(value))))
            .finish()
    }
}

/// Two are equal when they have the same lines in the same order, names byte for byte.
impl PartialEq for Headers<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers<'_> {}

/// [`Headers`] that own their bytes. Two are equal when their lines are.
#[derive(Clone, Default)]
pub struct HeadersBuf {
    head: Vec<u8>,
    spans: Vec<Span>,
}

impl HeadersBuf {
    /// The lines, as [`Headers`] shows them.
    #[must_use]
    pub fn as_ref(&self) -> Headers<'_> {
        Headers::new(&self.head, &self.spans)
    }
}

impl fmt::Debug for HeadersBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

impl PartialEq for HeadersBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for HeadersBuf {}

/// The lines of [`Headers`].
#[derive(Clone, Debug)]
pub struct Iter<'b> {
    head: &'b [u8],
    spans: core::slice::Iter<'b, Span>,
}

impl<'b> Iterator for Iter<'b> {
    type Item = (&'b str, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let span = self.spans.next()?;
        // A name is a token, which is ASCII. It is looked at again because the head as a whole
        // is not UTF-8 and `&str` cannot be made without a look; names are short.
        let name = core::str::from_utf8(span.name(self.head)).unwrap_or_default();
        Some((name, span.value(self.head)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// Bytes shown as text, with what is not ASCII escaped.
pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
