//! The layout for a browser: each part is an element that opens by a click and needs no script.

use std::io::{self, Write};

use crate::inspect::explain::page::{Ink, Meaning, Mistake, ROW, Table, columns, hex};

/// The part being written.
#[derive(Debug, Default)]
pub(in crate::inspect) struct Sheet {
    part: Option<Part>,
}

#[derive(Debug)]
struct Part {
    at: u64,
    ink: Ink,
    words: String,
    section: &'static str,
    bytes: Vec<u8>,
    /// The same bytes unmasked, if they were masked.
    plain: Vec<u8>,
    tables: Vec<Table>,
}

impl Sheet {
    pub(super) fn begin(&mut self, at: u64, ink: Ink, meaning: &Meaning<'_>) {
        self.part = Some(Part {
            at,
            ink,
            words: meaning.words.to_owned(),
            section: meaning.section,
            bytes: Vec::new(),
            plain: Vec::new(),
            tables: Vec::new(),
        });
    }

    pub(super) fn push(
        &mut self,
        byte: u8,
        plain: Option<u8>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Some(part) = &mut self.part else {
            return Ok(());
        };
        part.bytes.push(byte);
        part.plain.extend(plain);
        if part.bytes.len() < LONGEST_PART {
            return Ok(());
        }
        part.write(out)?;
        part.at += part.bytes.len() as u64;
        part.words = "the same goes on".to_owned();
        part.bytes.clear();
        part.plain.clear();
        part.tables.clear();
        Ok(())
    }

    pub(super) fn tables(&mut self, tables: Vec<Table>) {
        if let Some(part) = &mut self.part {
            part.tables.extend(tables);
        }
    }

    pub(super) fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match self.part.take() {
            Some(part) => part.write(out),
            None => Ok(()),
        }
    }

    pub(super) fn say(
        &mut self,
        words: &str,
        tables: Vec<Table>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write!(out, "<div class=\"x-so\"><p>{}</p>", linked(words))?;
        tables
            .iter()
            .try_for_each(|table| write_table(table, out))?;
        writeln!(out, "</div>")
    }

    pub(super) fn mistake(&mut self, mistake: &Mistake<'_>, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "<div class=\"x-mistake\"><p>error: {}</p>",
            linked(mistake.message)
        )?;
        for (at, row) in &mistake.rows {
            let hit = usize::try_from(mistake.at.wrapping_sub(*at)).unwrap_or(usize::MAX);
            write!(
                out,
                "<p class=\"x-row\"><span class=\"x-at\">{at}</span> <code>"
            )?;
            for (place, &byte) in row.iter().enumerate() {
                match place == hit {
                    true => write!(out, "<mark>{}</mark> ", hex(&[byte]).trim_end())?,
                    false => write!(out, "{}", hex(&[byte]))?,
                }
            }
            writeln!(out, "</code> <code>{}</code></p>", escaped(&signs(row)))?;
        }
        write!(out, "<p>kind: <code>{}</code></p>", escaped(mistake.kind))?;
        if let Some(hint) = mistake.hint {
            write!(out, "<p>hint: {}</p>", linked(hint))?;
        }
        writeln!(out, "</div>")
    }
}

impl Part {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let class = match self.ink {
            Ink::Structure => "x-structure",
            Ink::Payload => "x-payload",
        };
        let (title, rest) = self.words.split_once('\n').unwrap_or((&self.words, ""));
        let (hex, text) = rows(&self.bytes);
        write!(
            out,
            "<details class=\"x-part {class}\"><summary><span class=\"x-at\">{}</span>\
             <code class=\"x-hex\">{hex}</code><code class=\"x-text\">{text}</code>\
             <span class=\"x-what\">{}</span></summary>\n<div class=\"x-why\">",
            self.at,
            summary(title, rest)
        )?;
        write!(out, "<p>{}", linked(title))?;
        if !self.section.is_empty() && !self.words.contains(self.section) {
            write!(out, " ({})", linked(self.section))?;
        }
        write!(out, "</p>")?;
        for line in rest.lines() {
            write!(out, "<p>{}</p>", linked(line))?;
        }
        if !self.plain.is_empty() {
            write_table(&unmasking(&self.bytes, &self.plain), out)?;
        }
        for table in &self.tables {
            write_table(table, out)?;
        }
        writeln!(out, "</div></details>")
    }
}

/// Rows of bytes in hexadecimal, and as text. Rows that repeat stand there once.
fn rows(bytes: &[u8]) -> (String, String) {
    let (mut left, mut right) = (String::new(), String::new());
    let mut rows = bytes.chunks(ROW).peekable();
    while let Some(row) = rows.next() {
        if !left.is_empty() {
            left.push('\n');
            right.push('\n');
        }
        left.push_str(hex(row).trim_end());
        right.push_str(&escaped(&signs(row)));
        let mut times = 0;
        while rows.next_if(|next| *next == row).is_some() {
            times += 1;
        }
        match times {
            0 => {}
            1 | 2 => {
                for _ in 0..times {
                    left.push_str(&format!("\n{}", hex(row).trim_end()));
                    right.push_str(&format!("\n{}", escaped(&signs(row))));
                }
            }
            _ => {
                left.push_str(&format!("\n<i>{times} times more</i>"));
                right.push('\n');
            }
        }
    }
    (left, right)
}

/// The XOR, byte by byte. The key follows from both sides.
fn unmasking(bytes: &[u8], plain: &[u8]) -> Table {
    let rows = bytes.iter().zip(plain).enumerate().take(LONGEST_XOR);
    let row = |(index, (&byte, &plain)): (usize, (&u8, &u8))| {
        let key = byte ^ plain;
        vec![
            index.to_string(),
            format!("{byte:02x}  {byte:08b}"),
            format!("{key:02x}  {key:08b}"),
            format!("{plain:02x}  {plain:08b}"),
            signs(&[plain]),
        ]
    };
    let more = match bytes.len() > LONGEST_XOR {
        true => format!(", of which the first {LONGEST_XOR} are shown"),
        false => String::new(),
    };
    Table {
        caption: format!(
            "The mask, byte by byte: byte i of the payload XOR byte i mod 4 of the key{more}"
        ),
        head: vec!["i", "payload", "key", "unmasked", "text"],
        rows: rows.map(row).collect(),
    }
}

fn write_table(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<details class=\"x-deep\"><summary>{}</summary><div class=\"x-frame\" tabindex=\"0\"><table><thead><tr>",
        linked(&table.caption)
    )?;
    for head in &table.head {
        write!(out, "<th scope=\"col\">{}</th>", escaped(head))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in &table.rows {
        write!(out, "<tr>")?;
        for cell in row {
            write!(out, "<td>{}</td>", escaped(cell))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div></details>")
}

/// A title without the section that stands in it, and what the lines below it are about.
fn summary(title: &str, rest: &str) -> String {
    let front = |line: &str, ends: &[&str]| {
        let ends = ends.iter().filter_map(|end| line.find(end));
        let end = ends.min().unwrap_or(line.len());
        line.get(..end).unwrap_or(line).to_owned()
    };
    let mut all = vec![front(title, &[" (RFC"])];
    // A name with a colon says enough.
    if !title.contains(": ") && rest.lines().count() > 1 {
        all.extend(rest.lines().map(|line| front(line, &[": ", ", ", " (RFC"])));
    }
    escaped(&all.join(" · "))
}

/// Text beside the bytes, with signs that every font has.
fn signs(bytes: &[u8]) -> String {
    let sign = |c: char| match c {
        '\u{240a}' => '↵',
        '\u{2400}'..='\u{2421}' => '·',
        c => c,
    };
    columns(bytes).chars().map(sign).collect()
}

/// Text for HTML, without control characters.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ if letter.is_control() => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

/// Text for HTML, in which each `RFC 9112 §6.3` is a link.
pub(crate) fn linked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("RFC ") {
        let (before, from) = rest.split_at(start);
        out.push_str(&escaped(before));
        let number: String = digits(from.get(4..).unwrap_or_default());
        let after = from.get(4 + number.len()..).unwrap_or_default();
        let section = after.strip_prefix(" §").map(digits).unwrap_or_default();
        let length = match section.len() {
            0 => 4 + number.len(),
            length => 4 + number.len() + " §".len() + length,
        };
        let (name, after) = from.split_at_checked(length).unwrap_or((from, ""));
        let anchor = match section.as_str() {
            "" => String::new(),
            section => format!("#section-{section}"),
        };
        match number.as_str() {
            "" => out.push_str(&escaped(name)),
            number => {
                out.push_str(&format!(
                    "<a href=\"https://www.rfc-editor.org/rfc/rfc{number}{anchor}\">{}</a>",
                    escaped(name)
                ));
            }
        }
        rest = after;
    }
    out.push_str(&escaped(rest));
    out
}

/// The digits at the beginning, with dots between them.
fn digits(text: &str) -> String {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let number = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    number.trim_end_matches('.').to_owned()
}

/// A part is written at the latest after this many bytes.
const LONGEST_PART: usize = 1 << 20;
/// How many bytes of a mask are shown one by one.
const LONGEST_XOR: usize = 64;
