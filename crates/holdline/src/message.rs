//! A published message and its wire forms. Each form is encoded at most once and shared by all receivers.

mod content;
mod wire;

use std::borrow::Cow;
use std::sync::atomic::{AtomicU8, AtomicU32};
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use holdline_comet::{Cursor, script::Escaped, stream};
use holdline_http1::PreChunked;
use holdline_sse as sse;
use holdline_websocket::PreparedMessage;
use serde::Serialize;

pub(crate) use self::content::Content;
pub(crate) use self::wire::Wire;

/// One message in one channel.
#[derive(Debug)]
pub(crate) struct Message {
    cursor: Cursor,
    channel: Arc<str>,
    content: Content,
    json: OnceLock<Bytes>,
    json_line: OnceLock<PreChunked>,
    sse: OnceLock<PreChunked>,
    sse_json: OnceLock<PreChunked>,
    websocket: OnceLock<PreparedMessage>,
    websocket_deflated: OnceLock<PreparedMessage>,
    script: OnceLock<Escaped>,
    /// The forms it was [charged](Message::charge) for.
    charged: AtomicU8,
    /// By how much that charge was too high, until somebody [takes](Message::take_saving) it.
    saving: AtomicU32,
}

impl Message {
    /// Encodes nothing: each form is made the first time it is asked for. `channel` is the one that the content was
    /// measured for.
    pub(crate) fn new(cursor: Cursor, channel: Arc<str>, content: Content) -> Self {
        Self {
            cursor,
            channel,
            content,
            json: OnceLock::new(),
            json_line: OnceLock::new(),
            sse: OnceLock::new(),
            sse_json: OnceLock::new(),
            websocket: OnceLock::new(),
            websocket_deflated: OnceLock::new(),
            script: OnceLock::new(),
            charged: AtomicU8::new(0),
            saving: AtomicU32::new(0),
        }
    }

    #[cfg(test)]
    pub(crate) fn data(&self) -> &str {
        self.content.data()
    }

    /// The channel's name.
    pub(crate) fn channel(&self) -> &Arc<str> {
        &self.channel
    }

    /// The place of a subscriber that has received this message.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Memory of the message before any form of it is made.
    pub(crate) fn size(&self) -> usize {
        let event = self.content.event().map_or(0, str::len);
        size_of_texts(event + self.content.data().len())
    }

    /// The length of [`json`](Self::json), without making it.
    pub(crate) fn json_len(&self) -> usize {
        self.content.json_len + self.cursor.text_len()
    }

    /// `{"id":…,"channel":…,"event":…,"data":…}`
    pub(crate) fn json(&self) -> &Bytes {
        self.json.get_or_init(|| self.encode_json().into())
    }

    /// The JSON object and a line feed, as a chunk of an XHR stream.
    pub(crate) fn json_line(&self) -> &PreChunked {
        self.json_line.get_or_init(|| {
            let mut line = BytesMut::with_capacity(self.json_len() + 1);
            stream::encode(&self.some_json(), &mut line);
            PreChunked::new(&line)
        })
    }

    /// The event with its own type and text, as a chunk of an event stream.
    pub(crate) fn sse(&self) -> &PreChunked {
        self.sse
            .get_or_init(|| self.event_stream(self.content.event(), self.content.data()))
    }

    /// The event with the JSON object as its data and no type of its own, for clients that subscribe to several
    /// channels or want all types in one listener.
    pub(crate) fn sse_json(&self) -> &PreChunked {
        self.sse_json.get_or_init(|| {
            // JSON made by this program is UTF-8.
            self.event_stream(
                None,
                std::str::from_utf8(&self.some_json()).unwrap_or_default(),
            )
        })
    }

    /// The JSON object as a WebSocket text message.
    pub(crate) fn websocket(&self) -> &PreparedMessage {
        self.websocket.get_or_init(|| {
            PreparedMessage::text(std::str::from_utf8(&self.some_json()).unwrap_or_default())
        })
    }

    /// The same with its compressed form, for clients that negotiated permessage-deflate. There is no compressed
    /// form if it would not be smaller.
    pub(crate) fn websocket_deflated(&self) -> &PreparedMessage {
        self.websocket_deflated.get_or_init(|| {
            let made = self.websocket().clone().with_deflate(DEFLATE_LEVEL);
            self.set_saving(made.compressed_bytes().map(Bytes::len));
            made
        })
    }

    /// The JSON object, escaped so that it is safe inside `<script>` and in a JSONP answer.
    pub(crate) fn script(&self) -> &Escaped {
        self.script.get_or_init(|| match self.json.get() {
            Some(json) => Escaped::new(json),
            None => Escaped::new(&self.encode_json().into()),
        })
    }

    /// The JSON object for making another form, without keeping it.
    fn some_json(&self) -> Cow<'_, [u8]> {
        match self.json.get() {
            Some(json) => Cow::Borrowed(json),
            None => Cow::Owned(self.encode_json()),
        }
    }

    fn encode_json(&self) -> Vec<u8> {
        let (event, data) = (self.content.event(), self.content.data());
        let mut json = Vec::with_capacity(self.json_len());
        write_json(self.cursor, &self.channel, event, data, &mut json);
        json
    }

    fn event_stream(&self, event: Option<&str>, data: &str) -> PreChunked {
        let mut out = BytesMut::with_capacity(data.len() + 64);
        let id = self.cursor.to_string();
        encode_event(event, Some(&id), data, &mut out);
        PreChunked::new(&out)
    }
}

/// Memory of a message whose texts have so many bytes.
pub(crate) fn size_of_texts(texts: usize) -> usize {
    OVERHEAD + texts
}

/// A message object as the server sends it.
pub(crate) fn encode_json(id: Cursor, channel: &str, event: Option<&str>, data: &str) -> Vec<u8> {
    let mut json = Vec::new();
    write_json(id, channel, event, data, &mut json);
    json
}

fn write_json(id: Cursor, channel: &str, event: Option<&str>, data: &str, out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Wire<'a> {
        id: &'a str,
        channel: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<&'a str>,
        data: &'a str,
    }
    let wire = Wire {
        id: &id.to_string(),
        channel,
        event,
        data,
    };
    if let Err(error) = serde_json::to_writer(out, &wire) {
        // Serializing strings into memory cannot fail.
        tracing::error!(%error, "a message has no JSON form");
    }
}

/// Appends an event to an event stream.
pub(crate) fn encode_event(event: Option<&str>, id: Option<&str>, data: &str, out: &mut BytesMut) {
    let block = sse::EventFields {
        event,
        id,
        data: Some(data),
        retry: None,
    };
    if let Err(error) = block.encode(out) {
        // Event types are checked when they are published, and cursors are hexadecimal, so this cannot fail.
        tracing::error!(%error, "a message has no event-stream form");
    }
}

/// How hard messages are compressed. An event loop waits for it: the highest levels take ten times as long, and make
/// a JSON object of 1 KiB 4 % smaller.
pub(crate) const DEFLATE_LEVEL: u8 = 1;
/// Memory of a message beyond its texts: the struct with its counters, its slot in a ring that may be half empty,
/// and the allocator's overhead for each of three allocations.
const OVERHEAD: usize = size_of::<Message>() + 16 + 2 * 72 + 3 * 16;

#[cfg(test)]
mod tests;
