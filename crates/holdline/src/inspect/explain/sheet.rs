//! The layout: offset, bytes and text on the left, words on the right.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The rows being written.
#[derive(Debug)]
pub(super) struct Sheet {
    colour: bool,
    ink: Ink,
    /// Offset of the first byte of the row.
    at: u64,
    row: Vec<u8>,
    /// The same row unmasked, if it was masked.
    plain: Vec<u8>,
    /// Lines of words that have not been given a row yet.
    words: VecDeque<String>,
}

/// How a part is drawn on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Bytes added by the protocol.
    Structure,
    /// Bytes that belong to the user.
    Payload,
}

/// A [`Sheet`] and where it goes.
pub(super) struct Page<'a> {
    sheet: &'a mut Sheet,
    out: &'a mut dyn Write,
}

impl Sheet {
    pub(super) const fn new(colour: bool) -> Self {
        Self {
            colour,
            ink: Ink::Structure,
            at: 0,
            row: Vec::new(),
            plain: Vec::new(),
            words: VecDeque::new(),
        }
    }
}

impl<'a> Page<'a> {
    pub(super) fn new(sheet: &'a mut Sheet, out: &'a mut dyn Write) -> Self {
        Self { sheet, out }
    }

    /// Writes a whole part: its bytes from offset `at`, and the words beside them.
    pub(super) fn part(&mut self, at: u64, bytes: &[u8], words: &str) -> io::Result<()> {
        self.begin(at, Ink::Structure, words)?;
        bytes.iter().try_for_each(|&byte| self.push(byte))?;
        self.finish()
    }

    /// Begins a part whose bytes come one by one.
    pub(super) fn begin(&mut self, at: u64, ink: Ink, words: &str) -> io::Result<()> {
        self.finish()?;
        self.sheet.at = at;
        self.sheet.ink = ink;
        self.sheet.words.extend(wrap(words, WORDS_WIDTH));
        Ok(())
    }

    pub(super) fn push(&mut self, byte: u8) -> io::Result<()> {
        self.sheet.row.push(byte);
        match self.sheet.row.len() {
            ROW => self.row(),
            _ => Ok(()),
        }
    }

    /// Writes a byte that was masked, together with its unmasked value. Words that are still waiting go above it.
    pub(super) fn push_masked(&mut self, byte: u8, plain: u8) -> io::Result<()> {
        while !self.sheet.words.is_empty() {
            self.row_of(&[])?;
        }
        self.sheet.plain.push(plain);
        self.push(byte)
    }

    /// Ends the part.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        while !self.sheet.row.is_empty() || !self.sheet.words.is_empty() {
            self.row()?;
        }
        Ok(())
    }

    /// Writes words without bytes of their own, for what follows from the parts before.
    pub(super) fn say(&mut self, words: &str) -> io::Result<()> {
        self.finish()?;
        for (index, line) in wrap(words, WORDS_WIDTH - 2).enumerate() {
            let arrow = if index == 0 { "→" } else { " " };
            let line = self.paint(BOLD, &format!("{arrow} {line}"));
            writeln!(self.out, "{:LEFT_WIDTH$}{line}", "")?;
        }
        Ok(())
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        self.finish()?;
        writeln!(self.out)
    }

    /// Writes a row of bytes, and below it a caret under the byte at offset `caret`.
    pub(super) fn point(&mut self, at: u64, bytes: &[u8], caret: Option<u64>) -> io::Result<()> {
        self.sheet.at = at;
        self.row_of(bytes)?;
        let Some(place) = caret.and_then(|caret| usize::try_from(caret - at).ok()) else {
            return Ok(());
        };
        let carets = format!("{:1$}^^", "", OFFSET_WIDTH + 3 * place);
        let gap = TEXT_AT + place - carets.len();
        let carets = self.paint(RED, &format!("{carets}{:gap$}^", ""));
        writeln!(self.out, "{carets}")
    }

    /// Writes a line across the whole width that nobody should miss.
    pub(super) fn alarm(&mut self, words: &str) -> io::Result<()> {
        self.finish()?;
        let words = self.paint(RED, words);
        writeln!(self.out, "{words}")
    }

    /// Writes a plain line across the whole width.
    pub(super) fn line(&mut self, words: &str) -> io::Result<()> {
        self.finish()?;
        writeln!(self.out, "{words}")
    }

    fn row(&mut self) -> io::Result<()> {
        let row = std::mem::take(&mut self.sheet.row);
        self.row_of(&row)
    }

    fn row_of(&mut self, row: &[u8]) -> io::Result<()> {
        let offset = match row {
            [] => String::new(),
            _ => self.sheet.at.to_string(),
        };
        let words = match self.sheet.plain.as_slice() {
            [] => self.sheet.words.pop_front().unwrap_or_default(),
            plain => format!("{:HEX_WIDTH$}{}", hex(plain), text(plain)),
        };
        self.sheet.plain.clear();
        self.sheet.at += row.len() as u64;
        let ink = match self.sheet.ink {
            Ink::Structure => CYAN,
            Ink::Payload => GREEN,
        };
        let line = format!(
            "{}{}{}{words}",
            self.paint(DIM, &format!("{offset:>8}  ")),
            self.paint(ink, &format!("{:HEX_WIDTH$}", hex(row))),
            self.paint(ink, &format!("{:TEXT_WIDTH$}", text(row))),
        );
        writeln!(self.out, "{}", line.trim_end())
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.sheet.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Two digits and a space for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x} ");
        text
    })
}

/// One column for each byte: the character itself, the picture of a control character, or a dot.
fn text(bytes: &[u8]) -> String {
    let column = |&byte: &u8| match byte {
        0x00..=0x1f => char::from_u32(0x2400 + u32::from(byte)).unwrap_or('.'),
        0x20..=0x7e => char::from(byte),
        0x7f => '\u{2421}',
        0x80.. => '·',
    };
    bytes.iter().map(column).collect()
}

/// Breaks a text into lines, between words where they would be too long.
fn wrap(text: &str, width: usize) -> impl Iterator<Item = String> {
    text.lines().flat_map(move |line| {
        let mut lines = vec![String::new()];
        let mut room = width;
        for word in line.split(' ') {
            let length = word.chars().count() + 1;
            if length > room && room < width {
                lines.push(String::new());
                room = width;
            }
            if let Some(last) = lines.last_mut() {
                if room < width {
                    last.push(' ');
                }
                last.push_str(word);
            }
            room = room.saturating_sub(length);
        }
        lines
    })
}

/// Bytes in a row.
pub(super) const ROW: usize = 8;
const OFFSET_WIDTH: usize = 10;
const HEX_WIDTH: usize = 3 * ROW + 1;
const TEXT_WIDTH: usize = ROW + 2;
const TEXT_AT: usize = OFFSET_WIDTH + HEX_WIDTH;
const LEFT_WIDTH: usize = TEXT_AT + TEXT_WIDTH;
const WORDS_WIDTH: usize = 70;

/// Colours, as SGR parameters (ECMA-48).
const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const GREEN: &str = "32";
const CYAN: &str = "36";
