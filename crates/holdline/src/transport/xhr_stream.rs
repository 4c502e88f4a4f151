//! XHR streaming: a line of JSON for each message.

use bytes::BytesMut;
use holdline_comet::{Cursor, stream};
use holdline_http1::SendError;
use holdline_net::Body;

use super::open::{self, STREAMED};
use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::App;
use crate::message::{Message, Wire};
use crate::subscription::BodyFormat;

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    let headers = ([("Content-Type", stream::CONTENT_TYPE)], STREAMED);
    open::stream_for(app, call, request, headers, Lines);
}

#[derive(Debug)]
struct Lines;

impl BodyFormat for Lines {
    fn begin(&self, out: &mut BytesMut) {
        out.extend_from_slice(stream::PRELUDE);
    }

    fn own(&self, _event: &str, _cursor: Cursor, json: &str, out: &mut BytesMut) {
        stream::encode(json.as_bytes(), out);
    }

    fn told(&mut self, _event: &str, _data: &str, json: &str, out: &mut BytesMut) {
        stream::encode(json.as_bytes(), out);
    }

    fn wire(&self) -> Wire {
        Wire::JsonLine
    }

    fn message(&mut self, message: &Message, body: &mut Body<'_>) -> Result<(), SendError> {
        body.send_prechunked(message.json_line())
    }

    fn heartbeat(&self) -> &'static [u8] {
        stream::HEARTBEAT
    }
}
