//! The layout for a terminal: offset, bytes and text on the left, words on the right.

use std::collections::VecDeque;
use std::io::{self, Write};

use crate::inspect::explain::page::{Ink, Meaning, Mistake, ROW, Table, columns, hex};

/// How the rows look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) colour: bool,
    /// Columns of a line.
    pub(crate) width: usize,
    /// Whether these are rows for a fenced block of Markdown: with tables, a section for everything, and rows that
    /// repeat once.
    pub(crate) markdown: bool,
}

/// The rows being written.
#[derive(Debug)]
pub(crate) struct Sheet {
    look: Look,
    ink: Ink,
    /// Offset of the first byte of the row.
    at: u64,
    row: Vec<u8>,
    /// The same row unmasked, if it was masked.
    plain: Vec<u8>,
    /// Lines of words that have not been given a row yet.
    words: VecDeque<String>,
    /// The row before, and how often it was repeated.
    last: (Vec<u8>, u64),
}

impl Sheet {
    pub(crate) const fn new(look: Look) -> Self {
        Self {
            look,
            ink: Ink::Structure,
            at: 0,
            row: Vec::new(),
            plain: Vec::new(),
            words: VecDeque::new(),
            last: (Vec::new(), 0),
        }
    }

    pub(super) const fn has_tables(&self) -> bool {
        self.look.markdown
    }

    pub(super) fn begin(&mut self, at: u64, ink: Ink, meaning: &Meaning<'_>) {
        self.at = at;
        self.ink = ink;
        let mut words = meaning.words.to_owned();
        if self.look.markdown && !meaning.section.is_empty() && !words.contains(meaning.section) {
            let end = words.find('\n').unwrap_or(words.len());
            words.insert_str(end, &format!(" ({})", meaning.section));
        }
        let width = self.words_width();
        self.words.extend(wrap(&words, width));
    }

    pub(super) fn push(&mut self, byte: u8, out: &mut dyn Write) -> io::Result<()> {
        self.row.push(byte);
        match self.row.len() {
            ROW => self.row(out),
            _ => Ok(()),
        }
    }

    /// Words that are still waiting go above the byte.
    pub(super) fn push_masked(
        &mut self,
        byte: u8,
        plain: u8,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        while !self.words.is_empty() {
            self.row_of(&[], out)?;
        }
        self.plain.push(plain);
        self.push(byte, out)
    }

    pub(super) fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.end_repetition(out)?;
        while !self.row.is_empty() || !self.words.is_empty() {
            self.row(out)?;
        }
        self.last.0.clear();
        Ok(())
    }

    pub(super) fn say(
        &mut self,
        words: &str,
        tables: Vec<Table>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for (index, line) in wrap(words, self.words_width() - 2).enumerate() {
            let arrow = if index == 0 { "→" } else { " " };
            let line = self.paint(BOLD, &format!("{arrow} {line}"));
            writeln!(out, "{:LEFT_WIDTH$}{line}", "")?;
        }
        self.tables(tables, out)
    }

    pub(super) fn tables(&mut self, tables: Vec<Table>, out: &mut dyn Write) -> io::Result<()> {
        self.finish(out)?;
        match self.look.markdown {
            true => tables.iter().try_for_each(|table| write_table(table, out)),
            false => Ok(()),
        }
    }

    pub(super) fn mistake(&mut self, mistake: &Mistake<'_>, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out)?;
        self.lines(RED, &format!("error: {}", mistake.message), out)?;
        for (at, row) in &mistake.rows {
            self.at = *at;
            self.row_of(row, out)?;
        }
        if let Some((at, _)) = mistake.rows.last() {
            self.point(mistake.at - at, out)?;
        }
        self.lines("", &format!("kind: {}", mistake.kind), out)?;
        match mistake.hint {
            Some(hint) => self.lines("", &format!("hint: {hint}"), out),
            None => Ok(()),
        }
    }

    /// Writes carets below the byte at this place of the row before.
    fn point(&self, place: u64, out: &mut dyn Write) -> io::Result<()> {
        let place = usize::try_from(place).unwrap_or(0).min(ROW);
        let carets = format!("{:1$}^^", "", OFFSET_WIDTH + 3 * place);
        let gap = TEXT_AT + place - carets.len();
        let carets = self.paint(RED, &format!("{carets}{:gap$}^", ""));
        writeln!(out, "{carets}")
    }

    /// Writes words across the whole width.
    fn lines(&self, code: &str, words: &str, out: &mut dyn Write) -> io::Result<()> {
        wrap(words, self.look.width)
            .try_for_each(|line| writeln!(out, "{}", self.paint(code, &line)))
    }

    fn row(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let row = std::mem::take(&mut self.row);
        if self.look.markdown && row.len() == ROW && self.words.is_empty() {
            if row == self.last.0 {
                self.last.1 += 1;
                self.plain.clear();
                self.at += row.len() as u64;
                return Ok(());
            }
            self.end_repetition(out)?;
            self.last.0.clone_from(&row);
        }
        self.row_of(&row, out)
    }

    /// Tells how often the row before was repeated.
    fn end_repetition(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match std::mem::take(&mut self.last.1) {
            0 => Ok(()),
            1 => writeln!(out, "{:>8}  the same 8 bytes once more", "*"),
            times => writeln!(out, "{:>8}  the same 8 bytes {times} times more", "*"),
        }
    }

    fn row_of(&mut self, row: &[u8], out: &mut dyn Write) -> io::Result<()> {
        let offset = match row {
            [] => String::new(),
            _ => self.at.to_string(),
        };
        let words = match self.plain.as_slice() {
            [] => self.words.pop_front().unwrap_or_default(),
            plain => format!("{:HEX_WIDTH$}{}", hex(plain), columns(plain)),
        };
        self.plain.clear();
        self.at += row.len() as u64;
        let ink = match self.ink {
            Ink::Structure => CYAN,
            Ink::Payload => GREEN,
        };
        let line = format!(
            "{}{}{}{words}",
            self.paint(DIM, &format!("{offset:>8}  ")),
            self.paint(ink, &format!("{:HEX_WIDTH$}", hex(row))),
            self.paint(ink, &format!("{:TEXT_WIDTH$}", columns(row))),
        );
        writeln!(out, "{}", line.trim_end())
    }

    fn words_width(&self) -> usize {
        self.look
            .width
            .saturating_sub(LEFT_WIDTH)
            .clamp(NARROWEST, WIDEST)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.look.colour && !code.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Breaks a text into lines, between words where they would be too long, and within a word that is too long itself.
fn wrap(text: &str, width: usize) -> impl Iterator<Item = String> {
    text.lines().flat_map(move |line| {
        let mut lines = vec![String::new()];
        let mut room = width;
        for word in line.split(' ') {
            let letters: Vec<char> = word.chars().collect();
            let mut pieces = letters.chunks(width);
            let first = pieces.next().unwrap_or_default();
            if first.len() + 1 > room && room < width {
                lines.push(String::new());
                room = width;
            }
            if let Some(last) = lines.last_mut() {
                if room < width {
                    last.push(' ');
                }
                last.extend(first);
            }
            let mut end = first;
            for piece in pieces {
                lines.push(piece.iter().collect());
                room = width;
                end = piece;
            }
            room = room.saturating_sub(end.len() + 1);
        }
        lines
    })
}

/// Writes a table between two fenced blocks of Markdown, with its columns aligned.
fn write_table(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let columns = table.head.len();
    let length = |text: &str| text.chars().count();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = table.rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| length(cell)).max().unwrap_or(0);
            widest.max(table.head.get(column).map_or(0, |head| length(head)))
        })
        .collect();
    writeln!(
        out,
        "```\n\n<details><summary>{}</summary>\n\n```text",
        table.caption
    )?;
    let head = table.head.iter().map(|&head| head.to_owned()).collect();
    for row in std::iter::once(&head).chain(&table.rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let blank = width.saturating_sub(length(cell));
            line.push_str(&format!("{cell}{:blank$}  ", ""));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out, "```\n\n</details>\n\n```text")
}

const OFFSET_WIDTH: usize = 10;
const HEX_WIDTH: usize = 3 * ROW + 1;
const TEXT_WIDTH: usize = ROW + 2;
const TEXT_AT: usize = OFFSET_WIDTH + HEX_WIDTH;
const LEFT_WIDTH: usize = TEXT_AT + TEXT_WIDTH;
/// Columns for the words.
const WIDEST: usize = 70;
const NARROWEST: usize = 15;
/// The width of a line that is not written to a terminal.
pub(crate) const WIDTH: usize = LEFT_WIDTH + WIDEST;

/// Colours, as SGR parameters (ECMA-48).
const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const GREEN: &str = "32";
const CYAN: &str = "36";
