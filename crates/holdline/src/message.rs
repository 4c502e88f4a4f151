//! A published message and its wire forms, each encoded at most once and shared by all receivers.

use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use holdline_comet::{Cursor, script::Escaped, stream};
use holdline_http1::PreChunked;
use holdline_sse as sse;
use holdline_websocket::PreparedMessage;
use serde::Serialize;

/// One message in one channel.
#[derive(Debug)]
pub(crate) struct Message {
    cursor: Cursor,
    event: Option<Box<str>>,
    data: Box<str>,
    json: Bytes,
    /// What it takes in memory, with all its forms.
    size: usize,
    json_line: OnceLock<PreChunked>,
    sse: OnceLock<PreChunked>,
    sse_json: OnceLock<PreChunked>,
    websocket: OnceLock<PreparedMessage>,
    websocket_deflated: OnceLock<PreparedMessage>,
    script: OnceLock<Escaped>,
}

impl Message {
    /// `event` must have passed [`parse_event`](crate::names::parse_event).
    pub(crate) fn new(
        cursor: Cursor,
        channel: &str,
        event: Option<Box<str>>,
        data: Box<str>,
    ) -> Self {
        let json = Bytes::from(encode_json(cursor, channel, event.as_deref(), &data));
        let size = size_with_forms(&json, &data);
        Self {
            cursor,
            event,
            data,
            json,
            size,
            json_line: OnceLock::new(),
            sse: OnceLock::new(),
            sse_json: OnceLock::new(),
            websocket: OnceLock::new(),
            websocket_deflated: OnceLock::new(),
            script: OnceLock::new(),
        }
    }

    /// The place of a subscriber that has received it.
    #[cfg(test)]
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// What the message counts against the limits of history: what it takes in memory once every
    /// form of it has been asked for. So a limit holds whoever comes, over whichever transport.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// `{"id":…,"channel":…,"event":…,"data":…}`
    pub(crate) fn json(&self) -> &Bytes {
        &self.json
    }

    /// The JSON object and a line feed, as a chunk of an XHR stream.
    pub(crate) fn json_line(&self) -> &PreChunked {
        self.json_line.get_or_init(|| {
            let mut line = BytesMut::with_capacity(self.json().len() + 1);
            stream::encode(self.json(), &mut line);
            PreChunked::new(&line)
        })
    }

    /// The event with its own type and text, as a chunk of an event stream.
    pub(crate) fn sse(&self) -> &PreChunked {
        self.sse
            .get_or_init(|| self.event_stream(self.event.as_deref(), &self.data))
    }

    /// The event with the JSON object as its text and no type of its own, for clients that
    /// subscribe to several channels or want every type in one listener.
    pub(crate) fn sse_json(&self) -> &PreChunked {
        self.sse_json.get_or_init(|| {
            // JSON made by this program is UTF-8.
            self.event_stream(None, std::str::from_utf8(self.json()).unwrap_or_default())
        })
    }

    /// The JSON object as a WebSocket text message.
    pub(crate) fn websocket(&self) -> &PreparedMessage {
        self.websocket.get_or_init(|| {
            PreparedMessage::text(std::str::from_utf8(self.json()).unwrap_or_default())
        })
    }

    /// The same with its compressed form, for those that agreed on permessage-deflate. When that form
    /// is not smaller there is none.
    pub(crate) fn websocket_deflated(&self) -> &PreparedMessage {
        self.websocket_deflated
            .get_or_init(|| self.websocket().clone().with_deflate(DEFLATE_LEVEL))
    }

    /// The JSON object, safe inside `<script>` and in a JSONP answer.
    pub(crate) fn script(&self) -> &Escaped {
        self.script.get_or_init(|| Escaped::new(self.json()))
    }

    fn event_stream(&self, event: Option<&str>, data: &str) -> PreChunked {
        let mut out = BytesMut::with_capacity(data.len() + 64);
        let id = self.cursor.to_string();
        encode_event(event, &id, data, &mut out);
        PreChunked::new(&out)
    }
}

/// A message object as the server sends it.
pub(crate) fn encode_json(id: Cursor, channel: &str, event: Option<&str>, data: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Wire<'a> {
        id: &'a str,
        channel: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<&'a str>,
        data: &'a str,
    }
    let id = id.to_string();
    // Strings alone cannot fail to serialize.
    serde_json::to_vec(&Wire {
        id: &id,
        channel,
        event,
        data,
    })
    .unwrap_or_default()
}

/// A block of an event stream.
pub(crate) fn encode_event(event: Option<&str>, id: &str, data: &str, out: &mut BytesMut) {
    let block = sse::EventFields {
        event,
        id: Some(id),
        data: Some(data),
        retry: None,
    };
    if let Err(error) = block.encode(out) {
        // Event types are checked when they are published, and cursors are hexadecimal.
        tracing::error!(%error, "a message has no event-stream form");
    }
}

/// The octets of a message and of all its forms.
fn size_with_forms(json: &[u8], data: &str) -> usize {
    // The JSON object itself, and once more in each of: the XHR stream, the event stream with JSON,
    // the WebSocket frame, the compressed frame (which is never longer), the script.
    let objects = 6 * json.len();
    // The script has six octets for each of these.
    let escaped = |byte: &&u8| matches!(byte, b'<' | b'>' | b'&' | 0xe2);
    let script = 5 * json.iter().filter(escaped).count();
    // The event stream has a field name for each line of the text.
    let ends = |byte: &&u8| matches!(byte, b'\n' | b'\r');
    let event = data.len() + "data: ".len() * data.bytes().filter(|byte| ends(&byte)).count();
    OVERHEAD + data.len() + objects + script + event
}

/// How hard messages are compressed. An event loop waits for it: the highest levels take ten times as
/// long, and make a JSON object of 1 KiB 4 % smaller.
pub(crate) const DEFLATE_LEVEL: u8 = 1;
/// What a message costs beside its text and its forms: the structures, and what frames the forms.
const OVERHEAD: usize = 512;
