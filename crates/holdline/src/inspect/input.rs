//! Where the bytes come from: a stream, a hex dump, or a capture.

use std::fs::File;
use std::io::{self, Cursor, Read};

use crate::config::{DecodeArguments, DecodeKind};
use crate::inspect::capture::{self, Capture};
use crate::inspect::hex;

pub(super) enum Source {
    /// One direction.
    Stream(Box<dyn Read>),
    Connection(Capture),
}

/// Opens the input that the arguments name.
///
/// # Errors
///
/// Why it cannot be read.
pub(super) fn open(arguments: &DecodeArguments) -> Result<Source, String> {
    let number = arguments.connection.get();
    let input = file(arguments).map_err(|error| error.to_string())?;
    if arguments.pcap {
        return capture::read(input, number, ADVICE).map(Source::Connection);
    }
    if arguments.hex {
        let pieces = hex::parse(&text(input)?)?;
        return match packets(&pieces, number, ADVICE) {
            Some(capture) => capture.map(Source::Connection),
            None if arguments.kind == DecodeKind::Connection => Err(NO_CONNECTION.to_owned()),
            None => Ok(Source::Stream(Box::new(Cursor::new(pieces.concat())))),
        };
    }
    match arguments.kind {
        DecodeKind::Connection => Err(NO_CONNECTION.to_owned()),
        _ => Ok(Source::Stream(input)),
    }
}

fn file(arguments: &DecodeArguments) -> io::Result<Box<dyn Read + Send>> {
    if arguments.file.as_os_str() == "-" {
        Ok(Box::new(io::stdin()))
    } else {
        Ok(Box::new(File::open(&arguments.file)?))
    }
}

fn text(input: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    let limit = hex::LONGEST as u64;
    input
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    match bytes.len() > hex::LONGEST {
        true => Err(format!("the dump has more than {limit} bytes")),
        // The text beside the bytes may be in any encoding.
        false => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// A connection of a dump, if that shows packets. `advice` tells how to read another.
pub(super) fn packets(
    pieces: &[Vec<u8>],
    number: usize,
    advice: &str,
) -> Option<Result<Capture, String>> {
    are_packets(pieces).then(|| capture::of_packets(pieces, number, advice))
}

/// Whether these are packets of TCP over IP, as `tcpdump -X` and `-XX` show them.
fn are_packets(pieces: &[Vec<u8>]) -> bool {
    let is_ip = |packet: &[u8]| match packet {
        // Version 4 with a header of at least five words, its length, and TCP.
        [0x45..=0x4f, _, high, low, _, _, _, _, _, 6, ..] => {
            usize::from(u16::from_be_bytes([*high, *low])) <= packet.len()
        }
        // Version 6, its length, and TCP.
        [0x60..=0x6f, _, _, _, high, low, 6, ..] => {
            usize::from(u16::from_be_bytes([*high, *low])) + 40 <= packet.len()
        }
        _ => false,
    };
    let is_packet = |packet: &Vec<u8>| is_ip(packet) || packet.get(14..).is_some_and(is_ip);
    !pieces.is_empty() && pieces.iter().all(is_packet)
}

const ADVICE: &str = "--connection N reads another";
const NO_CONNECTION: &str = "`connection` needs both sides of one: give a capture with --pcap, or a dump of packets with --hex";
