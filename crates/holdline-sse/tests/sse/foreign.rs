//! What the encoder writes, read by decoders of other people, at sizes up to some hundred KiB.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use holdline_sse::{EventFields, HEARTBEAT, PADDING, encode_comment, encode_id, encode_retry};

use crate::awkward::IN_STREAMS;
use crate::harness::Random;

/// Text of about this many bytes, in which the awkward stands between the plain.
fn text(random: &mut Random, size: usize) -> String {
    let mut text = String::with_capacity(size + 64);
    while text.len() < size {
        match random.below(3) {
            0 => text.push_str(IN_STREAMS[random.below(IN_STREAMS.len())]),
            1 => text.extend((0..random.below(60)).map(|_| PLAIN[random.below(PLAIN.len())])),
            _ => text.push_str("a longer piece of plain text, as messages have it "),
        }
    }
    text
}

const PLAIN: [char; 8] = ['a', 'Z', '0', '/', '+', '-', '_', '='];

/// Sizes at which buffers end, and one byte around them; then some hundred KiB.
const SIZES: [usize; 16] = [
    0, 1, 2, 63, 64, 1023, 1024, 4095, 4097, 16_383, 16_385, 31_750, 65_535, 65_537, 131_073,
    300_000,
];

#[derive(Debug, PartialEq)]
struct Seen {
    event: String,
    id: String,
    data: String,
}

/// A stream of events of all sizes, with everything between them that means nothing to a reader.
fn encoded(random: &mut Random) -> (BytesMut, Vec<Seen>) {
    let mut out = BytesMut::from(PADDING);
    let mut sent = Vec::new();
    for (number, size) in SIZES.into_iter().enumerate() {
        let data = text(random, size) + ["", "\r", "\n", "\r\n"][number % 4];
        let event = ["message", "move", "\u{e9}v\u{e9}nement"][number % 3];
        let id = format!("{number}-\u{1f980} {}", ["", "a:b", ": c"][number % 3]);
        let fields = EventFields {
            event: Some(event).filter(|event| *event != "message"),
            id: Some(&id),
            retry: (number % 5 == 0).then(|| Duration::from_millis(number as u64)),
            data: Some(&data),
        };
        fields.encode(&mut out).expect("nothing forbidden in it");
        out.extend_from_slice(HEARTBEAT);
        encode_comment(&text(random, size / 4), &mut out);
        encode_retry(Duration::from_secs(3), &mut out);
        sent.push(Seen {
            event: event.to_owned(),
            data: data.replace("\r\n", "\n").replace('\r', "\n"),
            id,
        });
    }
    encode_id("an ID alone", &mut out).expect("nothing forbidden in it");
    (out, sent)
}

/// The stream as it may come from a network: in pieces of some KiB, cut anywhere.
fn pieces(random: &mut Random, stream: &[u8]) -> Vec<Bytes> {
    let mut rest = stream;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((1 + random.below(60_000)).min(rest.len()));
        pieces.push(Bytes::copy_from_slice(piece));
        rest = after;
    }
    pieces
}

#[track_caller]
fn assert_same(seen: &[Seen], sent: &[Seen], who: &str) {
    for (number, (seen, sent)) in seen.iter().zip(sent).enumerate() {
        assert_eq!((&seen.event, &seen.id), (&sent.event, &sent.id), "{who}");
        let same = seen
            .data
            .bytes()
            .zip(sent.data.bytes())
            .take_while(|(a, b)| a == b);
        assert!(
            seen.data == sent.data,
            "{who}, event {number}: {} bytes instead of {}, the same up to {}",
            seen.data.len(),
            sent.data.len(),
            same.count()
        );
    }
    assert_eq!(seen.len(), sent.len(), "{who}");
}

#[tokio::test]
async fn eventsource_stream_reads_events_of_every_size() {
    let mut random = Random::from_environment();
    let (stream, sent) = encoded(&mut random);
    let pieces = pieces(&mut random, &stream)
        .into_iter()
        .map(Ok::<_, std::io::Error>);
    let events = eventsource_stream::EventStream::new(stream::iter(pieces));
    let seen = events.map(|event| {
        let event = event.expect("a stream that can be read");
        Seen {
            event: event.event,
            id: event.id,
            data: event.data,
        }
    });
    assert_same(&seen.collect::<Vec<_>>().await, &sent, "eventsource-stream");
}

#[tokio::test]
async fn sse_stream_reads_events_of_every_size() {
    let mut random = Random::from_environment();
    let (stream, sent) = encoded(&mut random);
    let pieces = pieces(&mut random, &stream)
        .into_iter()
        .map(Ok::<_, std::io::Error>);
    let blocks = sse_stream::SseByteStream::new(stream::iter(pieces));
    // It hands out every block, also one without data.
    let seen = blocks.filter_map(async |block| {
        let block = block.expect("a stream that can be read");
        Some(Seen {
            event: block.event.unwrap_or_else(|| "message".to_owned()),
            id: block.id.unwrap_or_default(),
            data: block.data?,
        })
    });
    assert_same(&seen.collect::<Vec<_>>().await, &sent, "sse-stream");
}
