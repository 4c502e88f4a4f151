//! Plug-in sockets (`--socket-listen`): NUL-terminated JSON both ways, as Flash and Java applets spoke it.
//!
//! A client first says what it wants: `{"subscribe":[NAME…],"since":…,"token":…,"name":…,"presence":…}`. From then on it
//! is a subscriber like that of a WebSocket with `holdline.v2`, but for what a mistake costs it: the connection. Flash asks
//! on a connection of its own whether it may connect at all.

mod first;

use std::net::IpAddr;

use holdline_comet::socket::{Buffer, Decoder, Item, Limits};
use holdline_net::Arrival;

pub(crate) use self::first::First;
use crate::reply::Reply;

/// What cuts the bytes of a client into messages.
#[derive(Debug)]
pub(crate) struct Cutter {
    decoder: Decoder,
    buffer: Buffer,
}

/// A client that has not said yet what it wants.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) cutter: Cutter,
    /// How many bytes have come, as long as they may be a request for the policy.
    seen: usize,
    /// By what it is limited how much older messages it may read.
    pub(crate) address: Option<IpAddr>,
    /// Where it connected to.
    pub(crate) port: Option<u16>,
}

impl Cutter {
    pub(crate) fn new(max_message: usize) -> Self {
        let mut limits = Limits::default();
        limits.max_message = max_message;
        Self {
            decoder: Decoder::new(limits),
            buffer: Buffer::new(),
        }
    }

    /// Takes a message, or as much of one as has come.
    pub(crate) fn take<'b, 'i: 'b>(
        &'b mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Item<'b>>, Reply> {
        let taken = self.decoder.decode(input, &mut self.buffer);
        taken.map_err(|error| Reply::error(400, "bad_message", &error.to_string()))
    }

    /// Bytes of memory for a message that is not whole.
    pub(crate) fn held(&self) -> usize {
        self.buffer.capacity()
    }
}

impl Caller {
    pub(crate) fn new(arrival: &Arrival<'_>, max_message: usize) -> Box<Self> {
        let local = arrival.local_addr();
        Box::new(Self {
            cutter: Cutter::new(max_message),
            seen: 0,
            address: arrival.limited_address(),
            port: local.ok().flatten().map(|local| local.port()),
        })
    }

    /// Whether what has come begins as it must: with `{`, or as a request for the policy and nothing else.
    pub(crate) fn is_welcome(&mut self, input: &[u8]) -> bool {
        if self.seen == 0 && input.first() == Some(&b'{') {
            self.seen = POLICY.len();
        }
        let expected = POLICY.get(self.seen..).unwrap_or_default();
        let compared = expected.len().min(input.len());
        self.seen += compared;
        input.get(..compared) == expected.get(..compared)
    }
}

/// [`POLICY_FILE_REQUEST`](holdline_comet::socket::POLICY_FILE_REQUEST) and its end.
const POLICY: &[u8] = b"<policy-file-request/>\0";
