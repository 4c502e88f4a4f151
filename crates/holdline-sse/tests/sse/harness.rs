//! One stream, cut in every way.

use std::time::Duration;

use holdline_sse::{Buffer, DecodeError, Decoder, EventBuf, ItemBuf, Limits};

/// The listing with which tutorials explain event streams.
pub(crate) const FOUR_EVENTS: &str = "data: first event\n\n\
    data: second event\nid: 100\n\n\
    event: myevent\ndata: third event\nid: 101\n\n\
    : this is a comment\ndata: fourth event\ndata: fourth event continue\n\n";

/// All that can be seen of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trace {
    /// The items, and how many bytes were taken when each came out.
    pub(crate) items: Vec<(ItemBuf, u64)>,
    pub(crate) error: Option<DecodeError>,
    pub(crate) last_event_id: String,
    pub(crate) reconnection_time: Option<Duration>,
    pub(crate) is_between_events: bool,
}

impl Trace {
    pub(crate) fn items(&self) -> Vec<ItemBuf> {
        self.items.iter().map(|(item, _)| item.clone()).collect()
    }

    pub(crate) fn events(&self) -> Vec<EventBuf> {
        let event = |item| match item {
            ItemBuf::Event(event) => Some(event),
            _ => None,
        };
        self.items().into_iter().filter_map(event).collect()
    }
}

/// A decoder that hands out everything.
pub(crate) fn decoder(limits: Limits) -> Decoder {
    Decoder::new(limits).with_comments().with_retry().with_ids()
}

/// Runs `decoder` over the pieces, and checks the laws that one run can show.
pub(crate) fn run<'p>(mut decoder: Decoder, pieces: impl IntoIterator<Item = &'p [u8]>) -> Trace {
    let mut buffer = Buffer::new();
    let mut items = Vec::new();
    let mut error = None;
    let mut fed = 0;
    for piece in pieces {
        let mut input = piece;
        fed += piece.len() as u64;
        while error.is_none() {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(item)) => {
                    let item = item.to_owned();
                    items.push((item, decoder.position()));
                }
                Ok(None) => {
                    assert!(input.is_empty(), "drain law");
                    break;
                }
                Err(peer) => {
                    assert!(input.is_empty(), "the whole input is taken");
                    assert!(peer.at() <= decoder.position());
                    let mut more = &b"data: x\n\n"[..];
                    let again = decoder.clone().decode(&mut more, &mut buffer);
                    assert_eq!((again, more), (Err(peer), &b""[..]), "sticky");
                    assert_eq!(decoder.decode_eof(), Err(peer), "sticky");
                    error = Some(peer);
                }
            }
            assert_eq!(decoder.position(), fed - input.len() as u64);
        }
        if error.is_some() {
            break;
        }
    }
    Trace {
        items,
        error,
        last_event_id: decoder.last_event_id().to_owned(),
        reconnection_time: decoder.reconnection_time(),
        is_between_events: decoder.is_between_events(),
    }
}

/// Runs `stream` whole, byte by byte, at every split and, when it is short, at every two splits.
/// All must agree, also on the offset at which each item came out. As a byte-by-byte run returns
/// an item at the earliest byte that completes it, this is also the boundary law.
pub(crate) fn every_way(decoder: &Decoder, stream: &[u8]) -> Trace {
    let whole = run(decoder.clone(), [stream]);
    let bytes = run(decoder.clone(), stream.chunks(1));
    assert_eq!(
        whole,
        bytes,
        "byte by byte: {:?}",
        stream.escape_ascii().to_string()
    );
    for first in 0..=stream.len() {
        let (a, rest) = stream.split_at(first);
        let split = run(decoder.clone(), [a, rest]);
        assert_eq!(whole, split, "split at {first}");
        if stream.len() <= 48 {
            for second in 0..=rest.len() {
                let (b, c) = rest.split_at(second);
                let split = run(decoder.clone(), [a, b, c]);
                assert_eq!(whole, split, "split at {first}, then after {second}");
            }
        }
    }
    whole
}

/// [`every_way`] with everything handed out; and again with trailing bytes, which change nothing
/// before them.
pub(crate) fn trace(stream: &[u8]) -> Trace {
    trace_with(&decoder(Limits::default()), stream)
}

pub(crate) fn trace_with(decoder: &Decoder, stream: &[u8]) -> Trace {
    let trace = every_way(decoder, stream);
    for trailing in [
        &b"x"[..],
        b"\n",
        b"\r",
        b"\n\n",
        b"data: t\r\n\r\n",
        b"\0\xff:",
    ] {
        let longer = every_way(decoder, &[stream, trailing].concat());
        let same = longer.items.get(..trace.items.len());
        assert_eq!(same, Some(&trace.items[..]), "followed by {trailing:?}");
        if trace.error.is_some() {
            assert_eq!(longer, trace);
        }
    }
    trace
}

pub(crate) fn event(event: &str, data: &str, id: &str) -> ItemBuf {
    ItemBuf::Event(EventBuf {
        event: event.into(),
        data: data.into(),
        id: id.into(),
    })
}

pub(crate) fn message(data: &str) -> ItemBuf {
    event("message", data, "")
}

pub(crate) fn comment(text: &str) -> ItemBuf {
    ItemBuf::Comment(text.into())
}

pub(crate) fn id(id: &str) -> ItemBuf {
    ItemBuf::Id(id.into())
}

pub(crate) fn retry(millis: u64) -> ItemBuf {
    ItemBuf::Retry(Duration::from_millis(millis))
}

/// A small generator (xorshift), so that a failure can be run again from its seed.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Begins with the seed in `HOLDLINE_SEED`, and prints which it is.
    pub(crate) fn from_environment() -> Self {
        let seed = std::env::var("HOLDLINE_SEED").ok();
        let seed = seed
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(20_261_128);
        eprintln!("HOLDLINE_SEED={seed}");
        Self(seed | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}
