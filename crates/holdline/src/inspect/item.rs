//! The lines of JSON, and the error that ends them.

use std::fmt;
use std::io::{self, Write};

use holdline_http1::{Headers, Version};
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Serializer, Value};

/// One line of output.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Item<'a> {
    Request {
        method: &'a str,
        target: &'a str,
        version: String,
        headers: Fields<'a>,
    },
    Response {
        status: u16,
        reason: Text<'a>,
        version: String,
        headers: Fields<'a>,
    },
    Data(&'a str),
    DataHex(Hex<'a>),
    End {
        trailers: Fields<'a>,
    },
    Comment(&'a str),
    Retry(u64),
    Text(&'a str),
    Binary(Hex<'a>),
    Ping(Hex<'a>),
    Pong(Hex<'a>),
    Close {
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    },
    Challenge(Hex<'a>),
    Answer(Hex<'a>),
    Message(&'a Value),
    Poll {
        cursor: &'a str,
        lost: bool,
    },
    Html(&'a str),
    Callback(&'a str),
    Prelude(u64),
    Heartbeat(u64),
    PolicyFileRequest {},
    Error {
        kind: &'a str,
        at: u64,
        rfc: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        close_code: Option<u16>,
    },
}

/// An event of an event stream: the only item that is not wrapped in a name.
#[derive(Debug, Serialize)]
pub(super) struct EventItem<'a> {
    pub(super) event: &'a str,
    pub(super) data: &'a str,
    pub(super) id: &'a str,
}

/// Where lines of output go.
pub(super) struct Lines<'a> {
    pub(super) out: &'a mut dyn Write,
    /// Members that each line begins with, such as `"from":"client",`.
    prefix: String,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            prefix: String::new(),
        }
    }

    /// With members of an object, each followed by a comma, in front of those of every item.
    pub(super) const fn with_prefix(out: &'a mut dyn Write, prefix: String) -> Self {
        Self { out, prefix }
    }

    /// Writes one line. The item is an object with at least one member.
    pub(super) fn print(&mut self, item: &impl Serialize) -> io::Result<()> {
        let mut line = Vec::new();
        item.serialize(&mut Serializer::with_formatter(&mut line, Harmless))?;
        line.push(b'\n');
        if self.prefix.is_empty() {
            return self.out.write_all(&line);
        }
        let members = line.strip_prefix(b"{").unwrap_or(&line);
        write!(self.out, "{{{}", self.prefix)?;
        self.out.write_all(members)
    }
}

/// JSON without raw control characters.
///
/// JSON requires only those below U+0020 to be escaped. But U+007F to U+009F are control characters, too. Some of
/// them begin escape sequences, and these lines go to terminals.
#[derive(Debug)]
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // In UTF-8 they begin with one of two bytes.
        if !fragment.bytes().any(|byte| matches!(byte, 0x7f | 0xc2)) {
            return writer.write_all(fragment.as_bytes());
        }
        for text in fragment.split_inclusive(is_control) {
            match text.char_indices().next_back() {
                Some((at, last)) if is_control(last) => {
                    let before = text.get(..at).unwrap_or_default();
                    write!(writer, "{before}\\u{:04x}", u32::from(last))?;
                }
                _ => writer.write_all(text.as_bytes())?,
            }
        }
        Ok(())
    }
}

const fn is_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}

/// Why decoding stops.
#[derive(Debug)]
pub(super) enum Stop {
    Fault(Fault),
    Write(io::Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// The rule that the input broke, in any of the protocols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The rule's stable name, in snake case.
    pub(super) kind: String,
    /// The offset in the input.
    pub(super) at: u64,
    pub(super) rfc: &'static str,
    pub(super) answer: Answer,
    pub(super) words: Words,
}

/// What is wrong, in words. The offset is put in when they are shown, because a codec counts from where its protocol
/// began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// What stands before the offset.
    rule: String,
    /// What follows it. `None`: these words have no offset.
    rest: Option<String>,
}

impl Words {
    pub(super) const fn without_offset(words: String) -> Self {
        Self {
            rule: words,
            rest: None,
        }
    }

    /// Takes the codec's offset out of its own description.
    fn of_codec(words: String, at: u64) -> Self {
        match words.split_once(&format!("{OFFSET}{at} ")) {
            Some((rule, rest)) => Self {
                rule: rule.to_owned(),
                rest: Some(format!(" {rest}")),
            },
            None => Self::without_offset(words),
        }
    }
}

/// How the receiver would answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Nothing,
    Status(u16),
    CloseCode(u16),
}

impl Fault {
    pub(super) fn item(&self) -> Item<'_> {
        let (status, close_code) = match self.answer {
            Answer::Nothing => (None, None),
            Answer::Status(status) => (Some(status), None),
            Answer::CloseCode(code) => (None, Some(code)),
        };
        Item::Error {
            kind: &self.kind,
            at: self.at,
            rfc: self.rfc,
            status,
            close_code,
        }
    }
}

impl Fault {
    /// Which rule was broken, and where in the input.
    pub(super) fn message(&self) -> String {
        let Words { rule, rest } = &self.words;
        match rest {
            Some(rest) => format!("{rule}{OFFSET}{}{rest}", self.at),
            None => rule.clone(),
        }
    }

    /// The fault of a codec whose kinds carry limits, without an answer.
    fn of_codec(kind: String, at: u64, rfc: &'static str, error: &impl fmt::Display) -> Self {
        Self {
            kind,
            at,
            rfc,
            answer: Answer::Nothing,
            words: Words::of_codec(error.to_string(), at),
        }
    }
}

impl From<holdline_http1::ReceiveError> for Stop {
    fn from(error: holdline_http1::ReceiveError) -> Self {
        let kind = snake_case(error.kind().name());
        let mut fault = Fault::of_codec(kind, error.at(), error.section(), &error);
        fault.answer = Answer::Status(error.status());
        Self::Fault(fault)
    }
}

impl From<holdline_sse::DecodeError> for Stop {
    fn from(error: holdline_sse::DecodeError) -> Self {
        let kind = variant(&error.kind());
        Self::Fault(Fault::of_codec(kind, error.at(), error.section(), &error))
    }
}

impl From<holdline_websocket::ReceiveError> for Stop {
    fn from(error: holdline_websocket::ReceiveError) -> Self {
        let kind = variant(&error.kind());
        let mut fault = Fault::of_codec(kind, error.at(), error.section(), &error);
        fault.answer = Answer::CloseCode(error.close_code().as_u16());
        Self::Fault(fault)
    }
}

impl From<holdline_websocket::hixie76::ReceiveError> for Stop {
    fn from(error: holdline_websocket::hixie76::ReceiveError) -> Self {
        let kind = variant(&error.kind());
        Self::Fault(Fault::of_codec(kind, error.at(), error.section(), &error))
    }
}

impl From<holdline_comet::socket::DecodeError> for Stop {
    fn from(error: holdline_comet::socket::DecodeError) -> Self {
        let kind = variant(&error.kind());
        Self::Fault(Fault::of_codec(kind, error.at(), error.section(), &error))
    }
}

/// Field lines, as `[[name, value], …]`.
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) Headers<'a>);

impl Serialize for Fields<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(name, value)| (name, Text(value))))
    }
}

/// Bytes that are nearly always text: a string if they are UTF-8, otherwise `{"latin1":"…"}`, in which each
/// character is one byte. So every JSON value stands for exactly one sequence of bytes.
///
/// RFC 9110 §5.5: "Historically, HTTP allowed field content with text in the ISO-8859-1 charset".
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Latin1 {
            latin1: String,
        }
        match std::str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Latin1 {
                latin1: self.0.iter().copied().map(char::from).collect(),
            }
            .serialize(serializer),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
#[derive(Debug)]
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl Serialize for Hex<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        let digits = self.0.iter().flat_map(|&byte| [byte >> 4, byte & 0xf]);
        serializer.serialize_str(&digits.map(digit).collect::<String>())
    }
}

/// The version as written in a start line.
pub(super) fn version(version: Version) -> String {
    format!("HTTP/1.{}", version.minor())
}

/// The name of a kind's variant, without the limit that some kinds carry.
pub(super) fn variant(kind: &impl fmt::Debug) -> String {
    let text = format!("{kind:?}");
    let end = text.find(|c: char| !c.is_alphanumeric());
    snake_case(text.get(..end.unwrap_or(text.len())).unwrap_or(&text))
}

/// `BareLf` becomes `bare_lf`, and `Http2Preface` becomes `http2_preface`.
pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// How all codecs say where something is.
const OFFSET: &str = " at byte ";
