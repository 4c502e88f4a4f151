//! The harness: a case runs whole, at every cut, byte by byte, in pieces, with trailing bytes, and in both
//! roles. All of them must agree.

use bytes::BytesMut;
use holdline_websocket::{
    Buffer, Config, Connection, Event, Limits, Mask, MaskKeys, PieceEvent, ReceiveError,
    ReceiveErrorKind, Role,
};

/// The key of RFC 6455 §5.7.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Header and payload, unmasked, as they stand on the wire to a client.
pub type Frame<'a> = (&'a [u8], &'a [u8]);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Closed(u16, String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub items: Vec<Got>,
    pub error: Option<ReceiveError>,
    /// What `poll_transmit` gives after all input.
    pub reply: Vec<u8>,
}

impl Outcome {
    pub fn kind(&self) -> Option<ReceiveErrorKind> {
        self.error.map(|error| error.kind())
    }

    /// The code of the Close frame in the reply.
    pub fn close_code(&self) -> Option<u16> {
        let mut rest = &self.reply[..];
        while let Ok(Some((header, size))) = holdline_websocket::FrameHeader::decode(rest) {
            let end = size + header.payload_len as usize;
            let mut payload = rest[size..end].to_vec();
            Mask::new(header.mask.unwrap_or_default()).apply(&mut payload);
            if header.opcode == holdline_websocket::Opcode::Close {
                return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
            rest = &rest[end..];
        }
        None
    }
}

/// Runs the frames in every way, with default limits, and returns what a client saw.
pub fn run(frames: &[Frame<'_>]) -> Outcome {
    run_with(Limits::default(), frames)
}

pub fn run_with(limits: Limits, frames: &[Frame<'_>]) -> Outcome {
    let client = every_way(Role::Client, limits, &unmasked(frames));
    let server = every_way(Role::Server, limits, &masked(frames));
    assert_eq!(server.items, client.items, "the roles differ");
    assert_eq!(server.kind(), client.kind(), "the roles differ");
    assert_eq!(server.close_code(), client.close_code(), "the roles differ");
    client
}

/// Runs the frames and expects them to break a rule: kind, offset (to a client), close code.
#[track_caller]
pub fn refused(frames: &[Frame<'_>], kind: ReceiveErrorKind, at: u64, code: u16) -> Outcome {
    refused_with(Limits::default(), frames, kind, at, code)
}

#[track_caller]
pub fn refused_with(
    limits: Limits,
    frames: &[Frame<'_>],
    kind: ReceiveErrorKind,
    at: u64,
    code: u16,
) -> Outcome {
    let outcome = run_with(limits, frames);
    let error = outcome
        .error
        .unwrap_or_else(|| panic!("not refused: {:?}", outcome.items));
    assert_eq!(
        (error.kind(), error.at(), error.close_code().as_u16()),
        (kind, at, code)
    );
    assert_eq!(outcome.close_code(), Some(code), "the Close frame");
    outcome
}

/// Of frames and messages, in bytes.
pub fn limits(max_frame: u64, max_message: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_frame = max_frame;
    limits.max_message = max_message;
    limits
}

pub fn unmasked(frames: &[Frame<'_>]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|(head, payload)| [*head, *payload].concat())
        .collect()
}

/// The same frames as a client sends them.
pub fn masked(frames: &[Frame<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (head, payload) in frames {
        let mut head = head.to_vec();
        if let Some(second) = head.get_mut(1) {
            *second |= 0x80;
            head.extend(KEY);
        }
        let mut payload = payload.to_vec();
        Mask::new(KEY).apply(&mut payload);
        out.extend(head);
        out.extend(payload);
    }
    out
}

/// What `run` makes of the bytes: whole, cut in two at every place, and in small parts. All of it must be the same.
pub fn every_cut<T: PartialEq + std::fmt::Debug>(bytes: &[u8], run: impl Fn(&[&[u8]]) -> T) -> T {
    let whole = run(&[bytes]);
    // Long cases are cut only near their ends and here and there between.
    let cuts = (0..=bytes.len())
        .filter(|cut| bytes.len() < 600 || *cut < 40 || bytes.len() - cut < 40 || cut % 97 == 0);
    for cut in cuts {
        let (one, two) = bytes.split_at(cut);
        assert_eq!(run(&[one, two]), whole, "cut at {cut}");
    }
    for size in [1, 2, 3, 7] {
        let parts: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_eq!(run(&parts), whole, "{size} at a time");
    }
    whole
}

/// The bytes in parts of these sizes, in turns.
pub fn in_sizes<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (part, rest) = bytes.split_at((*size).min(bytes.len()));
        parts.push(part);
        bytes = rest;
    }
    parts
}

pub fn every_way(role: Role, limits: Limits, bytes: &[u8]) -> Outcome {
    let whole = every_cut(bytes, |parts| {
        let outcome = in_parts(role, limits, parts);
        assert_eq!(in_pieces(role, limits, parts), outcome, "in pieces");
        outcome
    });

    // Trailing bytes change nothing when the connection is over, and add their own item if not.
    let over = whole.error.is_some() || matches!(whole.items.last(), Some(Got::Closed(..)));
    let mut decoder = holdline_websocket::MessageDecoder::new(role, limits);
    let (mut all, mut buffer) = (bytes.to_vec(), Buffer::new());
    let mut input = &mut all[..];
    while let Ok(Some(_)) = decoder.decode(&mut input, &mut buffer) {}
    let between_messages = decoder.decode_eof().is_ok();
    let pong: Frame<'_> = (b"\x8a\x01", b"!");
    let trailing = match role {
        Role::Client => unmasked(&[pong]),
        Role::Server => masked(&[pong]),
    };
    let longer = in_parts(role, limits, &[&[bytes, &trailing].concat()]);
    if over {
        assert_eq!(longer, whole, "with trailing bytes");
    } else if between_messages {
        let mut expected = whole.clone();
        expected.items.push(Got::Pong(b"!".to_vec()));
        assert_eq!(longer, expected, "with trailing bytes");
    }
    whole
}

/// Feeds the parts one after another to `receive`.
pub fn in_parts(role: Role, limits: Limits, parts: &[&[u8]]) -> Outcome {
    let mut config = Config::default();
    config.limits = limits;
    match role {
        Role::Client => receive_all(Connection::client(config, || KEY), parts),
        Role::Server => receive_all(Connection::server(config), parts),
    }
}

/// Feeds the parts one after another to `receive_piece`, and joins the pieces.
pub fn in_pieces(role: Role, limits: Limits, parts: &[&[u8]]) -> Outcome {
    let mut config = Config::default();
    config.limits = limits;
    match role {
        Role::Client => receive_all_pieces(Connection::client(config, || KEY), parts, 256),
        Role::Server => receive_all_pieces(Connection::server(config), parts, 256),
    }
}

pub fn got(event: Event<'_>) -> Got {
    match event {
        Event::Text(text) => Got::Text(text.into()),
        Event::Binary(data) => Got::Binary(data.into()),
        Event::Ping(payload) => Got::Ping(payload.into()),
        Event::Pong(payload) => Got::Pong(payload.into()),
        Event::Closed(reason) => Got::Closed(reason.code.as_u16(), reason.reason.into()),
        other => panic!("{other:?}"),
    }
}

pub fn receive_all<K: MaskKeys>(mut connection: Connection<K>, parts: &[&[u8]]) -> Outcome {
    let mut buffer = Buffer::new();
    let (mut items, mut error) = (Vec::new(), None);
    for part in parts {
        let mut block = part.to_vec();
        let mut input = &mut block[..];
        loop {
            match connection.receive(&mut input, &mut buffer) {
                Ok(Some(event)) => items.push(got(event)),
                Ok(None) => {
                    assert!(input.is_empty(), "the drain law");
                    break;
                }
                Err(e) => {
                    assert!(error.is_none_or(|first| first == e), "the error is sticky");
                    // At most a Close frame that was wrong, until the next call.
                    assert!(
                        input.is_empty() && buffer.capacity() <= 256,
                        "nothing is kept"
                    );
                    error = Some(e);
                    break;
                }
            }
        }
    }
    finish(connection, items, error)
}

pub fn receive_all_pieces<K: MaskKeys>(
    mut connection: Connection<K>,
    parts: &[&[u8]],
    most: usize,
) -> Outcome {
    let mut buffer = Buffer::new();
    let (mut items, mut error) = (Vec::new(), None);
    let (mut text, mut binary) = (String::new(), Vec::new());
    for part in parts {
        let mut block = part.to_vec();
        let mut input = &mut block[..];
        loop {
            let event = match connection.receive_piece(&mut input, &mut buffer) {
                Ok(Some(event)) => event,
                Ok(None) => {
                    assert!(input.is_empty(), "the drain law");
                    break;
                }
                Err(e) => {
                    error = Some(e);
                    break;
                }
            };
            match event {
                PieceEvent::Text { text: piece, last } => {
                    assert!(last || !piece.is_empty(), "an empty piece");
                    text.push_str(piece);
                    if last {
                        items.push(Got::Text(std::mem::take(&mut text)));
                    }
                }
                PieceEvent::Binary { data, last } => {
                    assert!(last || !data.is_empty(), "an empty piece");
                    binary.extend_from_slice(data);
                    if last {
                        items.push(Got::Binary(std::mem::take(&mut binary)));
                    }
                }
                PieceEvent::Ping(payload) => items.push(Got::Ping(payload.into())),
                PieceEvent::Pong(payload) => items.push(Got::Pong(payload.into())),
                PieceEvent::Closed(reason) => items.push(got(Event::Closed(reason))),
                other => panic!("{other:?}"),
            }
            assert!(buffer.capacity() <= most, "pieces are not buffered");
        }
    }
    finish(connection, items, error)
}

fn finish<K: MaskKeys>(
    mut connection: Connection<K>,
    items: Vec<Got>,
    error: Option<ReceiveError>,
) -> Outcome {
    let mut reply = BytesMut::new();
    connection.poll_transmit(&mut reply);
    let reply = reply.to_vec();
    Outcome {
        items,
        error,
        reply,
    }
}

pub fn client() -> Connection<impl FnMut() -> [u8; 4]> {
    Connection::client(Config::default(), || KEY)
}

pub fn server() -> Connection {
    Connection::server(Config::default())
}

pub fn transmit<K: MaskKeys>(connection: &mut Connection<K>) -> Vec<u8> {
    let mut out = BytesMut::new();
    let any = connection.poll_transmit(&mut out);
    assert_eq!(any, !out.is_empty());
    out.to_vec()
}

/// Feeds `bytes` and returns the events.
pub fn feed<K: MaskKeys>(connection: &mut Connection<K>, bytes: &[u8]) -> Vec<Got> {
    let (mut block, mut buffer) = (bytes.to_vec(), Buffer::new());
    let (mut input, mut items) = (&mut block[..], Vec::new());
    while let Some(event) = connection.receive(&mut input, &mut buffer).unwrap() {
        items.push(crate::support::got(event));
    }
    items
}
