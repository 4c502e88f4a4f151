//! The forever frame: a page that does not end, with a script for each message.

use bytes::BytesMut;
use holdline_comet::{Cursor, iframe};
use holdline_http1::SendError;
use holdline_net::Body;

use super::open::{self, STREAMED};
use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::App;
use crate::message::{Message, Wire};
use crate::reply::NO_REFERRER;
use crate::subscription::BodyFormat;

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    let page = request
        .callback()
        .and_then(|callback| iframe::Page::new(callback).map_err(|error| error.to_string()));
    let page = match page {
        Ok(page) => page,
        Err(error) => return call.error(400, "bad_callback", &error),
    };
    let headers = [
        ("Content-Type", iframe::CONTENT_TYPE),
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'unsafe-inline'",
        ),
        ("X-Frame-Options", "SAMEORIGIN"),
        NO_REFERRER,
    ];
    let is_short = request.query.value("wait") == Some("0");
    let format = Page {
        page,
        is_short,
        sent: 0,
    };
    open::stream_for(app, call, request, (headers, STREAMED), format);
}

#[derive(Debug)]
struct Page {
    page: iframe::Page,
    /// It ends at once, so nothing of it is held back and it needs no padding.
    is_short: bool,
    /// Bytes of scripts sent so far: the document grows with them.
    sent: usize,
}

impl BodyFormat for Page {
    fn begin(&self, out: &mut BytesMut) {
        match self.is_short {
            true => self.page.begin_short(out),
            false => self.page.begin(out),
        }
    }

    fn own(&self, _event: &str, _cursor: Cursor, json: &str, out: &mut BytesMut) {
        self.page.message(json.as_bytes(), out);
    }

    fn told(&mut self, _event: &str, _data: &str, json: &str, out: &mut BytesMut) {
        let before = out.len();
        self.page.message(json.as_bytes(), out);
        self.sent += out.len() - before;
    }

    fn wire(&self) -> Wire {
        Wire::Script
    }

    fn message(&mut self, message: &Message, body: &mut Body<'_>) -> Result<(), SendError> {
        let mut script = BytesMut::new();
        self.page.prepared(message.script(), &mut script);
        self.sent += script.len();
        body.send(&script)
    }

    fn heartbeat(&self) -> &'static [u8] {
        iframe::HEARTBEAT
    }

    fn end(&self, out: &mut BytesMut) {
        self.page.end(out);
    }

    /// The page around the frame loads it again, from the last cursor that it saw.
    fn is_full(&self) -> bool {
        self.sent > PAGE_LIMIT
    }
}

/// A frame ends when its document has grown to this size.
const PAGE_LIMIT: usize = 4 * 1024 * 1024;
