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
    beginning: Beginning,
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

    /// Gives back the memory of a message that was taken, which may be long in coming again.
    pub(crate) fn release(&mut self) {
        self.buffer = Buffer::new();
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
            beginning: Beginning::default(),
            address: arrival.limited_address(),
            port: local.ok().flatten().map(|local| local.port()),
        })
    }

    /// Whether what has come begins as it must: with `{`, or as a request for the policy and nothing else.
    pub(crate) fn is_welcome(&mut self, input: &[u8]) -> bool {
        self.beginning.goes_on(input)
    }
}

/// How many bytes have come, as long as they may be a request for the policy.
#[derive(Debug, Default)]
struct Beginning {
    seen: usize,
}

impl Beginning {
    fn goes_on(&mut self, input: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a connection that sends this, in pieces of that size, is never closed for its first byte.
    fn is_welcome(text: &[u8], size: usize) -> bool {
        let mut beginning = Beginning::default();
        text.chunks(size).all(|piece| beginning.goes_on(piece))
    }

    #[test]
    fn a_connection_begins_with_a_brace_or_with_all_of_the_policys_request_however_it_is_cut() {
        for size in 1..=POLICY.len() + 1 {
            assert!(is_welcome(POLICY, size), "{size}");
            assert!(is_welcome(b"{\"subscribe\":[]}\0{<x", size), "{size}");
            // Each byte counts.
            for at in 0..POLICY.len() {
                let mut other = POLICY.to_vec();
                other[at] ^= 1;
                assert!(!is_welcome(&other, size), "{at} {size}");
                assert!(is_welcome(&POLICY[..at], size), "{at} {size}");
            }
            for other in [&b"GET / HTTP/1.1"[..], b" {", b"\0", b"[", b"<{"] {
                assert!(!is_welcome(other, size), "{size}");
            }
        }
    }

    #[test]
    fn a_message_that_does_not_end_takes_no_more_memory_than_twice_the_longest() {
        let mut cutter = Cutter::new(1000);
        let mut most = 0;
        for _ in 0..1000 {
            assert!(matches!(cutter.take(&mut &b"x"[..]), Ok(None)));
            most = most.max(cutter.held());
        }
        assert!((1000..=2000).contains(&most), "{most}");
        // And from then on nothing is taken in.
        for _ in 0..10 {
            let mut input = &[b'x'; 5000][..];
            let reply = cutter.take(&mut input).unwrap_err();
            assert_eq!((reply.status, reply.code), (400, Some("bad_message")));
            assert!(input.is_empty() && cutter.held() <= 2000);
        }
    }

    #[test]
    fn a_message_that_was_taken_leaves_no_memory_behind() {
        let mut cutter = Cutter::new(1 << 20);
        let long = vec![b'x'; 100_000];
        assert!(matches!(cutter.take(&mut &long[..]), Ok(None)));
        let taken = cutter.take(&mut &b"\0"[..]);
        assert!(matches!(taken, Ok(Some(Item::Message(text))) if text.len() == 100_000));
        cutter.release();
        assert_eq!(cutter.held(), 0);
        assert!(matches!(cutter.take(&mut &b"y"[..]), Ok(None)));
        let taken = cutter.take(&mut &b"z\0"[..]);
        assert!(matches!(taken, Ok(Some(Item::Message("yz")))));
    }

    #[test]
    fn a_first_message_is_judged_by_its_members_and_deep_json_is_refused() {
        let deep = format!("{{\"subscribe\":{}", "[".repeat(100_000));
        let twice = r#"{"subscribe":["a"],"subscribe":["b"]}"#;
        for text in [&*deep, "{", "{}", r#"{"subscribe":[1]}"#, twice] {
            let reply = First::parse(text).unwrap_err();
            assert_eq!((reply.status, reply.code), (400, Some("bad_message")));
        }
        let whole = r#"{"subscribe":["a"],"since":"now","token":"t","name":"n","presence":true}"#;
        assert!(First::parse(whole).is_ok());
    }
}
