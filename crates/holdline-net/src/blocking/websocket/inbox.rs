//! What a WebSocket has received and its caller has not taken yet.

use holdline_websocket::{Buffer, CloseCode, Connection, MaskKeys, PieceEvent, ReceiveError};

use super::super::io::Io;

/// What a [`WebSocket`](super::WebSocket) has received. It is lent: [`into_owned`](Self::into_owned) gives what
/// outlives the next call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping. It is answered already.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
}

impl Message<'_> {
    /// The message with bytes of its own; `None` for a ping or a pong, which are no messages to send back.
    #[must_use]
    pub fn into_owned(self) -> Option<OwnedMessage> {
        match self {
            Self::Text(text) => Some(OwnedMessage::Text(text.to_owned())),
            Self::Binary(data) => Some(OwnedMessage::Binary(data.to_vec())),
            Self::Ping(_) | Self::Pong(_) => None,
        }
    }
}

/// A message with bytes of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OwnedMessage {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// What the machine has received, without borrows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Text,
    Binary,
    Ping,
    Pong,
    Closed,
}

/// The message that is being received. It keeps what has come when a timeout cuts in, and lends what `read`
/// gives out: a borrow of the read block could not be returned from the loop that fills it. Text is checked
/// once, when it arrives.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    buffer: Buffer,
    text: String,
    data: Vec<u8>,
    /// The payload of the last ping or pong, which may come between the pieces of a message.
    control: Vec<u8>,
    /// The message was handed out, so its bytes are to be dropped.
    handed_out: bool,
    /// How the peer closed.
    pub(super) closed: Option<(CloseCode, String)>,
}

impl Inbox {
    /// Takes what was read. `None`: more is needed.
    pub(super) fn receive<S, K: MaskKeys>(
        &mut self,
        machine: &mut Connection<K>,
        io: &mut Io<S>,
    ) -> Result<Option<Step>, ReceiveError> {
        self.forget();
        loop {
            let mut input = io.unread_mut();
            let event = machine.receive_piece(&mut input, &mut self.buffer)?;
            let step = match event {
                None => None,
                Some(PieceEvent::Text { text, last }) => {
                    self.text.push_str(text);
                    Some(last.then_some(Step::Text))
                }
                Some(PieceEvent::Binary { data, last }) => {
                    self.data.extend_from_slice(data);
                    Some(last.then_some(Step::Binary))
                }
                Some(PieceEvent::Closed(reason)) => {
                    self.closed = Some((reason.code, reason.reason.to_owned()));
                    Some(Some(Step::Closed))
                }
                Some(PieceEvent::Ping(payload)) => {
                    self.control = payload.to_vec();
                    Some(Some(Step::Ping))
                }
                Some(PieceEvent::Pong(payload)) => {
                    self.control = payload.to_vec();
                    Some(Some(Step::Pong))
                }
                Some(_) => Some(None),
            };
            let left = input.len();
            io.keep(left);
            match step {
                None => return Ok(None),
                Some(None) => {}
                Some(Some(step)) => {
                    self.handed_out = matches!(step, Step::Text | Step::Binary);
                    return Ok(Some(step));
                }
            }
        }
    }

    /// What was received last. `None`: the peer has closed.
    pub(super) fn message(&self, step: Step) -> Option<Message<'_>> {
        match step {
            Step::Text => Some(Message::Text(&self.text)),
            Step::Binary => Some(Message::Binary(&self.data)),
            Step::Ping => Some(Message::Ping(&self.control)),
            Step::Pong => Some(Message::Pong(&self.control)),
            Step::Closed => None,
        }
    }

    /// The message that was received last, taken out.
    pub(super) fn take(&mut self, step: Step) -> Option<OwnedMessage> {
        match step {
            Step::Text => Some(OwnedMessage::Text(std::mem::take(&mut self.text))),
            Step::Binary => Some(OwnedMessage::Binary(std::mem::take(&mut self.data))),
            Step::Ping | Step::Pong | Step::Closed => None,
        }
    }

    pub(super) fn close_reason(&self) -> Option<(CloseCode, &str)> {
        let (code, reason) = self.closed.as_ref()?;
        Some((*code, reason))
    }

    /// The stream has ended without a Close frame (RFC 6455 §7.1.5).
    pub(super) fn cut(&mut self) {
        self.closed
            .get_or_insert((CloseCode::ABNORMAL, String::new()));
    }

    /// Drops the message that was handed out.
    fn forget(&mut self) {
        if std::mem::take(&mut self.handed_out) {
            self.text.clear();
            self.data.clear();
            self.text.shrink_to(KEEP);
            self.data.shrink_to(KEEP);
        }
    }
}

/// Bytes of room that are kept for the next message.
const KEEP: usize = 64 * 1024;
