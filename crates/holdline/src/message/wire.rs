//! Which form of a message is wanted, and how much memory it takes.

use std::sync::atomic::Ordering;

use super::Message;

/// The form in which a subscriber gets messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wire {
    /// [`Message::json`]
    Json,
    /// [`Message::json_line`]
    JsonLine,
    /// [`Message::sse`]
    Sse,
    /// [`Message::sse_json`]
    SseJson,
    /// [`Message::script`]
    Script,
    /// [`Message::websocket`], or [`Message::websocket_deflated`] if the JSON has at least this many bytes.
    WebSocket { deflate_from: usize },
}

impl Message {
    /// The additional memory for this form; 0 if it was charged already. Calls must not overlap: they are made under
    /// the hub's lock.
    pub(crate) fn charge(&self, wire: Wire) -> u64 {
        let (forms, json) = (self.forms(wire), self.json_len());
        let charged = self.charged.load(Ordering::Relaxed);
        let new = forms & !charged;
        if new == 0 {
            return 0;
        }
        self.charged.store(charged | forms, Ordering::Relaxed);
        let mut bytes = 0;
        for (form, size) in [
            (JSON, json),
            (JSON_LINE, json),
            (SSE, self.content.data().len() + self.sse_fields()),
            (SSE_JSON, json),
            (SCRIPT, json + 5 * self.content.script_escapes),
            (WEBSOCKET, json),
            // An upper bound. The difference is given back once it is known.
            (DEFLATED, json),
        ] {
            if new & form != 0 {
                bytes += size + FORM;
            }
        }
        bytes as u64
    }

    /// The compressed form has this many bytes; `None` if there is none.
    pub(super) fn set_saving(&self, compressed: Option<usize>) {
        if self.charged.load(Ordering::Relaxed) & DEFLATED == 0 {
            // Nobody was charged: it is a copy from the disk, on its way to one subscriber.
            return;
        }
        let (most, json) = (self.json_len() + FORM, self.json_len());
        let saving = compressed.map_or(most, |bytes| json.saturating_sub(bytes));
        let saving = u32::try_from(saving).unwrap_or(u32::MAX);
        self.saving.store(saving, Ordering::Relaxed);
    }

    /// By how much the message takes less than it was charged for. Each saving is returned only once; 0 means
    /// nothing.
    pub(crate) fn take_saving(&self) -> u64 {
        match self.saving.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.saving.swap(0, Ordering::Relaxed).into(),
        }
    }

    fn forms(&self, wire: Wire) -> u8 {
        match wire {
            Wire::Json => JSON,
            Wire::JsonLine => JSON_LINE,
            Wire::Sse => SSE,
            Wire::SseJson => SSE_JSON,
            Wire::Script => SCRIPT,
            Wire::WebSocket { deflate_from } if self.json_len() >= deflate_from => {
                WEBSOCKET | DEFLATED
            }
            Wire::WebSocket { .. } => WEBSOCKET,
        }
    }

    /// The length of the field names of an event, and of its type.
    fn sse_fields(&self) -> usize {
        let event = self.content.event().map_or(0, |event| event.len() + 8);
        event + "data: ".len() * (1 + self.content.line_ends)
    }
}

const JSON: u8 = 1;
const JSON_LINE: u8 = 1 << 1;
const SSE: u8 = 1 << 2;
const SSE_JSON: u8 = 1 << 3;
const SCRIPT: u8 = 1 << 4;
const WEBSOCKET: u8 = 1 << 5;
const DEFLATED: u8 = 1 << 6;
/// Overhead of a form: an event's `id`, the lines around a chunk, a frame's header, the counters of shared bytes.
const FORM: usize = 144;
