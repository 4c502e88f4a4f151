//! The end of a head, found byte by byte, and the first byte that breaks a line's rules.
//!
//! This is the judge of syntax. It sees each byte once, keeps a few counters, and its verdict
//! depends on the bytes alone, never on how they were cut: the error for a stream is always
//! the first byte at which no continuation could be valid, or at which a limit is passed.

use super::class;
use crate::error::{Fault, ReceiveErrorKind as Kind};
use crate::limits::Reading;

/// Progress through a head or trailer section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    part: Part,
    /// Bytes seen, which is the offset of the next one.
    len: u32,
    /// Where the current part began.
    mark: u32,
    fields: u32,
    /// The digits of the version so far, of which there are two.
    number: u8,
    /// The bytes so far are those of the HTTP/2 connection preface.
    preface: bool,
    /// The line before ended in a line feed alone.
    bare_lf: bool,
}

/// The limits that a scan applies, as it needs them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    max_len: usize,
    too_long: Kind,
    max_fields: usize,
    max_target: usize,
    max_method: usize,
    /// A folded line is part of the value before it.
    fold: bool,
    /// A line feed alone ends a line, too.
    bare_lf: bool,
}

impl Rules {
    pub(crate) fn head(reading: &Reading) -> Self {
        let limits = reading.limits();
        Self {
            max_len: limits.max_head,
            too_long: Kind::HeadTooLong,
            max_fields: limits.max_fields,
            max_target: limits.max_target,
            max_method: limits.max_method,
            fold: reading.unfold,
            bare_lf: reading.lenient,
        }
    }

    pub(crate) fn trailers(reading: &Reading) -> Self {
        Self {
            max_len: reading.limits().max_trailers,
            too_long: Kind::TrailersTooLong,
            bare_lf: false,
            ..Self::head(reading)
        }
    }

    pub(crate) const fn folds(&self) -> bool {
        self.fold
    }
}

impl Scan {
    pub(crate) const fn request() -> Self {
        Self::at(Part::RequestStart)
    }

    pub(crate) const fn response() -> Self {
        Self::at(Part::Version)
    }

    pub(crate) const fn trailers() -> Self {
        Self::at(Part::FieldStart)
    }

    /// Bytes seen so far.
    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    /// Field lines seen so far.
    #[cfg(test)]
    pub(crate) const fn fields(&self) -> usize {
        self.fields as usize
    }

    /// Whether all bytes so far are the empty line that may stand before a request.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(
            self.part,
            Part::RequestStart | Part::StartCr | Part::AfterEmptyLine
        )
    }

    /// Looks at `bytes`, which follow those seen before. Some(n): the section ends after `n` of
    /// them. None: all were seen and the end is not among them.
    pub(crate) fn advance(&mut self, bytes: &[u8], rules: &Rules) -> Result<Option<usize>, Fault> {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.len() >= rules.max_len {
                return Err(Fault::new(rules.too_long, self.len()));
            }
            let ended = self.step(byte, rules)?;
            self.len += 1;
            if ended {
                return Ok(Some(index + 1));
            }
        }
        Ok(None)
    }

    const fn at(part: Part) -> Self {
        Self {
            part,
            len: 0,
            mark: 0,
            fields: 0,
            number: 0,
            preface: true,
            bare_lf: false,
        }
    }

    /// Takes one byte. True: it is the last one.
    fn step(&mut self, byte: u8, rules: &Rules) -> Result<bool, Fault> {
        // No part of a head can hold a line feed by itself.
        if byte == b'\n' {
            self.bare_lf = !self.part.awaits_line_feed();
            if self.bare_lf {
                self.bare_line_feed(rules)?;
            }
        }
        if self.part.awaits_line_feed() && byte != b'\n' {
            return Err(Fault::new(Kind::BareCr, self.len() - 1));
        }
        match self.part {
            Part::RequestStart | Part::AfterEmptyLine | Part::Method | Part::Target => {
                self.request_line(byte, rules)?;
            }
            Part::Version => self.version(byte)?,
            Part::StatusGap | Part::Status | Part::StatusEnd | Part::Reason => {
                self.status_line(byte)?;
            }
            Part::FieldStart | Part::Name | Part::Value => self.field_line(byte, rules)?,
            Part::StartCr => self.enter(Part::AfterEmptyLine),
            Part::VersionCr => {
                self.judge_version()?;
                self.enter(Part::FieldStart);
            }
            Part::StatusCr | Part::ValueCr => self.enter(Part::FieldStart),
            Part::EndCr => return Ok(true),
        }
        Ok(false)
    }

    /// Takes the carriage return that is missing, where that is allowed and a line can end.
    fn bare_line_feed(&mut self, rules: &Rules) -> Result<(), Fault> {
        if rules.bare_lf {
            self.step(b'\r', rules)?;
        }
        match self.part.awaits_line_feed() {
            true => Ok(()),
            false => Err(self.fault(Kind::BareLf)),
        }
    }

    fn request_line(&mut self, byte: u8, rules: &Rules) -> Result<(), Fault> {
        let length = self.len() - self.mark as usize;
        match self.part {
            // RFC 9112 §2.2: "a server that is expecting to receive and parse a request-line
            // SHOULD ignore at least one empty line (CRLF) received prior to the request-line."
            Part::RequestStart if byte == b'\r' => self.part = Part::StartCr,
            Part::AfterEmptyLine if byte == b'\r' => return Err(self.fault(Kind::EmptyLines)),
            Part::RequestStart | Part::AfterEmptyLine => {
                self.mark = self.len;
                self.part = Part::Method;
                if byte == TLS_HANDSHAKE {
                    return Err(self.fault(Kind::TlsHello));
                }
                if !class::is_token(byte) {
                    return Err(self.fault(Kind::InvalidMethod));
                }
                if rules.max_method == 0 {
                    return Err(self.fault(Kind::MethodTooLong));
                }
                self.match_preface(byte);
            }
            Part::Method => {
                self.match_preface(byte);
                if byte == b' ' {
                    self.enter(Part::Target);
                } else if !class::is_token(byte) {
                    return Err(self.fault(Kind::InvalidMethod));
                } else if length >= rules.max_method {
                    return Err(self.fault(Kind::MethodTooLong));
                }
            }
            _ => {
                self.match_preface(byte);
                if byte == b' ' && length > 0 {
                    self.enter(Part::Version);
                } else if byte == b'\r' && length > 0 {
                    return Err(self.fault(Kind::Http09));
                } else if !class::is_target(byte) {
                    return Err(self.fault(Kind::InvalidTarget));
                } else if length >= rules.max_target {
                    return Err(self.fault(Kind::TargetTooLong));
                }
            }
        }
        Ok(())
    }

    /// RFC 9112 §2.3: `HTTP-version = HTTP-name "/" DIGIT "." DIGIT`, "case-sensitive".
    fn version(&mut self, byte: u8) -> Result<(), Fault> {
        let index = self.len() - self.mark as usize;
        match (index, byte) {
            (5 | 7, b'0'..=b'9') => {
                self.number = self.number * 10 + (byte - b'0');
            }
            (0..=4 | 6, _) if PATTERN.get(index) == Some(&byte) => {}
            (8, b'\r') if self.mark > 0 => self.part = Part::VersionCr,
            (8, b' ') if self.mark == 0 => {
                self.judge_version()?;
                self.enter(Part::StatusGap);
            }
            _ => return Err(self.fault(Kind::InvalidVersion)),
        }
        Ok(())
    }

    fn judge_version(&self) -> Result<(), Fault> {
        match self.number {
            // RFC 9110 §2.5: a later minor version is processed as the latest one we know.
            10..=19 => Ok(()),
            20 if self.preface && self.mark > 0 => Err(Fault::new(Kind::Http2Preface, 0)),
            _ => Err(Fault::new(Kind::UnsupportedVersion, self.mark as usize)),
        }
    }

    /// After the version and its space: three digits, then a space and a reason phrase.
    ///
    /// RFC 9112 §4 asks for the space also before an empty reason. Servers leave it out, and
    /// nothing becomes ambiguous, so a line that ends after the digits is taken.
    fn status_line(&mut self, byte: u8) -> Result<(), Fault> {
        match (self.part, byte) {
            (Part::StatusGap, b'1'..=b'9') => {
                self.mark = self.len;
                self.part = Part::Status;
            }
            (Part::Status, b'0'..=b'9') => {
                if self.len() - self.mark as usize == 2 {
                    self.part = Part::StatusEnd;
                }
            }
            (Part::StatusEnd, b' ') => self.enter(Part::Reason),
            (Part::StatusEnd | Part::Reason, b'\r') => self.part = Part::StatusCr,
            (Part::Reason, _) if class::is_value(byte) => {}
            (Part::Reason, _) => return Err(self.fault(Kind::InvalidReason)),
            _ => return Err(self.fault(Kind::InvalidStatus)),
        }
        Ok(())
    }

    fn field_line(&mut self, byte: u8, rules: &Rules) -> Result<(), Fault> {
        match self.part {
            Part::FieldStart => match byte {
                b'\r' => self.part = Part::EndCr,
                b' ' | b'\t' if self.fields == 0 => {
                    return Err(self.fault(Kind::LeadingWhitespace));
                }
                // Where a line feed alone ended the line, two readers need not agree that it goes on.
                b' ' | b'\t' if rules.fold && !self.bare_lf => self.part = Part::Value,
                b' ' | b'\t' => return Err(self.fault(Kind::ObsFold)),
                _ if !class::is_token(byte) => return Err(self.fault(Kind::InvalidFieldName)),
                _ if self.fields as usize >= rules.max_fields => {
                    return Err(self.fault(Kind::TooManyFields));
                }
                _ => {
                    self.fields += 1;
                    self.part = Part::Name;
                }
            },
            // RFC 9112 §5.1: "No whitespace is allowed between the field name and colon."
            Part::Name if byte == b':' => self.part = Part::Value,
            Part::Name if class::is_token(byte) => {}
            Part::Name => return Err(self.fault(Kind::InvalidFieldName)),
            _ if byte == b'\r' => self.part = Part::ValueCr,
            _ if class::is_value(byte) => {}
            _ => return Err(self.fault(Kind::InvalidFieldValue)),
        }
        Ok(())
    }

    /// The part begins with the next byte.
    fn enter(&mut self, part: Part) {
        self.part = part;
        self.mark = self.len + 1;
    }

    /// RFC 9113 §3.4: the preface begins with "PRI * HTTP/2.0".
    fn match_preface(&mut self, byte: u8) {
        self.preface &= PREFACE.get(self.len()) == Some(&byte);
    }

    const fn fault(&self, kind: Kind) -> Fault {
        Fault::new(kind, self.len())
    }
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    RequestStart,
    StartCr,
    AfterEmptyLine,
    Method,
    Target,
    /// In both start lines: a response begins with it.
    Version,
    VersionCr,
    StatusGap,
    Status,
    StatusEnd,
    Reason,
    StatusCr,
    FieldStart,
    Name,
    Value,
    ValueCr,
    EndCr,
}

impl Part {
    const fn awaits_line_feed(self) -> bool {
        matches!(
            self,
            Self::StartCr | Self::VersionCr | Self::StatusCr | Self::ValueCr | Self::EndCr
        )
    }
}

const PATTERN: &[u8] = b"HTTP/ . ";
const PREFACE: &[u8] = b"PRI * ";
/// RFC 8446 §5.1: the content type of a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
