//! The WebSocket of a page that looks at its own connections.

use std::sync::Arc;

use holdline_net::{Message, Output, WebSocketOutput};
use holdline_websocket::CloseCode;

use super::closing::close;
use crate::mirror::Reflection;

/// Says each text again, as long as its page looks.
#[derive(Debug)]
pub(crate) struct Mirrored {
    reflection: Arc<Reflection>,
}

impl Mirrored {
    /// `None`: the page has as many as it may.
    pub(crate) fn new(reflection: Arc<Reflection>) -> Option<Self> {
        reflection.take_socket().then(|| Self { reflection })
    }

    /// It has just begun.
    pub(super) fn ready(&self, mut output: Output<'_>) {
        output.set_timer(self.reflection.time_left());
    }

    pub(super) fn message(&self, message: Message<'_>, mut socket: WebSocketOutput<'_>) {
        if self.reflection.is_over() {
            return close(socket, CloseCode::NORMAL, OVER);
        }
        match message {
            Message::Text(text) => {
                if let Err(error) = socket.send_text(text) {
                    tracing::debug!(%error, "an echo cannot be sent");
                }
            }
            Message::Binary(_) => close(socket, CloseCode::UNSUPPORTED, "texts only"),
        }
    }

    /// Its time is over.
    pub(super) fn timer(output: Output<'_>) {
        if let Output::WebSocket(socket) = output {
            close(socket, CloseCode::NORMAL, OVER);
        }
    }
}

impl Drop for Mirrored {
    fn drop(&mut self) {
        self.reflection.give_socket_back();
    }
}

const OVER: &str = "the page has seen enough";
