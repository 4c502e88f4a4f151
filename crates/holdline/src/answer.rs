//! One request and the means to answer it: every answer of the program goes through here, so that
//! errors are JSON and headers are the same everywhere.

use std::sync::Arc;

use holdline::event_stream;
use holdline_http1::{Fields, HeaderBlock, SendError};
use holdline_net::{Request, Responder};
use serde_json::Value;

use crate::app::Stream;
use crate::counters;
use crate::reply::{JSON, Reply, UNCACHED, error_body};

/// A request that is to be answered.
pub(crate) struct Call<'r, 'a> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) responder: Responder<'a, Stream>,
    /// Fields that say which pages may have the answer.
    pub(crate) fields: Arc<HeaderBlock>,
}

impl Call<'_, '_> {
    /// The whole body at once.
    pub(crate) fn bytes(self, status: u16, headers: impl Fields, body: &[u8]) {
        log(self
            .responder
            .respond(status, (&*self.fields, headers), body));
    }

    /// A JSON value that nobody may cache.
    pub(crate) fn json(self, status: u16, value: &Value) {
        self.bytes(status, (JSON, UNCACHED), value.to_string().as_bytes());
    }

    /// What a request that need not wait is told. Who accepts an event stream and finds no room is told so in one:
    /// from another status no `EventSource` comes back.
    pub(crate) fn reply(self, reply: &Reply) {
        if reply.is_temporary() && event_stream::is_accepted(&self.request.head) {
            let body = event_stream::not_now();
            return self.bytes(200, event_stream::HEADERS, body.as_bytes());
        }
        reply.count();
        let headers = (&reply.field, (JSON, UNCACHED));
        self.bytes(reply.status, headers, &reply.body);
    }

    /// `{"error":{"code":…,"message":…}}`
    pub(crate) fn error(self, status: u16, code: &'static str, message: &str) {
        self.reply(&Reply::error(status, code, message));
    }

    /// The same with header fields, such as `Allow`.
    pub(crate) fn error_with(
        self,
        status: u16,
        headers: impl Fields,
        code: &'static str,
        message: &str,
    ) {
        counters::error(code);
        self.bytes(
            status,
            (headers, (JSON, UNCACHED)),
            &error_body(code, message),
        );
    }

    /// A head now and the body by and by. To HEAD, the head alone.
    pub(crate) fn stream(self, headers: impl Fields, stream: Stream) {
        log(self.responder.stream(200, (&*self.fields, headers), stream));
    }
}

/// Logs what could not be sent; the server then answers 500.
pub(crate) fn log(result: Result<(), SendError>) {
    if let Err(error) = result {
        tracing::error!(%error, "an answer cannot be sent");
    }
}
