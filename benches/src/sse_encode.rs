//! Event streams, sending: from type, id and data to the bytes of an event.

use std::convert::Infallible;

use axum::response::{IntoResponse, Sse, sse};
use bytes::BytesMut;
use futures_util::{StreamExt, stream};
use holdline_sse::{Buffer, Decoder, EventFields, Item};

use crate::memory::run;
use crate::sample::{Random, ascii, mixed};
use crate::{Case, FLOOR, OURS, Sink, contestants};

/// Every kind of event.
#[must_use]
pub fn cases() -> Vec<Case> {
    let kinds = [
        ("tokens", token as fn(&mut Random) -> Event),
        ("multi-line", multi_line),
        ("many fields", many_fields),
    ];
    let case = |(name, event): (&'static str, fn(&mut Random) -> Event)| {
        Case::new("SSE encode", name, COUNT as u64, move || {
            let mut random = Random::new(7);
            let events: Vec<_> = (0..COUNT).map(|_| event(&mut random)).collect();
            contestants![events;
                OURS => ours,
                "axum" => axum,
                "sse-codec" => sse_codec,
                "sse-stream" => sse_stream,
                FLOOR => floor,
            ]
        })
        .written(decode)
    };
    kinds.into_iter().map(case).collect()
}

/// How many events one run encodes.
const COUNT: usize = 512;

#[derive(Clone, Debug)]
struct Event {
    event: &'static str,
    id: Option<String>,
    data: String,
}

fn token(random: &mut Random) -> Event {
    let text = mixed(6, random);
    Event {
        event: "content_block_delta",
        id: None,
        data: format!(
            "{{\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}"
        ),
    }
}

fn multi_line(random: &mut Random) -> Event {
    let lines: Vec<_> = (0..40).map(|_| ascii(75, random)).collect();
    Event {
        event: "document",
        id: None,
        data: lines.join("\n"),
    }
}

fn many_fields(random: &mut Random) -> Event {
    Event {
        event: "price",
        id: Some(random.below(1 << 30).to_string()),
        data: format!("{{\"bid\":{}}}", random.below(1 << 30)),
    }
}

/// Contestants may order fields and put spaces as they like: what the bytes mean is compared.
fn decode(mut bytes: &[u8], sink: &mut crate::Digest) {
    let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
    while let Some(item) = decoder.decode(&mut bytes, &mut buffer).expect("valid") {
        let Item::Event(event) = item else { continue };
        sink.part(event.event.as_bytes(), false);
        sink.part(event.id.as_bytes(), false);
        sink.item(event.data.as_bytes());
    }
}

fn ours(events: &Vec<Event>, sink: &mut impl Sink) {
    let mut out = BytesMut::new();
    for event in events {
        let fields = EventFields {
            event: Some(event.event),
            id: event.id.as_deref(),
            data: Some(&event.data),
            retry: None,
        };
        fields.encode(&mut out).expect("no line ends");
        sink.write(&out);
        out.clear();
    }
}

/// Its events become bytes only as the body of a response.
fn axum(events: &Vec<Event>, sink: &mut impl Sink) {
    // What a response sends must live as long as it likes, so all events are made before.
    let mut all = Vec::with_capacity(events.len());
    for event in events {
        let mut made = sse::Event::default().event(event.event);
        if let Some(id) = &event.id {
            made = made.id(id);
        }
        all.push(Ok::<_, Infallible>(made.data(&event.data)));
    }
    let body = Sse::new(stream::iter(all)).into_response().into_body();
    let mut body = body.into_data_stream();
    run(async {
        while let Some(bytes) = body.next().await {
            sink.write(&bytes.expect("infallible"));
        }
    });
}

fn sse_codec(events: &Vec<Event>, sink: &mut impl Sink) {
    use futures_codec::Encoder as _;
    let (mut codec, mut out) = (sse_codec::SSECodec::default(), BytesMut::new());
    for event in events {
        let message = sse_codec::Event::message(event.event, &event.data, event.id.as_deref());
        codec.encode(message, &mut out).expect("no line ends");
        sink.write(&out);
        out.clear();
    }
}

fn sse_stream(events: &Vec<Event>, sink: &mut impl Sink) {
    for event in events {
        let mut block = sse_stream::Sse::default()
            .event(event.event)
            .data(&*event.data);
        if let Some(id) = &event.id {
            block = block.id(id);
        }
        sink.write(&block.encode().expect("no line ends"));
    }
}

/// Looks for line ends in the data, and copies what is between.
fn floor(events: &Vec<Event>, sink: &mut impl Sink) {
    let mut out = Vec::with_capacity(16 << 10);
    for event in events {
        out.extend_from_slice(b"event:");
        out.extend_from_slice(event.event.as_bytes());
        if let Some(id) = &event.id {
            out.extend_from_slice(b"\nid:");
            out.extend_from_slice(id.as_bytes());
        }
        out.push(b'\n');
        let data = event.data.as_bytes();
        let mut start = 0;
        for end in memchr::memchr2_iter(b'\r', b'\n', data).chain([data.len()]) {
            out.extend_from_slice(b"data:");
            out.extend_from_slice(&data[start..end]);
            out.push(b'\n');
            start = end + 1;
        }
        out.push(b'\n');
        sink.write(&out);
        out.clear();
    }
}
