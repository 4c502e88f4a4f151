//! A request and the means to answer it. Every answer of the program goes through here, so errors are always JSON
//! (but to a browser that posts a form), and header fields are the same everywhere.

use std::sync::Arc;

use holdline::event_stream;
use holdline_http1::{Fields, HeaderBlock, SendError};
use holdline_net::{Request, Responder};
use serde_json::Value;

use crate::app::Stream;
use crate::counters;
use crate::held::Explanation;
use crate::pasted;
use crate::reply::{JSON, Reply, UNCACHED, error_body};

/// A request to be answered.
pub(crate) struct Call<'r, 'a> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) responder: Responder<'a, Stream>,
    /// Header fields that say which pages may read the answer.
    pub(crate) fields: Arc<HeaderBlock>,
}

impl Call<'_, '_> {
    /// Sends the whole body at once.
    pub(crate) fn bytes(self, status: u16, headers: impl Fields, body: &[u8]) {
        log(self
            .responder
            .respond(status, (&*self.fields, headers), body));
    }

    /// Sends a JSON value that must not be cached.
    pub(crate) fn json(self, status: u16, value: &Value) {
        self.bytes(status, (JSON, UNCACHED), value.to_string().as_bytes());
    }

    /// Sends a reply. If there is no room, a client that accepts an event stream is told so in an event stream,
    /// because `EventSource` does not come back after any other status.
    pub(crate) fn reply(self, reply: &Reply) {
        if reply.is_temporary() && event_stream::is_accepted(&self.request.head) {
            let body = event_stream::not_now();
            return self.bytes(200, event_stream::HEADERS, body.as_bytes());
        }
        reply.count();
        if let Some((status, page)) = pasted::refused(&self.request.head, reply) {
            return self.bytes(status, (&reply.field, Explanation::HEADERS), &page);
        }
        self.bytes(reply.status, reply.fields(), &reply.body);
    }

    /// Sends `{"error":{"code":…,"message":…}}`.
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

    /// Sends the head now; the body follows over time. HEAD gets only the head.
    pub(crate) fn stream(self, headers: impl Fields, stream: Stream) {
        log(self.responder.stream(200, (&*self.fields, headers), stream));
    }
}

/// Logs an answer that could not be sent. The server then answers 500.
pub(crate) fn log(result: Result<(), SendError>) {
    if let Err(error) = result {
        tracing::error!(%error, "an answer cannot be sent");
    }
}
