//! One connection, seen from the tester's side.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::frame::{FIN, Frame, MASKED, RSV, RSV1, Role, mask, opcode};
use super::inflate::Inflater;

/// Something that the peer sends.
#[derive(Clone, PartialEq, Eq)]
pub enum Item {
    /// A text message, all fragments joined.
    Text(Vec<u8>),
    /// A binary message, all fragments joined.
    Binary(Vec<u8>),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A Close, with its code if it has one.
    Close(Option<u16>),
    /// The orderly end of the TCP connection.
    End,
    /// A reset of the TCP connection.
    Reset,
}

/// Where the tester's writes are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// All of a step in one write.
    Whole,
    /// This many bytes in each write.
    Pieces(usize),
    /// At random places; this is the seed.
    Random(u64),
}

/// Reads and writes frames on a socket.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    role: Role,
    keys: StdRng,
    /// Bytes read but not used, from `at` on.
    read: Vec<u8>,
    at: usize,
    block: Vec<u8>,
    inflater: Option<Inflater>,
    message: Option<Message>,
}

/// A message whose last fragment has not arrived.
#[derive(Debug)]
struct Message {
    opcode: u8,
    compressed: bool,
    payload: Vec<u8>,
}

impl Wire {
    /// Starts after the handshake; `unread` are the bytes that came with it.
    pub(super) fn new(
        stream: TcpStream,
        role: Role,
        unread: Vec<u8>,
        inflater: Option<Inflater>,
    ) -> Self {
        Self {
            stream,
            role,
            keys: StdRng::seed_from_u64(6455),
            read: unread,
            at: 0,
            block: vec![0; 256 << 10],
            inflater,
            message: None,
        }
    }

    /// Sends frames, cut as requested.
    pub(super) fn send(&mut self, frames: &[Frame], cut: Cut) -> io::Result<()> {
        let mut bytes = Vec::new();
        for frame in frames {
            frame.encode(self.role, self.keys.random(), &mut bytes);
        }
        let mut random = match cut {
            Cut::Random(seed) => StdRng::seed_from_u64(seed),
            _ => StdRng::seed_from_u64(0),
        };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = match cut {
                Cut::Whole => rest.len(),
                Cut::Pieces(length) => length,
                // Often only a few bytes, so that headers are cut, too.
                Cut::Random(_) => 1 << random.random_range(0..16),
            };
            let (piece, more) = rest.split_at(length.min(rest.len()));
            self.stream.write_all(piece)?;
            rest = more;
        }
        Ok(())
    }

    /// The next thing that the peer sends, and whether that was compressed. The error says which
    /// rule it broke.
    pub(super) fn next(&mut self) -> Result<(Item, bool), String> {
        loop {
            let Some((first, mut payload)) = self.frame()? else {
                let unfinished = self.read.len() - self.at;
                if unfinished > 0 {
                    return Err(format!(
                        "the peer ended with {unfinished} bytes of a frame: {}",
                        Bytes(&self.read[self.at..])
                    ));
                }
                return Ok((Item::End, false));
            };
            let opcode = first & 0x0f;
            let reserved = first & RSV;
            let is_final = first & FIN != 0;
            if opcode >= opcode::CLOSE {
                check(is_final, "§5.5: a fragmented control frame")?;
                check(payload.len() <= 125, "§5.5: a control frame over 125 bytes")?;
                check(reserved == 0, "§5.2: a reserved bit in a control frame")?;
                return Ok((control(opcode, payload)?, false));
            }
            let compressed = self.inflater.is_some() && reserved == RSV1;
            if reserved != 0 && (!compressed || opcode == opcode::CONTINUATION) {
                return Err(format!("§5.2: reserved bits {reserved:#04x}"));
            }
            let message = match (self.message.take(), opcode) {
                (None, opcode::TEXT | opcode::BINARY) => Message {
                    opcode,
                    compressed,
                    payload,
                },
                (Some(mut message), opcode::CONTINUATION) => {
                    message.payload.append(&mut payload);
                    message
                }
                (None, _) => return Err(format!("§5.4: opcode {opcode} without a message")),
                (Some(_), _) => return Err(format!("§5.4: opcode {opcode} within a message")),
            };
            if !is_final {
                self.message = Some(message);
                continue;
            }
            let data = match &mut self.inflater {
                Some(inflater) if message.compressed => inflater
                    .message(&message.payload)
                    .map_err(|error| format!("RFC 7692 §7.2: {error}"))?,
                _ => message.payload,
            };
            if message.opcode == opcode::BINARY {
                return Ok((Item::Binary(data), message.compressed));
            }
            if std::str::from_utf8(&data).is_err() {
                return Err(format!("§5.6: text that is no UTF-8: {}", Bytes(&data)));
            }
            return Ok((Item::Text(data), message.compressed));
        }
    }

    /// First byte and payload of a frame. `None`: the end.
    fn frame(&mut self) -> Result<Option<(u8, Vec<u8>)>, String> {
        let Some([first, second]) = self.peek(0)? else {
            return Ok(None);
        };
        let (length, mut header) = match second & !MASKED {
            126 => {
                let Some(length) = self.peek(2)? else {
                    return Ok(None);
                };
                let length = u64::from(u16::from_be_bytes(length));
                check(length > 125, "§5.2: a length in more bytes than it needs")?;
                (length, 4)
            }
            127 => {
                let Some(length) = self.peek(2)? else {
                    return Ok(None);
                };
                let length = u64::from_be_bytes(length);
                check(
                    length > 0xffff,
                    "§5.2: a length in more bytes than it needs",
                )?;
                (length, 10)
            }
            length => (u64::from(length), 2),
        };
        let masked = second & MASKED != 0;
        match self.role {
            Role::Client => check(!masked, "§5.1: a masked frame from a server")?,
            Role::Server => check(masked, "§5.1: an unmasked frame from a client")?,
        }
        check(length <= MOST, "a frame longer than anything that was sent")?;
        let mut key = [0; 4];
        if masked {
            let Some(sent) = self.peek(header)? else {
                return Ok(None);
            };
            key = sent;
            header += 4;
        }
        let length = length as usize;
        if !self.fill(header + length)? {
            return Ok(None);
        }
        let start = self.at + header;
        let mut payload = self.read[start..start + length].to_vec();
        if masked {
            mask(&mut payload, key);
        }
        self.at = start + length;
        if self.at == self.read.len() {
            self.read.clear();
            self.at = 0;
        }
        Ok(Some((first, payload)))
    }

    fn peek<const N: usize>(&mut self, offset: usize) -> Result<Option<[u8; N]>, String> {
        if !self.fill(offset + N)? {
            return Ok(None);
        }
        let start = self.at + offset;
        Ok(self
            .read
            .get(start..)
            .and_then(<[u8]>::first_chunk)
            .copied())
    }

    /// Reads until there are this many bytes. Returns false if the stream ended before.
    fn fill(&mut self, length: usize) -> Result<bool, String> {
        while self.read.len() - self.at < length {
            if self.at > 0 {
                self.read.drain(..self.at);
                self.at = 0;
            }
            let read = self.stream.read(&mut self.block);
            match read {
                Ok(0) => return Ok(false),
                Ok(n) => self.read.extend_from_slice(&self.block[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err("nothing came, and the connection is open".into());
                }
                Err(error) => return Err(format!("{RESET} ({error})")),
            }
        }
        Ok(true)
    }
}

fn check(good: bool, rule: &str) -> Result<(), String> {
    if good {
        Ok(())
    } else {
        Err(format!("the peer broke {rule}"))
    }
}

fn control(opcode: u8, payload: Vec<u8>) -> Result<Item, String> {
    match opcode {
        opcode::PING => Ok(Item::Ping(payload)),
        opcode::PONG => Ok(Item::Pong(payload)),
        opcode::CLOSE => match payload.split_first_chunk() {
            None if payload.is_empty() => Ok(Item::Close(None)),
            None => Err("§5.5.1: a Close of one byte".into()),
            Some((_, reason)) if std::str::from_utf8(reason).is_err() => {
                Err("§5.5.1: a Close whose reason is no UTF-8".into())
            }
            Some((code, _)) => Ok(Item::Close(Some(u16::from_be_bytes(*code)))),
        },
        _ => Err(format!("§5.2: opcode {opcode}")),
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(data) => write!(f, "text of {}", Bytes(data)),
            Self::Binary(data) => write!(f, "binary of {}", Bytes(data)),
            Self::Ping(data) => write!(f, "ping of {}", Bytes(data)),
            Self::Pong(data) => write!(f, "pong of {}", Bytes(data)),
            Self::Close(Some(code)) => write!(f, "close {code}"),
            Self::Close(None) => write!(f, "close without a code"),
            Self::End => write!(f, "the end of the connection"),
            Self::Reset => write!(f, "a reset of the connection"),
        }
    }
}

/// Shows the length and the first bytes.
pub(super) struct Bytes<'b>(pub(super) &'b [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.len().min(40);
        write!(f, "{} bytes", self.0.len())?;
        if shown > 0 {
            write!(f, ": \"{}\"", self.0[..shown].escape_ascii())?;
        }
        if shown < self.0.len() {
            f.write_str("...")?;
        }
        Ok(())
    }
}

/// The beginning of an error that is a reset.
pub(super) const RESET: &str = "the connection was reset";

/// More than any message in the list has.
const MOST: u64 = 64 << 20;
