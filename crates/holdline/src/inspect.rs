//! `holdline decode`: shows what bytes mean.
//!
//! Standard input or a file is read as a stream and passed to one of the codec crates. The result is printed as
//! lines of JSON for programs, or row by row for people (`--explain`). Neither depends on how the input was cut into
//! pieces.

mod body;
mod capture;
mod comet;
mod conversation;
mod direction;
mod explain;
mod hex;
mod hixie76;
mod http1;
mod input;
mod item;
mod layer;
mod secrets;
mod sse;
mod style;
mod talk;
mod terminal;
mod websocket;

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

pub(crate) use self::conversation::{Conversation, Read};
use self::direction::{Direction, View};
pub(crate) use self::explain::html::{escaped, linked};
pub(crate) use self::hex::{
    is_meant as is_dump, parse as parse_dump, parse_within as parse_dump_within,
};
use self::input::Source;
use self::item::{Lines, Stop};
pub(crate) use self::secrets::Secrets;
pub(crate) use self::style::Style;
use self::style::explained;
pub(crate) use self::talk::Side;
use self::talk::Talk;
pub(crate) use self::terminal::{colour, width};
use self::websocket::frames_from;
use crate::config::{DecodeArguments, DecodeKind, DecodeRole, Explanation};

/// Decodes the input that the arguments name, and prints the result to standard output.
///
/// Exit codes: 0 if the input was valid, 1 if it broke a rule, 2 if it could not be read.
pub(crate) fn run(arguments: &DecodeArguments) -> ExitCode {
    let style = match arguments.explain {
        None => Style::Items,
        Some(Explanation::Text) => Style::text(colour(), width(arguments.width)),
        Some(Explanation::Html) => Style::Html,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let ended = input::open(arguments)
        .map_err(Failure::Read)
        .and_then(|source| decode(arguments, source, style, &mut out));
    match ended {
        Ok(ended) => {
            for note in ended.notes {
                eprintln!("holdline: {note}");
            }
            ExitCode::from(u8::from(ended.fault))
        }
        // The reader of the output, such as `head`, has seen enough.
        Err(Failure::Write(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Write(error)) => {
            eprintln!("holdline: cannot write to standard output: {error}");
            ExitCode::from(2)
        }
        Err(Failure::Read(problem)) => {
            let file = arguments.file.display();
            eprintln!("holdline: cannot read {file}: {problem}");
            ExitCode::from(2)
        }
    }
}

/// How the input ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ended {
    fault: bool,
    notes: Vec<String>,
}

/// A failure that is not the fault of the input.
#[derive(Debug)]
enum Failure {
    Read(String),
    Write(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Explains bytes that are all here, for a page: the rows without the frame around them. Returns what a person should
/// know of them.
///
/// # Errors
///
/// What `out` says, which ends it.
pub(crate) fn explain_all(
    arguments: &DecodeArguments,
    pieces: Vec<(Side, Vec<u8>)>,
    out: &mut dyn Write,
) -> io::Result<Vec<String>> {
    let explained = match arguments.kind {
        DecodeKind::Connection => both_ways(arguments, Style::Html, pieces, out),
        _ => {
            let bytes: Vec<u8> = pieces.into_iter().flat_map(|(_, piece)| piece).collect();
            one_way(arguments, Style::Html, &mut &bytes[..], out)
        }
    };
    match explained {
        Ok(ended) => Ok(ended.notes),
        Err(Failure::Write(error)) => Err(error),
        Err(Failure::Read(problem)) => Err(io::Error::other(problem)),
    }
}

/// Both sides of the first connection of a dump that shows packets, and what a person should know of it. `None`: it shows
/// bytes.
pub(crate) fn connection_of(pieces: &[Vec<u8>]) -> Option<Result<Exchanged, String>> {
    let capture = input::packets(
        pieces,
        1,
        "to read another, leave the packets of this one out",
    )?;
    Some(capture.map(|capture| (capture.pieces, capture.notes)))
}

/// What two sides sent, in order, and remarks on it.
pub(crate) type Exchanged = (Vec<(Side, Vec<u8>)>, Vec<String>);

fn decode(
    arguments: &DecodeArguments,
    source: Source,
    style: Style,
    out: &mut dyn Write,
) -> Result<Ended, Failure> {
    style.begin(out)?;
    let ended = match source {
        Source::Stream(mut input) => one_way(arguments, style, &mut *input, out)?,
        Source::Connection(capture) => {
            let mut ended = match arguments.kind {
                DecodeKind::Connection => both_ways(arguments, style, capture.pieces, out)?,
                _ => {
                    let wanted = sender(arguments);
                    let pieces = capture.pieces.into_iter();
                    let sent = pieces.filter(|(side, _)| *side == wanted);
                    let bytes = sent.flat_map(|(_, piece)| piece).collect::<Vec<u8>>();
                    one_way(arguments, style, &mut &bytes[..], out)?
                }
            };
            ended.notes.extend(capture.notes);
            ended
        }
    };
    style.end(out)?;
    out.flush()?;
    Ok(ended)
}

/// Passes the input on in pieces of at most `--chunk` bytes until it ends or breaks a rule.
///
/// Everything known so far is written out before the next read, which may wait for ever.
fn one_way(
    arguments: &DecodeArguments,
    style: Style,
    input: &mut dyn io::Read,
    out: &mut dyn Write,
) -> Result<Ended, Failure> {
    let mut direction = direction(arguments, style);
    let talk = Talk::one_sided(&arguments.method, arguments.deflate);
    let mut talk = talk.within(arguments.most_inflated);
    let chunk = arguments.chunk.map_or(BLOCK, |chunk| chunk.get());
    let mut block = vec![0; BLOCK];
    let mut lines = Lines::new(out);
    let stop = loop {
        let length = match input.read(&mut block) {
            Ok(0) => break direction.eof(&mut talk, &mut lines),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Read(error.to_string())),
        };
        let read = block.get_mut(..length).unwrap_or_default();
        let fed = read
            .chunks_mut(chunk)
            .try_for_each(|piece| direction.feed(piece, &mut talk, &mut lines));
        if fed.is_err() {
            break fed;
        }
        lines.out.flush()?;
    };
    let fault = match stop {
        Ok(()) => false,
        Err(Stop::Write(error)) => return Err(Failure::Write(error)),
        Err(Stop::Fault(fault)) => {
            direction.fault(&fault, &mut lines)?;
            true
        }
    };
    let notes = direction.note().into_iter().collect();
    Ok(Ended { fault, notes })
}

fn both_ways(
    arguments: &DecodeArguments,
    style: Style,
    pieces: Vec<(Side, Vec<u8>)>,
    out: &mut dyn Write,
) -> Result<Ended, Failure> {
    let conversation = Conversation::new(style, "", None, arguments.events);
    let mut conversation = conversation.within(arguments.most_inflated);
    let chunk = arguments.chunk.map_or(BLOCK, |chunk| chunk.get());
    let mut fault = false;
    for (side, mut piece) in pieces {
        for part in piece.chunks_mut(chunk) {
            fault |= conversation.feed(side, part, out)? == Read::Broken;
        }
    }
    for side in [Side::Client, Side::Server] {
        fault |= conversation.eof(side, out)? == Read::Broken;
    }
    let notes = conversation.notes().collect();
    Ok(Ended { fault, notes })
}

/// Who sends what is to be decoded.
fn sender(arguments: &DecodeArguments) -> Side {
    match (arguments.kind, arguments.role) {
        (DecodeKind::Http1Request, _) => Side::Client,
        (DecodeKind::Websocket | DecodeKind::Hixie76, DecodeRole::Server) => Side::Client,
        _ => Side::Server,
    }
}

/// What decodes the chosen kind.
fn direction(arguments: &DecodeArguments, style: Style) -> Direction {
    let from = sender(arguments);
    let kind = arguments.kind;
    let agreed = arguments.deflate.as_ref();
    let view = match (kind, style.sheet()) {
        (DecodeKind::Http1Request | DecodeKind::Http1Response | DecodeKind::Connection, _) => {
            return style.http(from, arguments.events);
        }
        (DecodeKind::Sse, None) => View::Items(Box::new(sse::Stream::new())),
        (DecodeKind::Sse, Some(sheet)) => explained(explain::event_stream(), sheet),
        (DecodeKind::Websocket, None) => View::Items(Box::new(websocket::Messages::new(
            frames_from(from, agreed),
        ))),
        (DecodeKind::Websocket, Some(sheet)) => {
            explained(explain::frames(frames_from(from, agreed)), sheet)
        }
        (DecodeKind::Hixie76, None) => View::Items(Box::new(hixie76::Texts::new(from))),
        (DecodeKind::Hixie76, Some(sheet)) => explained(explain::old_frames(from), sheet),
        (DecodeKind::Comet, None) => View::Items(Box::new(comet::Messages::default())),
        (DecodeKind::Comet, Some(sheet)) => explained(explain::comet(), sheet),
    };
    Direction::new(from, view)
}

/// Bytes read at a time, and passed on at a time unless `--chunk` is smaller.
const BLOCK: usize = 64 << 10;

#[cfg(test)]
mod tests;
