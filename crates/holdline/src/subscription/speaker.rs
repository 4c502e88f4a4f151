//! A client that is sent whole texts and answers with texts: over a WebSocket or a plug-in socket.

use std::time::Duration;

use bytes::BytesMut;
use holdline_comet::socket;
use holdline_net::{MessageError, Output, Raw, WebSocketOutput};
use holdline_websocket::CloseCode;

use crate::message::{Message, Wire};
use crate::reply::{Reply, seconds};
use crate::spoken::encode_error;

/// What such a client is written to.
#[derive(Debug)]
pub(crate) enum Speaker<'a> {
    WebSocket(WebSocketOutput<'a>),
    Socket(Raw<'a>),
}

impl<'a> Speaker<'a> {
    /// `None` for an output that takes no texts.
    pub(crate) fn of(output: Output<'a>) -> Option<Self> {
        match output {
            Output::WebSocket(socket) => Some(Self::WebSocket(socket)),
            Output::Raw(raw) => Some(Self::Socket(raw)),
            Output::Held(_) | Output::Body(_) => None,
        }
    }

    /// Sends a text of JSON.
    pub(crate) fn send_text(&mut self, text: &str) -> Result<(), MessageError> {
        match self {
            Self::WebSocket(socket) => socket.send_text(text),
            Self::Socket(raw) => {
                send_text(text, raw);
                Ok(())
            }
        }
    }

    /// The form of the messages that [`send`](Self::send) needs.
    pub(super) fn wire(&self, deflate_from: usize) -> Wire {
        match self {
            Self::WebSocket(socket) => Wire::WebSocket {
                deflate_from: if socket.compresses() {
                    deflate_from
                } else {
                    usize::MAX
                },
            },
            Self::Socket(_) => Wire::Json,
        }
    }

    /// Sends a message in that form.
    pub(super) fn send(&mut self, message: &Message, wire: Wire) -> Result<(), MessageError> {
        match (self, wire) {
            (Self::WebSocket(socket), Wire::WebSocket { deflate_from })
                if message.json_len() >= deflate_from =>
            {
                socket.send_prepared(message.websocket_deflated())
            }
            (Self::WebSocket(socket), _) => socket.send_prepared(message.websocket()),
            (Self::Socket(raw), _) => {
                // JSON has no NUL inside: it would be escaped.
                raw.send_shared(message.json());
                raw.send(&[socket::END]);
                Ok(())
            }
        }
    }

    /// Closes, with the code that a WebSocket has for the reason.
    pub(crate) fn close(self, code: CloseCode, reason: &str) -> Result<(), MessageError> {
        match self {
            Self::WebSocket(mut socket) => socket.close(code, reason),
            Self::Socket(raw) => {
                raw.close();
                Ok(())
            }
        }
    }

    /// Closes, because more was read than may be. It may read on after this time.
    pub(super) fn close_for_now(self, wait: Duration) -> Result<(), MessageError> {
        match self {
            Self::WebSocket(mut socket) => {
                let reason = format!(
                    "too much was read of what was published before; try again in {} s",
                    seconds(wait)
                );
                socket.close(CloseCode::TRY_AGAIN_LATER, &reason)
            }
            Self::Socket(mut raw) => {
                refuse(&Reply::too_much_replay(wait), &mut raw);
                raw.close();
                Ok(())
            }
        }
    }

    /// Closes, because older messages cannot be read from the disk.
    pub(super) fn close_unreadable(self) -> Result<(), MessageError> {
        let reason = "older messages cannot be read at the moment";
        match self {
            Self::WebSocket(mut socket) => socket.close(CloseCode::TRY_AGAIN_LATER, reason),
            Self::Socket(mut raw) => {
                refuse(&Reply::unreadable(), &mut raw);
                raw.close();
                Ok(())
            }
        }
    }

    /// Closes, because the client said something that ends the stream: over a plug-in socket anything wrong, which it has
    /// been told, over a WebSocket binary data.
    pub(super) fn mistaken(self) {
        match self {
            Self::WebSocket(mut socket) => {
                let closed = socket.close(CloseCode::UNSUPPORTED, "messages are published as text");
                if let Err(error) = closed {
                    tracing::debug!(%error, "a WebSocket is already closing");
                }
            }
            Self::Socket(raw) => raw.fail(),
        }
    }

    pub(super) fn output(self) -> Output<'a> {
        match self {
            Self::WebSocket(socket) => Output::WebSocket(socket),
            Self::Socket(raw) => Output::Raw(raw),
        }
    }
}

/// Sends a text of JSON over a plug-in socket.
fn send_text(text: &str, raw: &mut Raw<'_>) {
    let mut out = BytesMut::new();
    // Made by this program, and JSON: there is no NUL inside.
    if let Err(error) = socket::encode(text, &mut out) {
        return tracing::error!(%error, "a text of this program cannot be sent");
    }
    raw.send(&out);
}

/// Tells a client of a plug-in socket what is wrong.
pub(crate) fn refuse(reply: &Reply, raw: &mut Raw<'_>) {
    reply.count();
    send_text(&encode_error(None, reply), raw);
}
