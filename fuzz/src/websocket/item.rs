//! A message or a control frame, whoever read it.

use holdline_websocket::{Buffer, CloseCode, Connection, Event, MaskKeys, PieceEvent};
use tungstenite::Message;

#[derive(Clone, PartialEq)]
pub(super) enum Item {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The code, 0 if there was none, and the reason.
    Close(u16, String),
}

impl Item {
    /// What tungstenite read.
    pub(super) fn theirs(message: Message) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.as_str().to_owned()),
            Message::Binary(data) => Self::Binary(data.to_vec()),
            Message::Ping(data) => Self::Ping(data.to_vec()),
            Message::Pong(data) => Self::Pong(data.to_vec()),
            Message::Close(None) => Self::Close(0, String::new()),
            Message::Close(Some(frame)) => {
                Self::Close(frame.code.into(), frame.reason.as_str().to_owned())
            }
            Message::Frame(_) => panic!("no frames are read"),
        }
    }
}

impl From<Event<'_>> for Item {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.to_owned()),
            Event::Binary(data) => Self::Binary(data.to_owned()),
            Event::Ping(data) => Self::Ping(data.to_owned()),
            Event::Pong(data) => Self::Pong(data.to_owned()),
            Event::Closed(reason) => {
                let code = match reason.code {
                    CloseCode::NO_STATUS => 0,
                    code => code.as_u16(),
                };
                Self::Close(code, reason.reason.to_owned())
            }
            other => panic!("not known here: {other:?}"),
        }
    }
}

impl std::fmt::Debug for Item {
    /// Short, because payloads are long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = |name, data: &[u8]| {
            let shown = &data[..data.len().min(60)];
            write!(f, "{name} of {}: {}", data.len(), shown.escape_ascii())
        };
        match self {
            Self::Text(text) => bytes("text", text.as_bytes()),
            Self::Binary(data) => bytes("binary", data),
            Self::Ping(data) => bytes("ping", data),
            Self::Pong(data) => bytes("pong", data),
            Self::Close(code, reason) => write!(f, "close {code} {reason:?}"),
        }
    }
}

/// Joins the pieces of messages.
#[derive(Default)]
pub(super) struct Joined {
    text: String,
    binary: Vec<u8>,
}

impl Joined {
    /// What is complete with this piece.
    pub(super) fn push(&mut self, piece: PieceEvent<'_>) -> Option<Item> {
        let event = match piece {
            PieceEvent::Text { text, last } => {
                self.text.push_str(text);
                return last.then(|| Item::Text(std::mem::take(&mut self.text)));
            }
            PieceEvent::Binary { data, last } => {
                self.binary.extend_from_slice(data);
                return last.then(|| Item::Binary(std::mem::take(&mut self.binary)));
            }
            PieceEvent::Ping(data) => Event::Ping(data),
            PieceEvent::Pong(data) => Event::Pong(data),
            PieceEvent::Closed(reason) => Event::Closed(reason),
            other => panic!("not known here: {other:?}"),
        };
        Some(event.into())
    }
}

/// How a connection is asked for what it receives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// As whole messages.
    Whole,
    /// In pieces of its own.
    Pieces,
    /// As whole messages, and into its room when it lends some; but once in five times that is not used.
    Room,
}

impl Reading {
    /// By the two lowest bits.
    pub(super) const fn of(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Whole,
            1 => Self::Pieces,
            _ => Self::Room,
        }
    }
}

/// What a connection receives in these pieces. `after` is called when a piece has been taken.
///
/// # Panics
/// When a rule is broken.
pub(super) fn received<'w, K: MaskKeys>(
    ours: &mut Connection<K>,
    wire: impl Iterator<Item = &'w [u8]>,
    reading: Reading,
    mut after: impl FnMut(&mut Connection<K>),
) -> Vec<Item> {
    let (mut items, mut buffer, mut joined) = (Vec::new(), Buffer::new(), Joined::default());
    for (number, mut piece) in wire.enumerate() {
        if matches!(reading, Reading::Room) && number % 5 != 4 {
            fill_room(ours, &mut piece, &mut buffer, &mut items);
        }
        let mut block = piece.to_vec();
        let mut input = &mut block[..];
        // As an event loop does before it waits. It must change nothing.
        let gives_back = number % 2 == 1;
        if matches!(reading, Reading::Pieces) {
            while let Some(piece) = ours
                .receive_piece(&mut input, &mut buffer)
                .expect("good frames")
            {
                items.extend(joined.push(piece));
                if gives_back {
                    buffer.give_back();
                }
            }
        } else {
            while let Some(event) = ours.receive(&mut input, &mut buffer).expect("good frames") {
                items.push(event.into());
                if gives_back {
                    buffer.give_back();
                }
            }
        }
        after(ours);
    }
    items
}

/// Reads as much of the piece as there is room for.
fn fill_room<K: MaskKeys>(
    ours: &mut Connection<K>,
    piece: &mut &[u8],
    buffer: &mut Buffer,
    items: &mut Vec<Item>,
) {
    while !piece.is_empty() {
        let room = ours.receive_room(buffer);
        let length = room.len().min(piece.len());
        if length == 0 {
            return;
        }
        let (now, later) = piece.split_at(length);
        room[..length].copy_from_slice(now);
        *piece = later;
        let event = ours.receive_filled(length, buffer).expect("good frames");
        items.extend(event.map(Item::from));
    }
}

/// # Panics
/// When these are not the same items, with the first that differ.
#[track_caller]
pub(super) fn assert_same(got: &[Item], expected: &[Item]) {
    if let Some(at) = (0..got.len().max(expected.len())).find(|&at| got.get(at) != expected.get(at))
    {
        panic!(
            "item {at} of {} and {}:\n{:?}\n{:?}",
            got.len(),
            expected.len(),
            got.get(at),
            expected.get(at)
        );
    }
}
