//! tungstenite, which is not ours, at the other end of a stream in memory.

use std::io::{self, ErrorKind, Read, Write};

use bytes::Bytes;
use holdline_websocket::{Limits, Role};
use tungstenite::Error;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader, FrameSocket};
use tungstenite::protocol::{self, WebSocket, WebSocketConfig};

use super::item::Item;
use crate::stated::Numbers;

/// What it made of a stream.
pub(super) struct Outcome {
    pub(super) items: Vec<Item>,
    pub(super) end: End,
    /// What it answered.
    pub(super) replies: Vec<u8>,
}

/// Why it stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There were no more bytes.
    Drained,
    /// The closing handshake is over for it.
    Closed,
    /// The stream broke a rule.
    Refused,
}

/// Reads a whole stream as this role.
pub(super) fn read<'a>(
    role: Role,
    limits: Limits,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(limits.max_frame as usize))
        .max_message_size(Some(limits.max_message as usize))
        .read_buffer_size(4096);
    let role = match role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    };
    let stream = Stream {
        pieces,
        rest: &[],
        written: Vec::new(),
    };
    let mut socket = WebSocket::from_raw_socket(stream, role, Some(config));
    let mut items = Vec::new();
    let end = loop {
        match socket.read() {
            Ok(message) => items.push(Item::theirs(message)),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => break End::Drained,
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => break End::Closed,
            Err(_) if matches!(items.last(), Some(Item::Close(..))) => break End::Closed,
            Err(_) => break End::Refused,
        }
    };
    let replies = socket.into_inner().written;
    Outcome {
        items,
        end,
        replies,
    }
}

/// Writes frames, with masks of a seed if it is the client.
pub(super) struct Writer {
    socket: FrameSocket<Vec<u8>>,
    masks: Option<Numbers>,
}

impl Writer {
    pub(super) fn new(role: Role, seed: u8) -> Self {
        Self {
            socket: FrameSocket::new(Vec::new()),
            masks: (role == Role::Client).then(|| Numbers::new(seed)),
        }
    }

    pub(super) fn message(&mut self, data: Data, payload: &[u8], fin: bool) {
        self.frame(OpCode::Data(data), payload, fin, false);
    }

    /// The first frame of a compressed message.
    pub(super) fn compressed(&mut self, data: Data, payload: &[u8], fin: bool) {
        self.frame(OpCode::Data(data), payload, fin, true);
    }

    pub(super) fn control(&mut self, control: Control, payload: &[u8]) {
        self.frame(OpCode::Control(control), payload, true, false);
    }

    fn frame(&mut self, opcode: OpCode, payload: &[u8], fin: bool, rsv1: bool) {
        let masks = self.masks.as_mut();
        let header = FrameHeader {
            is_final: fin,
            rsv1,
            opcode,
            mask: masks.map(|masks| (masks.next() as u32).to_be_bytes()),
            ..FrameHeader::default()
        };
        let frame = Frame::from_payload(header, Bytes::copy_from_slice(payload));
        self.socket.send(frame).expect("a vector takes everything");
    }

    pub(super) fn wire(self) -> Vec<u8> {
        self.socket.into_inner().0
    }
}

struct Stream<'a, P> {
    pieces: P,
    rest: &'a [u8],
    written: Vec<u8>,
}

impl<'a, P: Iterator<Item = &'a [u8]>> Read for Stream<'a, P> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = self.pieces.next().ok_or(ErrorKind::WouldBlock)?;
        }
        self.rest.read(block)
    }
}

impl<P> Write for Stream<'_, P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
