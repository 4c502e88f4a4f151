//! `holdline decode`: shows what bytes mean.
//!
//! Standard input or a file is read as a stream and passed to one of the codec crates. The result is printed as
//! lines of JSON for programs, or row by row for people (`--explain`). Neither depends on how the input was cut into
//! pieces.

mod body;
mod explain;
mod http1;
mod item;
mod sse;
mod websocket;

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Read, Write};
use std::process::ExitCode;

use holdline_websocket::{Limits, MessageDecoder};

use crate::config::{DecodeArguments, DecodeKind};
use crate::inspect::item::{Fault, Stop};

/// Decodes the input that the arguments name, and prints the result to standard output.
///
/// Exit codes: 0 if the input was valid, 1 if it broke a rule, 2 if it could not be read.
pub(crate) fn run(arguments: &DecodeArguments) -> ExitCode {
    let stdout = io::stdout().lock();
    let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let mut inspector = inspector(arguments, colour);
    let mut out = BufWriter::new(stdout);
    let chunk = arguments.chunk.map_or(BLOCK, |chunk| chunk.get());
    let ended = open(arguments)
        .map_err(Failure::Read)
        .and_then(|mut input| pump(&mut *input, chunk, &mut *inspector, &mut out));
    match ended {
        Ok(ended) => {
            if let Some(note) = ended.note {
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
        Err(Failure::Read(error)) => {
            eprintln!(
                "holdline: cannot read {}: {error}",
                arguments.file.display()
            );
            ExitCode::from(2)
        }
    }
}

/// Takes a stream and prints what it finds.
trait Inspector {
    /// Takes all of `piece`, and may modify it. An error is final.
    fn feed(&mut self, piece: &mut [u8], out: &mut dyn Write) -> Result<(), Stop>;

    /// The stream has ended.
    fn eof(&mut self, out: &mut dyn Write) -> Result<(), Stop>;

    /// Prints the rule that was broken. This is the last call.
    fn fault(&mut self, fault: &Fault, out: &mut dyn Write) -> io::Result<()> {
        item::print(&fault.item(), out)
    }

    /// Something a person should know about the stream, printed after its end.
    fn note(&self) -> Option<String> {
        None
    }
}

/// How the input ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ended {
    fault: bool,
    note: Option<String>,
}

/// A failure that is not the fault of the input.
#[derive(Debug)]
enum Failure {
    Read(io::Error),
    Write(io::Error),
}

fn inspector(arguments: &DecodeArguments, colour: bool) -> Box<dyn Inspector> {
    let method = arguments.method.as_str();
    match (arguments.kind, arguments.explain) {
        (DecodeKind::Http1Request, false) => Box::new(http1::Http::requests()),
        (DecodeKind::Http1Response, false) => Box::new(http1::Http::responses(method)),
        (DecodeKind::Sse, false) => Box::new(sse::Stream::new()),
        (DecodeKind::Websocket, false) => Box::new(websocket::Messages::new(decoder(arguments))),
        (DecodeKind::Http1Request, true) => explain::requests(colour),
        (DecodeKind::Http1Response, true) => explain::responses(method, colour),
        (DecodeKind::Sse, true) => explain::event_stream(colour),
        (DecodeKind::Websocket, true) => explain::frames(decoder(arguments), colour),
    }
}

/// A decoder for the frames that the chosen side receives.
fn decoder(arguments: &DecodeArguments) -> MessageDecoder {
    let decoder = MessageDecoder::new(arguments.role.into(), Limits::default());
    match &arguments.deflate {
        Some(agreed) => decoder.with_deflate(agreed),
        None => decoder,
    }
}

fn open(arguments: &DecodeArguments) -> io::Result<Box<dyn Read>> {
    if arguments.file.as_os_str() == "-" {
        Ok(Box::new(io::stdin().lock()))
    } else {
        Ok(Box::new(File::open(&arguments.file)?))
    }
}

/// Passes the input on in pieces of at most `chunk` bytes until it ends or breaks a rule.
///
/// Everything known so far is written out before the next read, which may wait for ever.
fn pump(
    input: &mut dyn Read,
    chunk: usize,
    inspector: &mut dyn Inspector,
    out: &mut dyn Write,
) -> Result<Ended, Failure> {
    let mut block = vec![0; BLOCK];
    let stop = loop {
        let length = match input.read(&mut block) {
            Ok(0) => break inspector.eof(out),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Read(error)),
        };
        let read = block.get_mut(..length).unwrap_or_default();
        let fed = read
            .chunks_mut(chunk)
            .try_for_each(|piece| inspector.feed(piece, out));
        if fed.is_err() {
            break fed;
        }
        out.flush().map_err(Failure::Write)?;
    };
    let fault = match stop {
        Ok(()) => false,
        Err(Stop::Write(error)) => return Err(Failure::Write(error)),
        Err(Stop::Fault(fault)) => {
            inspector.fault(&fault, out).map_err(Failure::Write)?;
            true
        }
    };
    out.flush().map_err(Failure::Write)?;
    Ok(Ended {
        fault,
        note: inspector.note(),
    })
}

/// Bytes read at a time, and passed on at a time unless `--chunk` is smaller.
const BLOCK: usize = 64 << 10;

#[cfg(test)]
mod tests;
