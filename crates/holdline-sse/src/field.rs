//! Lines to fields (WHATWG HTML §9.2.6).

/// The fields that the standard knows. "Field names must be compared literally, with no case
/// folding performed."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldName {
    /// `data`: one line of the event's data.
    Data,
    /// `event`: the event's type.
    Event,
    /// `id`: the last event ID from here on.
    Id,
    /// `retry`: the reconnection time in milliseconds.
    Retry,
}

impl FieldName {
    /// The field with this name, or `None` for a field that must be ignored.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        match name {
            b"data" => Some(Self::Data),
            b"event" => Some(Self::Event),
            b"id" => Some(Self::Id),
            b"retry" => Some(Self::Retry),
            _ => None,
        }
    }

    /// The name as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Event => "event",
            Self::Id => "id",
            Self::Retry => "retry",
        }
    }

    /// How many bytes a line that begins like this lacks before a value can begin. `None`: it can
    /// be none of these fields any more. Few pieces of a stream end there.
    #[inline(never)]
    pub(crate) fn until_any_value(line: &[u8]) -> Option<usize> {
        let known = [Self::Data, Self::Event, Self::Id, Self::Retry];
        known.iter().find_map(|name| name.until_value(line))
    }

    /// The same for this field. `None` also when its colon has come.
    pub(crate) fn until_value(self, line: &[u8]) -> Option<usize> {
        let rest = self.as_str().as_bytes().strip_prefix(line)?;
        Some(rest.len() + 1)
    }
}

/// One line of an event stream, without its line end: the stateless piece below the decoder.
///
/// ```
/// use holdline_sse::{FieldName, Line};
///
/// let line = Line::parse(b"data: hello");
/// assert_eq!(line, Line::Field { name: FieldName::Data, value: b"hello" });
/// assert_eq!(Line::parse(b": still here"), Line::Comment(b"still here"));
/// assert_eq!(Line::parse(b"Data: hello"), Line::Unknown);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// An empty line: the block ends and its event is dispatched.
    Blank,
    /// A line that begins with a colon. The text is what follows the colon and, as in a field,
    /// one space. The standard ignores comments; it does not say what their text is.
    Comment(&'a [u8]),
    /// A field that the standard knows.
    Field {
        /// Its name.
        name: FieldName,
        /// Its value, not yet decoded: what follows the colon and one space.
        value: &'a [u8],
    },
    /// A field with any other name. It must be ignored.
    Unknown,
}

impl<'a> Line<'a> {
    /// Splits a line, which must not contain its line end.
    #[inline(always)]
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Self {
        use FieldName::{Data, Event, Id, Retry};
        // Almost every line has this name, so one comparison replaces five.
        if let Some(value) = line.strip_prefix(b"data: ") {
            return Self::Field { name: Data, value };
        }
        match line {
            [] => Self::Blank,
            [b'd', b'a', b't', b'a', rest @ ..] => Self::field(Data, rest),
            [b'e', b'v', b'e', b'n', b't', rest @ ..] => Self::field(Event, rest),
            [b'i', b'd', rest @ ..] => Self::field(Id, rest),
            [b'r', b'e', b't', b'r', b'y', rest @ ..] => Self::field(Retry, rest),
            [b':', text @ ..] => Self::Comment(text.strip_prefix(b" ").unwrap_or(text)),
            _ => Self::Unknown,
        }
    }

    #[inline]
    fn field(name: FieldName, after_name: &'a [u8]) -> Self {
        match after_name {
            // "If value starts with a U+0020 SPACE character, remove it from value." One only.
            [b':', b' ', value @ ..] | [b':', value @ ..] => Self::Field { name, value },
            // "The string is not empty but does not contain a colon: process the field using the
            // whole line as the field name, and the empty string as the field value."
            [] => Self::Field { name, value: &[] },
            _ => Self::Unknown,
        }
    }
}

/// The value of a `retry` line, or of anything else that must be a number.
///
/// "If the field value consists of only ASCII digits, then interpret the field value as an
/// integer in base ten." An empty value is no integer. A number too large saturates.
pub(crate) fn parse_digits(value: &[u8]) -> Option<u64> {
    let add = |number: u64, byte: &u8| {
        let digit = u64::from(byte.wrapping_sub(b'0'));
        (digit < 10).then(|| number.saturating_mul(10).saturating_add(digit))
    };
    value.iter().try_fold(0, add).filter(|_| !value.is_empty())
}
