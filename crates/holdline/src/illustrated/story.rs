//! The story, as it is written: paragraphs, headings, and hex dumps with who sent them on which connection.

use std::io;

use crate::inspect::{self, Side};

#[derive(Debug)]
pub(super) enum Part<'s> {
    Heading(&'s str),
    Prose(&'s str),
    Bytes {
        from: Side,
        connection: u32,
        bytes: Vec<u8>,
    },
}

/// All parts below the title.
pub(super) fn parts(story: &str) -> io::Result<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = story;
    while let Some((prose, fenced)) = rest.split_once("```") {
        paragraphs(prose, &mut parts);
        let (block, after) = fenced
            .split_once("\n```")
            .ok_or_else(|| wrong("a fence is open"))?;
        parts.push(bytes(block)?);
        rest = after;
    }
    paragraphs(rest, &mut parts);
    Ok(parts)
}

fn paragraphs<'s>(prose: &'s str, parts: &mut Vec<Part<'s>>) {
    for paragraph in prose.split("\n\n").map(str::trim) {
        match paragraph.strip_prefix("## ") {
            Some(title) => parts.push(Part::Heading(title)),
            None if paragraph.is_empty() || paragraph.starts_with("# ") => {}
            None => parts.push(Part::Prose(paragraph)),
        }
    }
}

/// A dump below a line such as `client 1`.
fn bytes(block: &str) -> io::Result<Part<'static>> {
    let (name, dump) = block.split_once('\n').unwrap_or((block, ""));
    let (side, number) = name.split_once(' ').unwrap_or((name, ""));
    let from = match side {
        "client" => Side::Client,
        "server" => Side::Server,
        _ => return Err(wrong("a block is of neither side")),
    };
    let connection = number.parse().map_err(|_| wrong("a block has no number"))?;
    let pieces = inspect::parse_dump(dump).map_err(|problem| wrong(&problem))?;
    Ok(Part::Bytes {
        from,
        connection,
        bytes: pieces.concat(),
    })
}

fn wrong(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_owned())
}
