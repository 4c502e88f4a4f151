//! WebSocket, receiving: a server reads masked frames, in blocks of 64 KiB, and gives whole messages.

mod more;
mod ours;

use std::rc::Rc;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;
use tokio_util::codec::Decoder;
use tokio_util::compat::TokioAsyncReadCompatExt;

use crate::memory::{Incoming, run};
use crate::sample::{Random, ascii, binary, mixed, size};
use crate::{BLOCK, Case, FLOOR, OURS, Sink, contestants};

/// Every kind of content in every size.
#[must_use]
pub fn cases() -> Vec<Case> {
    let kinds = [
        ("binary", Content::Binary),
        ("ASCII text", Content::Ascii),
        ("mixed text", Content::Mixed),
    ];
    let mut cases = Vec::new();
    for (name, content) in kinds {
        for length in [16, 125, 1 << 10, 16 << 10, 1 << 20] {
            let count = count(length);
            cases.push(Case::new(
                "WebSocket decode",
                format!("{name} {}", size(length)),
                count as u64,
                move || {
                    let wire = Rc::new(Wire::new(content, length, count));
                    let mut all = contestants![Rc::clone(&wire);
                        OURS => ours::whole::<BLOCK>,
                        "holdline, in pieces" => ours::in_pieces,
                        "fastwebsockets" => fastwebsockets,
                        "ratchet" => more::ratchet,
                        "sockudo-ws" => more::sockudo_ws,
                        "soketto" => soketto,
                        "tokio-websockets" => tokio_websockets,
                        "tungstenite" => tungstenite,
                        "web-socket" => more::web_socket,
                        "websocket-codec" => websocket_codec,
                        "websocket-sans-io" => websocket_sans_io,
                        "wtx" => more::wtx,
                        "yawc" => yawc,
                        FLOOR => floor,
                    ];
                    if length >= ours::SMALL_BLOCK {
                        all.extend(contestants![Rc::clone(&wire);
                            "holdline, reads of 16 KiB" => ours::whole::<{ ours::SMALL_BLOCK }>
                        ]);
                    }
                    if content == Content::Binary && length > BLOCK {
                        all.extend(
                            contestants![wire; "holdline, straight in" => ours::straight_in],
                        );
                    }
                    all
                },
            ));
        }
    }
    cases
}

/// How many messages one run receives.
fn count(length: usize) -> usize {
    ((1 << 20) / length).clamp(4, 16 << 10)
}

/// What two of the cases receive.
pub(crate) fn inputs() -> Vec<(&'static str, Bytes)> {
    let input = |length| Wire::new(Content::Binary, length, count(length)).bytes;
    vec![
        ("WebSocket decode/binary 125 B", input(125)),
        ("WebSocket decode/binary 16 KiB", input(16 << 10)),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Content {
    Binary,
    Ascii,
    Mixed,
}

/// A stream of masked frames, each one a message.
struct Wire {
    bytes: Bytes,
    is_text: bool,
    /// What the floor knows in advance: where payloads lie in each block.
    blocks: Vec<Vec<Payload>>,
}

/// A payload, or its part within a block.
struct Payload {
    start: usize,
    end: usize,
    /// Turned to where this part begins.
    mask: [u8; 4],
    last: bool,
}

impl Wire {
    fn new(content: Content, length: usize, count: usize) -> Self {
        let mut random = Random::new(length as u64 | 1 << 40);
        let mut bytes = BytesMut::new();
        let mut blocks: Vec<Vec<Payload>> = Vec::new();
        for _ in 0..count {
            let payload = match content {
                Content::Binary => binary(length, &mut random),
                Content::Ascii => ascii(length, &mut random).into_bytes(),
                Content::Mixed => mixed(length, &mut random).into_bytes(),
            };
            let mask = (random.number() as u32).to_be_bytes();
            put_header(content, length, mask, &mut bytes);
            let begin = bytes.len();
            bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
            let (mut start, end) = (begin, bytes.len());
            while start < end {
                let block = start / BLOCK;
                let stop = end.min((block + 1) * BLOCK);
                let mut mask = mask;
                mask.rotate_left((start - begin) % 4);
                blocks.resize_with(blocks.len().max(block + 1), Vec::new);
                blocks[block].push(Payload {
                    start: start - block * BLOCK,
                    end: stop - block * BLOCK,
                    mask,
                    last: stop == end,
                });
                start = stop;
            }
        }
        Self {
            bytes: bytes.freeze(),
            is_text: content != Content::Binary,
            blocks,
        }
    }
}

/// RFC 6455 §5.2.
fn put_header(content: Content, length: usize, mask: [u8; 4], out: &mut BytesMut) {
    out.put_u8(if content == Content::Binary {
        0x82
    } else {
        0x81
    });
    match length {
        0..=125 => out.put_u8(0x80 | length as u8),
        126..=0xffff => {
            out.put_u8(0x80 | 126);
            out.put_u16(length as u16);
        }
        _ => {
            out.put_u8(0x80 | 127);
            out.put_u64(length as u64);
        }
    }
    out.put_slice(&mask);
}

fn fastwebsockets(wire: &Wire, sink: &mut impl Sink) {
    use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket, WebSocketError};
    run(async {
        let websocket = WebSocket::after_handshake(Incoming::new(&wire.bytes), Role::Server);
        let mut websocket = FragmentCollector::new(websocket);
        loop {
            match websocket.read_frame().await {
                Ok(frame) => {
                    assert!(matches!(frame.opcode, OpCode::Text | OpCode::Binary));
                    sink.item(&frame.payload);
                }
                Err(WebSocketError::UnexpectedEOF) => break,
                Err(error) => panic!("{error}"),
            }
        }
    });
}

fn soketto(wire: &Wire, sink: &mut impl Sink) {
    use soketto::connection::{Builder, Error, Mode};
    run(async {
        // It reads headers byte by byte, and is meant to be given something buffered.
        let stream = tokio::io::BufReader::with_capacity(BLOCK, Incoming::new(&wire.bytes));
        let (_sender, mut receiver) = Builder::new(stream.compat(), Mode::Server).finish();
        let mut message = Vec::new();
        loop {
            message.clear();
            match receiver.receive_data(&mut message).await {
                // Text is left to its user to check.
                Ok(kind) if kind.is_text() => {
                    let text = simdutf8::basic::from_utf8(&message).expect("text");
                    sink.item(text.as_bytes());
                }
                Ok(_) => sink.item(&message),
                Err(Error::Closed) => break, // the end of the stream
                Err(error) => panic!("{error}"),
            }
        }
    });
}

fn tokio_websockets(wire: &Wire, sink: &mut impl Sink) {
    use tokio_websockets::{Limits, ServerBuilder};
    run(async {
        let builder = ServerBuilder::new().limits(Limits::unlimited());
        let mut websocket = builder.serve(Incoming::new(&wire.bytes));
        while let Some(message) = websocket.next().await {
            let Ok(message) = message else { break };
            if let Some(text) = message.as_text() {
                sink.item(text.as_bytes());
            } else {
                sink.item(message.as_payload());
            }
        }
    });
}

fn tungstenite(wire: &Wire, sink: &mut impl Sink) {
    use tungstenite::protocol::{Role, WebSocketConfig};
    use tungstenite::{Message, WebSocket};
    let config = WebSocketConfig::default().read_buffer_size(BLOCK);
    let stream = Incoming::new(&wire.bytes);
    let mut websocket = WebSocket::from_raw_socket(stream, Role::Server, Some(config));
    // The end of the stream without a Close is an error.
    while let Ok(message) = websocket.read() {
        match message {
            Message::Text(text) => sink.item(text.as_str().as_bytes()),
            Message::Binary(data) => sink.item(&data),
            other => panic!("{other:?}"),
        }
    }
}

fn websocket_codec(wire: &Wire, sink: &mut impl Sink) {
    let mut codec = websocket_codec::MessageCodec::server();
    let mut buffer = BytesMut::with_capacity(BLOCK);
    for read in wire.bytes.chunks(BLOCK) {
        buffer.extend_from_slice(read);
        while let Some(message) = codec.decode(&mut buffer).expect("valid") {
            match message.as_text() {
                Some(text) => sink.item(text.as_bytes()),
                None => sink.item(message.data()),
            }
        }
    }
}

fn websocket_sans_io(wire: &Wire, sink: &mut impl Sink) {
    use websocket_sans_io::{Opcode, WebsocketFrameDecoder, WebsocketFrameEvent as Event};
    // It gives pieces of frames, unmasked in place. Those of a message are joined here, unless one piece is
    // the whole message; text is checked here.
    let mut decoder = WebsocketFrameDecoder::new();
    let mut joined = Vec::new();
    let mut block = vec![0; BLOCK];
    let mut whole = 0..0;
    for read in wire.bytes.chunks(BLOCK) {
        block[..read.len()].copy_from_slice(read);
        let mut at = 0;
        loop {
            let step = decoder.add_data(&mut block[at..read.len()]);
            let step = step.expect("infallible");
            let taken = at..at + step.consumed_bytes;
            at = taken.end;
            match step.event {
                Some(Event::Start { .. }) => whole = 0..0,
                Some(Event::PayloadChunk { .. }) => {
                    if at < read.len() && joined.is_empty() {
                        whole = taken;
                    } else {
                        joined.extend_from_slice(&block[taken]);
                    }
                }
                Some(Event::End {
                    frame_info,
                    original_opcode,
                }) => {
                    assert!(frame_info.fin && frame_info.is_reasonable());
                    let data = if joined.is_empty() {
                        &block[whole.clone()]
                    } else {
                        &joined
                    };
                    if original_opcode == Opcode::Text {
                        let text = simdutf8::basic::from_utf8(data).expect("text");
                        sink.item(text.as_bytes());
                    } else {
                        sink.item(data);
                    }
                    joined.clear();
                }
                None if at == read.len() => break,
                None => {}
            }
        }
    }
}

fn yawc(wire: &Wire, sink: &mut impl Sink) {
    use yawc::{OpCode, Options, Role, WebSocket};
    run(async {
        let mut options = Options::default()
            .with_read_buffer_capacity(BLOCK)
            .with_limits(2 << 20, 4 << 20);
        if wire.is_text {
            options = options.with_utf8();
        }
        let stream = Incoming::new(&wire.bytes);
        let mut websocket = WebSocket::from_stream(stream, Role::Server, options).expect("options");
        while let Ok(frame) = websocket.next_frame().await {
            assert!(matches!(frame.opcode(), OpCode::Text | OpCode::Binary));
            sink.item(frame.payload());
        }
    });
}

/// A copy into the block, an XOR in place, and for text the fastest check of UTF-8.
///
/// It parses no header, follows no state and joins nothing.
fn floor(wire: &Wire, sink: &mut impl Sink) {
    let mut block = vec![0; BLOCK];
    for (read, payloads) in wire.bytes.chunks(BLOCK).zip(&wire.blocks) {
        block[..read.len()].copy_from_slice(read);
        for payload in payloads {
            let data = &mut block[payload.start..payload.end];
            xor(data, payload.mask);
            if wire.is_text {
                simdutf8::basic::from_utf8(whole_characters(data)).expect("text");
            }
            sink.part(data, payload.last);
        }
    }
}

/// As plain as it gets, for the compiler to make wide.
pub(crate) fn xor(data: &mut [u8], mask: [u8; 4]) {
    let mask32 = u64::from(u32::from_ne_bytes(mask));
    let wide = mask32 << 32 | mask32;
    let (words, rest) = data.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Without the characters that the ends of a block cut.
fn whole_characters(data: &[u8]) -> &[u8] {
    let is_start = |byte: &u8| byte & 0xc0 != 0x80;
    let start = data.iter().position(is_start).unwrap_or(data.len());
    let mut end = data.len();
    if let Some(back) = data.iter().rev().take(4).position(is_start) {
        let width = match data[end - 1 - back] {
            0x00..=0x7f => 1,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        if back + 1 < width {
            end -= back + 1;
        }
    }
    &data[start..end]
}
