//! One request and the means to answer it: every answer of the program goes through here, so that
//! errors are JSON and headers are the same everywhere.

use holdline_http1::{Fields, SendError};
use holdline_net::{Request, Responder};
use serde_json::{Value, json};

use crate::app::Stream;

/// A request that is to be answered.
pub(crate) struct Call<'r, 'a> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) responder: Responder<'a, Stream>,
    /// Header fields that let a script of another origin read the answer.
    pub(crate) cors: Vec<(&'static str, String)>,
}

impl Call<'_, '_> {
    /// The whole body at once.
    pub(crate) fn bytes(self, status: u16, headers: impl Fields, body: &[u8]) {
        log(self.responder.respond(status, (&self.cors, headers), body));
    }

    /// A JSON value that nobody may cache.
    pub(crate) fn json(self, status: u16, value: &Value) {
        self.bytes(status, (JSON, UNCACHED), value.to_string().as_bytes());
    }

    /// `{"error":{"code":…,"message":…}}`
    pub(crate) fn error(self, status: u16, code: &str, message: &str) {
        self.error_with(status, (), code, message);
    }

    /// The same with header fields, such as `Allow`.
    pub(crate) fn error_with(self, status: u16, headers: impl Fields, code: &str, message: &str) {
        self.bytes(
            status,
            (headers, (JSON, UNCACHED)),
            &error_body(code, message),
        );
    }

    /// A head now and the body by and by. To HEAD, the head alone.
    pub(crate) fn stream(self, headers: impl Fields, stream: Stream) {
        log(self.responder.stream(200, (&self.cors, headers), stream));
    }
}

/// Logs what could not be sent; the server then answers 500.
pub(crate) fn log(result: Result<(), SendError>) {
    if let Err(error) = result {
        tracing::error!(%error, "an answer cannot be sent");
    }
}

/// `{"error":{"code":…,"message":…}}`
pub(crate) fn error_body(code: &str, message: &str) -> Vec<u8> {
    json!({ "error": { "code": code, "message": message } })
        .to_string()
        .into_bytes()
}

/// Of every JSON answer.
pub(crate) const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];
/// Of every answer that may be another one the next time.
pub(crate) const UNCACHED: [(&str, &str); 2] = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
];
