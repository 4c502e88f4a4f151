//! A published message and its wire forms, each encoded at most once and shared by all receivers.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use holdline_comet::{Cursor, script::Escaped, stream};
use holdline_http1::PreChunked;
use holdline_sse as sse;
use holdline_websocket::PreparedMessage;
use serde::Serialize;

/// What somebody publishes in a channel, before it has a number: copied and measured, so that nothing of
/// this is left to do while others wait.
#[derive(Debug)]
pub(crate) struct Content {
    event: Option<Box<str>>,
    data: Box<str>,
    /// The bytes of the JSON object without the cursor.
    json_len: usize,
    /// Of these bytes of the JSON object a script has six each.
    script_escapes: usize,
    /// Each of them has a field name in an event stream.
    line_ends: usize,
}

impl Content {
    /// `event` must have passed [`parse_event`](crate::names::parse_event).
    pub(crate) fn new(channel: &str, event: Option<&str>, data: &str) -> Self {
        let texts = [channel, event.unwrap_or_default(), data];
        let json: usize = texts.into_iter().map(json_text_len).sum();
        let escaped = |byte| matches!(byte, b'<' | b'>' | b'&' | 0xe2);
        Self {
            json_len: json + JSON_FRAME + event.map_or(0, |_| JSON_EVENT_FRAME),
            script_escapes: texts.into_iter().map(|text| count(text, escaped)).sum(),
            line_ends: count(data, |byte| matches!(byte, b'\n' | b'\r')),
            // A slice of the read block would keep all of it alive.
            event: event.map(Box::from),
            data: data.into(),
        }
    }
}

impl Content {
    pub(crate) fn event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    pub(crate) fn data(&self) -> &str {
        &self.data
    }
}

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
}

impl Message {
    /// Encodes nothing: each form is made when it is asked for first. `channel` is the one that the
    /// content was measured for.
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
        let Content {
            data,
            script_escapes,
            line_ends,
            ..
        } = &self.content;
        // The JSON object itself, and once more in each of: the XHR stream, the event stream with JSON,
        // the WebSocket frame, the compressed frame (which is never longer), the script.
        let objects = 6 * self.json_len() + 5 * script_escapes;
        let event_stream = data.len() + "data: ".len() * line_ends;
        OVERHEAD + data.len() + objects + event_stream
    }

    /// The bytes of [`json`](Self::json), without making it.
    pub(crate) fn json_len(&self) -> usize {
        self.content.json_len + self.cursor.text_len()
    }

    /// `{"id":…,"channel":…,"event":…,"data":…}`
    pub(crate) fn json(&self) -> &Bytes {
        self.json.get_or_init(|| {
            let Content { event, data, .. } = &self.content;
            let mut json = Vec::with_capacity(self.json_len());
            write_json(
                self.cursor,
                &self.channel,
                event.as_deref(),
                data,
                &mut json,
            );
            json.into()
        })
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
        self.sse.get_or_init(|| {
            let Content { event, data, .. } = &self.content;
            self.event_stream(event.as_deref(), data)
        })
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
        // Strings alone cannot fail to serialize, and memory takes all.
        tracing::error!(%error, "a message has no JSON form");
    }
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

/// The bytes of a text within the quotation marks of JSON.
fn json_text_len(text: &str) -> usize {
    let control = count(text, |byte| byte < 0x20);
    // These controls have two bytes each, all others six: `\n`, `\u0000`.
    let short = count(text, |byte| {
        matches!(byte, b'\x08' | b'\t' | b'\n' | b'\x0c' | b'\r')
    });
    let marks = count(text, |byte| matches!(byte, b'"' | b'\\'));
    text.len() + marks + 5 * control - 4 * short
}

/// How many bytes of a text are such. Counts in blocks whose sum fits a byte, which compilers turn into
/// vector code.
fn count(text: &str, is_such: impl Fn(u8) -> bool) -> usize {
    let of_block = |block: &[u8]| -> u8 { block.iter().map(|&byte| u8::from(is_such(byte))).sum() };
    let blocks = text.as_bytes().chunks(usize::from(u8::MAX));
    blocks.map(|block| usize::from(of_block(block))).sum()
}

/// How hard messages are compressed. An event loop waits for it: the highest levels take ten times as
/// long, and make a JSON object of 1 KiB 4 % smaller.
pub(crate) const DEFLATE_LEVEL: u8 = 1;
/// What a message costs beside its text and its forms: the structures, and what frames the forms.
const OVERHEAD: usize = 512;
/// The bytes of the JSON object beside the cursor and the texts.
const JSON_FRAME: usize = r#"{"id":"","channel":"","data":""}"#.len();
const JSON_EVENT_FRAME: usize = r#","event":"""#.len();

#[cfg(test)]
mod tests;
