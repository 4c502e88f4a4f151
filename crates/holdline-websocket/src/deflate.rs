//! permessage-deflate (RFC 7692): what is agreed, and the two halves that compress and inflate.

mod compress;
mod decode;
mod inflate;
mod negotiate;
mod window;

use core::fmt;

pub(crate) use compress::{Deflater, compress_alone};
pub(crate) use inflate::{Inflated, Inflater};
pub(crate) use negotiate::{negotiate_offers, verify_answer};

use crate::role::Role;

/// What ends each flush and is left off the end of a message (RFC 7692 §7.2.1): an empty block.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// What this side wants of permessage-deflate, as a server that accepts or as a client that offers.
///
/// "Takeover" means that a message may refer to those before it: messages that are alike get much smaller,
/// and both sides keep memory between messages. This is what a connection keeps of the messages received
/// before, once it has received a compressed one:
///
/// | window bits | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 |
/// |---|---|---|---|---|---|---|---|---|
/// | at most | 256 B | 512 B | 1 KiB | 2 KiB | 4 KiB | 8 KiB | 16 KiB | 32 KiB |
///
/// While a compressed message is being received it takes 11 KiB more. Without
/// takeover the window is freed at the end of each message. Both are kept for the next message if it has been read
/// already.
///
/// The compressor takes 313 KiB whatever the window: with takeover from the first compressed message to the
/// end of the connection, without it only while a message is being sent. So a server with many connections
/// sets `no_context_takeover`. While a message is being sent, its compressed form exists twice, alone and as
/// a frame in `out`: together at most twice the length of the message, and a thousandth more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateOptions {
    /// This side compresses each message alone. Default: false.
    pub no_context_takeover: bool,
    /// The peer is asked to compress each message alone. Default: false.
    pub peer_no_context_takeover: bool,
    /// How far back this side refers, as a power of two in bytes, 8 to 15. Default: 15. The compressor knows
    /// only 15; with less, its window is emptied each time it would become larger, which keeps the promise
    /// and compresses less.
    pub max_window_bits: u8,
    /// How far back the peer may refer, 8 to 15. Default: 15. A server can only ask it of clients that offer
    /// `client_max_window_bits`; others keep 15 (RFC 7692 §7.1.2.2).
    pub peer_max_window_bits: u8,
    /// How hard to try, from 1 (fast) to 9 (small). Default: 6.
    pub level: u8,
    /// Messages with fewer bytes are sent as they are. Default: 0, every message is compressed. Fragmented
    /// messages are judged by their first fragment.
    pub min_size: usize,
}

impl Default for DeflateOptions {
    fn default() -> Self {
        Self {
            no_context_takeover: false,
            peer_no_context_takeover: false,
            max_window_bits: 15,
            peer_max_window_bits: 15,
            level: 6,
            min_size: 0,
        }
    }
}

impl DeflateOptions {
    /// What holds for our own direction, with the window within its bounds.
    fn ours(&self) -> Direction {
        Direction::new(self.no_context_takeover, self.max_window_bits)
    }

    fn theirs(&self) -> Direction {
        Direction::new(self.peer_no_context_takeover, self.peer_max_window_bits)
    }
}

/// What both sides agreed on: put it into [`Config::deflate`](crate::Config::deflate).
///
/// It comes from [`server::Request::accept_deflate`](crate::handshake::server::Request::accept_deflate) or
/// from [`client::Accepted::deflate`](crate::handshake::client::Accepted::deflate). A server's answer is its
/// `Display`: the value of `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    server: Direction,
    client: Direction,
    /// The offer had `server_max_window_bits`, so that the answer must have it, even if it is 15.
    server_bits_offered: bool,
    level: u8,
    min_size: usize,
}

impl Deflate {
    /// Whether each message of `role` is compressed alone.
    #[must_use]
    pub fn no_context_takeover(&self, role: Role) -> bool {
        !self.direction(role).takeover
    }

    /// How far back the messages of `role` refer, as a power of two in bytes: 8 to 15.
    #[must_use]
    pub fn max_window_bits(&self, role: Role) -> u8 {
        self.direction(role).bits
    }

    /// What holds for the messages that `role` sends.
    fn direction(&self, role: Role) -> Direction {
        match role {
            Role::Server => self.server,
            Role::Client => self.client,
        }
    }
}

impl fmt::Display for Deflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(negotiate::NAME)?;
        if !self.server.takeover {
            write!(f, "; {}", negotiate::SERVER_NO_CONTEXT_TAKEOVER)?;
        }
        if !self.client.takeover {
            write!(f, "; {}", negotiate::CLIENT_NO_CONTEXT_TAKEOVER)?;
        }
        if self.server.bits < 15 || self.server_bits_offered {
            write!(f, "; {}={}", negotiate::SERVER_BITS, self.server.bits)?;
        }
        if self.client.bits < 15 {
            write!(f, "; {}={}", negotiate::CLIENT_BITS, self.client.bits)?;
        }
        Ok(())
    }
}

/// What holds for the messages of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Direction {
    takeover: bool,
    /// 8 to 15.
    bits: u8,
}

impl Direction {
    fn new(no_context_takeover: bool, bits: u8) -> Self {
        Self {
            takeover: !no_context_takeover,
            bits: bits.clamp(8, 15),
        }
    }

    const fn window(self) -> usize {
        1 << self.bits
    }
}
