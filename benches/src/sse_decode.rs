//! Event streams, receiving: from pieces of bytes to events with type, id and data.

use std::convert::Infallible;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use holdline_sse::{Buffer, Decoder, Item};

use crate::memory::run;
use crate::sample::{Random, ascii, mixed};
use crate::{Case, FLOOR, OURS, Sink, contestants};

/// Every kind of event in pieces of every size, and the long line.
#[must_use]
pub fn cases() -> Vec<Case> {
    let kinds = [
        ("tokens", token as fn(&mut Random) -> String, TOKENS),
        ("multi-line", multi_line, 80),
        ("many fields", many_fields, 2000),
    ];
    let cuts = [
        ("16 KiB pieces", Cut::Every(16 << 10)),
        ("1-100 B pieces", Cut::Random),
        ("1 B pieces", Cut::Every(1)),
    ];
    let mut cases = Vec::new();
    for (kind, event, count) in kinds {
        for (cut_name, cut) in cuts {
            // Bytes one by one take all of them long.
            let count = if matches!(cut, Cut::Every(1)) {
                count / 8
            } else {
                count
            };
            cases.push(Case::new(
                "SSE decode",
                format!("{kind}, {cut_name}"),
                count as u64,
                move || {
                    contestants![Wire::of_events(event, cut, count);
                        OURS => ours,
                        "eventsource-stream" => eventsource_stream,
                        "eventsource-stream2" => eventsource_stream2,
                        "sse-codec" => sse_codec,
                        "sse-frame" => sse_frame,
                        "sse-stream" => sse_stream,
                        "sseer" => sseer,
                        FLOOR => floor,
                    ]
                },
            ));
        }
    }
    cases.push(long_line("one piece", Cut::Every(usize::MAX)));
    cases.push(long_line("64 B pieces", Cut::Every(64)));
    cases
}

/// How many tokens one run decodes.
const TOKENS: usize = 1600;

/// What one of the cases receives.
pub(crate) fn inputs() -> Vec<(&'static str, Bytes)> {
    let wire = Wire::of_events(token, Cut::Every(16 << 10), TOKENS);
    vec![("SSE decode/tokens, 16 KiB pieces", wire.bytes)]
}

fn long_line(cut_name: &str, cut: Cut) -> Case {
    let name = format!("1 MiB line, {cut_name}");
    Case::new("SSE decode", name, 1, move || {
        // eventsource-stream and sse-codec begin anew with each piece: seconds and minutes.
        contestants![Wire::of_one_line(1 << 20, cut);
            OURS => ours,
            "eventsource-stream2" => eventsource_stream2,
            "sse-frame" => sse_frame,
            "sse-stream" => sse_stream,
            "sseer" => sseer,
            FLOOR => floor,
        ]
    })
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    Every(usize),
    /// 1 to 100 bytes.
    Random,
}

/// A stream, and the pieces in which it arrives.
struct Wire {
    bytes: Bytes,
    pieces: Vec<Range<usize>>,
}

impl Wire {
    fn of_events(event: fn(&mut Random) -> String, cut: Cut, count: usize) -> Self {
        let mut random = Random::new(7);
        let events: Vec<_> = (0..count).map(|_| event(&mut random)).collect();
        Self::new(events.concat(), cut)
    }

    fn of_one_line(length: usize, cut: Cut) -> Self {
        let text = ascii(length, &mut Random::new(7));
        Self::new(format!("event: token\ndata: {text}\n\n"), cut)
    }

    fn new(text: String, cut: Cut) -> Self {
        let mut random = Random::new(11);
        let mut pieces = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let length = match cut {
                Cut::Every(length) => length,
                Cut::Random => 1 + random.below(100),
            };
            let end = start.saturating_add(length).min(text.len());
            pieces.push(start..end);
            start = end;
        }
        Self {
            bytes: text.into(),
            pieces,
        }
    }

    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(|piece| &self.bytes[piece.clone()])
    }

    fn stream(&self) -> impl Stream<Item = Result<&[u8], Infallible>> + Unpin {
        stream::iter(self.pieces().map(Ok))
    }
}

/// A token of a language model's answer, about 150 bytes in two lines.
fn token(random: &mut Random) -> String {
    let text = match random.below(4) {
        0 => mixed(6, random),
        _ => ascii(6, random),
    };
    format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\
         \"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}},\"n\":{}}}\n\n",
        random.below(1000)
    )
}

/// About 3 KiB in 40 lines of data.
fn multi_line(random: &mut Random) -> String {
    let mut event = String::from("event: document\n");
    for _ in 0..40 {
        let length = 40 + random.below(70);
        event += &format!("data: {}\n", ascii(length, random));
    }
    event + "\n"
}

/// Every field, a comment, and a field that nobody knows.
fn many_fields(random: &mut Random) -> String {
    format!(
        ": heartbeat\nid: {0}-{0}\nevent: price\nretry: 3000\nx-trace: {1}\ndata: {{\"bid\":{0}}}\n\
         data: {{\"ask\":{1}}}\n\n",
        random.below(1 << 30),
        random.below(1 << 30),
    )
}

/// An event in the order in which all give it to the sink.
fn put(event: &str, id: &str, data: &str, sink: &mut impl Sink) {
    sink.part(event.as_bytes(), false);
    sink.part(id.as_bytes(), false);
    sink.item(data.as_bytes());
}

fn ours(wire: &Wire, sink: &mut impl Sink) {
    let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
    for mut piece in wire.pieces() {
        while let Some(item) = decoder.decode(&mut piece, &mut buffer).expect("valid") {
            let Item::Event(event) = item else { continue };
            put(event.event, event.id, event.data, sink);
        }
    }
}

fn eventsource_stream(wire: &Wire, sink: &mut impl Sink) {
    let mut events = eventsource_stream::EventStream::new(wire.stream());
    run(async {
        while let Some(event) = events.next().await {
            let event = event.expect("valid");
            put(&event.event, &event.id, &event.data, sink);
        }
    });
}

/// It checks text in each piece, and remembers how far it has looked for a line end.
fn eventsource_stream2(wire: &Wire, sink: &mut impl Sink) {
    let mut events = eventsource_stream2::EventStream::new(wire.stream());
    run(async {
        while let Some(event) = events.next().await {
            let event = event.expect("valid");
            put(&event.event, &event.id, &event.data, sink);
        }
    });
}

fn sse_codec(wire: &Wire, sink: &mut impl Sink) {
    use futures_codec::Decoder as _;
    use sse_codec::{Event, SSECodec};
    let (mut codec, mut buffer) = (SSECodec::default(), BytesMut::new());
    for piece in wire.pieces() {
        buffer.extend_from_slice(piece);
        while let Some(event) = codec.decode(&mut buffer).expect("valid") {
            if let Event::Message { id, event, data } = event {
                put(&event, id.as_deref().unwrap_or(""), &data, sink);
            }
        }
    }
}

fn sse_frame(wire: &Wire, sink: &mut impl Sink) {
    let mut parser = sse_frame::Parser::new();
    for piece in wire.pieces() {
        for event in parser.push(piece) {
            let kind = event.event.as_deref().unwrap_or("message");
            put(kind, event.id.as_deref().unwrap_or(""), &event.data, sink);
        }
    }
}

fn sse_stream(wire: &Wire, sink: &mut impl Sink) {
    let mut blocks = sse_stream::SseByteStream::new(wire.stream());
    run(async {
        while let Some(block) = blocks.next().await {
            let block = block.expect("valid");
            let Some(data) = block.data else { continue };
            let kind = block.event.as_deref().unwrap_or("message");
            put(kind, block.id.as_deref().unwrap_or(""), &data, sink);
        }
    });
}

/// It takes over pieces of `Bytes`, and refers to them.
fn sseer(wire: &Wire, sink: &mut impl Sink) {
    let pieces = wire
        .pieces
        .iter()
        .map(|piece| wire.bytes.slice(piece.clone()));
    let mut events = sseer::EventStream::new(stream::iter(pieces.map(Ok::<_, Infallible>)));
    run(async {
        while let Some(event) = events.next().await {
            let event = event.expect("valid");
            put(&event.event, &event.id, &event.data, sink);
        }
    });
}

/// Finds the line ends, and takes two in a row for the end of an event.
fn floor(wire: &Wire, sink: &mut impl Sink) {
    let mut line = 0;
    let mut offset = 0;
    for piece in wire.pieces() {
        for at in memchr::memchr_iter(b'\n', piece) {
            if offset + at == line {
                sink.item(&[]);
            }
            line = offset + at + 1;
        }
        offset += piece.len();
    }
}
