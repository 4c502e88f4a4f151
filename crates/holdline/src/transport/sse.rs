//! Server-sent events: each message as an event of its own type, or as the JSON object that all other transports
//! send.

use bytes::BytesMut;
use holdline::event_stream::{self, Opening};
use holdline_comet::Cursor;
use holdline_http1::SendError;
use holdline_net::Body;
use holdline_sse as sse;

use super::open;
use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::App;
use crate::message::{Message, Wire, encode_event};
use crate::names;
use crate::subscription::BodyFormat;

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    let json = match request.query.value("format") {
        None | Some("text") => false,
        Some("json") => true,
        Some(_) => return call.error(400, "bad_format", "`format` is `text` or `json`"),
    };
    // For clients that would not see the beginning otherwise.
    let padding = Opening::of(&call.request.head).wants_padding();
    let headers = event_stream::HEADERS;
    match (json, padding) {
        (false, false) => open::stream(app, call, request, headers, Events::<false, false>),
        (false, true) => open::stream(app, call, request, headers, Events::<false, true>),
        (true, false) => open::stream(app, call, request, headers, Events::<true, false>),
        (true, true) => open::stream(app, call, request, headers, Events::<true, true>),
    }
}

/// Whatever never changes is part of the type, so that a stream needs no memory for it.
#[derive(Debug)]
struct Events<const JSON: bool, const PADDING: bool>;

impl<const JSON: bool, const PADDING: bool> BodyFormat for Events<JSON, PADDING> {
    fn begin(&self, out: &mut BytesMut) {
        if PADDING {
            out.extend_from_slice(sse::PADDING);
        }
    }

    fn own(&self, event: &str, cursor: Cursor, json: &str, out: &mut BytesMut) {
        let id = cursor.to_string();
        if event == names::OPEN {
            // A block without data sets the last event ID and dispatches nothing.
            if let Err(error) = sse::encode_id(&id, out) {
                tracing::error!(%error, "a cursor is no event ID");
            }
        } else if JSON {
            encode_event(None, Some(&id), json, out);
        } else {
            encode_event(Some(event), Some(&id), "", out);
        }
    }

    /// Without `id`, so that the last event ID stays the same.
    fn told(&mut self, event: &str, data: &str, json: &str, out: &mut BytesMut) {
        match JSON {
            false => encode_event(Some(event), None, data, out),
            true => encode_event(None, None, json, out),
        }
    }

    fn wire(&self) -> Wire {
        match JSON {
            false => Wire::Sse,
            true => Wire::SseJson,
        }
    }

    fn message(&mut self, message: &Message, body: &mut Body<'_>) -> Result<(), SendError> {
        match JSON {
            false => body.send_prechunked(message.sse()),
            true => body.send_prechunked(message.sse_json()),
        }
    }

    fn heartbeat(&self) -> &'static [u8] {
        sse::HEARTBEAT
    }

    /// Clients whose streams end at the same time are told to come back at different times.
    fn end(&self, out: &mut BytesMut) {
        out.extend_from_slice(event_stream::not_now().as_bytes());
    }
}
