//! What annotators write on: parts of the stream with their meaning, and what follows from them.

use std::io::{self, Write};

use crate::inspect::explain::html;
use crate::inspect::explain::text;

/// The form of the output, with what is not written yet.
#[derive(Debug)]
pub(in crate::inspect) enum Sheet {
    Text(text::Sheet),
    Html(html::Sheet),
}

/// How a part is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Bytes added by the protocol.
    Structure,
    /// Bytes that belong to the user.
    Payload,
}

/// What a part means.
#[derive(Clone, Debug)]
pub(super) struct Meaning<'a> {
    /// The first line says what the part is. The others take it apart.
    pub(super) words: &'a str,
    /// Where this is laid down, if the words do not say it.
    pub(super) section: &'static str,
}

/// A closer look, for those who want to see how it is computed.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A rule that was broken.
#[derive(Debug)]
pub(super) struct Mistake<'a> {
    pub(super) message: &'a str,
    pub(super) kind: &'a str,
    pub(super) hint: Option<&'static str>,
    pub(super) at: u64,
    /// The offset of the rows, and their bytes.
    pub(super) rows: Vec<(u64, Vec<u8>)>,
}

/// A [`Sheet`] and where it goes.
pub(in crate::inspect) struct Page<'a> {
    sheet: &'a mut Sheet,
    out: &'a mut dyn Write,
}

impl<'a> Page<'a> {
    pub(super) fn new(sheet: &'a mut Sheet, out: &'a mut dyn Write) -> Self {
        Self { sheet, out }
    }

    /// Whether tables are shown. They need not be made otherwise.
    pub(super) const fn has_tables(&self) -> bool {
        match &*self.sheet {
            Sheet::Text(sheet) => sheet.has_tables(),
            Sheet::Html(_) => true,
        }
    }

    /// Writes a whole part: its bytes from offset `at`, and what they mean.
    pub(super) fn part(&mut self, at: u64, bytes: &[u8], meaning: Meaning<'_>) -> io::Result<()> {
        self.part_with(at, bytes, meaning, Vec::new())
    }

    pub(super) fn part_with(
        &mut self,
        at: u64,
        bytes: &[u8],
        meaning: Meaning<'_>,
        tables: Vec<Table>,
    ) -> io::Result<()> {
        self.begin(at, Ink::Structure, meaning)?;
        bytes.iter().try_for_each(|&byte| self.push(byte))?;
        if !tables.is_empty() {
            self.tables(tables)?;
        }
        self.finish()
    }

    /// Begins a part whose bytes come one by one.
    pub(super) fn begin(&mut self, at: u64, ink: Ink, meaning: Meaning<'_>) -> io::Result<()> {
        self.finish()?;
        match self.sheet {
            Sheet::Text(sheet) => sheet.begin(at, ink, &meaning),
            Sheet::Html(sheet) => sheet.begin(at, ink, &meaning),
        }
        Ok(())
    }

    pub(super) fn push(&mut self, byte: u8) -> io::Result<()> {
        match self.sheet {
            Sheet::Text(sheet) => sheet.push(byte, self.out),
            Sheet::Html(sheet) => sheet.push(byte, None, self.out),
        }
    }

    /// Writes a byte that was masked, together with its unmasked value.
    pub(super) fn push_masked(&mut self, byte: u8, plain: u8) -> io::Result<()> {
        match self.sheet {
            Sheet::Text(sheet) => sheet.push_masked(byte, plain, self.out),
            Sheet::Html(sheet) => sheet.push(byte, Some(plain), self.out),
        }
    }

    /// Adds tables to the part that was begun.
    fn tables(&mut self, tables: Vec<Table>) -> io::Result<()> {
        match self.sheet {
            Sheet::Text(sheet) => sheet.tables(tables, self.out),
            Sheet::Html(sheet) => {
                sheet.tables(tables);
                Ok(())
            }
        }
    }

    /// Ends the part.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self.sheet {
            Sheet::Text(sheet) => sheet.finish(self.out),
            Sheet::Html(sheet) => sheet.finish(self.out),
        }
    }

    /// Writes the row that was begun, although more bytes of its part may come.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self.sheet {
            Sheet::Text(sheet) => sheet.finish(self.out),
            Sheet::Html(_) => Ok(()),
        }
    }

    /// Writes words without bytes of their own, for what follows from the parts before.
    pub(super) fn say(&mut self, words: &str) -> io::Result<()> {
        self.say_with(words, Vec::new())
    }

    pub(super) fn say_with(&mut self, words: &str, tables: Vec<Table>) -> io::Result<()> {
        self.finish()?;
        match self.sheet {
            Sheet::Text(sheet) => sheet.say(words, tables, self.out),
            Sheet::Html(sheet) => sheet.say(words, tables, self.out),
        }
    }

    /// Writes which rule was broken, and where.
    pub(super) fn mistake(&mut self, mistake: &Mistake<'_>) -> io::Result<()> {
        self.finish()?;
        match self.sheet {
            Sheet::Text(sheet) => sheet.mistake(mistake, self.out),
            Sheet::Html(sheet) => sheet.mistake(mistake, self.out),
        }
    }
}

impl<'a> Meaning<'a> {
    pub(super) const fn new(words: &'a str, section: &'static str) -> Self {
        Self { words, section }
    }
}

/// Two digits and a space for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x} ");
        text
    })
}

/// One column for each byte: the character itself, the picture of a control character, or a dot.
pub(super) fn columns(bytes: &[u8]) -> String {
    let column = |&byte: &u8| match byte {
        0x00..=0x1f => char::from_u32(0x2400 + u32::from(byte)).unwrap_or('.'),
        0x20..=0x7e => char::from(byte),
        0x7f => '\u{2421}',
        0x80.. => '·',
    };
    bytes.iter().map(column).collect()
}

/// Bytes in a row.
pub(super) const ROW: usize = 8;
